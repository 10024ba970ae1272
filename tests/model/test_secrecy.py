"""No value that holds a secret tells it in its repr: reprs end up in logs and tracebacks (assurance P11)."""

import pytest

from callgate.model.changes import ExtensionCreated, PasswordChanged, PasswordRehashed
from callgate.model.counters import CounterStore
from callgate.model.decisions import Granted, IssueCode, IssueImplicit, TokenTimes
from callgate.model.evidence import RecoveryProven, TotpConfirmed
from callgate.model.factor import Factors, Totp
from callgate.model.facts import LoginFacts
from callgate.model.ids import RowId
from callgate.model.key import KeyState, KeyUse, StoredKey
from callgate.model.mfa import RecoveryCodesMade, RecoveryCodeUsed, TotpRewrapped
from callgate.model.reference import Reference, TokenKind
from tests.factories import (
    ACCOUNT,
    ACTIVE,
    AGENT,
    AUTHORIZE_REQUEST,
    FRESH,
    MOMENT,
    WEB,
)

SECRET = b"hunter2hunter2hunter"
TIMES = TokenTimes(1, None, None, None, None)


@pytest.mark.parametrize(
    "value",
    [
        FRESH._replace(secret=SECRET),
        MOMENT._replace(fresh=FRESH._replace(secret=SECRET)),
        Reference(TokenKind.ACCESS, ACCOUNT.id, ACTIVE.id, SECRET, 1, 1),
        Granted(session=ACTIVE, secret=SECRET, times=TIMES, extension=AGENT, client=WEB, now_ms=0),
        IssueCode(request=AUTHORIZE_REQUEST, session=ACTIVE, secret=SECRET, expires_in_s=60),
        IssueImplicit(request=AUTHORIZE_REQUEST, session=ACTIVE, secret=SECRET, times=TIMES),
        LoginFacts(ACCOUNT, AGENT, SECRET.decode()),
        StoredKey(KeyUse.SEALING, 1, KeyState.ACTIVE, SECRET, 0, None, None),
        PasswordChanged(AGENT, AGENT, SECRET.decode(), "cli"),
        PasswordRehashed(AGENT.account_id, AGENT.id, SECRET.decode(), SECRET.decode()),
        ExtensionCreated(AGENT, None, SECRET.decode(), "cli"),
        Totp(RowId(1), AGENT.account_id, AGENT.id, SECRET, 1, 1),
        Factors(recovery=frozenset({SECRET})),
        TotpConfirmed(SECRET, 1, frozenset({SECRET})),
        RecoveryProven(SECRET),
        RecoveryCodesMade(AGENT.account_id, AGENT.id, frozenset({SECRET}), "cli"),
        RecoveryCodeUsed(AGENT.account_id, AGENT.id, SECRET),
        CounterStore("redis.example", 6379, 0, None, tls=True, ca_file=None, password=SECRET.decode()),
        TotpRewrapped(Totp(RowId(1), AGENT.account_id, AGENT.id, SECRET, 1, 1), SECRET),
    ],
    ids=lambda value: type(value).__name__,
)
def test_repr_tells_no_secret(value: object) -> None:
    """And still says what it is."""
    assert "hunter2" not in repr(value)
    assert type(value).__name__ in repr(value)
