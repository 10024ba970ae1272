"""The password grant (RFC 6749 section 4.3; protocol.md B, D.2): per-app, and only where nothing better works."""

from dataclasses import dataclass

from callgate.model import grant_faults
from callgate.model.account import LoginName
from callgate.model.client import Client, GrantType
from callgate.model.decisions import Denied, Granted, LookAgain
from callgate.model.evidence import ClientProven, PasswordEvidence, PasswordProven
from callgate.model.facts import OpeningFacts
from callgate.model.lookups import PasswordOpening
from callgate.model.moment import Moment
from callgate.model.session import CredentialKind
from callgate.protocol.asking import ask
from callgate.protocol.forms import Form
from callgate.protocol.guards import (
    client_stands,
    is_password_enough,
    may_serve,
    may_sign_in,
    may_use_password,
    password_reliance,
    refuse_password,
)
from callgate.protocol.login_name import parse_login_name
from callgate.protocol.opening import Asked, Credential, grant_opened, new_session
from callgate.protocol.seats import Row, place_live
from callgate.protocol.sessions import parties_of

TYPE = GrantType.PASSWORD


@dataclass(frozen=True, slots=True)
class PasswordRequest:
    """A login name (None when it has no possible form: it is then proven to be wrong like any other) and a password."""

    login: LoginName | None
    password: str
    asked: Asked

    def __repr__(self) -> str:
        return f"PasswordRequest(login={self.login!r}, …)"


def parse(form: Form, client: Client) -> PasswordRequest | Denied:
    """username, password, extension, and what every opening grant may ask."""
    username, password = form.get("username"), form.get("password")
    if username is None or password is None:
        return Denied(fault=grant_faults.CREDENTIALS_INCOMPLETE)
    asked = ask(form, client)
    if isinstance(asked, Denied):
        return asked
    return PasswordRequest(parse_login_name(username, form.get("extension")), password, asked)


def lookup(client: ClientProven, login: LoginName) -> PasswordOpening:
    """The name is resolved again inside the transaction."""
    return PasswordOpening(client.client_id, login)


def decide(
    request: PasswordRequest,
    *,
    client: ClientProven,
    password: PasswordEvidence,
    moment: Moment,
    facts: OpeningFacts,
) -> Granted | Denied | LookAgain:
    """State codes only after a correct password; then the seat."""
    if not isinstance(password, PasswordProven):
        return refuse_password(password)
    parties = parties_of(facts)
    if parties is None or not client_stands(client, parties.client):
        return LookAgain()
    app, account, extension = parties
    if password.relied_on != password_reliance(extension):
        return LookAgain()
    refused = (
        may_sign_in(account, extension)
        or may_use_password(account, extension)
        or is_password_enough(account, extension)
        or may_serve(app, account, role=facts.role)
    )
    if refused:
        return refused
    placed = place_live(
        Row(parties, facts.seat, facts.sessions_from_ms, facts.now_ms), endpoint_id=request.asked.terms.endpoint_id
    )
    session = new_session(
        parties,
        request.asked,
        credential=Credential(CredentialKind.PASSWORD, extension.id, extension.password_version),
        slot=placed.slot,
        fresh=moment.fresh,
        now_ms=facts.now_ms,
    )
    return grant_opened(session, parties, secret=moment.fresh.secret, ended=placed.changes)
