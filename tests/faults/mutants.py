"""What may be planted in a child process: defects that a test must notice, and faults that need a hand inside.

Each hook patches the imported product before it starts. A test that stays green with its defect planted guards nothing.
"""

import itertools
import math
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import apsw

from callgate.admin.station import Station
from callgate.admin.supervisor import Supervisor
from callgate.crypto import password_pool, passwords
from callgate.model.failure import Unavailable
from callgate.model.lookups import Lookup
from callgate.model.moment import Moment
from callgate.service import upkeep
from callgate.service.context import Context
from callgate.service.reply import TokenReply
from callgate.storage import (
    backup,
    engines,
    group_commit,
    postgres,
    postgres_errors,
    postgres_lane,
    postgres_link,
    postgres_pulse,
    schema,
    sqlite,
    sqlite_file,
)
from callgate.storage.group_commit import GroupCommit
from callgate.storage.postgres_pulse import Pulse
from callgate.storage.postgres_servers import Servers
from callgate.storage.scripts import Render
from callgate.storage.sqlite import SqliteStore
from callgate.storage.sqlite_writer import Writer
from callgate.web import token
from callgate.web.deadline import BoundedProtocol

F = TypeVar("F")

SMALL_CHECKPOINT_PAGES = 60
PROOFS = 24
"""Passwords looked at side by side where nobody bounds them: some 450 MiB."""

# Defects.


def reply_before_commit() -> None:
    """Callers hear of their unit when it is decided; the disk hears of it a little later."""
    fill, commit = GroupCommit._fill, Writer.commit

    def reply_early(self: GroupCommit) -> None:
        fill(self)
        for _, reply, value, error in self._batch:
            if error is None and reply is not None and not reply.done():
                reply.set_result(value)

    def commit_late(self: Writer) -> None:
        if self._pen.written:
            time.sleep(0.02)
        commit(self)

    plant(GroupCommit, "_fill", reply_early)
    plant(Writer, "commit", commit_late)


def synchronous_off() -> None:
    """SQLite leaves it to the kernel when the disk hears of a commit."""
    _open_with("off")


def synchronous_normal() -> None:
    """SQLite syncs at checkpoints only: whole, but the newest commits may be gone after a power cut."""
    _open_with("normal")


def postgres_forgets() -> None:
    """PostgreSQL says yes before the disk does, and the server's own look at its settings is left out."""
    plant(postgres_link, "_SETTINGS", postgres_link._SETTINGS + b"; SET synchronous_commit=off")
    plant(Servers, "_require_careful", lambda *_: None)


def no_room_is_a_defect() -> None:
    """What PostgreSQL has no room for is answered as if we had broken, not the world."""
    plant(postgres_errors, "_WORLD", postgres_errors._WORLD - {"53"})


def patient() -> None:
    """Whoever asks waits for PostgreSQL as long as it takes."""
    for name in ("ANSWER_S_MAX", "WAIT_S_MAX"):
        plant(postgres, name, math.inf)


def reads_wait_for_commits() -> None:
    """Whoever reads from SQLite waits for whoever writes, and so for the disk."""

    async def read_in_turn(self: SqliteStore, lookup: Lookup[F]) -> F:
        await self.work(lambda _: None)
        return self._load(lookup)

    plant(SqliteStore, "read", read_in_turn)


def everybody_signs_in() -> None:
    """There is a place in the queue for everybody who wants to sign in."""
    plant(password_pool, "QUEUE_PER_WORKER", 1 << 20)


def everybody_signs_in_at_once() -> None:
    """A thread for each sign-in, and memory for each proof."""
    start = password_pool.PasswordPool.__init__

    def start_wide(self: password_pool.PasswordPool, **_: int | None) -> None:
        start(self, workers=PROOFS)

    plant(password_pool.PasswordPool, "__init__", start_wide)


def no_memory_is_a_wrong_password() -> None:
    """A proof that there was no memory for passes for one that failed."""
    plant(passwords, "_NO_MEMORY", "nothing that argon2 says")


