from dataclasses import replace

import pytest
from hypothesis import given

from callgate.model import authorize_faults, faults, grant_faults
from callgate.model.client import Client, ClientStatus, GrantType, Switch
from callgate.model.decisions import AuthorizeRequest, Denied, RedirectFault
from callgate.model.evidence import IdTokenHint
from callgate.model.faults import Fault
from callgate.protocol.authorize import BRANDS, check_hint, read_form, read_request, still_stands
from callgate.protocol.forms import Form
from tests.factories import AGENT, CHALLENGE, NATIVE, REDIRECT_URI, SPA, VERIFIER, WEB
from tests.protocol.hostile import clients, explained, forms

EVIL = "https://evil.example/callback"
TWO_URIS = WEB._replace(redirect_uris=(REDIRECT_URI, "https://app.example/other"))
MINE = IdTokenHint(AGENT.id, WEB.id)
MINE_OF_SPA = IdTokenHint(AGENT.id, SPA.id)
IMPLICIT = SPA._replace(grants=SPA.grants | {GrantType.IMPLICIT})
PLAIN = WEB._replace(switches=frozenset({Switch.PKCE_PLAIN}))

PLAINEST = AuthorizeRequest(
    client_id=WEB.id,
    response_type="code",
    redirect_uri=REDIRECT_URI,
    scope=WEB.scopes,
    challenge_plain=True,
)
"""What a request that says the least is read as."""


def ask(client: Client | None = WEB, /, **values: str) -> AuthorizeRequest | Denied | RedirectFault:
    """A request of WEB for a code, with these fields besides."""
    return read_request(Form({"client_id": WEB.id, "response_type": "code"} | values), client)


def test_request_is_read_when_it_says_the_least() -> None:
    """RFC 6749 section 4.1.1: response_type and client_id are all that is required."""
    assert ask() == PLAINEST


@pytest.mark.requirement("must-not-break N.2")
def test_empty_parameters_are_absent_when_the_sdk_sends_them() -> None:
    """protocol.md C.1: what @ringcentral/sdk sends for unset parameters."""
    names = "state brand_id display prompt ui_options ui_locales localeId scope nonce login_hint redirect_uri"
    assert ask(**dict.fromkeys([*names.split(), "code_challenge", "code_challenge_method"], "")) == PLAINEST


def test_request_is_read_when_it_says_the_most() -> None:
    """protocol.md C.1, every parameter."""
    assert ask(
        redirect_uri=REDIRECT_URI,
        state="a b&c=d#é",
        scope="ReadCallLog openid",
        display="popup",
        prompt="consent login",
        ui_locales="de-AT en",
        localeId="en_US",
        code_challenge=CHALLENGE,
        code_challenge_method="S256",
        nonce="n-0S6_WzA2Mj",
        login_hint="ada@northwind.example",
        brand_id="1210",
        ui_options="hide_logo hide_tos",
        discovery="true",
        response_hint="remember_me",
        force="true",
        max_age="3600",
        acr_values="urn:mace:incommon:iap:silver",
        claims='{"id_token": {"acr": {"essential": true}}}',
        claims_locales="fr",
    ) == PLAINEST._replace(
        redirect_uri_sent=True,
        state="a b&c=d#é",
        scope=("ReadCallLog", "openid"),
        display="popup",
        prompt=frozenset({"consent", "login"}),
        ui_locales="de-AT en",
        code_challenge=CHALLENGE,
        challenge_plain=False,
        nonce="n-0S6_WzA2Mj",
        login_hint="ada@northwind.example",
        ui_options=("hide_logo", "hide_tos"),
        discovery=True,
        max_age_s=3600,
    )


def test_what_only_a_page_uses_is_cut_when_it_is_long_or_odd() -> None:
    """Never an error: it decides nothing."""
    read = ask(
        display="hologram", localeId="l" * 200, login_hint="h" * 300, ui_options=" ".join("abcdefghij"), discovery="1"
    )
    options = tuple("abcdefgh")
    assert read == PLAINEST._replace(ui_locales="l" * 128, login_hint="h" * 254, ui_options=options)


def test_options_may_repeat_and_nothing_else() -> None:
    """protocol.md C.1: OAU-111, except for ui_options."""
    form = read_form([("ui_options", "a"), ("ui_options", "b"), ("state", "x")])
    assert isinstance(form, Form)
    assert form.get("ui_options") == "a b"
    twice = read_form([("state", "x"), ("state", "x")])
    assert twice == Denied(fault=faults.PARAMETER_DUPLICATED, values=(("parameter", "state"),))


MODE = authorize_faults.RESPONSE_MODE_UNSUPPORTED

