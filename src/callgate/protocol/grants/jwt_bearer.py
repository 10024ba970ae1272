"""The JWT credential grant (RFC 7523 section 2.1; protocol.md G, ruling 6): a person's key for unattended apps."""

import hmac
from dataclasses import field

from callgate.model import faults, grant_faults
from callgate.model.changes import CredentialUsed
from callgate.model.client import Client, GrantType
from callgate.model.credential import JwtCredential
from callgate.model.decisions import Denied, Granted, LookAgain
from callgate.model.evidence import ClientProven, CredentialPresented
from callgate.model.facts import OpeningFacts
from callgate.model.ids import AccountId
from callgate.model.lookups import CredentialOpening
from callgate.model.moment import Moment
from callgate.model.policy import CREDENTIAL_USE_STEP_MS
from callgate.model.session import CredentialKind
from callgate.model.value import value
from callgate.protocol.asking import ask, ask_account
from callgate.protocol.forms import Form
from callgate.protocol.guards import client_stands, may_serve, may_sign_in
from callgate.protocol.opening import Asked, Credential, grant_opened, new_session
from callgate.protocol.seats import Row, place_live
from callgate.protocol.sessions import parties_of

TYPE = GrantType.JWT_BEARER
CREDENTIAL_VERSION = 1
"""Credentials are immutable: a present row is version 1, a deleted one has none."""


@value
class JwtBearerRequest:
    """The assertion as sent, what it is to open, and the account named: where it is an outside issuer's, it counts."""

    assertion: str = field(repr=False)
    asked: Asked
    account_id: AccountId | None = None


def parse(form: Form, client: Client) -> JwtBearerRequest | Denied:
    """assertion, account_id, and what every opening grant may ask."""
    assertion = form.get("assertion")
    if assertion is None:
        return Denied(fault=faults.PARAMETER_MISSING, values=(("parameter", "assertion"),))
    asked = ask(form, client)
    return asked if isinstance(asked, Denied) else JwtBearerRequest(assertion, asked, ask_account(form))


def lookup(client: ClientProven, presented: CredentialPresented) -> CredentialOpening:
    """The credential's row again, with its person and their seat."""
    return CredentialOpening(client.client_id, presented.credential.id)


def decide(
    request: JwtBearerRequest,
    *,
    client: ClientProven,
    presented: CredentialPresented,
    moment: Moment,
    facts: OpeningFacts,
) -> Granted | Denied | LookAgain:
    """The row decides: present, unexpired, meant for this app; then the person; then the seat."""
    credential = facts.credential
    if facts.client is None or not client_stands(client, facts.client):
        return LookAgain()
    if client.by_grant:
        return Denied(fault=faults.CLIENT_PROOF_MISSING, why="a JWT credential proves a person, not the app")
    if credential is None or not hmac.compare_digest(credential.sha256, presented.credential.sha256):
        return Denied(fault=grant_faults.CREDENTIAL_GONE, why=f"credential {presented.credential.id} is gone")
    if credential.expires_ms is not None and facts.now_ms >= credential.expires_ms:
        return Denied(fault=grant_faults.CREDENTIAL_EXPIRED, why=f"credential {credential.id} is expired")
    parties = parties_of(facts)
    if parties is None:
        return Denied(fault=grant_faults.EXTENSION_GONE, why=f"extension {credential.extension_id} is gone")
    app, account, extension = parties
    if not _is_meant_for(credential, app):
        return Denied(fault=grant_faults.CREDENTIAL_OTHER_APP, why=f"credential {credential.id} does not list the app")
    refused = may_sign_in(account, extension) or may_serve(app, account, role=facts.role)
    if refused:
        return refused
    placed = place_live(
        Row(parties, facts.seat, facts.sessions_from_ms, facts.now_ms), endpoint_id=request.asked.terms.endpoint_id
    )
    session = new_session(
        parties,
        request.asked,
        credential=Credential(CredentialKind.JWT_CREDENTIAL, credential.id, CREDENTIAL_VERSION),
        slot=placed.slot,
        fresh=moment.fresh,
        now_ms=facts.now_ms,
    )
    return grant_opened(
        session,
        parties,
        secret=moment.fresh.secret,
        ended=placed.changes,
        also=_last_use(credential, facts.now_ms),
    )


def _is_meant_for(credential: JwtCredential, app: Client) -> bool:
    if credential.client_ids is None:
        return app.account_id == credential.account_id
    return app.id in credential.client_ids


def _last_use(credential: JwtCredential, now_ms: int) -> tuple[CredentialUsed, ...]:
    recorded = credential.last_used_ms
    if recorded is not None and now_ms - recorded < CREDENTIAL_USE_STEP_MS:
        return ()
    return (CredentialUsed(credential.id, now_ms),)
