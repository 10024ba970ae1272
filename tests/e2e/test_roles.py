"""Roles by the resource API of a real server, and the story of the helper: a read-only role that reads the call log."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

import httpx
import pytest

from tests.admin.shell import Shell, beside
from tests.server import Server, running_server

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
API = "/restapi/v1.0/account/~"
DICTIONARY = "/restapi/v1.0/dictionary"
READER = {"ReadCompanyCallLog", "ReadExtensions"}
SCOPES = ("RoleManagement", "EditExtensions", "ReadAccounts", "ReadCallLog", "ReadClientInfo")

Json = dict[str, object]


class Company(NamedTuple):
    """A server, its command line, and an app that may manage roles."""

    server: Server
    shell: Shell
    app: dict[str, str]

    @contextmanager
    def enter(self, jwt: str) -> Iterator[httpx.Client]:
        """Somebody with a JWT credential, in that app."""
        auth = (self.app["client_id"], self.app["client_secret"])
        form = {"grant_type": JWT_BEARER, "assertion": jwt}
        reply = httpx.post(f"{self.server.base_url}/restapi/oauth/token", data=form, auth=auth)
        assert reply.status_code == 200, reply.text
        headers = {"Authorization": f"Bearer {reply.json()['access_token']}"}
        with httpx.Client(base_url=self.server.base_url, headers=headers, timeout=30) as client:
            yield client

    def credential(self, person: str) -> str:
        """A new JWT credential of somebody."""
        jwt: str = self.shell.give("credentials", "create", "--person", person, "--label", "test")["jwt"]
        return jwt


@pytest.fixture(scope="module")
def company() -> Iterator[Company]:
    """A server of the module's own: roles and people come and go here."""
    with ExitStack() as stack:
        server = stack.enter_context(running_server())
        shell = beside(server)
        app = shell.give(
            *("apps", "register", "--account", server.world.accounts["main"].id, "--name", "manager"),
            *("--kind", "ServerOther", "--grant", JWT_BEARER),
            *(word for scope in SCOPES for word in ("--scope", scope)),
        )
        yield Company(server, shell, app)


@pytest.fixture(scope="module")
def admin(company: Company) -> Iterator[httpx.Client]:
    """The main administrator."""
    with company.enter(company.server.world.jwt_credentials["admin_any"].jwt) as client:
        yield client


def done(reply: httpx.Response, status: int = 200) -> Json:
    """The document of a call that worked."""
    assert reply.status_code == status, reply.text
    document = reply.json()
    assert isinstance(document, dict)
    return document


def refused(reply: httpx.Response, status: int) -> str:
    """The fine code of a refusal."""
    assert reply.status_code == status, reply.text
    code = reply.json()["errors"][0]["errorCode"]
    assert isinstance(code, str)
    return code


def make_role(admin: httpx.Client, name: str, *permissions: str) -> str:
    """A role's id."""
    body = {"displayName": name, "permissions": [{"id": permission} for permission in permissions]}
    return str(done(admin.post(f"{API}/user-role", json=body), 201)["id"])


def make_person(admin: httpx.Client, name: str, role: str, *, number: str = "") -> str:
    """An extension's id, the extension having this role, and this number if any."""
    made = done(admin.post(f"{API}/extension", json={"contact": {"firstName": name}, "extensionNumber": number}), 201)
    path = f"{API}/extension/{made['id']}/assigned-role"
    assigned = done(admin.put(path, json={"records": [{"id": role}]}))
    assert assigned == done(admin.get(path))
    assert [each["id"] for each in assigned["records"]] == [role]  # type: ignore[attr-defined] # JSON as it came
    return str(made["id"])


def test_helper_is_made_by_three_calls_and_reads_the_company_log_only(company: Company, admin: httpx.Client) -> None:
    """The platform's own answer to who asks for access without a user: an extra extension, and a role to read with."""
    role = make_role(admin, "Company log reader", *READER)
    helper = make_person(admin, "Nightly", role, number="191")
    with company.enter(company.credential(helper)) as by_id:
        assert str(done(by_id.get(f"{API}/extension/~"))["id"]) == helper
    with company.enter(company.credential("+12025550100*191")) as client:
        assert done(client.get(f"{API}/extension/~"))["type"] == "User"
        assert done(client.get(f"{API}/call-log"))["records"]
        assert done(client.get(f"{API}/call-queues"))["records"]
        profile = done(client.get(f"{API}/extension/~/authz-profile"))
        active = profile["permissions"]
        assert isinstance(active, list)
        assert {each["permission"]["id"] for each in active} == READER
        for name, expected in (("ReadCompanyCallLog", True), ("FullCompanyCallLog", False)):
            check = done(client.get(f"{API}/extension/~/authz-profile/check", params={"permissionId": name}))
            assert check["successful"] is expected
        assert refused(client.get(f"{API}/user-role"), 403) == "CMN-408"
        assert refused(client.post(f"{API}/user-role", json={"displayName": "x"}), 403) == "CMN-408"
        assert (
            refused(client.put(f"{API}/extension/~/assigned-role", json={"records": [{"id": "1"}]}), 403) == "CMN-408"
        )
        # A role takes hold at once: what it no longer allows, the same token no longer does.
        narrower = {"permissions": [{"id": "ReadExtensions"}]}
        done(admin.put(f"{API}/user-role/{role}", json=narrower))
        assert refused(client.get(f"{API}/call-log"), 403) == "CMN-408"
        assert done(client.get(f"{API}/call-queues"))["records"]


