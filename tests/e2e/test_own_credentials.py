"""JWT credentials that people make for themselves at a browser: made, used, replaced, deleted, and by whom not."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.admin.shell import Shell, forking, open_shell_beside
from tests.browser import needs_chromium
from tests.e2e.people import press, sign_in
from tests.e2e.test_browser import look
from tests.server import Server, running_server
from tests.web.visitor import Visitor, visiting

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
PAGE = "/restapi/oauth/security/credentials"
_TEXT = re.compile(r'<textarea [^>]*id="jwt"[^>]*>([^<]+)</textarea>')
_LINK = re.compile(rf'href="({PAGE}/[0-9]+)"')


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server whose account changes its rule."""
    with running_server() as running:
        yield running


@pytest.fixture(scope="module")
def shell(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """Its command line."""
    with forking() as forker:
        process: subprocess.Popen[str] = forker
        folder: Path = tmp_path_factory.mktemp("beside")
        yield open_shell_beside(process, server, folder)


@pytest.fixture
def visitor(server: Server) -> Iterator[Visitor]:
    """A browser without a window, in which the agent signed in and went to the page."""
    with visiting(server) as visitor:
        visitor.follows(PAGE)
        visitor.signs_in("agent")
        yield visitor


def tokens(server: Server, jwt: str, app: str = "script") -> httpx.Response:
    """What an app gets for a JWT credential."""
    known = server.world.apps[app]
    auth = (known.client_id, known.client_secret or "")
    form = {"grant_type": JWT_BEARER, "assertion": jwt}
    return httpx.post(f"{server.base_url}/restapi/oauth/token", data=form, auth=auth)


def made(reply: httpx.Response) -> str:
    """The credential that a page shows."""
    found = _TEXT.search(reply.text)
    assert found, reply.text
    return found[1]


def code_on(reply: httpx.Response) -> str:
    """The fault that a page shows."""
    found = re.search(r'<p class="code">([^<]+)</p>', reply.text)
    assert found, reply.text
    return found[1]


@pytest.mark.browser
@needs_chromium
def test_person_makes_replaces_and_deletes_a_credential(tab: Page, server: Server) -> None:
    """For one app, shown once; the successor works beside it; after its end neither does."""
    tab.goto(f"{server.base_url}/restapi/oauth/security")
    sign_in(tab, server, "agent")
    tab.get_by_role("link", name="Your JWT credentials").click()
    expect(tab.get_by_text("You have none.")).not_to_be_visible()
    look(tab)
    tab.get_by_label("What it is for").fill("Nightly report")
    press(tab, "Make it")
    expect(tab.get_by_role("alert")).to_contain_text("The label, the apps or the date are missing")
    assert tab.get_by_label("What it is for").input_value() == "Nightly report"
    look(tab)
    tab.get_by_label("script", exact=True).check()
    tab.get_by_label("Other apps, by client ID").fill("no-such-app")
    tab.get_by_label("Until when").fill("2099-12-31")
    press(tab, "Make it")
    expect(tab.get_by_role("alert")).to_be_visible()
    expect(tab.get_by_label("script", exact=True)).to_be_checked()
    tab.get_by_label("Other apps, by client ID").fill("")
    press(tab, "Make it")
    expect(tab.get_by_role("heading", level=1)).to_have_text("Your new JWT credential")
    look(tab)
    first = tab.get_by_label("The credential").input_value()
    assert tokens(server, first).status_code == 200
    assert tokens(server, first, "norefresh").status_code == 400
    press(tab, "I have kept it")
    known = tab.get_by_text("It ends on 2099-12-31 00:00.")
    expect(known).to_contain_text("Apps it is for: 1. Made on")
    expect(known).to_contain_text(". Last used on")
    assert first not in tab.content()
    tab.get_by_role("link", name="Nightly report").first.click()
    expect(tab.get_by_role("heading", level=1)).to_have_text("Nightly report")
    look(tab)
    tab.get_by_label("The old one ends").select_option("after 30 days")
    press(tab, "Replace it")
    second = tab.get_by_label("The credential").input_value()
    assert [tokens(server, each).status_code for each in (first, second)] == [200, 200]
    press(tab, "I have kept it")
    expect(tab.get_by_text("It has a successor")).to_be_visible()
    look(tab)
    for _ in range(2):
        tab.get_by_role("link", name="Nightly report").first.click()
        press(tab, "Delete it")
    assert [tokens(server, each).status_code for each in (first, second)] == [400, 400]
    assert tab.get_by_role("link", name="Nightly report").count() == 0


def test_credential_is_for_all_apps_or_for_one_typed(visitor: Visitor) -> None:
    """Apps of other companies have no box."""
    server = visitor.server
    everywhere = made(visitor.presses("create", label="all", reach="all"))
    assert [tokens(server, everywhere, app).status_code for app in ("script", "norefresh")] == [200, 200]
    visitor.follows(PAGE)
    typed = made(visitor.presses("create", label="one", client_ids=server.world.apps["norefresh"].client_id))
    assert [tokens(server, typed, app).status_code for app in ("script", "norefresh")] == [400, 200]


@pytest.mark.parametrize(
    "fields",
    [
        {"label": "", "reach": "all"},
        {"label": "x" * 65, "reach": "all"},
        {"label": "x"},
        {"label": "x", "client_ids": "no-such-app"},
        {"label": "x", "client_ids": "y" * 129},
        {"label": "x", "reach": "all", "expires": "tomorrow"},
        {"label": "x", "reach": "all", "expires": "2020-01-01"},
    ],
    ids=["no label", "long label", "no app", "unknown app", "endless app", "no date", "over"],
)
def test_credential_is_not_made_when_a_field_cannot_be_meant(visitor: Visitor, fields: dict[str, str]) -> None:
    """The page says so, and keeps the label."""
    assert code_on(visitor.presses("create", **fields)) == "CGT-211"


def test_form_that_is_refused_keeps_what_was_filled_in(visitor: Visitor) -> None:
    """Every field, as text: markup in it is none."""
    script = visitor.app("script").client_id
    typed = {"label": '"><b>', "client_ids": "none <i>", "expires": "2020-01-01", f"app-{script}": "yes"}
    page = visitor.presses("create", **typed).text
    assert all(f'value="{shown}"' in page for shown in ("&#34;&gt;&lt;b&gt;", "none &lt;i&gt;", "2020-01-01"))
    assert re.findall(r'name="([^"]+)" type="checkbox" value="[a-z]+" checked', page) == [f"app-{script}"]
    page = visitor.presses("create", label="", reach="all").text
    assert re.findall(r'name="([^"]+)" type="checkbox" value="[a-z]+" checked', page) == ["reach"]
    visitor.presses("create", label="kept", reach="all")
    visitor.follows(_LINK.findall(visitor.follows(PAGE).text)[0])
    page = visitor.presses("replace", overlap="30", expires="2020-01-01").text
    assert re.findall(r'<option value="(\d+)" selected>', page) == ["30"]
    assert 'value="2020-01-01"' in page
    visitor.presses("delete")


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("/restapi/oauth/security", "/restapi/oauth/security"),
        ("/restapi/oauth/security/password", "/restapi/oauth/security/password"),
        (PAGE, PAGE),
        (f"{PAGE}/12345?next=https://elsewhere.example", PAGE),
        (f"{PAGE}/%0d%0aX-Made:%20up", PAGE),
    ],
    ids=["how they sign in", "password", "credentials", "nobody's credential", "no credential"],
)
def test_sign_in_leads_to_the_page_that_was_wanted(server: Server, wanted: str, found: str) -> None:
    """One of the person's own, whatever the address says beside."""
    with visiting(server) as visitor:
        visitor.follows(wanted)
        assert visitor.signs_in("agent").status_code == 200
        assert visitor.at.url == f"{server.base_url}{found}"


