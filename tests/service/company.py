"""A company with two apps and a JWT credential, on a real store, and requests that others overtake."""

import time
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlencode

from cryptography.hazmat.primitives.asymmetric import ec

from callgate.app import CommandLine, running
from callgate.model.account import Extension
from callgate.model.changes import Change
from callgate.model.client import AppKind, AuthMethod, Client, GrantType, Switch
from callgate.model.credential import JwtCredential
from callgate.model.decisions import Denied
from callgate.model.ids import AccountId
from callgate.model.lookups import CredentialOpening, Lookup
from callgate.protocol.client_auth import ASSERTION_TYPE
from callgate.service.administer.apps import NewApp, Registration, change_app, register_app, rotate_secret
from callgate.service.administer.credentials import IssuedCredential, NewCredential, create_credential
from callgate.service.administer.desk import Desk
from callgate.service.administer.people import NewAccount, NewPerson, create_extension, open_account
from callgate.service.context import Context
from callgate.service.reply import TokenReply
from callgate.service.token import TokenRequest, exchange
from callgate.storage.port import Decided, Store, Unit
from tests.crypto.forge import ec_jwk, ec_key, es256, forge, jwks
from tests.outcomes import done
from tests.races.founding import settings_of

F = TypeVar("F")
D = TypeVar("D", bound=Decided)
Act = Callable[[], Awaitable[object]]

KEY, NEW_KEY = ec_key(which=1), ec_key(which=2)


@dataclass(slots=True)
class Overtaken:
    """The real store seen by one request that others overtake: before each opening, the next of `acts` is done."""

    store: Store
    acts: list[Act]
    openings: int = 0

    async def read(self, lookup: Lookup[F]) -> F:
        """Read."""
        return await self.store.read(lookup)

    async def run(self, unit: Unit[F, D]) -> D:
        """Carry out, after whoever is faster."""
        if isinstance(unit.lookup, CredentialOpening):
            self.openings += 1
            if self.acts:
                await self.acts.pop(0)()
        return await self.store.run(unit)

    def save_later(self, changes: tuple[Change, ...]) -> None:
        """Save, or not."""
        self.store.save_later(changes)


@dataclass(slots=True)
class World:
    """One company, an app that signs and one with a secret, and a JWT credential for both."""

    context: Context
    desk: Desk
    signing: Client
    secretive: Registration
    person: Extension
    issued: JwtCredential
    jwt: str = field(repr=False)

    async def rename(self) -> None:
        """Change the app that signs in nothing that a proof stands on but its version."""
        name = f"{self.signing.name}!"
        self.signing = done(await change_app(self.desk, self.signing, lambda app: app._replace(name=name))).client

    async def replace_key(self) -> None:
        """The key that the assertion was signed with is none of the app's any more."""
        done(await change_app(self.desk, self.signing, lambda app: app, jwks=key_set(NEW_KEY)))

    async def rotate(self) -> None:
        """The secret is another."""
        done(await rotate_secret(self.desk, self.secretive.client))

    async def sign_id_tokens_by_secret(self) -> TokenRequest:
        """The app with a secret signs ID tokens by it: a request that asks for one."""
        by_code = self.secretive.client.grants | {GrantType.AUTHORIZATION_CODE}
        signs = frozenset({Switch.ID_TOKEN_HS256})

        def edit(app: Client) -> Client:
            return app._replace(grants=by_code, switches=signs)

        self.secretive = done(await change_app(self.desk, self.secretive.client, edit))
        asked = self.basic()
        return asked._replace(body=asked.body + b"&scope=openid")

    async def ask(self, request: TokenRequest, *acts: Act) -> tuple[TokenReply | Denied, int]:
        """What comes of the request when the acts overtake it, and how often it came to its opening."""
        store = Overtaken(self.context.store, [*acts])
        return await exchange(replace(self.context, store=store), request), store.openings

    def signed(self, jti: str, *, key: ec.EllipticCurvePrivateKey = KEY) -> TokenRequest:
        """A request of the app that signs."""
        claims = {
            "iss": self.signing.id,
            "sub": self.signing.id,
            "aud": self.context.policy.issuer,
            "exp": int(time.time()) + 300,
            "jti": jti,
        }
        assertion = forge({"alg": "ES256", "kid": "k"}, claims, es256(key))
        return request(self.jwt, client_assertion_type=ASSERTION_TYPE, client_assertion=assertion)

    def basic(self, **form: str) -> TokenRequest:
        """A request of the app with a secret."""
        proof = b64encode(f"{self.secretive.client.id}:{self.secretive.secret}".encode()).decode()
        return request(self.jwt, **form)._replace(authorization=f"Basic {proof}")

    def refresh(self, reply: TokenReply) -> TokenRequest:
        """The same app's refresh."""
        return self.basic(grant_type=GrantType.REFRESH_TOKEN.value, refresh_token=reply.refresh_token or "")

    async def issue_until(self, expires_ms: int) -> IssuedCredential:
        """Another JWT credential of the same person, with an end."""
        return done(
            await create_credential(self.desk, self.person, NewCredential(label="until", expires_ms=expires_ms))
        )


def request(jwt: str, **proof: str) -> TokenRequest:
    """A POST to the token endpoint."""
    form = {"grant_type": GrantType.JWT_BEARER.value, "assertion": jwt} | proof
    return TokenRequest(
        content_type="application/x-www-form-urlencoded",
        body=urlencode(form).encode(),
        query=b"",
        authorization=None,
        request_id="r",
    )


def key_set(key: ec.EllipticCurvePrivateKey) -> str:
    """The registered keys of the app that signs."""
    return jwks(ec_jwk(key, kid="k", alg="ES256", use="sig"))


async def register(desk: Desk, account_id: int, name: str, *, method: AuthMethod | None = None) -> Registration:
    """An app of the company."""
    wanted = NewApp(
        name=name,
        account_id=AccountId(account_id),
        kind=AppKind.SERVER_WEB,
        grants=frozenset({GrantType.JWT_BEARER, GrantType.REFRESH_TOKEN}),
        issues_refresh_tokens=True,
        scopes=("ReadAccounts",),
        auth_method=method,
        jwks=key_set(KEY) if method else None,
    )
    return done(await register_app(desk, wanted))


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[World]:
    """A server's parts and the command line's beside them, with a new world."""
    settings = settings_of(folder, port=1)
    async with running(settings) as server, CommandLine().desk(settings, by="test") as desk:
        administrator = NewPerson(first_name="Ada", email="ada@x.example")
        wanted = NewAccount(name="Acme", main_number="+12025550100", administrator=administrator)
        account = done(await open_account(desk, wanted))
        person = done(await create_extension(desk, account.id, NewPerson(first_name="Bo", number="102")))
        issued = done(await create_credential(desk, person, NewCredential(label="both")))
        signing = await register(desk, account.id, "signing", method=AuthMethod.PRIVATE_KEY_JWT)
        secretive = await register(desk, account.id, "secretive")
        yield World(server.context, desk, signing.client, secretive, person, issued.credential, issued.jwt)
