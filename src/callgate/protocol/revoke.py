"""Revocation (RFC 7009; protocol.md F): any authentic token of the caller's app ends its whole session."""

from typing import NamedTuple

from callgate.model import faults, grant_faults
from callgate.model.changes import SessionEnded
from callgate.model.decisions import Denied, Done
from callgate.model.evidence import ClientProven
from callgate.model.facts import SessionFacts
from callgate.model.lookups import SessionLookup
from callgate.model.reference import Reference
from callgate.model.session import EndReason, SessionState
from callgate.protocol import client_auth
from callgate.protocol.client_auth import Presented
from callgate.protocol.forms import Form, is_form, parse_pairs, single
from callgate.protocol.sessions import holds_secret

_SECRETS = ("client_secret", "client_assertion")


class RevokeCall(NamedTuple):
    """Who asks, and the token as sent."""

    presented: Presented
    token: str

    def __repr__(self) -> str:
        return f"RevokeCall({self.presented!r}, …)"


def read_call(
    *, content_type: str, body: bytes, query: bytes, authorization: str | None, query_tokens: bool
) -> RevokeCall | Denied:
    """The token from body or query, the client from header or body."""
    if body and not is_form(content_type):
        return Denied(fault=faults.BODY_NOT_FORM)
    sent, asked = _form(body), _form(query)
    if isinstance(sent, Denied):
        return sent
    if isinstance(asked, Denied):
        return asked
    misplaced = next((name for name in (*_SECRETS, "token") if asked.get(name)), None)
    if misplaced in _SECRETS or (misplaced and not query_tokens):
        return Denied(fault=faults.SECRET_IN_QUERY, values=(("parameter", misplaced),))
    shown = client_auth.presented(authorization, sent)
    if isinstance(shown, Denied):
        return shown
    in_body, in_query = sent.get("token"), asked.get("token")
    if in_body and in_query and in_body != in_query:
        return Denied(fault=grant_faults.REVOKE_TOKENS_DIFFER)
    token = in_body or in_query
    if token is None:
        return Denied(fault=faults.PARAMETER_INVALID, values=(("parameter", "token"),))
    return RevokeCall(shown, token)


def lookup(reference: Reference) -> SessionLookup:
    """The one row."""
    return SessionLookup(reference.account_id, reference.row_id)


def decide(*, client: ClientProven, reference: Reference, facts: SessionFacts) -> Done:
    """Whatever its generation or age; another app's token, or none of ours, changes nothing and is not told apart."""
    session = facts.session
    if session is None or not holds_secret(session, reference.secret):
        return Done()
    if session.client_id != client.client_id or session.state is SessionState.ENDED:
        return Done()
    return Done((SessionEnded(session, EndReason.REVOKED, facts.now_ms, client.client_id),))


def _form(raw: bytes) -> Form | Denied:
    pairs = parse_pairs(raw)
    return pairs if isinstance(pairs, Denied) else single(pairs)
