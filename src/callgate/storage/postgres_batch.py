"""A batch: many units in one transaction, a few round trips for all of them.

    first round    BEGIN · the cell's lock · locks of sessions · the clock · what every unit asks first
    further ones   locks of seats · the clock · what they ask then; their changes, behind the batch's mark

Locks spare whoever shares a session or a seat an attempt that is in vain; what makes two of them impossible is the
compare-and-swap of every change and the unique index over seats. Two units of one batch that want the same lock take
turns: the later one loads when the earlier one's changes are written.

Acts, whatever is not `SIDE_BY_SIDE`, have the cell's lock alone: no grant is decided on what an act is changing, and
"all until now is over" leaves nothing out that was stamped before (docs/adr/0075-acts-alone.md).
"""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Final, NamedTuple

from callgate.model.changes import (
    AssertionClaimed,
    Change,
    CredentialUsed,
    OutsideTokenAccepted,
    PasswordRehashed,
    SessionEnded,
    SessionFirstUsed,
    SessionOpened,
    SessionRedeemed,
    SessionRenewed,
    SessionRotated,
    SignInStarted,
)
from callgate.model.client_secret import SecretUsed
from callgate.model.device_grant import DeviceApproved, DeviceCodeIssued, DeviceCodeUsed, DeviceDenied, DeviceMoved
from callgate.model.failure import Unavailable
from callgate.model.guesses import LocksLifted, NetworkBecameFamiliar, SubjectLocked
from callgate.model.mfa import (
    CodeMissed,
    MissesForgotten,
    PasskeyDoubted,
    PasskeyUsed,
    RecoveryCodeUsed,
    TotpUsed,
)
from callgate.model.sso import AssertionConsumed
from callgate.storage.group_commit import Job
from callgate.storage.load import load
from callgate.storage.load_sessions import SEAT, SESSION
from callgate.storage.load_writers import CLOCK, SHARE, TAKE, TAKE_ALL, TRY_ALL
from callgate.storage.pen import Conflict
from callgate.storage.port import Decided, Unit
from callgate.storage.postgres_asking import Asked, Asking, PostgresPen, PostgresView
from callgate.storage.postgres_errors import Refused, as_failure
from callgate.storage.postgres_link import Answer, Link, Statement
from callgate.storage.rows import Value
from callgate.storage.save import save
from callgate.storage.save_writers import MARK
from callgate.storage.sqlite_writer import ATTEMPTS_MAX

SIDE_BY_SIDE: Final[frozenset[type[Change]]] = frozenset(
    {
        SessionOpened,
        SessionRedeemed,
        SessionRotated,
        SessionRenewed,
        SessionFirstUsed,
        SessionEnded,
        CredentialUsed,
        AssertionClaimed,
        AssertionConsumed,
        OutsideTokenAccepted,
        PasswordRehashed,
        SecretUsed,
        SignInStarted,
        DeviceCodeIssued,
        DeviceApproved,
        DeviceDenied,
        DeviceCodeUsed,
        DeviceMoved,
        SubjectLocked,
        LocksLifted,
        NetworkBecameFamiliar,
        TotpUsed,
        RecoveryCodeUsed,
        CodeMissed,
        MissesForgotten,
        PasskeyUsed,
        PasskeyDoubted,
    }
)
"""Changes that others may be decided beside: each is a row of its own, or swapped against what the decision saw."""

WAVES_MAX: Final = 32
"""How often units of one batch take turns before the rest waits for the next."""

CELL: Final = 0x43474154_00000001
"""The advisory lock of what all decisions rest on: apps, accounts, people, roles, keys."""

_BEGIN: Final[Statement] = ("BEGIN", ())
_CLOCK: Final[Statement] = (CLOCK, ())


class Mode(Enum):
    """How a transaction shares the database."""

    TOGETHER = "together"
    APART = "apart"
    """One unit, which waits for every lock it needs."""

    ALONE = "alone"
    """One act, which has the cell to itself."""


