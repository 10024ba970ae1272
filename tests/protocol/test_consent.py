from dataclasses import replace

import pytest

from callgate.model import authorize_faults, faults, grant_faults
from callgate.model.account import ExtensionStatus
from callgate.model.changes import ConsentGiven, SessionEnded, SessionOpened
from callgate.model.client import AppKind, Client, ClientStatus, GrantType, Switch
from callgate.model.connection import SsoPolicy
from callgate.model.consent import Consent
from callgate.model.decisions import (
    AskConsent,
    AskOther,
    AskSignIn,
    AuthorizeDecision,
    AuthorizeRequest,
    Denied,
    IssueCode,
    IssueImplicit,
    RedirectFault,
    TokenTimes,
)
from callgate.model.factor import Factor
from callgate.model.facts import AuthorizeFacts
from callgate.model.faults import Fault
from callgate.model.ids import RowId
from callgate.model.session import PENDING_SLOT_FIRST, CredentialKind, EndReason, Session, SessionState
from callgate.protocol.consent import Visit, decide
from tests.factories import (
    ACCOUNT,
    ACTIVE,
    AGENT,
    AUTHORIZE_FACTS,
    AUTHORIZE_REQUEST,
    CHALLENGE,
    CONSENT,
    FOREIGN,
    FRESH,
    FRESH_SECRET,
    MOMENT,
    NOW_MS,
    OPENED_MS,
    OTHER_SECRET,
    PENDING,
    QUEUE,
    REDIRECT_URI,
    ROLE,
    SAML,
    SECOND_MS,
    SECRET,
    SIGN_IN,
    SPA,
    WEB,
    seated,
)

VISIT = Visit(SECRET, began_ms=NOW_MS - SECOND_MS)
STRANGER = Visit(None, began_ms=NOW_MS - SECOND_MS)
YES = VISIT._replace(agreed=True)
AGREED_TO_NOTHING = AUTHORIZE_FACTS._replace(consent=None)
IMPLICIT = SPA._replace(grants=SPA.grants | {GrantType.IMPLICIT})

CODE = PENDING._replace(
    id=FRESH.row_id,
    secret_sha256=FRESH.secret_sha256,
    key_number=FRESH.key_number,
    opened_ms=NOW_MS,
    first_issued_ms=NOW_MS,
    issued_ms=NOW_MS,
    endpoint_id=FRESH.endpoint_id,
    signed_in_ms=OPENED_MS,
)
"""The code that AUTHORIZE_REQUEST gets at NOW_MS."""


def judge(
    request: AuthorizeRequest = AUTHORIZE_REQUEST, *, visit: Visit = VISIT, facts: AuthorizeFacts = AUTHORIZE_FACTS
) -> AuthorizeDecision:
    """The judgement at the tests' moment."""
    return decide(request, visit=visit, moment=MOMENT, facts=facts)


def prompted(*prompt: str) -> AuthorizeRequest:
    """The request with this prompt."""
    return AUTHORIZE_REQUEST._replace(prompt=frozenset(prompt))


def issued(session: Session = CODE, request: AuthorizeRequest = AUTHORIZE_REQUEST) -> IssueCode:
    """A code with nothing to be said besides."""
    return IssueCode(
        request=request,
        session=session,
        secret=FRESH_SECRET,
        expires_in_s=60,
        changes=(SessionOpened(session),),
    )


def asked(request: AuthorizeRequest = AUTHORIZE_REQUEST, client: Client = WEB) -> AskConsent:
    """The consent page."""
    return AskConsent(request=request, client=client, owner_name=ACCOUNT.name, account=ACCOUNT, extension=AGENT)


def test_code_names_the_provider_when_the_person_came_by_one() -> None:
    """Its session ends with the provider's trust, not with a password that was not used."""
    arrived = SIGN_IN._replace(connection_id=SAML.id, trust_version=4)
    facts = AUTHORIZE_FACTS._replace(
        account=ACCOUNT._replace(sso_policy=SsoPolicy.ENFORCED), sign_in=arrived, trust_version=4
    )
    code = CODE._replace(credential_kind=CredentialKind.CONNECTION, credential_id=SAML.id, credential_version=4)
    assert judge(facts=facts) == issued(code)


def test_code_names_the_second_factor_when_the_person_proved_one() -> None:
    """What it opens stands although a password alone would not; a sign-in without one does not count."""
    armed = AUTHORIZE_FACTS._replace(extension=AGENT._replace(has_factor=True))
    by_code = armed._replace(sign_in=SIGN_IN._replace(factor=Factor.CODE))
    assert judge(facts=by_code) == issued(CODE._replace(credential_kind=CredentialKind.PASSWORD_AND_CODE))
    assert judge(facts=armed) == AskSignIn(request=AUTHORIZE_REQUEST, client=WEB)


