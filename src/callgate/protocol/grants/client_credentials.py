"""Access without a user (RFC 6749 section 4.4; ruling 7): an account gave the app a service extension."""

from callgate.model import grant_faults
from callgate.model.client import Client, GrantType
from callgate.model.decisions import Denied, Granted, LookAgain
from callgate.model.evidence import ClientProven
from callgate.model.facts import ServiceFacts
from callgate.model.ids import AccountId
from callgate.model.lookups import ServiceOpening
from callgate.model.moment import Moment
from callgate.model.session import CredentialKind
from callgate.model.value import value
from callgate.protocol.asking import ask_account, ask_for_service
from callgate.protocol.forms import Form
from callgate.protocol.guards import client_stands, may_serve, still_works
from callgate.protocol.opening import Asked, Credential, grant_opened, new_session
from callgate.protocol.sessions import Parties

TYPE = GrantType.CLIENT_CREDENTIALS


@value
class ClientCredentialsRequest:
    """The account named, None when none is. Names of impossible form name account 0, which nobody has."""

    account_id: AccountId | None
    asked: Asked


def parse(form: Form, client: Client) -> ClientCredentialsRequest | Denied:
    """account_id, and what every opening grant may ask; never a refresh token (RFC 6749 section 4.4.3)."""
    asked = ask_for_service(form, client)
    return asked if isinstance(asked, Denied) else ClientCredentialsRequest(ask_account(form), asked)


def lookup(client: ClientProven, request: ClientCredentialsRequest) -> ServiceOpening:
    """The accounts that allow this app."""
    return ServiceOpening(client.client_id, request.account_id)


def decide(
    request: ClientCredentialsRequest, *, client: ClientProven, moment: Moment, facts: ServiceFacts
) -> Granted | Denied | LookAgain:
    """Exactly one account must be meant, and may still be served: the allowance was judged when it was given.

    Service sessions take no slot: a twentieth pod signs nobody out.
    """
    app = facts.client
    if app is None or not client_stands(client, app):
        return LookAgain()
    if not facts.allowed:
        return Denied(fault=grant_faults.GRANT_NOT_ALLOWED, why="no account, or not the named one, allows this app")
    if len(facts.allowed) > 1:
        return Denied(fault=grant_faults.ACCOUNT_ID_NEEDED, values=(("parameter", "account_id"),))
    allowance, account, extension, role = facts.allowed[0]
    refused = still_works(account, extension) or may_serve(app, account, role=role)
    if refused:
        return refused
    parties = Parties(app, account, extension)
    session = new_session(
        parties,
        request.asked,
        credential=Credential(CredentialKind.ALLOWANCE, allowance.id, allowance.version),
        slot=None,
        fresh=moment.fresh,
        now_ms=facts.now_ms,
    )
    return grant_opened(session, parties, secret=moment.fresh.secret)
