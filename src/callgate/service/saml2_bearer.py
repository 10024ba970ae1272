"""The SAML assertion grant's proof: whose connection an assertion is for, and whom it vouches for."""

from typing import NamedTuple

from callgate.crypto.saml import read_claims, verify_assertion
from callgate.model import grant_faults
from callgate.model.connection import Connection, ConnectionKind, connection_meant, our_addresses
from callgate.model.decisions import Denied
from callgate.model.evidence import IdentityProven
from callgate.model.ids import ExtensionId
from callgate.model.saml import SamlCheck, SamlRefused, SamlVerified, Trust
from callgate.model.sso import ArrivalLookup, ConnectionLookup
from callgate.protocol.guards import connection_reliance
from callgate.protocol.sso import read_email
from callgate.service.context import Context

TOKEN_PATH = "/restapi/oauth/token"


class Vouched(NamedTuple):
    """A provider's word, and whom it was about a moment ago: None where nobody in its account has the address."""

    proven: IdentityProven
    extension_id: ExtensionId | None


async def prove(context: Context, assertion: str) -> Vouched | Denied:
    """Whom an assertion vouches for. Raises Unavailable, also when too many are being checked.

    The audience names the connection, and with it whose keys are tried: the same provider may serve several accounts.
    """
    text = assertion.encode("ascii", "replace")
    claims = await context.proofs.run(lambda: read_claims(text, bare=True))
    if isinstance(claims, SamlRefused):
        return _refused(claims)
    connection = await _find(context, claims.audiences)
    if connection is None:
        found = ", ".join(audience[:200] for audience in claims.audiences[:5]) or "none"
        why = f"the audience is {found}, and no SAML connection has that entity id (`callgate sso show`)"
        return _refused(SamlRefused(why, SamlCheck.AUDIENCE))
    verified = await _verify(context, text, connection=connection)
    if isinstance(verified, SamlRefused):
        return _refused(verified)
    email = read_email(connection, name_id=verified.name_id, attributes=verified.attributes)
    if isinstance(email, Denied):
        return Denied(fault=grant_faults.SAML_PERSON_UNKNOWN, why=email.why)
    proven = IdentityProven(
        connection_id=connection.id,
        email=email,
        assertion_id=verified.assertion_id,
        expires_ms=verified.not_on_or_after_ms,
        relied_on=connection_reliance(connection),
    )
    person = (await context.store.read(ArrivalLookup(connection.id, email))).extension
    return Vouched(proven, person.id if person else None)


async def _find(context: Context, audiences: tuple[str, ...]) -> Connection | None:
    """The SAML connection that the first audience which could be one of ours names."""
    meant = (connection_meant(context.policy.issuer, audience) for audience in audiences)
    connection_id = next((each for each in meant if each is not None), None)
    if connection_id is None:
        return None
    connection = (await context.store.read(ConnectionLookup(connection_id))).connection
    return connection if connection is not None and connection.kind is ConnectionKind.SAML else None


async def _verify(context: Context, text: bytes, *, connection: Connection) -> SamlVerified | SamlRefused:
    issuer, now_ms = context.policy.issuer, context.clock.now_ms()
    return await context.proofs.run(
        lambda: verify_assertion(
            text,
            Trust(connection.issuer, connection.certificates),
            token_url=f"{issuer}{TOKEN_PATH}",
            sp_entity_id=our_addresses(issuer, connection.id).entity_id,
            now_ms=now_ms,
        )
    )


def _refused(refused: SamlRefused) -> Denied:
    """The app is told which check failed; what was found goes to the explanation and the log."""
    return Denied(
        fault=grant_faults.SAML_ASSERTION_REFUSED,
        values=(("check", refused.check.value),),
        why=f"{refused.check.value}: {refused.reason}",
    )
