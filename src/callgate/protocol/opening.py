"""Opening a session: the one place where rows are born, for every grant and for codes."""

from typing import NamedTuple

from callgate.model.account import Account, Extension
from callgate.model.changes import Change, SessionEnded, SessionOpened
from callgate.model.client import Client
from callgate.model.decisions import Granted
from callgate.model.ids import RowId
from callgate.model.moment import Moment
from callgate.model.session import CredentialKind, Session, SessionState
from callgate.protocol.sessions import token_times


class Credential(NamedTuple):
    """What opens the session; the row will be compared with it."""

    kind: CredentialKind
    id: int
    version: int


class Asked(NamedTuple):
    """What the request asks of the session, clamped and narrowed."""

    scope: tuple[str, ...]
    access_ttl_s: int
    refresh_ttl_s: int
    endpoint_id: str | None


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
    *,
    client: Client,
    extension: Extension,
    asked: Asked,
    credential: Credential,
    slot: int | None,
    moment: Moment,
    now_ms: int,
) -> Session:
    """An active row of generation 1; `pending` turns it into one that waits for its code."""
    fresh = moment.fresh
    return Session(
        account_id=extension.account_id,
        id=fresh.row_id,
        client_id=client.id,
        extension_id=extension.id,
        state=SessionState.ACTIVE,
        slot=slot,
        secret_sha256=fresh.secret_sha256,
        generation=1,
        key_number=fresh.key_number,
        opened_ms=now_ms,
        first_issued_ms=now_ms,
        issued_ms=now_ms,
        first_used_ms=None,
        access_ttl_s=asked.access_ttl_s,
        refresh_ttl_s=asked.refresh_ttl_s,
        scope=" ".join(asked.scope),
        endpoint_id=asked.endpoint_id or fresh.endpoint_id,
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
    """The same row before its code is redeemed: generation 0, no tokens yet."""
    return session._replace(state=SessionState.PENDING, generation=0, **browser._asdict())


def grant_opened(
    session: Session,
    *,
    moment: Moment,
    client: Client,
    account: Account,
    extension: Extension,
    ended: tuple[SessionEnded, ...] = (),
    also: tuple[Change, ...] = (),
) -> Granted:
    """The reply of a session just opened. Those who rose for it are saved first: slots are unique."""
    return Granted(
        session=session,
        secret=moment.fresh.secret,
        times=token_times(session, account, session.opened_ms),
        extension=extension,
        client=client,
        now_ms=session.opened_ms,
        changes=(*ended, SessionOpened(session), *also),
    )
