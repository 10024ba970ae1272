"""Each grant's evidence and its unit: what is proven before the transaction, and the question asked inside it.

The order of judgement before that belongs to `token`; the judgement itself to `protocol/grants`.
"""

from typing import assert_never

from callgate.crypto.jwt_credential import NotOurs, hash_jwt_credential, inspect_jwt_credential
from callgate.model import device_faults, grant_faults
from callgate.model.credential import JwtCredential
from callgate.model.decisions import Denied, Granted, LookAgain, TokenDecision
from callgate.model.device_grant import DeviceFacts
from callgate.model.evidence import ClientProven, CredentialPresented, PasswordProven
from callgate.model.facts import OpeningFacts, ServiceFacts, SessionFacts
from callgate.model.issuer import TrustFacts
from callgate.model.lookups import CredentialLookup, PasswordOpening
from callgate.model.moment import Moment
from callgate.model.reference import TokenKind
from callgate.model.sso import IdentityOpeningFacts
from callgate.protocol.asking import without_person
from callgate.protocol.grants import (
    GrantRequest,
    authorization_code,
    client_credentials,
    device_code,
    jwt_bearer,
    partner_jwt,
    password,
    refresh_token,
    saml2_bearer,
)
from callgate.service import issuers
from callgate.service import password as passwords
from callgate.service.context import Context
from callgate.service.repeats import Mark, Repeat
from callgate.service.visit import Holder, Person, Service, Visit
from callgate.storage.port import Unit


async def run_grant(context: Context, grant: GrantRequest, *, client: ClientProven, visit: Visit) -> TokenDecision:
    """Each grant's evidence and lookup, and its decision as the transaction's judgement."""
    if isinstance(grant, refresh_token.RefreshRequest):
        return await _refresh(context, grant, client=client, visit=visit)
    match grant:
        case client_credentials.ClientCredentialsRequest():
            return await _client_credentials(context, grant, client=client, visit=visit)
        case device_code.DeviceCodeRequest():
            return await _device_code(context, grant, client=client, visit=visit)
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


async def run_repeat(context: Context, repeat: Repeat, mark: Mark, *, visit: Visit) -> TokenDecision:
    """The unit of a request that was read before."""
    client, grant = repeat.evidence, repeat.grant
    if isinstance(grant, refresh_token.RefreshRequest):
        whole = refresh_token.RefreshRequest(mark.cut_out, grant.scope)
        return await _refresh(context, whole, client=client, visit=visit)
    if isinstance(grant, client_credentials.ClientCredentialsRequest):
        return await _client_credentials(context, grant, client=client, visit=visit)
    credential = await _find_credential(context, hash_jwt_credential(mark.cut_out))
    if credential is None:
        return LookAgain()  # it may be an outside issuer's by now
    return await _open_with(context, credential, grant, client=client, visit=visit)


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


async def _device_code(
    context: Context, grant: device_code.DeviceCodeRequest, *, client: ClientProven, visit: Visit
) -> TokenDecision:
    """Most polls find nobody's answer yet: they read one row, and write none."""
    reference = context.cells.devices.open(grant.device_code) if context.cells else None
    reference = reference or await context.keeper.open(grant.device_code, (TokenKind.DEVICE,))
    if reference is None:
        return Denied(fault=device_faults.DEVICE_CODE_INVALID, why="not a device code of this server")
    if await visit.comes_too_soon(reference.row_id, client.client_id):
        return Denied(fault=device_faults.SLOW_DOWN, why="it asked before the interval was over")

    def judge(moment: Moment, facts: DeviceFacts) -> TokenDecision:
        return device_code.decide(grant, client=client, reference=reference, moment=moment, facts=facts)

    lookup = device_code.lookup(client, reference)
    facts = await context.store.read(lookup)
    seen = judge(context.moment(), facts)
    person = facts.opening.extension
    if not isinstance(seen, Granted) or person is None:
        return seen
    return await visit.run(Unit(lookup, context.drawing(judge)), Person(person.id))


async def _password(
    context: Context, grant: password.PasswordRequest, *, client: ClientProven, visit: Visit
) -> TokenDecision:
    proof = await passwords.prove(context, grant.login, grant.password, network=visit.network)
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
    credential = await _find_credential(context, hash_jwt_credential(grant.assertion))
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
    return await _open_with(context, credential, grant, client=client, visit=visit)


async def _find_credential(context: Context, sha256: bytes) -> JwtCredential | None:
    known = context.credentials.get(sha256)
    if known is None:
        known = (await context.store.read(CredentialLookup(sha256))).credential
        if known is not None:
            context.credentials.put(sha256, known)
    return known


async def _open_with(
    context: Context,
    credential: JwtCredential,
    grant: jwt_bearer.JwtBearerRequest,
    *,
    client: ClientProven,
    visit: Visit,
) -> TokenDecision:
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
    from callgate.service import saml2_bearer as assertions  # noqa: PLC0415 - whoever meets no SAML loads no XML (ADR 92)

    vouched = await assertions.prove(context, grant.assertion)
    if isinstance(vouched, Denied):
        return vouched

    def judge(moment: Moment, facts: IdentityOpeningFacts) -> TokenDecision:
        return saml2_bearer.decide(grant, client=client, proven=vouched.proven, moment=moment, facts=facts)

    subject = None if vouched.extension_id is None else Person(vouched.extension_id)
    return await visit.run(Unit(saml2_bearer.lookup(client, vouched.proven), context.drawing(judge)), subject)
