"""The token endpoint: read, prove, decide in one transaction, seal after the commit."""

import asyncio
from typing import NamedTuple, assert_never

from callgate.crypto.id_token import IdTokenClaims, sign_id_token
from callgate.crypto.jws import HmacSecret
from callgate.crypto.jwt_credential import NotOurs, hash_jwt_credential, inspect_jwt_credential
from callgate.crypto.secrets import mint_endpoint_id, session_id
from callgate.crypto.signing_keys import SigningKey
from callgate.model import faults, grant_faults
from callgate.model.client import Client, Switch
from callgate.model.decisions import Denied, Granted, LookAgain, TokenDecision, TokenTimes
from callgate.model.evidence import ClientProven, CredentialPresented, PasswordProven
from callgate.model.facts import OpeningFacts, ServiceFacts, SessionFacts
from callgate.model.ids import ClientId
from callgate.model.issuer import TrustFacts
from callgate.model.limits import Charged
from callgate.model.lookups import ClientLookup, CredentialLookup, PasswordOpening
from callgate.model.moment import Moment
from callgate.model.network import LOCAL
from callgate.model.reference import Reference, TokenKind
from callgate.model.sso import IdentityOpeningFacts
from callgate.protocol.asking import without_person
from callgate.protocol.grants import (
    GrantRequest,
    authorization_code,
    client_credentials,
    jwt_bearer,
    partner_jwt,
    password,
    refresh_token,
    saml2_bearer,
)
from callgate.protocol.token import ASSERTION_BODY_BYTES_MAX, TokenCall, read_call, read_grant
from callgate.protocol.userinfo import person_claims
from callgate.service import client as clients
from callgate.service import issuers
from callgate.service import password as passwords
from callgate.service import saml2_bearer as assertions
from callgate.service.context import Context
from callgate.service.visit import Holder, Person, Service, Visit
from callgate.storage.port import Unit

FORM_BYTES_MAX = ASSERTION_BODY_BYTES_MAX
"""No grant's form is longer; most are refused earlier, when it is known what they ask for."""

LOOKS_MAX = 3
"""How often proofs are made anew when what they relied on changed under them."""


class TokenRequest(NamedTuple):
    """A POST as it came, bounded."""

    content_type: str
    body: bytes
    query: bytes
    authorization: str | None
    request_id: str
    network: str = LOCAL

    def __repr__(self) -> str:
        return f"TokenRequest({self.request_id})"


class TokenReply(NamedTuple):
    """Tokens and what is said of them (protocol.md D.3)."""

    access_token: str
    refresh_token: str | None
    id_token: str | None
    times: TokenTimes
    scope: str
    owner_id: str
    endpoint_id: str
    session_id: str
    rate: Charged | None = None

    def __repr__(self) -> str:
        return f"TokenReply(session_id={self.session_id})"


async def exchange(context: Context, request: TokenRequest) -> TokenReply | Denied:
    """Tokens for a grant, durable before this returns. Raises Unavailable."""
    call = read_call(
        content_type=request.content_type,
        body=request.body,
        query=request.query,
        authorization=request.authorization,
    )
    visit = Visit(context, request.network)
    if isinstance(call, Denied):
        return _denied(context, request, denial=await visit.refuse(call, ""), client_id=None)
    decision, client_id, secret = await _decide(context, call, visit=visit)
    if isinstance(decision, Denied):
        denial = await visit.refuse(decision, client_id or call.presented.client_id or "")
        return _denied(context, request, denial=denial, client_id=client_id)
    reply = (await seal(context, decision, secret))._replace(rate=visit.grant(decision))
    context.events.granted(
        "token",
        request.request_id,
        client_id=decision.client.id,
        session_id=reply.session_id,
        extension_id=decision.extension.id,
    )
    return reply


class _Decided(NamedTuple):
    """What was decided, for which app, and the app's secret where that signs its ID tokens."""

    decision: Granted | Denied
    client_id: ClientId | None = None
    secret: HmacSecret | None = None


