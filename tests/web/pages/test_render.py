import re
from dataclasses import replace

import pytest

from callgate.model import grant_faults
from callgate.web.pages import (
    STATIC_FILES,
    AppOrigin,
    ConsentPage,
    Locale,
    Page,
    SignInMethod,
    SignInPage,
    render,
)
from callgate.web.pages.static import asset_path
from tests.web.pages.markup import Markup
from tests.web.pages.samples import CONSENT, FAULT, HOSTILE, PAGES, REFUSAL, SECURITY, SIGN_IN

EVERY_PAGE = pytest.mark.parametrize("page", PAGES.values(), ids=PAGES.keys())
EVERY_LOCALE = pytest.mark.parametrize("locale", Locale)


def english(page: Page) -> Markup:
    """The page in English, parsed."""
    return Markup(render(page, locale=Locale.ENGLISH))


@EVERY_PAGE
@EVERY_LOCALE
def test_page_has_no_script_and_no_inline_style(page: Page, locale: Locale) -> None:
    """A page works under `default-src 'none'; style-src 'self'` (assurance S10); with passkeys it loads one script."""
    markup = Markup(render(page, locale=locale))
    assert not {"style", "iframe", "object", "base"} & set(markup.tags)
    scripts = [attributes for name, attributes in markup.elements if name == "script"]
    passkeys = getattr(page, "passkey_options", None) is not None
    assert scripts == ([{"src": asset_path("passkey.js"), "defer": ""}] if passkeys else [])
    attributes = {name for _, attributes in markup.elements for name in attributes}
    assert not {name for name in attributes if name == "style" or name.startswith("on")}


@EVERY_PAGE
@EVERY_LOCALE
def test_page_names_its_language_and_loads_only_static_files(page: Page, locale: Locale) -> None:
    """The `lang` attribute is WCAG 3.1.1; everything loaded is one of ours, named by its content."""
    markup = Markup(render(page, locale=locale))
    assert markup.elements[0] == ("html", {"lang": locale.value})
    loaded = [attributes["src"] for attributes in markup.having("src")]
    loaded += [attributes["href"] for tag, attributes in markup.elements if tag == "link"]
    assert loaded
    assert set(loaded) <= set(STATIC_FILES)


@EVERY_PAGE
def test_page_has_one_heading_of_the_first_rank_and_a_title(page: Page) -> None:
    """A page says what it is (WCAG 2.4.2, 2.4.6)."""
    markup = english(page)
    assert markup.tags.count("h1") == 1
    assert re.match(r"\S.* – Callgate ", markup.text)


@EVERY_PAGE
def test_german_differs_from_english_in_words_alone(page: Page) -> None:
    """Both languages come from one template."""
    english_markup, german_markup = (Markup(render(page, locale=locale)) for locale in Locale)
    assert german_markup.tags == english_markup.tags
    assert german_markup.text != english_markup.text


@EVERY_LOCALE
def test_hostile_names_change_no_element(locale: Locale) -> None:
    """Names of apps, people and companies are words, whatever is in them (assurance S10)."""
    tame = Markup(render(CONSENT, locale=locale))
    wild = Markup(render(PAGES["consent-hostile"], locale=locale))
    assert wild.tags == tame.tags
    assert [a for _, a in wild.elements if a.get("class") != "name"] == [
        a for _, a in tame.elements if a.get("class") != "name"
    ]
    assert "<script>alert(1)</script>" in wild.text
    assert "{{ 7 * 7 }}%(app)s" in wild.text
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00]", wild.text)
    assert "A" * 100 not in wild.text


@pytest.mark.parametrize("field", ["form_state", "username", "extension", "action_url"])
def test_hostile_value_stays_in_its_attribute(field: str) -> None:
    """A value given back to the form cannot leave its quotes."""
    page = replace(SIGN_IN, **{field: HOSTILE.replace("\x00", "")})  # type: ignore[arg-type]
    markup = english(page)
    assert markup.tags == english(replace(page, **{field: "x"})).tags  # type: ignore[arg-type]
    assert any(HOSTILE.replace("\x00", "") in attributes.values() for _, attributes in markup.elements)


