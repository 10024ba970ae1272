"""The token endpoint's order of judgement before any grant decides (protocol.md D)."""

from typing import NamedTuple

from callgate.model import faults, grant_faults
from callgate.model.client import Client, GrantType
from callgate.model.decisions import Denied
from callgate.protocol import client_auth
from callgate.protocol.client_auth import ClientNamed, Presented
from callgate.protocol.forms import Form, parse_form, parse_pairs
from callgate.protocol.grants import ALL, GrantRequest, Parse
from callgate.protocol.guards import app_works

SECRETS = frozenset(
    {"client_secret", "client_assertion", "password", "assertion", "refresh_token", "code", "code_verifier"}
)
"""Never in a query string, where logs would keep them."""


class TokenCall(NamedTuple):
    """A readable call: who it says it is, which grant it wants."""

    form: Form
    presented: Presented
    grant: GrantType
    parse: Parse


def read_call(*, content_type: str, body: bytes, query: bytes, authorization: str | None) -> TokenCall | Denied:
    """The form, the client it names and the grant it asks for."""
    asked = parse_pairs(query)
    if isinstance(asked, Denied):
        return asked
    in_query = frozenset(name for name, _ in asked)
    if misplaced := in_query & SECRETS:
        return Denied(fault=faults.SECRET_IN_QUERY, values=(("parameter", min(misplaced)),))
    form = parse_form(content_type, body)
    if isinstance(form, Denied):
        return form
    if twice := sorted(name for name in in_query if form.has(name)):
        return Denied(fault=faults.PARAMETER_DUPLICATED, values=(("parameter", twice[0][:64]),))
    wanted = form.get("grant_type")
    if wanted is None:
        return Denied(fault=faults.PARAMETER_MISSING, values=(("parameter", "grant_type"),))
    known = ALL.get(wanted)
    if known is None:
        return Denied(fault=grant_faults.GRANT_UNSUPPORTED, why=f"grant_type {wanted[:80]!r}")
    shown = client_auth.presented(authorization, form)
    if isinstance(shown, Denied):
        return shown
    if isinstance(shown, ClientNamed) and known[0] is GrantType.JWT_BEARER:
        shown = ClientNamed(shown.client_id, by_grant=True)
    return TokenCall(form, shown, *known)


def read_grant(call: TokenCall, client: Client) -> GrantRequest | Denied:
    """The grant's own request, if this app may use the grant at all (ASVS 10.4.4)."""
    refused = app_works(client)
    if refused:
        return refused
    if call.grant not in client.grants:
        names = ", ".join(sorted(grant.value for grant in client.grants)) or "none"
        return Denied(fault=grant_faults.GRANT_NOT_ALLOWED, why=f"asked for {call.grant.value}; the app has {names}")
    return call.parse(call.form, client)