async def _decide(context: Context, call: TokenCall, *, visit: Visit) -> _Decided:
    """Prove and decide, again when a proof was overtaken by a change."""
    decided = await _decide_from_memory(context, call, visit=visit)
    if decided is not None:
        return decided
    before = None
    for _ in range(LOOKS_MAX):
        proven = await clients.prove(context, call.presented, before=before)
        if isinstance(proven, Denied):
            return _Decided(proven)
        before = proven
        grant = read_grant(call, proven.client)
        if isinstance(grant, Denied):
            return _Decided(grant, proven.client.id)
        visit.client = proven.client
        secret = await _id_token_secret(context, proven.client)
        decision = await _run(context, grant, client=proven.evidence, visit=visit)
        if not isinstance(decision, LookAgain):
            return _Decided(decision, proven.client.id, secret)
    return _Decided(Denied(fault=faults.TEMPORARILY_UNAVAILABLE, why="the app or person kept changing"))


async def _decide_from_memory(context: Context, call: TokenCall, *, visit: Visit) -> _Decided | None:
    """Without reading the app first; None where memory does not carry a yes. The transaction compares it with today's.

    Denied by what the transaction saw: the app is proven anew, so that nothing is told to an old secret.
    """
    recalled = clients.recall(context, call.presented)
    if recalled is None:
        return None
    grant = read_grant(call, recalled.client)
    if isinstance(grant, Denied):
        return None
    visit.client = recalled.client
    secret = await _id_token_secret(context, recalled.client)
    decision = await _run(context, grant, client=recalled.evidence, visit=visit)
    if isinstance(decision, LookAgain):
        return None
    if isinstance(decision, Denied):
        proven = await clients.prove(context, call.presented)
        if isinstance(proven, Denied):
            return _Decided(proven)
    return _Decided(decision, recalled.client.id, secret)


async def _id_token_secret(context: Context, client: Client) -> HmacSecret | None:
    """The secret of an app whose ID tokens it signs, or None. Raises Unavailable.

    Resolved before the transaction, which compares the app with the one proven: what failed after the commit would
    have spent the code for nothing.
    """
    if Switch.ID_TOKEN_HS256 not in client.switches:
        return None
    keys = (await context.store.read(ClientLookup(client.id))).keys
    return clients.hmac_secret(context, client, keys) if keys else None


async def _run(context: Context, grant: GrantRequest, *, client: ClientProven, visit: Visit) -> TokenDecision:
    """Each grant's evidence and lookup, and its decision as the transaction's judgement."""
    if isinstance(grant, refresh_token.RefreshRequest):
        return await _refresh(context, grant, client=client, visit=visit)
    match grant:
        case client_credentials.ClientCredentialsRequest():
            return await _client_credentials(context, grant, client=client, visit=visit)
        case jwt_bearer.JwtBearerRequest():
            return await _jwt_bearer(context, grant, client=client, visit=visit)
        case partner_jwt.PartnerJwtRequest():
            return await _partner_jwt(context, grant, client=client, visit=visit)
        case authorization_code.CodeRequest():
            return await _code(context, grant, client=client, visit=visit)
        case password.PasswordRequest():
            return await _password(context, grant, client=client, visit=visit)
        case saml2_bearer.Saml2BearerRequest():
            return await _saml2_bearer(context, grant, client=client, visit=visit)
        case _:
            assert_never(grant)


async def _refresh(
    context: Context, grant: refresh_token.RefreshRequest, *, client: ClientProven, visit: Visit
) -> TokenDecision:
    reference = await context.keeper.open(grant.refresh_token, (TokenKind.REFRESH,))
    if reference is None:
        return Denied(fault=grant_faults.TOKEN_NOT_FOUND, why="not a refresh token of this server")
    key_number = context.keeper.rings.sealer.active_key_number

    def decide(facts: SessionFacts) -> TokenDecision:
        return refresh_token.decide(grant, client=client, reference=reference, key_number=key_number, facts=facts)

    return await visit.run(Unit(refresh_token.lookup(reference), decide), Holder(reference))