def test_helper_is_made_by_three_commands(company: Company) -> None:
    """The same on the command line, as docs/unattended.md has it: a role, a helper, a credential."""
    account = company.server.world.accounts["main"].id
    company.shell.give(
        *("roles", "create", "--account", account, "--name", "Log and queues"),
        *(word for permission in sorted(READER) for word in ("--permission", permission)),
    )
    made = company.shell.give(
        *("extensions", "create", "--account", account, "--first-name", "Weekly", "--number", "190"),
        *("--role", "Log and queues"),
    )
    with company.enter(company.credential(str(made["id"]))) as client:
        assert done(client.get(f"{API}/call-log"))["records"]
        assert refused(client.get(f"{API}/user-role"), 403) == "CMN-408"


def test_role_lives_from_creation_to_deletion(company: Company, admin: httpx.Client) -> None:
    """Listed, read, changed, not deleted while somebody has it, and gone at the end; every change is audited."""
    role = make_role(admin, "Short-lived", "ReadCallLog")
    path = f"{API}/user-role/{role}"
    listed = done(admin.get(f"{API}/user-role", params={"custom": "true"}))["records"]
    assert isinstance(listed, list)
    shown = done(admin.get(path))
    assert shown in listed
    assert done(admin.get(str(shown["uri"]))) == shown
    changed = done(admin.put(path, json={"displayName": "Short", "description": "soon gone"}))
    assert (changed["displayName"], changed["description"]) == ("Short", "soon gone")
    assert changed["permissions"] == shown["permissions"]
    person = make_person(admin, "Temporary", role)
    assert refused(admin.delete(path), 400) == "CGT-173"
    done(admin.put(f"{API}/extension/{person}/assigned-role", json={"records": [{"id": "2"}]}))
    for params, status in (({"validateOnly": "true"}, 204), ({}, 204)):
        reply = admin.delete(path, params=params)
        assert (reply.status_code, reply.content) == (status, b"")
    assert refused(admin.get(path), 404) == refused(admin.delete(path), 404) == "CMN-102"
    by = company.server.world.people["admin"].id
    told = [entry for entry in company.shell.give("audit", "list", "--limit", "20") if entry["by"] == by]
    assert [entry["what"] for entry in told[:6]] == [
        "RoleDeleted",
        "ExtensionChanged",
        "ExtensionChanged",
        "ExtensionCreated",
        "RoleChanged",
        "RoleCreated",
    ]


def test_new_people_get_the_default_role(admin: httpx.Client) -> None:
    """The account's choice, Standard until there is one; it is not deleted meanwhile."""
    path = f"{API}/user-role/default"
    assert done(admin.get(path))["displayName"] == "Standard"
    role = make_role(admin, "Newcomer", "ReadCallLog")
    assert done(admin.put(path, json={"id": role})) == done(admin.get(path))
    person = done(admin.post(f"{API}/extension", json={"contact": {"firstName": "New"}}), 201)
    assigned = done(admin.get(f"{API}/extension/{person['id']}/assigned-role"))["records"]
    assert isinstance(assigned, list)
    assert [each["displayName"] for each in assigned] == ["Newcomer"]
    assert done(admin.put(path, json={"id": 2}))["displayName"] == "Standard"
    assert refused(admin.put(path, json={"id": "9"}), 404) == "CMN-102"


def test_nobody_gives_or_takes_more_than_they_have(company: Company, admin: httpx.Client) -> None:
    """Whoever manages roles does not become an administrator by it, nor stops another from being one."""
    wide = make_role(admin, "Sees all", "FullCompanyCallLog")
    manager = make_person(admin, "Manager", make_role(admin, "Role manager", "Roles", "EditExtensions"))
    with company.enter(company.credential(manager)) as client:
        own = f"{API}/extension/~/assigned-role"
        assert refused(client.put(own, json={"records": [{"id": wide}]}), 403) == "CGT-174"
        assert refused(client.put(own, json={"records": [{"id": "1"}]}), 403) == "CGT-174"
        body = {"displayName": "x", "permissions": [{"id": "FullCompanyCallLog"}]}
        assert refused(client.post(f"{API}/user-role", json=body), 403) == "CGT-174"
        assert refused(client.put(f"{API}/user-role/{wide}", json={"permissions": []}), 403) == "CGT-174"
        assert refused(client.delete(f"{API}/user-role/{wide}"), 403) == "CGT-174"
        assert refused(client.put(f"{API}/user-role/default", json={"id": "1"}), 403) == "CGT-174"
        # New people would be Standard, which has more than this manager.
        assert refused(client.post(f"{API}/extension", json={"contact": {"firstName": "x"}}), 403) == "CGT-174"
        chief = f"{API}/extension/{company.server.world.people['admin'].id}/assigned-role"
        assert refused(client.put(chief, json={"records": [{"id": "2"}]}), 403) == "CGT-174"
    assert refused(admin.put(chief, json={"records": [{"id": "2"}]}), 400) == "CGT-173"


