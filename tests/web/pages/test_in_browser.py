from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect

from callgate.web.pages import ConsentPage, SignInMethod
from tests.browser import launch, needs_chromium
from tests.web.pages.samples import CONSENT, PAGES, SIGN_IN
from tests.web.pages.stage import Stage, stage

pytestmark = [pytest.mark.browser, needs_chromium]

EVERYTHING = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "rules": {"target-size": {"enabled": True}},
}
WHOLE_REFERENCE = "api"
"""Axe takes longer for it than for all other pages together; "api-part" has one of each thing in it."""

CONTROLS = "button, a, input:not([type=hidden])"
CUT_OR_TINY = """
all => all.filter(control => {
    const box = control.getBoundingClientRect();
    return box.left < 0 || box.right <= box.left || box.right > 640 || Math.min(box.width, box.height) < 24;
}).map(control => control.outerHTML)
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests; each opens its own page."""
    with launch() as browser:
        yield browser


@pytest.fixture
def theatre() -> Iterator[Stage]:
    """A server with every sample page."""
    with stage() as server:
        server.pages = dict(PAGES)
        yield server


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    """A page without JavaScript, which the pages never need."""
    context = browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


def fits(page: Page) -> bool:
    """Whether everything fits the window's width."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def complaints(page: Page) -> list[str]:
    """What axe finds wrong, or cannot decide."""
    results = Axe().run(page, options=EVERYTHING).response
    assert results["passes"], "axe must have looked at something"
    return [f"{rule['id']}: {rule['nodes'][0]['html']}" for rule in results["violations"] + results["incomplete"]]


@pytest.mark.parametrize(
    ("turn", "width", "locale", "scheme"),
    [(0, 320, "de", "light"), (1, 1280, "en", "dark")],
    ids=["narrow", "wide"],
)
def test_axe_finds_nothing(
    browser: Browser,
    theatre: Stage,
    counts: Callable[[int, int], int],
    *,
    turn: int,
    width: int,
    locale: str,
    scheme: Literal["light", "dark"],
) -> None:
    """Every page meets what a machine can tell of WCAG 2.2 AA, leaving nothing undecided, and fits its window.

    In the short run axe looks at half of the pages in one dress, and at the others in the other.
    """
    step = counts(2, 1)
    looked_at = [name for name in PAGES if name != WHOLE_REFERENCE][turn % step :: step]
    page = browser.new_page(color_scheme=scheme, viewport={"width": width, "height": 800})
    heard: list[str] = []
    page.on("console", lambda message: heard.append(message.text))
    found: dict[str, list[str]] = {}
    for name in PAGES:
        page.goto(f"{theatre.url}/{locale}/{name}")
        found[name] = (complaints(page) if name in looked_at else []) + heard
        found[name] += [] if fits(page) else ["wider than its window"]
        heard.clear()
    page.close()
    assert {name: faults for name, faults in found.items() if faults} == {}
    assert len(found) == len(PAGES)


def test_axe_finds_something_when_a_page_is_bad(browser: Browser, theatre: Stage) -> None:
    """The scan itself works: a field without a name, pale words and a tiny target are found."""
    page = browser.new_page(viewport={"width": 320, "height": 800})
    page.goto(f"{theatre.url}/en/sign-in")
    page.evaluate("document.querySelector('label').remove()")
    page.evaluate("document.querySelector('h1').style.color = '#ccc'")
    page.evaluate("document.querySelector('#remember-me').style.height = '8px'")
    page.evaluate("document.querySelectorAll('.choice, .primary').forEach(e => e.style.margin = '-16px 0')")
    results = Axe().run(page, options=EVERYTHING).response
    page.close()
    assert {"label", "color-contrast", "target-size"} <= {rule["id"] for rule in results["violations"]}


def test_page_fits_when_letters_are_twice_as_large(browser: Browser, theatre: Stage) -> None:
    """Text at 200 % needs no sideways scrolling, and each control stays whole (WCAG 1.4.4, 1.4.10, 2.5.8)."""
    page = browser.new_page(viewport={"width": 640, "height": 480})
    for name in PAGES:
        page.goto(f"{theatre.url}/de/{name}")
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert fits(page), name
        assert page.locator(CONTROLS).evaluate_all(CUT_OR_TINY) == [], name
    page.close()


@pytest.mark.parametrize(
    "name",
    [
        "sign-in-either-way",
        "consent",
        "refusal",
        "sign-out-mistake",
        "home",
        "second-factor",
        "enrolment",
        "security",
        "password",
    ],
)
def test_keyboard_reaches_every_control_and_shows_where_it_is(browser: Browser, theatre: Stage, name: str) -> None:
    """Focus goes through the page in reading order, and is seen (WCAG 2.4.3, 2.4.7)."""
    context = browser.new_context(viewport={"width": 360, "height": 740})
    page = context.new_page()
    page.goto(f"{theatre.url}/en/{name}")
    tops: list[float] = []
    for step in range(page.locator(CONTROLS).count()):
        if step or "autofocus" not in page.content():
            page.keyboard.press("Tab")
        outline, top = page.locator(":focus-visible").evaluate(
            "e => [getComputedStyle(e).outline, e.getBoundingClientRect().top + scrollY]"
        )
        assert "solid 3px" in outline
        tops.append(top)
    assert tops == sorted(tops)
    assert page.locator(CONTROLS).last.evaluate("e => e === document.activeElement")
    context.close()


def test_sign_in_posts_the_agreed_fields_when_there_is_no_script(tab: Page, theatre: Stage) -> None:
    """Scripts and tests rely on these names (ruling 15)."""
    tab.goto(f"{theatre.url}/en/sign-in")
    expect(tab.get_by_label("Phone number or email")).to_be_focused()
    tab.get_by_label("Phone number or email").fill("+12025550100")
    tab.get_by_label("Extension").fill("101")
    tab.get_by_label("Password").fill("p@ss word")
    tab.get_by_label("Keep me signed in on this device").check()
    tab.get_by_role("button", name="Sign in").click()
    assert tab.url == f"{theatre.url}/done"
    assert theatre.posted == [
        [
            ("form_state", "c2VhbGVk"),
            ("username", "+12025550100"),
            ("extension", "101"),
            ("password", "p@ss word"),
            ("remember_me", "true"),
            ("action", "sign-in"),
        ]
    ]


def test_enter_in_a_field_signs_in(tab: Page, theatre: Stage) -> None:
    """The first button is the one the Enter key presses."""
    theatre.pages["page"] = replace(SIGN_IN, methods=frozenset(SignInMethod), username="a@b.example")
    tab.goto(f"{theatre.url}/en/page")
    tab.get_by_label("Password").fill("secret")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/done")
    assert ("action", "sign-in") in theatre.posted[0]


@pytest.mark.parametrize(("button", "action"), [("Cancel", "cancel"), ("Single sign-on", "sso")])
def test_empty_form_can_be_left(tab: Page, theatre: Stage, button: str, action: str) -> None:
    """Only signing in needs the fields; the browser must not ask for them otherwise."""
    tab.goto(f"{theatre.url}/en/sign-in-either-way")
    tab.get_by_role("button", name=button).click()
    assert ("action", action) in theatre.posted[0]


def test_empty_form_is_not_sent_to_sign_in(tab: Page, theatre: Stage) -> None:
    """The browser names the missing field itself."""
    tab.goto(f"{theatre.url}/en/sign-in")
    tab.get_by_role("button", name="Sign in").click()
    assert tab.url == f"{theatre.url}/en/sign-in"
    assert theatre.posted == []


@pytest.mark.parametrize(
    ("button", "action"), [("Authorize", "authorize"), ("Cancel", "cancel"), ("Not you? Use another account", "switch")]
)
def test_consent_posts_the_agreed_action(tab: Page, theatre: Stage, button: str, action: str) -> None:
    """Scripts and tests rely on these names (ruling 15)."""
    tab.goto(f"{theatre.url}/en/consent")
    tab.get_by_role("button", name=button).click()
    assert theatre.posted == [[("form_state", "c2VhbGVk"), ("action", action)]]


def consent_for(app: Stage) -> ConsentPage:
    """The consent page of an app that is served by `app`."""
    return replace(CONSENT, redirect_uri=f"{app.url}/callback")


def test_form_comes_without_an_origin_but_says_it_is_our_own(tab: Page, theatre: Stage) -> None:
    """A page without a referrer posts `Origin: null` (Fetch section 3.1), so the endpoints must ask Sec-Fetch-Site."""
    tab.goto(f"{theatre.url}/en/consent")
    tab.get_by_role("button", name="Authorize").click()
    assert theatre.posted_from == [("null", "same-origin")]


@pytest.mark.parametrize("hops", [1, 2])
def test_browser_follows_the_redirect_to_the_app_and_on(tab: Page, theatre: Stage, hops: int) -> None:
    """A policy that stops a hop leaves the person on our page without a word, their code spent."""
    with stage() as app, stage() as shop:
        app.onward = f"{shop.url}/home" if hops == 2 else ""
        theatre.pages["page"] = consent_for(app)
        theatre.answer = f"{app.url}/callback?code=c"
        tab.goto(f"{theatre.url}/en/page")
        tab.get_by_role("button", name="Authorize").click()
        expect(tab).to_have_url(app.onward or theatre.answer)


def test_browser_refuses_a_redirect_in_the_clear(tab: Page, theatre: Stage) -> None:
    """What ends at an https address passes no plain one on its way."""
    with stage() as thief:
        theatre.pages["page"] = replace(CONSENT, redirect_uri="https://app.example/callback")
        theatre.answer = f"{thief.url}/callback?code=c"
        tab.goto(f"{theatre.url}/en/page")
        tab.get_by_role("button", name="Authorize").click()
        assert len(theatre.posted) == 1
        with pytest.raises(Error, match="Timeout"):
            tab.wait_for_url(f"{thief.url}/**", timeout=500)


def test_app_that_opened_a_popup_can_read_its_end(browser: Browser, theatre: Stage) -> None:
    """SDKs read the redirect through window.opener; an opener policy of ours would cut that."""
    with stage() as app:
        theatre.pages["page"] = consent_for(app)
        theatre.answer = f"{app.url}/callback"
        context = browser.new_context()
        opener = context.new_page()
        opener.goto(f"{app.url}/app")
        with opener.expect_popup() as opened:
            opener.evaluate("url => { open(url, 'login', 'width=480,height=640') }", f"{theatre.url}/en/page")
        popup = opened.value
        popup.get_by_role("button", name="Authorize").click()
        popup.wait_for_url(f"{app.url}/callback")
        assert popup.evaluate("window.opener.location.pathname") == "/app"
        context.close()


def test_page_cannot_be_framed(browser: Browser, theatre: Stage) -> None:
    """A framed consent page is a stolen click (RFC 9700 section 4.16)."""
    context: BrowserContext = browser.new_context()
    page = context.new_page()
    page.goto(f"{theatre.url}/elsewhere")
    page.evaluate(
        "url => { document.body.append(Object.assign(document.createElement('iframe'), {src: url})) }", "/en/consent"
    )
    page.wait_for_timeout(300)
    assert page.frames[1].get_by_role("button").count() == 0
    context.close()
