"""People, and what proves them and their apps: login names, credentials, client keys, claims of assertions."""

from typing import Final, NamedTuple, cast

from callgate.model.account import Account, Extension, LoginName, Role
from callgate.model.cells import AccountHeldLookup, ExtensionHeldLookup
from callgate.model.client import Client, ClientKeys
from callgate.model.credential import JwtCredential
from callgate.model.facts import AssertionFacts, ClientFacts, CredentialFacts, LoginFacts
from callgate.model.ids import AccountId
from callgate.model.lookups import AssertionLookup, ClientLookup, CredentialLookup, LoginLookup
from callgate.storage.load_view import View
from callgate.storage.rows import (
    Row,
    Value,
    account_from,
    client_from,
    columns,
    credential_from,
    keys_from,
    role_from,
)

_PERSON: Final = """
SELECT extension.id, extension.version, account.id, account.version, role.id, role.version
FROM extension
JOIN account ON account.id = extension.account_id
JOIN role ON role.id = extension.role_id
WHERE extension.id = ?
"""

_BY_EMAIL: Final = "SELECT id, password_hash FROM extension WHERE email_normal = ?"

# The number of a company alone means its main administrator, whose extension has the account's id (protocol.md B).
_BY_PHONE: Final = """
SELECT e.id, e.password_hash FROM phone p
JOIN extension e ON e.id = coalesce(p.extension_id, p.account_id) AND e.account_id = p.account_id
WHERE p.number = ?
"""

_BY_PHONE_AND_EXTENSION: Final = """
SELECT e.id, e.password_hash FROM phone p
JOIN extension e ON e.account_id = p.account_id AND e.number = ?
WHERE p.number = ?
"""

_COMPANY: Final = "SELECT account_id FROM phone WHERE number = ?"

_CREDENTIAL_BY_HASH: Final = f"SELECT {columns(JwtCredential._fields)} FROM jwt_credential WHERE sha256 = ?"
_ACCOUNT: Final = f"SELECT {columns(Account._fields)} FROM account WHERE id = ?"
_ROLE: Final = f"SELECT {columns(Role._fields)} FROM role WHERE id = ?"
_APP: Final = f"SELECT {columns(Client._fields)} FROM client WHERE id = ?"
_CLIENT: Final = f"SELECT {columns(Client._fields)}, {columns(ClientKeys._fields)} FROM client WHERE id = ?"
_ACCOUNT_HELD: Final = "SELECT 1 FROM account WHERE id = ?"
_EXTENSION_HELD: Final = "SELECT 1 FROM extension WHERE id = ?"
_CLAIM: Final = "SELECT 1 FROM assertion_claim WHERE client_id = ? AND jti = ?"

_CLIENT_WIDTH: Final = len(Client._fields)


class Person(NamedTuple):
    """An extension with its account and role."""

    extension: Extension
    account: Account
    role: Role


def load_client(view: View, lookup: ClientLookup) -> ClientFacts:
    """Answer `ClientLookup`."""
    row = view.row(_CLIENT, (lookup.client_id,))
    if row is None:
        return ClientFacts(None, None)
    return ClientFacts(view.client_of(row[:_CLIENT_WIDTH]), keys_from(row[_CLIENT_WIDTH:]))


def load_login(view: View, lookup: LoginLookup) -> LoginFacts:
    """Answer `LoginLookup`."""
    found = find_login(view, lookup.login)
    company = view.row(_COMPANY, (lookup.login.phone,)) if lookup.login.extension_number else None
    company_id = AccountId(cast("int", company[0])) if company else None
    person = find_person(view, found[0]) if found else None
    if found is None or person is None:
        return LoginFacts(None, None, None, company_id)
    return LoginFacts(person.account, person.extension, cast("str | None", found[1]), company_id)


def load_account_held(view: View, lookup: AccountHeldLookup) -> bool:
    """Answer `AccountHeldLookup`."""
    return view.row(_ACCOUNT_HELD, (lookup.account_id,)) is not None


def load_extension_held(view: View, lookup: ExtensionHeldLookup) -> bool:
    """Answer `ExtensionHeldLookup`."""
    return view.row(_EXTENSION_HELD, (lookup.extension_id,)) is not None


def load_credential(view: View, lookup: CredentialLookup) -> CredentialFacts:
    """Answer `CredentialLookup`."""
    row = view.row(_CREDENTIAL_BY_HASH, (lookup.sha256,))
    return CredentialFacts(credential_from(row) if row else None)


def load_assertion(view: View, lookup: AssertionLookup) -> AssertionFacts:
    """Answer `AssertionLookup`; a claim counts until it is swept."""
    return AssertionFacts(is_claimed(view, lookup))


def is_claimed(view: View, lookup: AssertionLookup) -> bool:
    """Whether an assertion was presented before."""
    return view.row(_CLAIM, (lookup.author, lookup.jti)) is not None


def find_login(view: View, login: LoginName) -> Row | None:
    """Whom a login name means: (extension id, password hash)."""
    if login.email is not None:
        return view.row(_BY_EMAIL, (login.email,))
    if login.extension_number is not None:
        return view.row(_BY_PHONE_AND_EXTENSION, (login.extension_number, login.phone))
    return view.row(_BY_PHONE, (login.phone,))


def find_person(view: View, extension_id: Value) -> Person | None:
    """An extension with its account and role."""
    row = view.row(_PERSON, (extension_id,))
    if row is None:
        return None
    extension = view.extension(row[0], row[1])
    account = view.account(row[2], row[3])
    role = view.role(row[4], row[5])
    assert extension is not None
    assert account is not None
    assert role is not None
    return Person(extension, account, role)


def find_account(view: View, account_id: Value) -> Account | None:
    """An account by its row."""
    row = view.row(_ACCOUNT, (account_id,))
    return account_from(row) if row else None


def find_role(view: View, role_id: Value) -> Role | None:
    """A role by its row."""
    row = view.row(_ROLE, (role_id,))
    return role_from(row) if row else None


def find_client(view: View, client_id: Value) -> Client | None:
    """An app by its row, without what proves it."""
    row = view.row(_APP, (client_id,))
    return client_from(row) if row else None
