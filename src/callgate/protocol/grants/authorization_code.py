"""The code grant (RFC 6749 section 4.1.3, RFC 7636): a code, once, within a minute, by whom it was made for."""

import hmac
from dataclasses import dataclass

from callgate.model import faults, grant_faults
from callgate.model.changes import SessionEnded, SessionRedeemed
from callgate.model.client import Client, GrantType
from callgate.model.decisions import Denied, Granted, LookAgain
from callgate.model.evidence import ClientProven
from callgate.model.facts import SessionFacts
from callgate.model.lookups import RedeemLookup
from callgate.model.moment import Moment
from callgate.model.policy import CODE_REPEAT_GRACE_MS, CODE_TTL_S
from callgate.model.reference import Reference
from callgate.model.session import EndReason, Session, SessionState
from callgate.protocol.asking import ask_terms
from callgate.protocol.forms import Form
from callgate.protocol.guards import client_stands, may_serve, still_works
from callgate.protocol.opening import Terms
from callgate.protocol.pkce import verifier_matches
from callgate.protocol.seats import Row, place_live
from callgate.protocol.sessions import (
    BECAUSE,
    FIRST_GENERATION,
    holds_secret,
    parties_of,
    token_times,
    why_facts_end,
)

TYPE = GrantType.AUTHORIZATION_CODE


@dataclass(frozen=True, slots=True)
class CodeRequest:
    """The code as sent, with what it must agree with. The scope was settled at authorize; one sent here is ignored."""

    code: str
    redirect_uri: str | None
    code_verifier: str | None
    terms: Terms

    def __repr__(self) -> str:
        return "CodeRequest(…)"


def parse(form: Form, client: Client) -> CodeRequest | Denied:
    """code, redirect_uri, code_verifier; lifetimes and endpoint as for every opening grant."""
    code = form.get("code")
    if code is None:
        return Denied(fault=faults.PARAMETER_MISSING, values=(("parameter", "code"),))
    terms = ask_terms(form, client)
    if isinstance(terms, Denied):
        return terms
    return CodeRequest(code, form.get("redirect_uri"), form.get("code_verifier"), terms)


def lookup(reference: Reference) -> RedeemLookup:
    """The pending row and the seat its tokens will take."""
    return RedeemLookup(reference.account_id, reference.row_id)


def decide(
    request: CodeRequest, *, client: ClientProven, reference: Reference, moment: Moment, facts: SessionFacts
) -> Granted | Denied | LookAgain:
    """Binding first, then state: whoever lacks the verifier must not be able to end the victim's session."""
    session = facts.session
    if session is None or not holds_secret(session, reference.secret):
        return Denied(fault=grant_faults.CODE_INVALID, why="no such code")
    if session.client_id != client.client_id:
        return Denied(fault=grant_faults.CODE_FOR_OTHER_CLIENT, why="the code was made for another app")
    parties = parties_of(facts)
    if parties is None:
        return Denied(fault=grant_faults.CODE_INVALID, why="the app, account or extension is gone")
    if not client_stands(client, parties.client):
        return LookAgain()
    unbound = _unbound(request, session)
    if unbound:
        return unbound
    if session.state is not SessionState.PENDING:
        return _again(session, client, now_ms=facts.now_ms)
    if facts.now_ms >= session.opened_ms + CODE_TTL_S * 1000:
        return Denied(fault=grant_faults.CODE_EXPIRED, why="the code is older than a minute")
    why = why_facts_end(session, parties, facts=facts)
    if why:
        return Denied(fault=grant_faults.CODE_INVALID, why=BECAUSE[why])
    refused = still_works(parties.account, parties.extension) or may_serve(
        parties.client, parties.account, role=facts.role
    )
    if refused:
        return refused
    row = Row(parties, facts.seat, facts.sessions_from_ms, facts.now_ms)
    return _redeem(session, row, terms=request.terms, secret=reference.secret, moment=moment)


def _unbound(request: CodeRequest, session: Session) -> Denied | None:
    """Redirect URI if one was sent (RFC 6749 section 4.1.3), and PKCE both ways (RFC 9700 section 4.8.2)."""
    sent = request.redirect_uri
    if (session.redirect_uri_sent or sent is not None) and not _same(sent, session.redirect_uri):
        why = "redirect_uri differs from the authorize request's"
        return Denied(fault=grant_faults.REDIRECT_URI_MISMATCH, why=why)
    challenge, verifier = session.code_challenge, request.code_verifier
    if challenge is None:
        if verifier is not None:
            return Denied(fault=grant_faults.CODE_INVALID, why="code_verifier without a code_challenge at authorize")
        return None
    if verifier is None or not verifier_matches(verifier, challenge, plain=session.challenge_plain):
        return Denied(fault=grant_faults.CODE_INVALID, why="code_verifier is missing or not the challenge's")
    return None


def _same(sent: str | None, stored: str | None) -> bool:
    return sent is not None and stored is not None and hmac.compare_digest(sent.encode(), stored.encode())


def _again(session: Session, client: ClientProven, *, now_ms: int) -> Denied:
    """Denied always; the session ends too, unless it was a page's double submit (RFC 6749 section 4.1.2)."""
    if session.ended_why is not None:
        return Denied(fault=grant_faults.CODE_INVALID, why=f"the session is over: {BECAUSE[session.ended_why]}")
    if session.redeemed_ms is not None and now_ms - session.redeemed_ms > CODE_REPEAT_GRACE_MS:
        ended = SessionEnded(session, EndReason.CODE_REPLAYED, now_ms, client.client_id)
        why = "the code was replayed; its session is ended"
        return Denied(fault=grant_faults.CODE_INVALID, why=why, changes=(ended,))
    return Denied(fault=grant_faults.CODE_INVALID, why="the code was used before")


def _redeem(session: Session, row: Row, *, terms: Terms, secret: bytes, moment: Moment) -> Granted:
    placed = place_live(row, endpoint_id=terms.endpoint_id)
    after = session._replace(
        state=SessionState.ACTIVE,
        slot=placed.slot,
        generation=FIRST_GENERATION,
        key_number=moment.fresh.key_number,
        first_issued_ms=row.now_ms,
        issued_ms=row.now_ms,
        access_ttl_s=terms.access_ttl_s,
        refresh_ttl_s=terms.refresh_ttl_s,
        endpoint_id=terms.endpoint_id or session.endpoint_id,
        redeemed_ms=row.now_ms,
    )
    return Granted(
        session=after,
        secret=secret,
        times=token_times(after, row.parties.account, now_ms=row.now_ms),
        extension=row.parties.extension,
        client=row.parties.client,
        now_ms=row.now_ms,
        changes=(*placed.changes, SessionRedeemed(session, after)),
    )
