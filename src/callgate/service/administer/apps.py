"""Apps: registered, changed, given new secrets, and allowed without a user. Secrets are handed out once, here."""

from collections.abc import Callable
from dataclasses import dataclass, field

from callgate.crypto.jwks import JwksRefused, read_jwks
from callgate.crypto.secrets import hash_secret, mint_client_id, mint_client_secret, seal_client_secret
from callgate.model.account import Account, Role
from callgate.model.acts import AllowanceActLookup, AppActLookup, Refused
from callgate.model.client import (
    CONFIDENTIAL_KINDS,
    AppKind,
    AuthMethod,
    Client,
    ClientKeys,
    ClientStatus,
    GrantType,
    Switch,
)
from callgate.model.client_secret import SecretActLookup
from callgate.model.decisions import Done
from callgate.model.ids import AccountId, ExtensionId
from callgate.model.limits import AppRate
from callgate.model.policy import ACCESS_TTL_MAX_S, REFRESH_TTL_DEFAULT_S, SESSION_CAP
from callgate.protocol.administer import apps, secrets, services
from callgate.service.administer.desk import Desk


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApp:
    """An app as a developer describes it. `auth_method` None: the usual one of its kind. `jwks`: a JWK Set's text."""

    name: str
    account_id: AccountId
    kind: AppKind
    grants: frozenset[GrantType]
    scopes: tuple[str, ...]
    private: bool = True
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    auth_method: AuthMethod | None = None
    jwks: str | None = None
    switches: frozenset[Switch] = frozenset()
    issues_refresh_tokens: bool | None = None
    access_ttl_s: int = ACCESS_TTL_MAX_S
    refresh_ttl_s: int = REFRESH_TTL_DEFAULT_S
    session_cap: int = SESSION_CAP
    rates: tuple[AppRate, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """An app, and the secret it has just been given, if any: nobody can read it again."""

    client: Client
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class _Proof:
    keys: ClientKeys
    secret: str | None = field(default=None, repr=False)


async def register_app(desk: Desk, wanted: NewApp) -> Registration | Refused:
    """A new app. Raises Unavailable, and KeyEncryptionError where its secret must be sealed and cannot."""
    client = _client(desk, wanted)
    proof = await _prove(desk, client, wanted.jwks)
    if isinstance(proof, Refused):
        return proof
    decision = await desk.carry_out(
        _lookup(client), lambda facts: apps.register_app(client, proof.keys, facts=facts, by=desk.by)
    )
    return decision if isinstance(decision, Refused) else Registration(client=client, secret=proof.secret)


async def change_app(
    desk: Desk, client: Client, edit: Callable[[Client], Client], *, jwks: str | None = None
) -> Registration | Refused:
    """An app after an edit, with a new secret where it now proves itself in another way. Raises as `register_app`."""
    edited = edit(client)
    proof: _Proof | Refused | None = None
    if jwks is not None or apps.proves_as(edited) != apps.proves_as(client):
        proof = await _prove(desk, edited, jwks)
    if isinstance(proof, Refused):
        return proof
    keys, secret = (proof.keys, proof.secret) if proof else (None, None)
    decision = await desk.carry_out(
        _lookup(edited), lambda facts: apps.change_app(edit, keys=keys, facts=facts, by=desk.by)
    )
    return decision if isinstance(decision, Refused) else Registration(client=edited, secret=secret)


async def rotate_secret(desk: Desk, client: Client, *, overlap_ms: int = 0) -> Registration | Refused:
    """A new secret; the old one is refused from now on, or when the overlap is over. The sessions stay.

    Raises as `register_app`.
    """
    if not apps.keeps_secret(client):
        return Refused(f"{client.name} has no secret: it proves itself by {client.auth_method.value}")
    proof = await _prove(desk, client, None)
    if isinstance(proof, Refused):
        return proof
    decision = await desk.carry_out(
        SecretActLookup(client.id),
        lambda facts: secrets.rotate_secret(proof.keys, overlap_ms=overlap_ms, facts=facts, by=desk.by),
    )
    return decision if isinstance(decision, Refused) else Registration(client=client, secret=proof.secret)


async def retire_secret(desk: Desk, client: Client) -> Done | Refused:
    """The former secret is refused from now on. Raises Unavailable."""
    return await desk.carry_out(
        SecretActLookup(client.id), lambda facts: secrets.retire_secret(facts=facts, by=desk.by)
    )


async def allow_service(desk: Desk, client: Client, account: Account, *, role: Role) -> ExtensionId | Refused:
    """An account's yes to an app without a user; gives its service extension. Raises Unavailable."""
    row_id, extension_id = desk.draw_row_id(), ExtensionId(desk.draw_id())
    decision = await desk.carry_out(
        AllowanceActLookup(client_id=client.id, account_id=account.id, role_id=role.id),
        lambda facts: services.allow_service(row_id, extension_id, facts=facts, by=desk.by),
    )
    return decision if isinstance(decision, Refused) else extension_id


async def disallow_service(desk: Desk, client: Client, account: Account) -> Done | Refused:
    """That yes taken back; the app's sessions in the account are over. Raises Unavailable."""
    lookup = AllowanceActLookup(client_id=client.id, account_id=account.id)
    return await desk.carry_out(lookup, lambda facts: services.disallow_service(facts=facts, by=desk.by))


def _client(desk: Desk, wanted: NewApp) -> Client:
    method = wanted.auth_method
    if method is None:
        method = AuthMethod.CLIENT_SECRET_BASIC if wanted.kind in CONFIDENTIAL_KINDS else AuthMethod.NONE
    issues = wanted.issues_refresh_tokens
    return Client(
        id=mint_client_id(desk.entropy),
        account_id=wanted.account_id,
        name=wanted.name,
        kind=wanted.kind,
        private=wanted.private,
        status=ClientStatus.ACTIVE,
        auth_method=method,
        grants=wanted.grants,
        scopes=wanted.scopes,
        redirect_uris=wanted.redirect_uris,
        switches=wanted.switches,
        issues_refresh_tokens=GrantType.REFRESH_TOKEN in wanted.grants if issues is None else issues,
        access_ttl_s=wanted.access_ttl_s,
        refresh_ttl_s=wanted.refresh_ttl_s,
        session_cap=wanted.session_cap,
        version=1,
        rates=wanted.rates,
        post_logout_redirect_uris=wanted.post_logout_redirect_uris,
    )


async def _prove(desk: Desk, client: Client, jwks: str | None) -> _Proof | Refused:
    if jwks is not None:
        read = read_jwks(jwks)
        if isinstance(read, JwksRefused):
            return Refused(f"the JWK Set cannot be used: {read.reason.value}")
    if not apps.keeps_secret(client):
        return _Proof(ClientKeys(None, None, jwks))
    secret = mint_client_secret(desk.entropy)
    hashed = hash_secret(secret) if client.auth_method is AuthMethod.CLIENT_SECRET_BASIC else None
    sealed = None
    if apps.needs_sealed_secret(client):
        keeper = await desk.keeper()
        sealed = seal_client_secret(keeper.kek, secret, client_id=client.id)
    return _Proof(ClientKeys(hashed, sealed, jwks), secret)


def _lookup(client: Client) -> AppActLookup:
    return AppActLookup(account_id=client.account_id, client_id=client.id, name=client.name)