@pytest.mark.requirement("ruling 13")
def test_code_is_issued_when_the_person_is_signed_in_and_agreed_before() -> None:
    """Ruling 13: a later request for what was agreed skips the page."""
    assert judge() == issued()


def test_code_is_issued_and_the_yes_kept_when_the_person_agrees() -> None:
    """Consent widens what was agreed before, and is saved with the code."""
    before = replace_consent(frozenset({"SMS"}))
    given = Consent(ACCOUNT.id, AGENT.id, WEB.id, frozenset({"SMS", "ReadAccounts", "ReadCallLog"}), NOW_MS)
    decision = judge(visit=YES, facts=AUTHORIZE_FACTS._replace(consent=before))
    assert decision == replace(issued(), changes=(ConsentGiven(given), SessionOpened(CODE)))
    first = given._replace(scopes=frozenset(WEB.scopes))
    decision = judge(visit=YES, facts=AGREED_TO_NOTHING)
    assert decision == replace(issued(), changes=(ConsentGiven(first), SessionOpened(CODE)))


def test_code_remembers_what_the_token_request_must_agree_with() -> None:
    """RFC 6749 section 4.1.3, RFC 7636 section 4.4: bound to redirect URI and challenge; the nonce for the ID token."""
    request = AUTHORIZE_REQUEST._replace(
        redirect_uri_sent=False, code_challenge=None, nonce="n", scope=("ReadCallLog", "openid")
    )
    facts = AUTHORIZE_FACTS._replace(consent=replace_consent(frozenset({"ReadCallLog", "openid"})))
    bound = CODE._replace(redirect_uri_sent=False, code_challenge=None, nonce="n", scope="ReadCallLog openid")
    assert judge(request, facts=facts) == issued(bound, request)


@pytest.mark.parametrize(("switches", "plain"), [(frozenset({Switch.PKCE_PLAIN}), True), (frozenset[Switch](), False)])
def test_challenge_stays_plain_only_when_the_switch_is_still_on(switches: frozenset[Switch], *, plain: bool) -> None:
    """Without the switch a plain challenge is read as a hash, which no verifier has."""
    request = AUTHORIZE_REQUEST._replace(challenge_plain=True)
    facts = AUTHORIZE_FACTS._replace(client=WEB._replace(switches=switches))
    assert judge(request, facts=facts) == issued(CODE._replace(challenge_plain=plain), request)


def test_code_promises_no_refresh_token_when_the_app_issues_none() -> None:
    """protocol.md A.1."""
    facts = AUTHORIZE_FACTS._replace(client=WEB._replace(issues_refresh_tokens=False))
    assert judge(facts=facts) == issued(CODE._replace(refresh_ttl_s=0))


def test_sixth_code_ends_the_oldest() -> None:
    """architecture.md: at most 5 pending per (client, extension)."""
    codes = [
        PENDING._replace(id=RowId(n), slot=PENDING_SLOT_FIRST + n, opened_ms=PENDING.opened_ms + n) for n in range(5)
    ]
    decision = judge(facts=AUTHORIZE_FACTS._replace(seat=seated(*codes)))
    ended = SessionEnded(codes[0], EndReason.REPLACED, NOW_MS, WEB.id)
    assert decision == replace(issued(), changes=(ended, SessionOpened(CODE)))


@pytest.mark.parametrize(
    ("visit", "facts"),
    [
        (STRANGER, AUTHORIZE_FACTS._replace(sign_in=None, account=None, extension=None, role=None)),
        (STRANGER, AUTHORIZE_FACTS),
        (VISIT._replace(sign_in_secret=OTHER_SECRET), AUTHORIZE_FACTS),
        (VISIT, AUTHORIZE_FACTS._replace(sign_in=SIGN_IN._replace(expires_ms=NOW_MS))),
        (VISIT, AUTHORIZE_FACTS._replace(extension=AGENT._replace(password_version=4))),
        (VISIT, AUTHORIZE_FACTS._replace(extension=None)),
        (YES, AUTHORIZE_FACTS._replace(sign_in=None)),
    ],
)
def test_person_must_sign_in_when_no_sign_in_lives(visit: Visit, facts: AuthorizeFacts) -> None:
    """A yes without a living sign-in is nobody's."""
    assert judge(visit=visit, facts=facts) == AskSignIn(request=AUTHORIZE_REQUEST, client=WEB)
    silent = prompted("none")
    told = RedirectFault(request=silent, fault=authorize_faults.LOGIN_REQUIRED)
    assert judge(silent, visit=visit, facts=facts) == told


