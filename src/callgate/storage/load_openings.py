"""Openings as a decision sees them: who a session would be opened for, and what already sits there."""

from typing import Final, cast

from callgate.model.account import Allowance, Extension
from callgate.model.client import Client
from callgate.model.consent import Consent, SignIn
from callgate.model.credential import JwtCredential
from callgate.model.device import DeviceCode, DeviceState
from callgate.model.device_grant import DeviceFacts, DeviceLookup
from callgate.model.facts import Allowed, AuthorizeFacts, OpeningFacts, Seated, ServiceFacts
from callgate.model.lookups import AuthorizeLookup, CredentialOpening, PasswordOpening, ServiceOpening
from callgate.model.sso import ArrivalLookup, IdentityOpening, IdentityOpeningFacts
from callgate.storage.load_devices import find_by_user_code
from callgate.storage.load_people import find_login, find_person
from callgate.storage.load_sessions import CREDENTIAL_VERSION, load_seat
from callgate.storage.load_sso import load_arrival
from callgate.storage.load_view import View
from callgate.storage.rows import (
    Row,
    Value,
    allowance_from,
    columns,
    consent_from,
    credential_from,
    device_from,
    sign_in_from,
)

_CELL_AND_CLIENT: Final = """
SELECT cell.sessions_from_ms, client.version FROM cell LEFT JOIN client ON client.id = ?
"""

# Everything but the seat: a grant in whose way four statements stood took a quarter longer.
_OPENING: Final = f"""
SELECT cell.sessions_from_ms, client.version, account.id, account.version, role.id, role.version,
    {columns(Extension._fields, "e")}, {columns(JwtCredential._fields, "c")}
FROM cell
LEFT JOIN client ON client.id = ?
LEFT JOIN jwt_credential c ON c.id = ?
LEFT JOIN extension e ON e.id = coalesce(?, c.extension_id)
LEFT JOIN account ON account.id = e.account_id
LEFT JOIN role ON role.id = e.role_id
"""
_PERSON: Final = 6
_CREDENTIAL: Final = _PERSON + len(Extension._fields)

_ALLOWED: Final = f"""
SELECT client.version, account.version, extension.version, role.id, role.version, {columns(Allowance._fields, "a")}
FROM client
LEFT JOIN allowance a ON a.client_id = client.id AND a.account_id = coalesce(?, a.account_id)
LEFT JOIN account ON account.id = a.account_id
LEFT JOIN extension ON extension.id = a.extension_id
LEFT JOIN role ON role.id = extension.role_id
WHERE client.id = ?
ORDER BY a.account_id
LIMIT 2
"""
_ALLOWED_WIDTH: Final = 5

# Everything a poll that must wait needs.
_DEVICE: Final = f"""
SELECT {columns(DeviceCode._fields, "s")}, {CREDENTIAL_VERSION},
    cell.sessions_from_ms, client.version, account.version, extension.version, role.id, role.version
FROM cell
LEFT JOIN device_code s ON s.id = ?
LEFT JOIN client ON client.id = ?
LEFT JOIN account ON account.id = s.account_id
LEFT JOIN extension ON extension.id = s.extension_id
LEFT JOIN role ON role.id = extension.role_id
"""
_DEVICE_WIDTH: Final = len(DeviceCode._fields)

_OWNER_NAME: Final = "SELECT name FROM account WHERE id = ?"
_SIGN_IN: Final = f"""
SELECT {columns(SignIn._fields, "s")}, c.trust_version FROM sign_in s
LEFT JOIN sso_connection c ON c.id = s.connection_id AND c.account_id = s.account_id
WHERE s.id = ? AND s.account_id = ?
"""
_CONSENT: Final = f"""
SELECT {columns(Consent._fields)} FROM consent WHERE extension_id = ? AND client_id = ? AND account_id = ?
"""


def load_password_opening(view: View, lookup: PasswordOpening) -> OpeningFacts:
    """Answer `PasswordOpening`: the login name is resolved now, whatever it meant when the password was proven."""
    found = find_login(view, lookup.login)
    return _opening(view, lookup, extension_id=found[0] if found else None, credential_id=None)


def load_credential_opening(view: View, lookup: CredentialOpening) -> OpeningFacts:
    """Answer `CredentialOpening`."""
    return _opening(view, lookup, extension_id=None, credential_id=lookup.credential_id)


def load_identity_opening(view: View, lookup: IdentityOpening) -> IdentityOpeningFacts:
    """Answer `IdentityOpening`: the person is found as for a browser, and sits where the app's other sessions sit."""
    arrival = load_arrival(view, ArrivalLookup(lookup.connection_id, lookup.email, lookup.assertion_id))
    extension_id = arrival.extension.id if arrival.extension else None
    opening = _opening(view, lookup, extension_id=extension_id, credential_id=None)
    return IdentityOpeningFacts(opening, arrival.connection, arrival.consumed)