async def _client_credentials(
    context: Context, grant: client_credentials.ClientCredentialsRequest, *, client: ClientProven, visit: Visit
) -> TokenDecision:
    def judge(moment: Moment, facts: ServiceFacts) -> TokenDecision:
        return client_credentials.decide(grant, client=client, moment=moment, facts=facts)

    unit = Unit(client_credentials.lookup(client, grant), context.drawing(judge))
    return await visit.run(unit, Service(grant.account_id))


async def _code(
    context: Context, grant: authorization_code.CodeRequest, *, client: ClientProven, visit: Visit
) -> TokenDecision:
    reference = await context.keeper.open(grant.code, (TokenKind.CODE,))
    if reference is None:
        return Denied(fault=grant_faults.CODE_INVALID, why="not a code of this server")

    def judge(moment: Moment, facts: SessionFacts) -> TokenDecision:
        return authorization_code.decide(grant, client=client, reference=reference, moment=moment, facts=facts)

    unit = Unit(authorization_code.lookup(reference), context.drawing(judge))
    return await visit.run(unit, Holder(reference))


async def _password(
    context: Context, grant: password.PasswordRequest, *, client: ClientProven, visit: Visit
) -> TokenDecision:
    proof = await passwords.prove(context, grant.login, grant.password)
    lookup: PasswordOpening = password.lookup(client, grant.login or passwords.NOBODY)

    def judge(moment: Moment, facts: OpeningFacts) -> TokenDecision:
        return password.decide(grant, client=client, password=proof, moment=moment, facts=facts)

    subject = Person(proof.extension_id) if isinstance(proof, PasswordProven) else None
    return await visit.run(Unit(lookup, context.drawing(judge)), subject)


_NOT_OURS = {
    NotOurs.UNREADABLE: grant_faults.ASSERTION_UNREADABLE,
    NotOurs.ALGORITHM: grant_faults.ASSERTION_ALGORITHM,
    NotOurs.SIGNATURE: grant_faults.ASSERTION_SIGNATURE,
}


async def _jwt_bearer(
    context: Context, grant: jwt_bearer.JwtBearerRequest, *, client: ClientProven, visit: Visit
) -> TokenDecision:
    """A row with the text's hash accepts it; only a text without one is parsed: an outside issuer's, or an error."""
    sha256 = hash_jwt_credential(grant.assertion)
    credential = context.credentials.get(sha256) or (await context.store.read(CredentialLookup(sha256))).credential
    if credential is None:
        if await issuers.is_trusted(context, client.client_id, grant.assertion):
            asked = without_person(grant.asked)
            if isinstance(asked, Denied):
                return asked
            outside = partner_jwt.PartnerJwtRequest(grant.assertion, grant.account_id, asked)
            return await _partner_jwt(context, outside, client=client, visit=visit)
        shown = inspect_jwt_credential(grant.assertion, context.keeper.rings.credentials)
        fault = _NOT_OURS[shown] if isinstance(shown, NotOurs) else grant_faults.CREDENTIAL_GONE
        return Denied(fault=fault, why="no such credential")
    context.credentials.put(sha256, credential)
    presented = CredentialPresented(credential)

    def judge(moment: Moment, facts: OpeningFacts) -> TokenDecision:
        return jwt_bearer.decide(grant, client=client, presented=presented, moment=moment, facts=facts)

    unit = Unit(jwt_bearer.lookup(client, presented), context.drawing(judge))
    return await visit.run(unit, Person(credential.extension_id))