def abrupt_end() -> None:
    """A server that is told to end hangs up on everybody."""
    plant(BoundedProtocol, "shutdown", lambda self: self.transport.abort())


def unknown_commit_is_success() -> None:
    """A COMMIT on PostgreSQL that was not answered, or not replicated, is taken for one that was."""
    from callgate.storage.postgres_lane import Lane  # noqa: PLC0415 - only who uses PostgreSQL imports it

    async def pretend(*_: object) -> bool:
        return True

    plant(Lane, "_settle", pretend)


def heartbeat_forgotten() -> None:
    """Whatever PostgreSQL is connected is believed, however long ago it last committed anything."""
    plant(Pulse, "beats", lambda _: True)
    plant(Pulse, "vouches", lambda *_: True)


def log_not_recovered() -> None:
    """A start throws away the log that a crash left."""
    migrate = schema.migrate_file

    def begin_anew(path: Path, *, render: Render) -> bool:
        for end in ("-wal", "-shm"):
            path.with_name(path.name + end).unlink(missing_ok=True)
        return migrate(path, render=render)

    plant(engines, "migrate_file", begin_anew)


def folder_not_synced() -> None:
    """A restore leaves it to the kernel when the disk hears of names given and taken."""

    def leave_it(_: Path) -> None:
        return

    plant(backup, "_sync", leave_it)


def full_swallowed() -> None:
    """A commit that found the disk full passes for done."""
    _swallow(apsw.FullError)


def sync_error_swallowed() -> None:
    """A commit whose sync failed passes for done."""
    _swallow(apsw.IOError)


def full_is_a_defect() -> None:
    """A full disk is answered as if we had broken, not the world."""

    def itself(error: Exception) -> Exception:
        return error

    plant(group_commit, "_unavailable", itself)


def full_for_good() -> None:
    """A store that once found the disk full takes no more writes."""
    undo, submit = GroupCommit._undo, GroupCommit.submit
    met: list[Exception] = []

    def undo_and_sulk(self: GroupCommit, error: Exception) -> None:
        met.append(error)
        undo(self, error)

    def refuse(self: GroupCommit, job: group_commit.Job) -> group_commit.Reply:
        if met:
            raise Unavailable("the disk was full once")
        return submit(self, job)

    plant(GroupCommit, "_undo", undo_and_sulk)
    plant(GroupCommit, "submit", refuse)


def log_tokens() -> None:
    """Whoever reads the log has every access token."""
    render = token.render_tokens

    def render_and_tell(reply: TokenReply) -> dict[str, str | int]:
        print(reply.access_token, file=sys.stderr)
        return render(reply)

    plant(token, "render_tokens", render_and_tell)


def keep_secrets() -> None:
    """The secret of a session, which only its tokens may carry, lies in the row too."""
    draw = Context.moment

    def draw_and_keep(self: Context) -> Moment:
        moment = draw(self)
        return moment._replace(fresh=moment.fresh._replace(endpoint_id=moment.fresh.secret.hex()))

    plant(Context, "moment", draw_and_keep)


def defect_with_tokens() -> None:
    """Some grants end in a defect of ours, while tokens lie in the local variables of everyone above."""
    render = token.render_tokens
    calls = itertools.count(1)

    def render_or_break(reply: TokenReply) -> dict[str, str | int]:
        fields = render(reply)
        if next(calls) % 5 == 0:
            raise RuntimeError("planted")
        return fields

    plant(token, "render_tokens", render_or_break)


# Faults, and what makes them come sooner.


def small_checkpoints() -> None:
    """The log is folded into the database every few commits, so that a short run has many checkpoints."""
    plant(sqlite_file, "_CHECKPOINT_PAGES", SMALL_CHECKPOINT_PAGES)


def sweep_soon() -> None:
    """The first sweep comes a second after the start, not a minute."""
    plant(upkeep, "SWEEP_S", 1)


def impatient() -> None:
    """Everything that PostgreSQL is given time for is given a quarter of it."""
    for module in (postgres, postgres_link, postgres_lane, postgres_pulse):
        for name, value in vars(module).copy().items():
            if name.endswith(("_S", "_S_MAX")) and isinstance(value, float):
                plant(module, name, value / 4)


