"""The resource API of a real server with real tokens: what each seeded person and app may read, and what they get."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import httpx
import pytest

from callgate.model import api_faults
from callgate.web.openapi import calls, directory, queues, roles
from tests.admin.call_words import ACTIONS, RESULTS
from tests.server import Server

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
API = "/restapi/v1.0/account/~"
EVERYTHING = {"dateFrom": "2000-01-01", "perPage": "1000"}

Json = dict[str, object]


class Caller(NamedTuple):
    """Somebody with a token; the person's extension id is the token's owner."""

    http: httpx.Client
    owner_id: str

    def get(self, path: str, **params: str | list[str]) -> httpx.Response:
        """One call of the API."""
        return self.http.get(path, params=params or None)  # an empty mapping would strip the query of a link

    def read(self, path: str, **params: str | list[str]) -> Json:
        """The document of a call that works."""
        reply = self.get(path, **params)
        assert reply.status_code == 200, reply.text
        assert reply.headers["content-type"] == "application/json"
        return object_of(reply.json())


Enter = Callable[[str], Caller]


def object_of(value: object) -> Json:
    """A JSON object, certainly."""
    assert isinstance(value, dict)
    return value


def records_of(document: Json) -> list[Json]:
    """The records of a page."""
    records = document["records"]
    assert isinstance(records, list)
    return [object_of(record) for record in records]


@pytest.fixture(scope="session")
def enter(server: Server) -> Iterator[Enter]:
    """Gives a caller by name: a person with the app `script`, or the app `service` alone."""
    clients = ExitStack()

    @cache
    def sign_in(name: str) -> Caller:
        form = {"grant_type": "client_credentials"}
        app = server.world.apps["service"]
        if name != "service":
            app, person = server.world.apps["script"], server.world.people[name]
            form = {"grant_type": "password", "username": person.email, "password": person.password}
        auth = (app.client_id, app.client_secret or "")
        reply = httpx.post(f"{server.base_url}/restapi/oauth/token", data=form, auth=auth)
        assert reply.status_code == 200, reply.text
        token = reply.json()
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        http = clients.enter_context(httpx.Client(base_url=server.base_url, headers=headers, timeout=30))
        return Caller(http, token["owner_id"])

    with clients:
        yield sign_in


ALLOWED = [
    # Who,       path,                          status, code
    ("admin", "", 200, None),
    ("admin", "/extension", 200, None),
    ("admin", "/extension/~", 200, None),
    ("admin", "/extension/{agent}", 200, None),
    ("admin", "/call-log", 200, None),
    ("admin", "/extension/~/call-log", 200, None),
    ("admin", "/extension/{agent}/call-log", 200, None),
    ("agent", "", 200, None),
    ("agent", "/extension/~", 200, None),
    ("agent", "/extension/{agent}", 200, None),
    ("agent", "/extension/~/call-log", 200, None),
    ("agent", "/call-log", 403, "CMN-408"),
    ("agent", "/extension/{admin}/call-log", 403, "CMN-408"),
    ("helper", "/call-log", 200, None),
    ("helper", "/extension", 200, None),
    ("helper", "/extension/{queue}", 200, None),
    ("helper", "/extension/{queue}/call-log", 200, None),
    ("service", "/call-log", 200, None),
    ("service", "/extension/~", 200, None),
    ("service", "/extension", 200, None),
    ("helper", "/call-queues", 200, None),
    ("helper", "/call-queues?memberExtensionId={agent}", 200, None),
    ("helper", "/call-queues/{queue}", 200, None),
    ("helper", "/call-queues/{queue}/members", 200, None),
    ("service", "/call-queues", 200, None),
    ("admin", "/call-queues/{agent}", 404, "CMN-102"),
    ("admin", "/call-queues/{agent}/members", 404, "CMN-102"),
    ("admin", "/call-queues/x/members", 404, "CMN-102"),
    ("admin", "/call-queues/{queue}/members?page=x", 400, "CMN-101"),
    ("admin", "/call-queues?memberExtensionId=x", 400, "CMN-101"),
    ("admin", "/extension/1", 404, "CMN-102"),
    ("admin", "/extension/1/call-log", 404, "CMN-102"),
    ("admin", "/extension/{other_admin}", 404, "CMN-102"),
    ("admin", "/call-log/AAAAAAAAAAA", 404, "CMN-102"),
    ("admin", "/call-log?view=Everything", 400, "CMN-101"),
    ("admin", "/call-log?sessionId=1&type=Fax", 400, "CLG-110"),
    ("admin", "/call-log?dateFrom=%zz", 400, "CMN-101"),
    ("admin", "/nothing", 404, "AGW-404"),
]


@pytest.mark.parametrize(("name", "path", "status", "code"), ALLOWED)
def test_caller_reads_what_scope_and_permission_allow(
    server: Server, enter: Enter, name: str, path: str, *, status: int, code: str | None
) -> None:
    """protocol.md B and I.2: the effective right is the app's scope and the role's permission."""
    filled = path.format(**{person: about.id for person, about in server.world.people.items()})
    reply = enter(name).http.get(f"{API}{filled}")
    assert reply.status_code == status, reply.text
    if code is not None:
        assert reply.json()["errors"][0]["errorCode"] == code


RESOURCE_API = (*directory.TOLD, *queues.TOLD, *roles.TOLD, *calls.TOLD)
PAGED = [told.operation.path for told in RESOURCE_API if any(each.name == "perPage" for each in told.query)]


@pytest.mark.requirement("must-not-break N.9")
@pytest.mark.parametrize("path", PAGED)
def test_page_holds_a_thousand_at_most(server: Server, enter: Enter, path: str) -> None:
    """More, and `max`, are answered with that, and said so (protocol.md I.5); a page of none cannot be meant."""
    people = server.world.people
    filled = path.format(accountId="~", extensionId="~", groupId=people["queue"].id)
    admin = enter("admin")
    for size, held in (("1", 1), ("1000", 1000), ("1001", 1000), ("5000", 1000), ("9" * 30, 1000), ("max", 1000)):
        document = admin.read(filled, perPage=size)
        assert object_of(document["paging"])["perPage"] == held
        assert f"perPage={held}" in str(document["uri"])
    for size in ("0", "-1", "1.5", "many"):
        refused = admin.get(filled, perPage=size)
        assert (refused.status_code, refused.json()["parameterName"]) == (400, "perPage")
        assert "a number in its bounds" in refused.json()["errors"][0]["remedy"]


def test_refusal_names_the_permission(enter: Enter) -> None:
    """protocol.md I.2, the envelope of a missing user permission."""
    message = (
        "In order to call this API endpoint, user needs to have [ReadCompanyCallLog] permission for requested resource."
    )
    assert enter("agent").get(f"{API}/call-log").json() == {
        "errorCode": "InsufficientPermissions",
        "message": message,
        "errors": [
            {
                "errorCode": "CMN-408",
                "message": message,
                "remedy": api_faults.PERMISSION_MISSING.remedy,
                "permissionName": "ReadCompanyCallLog",
            }
        ],
        "permissionName": "ReadCompanyCallLog",
    }


def test_narrowed_token_reads_no_more_than_it_asked_for(server: Server) -> None:
    """protocol.md A.5: scope=ReadAccounts leaves ReadCallLog out, and the 403 says so (CMN-401)."""
    app, person = server.world.apps["script"], server.world.people["helper"]
    form = {"grant_type": "password", "username": person.email, "password": person.password, "scope": "ReadAccounts"}
    token = httpx.post(
        f"{server.base_url}/restapi/oauth/token", data=form, auth=(app.client_id, app.client_secret or "")
    ).json()
    headers = {"Authorization": f"bearer {token['access_token']}"}
    assert httpx.get(f"{server.base_url}{API}", headers=headers).status_code == 200
    refused = httpx.get(f"{server.base_url}{API}/call-log", headers=headers)
    assert refused.status_code == 403
    assert refused.json()["errors"] == [
        {
            "errorCode": "CMN-401",
            "message": "In order to call this API endpoint, application needs to have [ReadCallLog] permission",
            "remedy": api_faults.SCOPE_MISSING.remedy,
            "permissionName": "ReadCallLog",
        }
    ]


def test_account_of_another_company_is_not_found(server: Server, enter: Enter) -> None:
    """protocol.md I.1: another's account is 404, whatever is under it."""
    other = server.world.accounts["other"].id
    for path in ("", "/call-log", "/extension", "/extension/~", "/extension/~/call-log"):
        reply = enter("admin").get(f"/restapi/v1.0/account/{other}{path}")
        assert reply.status_code == 404
        assert reply.json()["errors"][0]["parameterName"] == "accountId"