async def _partner_jwt(
    context: Context, grant: partner_jwt.PartnerJwtRequest, *, client: ClientProven, visit: Visit
) -> TokenDecision:
    proven = await issuers.prove_service(context, client.client_id, grant.assertion, account_id=grant.account_id)
    if isinstance(proven, Denied):
        return proven

    def judge(moment: Moment, facts: TrustFacts) -> TokenDecision:
        return partner_jwt.decide(grant, client=client, proven=proven, moment=moment, facts=facts)

    unit = Unit(partner_jwt.lookup(client, proven), context.drawing(judge))
    return await visit.run(unit, Service(proven.trust.account_id))


async def _saml2_bearer(
    context: Context, grant: saml2_bearer.Saml2BearerRequest, *, client: ClientProven, visit: Visit
) -> TokenDecision:
    vouched = await assertions.prove(context, grant.assertion)
    if isinstance(vouched, Denied):
        return vouched

    def judge(moment: Moment, facts: IdentityOpeningFacts) -> TokenDecision:
        return saml2_bearer.decide(grant, client=client, proven=vouched.proven, moment=moment, facts=facts)

    subject = None if vouched.extension_id is None else Person(vouched.extension_id)
    return await visit.run(Unit(saml2_bearer.lookup(client, vouched.proven), context.drawing(judge)), subject)


async def seal(context: Context, granted: Granted, secret: HmacSecret | None = None) -> TokenReply:
    """The strings of a decision: the same session and generation always give the same.

    `secret` is the app's, where that signs its ID tokens.
    """
    session = granted.session
    await context.keeper.knows(session.key_number)
    access = Reference(
        TokenKind.ACCESS, session.account_id, session.id, granted.secret, session.generation, session.key_number
    )
    access_token = context.keeper.seal(access)
    refresh = context.keeper.seal(access._replace(kind=TokenKind.REFRESH)) if session.refresh_ttl_s else None
    openid = "openid" in session.scope.split(" ") if "openid" in session.scope else False
    return TokenReply(
        access_token=access_token,
        refresh_token=refresh,
        id_token=await _id_token(context, granted, access_token=access_token, secret=secret) if openid else None,
        times=granted.times,
        scope=session.scope,
        owner_id=str(session.extension_id),
        endpoint_id=session.endpoint_id,
        session_id=session_id(session.id, session.secret_sha256),
    )


async def _id_token(context: Context, granted: Granted, *, access_token: str, secret: HmacSecret | None) -> str:
    session = granted.session
    claims = person_claims(granted.extension, session.scope)
    issued_s = granted.now_ms // 1000
    said = IdTokenClaims(
        issuer=context.policy.issuer,
        subject=str(session.extension_id),
        audience=session.client_id,
        issued_s=issued_s,
        expires_s=issued_s + granted.times.expires_in_s,
        jti=mint_endpoint_id(context.entropy),
        account_id=str(session.account_id),
        auth_time_s=None if session.signed_in_ms is None else session.signed_in_ms // 1000,
        nonce=session.nonce,
        access_token=access_token,
        email=claims.email,
        email_verified=None if claims.email is None else True,
        given_name=claims.given_name,
        family_name=claims.family_name,
    )
    signer = _signer(context, granted.client, secret)
    if isinstance(signer, SigningKey) and signer.alg == "RS256":
        # RSA takes most of a millisecond and lets the interpreter go; the others cost less than the way there.
        return await asyncio.to_thread(sign_id_token, said, signer)
    return sign_id_token(said, signer)


def _signer(context: Context, client: Client, secret: HmacSecret | None) -> SigningKey | HmacSecret:
    if Switch.ID_TOKEN_HS256 in client.switches:
        assert secret is not None, "an app with this switch has its secret sealed"
        return secret
    rings = context.keeper.rings
    return (rings.id_es256 if Switch.ID_TOKEN_ES256 in client.switches else rings.id_rs256).active


def _denied(context: Context, request: TokenRequest, *, denial: Denied, client_id: ClientId | None) -> Denied:
    context.events.denied(
        "token", denial, request_id=request.request_id, client_id=client_id, at_ms=context.clock.now_ms()
    )
    return denial