@pytest.mark.parametrize("prompt", ["login", "sso"])
def test_person_must_sign_in_anew_when_the_prompt_asks_for_it(prompt: str) -> None:
    """OpenID Connect Core section 3.1.2.1: re-authenticate, once per request."""
    request = prompted(prompt)
    assert judge(request) == AskSignIn(request=request, client=WEB)
    just_now = AUTHORIZE_FACTS._replace(sign_in=SIGN_IN._replace(signed_in_ms=VISIT.began_ms))
    assert judge(request, facts=just_now) == issued(CODE._replace(signed_in_ms=VISIT.began_ms), request)


AGE_S = (NOW_MS - SIGN_IN.signed_in_ms) // 1000
ANEW = VISIT._replace(began_ms=SIGN_IN.signed_in_ms)


@pytest.mark.requirement("OpenID Connect Core section 3.1.2.1")
@pytest.mark.parametrize(("max_age_s", "asked_anew"), [(0, True), (AGE_S, True), (AGE_S + 1, False), (10**10, False)])
def test_person_must_sign_in_anew_when_the_sign_in_is_older_than_the_app_allows(
    max_age_s: int, *, asked_anew: bool
) -> None:
    """max_age: once for a request, however long the pages stay open; where no page may be shown the app is told."""
    request = AUTHORIZE_REQUEST._replace(max_age_s=max_age_s)
    assert judge(request) == (AskSignIn(request=request, client=WEB) if asked_anew else issued(request=request))
    silent = request._replace(prompt=frozenset({"none"}))
    told = RedirectFault(request=silent, fault=authorize_faults.LOGIN_REQUIRED)
    assert judge(silent) == (told if asked_anew else issued(request=silent))
    assert judge(request, visit=ANEW) == issued(request=request)


@pytest.mark.requirement("OpenID Connect Core section 3.1.2.1")
def test_code_is_for_the_person_the_app_means() -> None:
    """id_token_hint: the person it is about goes on; anybody else is asked to sign in, and told about afterwards."""
    assert judge(visit=VISIT._replace(hinted=AGENT.id)) == issued()
    other = VISIT._replace(hinted=QUEUE.id)
    assert judge(visit=other) == AskSignIn(request=AUTHORIZE_REQUEST, client=WEB)
    silent = prompted("none")
    login_required = RedirectFault(request=silent, fault=authorize_faults.LOGIN_REQUIRED)
    assert judge(silent, visit=other) == login_required
    still_other = ANEW._replace(hinted=QUEUE.id)
    assert judge(visit=still_other) == RedirectFault(request=AUTHORIZE_REQUEST, fault=authorize_faults.OTHER_PERSON)


def replace_consent(scopes: frozenset[str]) -> Consent:
    """A former yes to these."""
    return CONSENT._replace(scopes=scopes)


CLAIMED = SPA
UNCLAIMED = SPA._replace(kind=AppKind.DESKTOP_MAC, redirect_uris=("com.example.app:/cb",))


@pytest.mark.requirement("ruling 13")
@pytest.mark.requirement("RFC 8252 section 8.6")
@pytest.mark.parametrize(
    ("client", "scopes", "prompt", "skipped"),
    [
        (WEB, frozenset({"ReadAccounts", "ReadCallLog", "SMS"}), "", True),
        (WEB, frozenset({"EditAccounts", "ReadCallLog"}), "", True),  # ReadAccounts is included
        (WEB, frozenset({"ReadAccounts"}), "", False),
        (WEB, frozenset[str](), "", False),
        (WEB, frozenset(WEB.scopes), "consent", False),
        (CLAIMED, frozenset(WEB.scopes), "", True),
        (UNCLAIMED, frozenset(WEB.scopes), "", False),
    ],
)
def test_page_is_skipped_when_the_same_was_agreed_and_nobody_can_stand_in_for_the_app(
    client: Client, scopes: frozenset[str], prompt: str, *, skipped: bool
) -> None:
    """Ruling 13, RFC 8252 section 8.6: confidential apps and claimed https redirects only; prompt=consent asks."""
    request = AUTHORIZE_REQUEST._replace(
        client_id=client.id, redirect_uri=client.redirect_uris[0], prompt=frozenset(prompt.split())
    )
    facts = AUTHORIZE_FACTS._replace(client=client, consent=replace_consent(scopes))
    decision = judge(request, facts=facts)
    assert isinstance(decision, IssueCode) if skipped else decision == asked(request, client)