@dataclass(slots=True, eq=False)
class Task:
    """A job on its way: when it came (monotonic), and how often it was attempted."""

    job: Job
    reply: asyncio.Future[object] | None
    came_s: float
    attempts: int = 0

    @property
    def is_given_up(self) -> bool:
        """Whether its caller gave up, or was told to come again: they may have, and gone on from what they got."""
        return self.reply is not None and self.reply.done()


class Done(NamedTuple):
    """What became of a task; told when the batch is committed."""

    task: Task
    value: object
    error: Exception | None


class Spoiled(Exception):
    """One task's failure is in the transaction: the others must do without it, in another one."""

    def __init__(self, task: Task, error: Exception) -> None:
        super().__init__(str(error))
        self.task = task
        self.error = error


class _NeedsAll(Exception):
    """A decision is an act."""


class _Play(Asking):
    """A task in one transaction."""

    def __init__(self, task: Task, work: Callable[[], object]) -> None:
        super().__init__(work)
        self.task = task


class Writer(NamedTuple):
    """Whose name a batch is written in, the connection's own mark, and the batch's number there."""

    name: str
    mark: str
    batch: int


class Batch:
    """One transaction on a link. `done` is to be told once it is committed; `acts` and `busy` are to be tried apart."""

    def __init__(self, link: Link, writer: Writer, *, mode: Mode, view: PostgresView) -> None:
        self._link = link
        self._writer = writer
        self._mode = mode
        self._view = view
        self._pen = PostgresPen(view)
        self._held: set[int] = set()
        self._marked = False
        self.begun = False
        self.written = False
        self.done: list[Done] = []
        self.acts: list[Task] = []
        self.busy: list[Task] = []
        view.begin()

    @property
    def now_ms(self) -> int:
        """The time its link of the audit chain is stamped with."""
        return self._view.now_ms

    @property
    def number(self) -> int:
        """Its number among the writer's."""
        return self._writer.batch

    async def carry_out(self, tasks: list[Task]) -> list[Task]:
        """Load, decide and save; returns those whose turn does not come in this transaction.

        Raises:
            Spoiled: of one task; roll back.
            Refused, Lost: roll back, if there is anything left to.
        """
        for _ in range(WAVES_MAX):
            tasks = await self._wave(tasks)
            if not tasks:
                break
        return tasks

    async def _wave(self, tasks: list[Task]) -> list[Task]:
        later: list[Task] = []
        owners: dict[int, _Play] = {}
        plays = [_Play(task, self._work_of(task)) for task in tasks]
        going = plays
        try:
            for play in plays:
                play.begin()
            while going := [play for play in going if self._goes_on(play, owners, later=later)]:
                await self._round(going)
        finally:
            for play in plays:
                play.leave()
        return later

    def withhold(self, failure: Exception) -> None:
        """Tell nobody what was found out: it may be long over."""
        self.done = [Done(done.task, None, done.error or failure) for done in self.done]

    def _work_of(self, task: Task) -> Callable[[], object]:
        if isinstance(task.job, Unit):
            return partial(self._decide, task, task.job)
        return partial(task.job.work, self._pen)

    def _decide(self, task: Task, unit: Unit[object, Decided]) -> Decided:
        facts = load(self._view, unit.lookup)
        if task.is_given_up:  # a refresh that comes after its repeat, and the one after that, would pass for theft
            raise Unavailable("nobody waits for it any more")
        decision = unit.decide(facts)
        changes = decision.changes
        if changes:
            if self._mode is not Mode.ALONE and not SIDE_BY_SIDE.issuperset(map(type, changes)):
                raise _NeedsAll
            for change in changes:
                save(self._pen, change)
            self._pen.settle()
        return decision

    def _goes_on(self, play: _Play, owners: dict[int, _Play], *, later: list[Task]) -> bool:
        if play.dropped:
            return False
        if play.asked is None:
            self._end(play, later)
            return False
        key = _key_of(play.asked)
        if key is not None and owners.setdefault(key, play) is not play:
            play.drop()
            later.append(play.task)
            return False
        return True

    def _end(self, play: _Play, later: list[Task]) -> None:
        task, error = play.task, play.failure
        if error is None:
            self.written |= play.written
            self.done.append(Done(task, play.value, None))
        elif isinstance(error, _NeedsAll):
            task.attempts += 1
            self.acts.append(task)
        elif play.written:
            raise Spoiled(task, error)
        elif isinstance(error, Conflict):
            task.attempts += 1
            if task.attempts < ATTEMPTS_MAX:
                later.append(task)
            else:
                self.done.append(Done(task, None, out_of_attempts()))
        else:
            self.done.append(Done(task, None, as_failure(error)))

    async def _round(self, plays: list[_Play]) -> None:
        asked = [play.asked for play in plays if play.asked is not None]
        if not self.begun and any(ask.writes for ask in asked):
            await self._ask([], missing=[])  # the mark bears the time
        wanted = [_key_of(ask) for ask in asked]
        missing = sorted({key for key in wanted if key is not None} - self._held)
        answers = iter(await self._ask(plays, missing=missing))
        for play, ask, key in zip(plays, asked, wanted, strict=True):
            own = [next(answers) for _ in ask.statements]
            if key is None or key in self._held:
                play.answer(own)
            else:
                play.drop()
                self.busy.append(play.task)

    async def _ask(self, plays: list[_Play], *, missing: list[int]) -> list[Answer]:
        """One round trip; gives the answers to what the plays asked, and has the clock heard and the locks held."""
        statements = self._prefix(missing, writes=any(play.asked and play.asked.writes for play in plays))
        before = len(statements)
        places: list[_Play] = []
        for play in plays:
            assert play.asked is not None
            statements += play.asked.statements
            places += [play] * len(play.asked.statements)
        try:
            answers = await self._link.ask(statements)
        except Refused as error:
            if error.place < before:
                raise
            raise Spoiled(places[error.place - before].task, error) from error
        self.begun = True
        for (sql, _), answer in zip(statements[:before], answers, strict=False):
            if sql is CLOCK:
                self._view.hear_clock(answer)
            elif sql is TRY_ALL:
                assert isinstance(answer, list)
                self._held |= {key for (key,) in answer if isinstance(key, int)}
            elif sql is TAKE_ALL:
                self._held.update(missing)
        return answers[before:]

    def _prefix(self, missing: list[int], *, writes: bool) -> list[Statement]:
        statements: list[Statement] = []
        first = not self.begun
        if first:
            statements += [_BEGIN, (TAKE if self._mode is Mode.ALONE else SHARE, (CELL,))]
        if missing:
            waits = first or self._mode is not Mode.TOGETHER
            keys = "{" + ",".join(map(str, missing)) + "}"
            statements.append((TAKE_ALL if waits else TRY_ALL, (keys,)))
        if first or missing:
            statements.append(_CLOCK)
        if writes and not self._marked:
            self._marked = True
            statements.append((MARK, (self._writer.batch, self.now_ms, self._writer.mark)))
        return statements


def out_of_attempts() -> Unavailable:
    """What a caller is told whose unit always met somebody else's."""
    return Unavailable("every attempt met a newer row or a taken key")


def _key_of(asked: Asked) -> int | None:
    """The lock that what is asked wants: a session's, or a seat's; others want none."""
    if asked.writes:
        return None
    sql, values = asked.statements[-1]
    if sql is SESSION:
        row_id = values[0]
        assert isinstance(row_id, int)
        return row_id
    if sql is SEAT:
        return _seat_key(*values[:2])
    return None


def _seat_key(extension_id: Value, client_id: Value) -> int:
    digest = hashlib.blake2b(f"{extension_id!r} {client_id!r}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
