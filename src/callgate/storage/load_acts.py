"""What a decision on an administrator's act sees: who and what it is about, and whether a name is taken."""

from typing import Final, cast

from callgate.model.account import Allowance, LoginName, Role
from callgate.model.acts import (
    AccountActFacts,
    AccountActLookup,
    AllowanceActFacts,
    AllowanceActLookup,
    AppActFacts,
    AppActLookup,
    CellFacts,
    CellLookup,
    ConsentActFacts,
    ConsentActLookup,
    ExtensionActFacts,
    ExtensionActLookup,
    RoleActFacts,
    RoleActLookup,
)
from callgate.model.ids import RoleId
from callgate.storage.load_listings import find_sessions_from
from callgate.storage.load_openings import find_consent
from callgate.storage.load_people import find_account, find_client, find_person, find_role
from callgate.storage.load_roles import find_role_of
from callgate.storage.load_sessions import load_seat
from callgate.storage.load_view import View
from callgate.storage.rows import (
    Value,
    allowance_from,
    columns,
)

_ALLOWANCE: Final = f"SELECT {columns(Allowance._fields)} FROM allowance WHERE client_id = ? AND account_id = ?"

# A number belongs to the company when no extension has it: its own row is not a rival of its account.
_PHONE_ELSEWHERE: Final = """
SELECT 1 FROM phone WHERE number = ? AND NOT (account_id = ? AND extension_id IS NOT DISTINCT FROM ?)
"""
_EMAIL_ELSEWHERE: Final = "SELECT 1 FROM extension WHERE email_normal = ? AND id <> ?"
_NUMBER_ELSEWHERE: Final = "SELECT 1 FROM extension WHERE account_id = ? AND number = ? AND id <> ?"
_ROLE_NAME_ELSEWHERE: Final = """
SELECT 1 FROM role WHERE (account_id = ? OR account_id IS NULL) AND name = ? AND id <> ?
"""
_ROLE_IN_USE: Final = "SELECT 1 FROM extension WHERE role_id = ? LIMIT 1"
_DEFAULT_ROLE: Final = "SELECT role_id FROM default_role WHERE account_id = ?"
_APP_NAME_ELSEWHERE: Final = "SELECT 1 FROM client WHERE account_id = ? AND name = ? AND id <> ?"


def load_account_act(view: View, lookup: AccountActLookup) -> AccountActFacts:
    """Answer `AccountActLookup`; the main administrator has the account's id."""
    return AccountActFacts(
        now_ms=view.now_ms,
        account=find_account(view, lookup.account_id),
        number_taken=_found(view, _PHONE_ELSEWHERE, lookup.phone, lookup.account_id, None),
        email_taken=_found(view, _EMAIL_ELSEWHERE, lookup.email, lookup.account_id),
    )


def load_extension_act(view: View, lookup: ExtensionActLookup) -> ExtensionActFacts:
    """Answer `ExtensionActLookup`."""
    person = find_person(view, lookup.extension_id)
    theirs = person if person and person.account.id == lookup.account_id else None
    login: LoginName = lookup.login
    me = lookup.extension_id
    return ExtensionActFacts(
        now_ms=view.now_ms,
        account=theirs.account if theirs else find_account(view, lookup.account_id),
        extension=theirs.extension if theirs else None,
        role=find_role(view, lookup.role_id),
        number_taken=_found(view, _NUMBER_ELSEWHERE, lookup.account_id, login.extension_number, me),
        email_taken=_found(view, _EMAIL_ELSEWHERE, login.email, me),
        phone_taken=_found(view, _PHONE_ELSEWHERE, login.phone, lookup.account_id, me),
        giver=_giver(view, lookup.account_id, extension_id=lookup.giver_id),
    )


def load_role_act(view: View, lookup: RoleActLookup) -> RoleActFacts:
    """Answer `RoleActLookup`."""
    default = view.row(_DEFAULT_ROLE, (lookup.account_id,))
    return RoleActFacts(
        now_ms=view.now_ms,
        account=find_account(view, lookup.account_id),
        role=find_role(view, lookup.role_id),
        name_taken=_found(view, _ROLE_NAME_ELSEWHERE, lookup.account_id, lookup.name, lookup.role_id),
        in_use=_found(view, _ROLE_IN_USE, lookup.role_id),
        default_role_id=None if default is None else RoleId(cast("int", default[0])),
        giver=_giver(view, lookup.account_id, extension_id=lookup.giver_id),
    )


def load_app_act(view: View, lookup: AppActLookup) -> AppActFacts:
    """Answer `AppActLookup`."""
    return AppActFacts(
        now_ms=view.now_ms,
        owner=find_account(view, lookup.account_id),
        client=find_client(view, lookup.client_id),
        name_taken=_found(view, _APP_NAME_ELSEWHERE, lookup.account_id, lookup.name, lookup.client_id),
    )


def load_allowance_act(view: View, lookup: AllowanceActLookup) -> AllowanceActFacts:
    """Answer `AllowanceActLookup`."""
    row = view.row(_ALLOWANCE, (lookup.client_id, lookup.account_id))
    return AllowanceActFacts(
        now_ms=view.now_ms,
        client=find_client(view, lookup.client_id),
        account=find_account(view, lookup.account_id),
        role=find_role(view, lookup.role_id),
        allowance=allowance_from(row) if row else None,
    )


def load_consent_act(view: View, lookup: ConsentActLookup) -> ConsentActFacts:
    """Answer `ConsentActLookup`."""
    person = find_person(view, lookup.extension_id)
    if person is None:
        return ConsentActFacts(view.now_ms, None, ())
    return ConsentActFacts(
        now_ms=view.now_ms,
        consent=find_consent(view, person.extension, client_id=lookup.client_id),
        seat=load_seat(view, person.extension, client_id=lookup.client_id),
    )


def load_cell(view: View, _lookup: CellLookup) -> CellFacts:
    """Answer `CellLookup`."""
    return CellFacts(view.now_ms, find_sessions_from(view))


def _giver(view: View, account_id: Value, *, extension_id: Value) -> Role | None:
    return None if extension_id is None else find_role_of(view, account_id, extension_id=extension_id)


def _found(view: View, sql: str, *values: Value) -> bool:
    """Whether anybody else has it; what is not asked for, nobody has (NULL equals nothing)."""
    return view.row(sql, values) is not None