@pytest.mark.requirement("ruling 13")
def test_person_must_agree_when_they_never_did() -> None:
    """Ruling 13: asked once for every app; with prompt=none the app is told."""
    assert judge(facts=AGREED_TO_NOTHING) == asked()
    silent = prompted("none")
    told = RedirectFault(request=silent, fault=authorize_faults.CONSENT_REQUIRED)
    assert judge(silent, facts=AGREED_TO_NOTHING) == told
    assert judge(silent) == issued(request=silent)


@pytest.mark.parametrize(
    ("facts", "fault"),
    [
        (AUTHORIZE_FACTS._replace(extension=AGENT._replace(status=ExtensionStatus.FROZEN)), grant_faults.SIGN_IN_STATE),
        (AUTHORIZE_FACTS._replace(extension=QUEUE), grant_faults.SIGN_IN_QUEUE),
        (
            AUTHORIZE_FACTS._replace(client=FOREIGN, role=ROLE._replace(permissions=frozenset())),
            grant_faults.THIRD_PARTY_ACCESS,
        ),
        (AUTHORIZE_FACTS._replace(client=FOREIGN._replace(private=True)), grant_faults.APP_PRIVATE),
    ],
)
def test_person_is_refused_when_person_or_app_may_not(facts: AuthorizeFacts, fault: Fault) -> None:
    """protocol.md B: shown to the person with a way out, even after a yes; told to the app where no page may be."""
    for visit in (VISIT, YES):
        shown = judge(visit=visit, facts=facts)
        assert isinstance(shown, AskOther)
        assert (shown.extension, shown.account, shown.client) == (facts.extension, facts.account, facts.client)
        assert shown.denied.fault is fault
    silent = prompted("none")
    told = judge(silent, facts=facts)
    assert isinstance(told, RedirectFault)
    assert told.fault is authorize_faults.ACCESS_DENIED
    assert told.why


def test_request_is_stopped_when_the_app_changed_while_a_page_was_open() -> None:
    """The same judgement runs inside the writing transaction; a yes does not outlive what it was said to."""
    blocked = judge(visit=YES, facts=AUTHORIZE_FACTS._replace(client=WEB._replace(status=ClientStatus.BLOCKED)))
    assert isinstance(blocked, Denied)
    assert blocked.fault is faults.CLIENT_BLOCKED
    gone = judge(visit=YES, facts=AUTHORIZE_FACTS._replace(client=None))
    assert isinstance(gone, Denied)
    assert gone.fault is faults.CLIENT_UNKNOWN
    lost = judge(visit=YES, facts=AUTHORIZE_FACTS._replace(client=WEB._replace(grants=frozenset())))
    assert isinstance(lost, RedirectFault)
    assert lost.fault is authorize_faults.GRANT_NOT_ALLOWED_HERE


@pytest.mark.requirement("RFC 6749 section 4.2.2")
def test_access_token_is_issued_at_once_when_the_flow_is_implicit() -> None:
    """RFC 6749 section 4.2.2: never a refresh token. It takes a seat like any other session of a person."""
    request = AUTHORIZE_REQUEST._replace(client_id=IMPLICIT.id, response_type="token", code_challenge=None, nonce="n")
    seat = [ACTIVE._replace(id=RowId(slot), slot=slot, endpoint_id=f"e{slot}") for slot in range(5)]
    facts = AUTHORIZE_FACTS._replace(client=IMPLICIT, seat=seated(*seat))
    session = ACTIVE._replace(
        id=FRESH.row_id,
        client_id=IMPLICIT.id,
        secret_sha256=FRESH.secret_sha256,
        key_number=FRESH.key_number,
        opened_ms=NOW_MS,
        first_issued_ms=NOW_MS,
        issued_ms=NOW_MS,
        refresh_ttl_s=0,
        endpoint_id=FRESH.endpoint_id,
        sign_in_id=SIGN_IN.id,
        signed_in_ms=SIGN_IN.signed_in_ms,
    )
    evicted = SessionEnded(seat[0], EndReason.EVICTED, NOW_MS, IMPLICIT.id)
    assert judge(request, facts=facts) == IssueImplicit(
        request=request,
        session=session,
        secret=FRESH_SECRET,
        times=TokenTimes(3600, None, None, None, None),
        changes=(evicted, SessionOpened(session)),
    )


def test_repr_tells_no_secret() -> None:
    """Reprs end up in logs."""
    assert "secret" not in repr(VISIT)
    assert repr(FRESH_SECRET) not in repr(judge())


def test_code_is_bound_to_the_request_it_answers() -> None:
    """What the factories say is what the row says."""
    assert (CODE.redirect_uri, CODE.code_challenge, CODE.state) == (REDIRECT_URI, CHALLENGE, SessionState.PENDING)
