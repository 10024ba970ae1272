"""The development world: two companies with people, apps and credentials for every case worth trying.

Made by the same acts as everything an administrator does. What it looks like on disk stands in `world`, the calls of
its call log in `seed_calls`.
"""

from collections.abc import Mapping
from typing import NamedTuple

from callgate.admin.command import granted
from callgate.admin.seed_call_kinds import Cast, Speaker
from callgate.admin.seed_calls import batch_calls, make_calls
from callgate.admin.world import World, WorldAccount, WorldApp, WorldCredential, WorldPerson
from callgate.model.account import Account, Extension, ExtensionStatus, ExtensionType, Role
from callgate.model.acts import CellLookup
from callgate.model.calls import CallsRecorded
from callgate.model.client import AppKind, Client, GrantType
from callgate.model.decisions import Done
from callgate.model.ids import ExtensionId
from callgate.model.listings import AccountsListing, ExtensionsListing
from callgate.protocol.administer.roles import STANDARD, SUPER_ADMIN
from callgate.service.administer.apps import NewApp, allow_service, register_app
from callgate.service.administer.credentials import NewCredential, create_credential, delete_credential
from callgate.service.administer.desk import Desk
from callgate.service.administer.passwords import generate_password
from callgate.service.administer.people import (
    MAIN_NUMBER,
    NewAccount,
    NewPerson,
    create_extension,
    create_role,
    keep_predefined_roles,
    open_account,
)
from callgate.service.administer.queues import change_members

REDIRECT_URI = "http://localhost:5000/oauth2callback"
SIGNED_OUT_URI = "http://localhost:5000/signed-out"
"""The one of the platform's quick starts (protocol.md L)."""

SCOPES = ("ReadAccounts", "ReadCallLog")
READER = "Call log reader"
READER_PERMISSIONS = frozenset({"ReadCompanyCallLog", "ReadCallLog", "ReadExtensions", "ThirdPartyAppAccess"})
"""Ruling 8: the company's call log and queues, nothing else."""

_EXPIRED_FOR_MS = 24 * 3600 * 1000

_CODE = GrantType.AUTHORIZATION_CODE
_JWT = GrantType.JWT_BEARER
_REFRESH = GrantType.REFRESH_TOKEN


class AccountPlan(NamedTuple):
    """A company to be, and its main administrator."""

    name: str
    main_number: str
    administrator: str
    first_name: str
    last_name: str
    email: str


class PersonPlan(NamedTuple):
    """A person or queue of the account `main` to be."""

    number: str
    first_name: str
    last_name: str
    email: str
    phone_number: str | None = None
    type: ExtensionType = ExtensionType.USER
    status: ExtensionStatus = ExtensionStatus.ENABLED
    reader: bool = False


class AppPlan(NamedTuple):
    """An app to be."""

    kind: AppKind
    grants: frozenset[GrantType]
    account: str = "main"
    private: bool = True
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()


ACCOUNTS: Mapping[str, AccountPlan] = {
    "main": AccountPlan("Harbour Lane Books", "+12025550100", "admin", "Ada", "Marlow", "admin@main.example"),
    "other": AccountPlan("Juniper Studio", "+12025550200", "other_admin", "Otto", "Lind", "admin@other.example"),
}

PEOPLE: Mapping[str, PersonPlan] = {
    "agent": PersonPlan("102", "Ines", "Calder", "agent@main.example", "+12025550102"),
    "queue": PersonPlan("103", "Orders", "", "queue@main.example", type=ExtensionType.DEPARTMENT),
    "helper": PersonPlan("104", "Nightly", "Report", "helper@main.example", reader=True),
    "disabled": PersonPlan("105", "Per", "Holm", "disabled@main.example", status=ExtensionStatus.DISABLED),
}

QUEUE_MEMBERS = ("admin", "agent")
"""Who takes the calls of `queue`, as the seeded call log tells."""

