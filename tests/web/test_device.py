"""The device grant at a real server: a device polls, a person at a browser answers, and nobody else gets in."""

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import apsw
import httpx
import pytest

from tests.admin.conftest import forker
from tests.admin.shell import Shell, open_shell_beside
from tests.devices import ASK, GRANT, PAGE, Device, register_device, rows_of
from tests.server import Server, running_server
from tests.web.visitor import AUTHORIZE, Visitor, visiting

__all__ = ["forker"]

CALLS = "/restapi/v1.0/account/~/extension/~/call-log"


@pytest.fixture
def shell(fresh_server: Server, forker: "subprocess.Popen[str]", tmp_path: Path) -> Shell:
    """The operator, beside a server of the test's own."""
    return open_shell_beside(forker, fresh_server, tmp_path)


@pytest.fixture
def device(fresh_server: Server, shell: Shell) -> Device:
    """A public app's."""
    return register_device(shell, fresh_server, "Screen")


@pytest.fixture
def visitor(fresh_server: Server) -> Iterator[Visitor]:
    """The person's browser."""
    with visiting(fresh_server) as visitor:
        yield visitor


def code_of(reply: httpx.Response) -> tuple[int, str, str]:
    """Status, error and code of a refusal."""
    told = reply.json()
    return reply.status_code, told["error"], told["errors"][0]["errorCode"]


def types(visitor: Visitor, code: str) -> httpx.Response:
    """The person opens the page and enters a code."""
    visitor.follows(PAGE)
    return visitor.presses("continue", user_code=code)


@pytest.mark.requirement("RFC 8628 section 3.2")
@pytest.mark.requirement("RFC 8628 section 3.4")
def test_device_is_let_in_by_a_person_at_a_browser(
    device: Device, visitor: Visitor, fresh_server: Server, shell: Shell
) -> None:
    """From the two codes to the call log; the code is good once, and the file holds neither code nor token."""
    asked = device.asks(scope="ReadCallLog openid")
    assert asked.headers["cache-control"] == "no-store"
    assert list(asked.json()) == [
        *("device_code", "user_code", "verification_uri", "verification_uri_complete", "expires_in", "interval")
    ]
    place = f"{fresh_server.base_url}{PAGE}"
    lives = asked.json()
    assert (lives["verification_uri"], lives["expires_in"], lives["interval"]) == (place, 900, 5)
    assert code_of(device.polls()) == (400, "authorization_pending", "CGT-180")
    visitor.follows(device.given["verification_uri_complete"].removeprefix(fresh_server.base_url))
    assert f'value="{device.shows}"' in visitor.at.text
    visitor.presses("continue", user_code=device.shows.lower().replace("-", " "))
    visitor.signs_in("helper")
    assert device.shows in visitor.at.text
    assert "Screen" in visitor.at.text
    assert visitor.presses("authorize").status_code == 200
    assert "Your device is connected" in visitor.at.text
    fresh_server.advance(5)
    tokens = device.polls(endpoint_id="screen-1").json()
    assert set(tokens["scope"].split()) == {"ReadCallLog", "openid"}
    assert tokens["owner_id"] == fresh_server.world.people["helper"].id
    assert (tokens["endpoint_id"], "refresh_token" in tokens, "id_token" in tokens) == ("screen-1", True, True)
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert httpx.get(f"{fresh_server.base_url}{CALLS}", headers=bearer).status_code == 200
    fresh_server.advance(5)
    assert code_of(device.polls()) == (400, "invalid_grant", "CGT-185")
    file = rows_of(fresh_server).read_bytes() + rows_of(fresh_server).with_suffix(".db-wal").read_bytes()
    assert device.given["device_code"].encode() not in file
    told = shell.run("audit", "list", "--json").out
    assert "DeviceApproved" in told
    assert device.given["device_code"] not in told + fresh_server.log()


def test_app_with_a_secret_proves_it_both_times(fresh_server: Server, shell: Shell, visitor: Visitor) -> None:
    """A server over SSH; without the secret neither code is made nor one taken."""
    job = register_device(shell, fresh_server, "Job", kind="ServerOther")
    assert job.secret is not None
    bare = Device(fresh_server, job.client_id)
    assert code_of(bare.asks())[2] == "OAU-123"
    assert job.asks().status_code == 200
    bare.given.update(job.given)
    types(visitor, job.shows)
    visitor.signs_in("helper")
    visitor.presses("authorize")
    assert code_of(bare.polls())[2] == "OAU-123"
    assert job.polls().status_code == 200


