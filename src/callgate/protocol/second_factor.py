"""The step after a right password: a code, or a first factor where the account requires one (RFC 6238).

Wrong codes are counted in the person's row, so that no new browser, process or restart gives a guesser more of them;
only whoever knows the password gets here at all. A step whose code was accepted is spent with every one before it.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from callgate.model import authorize_faults, mfa_faults
from callgate.model.account import Account, Extension
from callgate.model.changes import Change, SignInStarted
from callgate.model.consent import SignIn
from callgate.model.decisions import Denied, LookAgain
from callgate.model.evidence import (
    CodeEvidence,
    CodeRefused,
    PasskeyMade,
    PasskeyProven,
    RecoveryProven,
    TotpConfirmed,
    TotpProven,
)
from callgate.model.factor import Factor, Factors, MfaPolicy, Misses, Totp
from callgate.model.ids import AccountId, ExtensionId
from callgate.model.mfa import (
    CodeMissed,
    FactorsFacts,
    MissesForgotten,
    RecoveryCodesMade,
    RecoveryCodeUsed,
    TotpAdded,
    TotpUsed,
)
from callgate.model.moment import Moment
from callgate.protocol import passkeys
from callgate.protocol.guards import may_sign_in, may_use_password
from callgate.protocol.sign_in import begin

PENDING_MS = 10 * 60 * 1000
"""How long a right password waits for what is to come beside it."""


class Pending(NamedTuple):
    """Somebody who gave a right password: whose, of which version, and when."""

    account_id: AccountId
    extension_id: ExtensionId
    password_version: int
    proven_ms: int
    remembered: bool


@dataclass(frozen=True, slots=True)
class FactorProven:
    """The sign-in begins. `codes_made`: the person's first recovery codes are to be shown, this once."""

    sign_in: SignIn
    secret: bytes = field(repr=False)
    codes_made: bool
    changes: tuple[Change, ...]


def decide(
    pending: Pending, *, code: CodeEvidence, moment: Moment, facts: FactorsFacts
) -> FactorProven | Denied | LookAgain:
    """A code beside the password. While one has to wait, no code is looked at: the answer says nothing of it."""
    person = still_pending(pending, facts)
    if isinstance(person, Denied):
        return person
    account, extension = person
    if isinstance(code, PasskeyProven):
        used = passkeys.use(code, extension, facts=facts)
        if isinstance(used, Denied):
            return used
        return _signed_in(pending, extension, moment=moment, factor=Factor.PASSKEY, now_ms=facts.now_ms, changes=used)
    if facts.now_ms < facts.factors.misses.waits_until_ms():
        why = f"extension {extension.id} waits after {facts.factors.misses.in_a_row} wrong codes"
        return Denied(fault=mfa_faults.FACTOR_WAITS, why=why)
    spent = _spend(code, extension, factors=facts.factors)
    if isinstance(spent, LookAgain):
        return spent
    if spent is None:
        return _miss(extension, facts)
    forgotten = (MissesForgotten(account.id, extension.id),) if facts.factors.misses.in_a_row else ()
    changes = (spent, *forgotten)
    return _signed_in(pending, extension, moment=moment, factor=Factor.CODE, now_ms=facts.now_ms, changes=changes)


def enrol(
    pending: Pending, *, made: TotpConfirmed | PasskeyMade | None, moment: Moment, facts: FactorsFacts
) -> FactorProven | Denied:
    """A first factor, which the account requires: an app with its code, None when that was wrong, or a passkey."""
    person = still_pending(pending, facts)
    if isinstance(person, Denied):
        return person
    account, extension = person
    if extension.has_factor or account.mfa_policy is not MfaPolicy.REQUIRED:
        return Denied(fault=authorize_faults.FORM_EXPIRED, why="the person has a factor, or needs none, meanwhile")
    if made is None:
        return Denied(fault=mfa_faults.TOTP_UNCONFIRMED, why="the new authenticator app shows another code")
    changes: tuple[Change, ...] | Denied
    if isinstance(made, TotpConfirmed):
        factor, changes = Factor.CODE, add_totp(extension, made, moment=moment, facts=facts)
    else:
        factor, changes = Factor.PASSKEY, passkeys.add(made, extension, moment=moment, facts=facts)
    if isinstance(changes, Denied):
        return changes
    decided = _signed_in(pending, extension, moment=moment, factor=factor, now_ms=facts.now_ms, changes=changes)
    return FactorProven(decided.sign_in, decided.secret, codes_made=True, changes=decided.changes)


def still_pending(pending: Pending, facts: FactorsFacts) -> tuple[Account, Extension] | Denied:
    """The person, if the password that was right is so still, a moment ago, and they may come in by it."""
    account, extension = facts.account, facts.extension
    if account is None or extension is None or extension.password_version != pending.password_version:
        return Denied(fault=authorize_faults.FORM_EXPIRED, why="the person or the password is gone")
    if facts.now_ms >= pending.proven_ms + PENDING_MS:
        return Denied(fault=authorize_faults.FORM_EXPIRED, why="the password was given too long ago")
    refused = may_sign_in(account, extension) or may_use_password(account, extension)
    return refused or (account, extension)


def add_totp(
    extension: Extension, confirmed: TotpConfirmed, *, moment: Moment, facts: FactorsFacts
) -> tuple[TotpAdded] | tuple[TotpAdded, RecoveryCodesMade]:
    """An authenticator app in the place of the one before; with recovery codes where none are left.

    What was opened while there was another one is over, as if that were removed.
    """
    by = str(extension.id)
    replaces = facts.factors.totp is not None
    before = (
        passkeys.without_factor(extension, left=True) if replaces else extension._replace(version=extension.version + 1)
    )
    after = before._replace(has_factor=True)
    totp = Totp(
        id=moment.fresh.row_id,
        account_id=extension.account_id,
        extension_id=extension.id,
        sealed_secret=confirmed.sealed_secret,
        spent_step=confirmed.step,
        added_ms=facts.now_ms,
    )
    added = TotpAdded(extension, after, totp, by)
    if facts.factors.recovery:
        return (added,)
    return added, RecoveryCodesMade(extension.account_id, extension.id, confirmed.recovery, by)


def _spend(
    code: TotpProven | RecoveryProven | CodeRefused, extension: Extension, *, factors: Factors
) -> TotpUsed | RecoveryCodeUsed | LookAgain | None:
    """What accepting the code writes; None when it is wrong or spent."""
    match code:
        case CodeRefused():
            return None
        case TotpProven():
            totp = factors.totp
            if totp is None or totp.id != code.totp_id:
                return LookAgain()
            return TotpUsed(totp, code.step) if code.step > totp.spent_step else None
        case RecoveryProven():
            if code.sha256 not in factors.recovery:
                return None
            return RecoveryCodeUsed(extension.account_id, extension.id, code.sha256)


def _miss(extension: Extension, facts: FactorsFacts) -> Denied:
    before = facts.factors.misses
    missed = CodeMissed(extension.account_id, extension.id, before, Misses(before.in_a_row + 1, facts.now_ms))
    return Denied(
        fault=mfa_faults.FACTOR_REFUSED, why=f"a wrong or spent code for extension {extension.id}", changes=(missed,)
    )


def _signed_in(
    pending: Pending, extension: Extension, *, moment: Moment, factor: Factor, now_ms: int, changes: tuple[Change, ...]
) -> FactorProven:
    sign_in = begin(extension, moment, now_ms=now_ms, remembered=pending.remembered, factor=factor)
    return FactorProven(sign_in, moment.fresh.secret, codes_made=False, changes=(*changes, SignInStarted(sign_in)))
