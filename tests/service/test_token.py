"""The token endpoint's service on a real store: apps that change under a request, and what the loop has to do."""

import asyncio
import time
from base64 import b64encode, urlsafe_b64decode
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import TypeVar
from urllib.parse import urlencode

import pytest
import uvloop
from cryptography.hazmat.primitives.asymmetric import ec

from callgate.app import CommandLine, running
from callgate.crypto.entropy import RowIds, SystemEntropy
from callgate.crypto.id_token import IdTokenClaims, id_token_holds, read_id_token, sign_id_token
from callgate.crypto.jws import HmacSecret
from callgate.model import faults, grant_faults
from callgate.model.account import Extension
from callgate.model.changes import Change
from callgate.model.client import AppKind, AuthMethod, Client, GrantType, Switch
from callgate.model.decisions import Denied, Granted, TokenTimes
from callgate.model.failure import Unavailable
from callgate.model.ids import ROW_EPOCH_MS, AccountId
from callgate.model.lookups import CredentialOpening, Lookup
from callgate.protocol.client_auth import ASSERTION_TYPE
from callgate.service.administer.apps import NewApp, Registration, change_app, register_app, rotate_secret
from callgate.service.administer.credentials import (
    IssuedCredential,
    NewCredential,
    create_credential,
    delete_credential,
)
from callgate.service.administer.desk import Desk
from callgate.service.administer.people import NewAccount, NewPerson, create_extension, open_account
from callgate.service.clock import Clock
from callgate.service.context import Context
from callgate.service.token import LOOKS_MAX, TokenReply, TokenRequest, exchange, seal
from callgate.storage.port import Decided, Store, Unit
from tests.crypto.forge import ec_jwk, ec_key, es256, forge, jwks
from tests.factories import ACTIVE, AGENT, NOW_MS, SECRET, WEB
from tests.races.founding import done, settings_of

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
class Failing:
    """The real store, which cannot be read any more once a request has opened its session."""

    store: Store
    broken: bool = False
    openings: int = 0

    async def read(self, lookup: Lookup[F]) -> F:
        """Read, as long as it can."""
        if self.broken:
            raise Unavailable("the disk is gone")
        return await self.store.read(lookup)

    async def run(self, unit: Unit[F, D]) -> D:
        """Carry out; whatever opened a session was the last before the disk went."""
        decision = await self.store.run(unit)
        self.broken = isinstance(decision, Granted)
        self.openings += self.broken
        return decision

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
        yield World(server.context, desk, signing.client, secretive, person, issued.jwt)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[tuple[asyncio.Runner, World]]:
    """A world of its own for each test, and the loop it runs on."""
    CommandLine().migrate(settings_of(tmp_path, port=1))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        stack = AsyncExitStack()
        yield runner, runner.run(stack.enter_async_context(opened(tmp_path)))
        runner.run(stack.aclose())


def test_loop_is_free_while_an_id_token_is_signed(world: tuple[asyncio.Runner, World]) -> None:
    """RSA takes most of a millisecond, and the loop serves everybody: what it does itself is less."""
    runner, there = world
    plain = granted("ReadAccounts")
    with_id_token = granted("openid ReadAccounts")
    reply = runner.run(seal(there.context, with_id_token))
    assert reply.id_token is not None
    signer = there.context.keeper.rings.id_rs256.active
    claims = IdTokenClaims(
        issuer="i", subject="s", audience="a", issued_s=1, expires_s=2, jti="j", account_id="1", access_token="t"
    )
    signing = cost_of(lambda: sign_id_token(claims, signer))
    extra = cost_of(lambda: runner.run(seal(there.context, with_id_token))) - cost_of(
        lambda: runner.run(seal(there.context, plain))
    )
    assert extra < 0.75 * signing


class Stopped(Clock):
    """Another process's clock, in the very millisecond in which an id was made."""

    def __init__(self, at_ms: int) -> None:
        super().__init__()
        self._at_ms = at_ms

    def now_ms(self) -> int:
        """That millisecond."""
        return self._at_ms


@dataclass(frozen=True, slots=True)
class Loaded:
    """Another process's dice, which fall first as those of an id fell; everything else is random."""

    start: bytes

    def random_bytes(self, count: int) -> bytes:
        """The order of an id is drawn as three bytes."""
        return self.start if count == len(self.start) else SystemEntropy().random_bytes(count)


def test_session_opens_when_another_process_drew_its_row_id(world: tuple[asyncio.Runner, World]) -> None:
    """Once in two million ids of one millisecond: whoever comes second draws again, and the caller never learns."""
    runner, there = world
    first, _ = runner.run(there.ask(there.basic()))
    assert isinstance(first, TokenReply)
    taken = int.from_bytes(urlsafe_b64decode(first.session_id + "==")[:8], "big")
    start = (taken & (1 << 22) - 1) << 3
    twin = replace(
        there.context,
        clock=Stopped((taken >> 22) + ROW_EPOCH_MS),
        row_ids=RowIds(Loaded(start.to_bytes(3, "big"))),
    )
    assert RowIds(Loaded(start.to_bytes(3, "big"))).next(twin.clock.now_ms()) == taken, "they would meet"
    second = runner.run(exchange(twin, there.basic()))
    assert isinstance(second, TokenReply)
    assert int.from_bytes(urlsafe_b64decode(second.session_id + "==")[:8], "big") == taken + 1


