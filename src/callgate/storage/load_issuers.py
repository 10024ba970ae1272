"""Trusted issuers as decisions see them, and as administrators look through them."""

from typing import Final, cast

from callgate.model.account import Role
from callgate.model.client import Client
from callgate.model.issuer import (
    ListedTrust,
    TrustActFacts,
    TrustActLookup,
    TrustedIssuer,
    TrustFacts,
    TrustListFacts,
    TrustOpening,
    TrustsFacts,
    TrustsListing,
    TrustsLookup,
)
from callgate.model.lookups import AssertionLookup
from callgate.storage.load_people import find_account, find_client, find_person, find_role, is_claimed
from callgate.storage.load_view import View
from callgate.storage.rows import Row, Value, client_from, columns, role_from, trust_from

_COLUMNS: Final = columns(TrustedIssuer._fields)
_WIDTH: Final = len(TrustedIssuer._fields)
_CLIENT_WIDTH: Final = len(Client._fields)

_BY_ID: Final = f"SELECT {_COLUMNS} FROM trusted_issuer WHERE id = ? AND account_id = ?"
_FOR_APP: Final = f"SELECT {_COLUMNS} FROM trusted_issuer WHERE client_id = ? AND issuer = ? ORDER BY id"
_NAME_ELSEWHERE: Final = "SELECT 1 FROM trusted_issuer WHERE account_id = ? AND name = ? AND id <> ?"
_BESIDE: Final = "SELECT count(*) FROM trusted_issuer WHERE client_id = ? AND issuer = ? AND id <> ?"
_SHARED: Final = """
SELECT EXISTS (SELECT 1 FROM trusted_issuer WHERE extension_id = ? AND id <> ?)
    OR EXISTS (SELECT 1 FROM allowance WHERE extension_id = ?)
"""
_LIST: Final = f"""
SELECT {columns(TrustedIssuer._fields, "t")}, {columns(Client._fields, "client")}, {columns(Role._fields, "role")}
FROM trusted_issuer t
JOIN client ON client.id = t.client_id
LEFT JOIN extension ON extension.id = t.extension_id
LEFT JOIN role ON role.id = extension.role_id
WHERE t.id > ?1 AND t.account_id = coalesce(?2, t.account_id) AND t.client_id = coalesce(?3, t.client_id)
    AND (t.name = ?4 OR CAST(t.id AS TEXT) = ?4 OR ?4 IS NULL)
ORDER BY t.id LIMIT ?5
"""


def load_trusts(view: View, lookup: TrustsLookup) -> TrustsFacts:
    """Answer `TrustsLookup`."""
    return TrustsFacts(tuple(trust_from(row) for row in view.rows(_FOR_APP, (lookup.client_id, lookup.issuer))))


def load_trust(view: View, lookup: TrustOpening) -> TrustFacts:
    """Answer `TrustOpening`."""
    named = lookup.proven.trust
    trust = _find(view, named.id, account_id=named.account_id)
    person = find_person(view, trust.extension_id) if trust and trust.extension_id else None
    return TrustFacts(
        now_ms=view.now_ms,
        client=find_client(view, lookup.client_id),
        trust=trust,
        account=person.account if person else None,
        extension=person.extension if person else None,
        role=person.role if person else None,
        spent=is_claimed(view, AssertionLookup(named.issuer, lookup.proven.token_id)),
    )


def load_trust_act(view: View, lookup: TrustActLookup) -> TrustActFacts:
    """Answer `TrustActLookup`."""
    trust = _find(view, lookup.trust_id, account_id=lookup.account_id)
    person = find_person(view, lookup.extension_id) if lookup.extension_id else None
    extension = trust.extension_id if trust else None
    return TrustActFacts(
        now_ms=view.now_ms,
        account=find_account(view, lookup.account_id),
        client=find_client(view, lookup.client_id),
        role=find_role(view, lookup.role_id),
        extension=person.extension if person else None,
        trust=trust,
        name_taken=view.row(_NAME_ELSEWHERE, (lookup.account_id, lookup.name, lookup.trust_id)) is not None,
        beside=cast("int", view.rows(_BESIDE, (lookup.client_id, lookup.issuer, lookup.trust_id))[0][0]),
        shared=view.rows(_SHARED, (extension, lookup.trust_id, extension))[0][0] == 1,
    )


def load_trust_list(view: View, lookup: TrustsListing) -> TrustListFacts:
    """Answer `TrustsListing`."""
    values = (lookup.after, lookup.account_id, lookup.client_id, lookup.called, lookup.rows)
    return TrustListFacts(tuple(_listed(row) for row in view.rows(_LIST, values)))


def _find(view: View, trust_id: Value, *, account_id: Value) -> TrustedIssuer | None:
    row = view.row(_BY_ID, (trust_id, account_id))
    return trust_from(row) if row else None


def _listed(row: Row) -> ListedTrust:
    end = _WIDTH + _CLIENT_WIDTH
    role = role_from(row[end:]) if row[end] is not None else None
    return ListedTrust(trust_from(row[:_WIDTH]), client_from(row[_WIDTH:end]), role)
