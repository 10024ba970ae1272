"""A checked authorize request's outcome: sign in, agree, or get the code (protocol.md C.2, C.3; ruling 13)."""

from typing import NamedTuple

from callgate.model import authorize_faults
from callgate.model.changes import ConsentGiven, SessionOpened
from callgate.model.client import Client, Switch
from callgate.model.consent import Consent, SignIn
from callgate.model.decisions import (
    AnswerDevice,
    AskConsent,
    AskOther,
    AskSignIn,
    AuthorizeDecision,
    AuthorizeRequest,
    Denied,
    IssueCode,
    IssueImplicit,
    RedirectFault,
)
from callgate.model.factor import Factor
from callgate.model.facts import AuthorizeFacts
from callgate.model.ids import ExtensionId
from callgate.model.moment import Moment
from callgate.model.policy import CODE_TTL_S
from callgate.model.scope import covers
from callgate.model.session import CredentialKind
from callgate.protocol import device
from callgate.protocol.authorize import still_stands
from callgate.protocol.client_auth import unknown
from callgate.protocol.guards import may_serve, may_sign_in
from callgate.protocol.opening import Asked, Browser, Credential, Terms, new_session, pending
from callgate.protocol.redirect_uri import is_claimed_https
from callgate.protocol.seats import Row, place_live, place_pending
from callgate.protocol.sessions import Parties, holds_sign_in, parties_of, token_times

_BY_FACTOR = {
    Factor.CODE: CredentialKind.PASSWORD_AND_CODE,
    Factor.PASSKEY: CredentialKind.PASSWORD_AND_PASSKEY,
    Factor.PASSKEY_ALONE: CredentialKind.PASSKEY,
}


class Visit(NamedTuple):
    """What a browser brings: its sign-in's secret, when this authorize request first came, and the button pressed.

    `hinted` is whom the app expects, by its id_token_hint.
    """

    sign_in_secret: bytes | None
    began_ms: int
    agreed: bool = False
    hinted: ExtensionId | None = None

    def __repr__(self) -> str:
        return f"Visit(began_ms={self.began_ms}, agreed={self.agreed})"


class _SignedIn(NamedTuple):
    sign_in: SignIn
    parties: Parties


def decide(request: AuthorizeRequest, *, visit: Visit, moment: Moment, facts: AuthorizeFacts) -> AuthorizeDecision:
    """The one judgement for pages and for issuing: whoever calls it to choose a page saves nothing."""
    client = facts.client
    if client is None:
        return unknown(request.client_id)
    stopped = still_stands(request, client) or (device.still_waits(request, facts) if request.user_code else None)
    if stopped:
        return stopped
    silent = "none" in request.prompt
    signed_in = _signed_in(request, facts, visit=visit)
    if signed_in is None:
        if silent:
            return RedirectFault(request=request, fault=authorize_faults.LOGIN_REQUIRED)
        return AskSignIn(request=request, client=client)
    account, extension = signed_in.parties.account, signed_in.parties.extension
    if visit.hinted not in {None, extension.id}:
        return RedirectFault(request=request, fault=authorize_faults.OTHER_PERSON)
    refused = may_sign_in(account, extension) or may_serve(client, account, role=facts.role)
    if refused:
        if silent:
            return RedirectFault(request=request, fault=authorize_faults.ACCESS_DENIED, why=refused.why)
        return AskOther(request=request, client=client, account=account, extension=extension, denied=refused)
    if not visit.agreed and not _agreed_before(request, client, consent=facts.consent):
        if silent:
            return RedirectFault(request=request, fault=authorize_faults.CONSENT_REQUIRED)
        return AskConsent(
            request=request, client=client, owner_name=facts.owner_name, account=account, extension=extension
        )
    given = _consent(request, facts, visit=visit, parties=signed_in.parties)
    if request.user_code:
        credential = _credential(signed_in)
        return device.approve(request, facts, sign_in=signed_in.sign_in, credential=credential, given=given)
    issue = _issue_implicit if request.response_type == "token" else _issue_code
    return issue(request, facts, moment, signed_in=signed_in, given=given)


def refuse_device(request: AuthorizeRequest, *, visit: Visit, facts: AuthorizeFacts) -> AnswerDevice | Denied:
    """The person at the browser does not want a device to be let in."""
    return device.deny(request, facts, signed_in=_signed_in(request, facts, visit=visit) is not None)


def _signed_in(request: AuthorizeRequest, facts: AuthorizeFacts, *, visit: Visit) -> _SignedIn | None:
    """The browser's living sign-in, unless the request wants a newer one, or another person's."""
    sign_in, parties = facts.sign_in, parties_of(facts)
    if sign_in is None or parties is None or visit.sign_in_secret is None:
        return None
    if not holds_sign_in(visit.sign_in_secret, facts):
        return None
    if sign_in.signed_in_ms < visit.began_ms and _wants_another(request, sign_in, visit=visit, now_ms=facts.now_ms):
        return None
    return _SignedIn(sign_in, parties)


