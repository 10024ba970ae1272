"""The SAML assertion grant (RFC 7522 section 2.1): who an account's identity provider vouches for gets a session.

The provider signs the very person in who is asked about, as it does for browsers, and no one here types a password: so
this works where single sign-on is enforced. An assertion is good once.
"""

from dataclasses import dataclass, field

from callgate.model import faults, grant_faults
from callgate.model.client import Client, GrantType
from callgate.model.decisions import Denied, Granted, LookAgain
from callgate.model.evidence import ClientProven, IdentityProven
from callgate.model.moment import Moment
from callgate.model.session import CredentialKind
from callgate.model.sso import AssertionConsumed, IdentityOpening, IdentityOpeningFacts
from callgate.model.ways import sso_open
from callgate.protocol.asking import ask
from callgate.protocol.forms import Form
from callgate.protocol.guards import client_stands, connection_reliance, may_serve, may_sign_in
from callgate.protocol.opening import Asked, Credential, grant_opened, new_session
from callgate.protocol.seats import Row, place_live
from callgate.protocol.sessions import parties_of

TYPE = GrantType.SAML2_BEARER


@dataclass(frozen=True, slots=True)
class Saml2BearerRequest:
    """The assertion as sent, in base64url, and what it is to open."""

    assertion: str = field(repr=False)
    asked: Asked


def parse(form: Form, client: Client) -> Saml2BearerRequest | Denied:
    """assertion, and what every opening grant may ask."""
    assertion = form.get("assertion")
    if assertion is None:
        return Denied(fault=faults.PARAMETER_MISSING, values=(("parameter", "assertion"),))
    asked = ask(form, client)
    return asked if isinstance(asked, Denied) else Saml2BearerRequest(assertion, asked)


def lookup(client: ClientProven, proven: IdentityProven) -> IdentityOpening:
    """The connection, the assertion's use, the person and their seat."""
    return IdentityOpening(client.client_id, proven.connection_id, email=proven.email, assertion_id=proven.assertion_id)


def decide(
    request: Saml2BearerRequest,
    *,
    client: ClientProven,
    proven: IdentityProven,
    moment: Moment,
    facts: IdentityOpeningFacts,
) -> Granted | Denied | LookAgain:
    """The connection as it is now, then the use, then the person, then the seat; what is refused is not spent."""
    opening, connection = facts.opening, facts.connection
    if opening.client is None or not client_stands(client, opening.client):
        return LookAgain()
    if connection is None or not connection.enabled:
        return Denied(fault=grant_faults.SAML_CONNECTION_OFF, why=f"connection {proven.connection_id} is off or gone")
    if proven.relied_on != connection_reliance(connection):
        return LookAgain()
    if facts.consumed:
        why = f"assertion {proven.assertion_id} of connection {connection.id} came before"
        return Denied(fault=grant_faults.SAML_ASSERTION_USED, why=why)
    parties = parties_of(opening)
    if parties is None:
        why = f"nobody in account {connection.account_id} has the address that connection {connection.id} gave"
        return Denied(fault=grant_faults.SAML_PERSON_UNKNOWN, why=why)
    app, account, extension = parties
    if not sso_open(account):
        return Denied(fault=grant_faults.SAML_SSO_OFF, why=f"account {account.id} has single sign-on switched off")
    refused = may_sign_in(account, extension) or may_serve(app, account, role=opening.role)
    if refused:
        return refused
    placed = place_live(
        Row(parties, opening.seat, opening.sessions_from_ms, opening.now_ms),
        endpoint_id=request.asked.terms.endpoint_id,
    )
    session = new_session(
        parties,
        request.asked,
        credential=Credential(CredentialKind.CONNECTION, connection.id, connection.trust_version),
        slot=placed.slot,
        fresh=moment.fresh,
        now_ms=opening.now_ms,
    )
    return grant_opened(session, parties, secret=moment.fresh.secret, ended=placed.changes, also=_spent(proven))


def _spent(proven: IdentityProven) -> tuple[AssertionConsumed, ...]:
    assert proven.assertion_id is not None, "every SAML assertion has one"
    return (AssertionConsumed(proven.connection_id, proven.assertion_id, proven.expires_ms),)