APPS: Mapping[str, AppPlan] = {
    "web": AppPlan(
        AppKind.SERVER_WEB,
        frozenset({_CODE, _REFRESH}),
        redirect_uris=(REDIRECT_URI,),
        post_logout_redirect_uris=(SIGNED_OUT_URI,),
    ),
    "spa": AppPlan(
        AppKind.BROWSER_BASED,
        frozenset({_CODE, _REFRESH}),
        redirect_uris=(REDIRECT_URI,),
        post_logout_redirect_uris=(SIGNED_OUT_URI,),
    ),
    "script": AppPlan(AppKind.SERVER_OTHER, frozenset({GrantType.PASSWORD, _JWT, _REFRESH})),
    "service": AppPlan(AppKind.SERVER_OTHER, frozenset({GrantType.CLIENT_CREDENTIALS})),
    "norefresh": AppPlan(AppKind.SERVER_OTHER, frozenset({_JWT})),
    "implicit": AppPlan(AppKind.BROWSER_BASED, frozenset({GrantType.IMPLICIT}), redirect_uris=(REDIRECT_URI,)),
    "device": AppPlan(AppKind.DESKTOP_OTHER, frozenset({GrantType.DEVICE_CODE, _REFRESH})),
    "nouri": AppPlan(AppKind.SERVER_WEB, frozenset({_CODE})),
    "public_web": AppPlan(
        AppKind.SERVER_WEB,
        frozenset({_CODE, _REFRESH}),
        account="other",
        private=False,
        redirect_uris=(REDIRECT_URI,),
    ),
    "foreign_private": AppPlan(AppKind.SERVER_OTHER, frozenset({_JWT}), account="other"),
}


class _Person(NamedTuple):
    extension: Extension
    plan: PersonPlan
    account: str
    role: str
    password: str

    def __repr__(self) -> str:
        return f"_Person({self.extension.id}, …)"


async def is_empty(desk: Desk) -> bool:
    """Whether nobody is in the database yet. Raises Unavailable."""
    return not (await desk.store.read(AccountsListing(rows=1))).accounts


async def seed(desk: Desk, base_url: str) -> World:
    """Make the world, and give it with its secrets, which are nowhere else. Raises Unavailable."""
    await keep_predefined_roles(desk)
    people: dict[str, _Person] = {}
    accounts = {name: await _open(desk, name, people=people) for name in ACCOUNTS}
    main = accounts["main"]
    reader = granted(
        await create_role(
            desk,
            main.id,
            name=READER,
            description="The company's call log and queues, to read",
            permissions=READER_PERMISSIONS,
        )
    )
    for name, plan in PEOPLE.items():
        people[name] = await _hire(desk, main, plan=plan, reader=reader)
    registered = {name: await _register(desk, name, accounts=accounts) for name in APPS}
    clients = {name: client for name, (client, _) in registered.items()}
    members = frozenset(people[name].extension.id for name in QUEUE_MEMBERS)
    granted(await change_members(desk, people["queue"].extension, added=members))
    granted(await allow_service(desk, clients["service"], main, role=reader))
    credentials = await _issue_credentials(desk, people=people, clients=clients)
    await _record_calls(desk, main, people=people)
    return World(
        base_url=base_url,
        accounts={name: _account(account) for name, account in accounts.items()},
        people={name: _person(person) for name, person in people.items()},
        apps={name: _app(client, secret, account=APPS[name].account) for name, (client, secret) in registered.items()},
        jwt_credentials=credentials,
    )


async def _open(desk: Desk, name: str, *, people: dict[str, _Person]) -> Account:
    plan = ACCOUNTS[name]
    password = generate_password(desk)
    administrator = NewPerson(first_name=plan.first_name, last_name=plan.last_name, email=plan.email, password=password)
    account = granted(
        await open_account(desk, NewAccount(name=plan.name, main_number=plan.main_number, administrator=administrator))
    )
    listing = ExtensionsListing(extension_id=ExtensionId(account.id))
    (listed,) = (await desk.store.read(listing)).extensions
    described = PersonPlan(MAIN_NUMBER, plan.first_name, plan.last_name, plan.email)
    people[plan.administrator] = _Person(listed.extension, described, name, SUPER_ADMIN.name, password)
    return account


