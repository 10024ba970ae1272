"""Second factors as a decision sees them."""

from typing import Final, cast

from callgate.model.factor import Factors, Misses, Totp
from callgate.model.ids import ClientId
from callgate.model.lookups import AuthorizeLookup
from callgate.model.mfa import FactorsFacts, FactorsLookup, SecurityFacts, SecurityLookup, TotpsFacts, TotpsListing
from callgate.storage.load_openings import load_authorize
from callgate.storage.load_people import find_person
from callgate.storage.load_view import View
from callgate.storage.rows import Value, columns, totp_from

_TOTP: Final = f"SELECT {columns(Totp._fields)} FROM totp WHERE extension_id = ?"
_TOTPS: Final = f"SELECT {columns(Totp._fields)} FROM totp WHERE id > ? ORDER BY id LIMIT ?"
_RECOVERY: Final = "SELECT sha256 FROM recovery_code WHERE extension_id = ?"
_MISSES: Final = "SELECT in_a_row, last_ms FROM factor_miss WHERE extension_id = ?"

_NO_APP: Final = ClientId("")


def load_factors(view: View, lookup: FactorsLookup) -> FactorsFacts:
    """Answer `FactorsLookup`."""
    person = find_person(view, lookup.extension_id)
    if person is None or person.account.id != lookup.account_id:
        return FactorsFacts(view.now_ms, None, None, Factors())
    return FactorsFacts(view.now_ms, person.account, person.extension, _factors(view, person.extension.id))


def load_security(view: View, lookup: SecurityLookup) -> SecurityFacts:
    """Answer `SecurityLookup`."""
    browser = load_authorize(view, AuthorizeLookup(_NO_APP, lookup.sign_in))
    return SecurityFacts(browser, _factors(view, browser.extension.id) if browser.extension else Factors())


def load_totps(view: View, lookup: TotpsListing) -> TotpsFacts:
    """Answer `TotpsListing`."""
    return TotpsFacts(tuple(totp_from(row) for row in view.rows(_TOTPS, (lookup.after, lookup.rows))))


def _factors(view: View, extension_id: Value) -> Factors:
    totp = view.row(_TOTP, (extension_id,))
    misses = view.row(_MISSES, (extension_id,))
    return Factors(
        totp=totp_from(totp) if totp else None,
        recovery=frozenset(cast("bytes", row[0]) for row in view.rows(_RECOVERY, (extension_id,))),
        misses=Misses(*cast("tuple[int, int]", misses)) if misses else Misses(),
    )