def test_account_and_own_extension_are_the_seeded_ones(server: Server, enter: Enter) -> None:
    """Ids are numbers here; `~` and the id are the same resource."""
    world, admin = server.world, enter("admin")
    account = admin.read(API)
    assert account["id"] == int(world.accounts["main"].id)
    assert account["mainNumber"] == world.accounts["main"].main_number
    assert object_of(account["operator"])["id"] == int(world.people["admin"].id) == account["id"]
    assert account == admin.read(f"/restapi/v1.0/account/{account['id']}")
    own = enter("agent").read(f"{API}/extension/~")
    assert own["id"] == int(world.people["agent"].id)
    assert object_of(own["contact"])["businessPhone"] == world.people["agent"].phone_number
    assert own["serviceFeatures"] == [{"featureName": "PasswordAuth", "enabled": True}]
    service = enter("service")
    assert service.read(f"{API}/extension/~")["type"] == "ApplicationExtension"
    assert service.read(f"{API}/extension/~")["id"] == int(service.owner_id)


def test_every_extension_is_listed_once(server: Server, enter: Enter) -> None:
    """Following nextPage from the first page comes to the last; the seeded people are all there."""
    helper = enter("helper")
    page = helper.read(f"{API}/extension", perPage="2")
    last = object_of(page["navigation"])["lastPage"]
    seen: list[object] = []
    while True:
        seen.extend(record["id"] for record in records_of(page))
        navigation = object_of(page["navigation"])
        assert navigation["lastPage"] == last
        if "nextPage" not in navigation:
            break
        page = helper.read(str(object_of(navigation["nextPage"])["uri"]))
    main = {int(person.id) for person in server.world.people.values() if person.account == "main"}
    assert len(seen) == len(set(seen)) == object_of(page["paging"])["totalElements"]
    assert main < set(seen)
    assert page["uri"] == object_of(last)["uri"]


