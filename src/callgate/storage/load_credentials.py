"""JWT credentials read: for a decision on one, and for the people whose they are."""

from typing import Final, cast

from callgate.model.account import Role
from callgate.model.acts import CredentialActFacts, CredentialActLookup
from callgate.model.client import Client, ClientStatus, GrantType
from callgate.model.credential import JwtCredential
from callgate.model.ids import ClientId
from callgate.model.jwt_credentials import (
    APPS_OFFERED_MAX,
    OWN_LISTED_MAX,
    CredentialListFacts,
    CredentialListLookup,
    CredentialOfFacts,
    CredentialOfLookup,
    OwnCredentialFacts,
    OwnCredentialLookup,
    OwnCredentialsFacts,
    OwnCredentialsLookup,
)
from callgate.model.lookups import AuthorizeLookup
from callgate.storage.load_openings import load_authorize
from callgate.storage.load_people import find_client, find_person
from callgate.storage.load_roles import find_role_of
from callgate.storage.load_view import View
from callgate.storage.rows import Value, columns, credential_from

_COLUMNS: Final = columns(JwtCredential._fields)
_ONE: Final = f"SELECT {_COLUMNS} FROM jwt_credential WHERE id = ? AND extension_id = ?"
_NEWEST: Final = f"SELECT {_COLUMNS} FROM jwt_credential WHERE extension_id = ? ORDER BY id DESC LIMIT ?"
_PAGE: Final = f"""
SELECT {_COLUMNS} FROM jwt_credential WHERE extension_id = ? AND account_id = ? ORDER BY id LIMIT ? OFFSET ?
"""
_TOTAL: Final = "SELECT count(*) FROM jwt_credential WHERE extension_id = ? AND account_id = ?"
_HELD: Final = "SELECT count(*) FROM jwt_credential WHERE extension_id = ?"
_OFFERED: Final = f"""
SELECT {columns(Client._fields)} FROM client WHERE account_id = ? AND status = ? AND grants LIKE ?
ORDER BY name, id LIMIT ?
"""

_NO_APP: Final = ClientId("")
_NOBODYS: Final = CredentialActFacts(0, None, None, None, ())


def load_credential_act(view: View, lookup: CredentialActLookup) -> CredentialActFacts:
    """Answer `CredentialActLookup`; the apps are those named, or those that a credential is for already."""
    person = find_person(view, lookup.extension_id)
    row = view.row(_ONE, (lookup.credential_id, lookup.extension_id))
    credential = credential_from(row) if row else None
    named = lookup.client_ids or (credential.client_ids if credential else None) or frozenset()
    found = {each: find_client(view, each) for each in sorted(named)}
    return CredentialActFacts(
        now_ms=view.now_ms,
        account=person.account if person else None,
        extension=person.extension if person else None,
        credential=credential,
        unknown_apps=tuple(each for each, client in found.items() if client is None),
        giver=_giver(view, person.account.id, extension_id=lookup.giver_id) if person else None,
        role=person.role if person else None,
        apps=tuple(client for client in found.values() if client is not None),
        held=_count(view, _HELD, lookup.extension_id),
    )


def load_own_credentials(view: View, lookup: OwnCredentialsLookup) -> OwnCredentialsFacts:
    """Answer `OwnCredentialsLookup`."""
    browser = load_authorize(view, AuthorizeLookup(_NO_APP, lookup.sign_in))
    person = browser.extension
    if person is None:
        return OwnCredentialsFacts(browser, (), ())
    grant = f"%{GrantType.JWT_BEARER.value}%"
    apps = view.rows(_OFFERED, (person.account_id, ClientStatus.ACTIVE.value, grant, APPS_OFFERED_MAX))
    newest = view.rows(_NEWEST, (person.id, OWN_LISTED_MAX))
    return OwnCredentialsFacts(
        browser, tuple(credential_from(row) for row in newest), tuple(view.client_of(row) for row in apps)
    )


def load_own_credential(view: View, lookup: OwnCredentialLookup) -> OwnCredentialFacts:
    """Answer `OwnCredentialLookup`: the giver is the person."""
    browser = load_authorize(view, AuthorizeLookup(_NO_APP, lookup.sign_in))
    if browser.extension is None:
        return OwnCredentialFacts(browser, _NOBODYS)
    act = CredentialActLookup(
        extension_id=browser.extension.id,
        credential_id=lookup.credential_id,
        client_ids=lookup.client_ids,
        giver_id=browser.extension.id,
    )
    return OwnCredentialFacts(browser, load_credential_act(view, act))


def load_credential_list(view: View, lookup: CredentialListLookup) -> CredentialListFacts:
    """Answer `CredentialListLookup`."""
    whose = (lookup.extension_id, lookup.account_id)
    rows = view.rows(_PAGE, (*whose, lookup.page.size, lookup.page.start))
    return CredentialListFacts(tuple(credential_from(row) for row in rows), _count(view, _TOTAL, *whose))


def load_credential_of(view: View, lookup: CredentialOfLookup) -> CredentialOfFacts:
    """Answer `CredentialOfLookup`."""
    row = view.row(_ONE, (lookup.credential_id, lookup.extension_id))
    credential = credential_from(row) if row else None
    theirs = credential is not None and credential.account_id == lookup.account_id
    return CredentialOfFacts(view.now_ms, credential if theirs else None)


def _giver(view: View, account_id: Value, *, extension_id: Value) -> Role | None:
    return None if extension_id is None else find_role_of(view, account_id, extension_id=extension_id)


def _count(view: View, sql: str, *values: Value) -> int:
    return cast("int", view.rows(sql, values)[0][0])
