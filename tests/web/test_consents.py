"""A consent given on the page and withdrawn on the command line, on a real server."""

import subprocess
from pathlib import Path

import httpx
import pytest

from tests.admin.conftest import forker
from tests.admin.shell import Shell, open_shell_beside
from tests.server import Server
from tests.web.visitor import TOKEN, visiting

__all__ = ["forker"]

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@pytest.fixture
def shell(forker: "subprocess.Popen[str]", server: Server, tmp_path: Path) -> Shell:
    """The operator's."""
    return open_shell_beside(forker, server, tmp_path)


def refreshed(server: Server, key: str, tokens: dict[str, str]) -> httpx.Response:
    """What the token endpoint answers to a refresh."""
    app = server.world.apps[key]
    assert app.client_secret is not None
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    return httpx.post(f"{server.base_url}{TOKEN}", data=form, auth=(app.client_id, app.client_secret))


def agreed(server: Server, who: str) -> dict[str, str]:
    """Tokens of `web` that a browser fetched for somebody, their yes included."""
    with visiting(server) as visitor:
        visitor.goes_to("web", prompt="consent")
        visitor.signs_in(who)
        visitor.presses("authorize")
        tokens: dict[str, str] = visitor.redeems("web", visitor.brings["code"]).json()
    return tokens


@pytest.mark.requirement("ruling 13")
def test_app_must_ask_again_and_its_sessions_are_over_when_the_consent_is_withdrawn(
    server: Server, shell: Shell
) -> None:
    """Ruling 13: asked once, until the person or an administrator withdraws it."""
    world = server.world
    person, app = world.people["helper"], world.apps["web"]
    with visiting(server) as visitor:
        visitor.goes_to("web", prompt="consent")
        visitor.signs_in("helper")
        visitor.presses("authorize")
        tokens = visitor.redeems("web", visitor.brings["code"]).json()
        visitor.goes_to("web")
        waiting = visitor.brings["code"]

        (shown,) = shell.give("consents", "list", "--person", person.id)
        assert (shown["extension_id"], shown["client_id"]) == (int(person.id), app.client_id)
        assert shown["scopes"] == sorted(app.scopes)
        told = shell.give("consents", "withdraw", person.email or "", "web", "--yes")
        assert told["sessions_ended"] == 2
        assert shell.give("consents", "list", "--person", person.id) == []

        over = refreshed(server, "web", tokens)
        assert over.json()["errors"][0]["message"] == "Token revoked: the person's consent was withdrawn"
        assert visitor.redeems("web", waiting).json()["errors"][0]["errorCode"] == "OAU-106"
        assert 'value="authorize"' in visitor.goes_to("web").text
    acts = [each["what"] for each in shell.give("audit", "list") if each["by"] == "cli"]
    assert sorted(acts[:3]) == ["ConsentWithdrawn", "SessionEnded", "SessionEnded"]


def test_other_apps_people_and_ways_in_go_on_when_a_consent_is_withdrawn(server: Server, shell: Shell) -> None:
    """A JWT credential is a consent of its own (ruling 6), and another person's yes is theirs."""
    world = server.world
    script = world.apps["script"]
    assert script.client_secret is not None
    form = {"grant_type": JWT_BEARER, "assertion": world.jwt_credentials["admin_any"].jwt}
    proof = (script.client_id, script.client_secret)
    by_credential = httpx.post(f"{server.base_url}{TOKEN}", data=form, auth=proof).json()
    _, tokens = (agreed(server, who) for who in ("admin", "agent"))
    page = shell.run("consents", "list", "--app", "web", "--limit", "1")
    assert "There are more: --after " in page.err
    assert len(shell.give("consents", "list", "--app", "web", "--after", page.err.split()[-1])) == 1
    shell.give("consents", "withdraw", world.people["admin"].id, "web", "--yes")
    assert refreshed(server, "web", tokens).status_code == 200
    assert refreshed(server, "script", by_credential).status_code == 200