SHOWN: list[tuple[Client | None, dict[str, str], Fault]] = [
    (WEB, {"client_id": ""}, faults.PARAMETER_MISSING),
    (None, {}, faults.CLIENT_UNKNOWN),
    (WEB._replace(status=ClientStatus.BLOCKED), {}, faults.CLIENT_BLOCKED),
    (WEB, {"brand_id": "1"}, faults.BRAND_INVALID),
    (WEB, {"brandId": "x"}, faults.BRAND_INVALID),
    (WEB._replace(redirect_uris=()), {}, authorize_faults.REDIRECT_URI_NONE),
    (WEB._replace(redirect_uris=()), {"redirect_uri": EVIL}, authorize_faults.REDIRECT_URI_NONE),
    (WEB, {"redirect_uri": EVIL}, authorize_faults.REDIRECT_URI_UNREGISTERED),
    (NATIVE, {"redirect_uri": "http://[::1"}, authorize_faults.REDIRECT_URI_UNREGISTERED),
    (TWO_URIS, {}, authorize_faults.REDIRECT_URI_UNREGISTERED),
]

REDIRECTED: list[tuple[Client, dict[str, str], Fault]] = [
    (WEB, {"state": "s" * 4097}, faults.PARAMETER_INVALID),
    (WEB, {"nonce": "n" * 513}, faults.PARAMETER_INVALID),
    (WEB, {"response_type": ""}, faults.PARAMETER_MISSING),
    (WEB, {"response_type": "id_token"}, authorize_faults.RESPONSE_TYPE_UNSUPPORTED),
    (WEB, {"response_type": "code token"}, authorize_faults.RESPONSE_TYPE_UNSUPPORTED),
    (WEB, {"response_type": "token"}, authorize_faults.IMPLICIT_DISABLED),
    (WEB._replace(grants=frozenset({GrantType.IMPLICIT})), {}, authorize_faults.GRANT_NOT_ALLOWED_HERE),
    (WEB, {"request": "x.y.z"}, authorize_faults.REQUEST_OBJECT_UNSUPPORTED),
    (WEB, {"request_uri": "https://x"}, authorize_faults.REQUEST_OBJECT_UNSUPPORTED),
    (WEB, {"prompt": "none login"}, faults.PARAMETER_INVALID),
    (WEB, {"prompt": "Login"}, faults.PARAMETER_INVALID),
    (WEB, {"prompt": "select_account"}, faults.PARAMETER_INVALID),
    (WEB, {"scope": "Nothing"}, grant_faults.SCOPE_INVALID),
    *(
        (WEB, {"max_age": age}, faults.PARAMETER_INVALID)
        for age in ("-1", "1.5", "1h", "\u0661", "0x1", " 1", "1" * 11)
    ),
    *((WEB, {"response_mode": mode}, MODE) for mode in ("form_post", "query.jwt", "web_message", "Query", "x")),
    (IMPLICIT, {"response_type": "token", "response_mode": "query"}, MODE),
    # PKCE (ruling 12).
    (SPA, {}, authorize_faults.CHALLENGE_REQUIRED),
    (SPA, {"code_challenge": "", "code_challenge_method": "S256"}, authorize_faults.CHALLENGE_REQUIRED),
    (WEB, {"code_challenge_method": "S256"}, authorize_faults.CHALLENGE_REQUIRED),
    (WEB, {"code_challenge": CHALLENGE}, authorize_faults.CHALLENGE_METHOD),
    (WEB, {"code_challenge": CHALLENGE, "code_challenge_method": "plain"}, authorize_faults.CHALLENGE_METHOD),
    (PLAIN, {"code_challenge": CHALLENGE, "code_challenge_method": "s256"}, authorize_faults.CHALLENGE_METHOD),
    (WEB, {"code_challenge": "short", "code_challenge_method": "S256"}, authorize_faults.CHALLENGE_INVALID),
    (PLAIN, {"code_challenge": "x" * 129}, authorize_faults.CHALLENGE_INVALID),
]


@pytest.mark.requirement("ruling 14")
@pytest.mark.requirement("RFC 6749 section 4.1.2.1")
@pytest.mark.parametrize(("client", "values", "fault"), SHOWN)
def test_fault_is_shown_when_client_and_address_are_not_known_to_belong_together(
    client: Client | None, values: dict[str, str], fault: Fault
) -> None:
    """RFC 6749 section 4.1.2.1: must not redirect to an invalid redirection URI; protocol.md C.4, ruling 14."""
    shown = ask(client, **values)
    assert isinstance(shown, Denied)
    assert shown.fault is fault
    assert explained(shown)


@pytest.mark.requirement("ruling 12")
@pytest.mark.requirement("RFC 6749 section 4.1.2.1")
@pytest.mark.requirement("RFC 7636 section 4.4.1")
@pytest.mark.requirement("RFC 9700 section 2.1.1")
@pytest.mark.parametrize(("client", "values", "fault"), REDIRECTED)
def test_fault_is_redirected_when_only_the_rest_is_wrong(client: Client, values: dict[str, str], fault: Fault) -> None:
    """RFC 6749 section 4.1.2.1: the app is told, with its state; S256 or, by the switch, plain (ruling 12)."""
    told = ask(client, **{"state": "xyz"} | values)
    assert isinstance(told, RedirectFault)
    assert told.fault is fault
    assert told.request.redirect_uri == REDIRECT_URI
    assert told.request.state == values.get("state", "xyz")
    assert explained(told)


