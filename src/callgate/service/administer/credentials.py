"""JWT credentials: signed, handed out once, and deleted."""

import asyncio
from dataclasses import dataclass, field

from callgate.crypto.jwt_credential import CredentialClaims, hash_jwt_credential, mint_jwt_credential
from callgate.model.account import Extension
from callgate.model.acts import CredentialActLookup, Refused
from callgate.model.credential import JwtCredential
from callgate.model.decisions import Done
from callgate.model.ids import ClientId, RowId
from callgate.protocol.administer import credentials
from callgate.service.administer.desk import Desk
from callgate.service.keeper import Keeper


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCredential:
    """A credential as its person describes it; `client_ids` None: all apps of the organisation."""

    label: str
    client_ids: frozenset[ClientId] | None = None
    expires_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedCredential:
    """A credential and its text, which nobody can read again."""

    credential: JwtCredential
    jwt: str = field(repr=False)


async def create_credential(
    desk: Desk, person: Extension, wanted: NewCredential, *, giver: Extension | None = None
) -> IssuedCredential | Refused:
    """A credential for a person, made by `giver` or else by the operator.

    Raises Unavailable, and KeyEncryptionError without the keys.
    """
    issued, giver_id = await _mint(desk, person, wanted), giver.id if giver else None
    lookup = CredentialActLookup(
        extension_id=person.id,
        credential_id=issued.credential.id,
        client_ids=wanted.client_ids or frozenset(),
        giver_id=giver_id,
    )
    by = desk.by if giver_id is None else str(giver_id)
    decision = await desk.carry_out(
        lookup,
        lambda facts: credentials.create_credential(issued.credential, facts=facts, by=by, giver_id=giver_id),
    )
    return decision if isinstance(decision, Refused) else issued


async def replace_credential(
    desk: Desk, person: Extension, before: JwtCredential, *, overlap_ms: int, expires_ms: int | None
) -> IssuedCredential | Refused:
    """A successor of a credential, for the same apps; both count until the overlap is over.

    Raises as `create_credential`.
    """
    wanted = NewCredential(label=before.label, client_ids=before.client_ids, expires_ms=expires_ms)
    issued = await _mint(desk, person, wanted)
    lookup = CredentialActLookup(extension_id=person.id, credential_id=before.id)
    decision = await desk.carry_out(
        lookup,
        lambda facts: credentials.replace_credential(issued.credential, overlap_ms=overlap_ms, facts=facts, by=desk.by),
    )
    return decision if isinstance(decision, Refused) else issued


async def mint_credential(
    person: Extension, wanted: NewCredential, *, row_id: RowId, now_ms: int, keeper: Keeper, issuer: str
) -> IssuedCredential:
    """A credential of a person that nobody wrote yet."""
    claims = CredentialClaims(
        audience=f"{issuer}/restapi/oauth/token",
        issuer=issuer,
        account_id=person.account_id,
        extension_id=person.id,
        row_id=row_id,
        issued_s=now_ms // 1000,
        expires_s=None if wanted.expires_ms is None else wanted.expires_ms // 1000,
    )
    jwt = await asyncio.to_thread(mint_jwt_credential, claims, keeper.rings.credentials.active)  # RSA: not on the loop
    credential = JwtCredential(
        id=row_id,
        account_id=person.account_id,
        extension_id=person.id,
        label=wanted.label,
        sha256=hash_jwt_credential(jwt),
        client_ids=wanted.client_ids,
        created_ms=now_ms,
        expires_ms=wanted.expires_ms,
        last_used_ms=None,
    )
    return IssuedCredential(credential=credential, jwt=jwt)


async def _mint(desk: Desk, person: Extension, wanted: NewCredential) -> IssuedCredential:
    return await mint_credential(
        person,
        wanted,
        row_id=desk.draw_row_id(),
        now_ms=desk.clock.now_ms(),
        keeper=await desk.keeper(),
        issuer=desk.policy.issuer,
    )


async def delete_credential(desk: Desk, credential: JwtCredential) -> Done | Refused:
    """The credential is refused from now on, and its sessions are over. Raises Unavailable."""
    lookup = CredentialActLookup(extension_id=credential.extension_id, credential_id=credential.id)
    return await desk.carry_out(lookup, lambda facts: credentials.delete_credential(facts=facts, by=desk.by))