def test_code_is_its_apps_alone(device: Device, fresh_server: Server, shell: Shell, visitor: Visitor) -> None:
    """Whoever steals a device code and has an app of their own."""
    other = register_device(shell, fresh_server, "Other")
    device.asks()
    other.given.update(device.given)
    types(visitor, device.shows)
    visitor.signs_in("helper")
    visitor.presses("authorize")
    assert code_of(other.polls()) == (400, "invalid_grant", "CGT-184")
    assert device.polls().status_code == 200


def test_device_is_refused_by_a_person(device: Device, visitor: Visitor, fresh_server: Server) -> None:
    """And stays refused; who only leaves the sign-in page refuses nothing."""
    device.asks()
    types(visitor, device.shows)
    visitor.presses("cancel")
    assert "Nothing was changed" in visitor.at.text
    assert code_of(device.polls())[1] == "authorization_pending"
    types(visitor, device.shows)
    visitor.signs_in("helper")
    visitor.presses("cancel")
    assert "The device was refused" in visitor.at.text
    fresh_server.advance(6)
    assert code_of(device.polls()) == (400, "access_denied", "CGT-183")
    assert "CGT-187" in types(visitor, device.shows).text


@pytest.mark.requirement("RFC 8628 section 3.5")
def test_device_is_slowed_down_by_five_seconds_each_time(device: Device, fresh_server: Server) -> None:
    """RFC 8628 section 3.5; and a code is over after a quarter of an hour, answered or not."""
    device.asks()
    seen = []
    for wait in (0, 2, 6, 15, 9, 20):
        fresh_server.advance(wait)
        seen.append(code_of(device.polls())[1])
    assert seen == [
        *("authorization_pending", "slow_down", "slow_down"),
        *("authorization_pending", "slow_down", "authorization_pending"),
    ]
    fresh_server.advance(900)
    assert code_of(device.polls()) == (400, "expired_token", "CGT-182")


def test_poll_that_finds_nothing_new_writes_nothing(device: Device, fresh_server: Server) -> None:
    """Thousands of devices wait: a poll costs a read."""
    device.asks()
    assert device.polls().status_code == 400
    log = rows_of(fresh_server).with_suffix(".db-wal")
    before = log.stat().st_size
    for _ in range(20):
        fresh_server.advance(6)
        assert code_of(device.polls())[1] == "authorization_pending"
    assert log.stat().st_size == before
    assert device.asks().status_code == 200
    assert log.stat().st_size > before, "who sees no write would have seen none above"


@pytest.mark.requirement("RFC 8628 section 5.4")
def test_person_is_asked_again_for_every_device(device: Device, visitor: Visitor, fresh_server: Server) -> None:
    """Their sign-in is remembered, their yes is not."""
    for _ in range(2):
        device.asks()
        types(visitor, device.shows)
        if "password" in visitor.at.text:
            visitor.signs_in("helper")
        assert "asks for access" in visitor.at.text
        visitor.presses("authorize")
        assert device.polls().status_code == 200
        fresh_server.advance(1)


def test_yes_is_taken_back_by_a_new_password(device: Device, visitor: Visitor, shell: Shell) -> None:
    """Between the yes and the poll."""
    device.asks()
    types(visitor, device.shows)
    visitor.signs_in("helper")
    visitor.presses("authorize")
    shell.give("extensions", "set-password", "helper@main.example", "--generate-password")
    assert code_of(device.polls()) == (400, "access_denied", "CGT-183")


def test_consent_withdrawn_ends_what_the_device_has(
    device: Device, visitor: Visitor, shell: Shell, fresh_server: Server
) -> None:
    """ADR 45: what a sign-in led to."""
    device.asks()
    types(visitor, device.shows)
    visitor.signs_in("helper")
    visitor.presses("authorize")
    bearer = {"Authorization": f"Bearer {device.polls().json()['access_token']}"}
    calls = f"{fresh_server.base_url}{CALLS}"
    assert httpx.get(calls, headers=bearer).status_code == 200
    shell.give("consents", "withdraw", "helper@main.example", "Screen", "--yes")
    assert httpx.get(calls, headers=bearer).status_code == 401


