"""One cell is down or hangs: its own people are told to come again, everybody else notices nothing."""

import os
import re
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest

from tests.cells.founding import (
    HTTP,
    IN_DOUBT,
    PASSWORD,
    App,
    Pair,
    ask_token,
    look_over,
    read_extension,
    serving_pair,
)
from tests.cells.wanderer import Wanderer
from tests.figures import Figure
from tests.nursery import ROOT

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
WAIT_MS = 3000


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Two cells of which one comes to harm."""
    with serving_pair(tmp_path_factory.mktemp("outage"), wait_ms=WAIT_MS, connect_ms=2000) as served:
        yield served


def whole(pair: Pair) -> dict[str, int]:
    """What the first cell's people get at its door, whatever became of the second."""
    home = pair.one
    token = ask_token(home, home.service, grant_type="client_credentials")
    account = {"grant_type": "client_credentials", "account_id": str(home.account_id)}
    wrong = {"grant_type": "password", "username": home.email, "password": "wrong, all of it 1"}
    return {
        "app of nobody": ask_token(home, App("nobody", "secret"), **account).status_code,
        "service": token.status_code,
        "read": read_extension(home, token.json()["access_token"]).status_code,
        "jwt": ask_token(home, home.script, grant_type=JWT_BEARER, assertion=home.jwt).status_code,
        "jwt, app of both": ask_token(home, home.everyone, grant_type=JWT_BEARER, assertion=home.jwt).status_code,
        "account, app of both": ask_token(home, home.everyone, **account).status_code,
        "password": ask_token(home, home.script, **wrong | {"password": PASSWORD}).status_code,
        "name of nobody": ask_token(home, home.script, **wrong | {"username": "nobody@company1.example"}).status_code,
        "wrong password": ask_token(home, home.script, **wrong).status_code,
        "keys": HTTP.get(f"{home.url}/restapi/oauth/jwks").status_code,
        "ready": HTTP.get(f"{home.url}/health/ready").status_code,
    }