async def _hire(desk: Desk, account: Account, *, plan: PersonPlan, reader: Role) -> _Person:
    role = reader if plan.reader else STANDARD
    password = generate_password(desk)
    wanted = NewPerson(
        first_name=plan.first_name,
        last_name=plan.last_name,
        number=plan.number,
        email=plan.email,
        phone_number=plan.phone_number,
        type=plan.type,
        status=plan.status,
        role_id=role.id,
        password=password,
    )
    extension = granted(await create_extension(desk, account.id, wanted))
    return _Person(extension, plan, "main", role.name, password)


async def _register(desk: Desk, name: str, *, accounts: Mapping[str, Account]) -> tuple[Client, str | None]:
    plan = APPS[name]
    wanted = NewApp(
        name=name,
        account_id=accounts[plan.account].id,
        kind=plan.kind,
        grants=plan.grants,
        scopes=SCOPES,
        private=plan.private,
        redirect_uris=plan.redirect_uris,
        post_logout_redirect_uris=plan.post_logout_redirect_uris,
    )
    registration = granted(await register_app(desk, wanted))
    return registration.client, registration.secret


async def _issue_credentials(
    desk: Desk, *, people: Mapping[str, _Person], clients: Mapping[str, Client]
) -> dict[str, WorldCredential]:
    """Two that work, and two that did: the text of a credential outlives its row."""
    issued: dict[str, WorldCredential] = {}
    past_ms = desk.clock.now_ms() - _EXPIRED_FOR_MS
    for name, person, apps, expires_ms in (
        ("admin_any", "admin", None, None),
        ("helper_script_only", "helper", ("script",), None),
        ("agent_expired", "agent", None, past_ms),
        ("agent_deleted", "agent", None, None),
    ):
        wanted = NewCredential(
            label=name,
            client_ids=frozenset(clients[app].id for app in apps) if apps else None,
            expires_ms=expires_ms,
        )
        made = granted(await create_credential(desk, people[person].extension, wanted))
        if name == "agent_deleted":
            granted(await delete_credential(desk, made.credential))
        issued[name] = WorldCredential(person=person, apps=apps, jwt=made.jwt)
    return issued


async def _record_calls(desk: Desk, main: Account, *, people: Mapping[str, _Person]) -> None:
    def speaker(name: str) -> Speaker:
        extension, plan = people[name].extension, people[name].plan
        return Speaker(extension.id, plan.number, extension.name, plan.phone_number or main.main_number)

    cast = Cast(main.id, main.main_number, (speaker("admin"), speaker("agent")), speaker("queue"))
    for change in batch_calls(make_calls(cast, seeded_ms=desk.clock.now_ms())):
        await _record(desk, change)


async def _record(desk: Desk, change: CallsRecorded) -> None:
    granted(await desk.carry_out(CellLookup(), lambda _: Done((change,))))


def _account(account: Account) -> WorldAccount:
    return WorldAccount(id=str(account.id), main_number=account.main_number, name=account.name)


def _person(person: _Person) -> WorldPerson:
    return WorldPerson(
        id=str(person.extension.id),
        account=person.account,
        extension_number=person.plan.number,
        email=person.plan.email,
        phone_number=person.plan.phone_number,
        password=person.password,
        role=person.role,
        status=person.extension.status.value,
    )


def _app(client: Client, secret: str | None, *, account: str) -> WorldApp:
    return WorldApp(
        client_id=client.id,
        client_secret=secret,
        kind=client.kind.value,
        account=account,
        private=client.private,
        grant_types=tuple(sorted(grant.value for grant in client.grants)),
        redirect_uris=client.redirect_uris,
        scopes=client.scopes,
        issues_refresh_tokens=client.issues_refresh_tokens,
    )