def test_queue_leads_to_its_members_and_back(server: Server, enter: Enter) -> None:
    """protocol.md I.6: whose calls the log's queue legs tell of, by the ids that the wire gives."""
    helper, people = enter("helper"), server.world.people
    (queue,) = records_of(helper.read(f"{API}/call-queues", perPage="max"))
    assert queue["id"] == people["queue"].id
    members = records_of(helper.read(f"{API}/call-queues/{queue['id']}/members"))
    assert {member["id"] for member in members} == {int(people[name].id) for name in ("admin", "agent")}
    assert helper.read(str(members[0]["uri"]))["extensionNumber"] == members[0]["extensionNumber"]
    assert records_of(helper.read(f"{API}/call-queues", memberExtensionId=str(members[0]["id"]))) == [queue]
    assert records_of(helper.read(f"{API}/call-queues", memberExtensionId=helper.owner_id)) == []


def test_default_log_is_the_last_day_and_never_empty(enter: Enter) -> None:
    """protocol.md I.5: dateTo now, dateFrom a day before, page 1, perPage 100, Simple."""
    page = enter("helper").read(f"{API}/call-log")
    found = re.search(
        r"/account/\d+/call-log\?view=Simple&dateFrom=(\S+)&dateTo=(\S+)&page=1&perPage=100$", str(page["uri"])
    )
    assert found, page["uri"]
    begun, ended = (datetime.fromisoformat(text) for text in found.groups())
    assert ended - begun == timedelta(days=1)
    assert abs(datetime.now(UTC) - ended) < timedelta(seconds=30)
    records = records_of(page)
    assert len(records) >= 10
    starts = [datetime.fromisoformat(str(record["startTime"])) for record in records]
    assert all(newer >= older for newer, older in pairwise(starts))
    assert begun <= starts[-1] <= starts[0] <= ended


def test_whole_log_is_two_thousand_calls(enter: Enter) -> None:
    """By following nextPage; every record is unique, and speaks the platform's words."""
    helper = enter("helper")
    page = helper.read(f"{API}/call-log", **EVERYTHING)
    seen = records_of(page)
    while "nextPage" in object_of(page["navigation"]):
        page = helper.read(str(object_of(object_of(page["navigation"])["nextPage"])["uri"]))
        seen.extend(records_of(page))
    assert len(seen) == len({str(record["id"]) for record in seen}) == 2000
    assert {str(record["action"]) for record in seen} <= ACTIONS
    assert {str(record["result"]) for record in seen} <= RESULTS
    starts = [str(record["startTime"]) for record in seen]
    assert starts == sorted(starts, reverse=True)


