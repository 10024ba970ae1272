"""What people change about how they sign in, at a browser in which they signed in a moment ago.

Each change ends the sign-in it was made in where that would not stand any more, and begins another in its place: the
person stays signed in, and a copied cookie does not.
"""

from dataclasses import dataclass, field

from callgate.model import authorize_faults, mfa_faults
from callgate.model.account import Account, Extension
from callgate.model.changes import Change, PasswordChanged, SignInEnded, SignInStarted
from callgate.model.consent import SignIn
from callgate.model.decisions import Denied
from callgate.model.evidence import PasskeyMade, TotpConfirmed
from callgate.model.factor import RECENT_MS, Factor, MfaPolicy
from callgate.model.facts import AuthorizeFacts
from callgate.model.ids import RowId
from callgate.model.mfa import FactorsFacts, PasskeyRemoved, RecoveryCodesMade, SecurityFacts, TotpRemoved
from callgate.model.moment import Moment
from callgate.protocol import passkeys
from callgate.protocol.guards import may_sign_in, may_use_password
from callgate.protocol.passkeys import without_factor
from callgate.protocol.second_factor import add_totp
from callgate.protocol.sessions import holds_sign_in


@dataclass(frozen=True, slots=True)
class Here:
    """Who is signed in at a browser."""

    sign_in: SignIn
    account: Account
    extension: Extension


@dataclass(frozen=True, slots=True)
class Changed:
    """Done. `sign_in` is the browser's new one, None where the old one stands; `codes_made`: show them, this once."""

    sign_in: SignIn | None
    secret: bytes = field(repr=False)
    codes_made: bool
    changes: tuple[Change, ...]


def who_is_here(secret: bytes, browser: AuthorizeFacts) -> Here | None:
    """The person of a living sign-in."""
    if not holds_sign_in(secret, browser):
        return None
    assert browser.sign_in is not None
    assert browser.account is not None
    assert browser.extension is not None
    return Here(browser.sign_in, browser.account, browser.extension)


def signed_in_lately(secret: bytes, browser: AuthorizeFacts) -> Here | Denied:
    """Only who signed in a moment ago: whoever finds a browser open takes nobody's account over."""
    here = who_is_here(secret, browser)
    if here is None or browser.now_ms >= here.sign_in.signed_in_ms + RECENT_MS:
        return Denied(fault=mfa_faults.SIGN_IN_AGAIN, why="the sign-in is over, or too old for this")
    return may_sign_in(here.account, here.extension) or here


def may_change(secret: bytes, facts: SecurityFacts) -> Here | Denied:
    """Whoever signed in a moment ago, and has something to change here: a password and what is beside it."""
    here = signed_in_lately(secret, facts.browser)
    if isinstance(here, Denied):
        return here
    return may_use_password(here.account, here.extension) or here


def set_up_totp(
    secret: bytes, *, confirmed: TotpConfirmed | None, moment: Moment, facts: SecurityFacts
) -> Changed | Denied:
    """An authenticator app in the place of the one before."""
    here = may_change(secret, facts)
    if isinstance(here, Denied):
        return here
    if here.account.mfa_policy is MfaPolicy.OFF:
        return Denied(fault=mfa_faults.MFA_OFF, why=f"account {here.account.id} uses no second factors")
    if confirmed is None:
        return Denied(fault=mfa_faults.TOTP_UNCONFIRMED, why="the new authenticator app shows another code")
    added, *codes = add_totp(here.extension, confirmed, moment=moment, facts=_of_person(here, facts))
    anew = _anew(here.sign_in, moment, factor=Factor.CODE)._replace(password_version=added.after.password_version)
    return Changed(anew, moment.fresh.secret, bool(codes), (added, *codes, *_instead(here.sign_in, anew)))


def add_passkey(secret: bytes, *, made: PasskeyMade, moment: Moment, facts: SecurityFacts) -> Changed | Denied:
    """Another passkey."""
    here = may_change(secret, facts)
    if isinstance(here, Denied):
        return here
    if here.account.mfa_policy is MfaPolicy.OFF:
        return Denied(fault=mfa_faults.MFA_OFF, why=f"account {here.account.id} uses no second factors")
    changes = passkeys.add(made, here.extension, moment=moment, facts=_of_person(here, facts))
    if isinstance(changes, Denied):
        return changes
    anew = _anew(here.sign_in, moment, factor=here.sign_in.factor or Factor.PASSKEY)
    codes_made = any(isinstance(change, RecoveryCodesMade) for change in changes)
    return Changed(anew, moment.fresh.secret, codes_made, (*changes, *_instead(here.sign_in, anew)))


