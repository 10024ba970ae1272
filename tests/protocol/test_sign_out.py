"""Signing out judged: who is believed, who is asked, and where the browser may go."""

import pytest

from callgate.model import authorize_faults, faults
from callgate.model.changes import SignInEnded
from callgate.model.client import ClientStatus
from callgate.model.decisions import Denied, Done
from callgate.model.evidence import IdTokenHint
from callgate.model.facts import AuthorizeFacts
from callgate.model.faults import Fault
from callgate.model.ids import ClientId, ExtensionId
from callgate.model.sign_out import AskSignOut, SignedOut, SignOutDecision, SignOutRequest
from callgate.protocol.sign_out import Leaving, decide, end_sign_in, named_app, read_request
from tests.factories import ACCOUNT, AGENT, AUTHORIZE_FACTS, NOW_MS, OTHER_SECRET, SECRET, SIGN_IN, SPA, WEB, form

GOODBYE = "https://app.example/goodbye"
CLIENT = WEB._replace(post_logout_redirect_uris=(GOODBYE, "com.example.app:/bye"))
FACTS = AUTHORIZE_FACTS._replace(client=CLIENT)
NOBODY = FACTS._replace(sign_in=None, account=None, extension=None, role=None)
NO_APP = FACTS._replace(client=None)
ALONE = SignOutRequest(None, None, None, "")
REQUEST = SignOutRequest(WEB.id, GOODBYE, "xyz", "de")
MINE = IdTokenHint(AGENT.id, WEB.id)
BROWSER = Leaving(SECRET)
ENDED = (SignInEnded(SIGN_IN, str(AGENT.id)),)


def judge(
    request: SignOutRequest = REQUEST, *, leaving: Leaving = BROWSER, facts: AuthorizeFacts = FACTS
) -> SignOutDecision:
    """The judgement at the tests' moment."""
    return decide(request, leaving=leaving, facts=facts)


@pytest.mark.requirement("OpenID Connect RP-Initiated Logout section 2")
def test_request_is_read_from_a_form() -> None:
    """Empty is absent, as everywhere; logout_hint is ignored."""
    read = read_request(
        form(client_id=WEB.id, post_logout_redirect_uri=GOODBYE, state="xyz", ui_locales="de", logout_hint="ada")
    )
    assert read == REQUEST
    assert read_request(form(client_id="", state="")) == ALONE
    long = read_request(form(state="s" * 4097))
    assert isinstance(long, Denied)
    assert long.fault is faults.PARAMETER_INVALID


def test_app_is_named_by_itself_or_by_its_id_token() -> None:
    """Either will do; what contradicts itself is refused below."""
    assert named_app(REQUEST, None) == named_app(ALONE, MINE) == WEB.id
    assert named_app(ALONE, None) is None


@pytest.mark.requirement("OpenID Connect RP-Initiated Logout section 2")
@pytest.mark.parametrize(
    ("request_", "facts"),
    [
        (REQUEST, FACTS),
        (REQUEST._replace(client_id=None), FACTS),
        (REQUEST._replace(redirect_uri=None, state=None), FACTS),
    ],
)
def test_person_is_signed_out_at_once_when_the_id_token_is_theirs(
    request_: SignOutRequest, facts: AuthorizeFacts
) -> None:
    """The app shows that it signed this very person in."""
    decision = judge(request_, leaving=BROWSER._replace(hint=MINE), facts=facts)
    assert decision == SignedOut(redirect_uri=request_.redirect_uri, state=request_.state, changes=ENDED)


@pytest.mark.requirement("OpenID Connect RP-Initiated Logout section 2")
@pytest.mark.parametrize("hint", [None, MINE, IdTokenHint(ExtensionId(1), WEB.id)])
def test_person_is_asked_unless_the_id_token_is_theirs(hint: IdTokenHint | None) -> None:
    """Otherwise any page on the web could sign people out."""
    for leaving in (Leaving(SECRET, hint), Leaving(SECRET, hint, ExtensionId(1))):
        decision = judge(leaving=leaving)
        asked = AskSignOut(request=REQUEST, client=CLIENT, account=ACCOUNT, extension=AGENT)
        assert (decision == asked) is (hint is not MINE)
    unnamed = judge(REQUEST._replace(client_id=None), leaving=Leaving(SECRET, IdTokenHint(ExtensionId(1), WEB.id)))
    assert unnamed == AskSignOut(request=REQUEST, client=CLIENT, account=ACCOUNT, extension=AGENT)
    alone = judge(ALONE, facts=NO_APP)
    assert alone == AskSignOut(request=ALONE, client=None, account=ACCOUNT, extension=AGENT)