@pytest.mark.parametrize("place", [PAGE, "https://elsewhere.example", "//elsewhere.example"])
def test_address_says_nothing_of_where_a_sign_in_leads(server: Server, place: str) -> None:
    """Only a page of ours seals that (no open redirect, RFC 9700 section 4.11)."""
    with visiting(server) as visitor:
        reply = visitor.http.get("/restapi/oauth/authorize", params={"own_page": place})
        assert (reply.status_code, reply.headers.get("location")) == (400, None)
        app = visitor.app("web")
        visitor.goes_to("web", own_page=place, prompt="consent")
        visitor.signs_in("agent")
        visitor.presses("authorize")
        assert visitor.at.headers["location"].startswith(app.redirect_uris[0])


def test_nothing_is_done_by_who_signed_in_too_long_ago(visitor: Visitor) -> None:
    """Nor is a credential shown that somebody finds a browser open for (ADR 61); who signs in again is back there."""
    jwt = made(visitor.presses("create", label="old", reach="all"))
    visitor.follows(PAGE)
    [one, *_] = _LINK.findall(visitor.at.text)
    for path, action in ((PAGE, "create"), (one, "replace"), (one, "delete")):
        visitor.server.advance(601)
        visitor.follows(path)
        assert code_on(visitor.presses(action, label="late", reach="all")) == "CGT-203"
        assert visitor.signs_in("agent").url.path == path
    assert tokens(visitor.server, jwt).status_code == 200


