"""SAML's side of single sign-on: what we tell a provider, what we ask it, and the proof its answer is."""

from callgate.crypto.connection_keys import open_connection_key
from callgate.crypto.saml import verify_response
from callgate.crypto.saml_request import (
    AuthnRequest,
    ServiceProvider,
    build_authn_request,
    build_sp_metadata,
    redirect_with,
)
from callgate.model import sso_faults
from callgate.model.connection import Connection, ConnectionSecret, our_addresses
from callgate.model.decisions import Denied
from callgate.model.evidence import IdentityProven
from callgate.model.saml import SamlCheck, SamlRefused, SamlVerified, Trust
from callgate.protocol.guards import connection_reliance
from callgate.protocol.sso import read_email, read_handle
from callgate.service.context import Context

_RELAY = "cg."
"""Begins the RelayState of what we asked for ourselves; whatever else a provider sends there is ignored."""


def describe_us(connection: Connection, issuer: str) -> bytes:
    """Our metadata for this provider (SAML 2.0 metadata section 2.4.4)."""
    ours = our_addresses(issuer, connection.id)
    return build_sp_metadata(
        ServiceProvider(
            entity_id=ours.entity_id,
            acs_url=ours.acs_url,
            token_url=f"{issuer}/restapi/oauth/token",
            certificates=(connection.own_certificate,) if connection.own_certificate else (),
            signs_requests=connection.signs_requests,
        )
    )


def ask(context: Context, connection: Connection, secret: ConnectionSecret, *, handle: str, anew: bool) -> str:
    """Where the browser goes to be signed in. The handle names the request, and finds this browser again.

    Raises Unavailable.
    """
    ours = our_addresses(context.policy.issuer, connection.id)
    document = build_authn_request(
        AuthnRequest(
            request_id=_request_id(handle),
            destination=connection.sso_url,
            acs_url=ours.acs_url,
            sp_entity_id=ours.entity_id,
            now_ms=context.clock.now_ms(),
            anew=anew,
        )
    )
    sealed = secret.sealed_signing_key if connection.signs_requests else None
    key = None
    if sealed:
        key = context.keeper.unwrap(lambda kek: open_connection_key(kek, sealed, connection_id=connection.id))
    return redirect_with(document, connection.sso_url, relay_state=f"{_RELAY}{handle}", key=key)


def handle_of(relay_state: str | None) -> str | None:
    """The handle we sent away; None when the sign-in began at the provider."""
    if relay_state is None or not relay_state.startswith(_RELAY):
        return None
    return read_handle(relay_state.removeprefix(_RELAY))


async def prove(
    context: Context, connection: Connection, response: str, *, handle: str | None
) -> IdentityProven | Denied:
    """Whom a response vouches for. Raises Unavailable when too many are being checked."""
    ours = our_addresses(context.policy.issuer, connection.id)
    now_ms = context.clock.now_ms()

    def verify() -> SamlVerified | SamlRefused:
        return verify_response(
            response.encode("ascii", "replace"),
            Trust(connection.issuer, connection.certificates),
            acs_url=ours.acs_url,
            sp_entity_id=ours.entity_id,
            expected_in_response_to=None if handle is None else _request_id(handle),
            now_ms=now_ms,
        )

    read = await context.proofs.run(verify)
    if isinstance(read, SamlRefused):
        return _refused(read)
    email = read_email(connection, name_id=read.name_id, attributes=read.attributes)
    if isinstance(email, Denied):
        return email
    return IdentityProven(
        connection_id=connection.id,
        email=email,
        assertion_id=read.assertion_id,
        expires_ms=read.not_on_or_after_ms,
        relied_on=connection_reliance(connection),
    )


def _request_id(handle: str) -> str:
    """An XML name: it must not begin with a digit or a hyphen."""
    return f"_{handle}"


def _refused(refused: SamlRefused) -> Denied:
    """A provider that says no is told from an answer that is not believed."""
    own_word = refused.check is SamlCheck.STATUS
    fault = sso_faults.SSO_PROVIDER_REFUSED if own_word else sso_faults.SSO_ANSWER_REFUSED
    return Denied(fault=fault, why=f"{refused.check.value}: {refused.reason}")