def test_dictionary_is_complete_and_leads_on(admin: httpx.Client) -> None:
    """Every address in it answers; a role of an account is not in the dictionary."""
    for name in ("permission", "permission-category", "user-role"):
        records = done(admin.get(f"{DICTIONARY}/{name}", params={"perPage": "max"}))["records"]
        assert isinstance(records, list)
        assert records
        for record in records:
            assert done(admin.get(record["uri"])) == record
    assert refused(admin.get(f"{DICTIONARY}/permission/Fly"), 404) == "CMN-102"
    assert refused(admin.get(f"{DICTIONARY}/permission-category/Fly"), 404) == "CMN-102"
    own = make_role(admin, "Not in the dictionary")
    assert refused(admin.get(f"{DICTIONARY}/user-role/{own}"), 404) == "CMN-102"
    assert refused(admin.get(f"{DICTIONARY}/permission", params={"page": "x"}), 400) == "CMN-101"


@pytest.mark.parametrize(
    ("content", "content_type", "status", "code"),
    [
        (b'{"displayName": "x"}', "text/plain", 415, "CGT-171"),
        (b"displayName=x", "application/x-www-form-urlencoded", 415, "CGT-171"),
        (b"", "application/json", 400, "CMN-103"),
        (b"[]", "application/json", 400, "CMN-103"),
        (b'{"displayName": "x", "displayName": "y"}', "application/json", 400, "CMN-103"),
        (b'{"displayName": NaN}', "application/json", 400, "CMN-103"),
        (b'{"a": ' + b"[" * 100 + b"]" * 100 + b"}", "application/json", 400, "CMN-103"),
        (b'{"displayName": "' + b"x" * 17_000 + b'"}', "application/json", 413, "CGT-172"),
        (b"{}", "application/json; charset=utf-8", 400, "CGT-170"),
        (b'{"displayName": ["x"]}', "application/json", 400, "CMN-101"),
        (b'{"displayName": " x"}', "application/json", 400, "CGT-173"),
        (b'{"displayName": "Standard"}', "application/json", 400, "CGT-173"),
        (b'{"displayName": "x", "permissions": [{"id": "Fly"}]}', "application/json", 400, "CGT-173"),
    ],
)
def test_body_is_refused_when_it_is_no_role(
    admin: httpx.Client, content: bytes, content_type: str, *, status: int, code: str
) -> None:
    """A documented refusal each, and no role made."""
    before = done(admin.get(f"{API}/user-role"))
    reply = admin.post(f"{API}/user-role", content=content, headers={"Content-Type": content_type})
    assert refused(reply, status) == code
    assert done(admin.get(f"{API}/user-role")) == before


def test_refusal_names_things_as_they_are_written(admin: httpx.Client) -> None:
    """An answer of the API is JSON, where RFC 6749's few characters do not hold; what cannot be printed is replaced."""
    wrong = {"displayName": "Prüfer", "permissions": [{"id": 'Flöte "\u202e\n'}]}
    reply = admin.post(f"{API}/user-role", json=wrong)
    assert refused(reply, 400) == "CGT-173"
    assert "Flöte" in reply.json()["message"]
    assert reply.json()["message"].isprintable()


def test_method_travels_in_a_post(admin: httpx.Client) -> None:
    """protocol.md I.1: by header or by parameter, both alike; another method stands for itself."""
    role = make_role(admin, "Tunnelled")
    path = f"{API}/user-role/{role}"
    override = {"X-HTTP-Method-Override": "get"}
    shown = done(admin.post(path, headers=override))
    assert shown == done(admin.post(path, params={"_method": "GET"}))
    assert shown == done(admin.post(path, headers=override, params={"_method": "get"}))
    assert refused(admin.post(path, headers=override, params={"_method": "DELETE"}), 400) == "CGT-175"
    assert admin.post(path, params={"_method": "PATCH"}).status_code == 405
    assert done(admin.get(path, headers={"X-HTTP-Method-Override": "DELETE"})) == shown
    assert done(admin.get(path, params={"_method": "DELETE"})) == shown
    assert admin.post(path, headers={"X-HTTP-Method-Override": "DELETE"}).status_code == 204
    assert refused(admin.get(path), 404) == "CMN-102"


def test_app_is_told_of_itself(company: Company, admin: httpx.Client) -> None:
    """protocol.md I.4: with the scope ReadClientInfo; every link leads to this server."""
    told = done(admin.get("/restapi/v1.0/client-info", headers={"X-User-Agent": "Reports/1.0"}))
    assert told == {
        "uri": f"{company.server.base_url}/restapi/v1.0/client-info",
        "client": {
            "detected": True,
            "userAgent": "Reports/1.0",
            "appId": company.app["client_id"],
            "appName": "manager",
            "locale": "en-US",
        },
        "provisioning": {
            "interopClientIds": {},
            "webUris": {"expiresIn": 1800, "serviceWeb": company.server.base_url},
        },
    }
