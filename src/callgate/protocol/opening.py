"""Opening a session: the one place where rows are born, for every grant and for codes."""

from typing import NamedTuple

from callgate.model.changes import Change, SessionEnded, SessionOpened
from callgate.model.decisions import Granted
from callgate.model.ids import RowId
from callgate.model.moment import Fresh
from callgate.model.session import CredentialKind, Session, SessionState
from callgate.protocol.sessions import FIRST_GENERATION, Parties, token_times


class Credential(NamedTuple):
    """What opens the session; the row will be compared with it."""

    kind: CredentialKind
    id: int
    version: int


class Terms(NamedTuple):
    """How long the tokens are to live, and for which endpoint; a refresh TTL of 0 means no such token."""

    access_ttl_s: int
    refresh_ttl_s: int
    endpoint_id: str | None


class Asked(NamedTuple):
    """What the request asks of the session, clamped and narrowed."""

    scope: tuple[str, ...]
    terms: Terms


class Browser(NamedTuple):
    """What a code remembers of the authorize request and of the sign-in."""

    sign_in_id: RowId
    signed_in_ms: int
    nonce: str | None
    redirect_uri: str
    redirect_uri_sent: bool
    code_challenge: str | None
    challenge_plain: bool


def new_session(
    parties: Parties, asked: Asked, *, credential: Credential, slot: int | None, fresh: Fresh, now_ms: int
) -> Session:
    """An active row of the first generation; `pending` turns it into one that waits for its code."""
    terms = asked.terms
    return Session(
        account_id=parties.account.id,
        id=fresh.row_id,
        client_id=parties.client.id,
        extension_id=parties.extension.id,
        state=SessionState.ACTIVE,
        slot=slot,
        secret_sha256=fresh.secret_sha256,
        generation=FIRST_GENERATION,
        key_number=fresh.key_number,
        opened_ms=now_ms,
        first_issued_ms=now_ms,
        issued_ms=now_ms,
        first_used_ms=None,
        access_ttl_s=terms.access_ttl_s,
        refresh_ttl_s=terms.refresh_ttl_s,
        scope=" ".join(asked.scope),
        endpoint_id=terms.endpoint_id or fresh.endpoint_id,
        credential_kind=credential.kind,
        credential_id=credential.id,
        credential_version=credential.version,
        sign_in_id=None,
        signed_in_ms=None,
        nonce=None,
        redirect_uri=None,
        redirect_uri_sent=False,
        code_challenge=None,
        challenge_plain=False,
        redeemed_ms=None,
        ended_ms=None,
        ended_why=None,
    )


def pending(session: Session, browser: Browser) -> Session:
    """The same row before its code is redeemed: no generation of tokens yet."""
    return session._replace(state=SessionState.PENDING, generation=FIRST_GENERATION - 1, **browser._asdict())


def grant_opened(
    session: Session,
    parties: Parties,
    *,
    secret: bytes,
    ended: tuple[SessionEnded, ...] = (),
    also: tuple[Change, ...] = (),
) -> Granted:
    """The reply of a session just opened. Those who rose for it are saved first: slots are unique."""
    return Granted(
        session=session,
        secret=secret,
        times=token_times(session, parties.account, now_ms=session.opened_ms),
        extension=parties.extension,
        client=parties.client,
        now_ms=session.opened_ms,
        changes=(*ended, SessionOpened(session), *also),
    )
