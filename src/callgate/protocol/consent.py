"""A checked authorize request's outcome: sign in, agree, or get the code (protocol.md C.2, C.3; ruling 13)."""

from typing import NamedTuple

from callgate.model import authorize_faults
from callgate.model.account import Account, Extension
from callgate.model.changes import Change, ConsentGiven, SessionOpened
from callgate.model.client import Client, Switch
from callgate.model.consent import Consent, SignIn
from callgate.model.decisions import (
    AskConsent,
    AskSignIn,
    AuthorizeDecision,
    AuthorizeRequest,
    IssueCode,
    IssueImplicit,
    RedirectFault,
)
from callgate.model.facts import AuthorizeFacts
from callgate.model.moment import Moment
from callgate.model.policy import CODE_TTL_S
from callgate.model.session import CredentialKind, Session
from callgate.protocol.guards import may_serve, may_sign_in
from callgate.protocol.opening import Asked, Browser, Credential, new_session, pending
from callgate.protocol.redirect_uri import is_claimed_https
from callgate.protocol.seats import Row, place_live, place_pending
from callgate.protocol.sessions import holds_sign_in, token_times


class Visit(NamedTuple):
    """What a browser brings: its sign-in's secret, when this authorize request first came, and the button pressed."""

    sign_in_secret: bytes | None
    began_ms: int
    agreed: bool = False

    def __repr__(self) -> str:
        return f"Visit(began_ms={self.began_ms}, agreed={self.agreed})"


def decide(request: AuthorizeRequest, *, visit: Visit, moment: Moment, facts: AuthorizeFacts) -> AuthorizeDecision:
    """The one judgement for pages and for issuing: whoever calls it to choose a page saves nothing."""
    client = facts.client
    assert client is not None, "read_request found the app"
    silent = "none" in request.prompt
    signed_in = _signed_in(request, visit, facts)
    if signed_in is None:
        if silent:
            return RedirectFault(request=request, fault=authorize_faults.LOGIN_REQUIRED)
        return AskSignIn(request=request, client=client)
    sign_in, account, extension = signed_in
    refused = may_sign_in(account, extension) or may_serve(client, account, facts.role)
    if refused:
        return RedirectFault(request=request, fault=authorize_faults.ACCESS_DENIED, why=refused.why) if silent else refused
    if not visit.agreed and not _agreed_before(request, client, facts.consent):
        if silent:
            return RedirectFault(request=request, fault=authorize_faults.CONSENT_REQUIRED)
        return AskConsent(
            request=request, client=client, owner_name=facts.owner_name, account=account, extension=extension
        )
    row = Row(client, account, extension, facts.seat, facts.sessions_from_ms, facts.now_ms)
    issue = _issue_implicit if request.response_type == "token" else _issue_code
    return issue(request, row, sign_in, visit=visit, moment=moment, facts=facts)


def _signed_in(
    request: AuthorizeRequest, visit: Visit, facts: AuthorizeFacts
) -> tuple[SignIn, Account, Extension] | None:
    """The browser's living sign-in; with prompt=login or prompt=sso only one younger than this request."""
    sign_in, account, extension = facts.sign_in, facts.account, facts.extension
    if sign_in is None or account is None or extension is None or visit.sign_in_secret is None:
        return None
    if not holds_sign_in(sign_in, visit.sign_in_secret, extension, facts):
        return None
    if request.prompt & {"login", "sso"} and sign_in.signed_in_ms < visit.began_ms:
        return None
    return sign_in, account, extension


def _agreed_before(request: AuthorizeRequest, client: Client, consent: Consent | None) -> bool:
    """A former yes to at least these scopes, where nobody else can stand in for the app (RFC 8252 section 8.6)."""
    if consent is None or "consent" in request.prompt:
        return False
    if not client.confidential and not is_claimed_https(request.redirect_uri):
        return False
    return set(request.scope) <= consent.scopes


def _session(
    request: AuthorizeRequest, row: Row, sign_in: SignIn, *, slot: int, refresh_ttl_s: int, moment: Moment
) -> Session:
    session = new_session(
        client=row.client,
        extension=row.extension,
        asked=Asked(request.scope, row.client.access_ttl_s, refresh_ttl_s, None),
        credential=Credential(CredentialKind.PASSWORD, row.extension.id, row.extension.password_version),
        slot=slot,
        moment=moment,
        now_ms=row.now_ms,
    )
    return session._replace(sign_in_id=sign_in.id, signed_in_ms=sign_in.signed_in_ms)


def _issue_code(
    request: AuthorizeRequest,
    row: Row,
    sign_in: SignIn,
    *,
    visit: Visit,
    moment: Moment,
    facts: AuthorizeFacts,
) -> IssueCode:
    placed = place_pending(row, by=row.client.id)
    refresh_ttl_s = row.client.refresh_ttl_s if row.client.issues_refresh_tokens else 0
    opened = _session(request, row, sign_in, slot=placed.slot, refresh_ttl_s=refresh_ttl_s, moment=moment)
    browser = Browser(
        sign_in_id=sign_in.id,
        signed_in_ms=sign_in.signed_in_ms,
        nonce=request.nonce,
        redirect_uri=request.redirect_uri,
        redirect_uri_sent=request.redirect_uri_sent,
        code_challenge=request.code_challenge,
        challenge_plain=request.challenge_plain and Switch.PKCE_PLAIN in row.client.switches,
    )
    session = pending(opened, browser)
    return IssueCode(
        request=request,
        session=session,
        secret=moment.fresh.secret,
        expires_in_s=CODE_TTL_S,
        changes=(*placed.changes, *_consent(request, visit, facts, row), SessionOpened(session)),
    )


def _issue_implicit(
    request: AuthorizeRequest,
    row: Row,
    sign_in: SignIn,
    *,
    visit: Visit,
    moment: Moment,
    facts: AuthorizeFacts,
) -> IssueImplicit:
    placed = place_live(row, endpoint_id=None, by=row.client.id)
    session = _session(request, row, sign_in, slot=placed.slot, refresh_ttl_s=0, moment=moment)
    return IssueImplicit(
        request=request,
        session=session,
        secret=moment.fresh.secret,
        times=token_times(session, row.account, row.now_ms),
        changes=(*placed.changes, *_consent(request, visit, facts, row), SessionOpened(session)),
    )


def _consent(request: AuthorizeRequest, visit: Visit, facts: AuthorizeFacts, row: Row) -> tuple[Change, ...]:
    if not visit.agreed:
        return ()
    before = facts.consent.scopes if facts.consent else frozenset[str]()
    scopes = before | frozenset(request.scope)
    return (ConsentGiven(Consent(row.account.id, row.extension.id, row.client.id, scopes, row.now_ms)),)