def test_id_token_is_signed_when_nothing_can_be_read_after_the_commit(world: tuple[asyncio.Runner, World]) -> None:
    """architecture.md, idea 4: the app's secret is resolved before; a code that failed after would be spent."""
    runner, there = world
    identified = runner.run(there.sign_id_tokens_by_secret())
    for _ in ("the app read anew", "the app remembered"):
        store = Failing(there.context.store)
        reply = runner.run(exchange(replace(there.context, store=store), identified))
        assert store.openings == 1
        assert isinstance(reply, TokenReply)
        read = read_id_token(reply.id_token or "", issuer=there.context.policy.issuer)
        assert read is not None
        assert id_token_holds(read, HmacSecret(there.secretive.secret or ""))


def test_nothing_is_opened_when_the_secret_that_signs_id_tokens_cannot_be_read(
    world: tuple[asyncio.Runner, World],
) -> None:
    """The caller is put off before anything is spent, even where memory carries all the rest."""
    runner, there = world
    identified = runner.run(there.sign_id_tokens_by_secret())
    assert isinstance(runner.run(exchange(there.context, identified)), TokenReply)
    store = Failing(there.context.store, broken=True)
    with pytest.raises(Unavailable):
        runner.run(exchange(replace(there.context, store=store), identified))
    assert store.openings == 0


@pytest.mark.requirement("ruling 6")
def test_sessions_of_an_expired_credential_live_on_until_it_is_deleted(world: tuple[asyncio.Runner, World]) -> None:
    """An expiry is a planned date, not an alarm: it closes the way in. Whoever means more deletes the credential."""
    runner, there = world
    clock = there.context.clock
    issued = runner.run(there.issue_until(clock.now_ms() + 60_000))
    opened = runner.run(exchange(there.context, there.basic(assertion=issued.jwt)))
    assert isinstance(opened, TokenReply)
    clock.advance(60)
    refused = runner.run(exchange(there.context, there.basic(assertion=issued.jwt)))
    assert isinstance(refused, Denied)
    assert refused.fault is grant_faults.CREDENTIAL_EXPIRED
    refreshed = runner.run(exchange(there.context, there.refresh(opened)))
    assert isinstance(refreshed, TokenReply)
    assert refreshed.session_id == opened.session_id
    done(runner.run(delete_credential(there.desk, issued.credential)))
    ended = runner.run(exchange(there.context, there.refresh(refreshed)))
    assert isinstance(ended, Denied)
    assert ended.fault is grant_faults.TOKEN_REVOKED


def granted(scope: str) -> Granted:
    """A decision whose tokens are to be sealed by the first key."""
    times = TokenTimes(3600, 604_800, None, None, None)
    session = ACTIVE._replace(scope=scope, key_number=1)
    return Granted(session=session, secret=SECRET, times=times, extension=AGENT, client=WEB, now_ms=NOW_MS)


def cost_of(work: Callable[[], object]) -> float:
    """The seconds that this thread computes for it: the median of many, and other programs do not count."""
    taken = []
    for _ in range(41):
        before = time.thread_time()
        work()
        taken.append(time.thread_time() - before)
    return median(taken)


@pytest.mark.requirement("RFC 7523 section 2.2")
@pytest.mark.requirement("RFC 7523 section 3")
def test_assertion_stands_when_the_app_changes_under_its_request(world: tuple[asyncio.Runner, World]) -> None:
    """It was claimed by this very request, which looks again; for any other it is used up (RFC 7523 section 3)."""
    runner, there = world
    asked = there.signed("once")
    outcome, openings = runner.run(there.ask(asked, there.rename))
    assert isinstance(outcome, TokenReply)
    assert openings == 2
    again, openings = runner.run(there.ask(asked))
    assert isinstance(again, Denied)
    assert (again.fault, openings) == (faults.CLIENT_ASSERTION_INVALID, 0)
    assert again.why == "client assertion: its jti was presented before"


@pytest.mark.requirement("RFC 7523 section 3")
def test_assertion_falls_when_its_key_is_replaced_under_its_request(world: tuple[asyncio.Runner, World]) -> None:
    """What an old key proves is nothing any more: the second look holds it against the keys of today."""
    runner, there = world
    outcome, openings = runner.run(there.ask(there.signed("old"), there.replace_key))
    assert isinstance(outcome, Denied)
    assert (outcome.fault, openings) == (faults.CLIENT_ASSERTION_INVALID, 1)
    assert outcome.why == "client assertion: its signature does not hold"
    outcome, _ = runner.run(there.ask(there.signed("new", key=NEW_KEY)))
    assert isinstance(outcome, TokenReply)


def test_request_is_put_off_when_the_app_keeps_changing(world: tuple[asyncio.Runner, World]) -> None:
    """No request looks for ever."""
    runner, there = world
    outcome, openings = runner.run(there.ask(there.signed("patient"), *[there.rename] * LOOKS_MAX))
    assert isinstance(outcome, Denied)
    assert (outcome.fault, openings) == (faults.TEMPORARILY_UNAVAILABLE, LOOKS_MAX)


def test_secret_falls_when_it_is_rotated_under_its_request(world: tuple[asyncio.Runner, World]) -> None:
    """The proof relied on an app that is another now."""
    runner, there = world
    outcome, openings = runner.run(there.ask(there.basic(), there.rotate))
    assert isinstance(outcome, Denied)
    assert (outcome.fault, openings) == (faults.CLIENT_UNPROVEN, 1)