def test_two_polls_at_once_open_one_session(device: Device, visitor: Visitor, fresh_server: Server) -> None:
    """One is too soon or too late; never do both get tokens."""
    device.asks()
    types(visitor, device.shows)
    visitor.signs_in("helper")
    visitor.presses("authorize")
    with ThreadPoolExecutor(8) as crowd:
        replies = list(crowd.map(lambda _: device.polls(), range(8)))
    assert sorted(reply.status_code for reply in replies) == [200] + [400] * 7
    with closing(apsw.Connection(str(rows_of(fresh_server)), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
        query = "SELECT count(*) FROM session WHERE client_id = ?"
        assert connection.execute(query, (device.client_id,)).fetchall() == [(1,)]


@pytest.mark.requirement("RFC 8628 section 5.1")
def test_sixth_wrong_code_in_a_minute_is_not_looked_at(device: Device, visitor: Visitor, fresh_server: Server) -> None:
    """Though rates are off: not even the right one, until the minute is over. What is no code is no guess."""
    device.asks()
    for _ in range(7):
        assert "CGT-187" in types(visitor, "no code at all").text
    for last in "BCDFG":
        assert "CGT-187" in types(visitor, f"ZZZZ-ZZZ{last}").text
    refused = types(visitor, device.shows)
    assert (refused.status_code, "CGT-188" in refused.text) == (429, True)
    fresh_server.advance(61)
    assert "Sign in" in types(visitor, device.shows).text


def test_network_may_have_fifty_that_wait(device: Device, fresh_server: Server) -> None:
    """The fifty-first is refused, until the others' time is over."""
    for _ in range(50):
        assert device.asks().status_code == 200
    assert code_of(device.asks()) == (429, "temporarily_unavailable", "CGT-186")
    fresh_server.advance(901)
    assert device.asks().status_code == 200


def test_user_code_at_the_authorize_endpoint_counts_for_nothing(device: Device, visitor: Visitor) -> None:
    """Guesses are counted at the page for codes, so there must be no way round it."""
    device.asks()
    user_code = device.shows.replace("-", "")
    address = f"{AUTHORIZE}?client_id={device.client_id}&user_code={user_code}&scope=ReadCallLog"
    reply = visitor.follows(address)
    assert (reply.status_code, "OAU-113" in reply.text) == (403, True)
    assert visitor.goes_to("web", user_code=user_code).status_code == 200
    assert device.shows not in visitor.at.text


def test_page_of_another_site_cannot_enter_a_code(device: Device, visitor: Visitor, fresh_server: Server) -> None:
    """Its form comes without our cookies, and is asked again, with what it sent filled in."""
    device.asks()
    shown = visitor.is_made_to_post(f"{fresh_server.base_url}{PAGE}", {"user_code": device.shows})
    assert (shown.status_code, "CGT-189" in shown.text, device.shows in shown.text) == (400, True, True)
    assert "Sign in" in visitor.presses("continue", user_code=device.shows).text


def test_program_that_enters_a_code_is_told_what_the_page_is_for(device: Device, fresh_server: Server) -> None:
    """Somebody at a command line without a browser: the reply says where programs go."""
    device.asks()
    reply = httpx.post(f"{fresh_server.base_url}{PAGE}", data={"user_code": device.shows})
    assert code_of(reply) == (400, "invalid_request", "CGT-189")
    assert "JWT credential" in reply.json()["errors"][0]["remedy"]


def test_app_without_the_grant_gets_no_code(
    fresh_server: Server, forker: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    """And discovery names no endpoint while no app has the grant."""
    shell, device = open_shell_beside(forker, fresh_server, tmp_path), fresh_server.world.apps["device"].client_id
    shell.give("apps", "update", device, "--grant", "password", "--remove-grant", GRANT)
    spa = Device(fresh_server, fresh_server.world.apps["spa"].client_id)
    assert code_of(spa.asks()) == (400, "unauthorized_client", "OAU-251")
    found = httpx.get(f"{fresh_server.base_url}/.well-known/openid-configuration").json()
    assert "device_authorization_endpoint" not in found
    assert code_of(Device(fresh_server, "nobody").asks())[2] == "OAU-153"
    reply = httpx.post(f"{fresh_server.base_url}{ASK}?client_secret=x", data={})
    assert code_of(reply)[2] == "CGT-105"


def test_devices_behind_one_network_poll_without_being_charged(forker: "subprocess.Popen[str]", tmp_path: Path) -> None:
    """With rates on: waiting is no call that came to nothing, of which a network has sixty a minute."""
    with running_server(options=("--limits",)) as server:
        device = register_device(open_shell_beside(forker, server, tmp_path), server, "Screen")
        device.asks()
        seen = {code_of(device.polls())[1] for _ in range(80)}
    assert seen == {"authorization_pending", "slow_down"}
