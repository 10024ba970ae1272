"""The token endpoint's service on a real store: apps that change under a request, and what the loop has to do."""

import asyncio
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import median
from typing import TypeVar

import pytest

from callgate.crypto.entropy import RowIds, SystemEntropy
from callgate.crypto.id_token import IdTokenClaims, id_token_holds, read_id_token, sign_id_token
from callgate.crypto.jws import HmacSecret
from callgate.model import faults, grant_faults
from callgate.model.changes import Change
from callgate.model.decisions import Denied, Granted, TokenTimes
from callgate.model.failure import Unavailable
from callgate.model.ids import ROW_EPOCH_MS
from callgate.model.lookups import Lookup
from callgate.service.administer.credentials import (
    delete_credential,
)
from callgate.service.clock import Clock
from callgate.service.reply import TokenReply, seal
from callgate.service.token import LOOKS_MAX, exchange
from callgate.storage.port import Decided, Store, Unit
from tests.factories import ACTIVE, AGENT, NOW_MS, SECRET, WEB
from tests.outcomes import done
from tests.service.company import NEW_KEY, World

F = TypeVar("F")
D = TypeVar("D", bound=Decided)


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