@pytest.mark.requirement("RFC 9700 section 2.1")
@pytest.mark.parametrize(("client", "values", "_fault"), REDIRECTED)
def test_nothing_is_redirected_when_the_address_is_an_attackers(
    client: Client, values: dict[str, str], _fault: Fault
) -> None:
    """Assurance S2: every error condition with a foreign redirect_uri is shown."""
    shown = ask(client, **values, redirect_uri=EVIL)
    assert isinstance(shown, Denied)
    assert shown.fault is authorize_faults.REDIRECT_URI_UNREGISTERED


@pytest.mark.requirement("ruling 12")
@pytest.mark.parametrize(
    ("client", "values"),
    [
        (WEB, {}),
        (SPA, {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}),
        (PLAIN, {"code_challenge": VERIFIER}),
        (PLAIN, {"code_challenge": VERIFIER, "code_challenge_method": "plain"}),
        (IMPLICIT, {"response_type": "token"}),
        (IMPLICIT, {"response_type": "token", "code_challenge": "?"}),
        *((WEB, {"prompt": prompt}) for prompt in ("none", "login", "sso", "consent", "login sso consent", " ")),
        *((WEB, {"brand_id": brand}) for brand in sorted(BRANDS)),
    ],
)
def test_request_is_accepted_when_the_app_may_ask_so(client: Client, values: dict[str, str]) -> None:
    """Ruling 12: PKCE optional for confidential apps; implicit only where its switch is on."""
    assert isinstance(ask(client, **values), AuthorizeRequest)


@pytest.mark.parametrize(
    ("client", "values", "in_fragment"),
    [
        (WEB, {}, False),
        (WEB, {"response_mode": ""}, False),
        (WEB, {"response_mode": "query"}, False),
        (WEB, {"response_mode": "fragment"}, True),
        (IMPLICIT, {"response_type": "token"}, True),
        (IMPLICIT, {"response_type": "token", "response_mode": "fragment"}, True),
    ],
)
def test_answer_goes_back_as_the_app_asked(client: Client, values: dict[str, str], *, in_fragment: bool) -> None:
    """OAuth 2.0 Multiple Response Type Encoding Practices section 2.1; a token is never in a query."""
    read = ask(client, **values)
    assert isinstance(read, AuthorizeRequest)
    assert read.in_fragment is in_fragment
    told = ask(client, **values | {"prompt": "odd"})
    assert isinstance(told, RedirectFault)
    assert told.request.in_fragment is in_fragment


@pytest.mark.requirement("OpenID Connect Core section 3.1.2.1")
@pytest.mark.parametrize(("hint", "holds"), [(MINE, True), (MINE_OF_SPA, False), (None, False)])
def test_hint_holds_when_it_is_an_id_token_of_this_app(hint: IdTokenHint | None, *, holds: bool) -> None:
    """Another app's would tell this one who is signed in; one that nobody can check says nothing."""
    refused = check_hint(PLAINEST, hint)
    if holds:
        assert refused is None
    else:
        assert refused is not None
        assert refused.fault is authorize_faults.HINT_INVALID
        assert explained(refused)


def test_method_is_plain_when_none_is_sent() -> None:
    """RFC 7636 section 4.3."""
    read = ask(PLAIN, code_challenge=VERIFIER)
    assert isinstance(read, AuthorizeRequest)
    assert read.challenge_plain


@pytest.mark.parametrize(
    ("client", "answer"),
    [
        (WEB, None),
        (WEB._replace(scopes=("SMS",), version=2), None),
        (WEB._replace(status=ClientStatus.BLOCKED), faults.CLIENT_BLOCKED),
        (WEB._replace(redirect_uris=(EVIL,)), authorize_faults.REDIRECT_URI_UNREGISTERED),
        (WEB._replace(redirect_uris=()), authorize_faults.REDIRECT_URI_UNREGISTERED),
    ],
)
def test_request_under_way_is_stopped_when_the_app_lost_what_it_stands_on(client: Client, answer: Fault | None) -> None:
    """architecture.md: the judgement runs again inside the writing transaction, which settles every race."""
    stopped = still_stands(PLAINEST, client)
    assert (stopped and stopped.fault) is answer
    assert not isinstance(stopped, RedirectFault)


def test_request_under_way_is_sent_back_when_the_app_lost_the_grant() -> None:
    """The address is still the app's own, so it is told."""
    lost = still_stands(PLAINEST, WEB._replace(grants=frozenset()))
    assert isinstance(lost, RedirectFault)
    assert lost.fault is authorize_faults.GRANT_NOT_ALLOWED_HERE
    assert lost == replace(lost, request=PLAINEST)


@given(forms, clients)
def test_answer_is_a_request_or_a_fault_whatever_is_sent(form: Form, client: Client) -> None:
    """No input makes an exception; whatever leaves by redirect goes to a registered address."""
    answer = read_request(form, client)
    if isinstance(answer, Denied):
        assert explained(answer)
        return
    request = answer.request if isinstance(answer, RedirectFault) else answer
    assert isinstance(answer, AuthorizeRequest) or explained(answer)
    assert request.redirect_uri in client.redirect_uris or request.redirect_uri == "http://127.0.0.1:1/cb"