def load_service_opening(view: View, lookup: ServiceOpening) -> ServiceFacts:
    """Answer `ServiceOpening` with one statement."""
    rows = view.rows(_ALLOWED, (lookup.account_id, lookup.client_id))
    client = view.client(lookup.client_id, rows[0][0]) if rows else None
    return ServiceFacts(view.now_ms, client, tuple(_allowed(view, row) for row in rows if row[1] is not None))


def load_device(view: View, lookup: DeviceLookup) -> DeviceFacts:
    """Answer `DeviceLookup`; the seat and the consent only where somebody has said yes."""
    row = view.rows(_DEVICE, (lookup.row_id, lookup.client_id))[0]
    version, sessions_from_ms, client_version, account, person, role_id, role = row[_DEVICE_WIDTH:]
    assert type(sessions_from_ms) is int
    device = None if row[0] is None else device_from(row[:_DEVICE_WIDTH])
    client = view.client(lookup.client_id, client_version)
    extension = view.extension(device.extension_id, person) if device else None
    asks = device is not None and device.state is DeviceState.APPROVED and client is not None
    opening = OpeningFacts(
        now_ms=view.now_ms,
        sessions_from_ms=sessions_from_ms,
        client=client,
        account=view.account(device.account_id, account) if device else None,
        extension=extension,
        role=view.role(role_id, role),
        credential=None,
        seat=load_seat(view, extension, client_id=lookup.client_id) if asks and extension else (),
    )
    consent = find_consent(view, extension, client_id=lookup.client_id) if asks and extension else None
    return DeviceFacts(device, opening, cast("int | None", version), consent)


def load_authorize(view: View, lookup: AuthorizeLookup) -> AuthorizeFacts:
    """Answer `AuthorizeLookup`."""
    sessions_from_ms, client = _cell_and_client(view, lookup.client_id)
    owner = view.row(_OWNER_NAME, (client.account_id,)) if client else None
    found = view.row(_SIGN_IN, (lookup.sign_in[1], lookup.sign_in[0])) if lookup.sign_in else None
    sign_in = sign_in_from(found[:-1]) if found else None
    person = find_person(view, sign_in.extension_id) if sign_in else None
    consent: Consent | None = None
    seat: tuple[Seated, ...] = ()
    if client and person:
        consent = find_consent(view, person.extension, client_id=client.id)
        seat = load_seat(view, person.extension, client_id=client.id)
    return AuthorizeFacts(
        now_ms=view.now_ms,
        sessions_from_ms=sessions_from_ms,
        client=client,
        owner_name=str(owner[0]) if owner else "",
        sign_in=sign_in,
        account=person.account if person else None,
        extension=person.extension if person else None,
        role=person.role if person else None,
        consent=consent,
        seat=seat,
        trust_version=cast("int | None", found[-1]) if found else None,
        device=find_by_user_code(view, lookup.user_code) if lookup.user_code else None,
    )


def find_consent(view: View, extension: Extension, *, client_id: Value) -> Consent | None:
    """What a person agreed with an app."""
    row = view.row(_CONSENT, (extension.id, client_id, extension.account_id))
    return consent_from(row) if row else None


def find_scopes_agreed(view: View, consent: Consent) -> frozenset[str]:
    """The scopes agreed so far between a consent's person and its app."""
    row = view.row(_CONSENT, (consent.extension_id, consent.client_id, consent.account_id))
    return consent_from(row).scopes if row else frozenset()


def _opening(
    view: View,
    lookup: PasswordOpening | CredentialOpening | IdentityOpening,
    *,
    extension_id: Value,
    credential_id: Value,
) -> OpeningFacts:
    row = view.rows(_OPENING, (lookup.client_id, credential_id, extension_id))[0]
    assert type(row[0]) is int
    client = view.client(lookup.client_id, row[1])
    extension = view.extension_of(row[_PERSON:_CREDENTIAL])
    # The seat first: whoever waited for it is stamped after those who had it.
    seat = load_seat(view, extension, client_id=client.id) if client and extension else ()
    return OpeningFacts(
        now_ms=view.now_ms,
        sessions_from_ms=row[0],
        client=client,
        account=view.account(row[2], row[3]),
        extension=extension,
        role=view.role(row[4], row[5]),
        credential=None if row[_CREDENTIAL] is None else credential_from(row[_CREDENTIAL:]),
        seat=seat,
    )


def _cell_and_client(view: View, client_id: Value) -> tuple[int, Client | None]:
    sessions_from_ms, version = view.rows(_CELL_AND_CLIENT, (client_id,))[0]
    assert type(sessions_from_ms) is int
    return sessions_from_ms, view.client(client_id, version)


def _allowed(view: View, row: Row) -> Allowed:
    allowance = allowance_from(row[_ALLOWED_WIDTH:])
    account = view.account(allowance.account_id, row[1])
    extension = view.extension(allowance.extension_id, row[2])
    assert account is not None
    assert extension is not None
    return Allowed(allowance, account, extension, view.role(row[3], row[4]))