def test_sign_in_form_has_the_agreed_controls() -> None:
    """Names and actions are a contract with scripts and tests (ruling 15)."""
    markup = english(replace(SIGN_IN, methods=frozenset(SignInMethod)))
    names = [attributes["name"] for tag, attributes in markup.elements if tag == "input"]
    assert names == ["form_state", "username", "extension", "password", "remember_me"]
    assert markup.actions == ["sign-in", "sso", "cancel"]
    (form,) = [attributes for tag, attributes in markup.elements if tag == "form"]
    assert form == {"method": "post", "action": "/restapi/oauth/authorize"}
    assert markup.field("form_state")["value"] == "c2VhbGVk"


def test_sign_in_controls_say_what_they_are_for() -> None:
    """Password managers and WCAG 1.3.5 read the autocomplete attribute."""
    markup = english(SIGN_IN)
    purposes = {name: markup.field(name)["autocomplete"] for name in ("username", "extension", "password")}
    assert purposes == {"username": "username", "extension": "tel-extension", "password": "current-password"}


def test_only_single_sign_on_is_offered_when_prompt_is_sso() -> None:
    """`prompt=sso` shows no password (protocol.md C.2)."""
    markup = english(replace(SIGN_IN, methods=frozenset({SignInMethod.SSO})))
    assert markup.actions == ["sso", "cancel"]
    assert "password" not in [attributes.get("type") for _, attributes in markup.elements]


@pytest.mark.parametrize(
    ("page", "offered", "ticked"),
    [
        (SIGN_IN, True, False),
        (replace(SIGN_IN, remembered=True), True, True),
        (replace(SIGN_IN, remembered=True, ui_options=frozenset({"hide_remember_me"})), False, False),
    ],
)
def test_remember_me_is_as_it_was_left(page: SignInPage, offered: bool, ticked: bool) -> None:
    """A failed attempt loses no choice; `ui_options=hide_remember_me` hides the box (protocol.md C.1)."""
    boxes = [attributes for attributes in english(page).having("name") if attributes["name"] == "remember_me"]
    assert bool(boxes) is offered
    assert any("checked" in box for box in boxes) is ticked


@pytest.mark.parametrize("page", [SIGN_IN, CONSENT])
def test_logo_is_absent_when_the_app_hides_it(page: SignInPage | ConsentPage) -> None:
    """`ui_options=hide_logo` (protocol.md C.1)."""
    assert "img" in english(page).tags
    assert "img" not in english(replace(page, ui_options=frozenset({"hide_logo", "old_ui"}))).tags


def test_fault_is_announced_and_tied_to_the_fields() -> None:
    """An error is found by its role and read with each field (WCAG 3.3.1, 4.1.3)."""
    markup = english(PAGES["sign-in-wrong"])
    (alert,) = markup.having("role")
    assert alert == {"class": "alert", "id": "fault", "role": "alert"}
    for name in ("username", "extension", "password"):
        assert "fault" in markup.field(name)["aria-describedby"].split()
    assert [attributes["name"] for attributes in markup.having("aria-invalid")] == ["username", "password"]
    assert "Login and password do not match." in markup.text
    assert "OAU-140" in markup.text
    assert "Error: Sign in – Callgate" in markup.text
    assert markup.field("username")["value"] == "ada.admin@example.com"
    assert "value" not in markup.field("password")


def test_fields_are_not_called_wrong_when_they_were_right() -> None:
    """A queue that proves its password is refused for what it is."""
    assert "aria-invalid" not in english(PAGES["sign-in-queue"]).field("password")