def full_on_signal() -> None:
    """From SIGUSR1 on the database may not grow by a page; from SIGUSR2 on it may again."""
    begin = Writer.begin
    pages_max: list[int] = []

    def begin_bounded(self: Writer) -> None:
        while pages_max:
            self._connection.pragma("max_page_count", pages_max.pop())
        begin(self)

    signal.signal(signal.SIGUSR1, lambda *_: pages_max.append(1))  # at least as many as there are, says SQLite
    signal.signal(signal.SIGUSR2, lambda *_: pages_max.append(2**31 - 2))
    plant(Writer, "begin", begin_bounded)


def end_midway() -> None:
    """A supervisor is told to end when it has just heard that new settings load."""
    _tell_midway(lambda: os.kill(os.getpid(), signal.SIGTERM))


def settings_midway() -> None:
    """At that moment there are newer ones, the first time that the file beside them is there."""
    config = Path(sys.argv[sys.argv.index("--config") + 1])

    def write_and_tell() -> None:
        with suppress(FileNotFoundError):
            config.with_suffix(".next").replace(config)
            os.kill(os.getpid(), signal.SIGHUP)

    _tell_midway(write_and_tell)


def slow_fork() -> None:
    """A child takes half a second before its first step."""
    os.register_at_fork(after_in_child=lambda: time.sleep(0.5))


def killed_at_the_start() -> None:
    """A worker makes a system call that it is not allowed."""
    plant(engines, "migrate_file", lambda *_, **__: os.kill(os.getpid(), signal.SIGSYS))


def ends_badly_when_replaced() -> None:
    """A worker in whose place another serves already ends with an error."""
    say_end = Station.say_end

    def say_end_badly(self: Station, leave: Callable[[], None]) -> None:
        say_end(self, leave)
        if self.is_replaced:
            os._exit(1)

    plant(Station, "say_end", say_end_badly)


def _tell_midway(tell: Callable[[], None]) -> None:
    take_over = Supervisor._take_over

    def tell_and_take_over(self: Supervisor, status: int) -> None:
        tell()
        take_over(self, status)

    plant(Supervisor, "_take_over", tell_and_take_over)


def _open_with(synchronous: str) -> None:
    open_writer = sqlite_file.open_writer

    def open_carelessly(path: Path, *, vfs: str | None = None) -> apsw.Connection:
        connection = open_writer(path, vfs=vfs)
        connection.pragma("synchronous", synchronous)
        return connection

    plant(sqlite, "open_writer", open_carelessly)


def _swallow(kind: type[apsw.Error]) -> None:
    commit = Writer.commit

    def commit_or_pretend(self: Writer) -> None:
        try:
            commit(self)
        except kind:
            self.roll_back()

    plant(Writer, "commit", commit_or_pretend)


def plant(owner: object, name: str, value: object) -> None:
    """Put something in the place of what is there; what is not there was renamed, and the hook with it is void."""
    assert hasattr(owner, name), f"{owner} has no {name} any more: mend the hook"
    setattr(owner, name, value)


HOOKS: dict[str, Callable[[], None]] = {
    hook.__name__: hook
    for hook in (
        abrupt_end,
        reply_before_commit,
        synchronous_off,
        synchronous_normal,
        postgres_forgets,
        no_room_is_a_defect,
        patient,
        reads_wait_for_commits,
        everybody_signs_in,
        everybody_signs_in_at_once,
        no_memory_is_a_wrong_password,
        unknown_commit_is_success,
        heartbeat_forgotten,
        log_not_recovered,
        folder_not_synced,
        full_swallowed,
        sync_error_swallowed,
        full_is_a_defect,
        full_for_good,
        log_tokens,
        keep_secrets,
        defect_with_tokens,
        small_checkpoints,
        sweep_soon,
        impatient,
        full_on_signal,
        end_midway,
        settings_midway,
        slow_fork,
        killed_at_the_start,
        ends_badly_when_replaced,
    )
}
