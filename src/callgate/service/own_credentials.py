"""The pages on which people see, make, replace and delete their own JWT credentials."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from callgate.model import mfa_faults
from callgate.model.account import Extension
from callgate.model.client import Client
from callgate.model.credential import JwtCredential
from callgate.model.decisions import Denied, Done
from callgate.model.faults import Fault
from callgate.model.ids import ClientId, RowId
from callgate.model.instant import DAY_MS
from callgate.model.jwt_credentials import (
    OwnCredentialFacts,
    OwnCredentialLookup,
    OwnCredentialsFacts,
    OwnCredentialsLookup,
)
from callgate.protocol import own_credentials as protocol
from callgate.protocol.forms import Form
from callgate.protocol.jwt_credentials import find_credential_id
from callgate.service.administer.credentials import NewCredential
from callgate.service.authorize import note
from callgate.service.browser import (
    Cookies,
    SecurityState,
    new_binding,
    seal_security,
)
from callgate.service.context import Context
from callgate.service.jwt_credentials import CredentialShown, mint, show
from callgate.service.outcome import FormShown, GoTo, Outcome, Post
from callgate.service.own_pages import Visit, ask_to_sign_in, open_post, visit_of
from callgate.service.security import CREDENTIALS
from callgate.storage.port import Unit

_DAYS = {"0": 0, "1": 1, "7": 7, "30": 30, "90": 90}
"""How long a credential and its successor may both count, as the page offers it."""


class Typed(NamedTuple):
    """What was typed and chosen in a form that is shown again; nothing of it is secret. `boxes` are those ticked."""

    label: str = ""
    boxes: frozenset[str] = frozenset()
    everywhere: bool = False
    client_ids: str = ""
    expires: str = ""
    overlap: str = "7"


_UNTOUCHED = Typed()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowCredentials(FormShown):
    """A person's credentials, the newest first, and a form for another. `offered`: apps with a box in the form."""

    person: Extension
    credentials: tuple[CredentialShown, ...]
    may_make: bool
    offered: tuple[tuple[Client, str], ...]
    typed: Typed = _UNTOUCHED
    fault: Fault | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowCredential(FormShown):
    """One of them, to be replaced or deleted. `apps` are the names of those it is for; None: all."""

    shown: CredentialShown
    apps: tuple[str, ...] | None
    may_replace: bool
    typed: Typed = _UNTOUCHED
    fault: Fault | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowMade:
    """A credential made this moment: its text is shown, this once."""

    credential: JwtCredential
    jwt: str = field(repr=False)


_Visit = Visit[OwnCredentialsFacts]
CredentialsOutcome = Outcome | ShowCredentials | ShowCredential | ShowMade


async def show_all(context: Context, cookies: Cookies, request_id: str) -> CredentialsOutcome:
    """GET of the page: the person's credentials. Raises Unavailable."""
    visit = await visit_of(context, cookies, request_id, page=CREDENTIALS, about=OwnCredentialsLookup)
    if visit is None:
        return await ask_to_sign_in(context, cookies, request_id, page=CREDENTIALS)
    return _page(context, visit)


async def show_one(context: Context, cookies: Cookies, *, item: str, request_id: str) -> CredentialsOutcome:
    """GET of the page of one of them; what is none of theirs leads back to all. Raises Unavailable."""
    page = _page_for(item)
    visit = await visit_of(context, cookies, request_id, page=page, about=OwnCredentialsLookup)
    if visit is None:
        return await ask_to_sign_in(context, cookies, request_id, page=page)
    return _page_of_one(context, visit, _find(visit, item))


async def make(context: Context, post: Post) -> CredentialsOutcome:
    """POST of the page of all: another credential. Raises Unavailable."""
    opened = await open_post(context, post, page=CREDENTIALS, about=OwnCredentialsLookup)
    if not isinstance(opened, tuple):
        return opened
    form, _, visit = opened
    if form.get("action") != "create":
        return GoTo(CREDENTIALS)
    wish = protocol.parse_wish(form, offered=visit.facts.apps)
    refused = _check(visit) or (wish if isinstance(wish, Denied) else None)
    if refused or isinstance(wish, Denied):
        assert refused is not None
        return await _refuse(context, visit, refused, form=form)
    wanted = NewCredential(label=wish.label, client_ids=wish.client_ids, expires_ms=wish.expires_ms)
    issued = await mint(context, visit.here.extension, wanted)

    def judge(facts: OwnCredentialFacts) -> Done | Denied:
        return protocol.create_own(visit.key.secret, credential=issued.credential, facts=facts)

    refused = await _carry_out(
        context, visit, judge, credential_id=issued.credential.id, client_ids=wish.client_ids or frozenset()
    )
    if refused:
        return await _refuse(context, visit, refused, form=form)
    return ShowMade(credential=issued.credential, jwt=issued.jwt)


async def change(context: Context, post: Post, *, item: str) -> CredentialsOutcome:
    """POST of the page of one: a successor for it, or its end. Raises Unavailable."""
    opened = await open_post(context, post, page=_page_for(item), about=OwnCredentialsLookup)
    if not isinstance(opened, tuple):
        return opened
    form, _, visit = opened
    before = _find(visit, item)
    if before is None:
        return GoTo(CREDENTIALS)
    match form.get("action"):
        case "replace":
            return await _replace(context, visit, before, form=form)
        case "delete":
            refused = await _carry_out(
                context, visit, lambda facts: protocol.delete_own(visit.key.secret, facts), credential_id=before.id
            )
            return await _refuse(context, visit, refused, form=form, about=before) if refused else GoTo(CREDENTIALS)
        case _:
            return GoTo(CREDENTIALS)


