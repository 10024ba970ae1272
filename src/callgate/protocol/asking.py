"""What any opening request may ask of its session: scope, lifetimes, endpoint (protocol.md D.1)."""

import re

from callgate.model import faults, grant_faults
from callgate.model.client import Client
from callgate.model.decisions import Denied
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


def ask_terms(form: Form, client: Client) -> Terms | Denied:
    """Clamped lifetimes; an endpoint_id of impossible form is a fault, for it names a seat."""
    endpoint_id = form.get("endpoint_id")
    if endpoint_id is not None and not _ENDPOINT_ID.match(endpoint_id):
        return Denied(fault=faults.PARAMETER_INVALID, values=(("parameter", "endpoint_id"),))
    return Terms(access_ttl_s(client, form), refresh_ttl_s(client, form), endpoint_id)
