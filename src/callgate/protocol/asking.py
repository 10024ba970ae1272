"""What any opening request may ask of its session: scope, lifetimes, endpoint (protocol.md D.1)."""

import re

from callgate.model import faults, grant_faults
from callgate.model.client import Client
from callgate.model.decisions import Denied
from callgate.model.ids import AccountId, read_id
from callgate.model.scope import IDENTITY_SCOPES
from callgate.protocol.forms import Form
from callgate.protocol.lifetimes import access_ttl_s, refresh_ttl_s
from callgate.protocol.opening import Asked, Terms
from callgate.protocol.scopes import narrow_scope

_ENDPOINT_ID = re.compile(r"[\x21-\x7e]{1,128}\Z")


def ask(form: Form, client: Client) -> Asked | Denied:
    """Narrowed scope and clamped terms."""
    terms = ask_terms(form, client)
    if isinstance(terms, Denied):
        return terms
    scope = narrow_scope(client, form.get("scope"))
    if not scope:
        return Denied(fault=grant_faults.SCOPE_INVALID, why="no name in scope is one of the app's")
    return Asked(scope, terms)


def ask_for_service(form: Form, client: Client) -> Asked | Denied:
    """As `ask`, for tokens without a person."""
    asked = ask(form, client)
    return asked if isinstance(asked, Denied) else without_person(asked)


def without_person(asked: Asked) -> Asked | Denied:
    """What remains for a service: access-only (RFC 6749 section 4.4.3), and no identity.

    ID tokens and their scopes are about people (OpenID Connect Core section 2).
    """
    scope = tuple(name for name in asked.scope if name not in IDENTITY_SCOPES)
    if not scope:
        return Denied(fault=grant_faults.SCOPE_INVALID, why="a service has no identity to ask for")
    return Asked(scope, asked.terms._replace(refresh_ttl_s=0))


def ask_account(form: Form) -> AccountId | None:
    """The account named, None when none is. Names of impossible form name account 0, which nobody has."""
    named = form.get("account_id")
    return None if named is None else AccountId(read_id(named) or 0)


def ask_terms(form: Form, client: Client) -> Terms | Denied:
    """Clamped lifetimes; an endpoint_id of impossible form is a fault, for it names a seat."""
    endpoint_id = form.get("endpoint_id")
    if endpoint_id is not None and not _ENDPOINT_ID.match(endpoint_id):
        return Denied(fault=faults.PARAMETER_INVALID, values=(("parameter", "endpoint_id"),))
    return Terms(access_ttl_s(client, form), refresh_ttl_s(client, form), endpoint_id)
