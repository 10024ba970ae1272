"""The token endpoint's order of judgement before any grant decides (protocol.md D)."""

from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from callgate.model import faults, grant_faults
from callgate.model.client import Client, GrantType
from callgate.model.decisions import Denied
from callgate.protocol import client_auth
from callgate.protocol.client_auth import ClientNamed, Presented
from callgate.protocol.forms import BODY_BYTES_MAX, Form, parse_form, parse_pairs
from callgate.protocol.grants import ALL, GrantRequest, Parse
from callgate.protocol.guards import app_works

SECRETS = frozenset(
    {
        "client_secret",
        "client_assertion",
        "password",
        "assertion",
        "refresh_token",
        "code",
        "code_verifier",
        "device_code",
    }
)
"""Never in a query string, where logs would keep them."""


ASSERTION_BODY_BYTES_MAX = 64 * 1024
"""For SAML assertions alone: one that lists a person's 150 groups, the most Entra ID sends, has some 30 KiB packed."""


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
    form = parse_form(content_type, body, bytes_max=_bytes_max(body))
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


def _bytes_max(body: bytes) -> int:
    """How long a form may be is said by the grant it asks for, which is looked for before a long form is read."""
    if len(body) <= BODY_BYTES_MAX:
        return BODY_BYTES_MAX
    for field in body[:ASSERTION_BODY_BYTES_MAX].split(b"&"):
        name, _, value = field.partition(b"=")
        if name == b"grant_type" and unquote_to_bytes(value[:_GRANT_CHARS_MAX]) == _LONG_GRANT:
            return ASSERTION_BODY_BYTES_MAX
    return BODY_BYTES_MAX


_LONG_GRANT = GrantType.SAML2_BEARER.value.encode()
_GRANT_CHARS_MAX = 3 * len(_LONG_GRANT)
