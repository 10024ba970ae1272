"""An app's secret changed at a running server: two count for a while, and who still uses the old one is known."""

import itertools
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from tests.admin.conftest import forker
from tests.admin.shell import Shell, open_shell_beside
from tests.crypto.forge import forge, hs
from tests.server import Server

__all__ = ["forker"]

TOKEN = "/restapi/oauth/token"
ASSERTED = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_JTI = itertools.count()
HOUR_S, DAY_S = 3600, 24 * 3600


@pytest.fixture
def shell(fresh_server: Server, forker: "subprocess.Popen[str]", tmp_path: Path) -> Shell:
    """The operator."""
    return open_shell_beside(forker, fresh_server, tmp_path)


def asks(server: Server, secret: str, key: str = "service") -> str:
    """What comes of an app's request with a secret: `granted`, or the code of the refusal."""
    proof = (server.world.apps[key].client_id, secret)
    reply = httpx.post(f"{server.base_url}{TOKEN}", data={"grant_type": "client_credentials"}, auth=proof, timeout=30)
    return "granted" if reply.status_code == 200 else reply.json()["errors"][0]["errorCode"]


def asserts(server: Server, client_id: str, secret: str) -> int:
    """The status of an app's request with an assertion that is signed with a secret."""
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": server.base_url,
        "exp": int(time.time()) + 300,
        "jti": f"jti-{next(_JTI)}",
    }
    assertion = forge({"alg": "HS256", "typ": "JWT"}, claims, hs(secret.encode()))
    form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTED, "client_assertion": assertion}
    return httpx.post(f"{server.base_url}{TOKEN}", data=form, timeout=30).status_code


def secret_of(server: Server, key: str = "service") -> str:
    """As the world has it."""
    secret = server.world.apps[key].client_secret
    assert secret is not None
    return secret


def test_old_secret_counts_until_the_overlap_is_over(fresh_server: Server, shell: Shell) -> None:
    """Not a moment longer, though nothing is written then and the request was sent before to the letter."""
    old, app = secret_of(fresh_server), fresh_server.world.apps["service"].client_id
    assert asks(fresh_server, old) == "granted"
    new = shell.give("apps", "rotate-secret", app, "--overlap", "7d")["client_secret"]
    for _ in range(3):
        assert {asks(fresh_server, old), asks(fresh_server, new)} == {"granted"}
    assert asks(fresh_server, "x" * 43) == "OAU-146"
    fresh_server.advance(7 * DAY_S - 60)
    assert [asks(fresh_server, each) for each in (old, old, new)] == ["granted"] * 3
    fresh_server.advance(61)
    assert [asks(fresh_server, each) for each in (old, old, new, new)] == ["OAU-146", "OAU-146", "granted", "granted"]


def test_old_secret_is_refused_at_once_without_an_overlap(fresh_server: Server, shell: Shell) -> None:
    """As it was before there were overlaps."""
    old, app = secret_of(fresh_server), fresh_server.world.apps["service"].client_id
    assert asks(fresh_server, old) == "granted"
    new = shell.give("apps", "rotate-secret", app)["client_secret"]
    assert [asks(fresh_server, old), asks(fresh_server, new)] == ["OAU-146", "granted"]
    assert "no former secret" in shell.refuse("apps", "retire-secret", app, "--yes")