def _wants_another(request: AuthorizeRequest, sign_in: SignIn, *, visit: Visit, now_ms: int) -> bool:
    """prompt, max_age and id_token_hint; whoever signed in for this very request is taken as they are.

    OpenID Connect Core section 3.1.2.1. A max_age of 0 asks always, as prompt=login does.
    """
    if request.prompt & {"login", "sso"}:
        return True
    if request.max_age_s is not None and now_ms - sign_in.signed_in_ms >= request.max_age_s * 1000:
        return True
    return visit.hinted not in {None, sign_in.extension_id}


def _agreed_before(request: AuthorizeRequest, client: Client, *, consent: Consent | None) -> bool:
    """A former yes to at least these scopes, where nobody else can stand in for the app (RFC 8252 section 8.6).

    A device is asked about each time: another's code may have been slipped to the person (RFC 8628 section 5.4).
    """
    if consent is None or "consent" in request.prompt or request.user_code:
        return False
    if not client.confidential and not is_claimed_https(request.redirect_uri):
        return False
    return all(covers(consent.scopes, name) for name in request.scope)


def _issue_code(
    request: AuthorizeRequest,
    facts: AuthorizeFacts,
    moment: Moment,
    *,
    signed_in: _SignedIn,
    given: tuple[ConsentGiven, ...],
) -> IssueCode:
    sign_in, parties = signed_in
    placed = place_pending(_row(facts, parties))
    opened = new_session(
        parties,
        Asked(request.scope, _terms(parties.client)),
        credential=_credential(signed_in),
        slot=placed.slot,
        fresh=moment.fresh,
        now_ms=facts.now_ms,
    )
    browser = Browser(
        sign_in_id=sign_in.id,
        signed_in_ms=sign_in.signed_in_ms,
        nonce=request.nonce,
        redirect_uri=request.redirect_uri,
        redirect_uri_sent=request.redirect_uri_sent,
        code_challenge=request.code_challenge,
        challenge_plain=request.challenge_plain and Switch.PKCE_PLAIN in parties.client.switches,
    )
    session = pending(opened, browser)
    return IssueCode(
        request=request,
        session=session,
        secret=moment.fresh.secret,
        expires_in_s=CODE_TTL_S,
        changes=(*placed.changes, *given, SessionOpened(session)),
    )


def _issue_implicit(
    request: AuthorizeRequest,
    facts: AuthorizeFacts,
    moment: Moment,
    *,
    signed_in: _SignedIn,
    given: tuple[ConsentGiven, ...],
) -> IssueImplicit:
    """Never a refresh token (RFC 6749 section 4.2.2)."""
    sign_in, parties = signed_in
    placed = place_live(_row(facts, parties), endpoint_id=None)
    opened = new_session(
        parties,
        Asked(request.scope, _terms(parties.client)._replace(refresh_ttl_s=0)),
        credential=_credential(signed_in),
        slot=placed.slot,
        fresh=moment.fresh,
        now_ms=facts.now_ms,
    )
    session = opened._replace(sign_in_id=sign_in.id, signed_in_ms=sign_in.signed_in_ms)
    return IssueImplicit(
        request=request,
        session=session,
        secret=moment.fresh.secret,
        times=token_times(session, parties.account, now_ms=facts.now_ms),
        changes=(*placed.changes, *given, SessionOpened(session)),
    )


def _row(facts: AuthorizeFacts, parties: Parties) -> Row:
    return Row(parties, facts.seat, facts.sessions_from_ms, facts.now_ms)


def _credential(signed_in: _SignedIn) -> Credential:
    """What is behind the sign-in, a password or an identity provider: its change ends what it opened."""
    sign_in, (_, _, extension) = signed_in
    if sign_in.connection_id is None:
        kind = CredentialKind.PASSWORD if sign_in.factor is None else _BY_FACTOR[sign_in.factor]
        return Credential(kind, extension.id, extension.password_version)
    return Credential(CredentialKind.CONNECTION, sign_in.connection_id, sign_in.trust_version)


def _terms(client: Client) -> Terms:
    """The app's own, until the code is redeemed and asks for others."""
    return Terms(client.access_ttl_s, client.refresh_ttl_s if client.issues_refresh_tokens else 0, None)


def _consent(
    request: AuthorizeRequest, facts: AuthorizeFacts, *, visit: Visit, parties: Parties
) -> tuple[ConsentGiven, ...]:
    """The yes just said, added to what was agreed before."""
    if not visit.agreed:
        return ()
    before = facts.consent.scopes if facts.consent else frozenset[str]()
    scopes = before | frozenset(request.scope)
    consent = Consent(parties.account.id, parties.extension.id, parties.client.id, scopes, facts.now_ms)
    return (ConsentGiven(consent),)