FILTERED: list[tuple[dict[str, str | list[str]], Callable[[Json], object]]] = [
    ({"type": "Fax"}, lambda record: record["type"] == "Fax"),
    ({"type": ["Voice", "Fax"]}, lambda record: record["type"] in {"Voice", "Fax"}),
    ({"direction": "Inbound"}, lambda record: record["direction"] == "Inbound"),
    ({"recordingType": "Automatic"}, lambda record: object_of(record["recording"])["type"] == "Automatic"),
    ({"withRecording": "true"}, lambda record: "recording" in record),
    ({"phoneNumber": "12025550102"}, lambda record: "+12025550102" in str((record["from"], record["to"]))),
    ({"view": "Detailed"}, lambda record: record["legs"] and record["lastModifiedTime"]),
]


@pytest.mark.parametrize(("params", "holds"), FILTERED)
def test_filter_leaves_what_it_names(
    enter: Enter, params: dict[str, str | list[str]], holds: Callable[[Json], object]
) -> None:
    """Each filter finds some calls of the seeded log, and no other."""
    records = records_of(enter("helper").read(f"{API}/call-log", **EVERYTHING, **params))
    assert records
    assert all(holds(record) for record in records)


def test_extension_number_gives_that_extensions_log(server: Server, enter: Enter) -> None:
    """protocol.md I.5: the same records as the extension's own log."""
    agent = server.world.people["agent"]
    by_number = enter("helper").read(f"{API}/call-log", **EVERYTHING, extensionNumber=agent.extension_number)
    own = enter("agent").read(f"{API}/extension/~/call-log", **EVERYTHING)
    names = [record["id"] for record in records_of(own)]
    assert names == [record["id"] for record in records_of(by_number)]
    assert {object_of(record["extension"])["id"] for record in records_of(own)} == {int(agent.id)}


def test_record_is_found_under_its_own_address(enter: Enter) -> None:
    """`uri` of a record leads to that record, in the same view; sessionId finds it too."""
    helper = enter("helper")
    for view in ("Simple", "Detailed"):
        record = records_of(helper.read(f"{API}/call-log", view=view))[0]
        assert helper.read(str(record["uri"])) == record
        named = records_of(helper.read(f"{API}/call-log", sessionId=str(record["sessionId"]), view=view))
        assert record["id"] in [other["id"] for other in named]


def test_bearer_may_come_in_the_query(server: Server, enter: Enter) -> None:
    """protocol.md I.1: `?access_token=`, which no page link repeats."""
    token = enter("helper").http.headers["Authorization"].removeprefix("Bearer ")
    reply = httpx.get(f"{server.base_url}{API}/call-log", params={"access_token": token, "perPage": "1"})
    assert reply.status_code == 200
    assert token not in reply.text


def test_discovery_leads_to_this_server(server: Server, enter: Enter) -> None:
    """protocol.md F: initial without a token, external with one and a tag."""
    base = server.base_url
    initial = httpx.get(f"{base}/.well-known/entry-points/initial", params={"clientId": "x", "brandId": "3610"})
    assert initial.status_code == 200
    assert initial.json()["brandId"] == "3610"
    external_uri = initial.json()["discoveryApi"]["defaultExternalUri"]
    assert httpx.get(external_uri).status_code == 401
    external = enter("agent").get(external_uri)
    assert external.status_code == 200
    assert re.fullmatch(r"[0-9a-f]{16}", external.headers["discovery-tag"])
    assert external.json()["coreApi"]["baseUri"] == external.json()["rcv"]["baseApiUri"] == base


def test_versions_need_no_token(server: Server) -> None:
    """protocol.md I.4; the version alone answers in both shapes (M, row 19)."""
    versions = httpx.get(f"{server.base_url}/restapi").json()
    version = httpx.get(f"{server.base_url}/restapi/v1.0").json()
    assert versions["apiVersions"] == version["apiVersions"]
    assert version["uriString"] == "v1.0"
    assert version["uri"] == f"{server.base_url}/restapi/v1.0"