def remove_passkey(secret: bytes, *, passkey_id: RowId, moment: Moment, facts: SecurityFacts) -> Changed | Denied:
    """A passkey goes, the recovery codes with the last factor, and what was opened elsewhere."""
    here = may_change(secret, facts)
    if isinstance(here, Denied):
        return here
    required = here.account.mfa_policy is MfaPolicy.REQUIRED
    removed = passkeys.remove(passkey_id, here.extension, required=required, facts=_of_person(here, facts))
    return removed if isinstance(removed, Denied) else _without(removed, here, moment=moment)


def remove_totp(secret: bytes, *, moment: Moment, facts: SecurityFacts) -> Changed | Denied:
    """The authenticator app goes, the recovery codes with the last factor, and what was opened elsewhere."""
    here = may_change(secret, facts)
    if isinstance(here, Denied):
        return here
    if facts.factors.totp is None:
        return Denied(fault=authorize_faults.FORM_EXPIRED, why="it is gone already")
    if here.account.mfa_policy is MfaPolicy.REQUIRED and not facts.factors.passkeys:
        return Denied(fault=mfa_faults.FACTOR_NEEDED, why=f"account {here.account.id} requires a second factor")
    after = without_factor(here.extension, left=bool(facts.factors.passkeys))
    return _without(TotpRemoved(here.extension, after, str(here.extension.id)), here, moment=moment)


def make_recovery_codes(secret: bytes, *, sha256s: frozenset[bytes], facts: SecurityFacts) -> Changed | Denied:
    """New recovery codes; those before are void."""
    here = may_change(secret, facts)
    if isinstance(here, Denied):
        return here
    if not here.extension.has_factor:
        return Denied(fault=authorize_faults.FORM_EXPIRED, why="there is no second factor to recover")
    extension = here.extension
    made = RecoveryCodesMade(extension.account_id, extension.id, sha256s, str(extension.id))
    return Changed(None, b"", codes_made=True, changes=(made,))


def change_password(
    secret: bytes, *, password_hash: str, proven_version: int, moment: Moment, facts: SecurityFacts
) -> Changed | Denied:
    """A new password, by whoever knows the old one of `proven_version`: what that opened elsewhere is over."""
    here = may_change(secret, facts)
    if isinstance(here, Denied):
        return here
    before = here.extension
    if before.password_version != proven_version:
        return Denied(fault=authorize_faults.FORM_EXPIRED, why="the password was changed meanwhile")
    after = before._replace(password_version=before.password_version + 1, version=before.version + 1)
    anew = _anew(here.sign_in, moment, factor=here.sign_in.factor)._replace(password_version=after.password_version)
    changed = PasswordChanged(before, after, password_hash, str(before.id))
    return Changed(anew, moment.fresh.secret, codes_made=False, changes=(changed, *_instead(here.sign_in, anew)))


def _of_person(here: Here, facts: SecurityFacts) -> FactorsFacts:
    return FactorsFacts(facts.browser.now_ms, here.account, here.extension, facts.factors, facts.answered)


def _without(removed: TotpRemoved | PasskeyRemoved, here: Here, *, moment: Moment) -> Changed:
    """The person stays signed in at this browser alone."""
    version = removed.after.password_version
    anew = _anew(here.sign_in, moment, factor=here.sign_in.factor)._replace(password_version=version)
    changes = (removed, *_instead(here.sign_in, anew))
    return Changed(anew, moment.fresh.secret, codes_made=False, changes=changes)


def _anew(sign_in: SignIn, moment: Moment, *, factor: Factor | None) -> SignIn:
    """The same person signed in at the same time, by another secret."""
    return sign_in._replace(id=moment.fresh.row_id, secret_sha256=moment.fresh.secret_sha256, factor=factor)


def _instead(before: SignIn, anew: SignIn) -> tuple[Change, ...]:
    return SignInEnded(before, str(before.extension_id)), SignInStarted(anew)
