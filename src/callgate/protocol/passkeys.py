"""Passkeys judged (Web Authentication Level 3): used beside a password or instead of one, added and removed.

What a browser's answer proves was verified before; here it is asked whether the challenge is answered for the first
time, whether the counter moved on, and, where there is no password, whether the passkey knew who held it.
"""

from callgate.model import authorize_faults, mfa_faults
from callgate.model.account import Extension
from callgate.model.changes import AssertionClaimed, Change, SignInStarted
from callgate.model.decisions import Denied
from callgate.model.evidence import PasskeyMade, PasskeyProven
from callgate.model.factor import CHALLENGE_MS, PASSKEY_CHALLENGES, PASSKEYS_MAX, Factor, MfaPolicy, Passkey
from callgate.model.ids import RowId
from callgate.model.mfa import (
    FactorsFacts,
    PasskeyAdded,
    PasskeyDoubted,
    PasskeyRemoved,
    PasskeyUsed,
    RecoveryCodesMade,
)
from callgate.model.moment import Moment
from callgate.protocol.guards import may_sign_in, may_use_password
from callgate.protocol.sign_in import SignedIn, begin


def use(proven: PasskeyProven, extension: Extension, *, facts: FactorsFacts) -> tuple[Change, ...] | Denied:
    """What accepting a passkey writes. A challenge is good for one answer, whatever comes of it."""
    if facts.answered:
        return Denied(fault=mfa_faults.PASSKEY_REFUSED, why="the challenge was answered before")
    claimed = AssertionClaimed(PASSKEY_CHALLENGES, proven.challenge, facts.now_ms + CHALLENGE_MS)
    passkey = find(proven.passkey_id, facts)
    if passkey is None:
        return Denied(fault=mfa_faults.PASSKEY_REFUSED, why=f"extension {extension.id} has no such passkey")
    if proven.sign_count <= passkey.sign_count and (proven.sign_count, passkey.sign_count) != (0, 0):
        why = f"passkey {passkey.id} shows the counter {proven.sign_count} after {passkey.sign_count}"
        doubted = PasskeyDoubted(passkey, proven.sign_count, facts.now_ms)
        return Denied(fault=mfa_faults.PASSKEY_REFUSED, why=why, changes=(claimed, doubted))
    return claimed, PasskeyUsed(passkey, proven.sign_count, facts.now_ms)


def enter(proven: PasskeyProven, *, moment: Moment, facts: FactorsFacts, remembered: bool) -> SignedIn | Denied:
    """A sign-in by a passkey alone: it must know who holds it, by a PIN, a finger or a face."""
    account, extension = facts.account, facts.extension
    if account is None or extension is None or not proven.verified:
        return Denied(fault=mfa_faults.PASSKEY_REFUSED, why="unknown, or nobody was verified")
    used = use(proven, extension, facts=facts)
    if isinstance(used, Denied):
        return used
    refused = may_sign_in(account, extension) or may_use_password(account, extension)
    if refused is None and account.mfa_policy is MfaPolicy.OFF:
        refused = Denied(fault=mfa_faults.MFA_OFF, why=f"account {account.id} uses nothing but passwords")
    if refused:
        return Denied(fault=refused.fault, values=refused.values, why=refused.why, changes=used)
    factor = Factor.PASSKEY_ALONE
    sign_in = begin(extension, moment, now_ms=facts.now_ms, remembered=remembered, factor=factor)
    return SignedIn(sign_in, moment.fresh.secret, (*used, SignInStarted(sign_in)))


def add(made: PasskeyMade, extension: Extension, *, moment: Moment, facts: FactorsFacts) -> tuple[Change, ...] | Denied:
    """Another passkey, with recovery codes where none are left."""
    if facts.answered or len(facts.factors.passkeys) >= PASSKEYS_MAX:
        return Denied(fault=mfa_faults.PASSKEY_NOT_MADE, why="the challenge was answered, or there are too many")
    after = extension._replace(has_factor=True, version=extension.version + 1)
    passkey = Passkey(
        id=moment.fresh.row_id,
        account_id=extension.account_id,
        extension_id=extension.id,
        credential_id=made.credential_id,
        attested=made.attested,
        sign_count=made.sign_count,
        added_ms=facts.now_ms,
        used_ms=facts.now_ms,
    )
    by = str(extension.id)
    claimed = AssertionClaimed(PASSKEY_CHALLENGES, made.challenge, facts.now_ms + CHALLENGE_MS)
    added = PasskeyAdded(extension, after, passkey, by)
    if facts.factors.recovery:
        return claimed, added
    return claimed, added, RecoveryCodesMade(extension.account_id, extension.id, made.recovery, by)


def remove(passkey_id: RowId, extension: Extension, *, required: bool, facts: FactorsFacts) -> PasskeyRemoved | Denied:
    """A passkey gone; the last factor stays where the account requires one."""
    passkey = find(passkey_id, facts)
    if passkey is None:
        return Denied(fault=authorize_faults.FORM_EXPIRED, why="it is gone already")
    left = facts.factors.totp is not None or len(facts.factors.passkeys) > 1
    if required and not left:
        return Denied(fault=mfa_faults.FACTOR_NEEDED, why="the account requires a second factor")
    return PasskeyRemoved(extension, without_factor(extension, left=left), passkey, str(extension.id))


def without_factor(extension: Extension, *, left: bool) -> Extension:
    """The person with a factor less; `left`: there is another. What a password or factor opened compares with this."""
    version = extension.password_version + 1
    return extension._replace(has_factor=left, password_version=version, version=extension.version + 1)


def find(passkey_id: RowId, facts: FactorsFacts) -> Passkey | None:
    """One of the person's."""
    return next((each for each in facts.factors.passkeys if each.id == passkey_id), None)