def test_list_says_when_the_old_one_can_go(fresh_server: Server, shell: Shell) -> None:
    """Each secret's last use, to the hour: while a machine was forgotten, it shows."""
    old, app = secret_of(fresh_server), fresh_server.world.apps["service"].client_id
    assert shell.give("apps", "secrets", app)["former_advice"] is None
    new = shell.give("apps", "rotate-secret", app, "--overlap", "30d")["client_secret"]
    assert shell.give("apps", "secrets", app)["former_advice"] == "wait: the new secret was not used yet"
    assert asks(fresh_server, new) == "granted"
    assert shell.give("apps", "secrets", app)["secret_last_used"] is not None
    assert shell.give("apps", "secrets", app)["former_advice"] == "wait: the new secret is younger than an hour"
    fresh_server.advance(2 * HOUR_S)
    assert asks(fresh_server, old) == "granted"
    # The operator's own clock does not move with the server's: what it compares are the times that were written.
    assert shell.give("apps", "secrets", app)["former_advice"].startswith("still used: last at ")
    assert shell.give("apps", "retire-secret", app, "--yes")["former_until"] is None
    assert [asks(fresh_server, old), asks(fresh_server, new)] == ["OAU-146", "granted"]
    assert "FormerSecretRetired" in str(shell.give("audit", "list"))


@pytest.mark.parametrize("way", ["revoke", "device-authorization"])
def test_every_use_of_the_old_one_shows(fresh_server: Server, shell: Shell, way: str) -> None:
    """A machine that only takes tokens back, or only asks for device codes, stops all the same without its secret."""
    old, app = secret_of(fresh_server, "script"), fresh_server.world.apps["script"].client_id
    shell.give("apps", "update", app, "--grant", "urn:ietf:params:oauth:grant-type:device_code")
    shell.give("apps", "rotate-secret", app, "--overlap", "30d")
    assert shell.give("apps", "secrets", app)["former_last_used"] is None
    url = f"{fresh_server.base_url}/restapi/oauth/{way}"
    form = {"token": "no token of ours"} if way == "revoke" else {}
    assert httpx.post(url, data=form, auth=(app, "x" * 43), timeout=30).status_code == 400
    assert shell.give("apps", "secrets", app)["former_last_used"] is None
    assert httpx.post(url, data=form, auth=(app, old), timeout=30).status_code == 200
    for _ in range(100):
        if shell.give("apps", "secrets", app)["former_last_used"]:
            break
    else:
        pytest.fail("the use was not noted")


def test_third_secret_is_refused_while_there_are_two(fresh_server: Server, shell: Shell) -> None:
    """Whoever must change it at once can: without an overlap neither of the two counts any more."""
    app = fresh_server.world.apps["service"].client_id
    second = shell.give("apps", "rotate-secret", app, "--overlap", "12h")["client_secret"]
    assert "has two secrets until" in shell.refuse("apps", "rotate-secret", app, "--overlap", "12h")
    third = shell.give("apps", "rotate-secret", app)["client_secret"]
    seen = [asks(fresh_server, each) for each in (secret_of(fresh_server), second, third)]
    assert seen == ["OAU-146", "OAU-146", "granted"]


@pytest.mark.parametrize("overlap", ["7", "91d", "d", "-1d", "soon"])
def test_overlap_is_refused_when_it_is_no_span_or_too_long(fresh_server: Server, shell: Shell, overlap: str) -> None:
    """At most 90 days."""
    app = fresh_server.world.apps["service"].client_id
    told = shell.refuse("apps", "rotate-secret", app, f"--overlap={overlap}")
    assert "no span of time" in told or "at most 90 days" in told
    assert asks(fresh_server, secret_of(fresh_server)) == "granted"


def test_assertion_is_signed_with_either_secret(fresh_server: Server, shell: Shell) -> None:
    """client_secret_jwt: both are stored sealed, and both are wrapped anew with the key-encryption key."""
    app = fresh_server.world.apps["service"].client_id
    old = shell.give("apps", "update", app, "--auth-method", "client_secret_jwt")["client_secret"]
    assert asserts(fresh_server, app, old) == 200
    new = shell.give("apps", "rotate-secret", app, "--overlap", "1d")["client_secret"]
    assert [asserts(fresh_server, app, each) for each in (old, new, "x" * 43)] == [200, 200, 400]
    shell.give("apps", "retire-secret", app, "--yes")
    assert [asserts(fresh_server, app, each) for each in (old, new)] == [400, 200]