def test_nobody_reaches_anothers_credential_or_form(server: Server) -> None:
    """An id of somebody else's leads back to one's own; a form shown to another is an expired page."""
    with visiting(server) as admin, visiting(server) as agent:
        for visitor, who in ((admin, "admin"), (agent, "agent")):
            visitor.follows(PAGE)
            visitor.signs_in(who)
        jwt = made(admin.presses("create", label="hers", reach="all"))
        admin.follows(PAGE)
        hers = _LINK.findall(admin.at.text)[0]
        assert "hers" not in agent.follows(hers).text
        agent.follows(PAGE)
        state = re.search(r'name="form_state" value="([^"]+)"', agent.at.text)
        assert state
        for fields in ({"action": "delete"}, {"action": "replace"}):
            agent.http.post(hers, data={"form_state": state[1], **fields})
        assert tokens(server, jwt).status_code == 200
        foreign = agent.http.post(hers, data={"form_state": "x", "action": "delete"})
        assert foreign.status_code == 400
        state = re.search(r'name="form_state" value="([^"]+)"', admin.follows(PAGE).text)
        assert state
        stolen = agent.http.post(PAGE, data={"form_state": state[1], "action": "create", "label": "x", "reach": "all"})
        assert code_on_fault(stolen) == "CGT-128"
        admin.follows(hers)
        admin.presses("delete")
        assert tokens(server, jwt).status_code == 400


def code_on_fault(reply: httpx.Response) -> str:
    """The fault of a page of its own."""
    assert reply.status_code == 400, reply.text
    return "CGT-128" if "CGT-128" in reply.text else reply.text


def test_account_that_leaves_it_to_nobody_is_obeyed(visitor: Visitor, shell: Shell) -> None:
    """The page offers nothing, and a form that was open before does nothing; one's own may still be deleted."""
    server = visitor.server
    jwt = made(visitor.presses("create", label="kept", reach="all"))
    visitor.follows(PAGE)
    account = server.world.accounts["main"].id
    shell.give("accounts", "update", account, "--credentials", "nobody")
    try:
        withheld = visitor.presses("create", label="x", reach="all")
        assert code_on(withheld) == "CGT-210"
        assert "Make another one" not in withheld.text
        one = visitor.follows(_LINK.findall(withheld.text)[0])
        assert "Replace it" not in one.text
        assert code_on(visitor.presses("replace")) == "CGT-210"
        visitor.presses("delete")
        assert tokens(server, jwt).status_code == 400
    finally:
        shell.give("accounts", "update", account, "--credentials", "everybody")