def test_one_cell_down_leaves_the_other_whole(own: Pair, figure: Figure) -> None:
    """And is there again by itself."""
    expected = whole(own)
    assert set(expected.values()) == {200, 400}
    theirs = ask_token(own.one, own.two.script, grant_type=JWT_BEARER, assertion=own.two.jwt).json()
    kids = {key["kid"] for key in HTTP.get(f"{own.one.url}/restapi/oauth/jwks").json()["keys"]}
    own.kill(own.two)
    for _ in range(2):  # the first finds it out, the next knows
        assert whole(own) == expected
    lost = {
        "service": ask_token(own.one, own.two.service, grant_type="client_credentials"),
        "refresh": ask_token(
            own.one, own.two.script, grant_type="refresh_token", refresh_token=theirs["refresh_token"]
        ),
        "read": read_extension(own.one, theirs["access_token"]),
        "page": HTTP.get(
            f"{own.one.url}/restapi/oauth/authorize?client_id={own.two.web.client_id}&response_type=code",
            headers={"Accept": "text/html"},
        ),
    }
    assert {name: reply.status_code for name, reply in lost.items()} == dict.fromkeys(lost, 503)
    assert {reply.headers["retry-after"] for reply in lost.values()} == {"1"}
    assert lost["read"].json()["errors"][0]["errorCode"] == "CGT-193"
    assert lost["refresh"].json()["error"] == "temporarily_unavailable"
    assert "We will be right back" in lost["page"].text
    foreign = {"Authorization": f"Bearer {theirs['access_token']}", "Origin": "https://app.example"}
    shown = HTTP.get(f"{own.one.url}/restapi/v1.0/account/~/extension/~", headers=foreign)
    assert (shown.status_code, shown.headers["access-control-allow-origin"]) == (503, "https://app.example")
    head = f"POST /restapi/v1.0/account/~ HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {theirs['access_token']}\r\n"
    with socket.create_connection(("127.0.0.1", own.one.port), timeout=30) as connection:
        connection.sendall(f"{head}Content-Length: 400000\r\n\r\n".encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 503 "), "nobody's body is read for it"
    assert "not forwarded" in own.one.log()
    assert look_over(own.one)["cells"] == {"CGT01P02": "silent"}
    assert {key["kid"] for key in HTTP.get(f"{own.one.url}/restapi/oauth/jwks").json()["keys"]} == kids
    own.start(own.two)
    began = time.monotonic()
    own.wait_until_heard()
    heard_s = time.monotonic() - began
    again = ask_token(own.one, own.two.script, grant_type="refresh_token", refresh_token=theirs["refresh_token"])
    assert again.status_code == 200, again.text
    figures = HTTP.get(f"http://127.0.0.1:{own.one.metrics}/metrics").text
    assert 'callgate_cell_forwarded_total{cell="CGT01P02",outcome="silent"}' in figures
    assert 'callgate_cell_silent{cell="CGT01P02"} 0.0' in figures
    rules = (ROOT / "deploy/prometheus/callgate.rules.yml").read_text()
    assert set(re.findall(r"\bcallgate_cell_\w+", rules)) <= set(
        re.findall(r"^(callgate_cell_\w+)\{", figures, re.MULTILINE)
    )
    figure(
        "cells.down",
        f"{len(expected)} kinds of requests of the living one's people answered as ever, {len(lost)} of the other 503; "
        f"heard of again after {heard_s:.1f} s",
    )


def test_names_are_refused_alike_while_a_cell_is_silent(own: Pair) -> None:
    """One that a living cell has, one that the silent one has, those that nobody has: nobody can tell which is which.

    The page says to each that a part is silent; whoever's cell is up signs in.
    """
    asked_before = {"someone@where.example", own.two.email}
    for username in asked_before:
        refuse(own, username)
    own.kill(own.two)
    try:
        names = [own.one.email, own.two.email, "ada@company2.example", *asked_before]
        names += [f"nobody{number}@where.example" for number in range(6)]
        refused = {refuse(own, username) for username in names}
        assert len(refused) == 1
        ((status, text),) = refused
        assert status == 400
        assert IN_DOUBT in text
        form = {"grant_type": "password", "password": "wrong, all of it 1"}
        bytes_ = {ask_token(own.one, own.one.everyone, username=username, **form).content for username in names}
        assert len(bytes_) == 1
        with at_door(own) as browser:
            browser.asks(own.one.everyone)
            browser.signs_in(own.one)
            browser.agrees()
            assert browser.brings["code"]
            browser.asks(own.one.web)
        with at_door(own) as browser:
            browser.asks(own.one.web)
            private = browser.presses("sign-in", username="nobody@where.example", password="wrong, all of it 1")
            assert IN_DOUBT not in private.text, "a private app's people are all here"
    finally:
        own.start(own.two)
        own.wait_until_heard()


def refuse(pair: Pair, username: str) -> tuple[int, str]:
    """What somebody sees who signs in by this name with a wrong password, but for what is new at each time."""
    with at_door(pair) as browser:
        browser.asks(pair.one.everyone)
        reply = browser.presses("sign-in", username=username, password="wrong, all of it 1")
    text = re.sub(r'name="form_state" value="[^"]*"', "", reply.text).replace(username, "NAME")
    return reply.status_code, text


@contextmanager
def at_door(pair: Pair) -> Iterator[Wanderer]:
    """A browser that comes to the first cell's door alone."""
    with httpx.Client(base_url=pair.one.url, headers={"Accept": "text/html"}, verify=False) as http:  # noqa: S501 - no TLS
        yield Wanderer(pair, http)


def test_one_cell_that_hangs_costs_the_other_one_wait(own: Pair, figure: Figure) -> None:
    """Stopped where it stands: connections come about, and nothing is answered. Nobody piles up behind it."""
    expected = whole(own)
    token = ask_token(own.two, own.two.service, grant_type="client_credentials").json()["access_token"]
    os.kill(own.pids[own.two.name], signal.SIGSTOP)
    try:
        with ThreadPoolExecutor(8) as pool:
            began = time.monotonic()
            hanging = [pool.submit(read_extension, own.one, token) for _ in range(8)]
            assert whole(own) == expected
            beside_s = time.monotonic() - began
            assert {each.result().status_code for each in hanging} == {503}
            waited_s = time.monotonic() - began
        began = time.monotonic()
        assert {read_extension(own.one, token).status_code for _ in range(20)} == {503}
        known_s = time.monotonic() - began
        assert known_s < 20 * WAIT_MS / 1000 / 2, "not each of them"
    finally:
        os.kill(own.pids[own.two.name], signal.SIGCONT)
    own.wait_until_heard()
    assert read_extension(own.one, token).status_code == 200
    figure(
        "cells.hangs",
        f"{len(expected)} requests of the living one's people answered as ever, in {beside_s:.1f} s; "
        f"{len(hanging)} for the other 503 after {waited_s:.1f} s, then 20 in {1000 * known_s:.0f} ms",
    )
