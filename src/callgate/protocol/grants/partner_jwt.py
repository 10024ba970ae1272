"""Tokens of outside issuers as a grant (RFC 7523 section 2.1): workload identity, with no secret stored anywhere.

`partner_jwt` is the vendor's name for it (protocol.md D.2); under the RFC's own name it shares jwt_bearer with the JWT
credentials of this server, told apart by whose the assertion is. The judgement of the token stands in protocol/issuers.
"""

from dataclasses import dataclass, field

from callgate.model import faults
from callgate.model.client import Client, GrantType
from callgate.model.decisions import Denied, Granted, LookAgain
from callgate.model.evidence import ClientProven
from callgate.model.ids import AccountId
from callgate.model.issuer import OutsideProven, TrustFacts, TrustOpening
from callgate.model.moment import Moment
from callgate.model.session import CredentialKind
from callgate.protocol.asking import ask_account, ask_for_service
from callgate.protocol.forms import Form
from callgate.protocol.guards import may_serve, still_works
from callgate.protocol.issuers import refuse_spent, spend, stands
from callgate.protocol.opening import Asked, Credential, grant_opened, new_session
from callgate.protocol.sessions import Parties

TYPE = GrantType.JWT_BEARER
NAME = "partner_jwt"


@dataclass(frozen=True, slots=True)
class PartnerJwtRequest:
    """The assertion as sent, the account named (None: whichever trusts it), and what it is to open."""

    assertion: str = field(repr=False)
    account_id: AccountId | None
    asked: Asked


def parse(form: Form, client: Client) -> PartnerJwtRequest | Denied:
    """assertion, account_id, and what every grant of a service may ask."""
    assertion = form.get("assertion")
    if assertion is None:
        return Denied(fault=faults.PARAMETER_MISSING, values=(("parameter", "assertion"),))
    asked = ask_for_service(form, client)
    return asked if isinstance(asked, Denied) else PartnerJwtRequest(assertion, ask_account(form), asked)


def lookup(client: ClientProven, proven: OutsideProven) -> TrustOpening:
    """The trust again, with the service extension its tokens stand for."""
    return TrustOpening(client.client_id, proven)


def decide(
    request: PartnerJwtRequest, *, client: ClientProven, proven: OutsideProven, moment: Moment, facts: TrustFacts
) -> Granted | Denied | LookAgain:
    """The trust still stands; the token is new; then the service. No slot: a twentieth pod signs nobody out."""
    if not stands(proven, client=client, facts=facts):
        return LookAgain()
    app, account, extension = facts.client, facts.account, facts.extension
    if app is None or account is None or extension is None:
        return LookAgain()
    refused = refuse_spent(proven, facts) or still_works(account, extension) or may_serve(app, account, role=facts.role)
    if refused:
        return refused
    parties = Parties(app, account, extension)
    session = new_session(
        parties,
        request.asked,
        credential=Credential(CredentialKind.TRUSTED_ISSUER, proven.trust.id, proven.trust.version),
        slot=None,
        fresh=moment.fresh,
        now_ms=facts.now_ms,
    )
    return grant_opened(session, parties, secret=moment.fresh.secret, also=spend(proven, now_ms=facts.now_ms))