async def _replace(context: Context, visit: _Visit, before: JwtCredential, *, form: Form) -> CredentialsOutcome:
    expiry = protocol.parse_expiry(form)
    refused = _check(visit)
    if refused or isinstance(expiry, Denied):
        why = refused or (expiry if isinstance(expiry, Denied) else None)
        assert why is not None
        return await _refuse(context, visit, why, form=form, about=before)
    wanted = NewCredential(label=before.label, client_ids=before.client_ids, expires_ms=expiry.expires_ms)
    issued = await mint(context, visit.here.extension, wanted)
    overlap_ms = _DAYS.get(form.get("overlap") or "", 0) * DAY_MS

    def judge(facts: OwnCredentialFacts) -> Done | Denied:
        return protocol.replace_own(visit.key.secret, successor=issued.credential, overlap_ms=overlap_ms, facts=facts)

    refused = await _carry_out(context, visit, judge, credential_id=before.id)
    if refused:
        return await _refuse(context, visit, refused, form=form, about=before)
    return ShowMade(credential=issued.credential, jwt=issued.jwt)


def _check(visit: _Visit) -> Denied | None:
    """Asked before anything is signed; the transaction asks again."""
    checked = protocol.check_maker(visit.key.secret, visit.facts.browser)
    return checked if isinstance(checked, Denied) else None


async def _carry_out(
    context: Context,
    visit: _Visit,
    judge: Callable[[OwnCredentialFacts], Done | Denied],
    *,
    credential_id: RowId,
    client_ids: frozenset[ClientId] = frozenset(),
) -> Denied | None:
    lookup = OwnCredentialLookup((visit.key.account_id, visit.key.row_id), credential_id, client_ids)
    decision = await context.store.run(Unit(lookup, judge))
    if isinstance(decision, Denied):
        return decision
    context.events.done("security", visit.request_id, client_id="", changed=True)
    return None


async def _refuse(
    context: Context, visit: _Visit, denied: Denied, *, form: Form, about: JwtCredential | None = None
) -> CredentialsOutcome:
    """Where a new sign-in is what is missing, its page; else the page it came from says what is wrong, filled in."""
    note(context, denied, request_id=visit.request_id, client_id=None)
    if denied.fault is mfa_faults.SIGN_IN_AGAIN:
        return await ask_to_sign_in(context, visit.cookies, visit.request_id, page=visit.page, fault=denied.fault)
    typed = _read_typed(form, visit)
    if about is None:
        return _page(context, visit, typed=typed, fault=denied.fault)
    return _page_of_one(context, visit, about, typed=typed, fault=denied.fault)


def _read_typed(form: Form, visit: _Visit) -> Typed:
    boxes = (protocol.box_of(client.id) for client in visit.facts.apps)
    return Typed(
        label=form.get("label") or "",
        boxes=frozenset(box for box in boxes if form.has(box)),
        everywhere=form.get("reach") == "all",
        client_ids=form.get("client_ids") or "",
        expires=form.get("expires") or "",
        overlap=form.get("overlap") or _UNTOUCHED.overlap,
    )


def _page_for(item: str) -> str:
    """The address of one of them; of what is no id, that of all."""
    wanted = find_credential_id(item)
    return f"{CREDENTIALS}/{wanted}" if wanted else CREDENTIALS


def _find(visit: _Visit, item: str) -> JwtCredential | None:
    wanted = find_credential_id(item)
    return next((each for each in visit.facts.credentials if each.id == wanted), None)


def _page(context: Context, visit: _Visit, *, typed: Typed = _UNTOUCHED, fault: Fault | None = None) -> ShowCredentials:
    binding = visit.cookies.binding or new_binding(context)
    person = visit.here.extension
    return ShowCredentials(
        person=person,
        credentials=tuple(show(context, each) for each in visit.facts.credentials),
        may_make=protocol.may_make(visit.here.account, visit.facts.browser.role),
        offered=tuple((client, protocol.box_of(client.id)) for client in visit.facts.apps),
        form_state=seal_security(context, SecurityState(person.id), binding),
        binding=binding,
        typed=typed,
        fault=fault,
    )


def _page_of_one(
    context: Context,
    visit: _Visit,
    credential: JwtCredential | None,
    *,
    typed: Typed = _UNTOUCHED,
    fault: Fault | None = None,
) -> ShowCredential | GoTo:
    if credential is None:
        return GoTo(CREDENTIALS)
    binding = visit.cookies.binding or new_binding(context)
    person, shown = visit.here.extension, show(context, credential)
    names = {client.id: client.name for client in visit.facts.apps}
    client_ids = credential.client_ids
    is_over = credential.expires_ms is not None and credential.expires_ms <= visit.facts.browser.now_ms
    may_make = protocol.may_make(visit.here.account, visit.facts.browser.role)
    return ShowCredential(
        shown=shown,
        apps=None if client_ids is None else tuple(sorted(names.get(each, each) for each in client_ids)),
        may_replace=may_make and credential.replaced_ms is None and not is_over,
        form_state=seal_security(context, SecurityState(person.id), binding),
        binding=binding,
        typed=typed,
        fault=fault,
    )
