"""Call queues changed over the wire by whoever may: settings, and who takes the calls (protocol.md I.6)."""

from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from tests.admin.shell import beside
from tests.server import Server, running_server

QUEUES = "/restapi/v1.0/account/~/call-queues"
People = dict[str, str]


@pytest.fixture(scope="module")
def world() -> Iterator[tuple[Server, httpx.Client, httpx.Client]]:
    """A server of the module's own; its administrator and its agent, with an app that may change extensions."""
    with ExitStack() as stack:
        server = stack.enter_context(running_server())
        words = ("--name", "queues", "--kind", "ServerOther", "--grant", "password")
        scopes = ("--scope", "EditAccounts")
        account = server.world.accounts["main"].id
        app = beside(server).give("apps", "register", "--account", account, *words, *scopes)

        def enter(who: str) -> httpx.Client:
            person = server.world.people[who]
            form = {"grant_type": "password", "username": person.email or "", "password": person.password}
            auth = (app["client_id"], app["client_secret"])
            reply = httpx.post(f"{server.base_url}/restapi/oauth/token", data=form, auth=auth).raise_for_status()
            bearer = {"Authorization": f"Bearer {reply.json()['access_token']}"}
            return stack.enter_context(httpx.Client(base_url=server.base_url, headers=bearer))

        yield server, enter("admin"), enter("agent")


def refusal(reply: httpx.Response) -> tuple[int, str]:
    """Status and code."""
    return reply.status_code, reply.json()["errors"][0]["errorCode"]


def members(client: httpx.Client, queue: str) -> list[str]:
    """Who takes its calls."""
    return [str(each["id"]) for each in client.get(f"{QUEUES}/{queue}/members").json()["records"]]


def test_settings_of_a_queue_are_changed_one_by_one(world: tuple[Server, httpx.Client, httpx.Client]) -> None:
    """What is not said stays; the answer is the queue, and so is the next reading."""
    server, admin, agent = world
    path = f"{QUEUES}/{server.world.people['queue'].id}"
    before = admin.get(path).json()
    changed = admin.put(path, json={"serviceLevelSettings": {"slaGoal": 95}, "alertTimer": 60})
    assert changed.status_code == 200, changed.text
    levels = before["serviceLevelSettings"] | {"slaGoal": 95}
    assert changed.json() == before | {"serviceLevelSettings": levels, "alertTimer": 60}
    assert admin.get(path).json() == changed.json()
    assert refusal(admin.put(path, json={"alertTimer": 61})) == (400, "CGT-173")
    assert refusal(admin.put(path, json={"serviceLevelSettings": {"slaGoal": 101}})) == (400, "CGT-173")
    assert refusal(admin.put(f"{QUEUES}/{server.world.people['agent'].id}", json={})) == (404, "CMN-102")
    assert refusal(agent.put(path, json={"alertTimer": 60})) == (403, "CMN-408")
    assert admin.get(path).json() == changed.json()


def test_members_of_a_queue_come_and_go(world: tuple[Server, httpx.Client, httpx.Client]) -> None:
    """Any number at once, or none where one of them cannot be; 204, and nothing twice."""
    server, admin, agent = world
    people = server.world.people
    queue = people["queue"].id
    path = f"{QUEUES}/{queue}/bulk-assign"
    assert sorted(members(admin, queue)) == sorted([people["admin"].id, people["agent"].id])
    body = {"addedExtensionIds": [people["helper"].id], "removedExtensionIds": [people["admin"].id]}
    for _ in range(2):
        done = admin.post(path, json=body)
        assert (done.status_code, done.content) == (204, b"")
        assert sorted(members(admin, queue)) == sorted([people["helper"].id, people["agent"].id])
    for strange in (queue, people["other_admin"].id, "5"):
        wrong = {"addedExtensionIds": [people["admin"].id, strange]}
        assert refusal(admin.post(path, json=wrong)) == (400, "CGT-173")
    both = {"addedExtensionIds": [people["admin"].id], "removedExtensionIds": [people["admin"].id]}
    assert refusal(admin.post(path, json=both)) == (400, "CGT-173")
    assert refusal(admin.post(path, json={"addedExtensionIds": "x"})) == (400, "CMN-101")
    assert refusal(admin.post(f"{QUEUES}/5/bulk-assign", json=body)) == (404, "CMN-102")
    assert refusal(agent.post(path, json=body)) == (403, "CMN-408")
    assert sorted(members(admin, queue)) == sorted([people["helper"].id, people["agent"].id])


def test_somebody_takes_calls_of_the_queues_they_chose(world: tuple[Server, httpx.Client, httpx.Client]) -> None:
    """All that are named and no others; one's own with a permission for that, anybody's with the queues'."""
    server, admin, agent = world
    people = server.world.people
    made = admin.post(
        "/restapi/v1.0/account/~/extension", json={"type": "Department", "contact": {"firstName": "Post"}}
    )
    both = [{"id": people["queue"].id}, {"id": str(made.json()["id"])}]

    def path(who: str) -> str:
        return f"/restapi/v1.0/account/~/extension/{who}/call-queues"

    def queues() -> list[str]:
        listed = admin.get(QUEUES, params={"memberExtensionId": people["agent"].id}).json()["records"]
        return sorted(each["id"] for each in listed)

    for records in (both, both[1:], []):
        chosen = admin.put(path(people["agent"].id), json={"records": records})
        assert chosen.status_code == 200, chosen.text
        assert [sorted(each) for each in chosen.json()["records"]] == [["id", "name"]] * len(records)
        assert (
            sorted(each["id"] for each in chosen.json()["records"])
            == sorted(each["id"] for each in records)
            == queues()
        )
    named = admin.put(path(people["agent"].id), json={"records": both[:1]}).json()["records"][0]["name"]
    assert named == admin.get(f"{QUEUES}/{both[0]['id']}").json()["name"]
    assert refusal(admin.put(path("~"), json={})) == (400, "CGT-170")
    assert refusal(admin.put(path(people["agent"].id), json={"records": [{"id": "5"}]})) == (400, "CGT-173")
    assert refusal(admin.put(path(people["queue"].id), json={"records": both})) == (400, "CGT-173")
    assert refusal(admin.put(path("5"), json={"records": []})) == (404, "CMN-102")
    assert refusal(admin.put(path(people["other_admin"].id), json={"records": []})) == (404, "CMN-102")
    assert refusal(agent.put(path("~"), json={"records": []})) == (403, "CMN-408")