def test_person_is_signed_out_when_they_said_yes() -> None:
    """A yes of the very person the page asked."""
    decision = judge(leaving=BROWSER._replace(agreed=AGENT.id))
    assert decision == SignedOut(redirect_uri=GOODBYE, state="xyz", changes=ENDED)


@pytest.mark.requirement("OpenID Connect RP-Initiated Logout section 4")
@pytest.mark.parametrize(
    ("leaving", "facts"),
    [
        (Leaving(None), NOBODY),
        (BROWSER, NOBODY),
        (Leaving(OTHER_SECRET), FACTS),
        (Leaving(None, IdTokenHint(ExtensionId(1), WEB.id)), NOBODY),
    ],
)
def test_nobody_is_asked_when_nobody_is_signed_in(leaving: Leaving, facts: AuthorizeFacts) -> None:
    """Section 4: it is no error to sign out whoever is not signed in."""
    assert judge(leaving=leaving, facts=facts) == SignedOut(redirect_uri=GOODBYE, state="xyz")


def test_sign_in_that_is_over_by_time_is_taken_away_too() -> None:
    """The row goes with its cookie."""
    late = SIGN_IN._replace(expires_ms=NOW_MS)
    decision = judge(facts=FACTS._replace(sign_in=late))
    assert decision == SignedOut(redirect_uri=GOODBYE, state="xyz", changes=(SignInEnded(late, str(AGENT.id)),))


@pytest.mark.requirement("OpenID Connect RP-Initiated Logout section 3")
@pytest.mark.requirement("OpenID Connect RP-Initiated Logout section 4")
@pytest.mark.parametrize(
    ("request_", "hint", "facts", "fault"),
    [
        (
            REQUEST._replace(redirect_uri=uri),
            MINE,
            FACTS,
            authorize_faults.POST_LOGOUT_URI_UNREGISTERED,
        )
        for uri in (
            f"{GOODBYE}/",
            f"{GOODBYE}?x=1",
            f"{GOODBYE}#x",
            GOODBYE.upper(),
            "https://evil.example/",
            "//evil.example",
            "javascript:alert(1)",
            WEB.redirect_uris[0],
        )
    ]
    + [
        (REQUEST._replace(client_id=None), None, NO_APP, authorize_faults.SIGN_OUT_APP_UNNAMED),
        (REQUEST._replace(client_id=SPA.id), MINE, FACTS, authorize_faults.HINT_OF_OTHER_APP),
        (REQUEST._replace(client_id=ClientId("none")), None, NO_APP, faults.CLIENT_UNKNOWN),
        (
            REQUEST,
            MINE,
            FACTS._replace(client=CLIENT._replace(status=ClientStatus.BLOCKED)),
            faults.CLIENT_BLOCKED,
        ),
    ],
)
def test_browser_goes_nowhere_when_the_address_is_not_the_named_apps(
    request_: SignOutRequest, hint: IdTokenHint | None, facts: AuthorizeFacts, fault: Fault
) -> None:
    """Exact strings, of an app that is named and works; the person may sign out all the same, and stays here."""
    for agreed in (None, AGENT.id):
        asked = judge(request_, leaving=Leaving(SECRET, hint, agreed), facts=facts)
        assert isinstance(asked, AskSignOut)
        assert asked.denied is not None
        assert asked.denied.fault is fault
        assert asked.request == SignOutRequest(None, None, None, "de")
        assert asked.client is None
    nobody = judge(request_, leaving=Leaving(None, hint), facts=facts._replace(sign_in=None))
    assert isinstance(nobody, Denied)
    assert nobody.fault is fault


@pytest.mark.parametrize("sign_in", [SIGN_IN, SIGN_IN._replace(expires_ms=NOW_MS)])
def test_sign_in_ends_when_its_cookie_is_there(sign_in: object) -> None:
    """Lived it still or not: what is over already may end once more, what lives must."""
    facts = AUTHORIZE_FACTS._replace(sign_in=sign_in)  # type: ignore[arg-type] # rows of one table
    assert end_sign_in(SECRET, facts) == Done((SignInEnded(sign_in, str(AGENT.id)),))  # type: ignore[arg-type] # likewise


def test_nothing_ends_when_the_cookie_opens_nothing() -> None:
    """Whoever knows a row's number alone signs nobody out."""
    assert end_sign_in(OTHER_SECRET, AUTHORIZE_FACTS) == Done()
    assert end_sign_in(SECRET, AUTHORIZE_FACTS._replace(sign_in=None)) == Done()


def test_repr_tells_no_secret() -> None:
    """Reprs end up in logs."""
    assert repr(SECRET) not in repr(BROWSER)