@pytest.mark.parametrize(("username", "focused"), [("", "username"), ("+12025550100", "password")])
def test_focus_begins_where_something_is_missing(username: str, focused: str) -> None:
    """A prefilled login name leaves the password to type."""
    (field,) = english(replace(SIGN_IN, username=username)).having("autofocus")
    assert field["name"] == focused


def test_consent_form_has_the_agreed_controls() -> None:
    """Names and actions are a contract with scripts and tests (ruling 15)."""
    markup = english(CONSENT)
    assert markup.actions == ["switch", "cancel", "authorize"]
    assert [attributes["name"] for tag, attributes in markup.elements if tag == "input"] == ["form_state"]


def test_consent_lists_a_sentence_for_each_scope() -> None:
    """A person reads what the app may do, not permission names (protocol.md C.2)."""
    markup = english(replace(CONSENT, scopes=("ReadAccounts", "ReadCallLog", "EditCallLog")))
    listed = [attributes["id"] for tag, attributes in markup.elements if tag == "li" and "id" in attributes]
    assert listed == ["scope-EditCallLog", "scope-ReadAccounts"]
    assert "See the call log and change or delete its entries" in markup.text


@pytest.mark.parametrize("origin", AppOrigin)
def test_consent_warns_of_an_app_of_another_company_only(origin: AppOrigin) -> None:
    """Who owns the app is said either way; a stranger's is set apart."""
    markup = english(replace(CONSENT, app_origin=origin))
    assert ("belongs to another company, Example Trading Ltd" in markup.text) is (origin is AppOrigin.FOREIGN)
    assert ("belongs to your company, Example Trading Ltd" in markup.text) is (origin is AppOrigin.OWN)


def test_consent_says_who_agrees_and_where_they_go() -> None:
    """The person can notice a wrong account and a wrong destination before agreeing."""
    text = english(CONSENT).text
    assert "Ada Admin ada.admin@example.com" in text
    assert "you go back to localhost:5000." in text


def test_refusal_says_who_is_signed_in_and_offers_another() -> None:
    """Nobody is stuck: the person reads why, as whom, and goes on as somebody else or back."""
    markup = english(REFUSAL)
    assert markup.actions == ["cancel", "switch"]
    assert "You are signed in as AA Ada Admin ada.admin@example.com" in markup.text
    assert "Your role does not allow apps made by other companies." in markup.text
    assert "CMN-408" in markup.text
    assert "c2VhbGVk" not in repr(REFUSAL)


@EVERY_LOCALE
def test_fault_page_keeps_the_wire_text_to_the_letter(locale: Locale) -> None:
    """Developers search for the message they know; it is marked as English on every page (WCAG 3.1.2)."""
    markup = Markup(render(FAULT, locale=locale))
    assert "OAU-113" in markup.text
    assert "No redirect uri is registered for the client" in markup.text
    assert "callgate apps update APP --redirect-uri" in markup.text
    assert FAULT.request_id in markup.text
    assert len(markup.having("lang")) == 3


def test_views_keep_the_form_state_out_of_logs() -> None:
    """The sealed request is bound to a browser, and no log needs it."""
    assert "c2VhbGVk" not in repr(SIGN_IN) + repr(CONSENT)
    assert grant_faults.CREDENTIALS_INVALID.code in repr(PAGES["sign-in-wrong"])


def test_page_speaks_of_a_passkey_only_where_one_can_be_made() -> None:
    """Where the browser or the server's address allows none, a code is the only way."""
    without, beside = (english(PAGES[name]).text for name in ("enrolment", "enrolment-passkey"))
    assert ("or a passkey" in without, "or a passkey" in beside) == (False, True)


def test_page_warns_of_the_password_alone_only_where_nothing_else_is_asked() -> None:
    """Whoever has a passkey is asked for it after the password."""
    bare, keyed = PAGES["security-bare"], replace(SECURITY, has_totp=False)
    warned = ["whoever learns your password" in english(page).text for page in (bare, keyed)]
    assert warned == [True, False]
