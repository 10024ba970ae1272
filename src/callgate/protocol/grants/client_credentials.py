"""Access without a user (RFC 6749 section 4.4; ruling 7): an account gave the app a service extension."""

from callgate.model import grant_faults
from callgate.model.client import Client, GrantType
from callgate.model.decisions import Denied, Granted, LookAgain
from callgate.model.evidence import ClientProven
from callgate.model.facts import ServiceFacts
from callgate.model.ids import AccountId
from callgate.model.lookups import ServiceOpening
from callgate.model.moment import Moment
from callgate.model.scope import IDENTITY_SCOPES
from callgate.model.session import CredentialKind
from callgate.model.value import value
from callgate.protocol.asking import ask
from callgate.protocol.forms import Form
from callgate.protocol.guards import client_stands, still_works
from callgate.protocol.opening import Asked, Credential, grant_opened, new_session
from callgate.protocol.sessions import Parties

TYPE = GrantType.CLIENT_CREDENTIALS
_ID_DIGITS_MAX = 18


@value
class ClientCredentialsRequest:
    """The account named, None when none is. Names of impossible form name account 0, which nobody has."""

    account_id: AccountId | None
    asked: Asked


def parse(form: Form, client: Client) -> ClientCredentialsRequest | Denied:
    """account_id, and what every opening grant may ask; never a refresh token (RFC 6749 section 4.4.3).

    Nor an identity: ID tokens and their scopes are about people (OpenID Connect Core section 2).
    """
    asked = ask(form, client)
    if isinstance(asked, Denied):
        return asked
    scope = tuple(name for name in asked.scope if name not in IDENTITY_SCOPES)
    if not scope:
        return Denied(fault=grant_faults.SCOPE_INVALID, why="a service has no identity to ask for")
    named = form.get("account_id")
    account_id = None if named is None else AccountId(_number(named))
    return ClientCredentialsRequest(account_id, Asked(scope, asked.terms._replace(refresh_ttl_s=0)))


def lookup(client: ClientProven, request: ClientCredentialsRequest) -> ServiceOpening:
    """The accounts that allow this app."""
    return ServiceOpening(client.client_id, request.account_id)


def decide(
    request: ClientCredentialsRequest, *, client: ClientProven, moment: Moment, facts: ServiceFacts
) -> Granted | Denied | LookAgain:
    """Exactly one account must be meant. Service sessions take no slot: a twentieth pod signs nobody out."""
    app = facts.client
    if app is None or not client_stands(client, app):
        return LookAgain()
    if not facts.allowed:
        return Denied(fault=grant_faults.GRANT_NOT_ALLOWED, why="no account, or not the named one, allows this app")
    if len(facts.allowed) > 1:
        return Denied(fault=grant_faults.ACCOUNT_ID_NEEDED, values=(("parameter", "account_id"),))
    allowance, account, extension = facts.allowed[0]
    refused = still_works(account, extension)
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


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _ID_DIGITS_MAX else 0
