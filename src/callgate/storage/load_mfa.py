"""Second factors as a decision sees them."""

from typing import Final, cast

from callgate.model.factor import PASSKEY_CHALLENGES, Factors, Misses, Passkey, Totp
from callgate.model.ids import AccountId, ClientId
from callgate.model.lookups import AssertionLookup, AuthorizeLookup
from callgate.model.mfa import (
    FactorsFacts,
    FactorsLookup,
    PasskeyLookup,
    SecurityFacts,
    SecurityLookup,
    TotpsFacts,
    TotpsListing,
)
from callgate.storage.load_openings import load_authorize
from callgate.storage.load_people import find_person, is_claimed
from callgate.storage.load_view import View
from callgate.storage.rows import Value, columns, passkey_from, totp_from

_TOTP: Final = f"SELECT {columns(Totp._fields)} FROM totp WHERE extension_id = ?"
_TOTPS: Final = f"SELECT {columns(Totp._fields)} FROM totp WHERE id > ? ORDER BY id LIMIT ?"
_PASSKEYS: Final = f"SELECT {columns(Passkey._fields)} FROM passkey WHERE extension_id = ? ORDER BY id"
_PASSKEY: Final = "SELECT account_id, extension_id FROM passkey WHERE credential_id = ?"
_RECOVERY: Final = "SELECT sha256 FROM recovery_code WHERE extension_id = ?"
_MISSES: Final = "SELECT in_a_row, last_ms FROM factor_miss WHERE extension_id = ?"

_NO_APP: Final = ClientId("")


def load_factors(view: View, lookup: FactorsLookup) -> FactorsFacts:
    """Answer `FactorsLookup`."""
    return _facts(view, lookup.account_id, extension_id=lookup.extension_id, challenge=lookup.challenge)


def load_passkey(view: View, lookup: PasskeyLookup) -> FactorsFacts:
    """Answer `PasskeyLookup`."""
    row = view.row(_PASSKEY, (lookup.credential_id,))
    account_id, extension_id = row or (None, None)
    return _facts(view, cast("AccountId", account_id), extension_id=extension_id, challenge=lookup.challenge)


def load_security(view: View, lookup: SecurityLookup) -> SecurityFacts:
    """Answer `SecurityLookup`."""
    browser = load_authorize(view, AuthorizeLookup(_NO_APP, lookup.sign_in))
    factors = _factors(view, browser.extension.id) if browser.extension else Factors()
    return SecurityFacts(browser, factors, _answered(view, lookup.challenge))


def load_totps(view: View, lookup: TotpsListing) -> TotpsFacts:
    """Answer `TotpsListing`."""
    return TotpsFacts(tuple(totp_from(row) for row in view.rows(_TOTPS, (lookup.after, lookup.rows))))


def _facts(view: View, account_id: AccountId, *, extension_id: Value, challenge: str) -> FactorsFacts:
    person = find_person(view, extension_id)
    answered = _answered(view, challenge)
    if person is None or person.account.id != account_id:
        return FactorsFacts(view.now_ms, None, None, Factors(), answered)
    return FactorsFacts(view.now_ms, person.account, person.extension, _factors(view, person.extension.id), answered)


def _factors(view: View, extension_id: Value) -> Factors:
    totp = view.row(_TOTP, (extension_id,))
    misses = view.row(_MISSES, (extension_id,))
    return Factors(
        totp=totp_from(totp) if totp else None,
        recovery=frozenset(cast("bytes", row[0]) for row in view.rows(_RECOVERY, (extension_id,))),
        misses=Misses(*cast("tuple[int, int]", misses)) if misses else Misses(),
        passkeys=tuple(passkey_from(row) for row in view.rows(_PASSKEYS, (extension_id,))),
    )


def _answered(view: View, challenge: str) -> bool:
    return challenge != "" and is_claimed(view, AssertionLookup(PASSKEY_CHALLENGES, challenge))
