"""The supervisor of `callgate serve`: it holds the listening socket, and workers forked from it answer there.

The socket is opened once and never closed while there is anything to serve, so that whoever comes while no worker
listens waits in its queue and is not refused. What is to be done next is judged in roster.py; here it is carried out.

SIGTERM: every worker answers what it has, and ends. SIGHUP: a process of its own tries the new settings and the new
code; if they load, this process becomes them (exec: the same process id, the same socket, the same children) and
replaces the workers one by one. A worker that dies is replaced by another of the same settings.
"""

import errno
import gc
import json
import os
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from structlog.typing import FilteringBoundLogger

from callgate.admin.accepting import Share, Shares
from callgate.admin.notify import tell_ready, tell_reloading, tell_stopping
from callgate.admin.processes import ADOPT_OPTION, become, fork, run_beside
from callgate.admin.roster import LASTING_S, TRIES_MAX, Member, Next, Roster, Stage, Step, next_step, pause_s
from callgate.admin.station import ADMITTED, REPLACED, SERVING, WAITING, Station, Unsupervised
from callgate.config import Settings

CHECK_FLAG: Final = "--check"

_ASKING: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_SIGNALS: Final = (*_ASKING, signal.SIGCHLD)
_MARGIN_S: Final = 15
"""Beyond the time that requests have: for a worker to close the database, before it is killed."""


@dataclass(slots=True)
class _Worker:
    pid: int
    line: socket.socket
    number: int
    place: int
    stage: Stage
    former: bool = False
    since_s: float = field(default_factory=time.monotonic)

    @property
    def member(self) -> Member:
        return Member(self.number, self.stage, self.former)

    def enter(self, stage: Stage) -> None:
        self.stage, self.since_s = stage, time.monotonic()


class Left(NamedTuple):
    """What a supervisor left to the one that takes its place in the same process."""

    address: str
    listener: int
    workers: tuple[tuple[int, int, int, str], ...]

    def take_workers(self) -> list[_Worker]:
        """The workers, from now on the former ones."""
        return [
            _Worker(pid, socket.socket(fileno=line), number, 0, Stage(stage), former=True)
            for pid, line, number, stage in self.workers
        ]


def read_left(text: str) -> Left:
    """What stands behind ADOPT_OPTION."""
    left = json.loads(text)
    return Left(left["address"], left["listener"], tuple(tuple(each) for each in left["workers"]))


class Supervisor:
    """Run `run`: it returns in every worker, and at last in the supervisor itself."""

    def __init__(
        self,
        settings: Settings,
        listener: socket.socket,
        *,
        left: Left | None,
        announce: Callable[[], None],
        log: FilteringBoundLogger,
    ) -> None:
        self._server = settings.server
        self._alone = settings.database.has_one_server
        self._shares = Shares(self._server.workers)
        self._listener = listener
        self._announce = announce
        self._log = log
        self._workers = left.take_workers() if left else []
        self._reloads = self._has_served = left is not None
        self._refused = self._stopping = False
        self._status = 0
        self._deaths = 0
        self._start_at_s = 0.0
        self._probe: subprocess.Popen[bytes] | None = None
        self._caught: set[int] = set()
        self._selector = selectors.DefaultSelector()
        self._woken, self._waker = socket.socketpair()

    def run(self) -> Station | int:
        """Serve until told to stop: a Station in each process that is to be a worker, at last the exit status here."""
        self._listen_to_signals()
        gc.collect()
        gc.freeze()  # what is shared with the workers stays shared: the collector writes into what it looks at
        for worker in self._workers:
            self._selector.register(worker.line, selectors.EVENT_READ, worker)
        while True:
            while (step := self._next_step()) is not None:
                station = self._take(step)
                if station is not None:
                    return station
            if self._stopping and not self._workers:
                if self._probe:
                    self._probe.kill()
                return self._status
            self._wait()
            self._heed_signals()

    # What is to be done, and doing it.

    def _next_step(self) -> Next | None:
        roster = Roster(
            tuple(worker.member for worker in self._workers),
            self._server.workers,
            alone=self._alone,
            stopping=self._stopping,
            refused=self._refused,
        )
        if roster.is_settled and (self._reloads or not self._has_served):
            self._settle()
        return next_step(roster, may_start=time.monotonic() >= self._start_at_s)

    def _settle(self) -> None:
        if not self._has_served:
            self._announce()
        if self._reloads:
            self._log.info("workers", outcome="reloaded", workers=self._server.workers)
        self._reloads, self._has_served = False, True
        tell_ready()

    def _take(self, step: Next) -> Station | None:
        """Carry out a step; gives a Station in the process that is to be a worker."""
        if step.step is Step.START:
            return self._start(step.number)
        worker = next(worker for worker in self._workers if worker.number == step.number)
        if step.step is Step.DISMISS:
            worker.enter(Stage.ENDING)
            if not self._stopping:
                self._say(worker, REPLACED)
            os.kill(worker.pid, signal.SIGTERM)
        else:
            worker.enter(Stage.OPENING)
            self._say(worker, ADMITTED)
        return None

    def _start(self, number: int) -> Station | None:
        try:
            ours, theirs = socket.socketpair()
            pid = fork(blocking=_SIGNALS)
        except OSError as error:  # no memory, files or processes are left
            if not self._has_served:
                raise
            self._log.error("workers", outcome="not started", trouble=str(error))
            self._try_later(1, f"was not started: {error}")
            return None
        succeeds = any(worker.former for worker in self._workers)
        taken = {worker.place for worker in self._workers if not worker.former}
        place = next(place for place in range(1, len(taken) + 2) if place not in taken)
        if pid == 0:
            ours.close()
            self._become_worker()
            return Station(place, succeeds, theirs, Share(self._shares, place) if self._server.workers > 1 else None)
        theirs.close()
        worker = _Worker(pid, ours, number, place, Stage.BEGINNING)
        self._workers.append(worker)
        self._selector.register(ours, selectors.EVENT_READ, worker)
        return None

    def _become_worker(self) -> None:
        signal.set_wakeup_fd(-1)
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        self._selector.close()
        for line in (self._woken, self._waker, *(worker.line for worker in self._workers)):
            line.close()  # else the others would not learn of the supervisor's end

    # What happens.

    def _wait(self) -> None:
        now_s = time.monotonic()
        due_s = [self._end_by_s(worker) for worker in self._workers if worker.stage is Stage.ENDING]
        if self._start_at_s > now_s:
            due_s.append(self._start_at_s)
        if self._is_asked_to_reload():
            due_s.append(now_s)
        for key, _ in self._selector.select(max(min(due_s) - now_s, 0) if due_s else None):
            if key.data is None:
                self._woken.recv(4096)
            else:
                self._hear(key.data)
        for worker in self._workers:
            if worker.stage is Stage.ENDING and time.monotonic() > self._end_by_s(worker):
                self._log.error("workers", outcome="killed", worker=worker.place, pid=worker.pid)
                os.kill(worker.pid, signal.SIGKILL)
                worker.since_s = time.monotonic()

    def _end_by_s(self, worker: _Worker) -> float:
        return worker.since_s + self._server.shutdown_s + _MARGIN_S

    def _hear(self, worker: _Worker) -> None:
        try:
            said = worker.line.recv(1)
        except ConnectionError:
            said = b""
        if said == WAITING and worker.stage is Stage.BEGINNING:
            worker.enter(Stage.WAITING)
        elif said == SERVING and worker.stage is Stage.OPENING:
            worker.enter(Stage.SERVING)
        elif not said:
            self._selector.unregister(worker.line)  # it ends; what as, its death tells

    def _heed_signals(self) -> None:
        if self._heeds(signal.SIGTERM) | self._heeds(signal.SIGINT):
            tell_stopping()
            self._stopping = True
            # Once no worker takes anybody, newcomers are refused, and go elsewhere; here they would wait for nobody.
            self._listener.close()
        if self._heeds(signal.SIGCHLD):
            self._bury()
        if self._is_asked_to_reload():
            self._heeds(signal.SIGHUP)
            self._try_settings()

    def _heeds(self, number: signal.Signals) -> bool:
        """Whether a signal has come since this was asked last."""
        came = number in self._caught
        self._caught.discard(number)
        return came

    def _is_asked_to_reload(self) -> bool:
        """Whether somebody wants new settings, and nothing else is under way."""
        is_free = self._has_served and not (self._stopping or self._reloads or self._probe)
        return is_free and signal.SIGHUP in self._caught

    def _bury(self) -> None:
        for worker in tuple(self._workers):
            pid, status = os.waitpid(worker.pid, os.WNOHANG)
            if pid:
                self._workers.remove(worker)
                if worker.line in self._selector.get_map():
                    self._selector.unregister(worker.line)
                worker.line.close()
                self._mourn(worker, os.waitstatus_to_exitcode(status))
        if self._probe and self._probe.poll() is not None:
            self._take_over(self._probe.returncode)

    def _mourn(self, worker: _Worker, status: int) -> None:
        """Judge a worker's end."""
        if not worker.former:
            self._shares.note(worker.place, None)
        if self._stopping:
            self._status = max(self._status, status)
            return
        if worker.stage is Stage.ENDING:  # what is wrong with one that was replaced, it has said: the service goes on
            return
        if not self._has_served:
            if status <= 0:  # else it has said why
                self._log.critical("workers", outcome="died", worker=worker.place, pid=worker.pid, status=status)
            self._stopping, self._status = True, status if status > 0 else 1
            return
        self._log.error("workers", outcome="died", worker=worker.place, pid=worker.pid, status=status)
        if not worker.former and worker.stage is not Stage.SERVING and any(each.former for each in self._workers):
            self._refused, self._reloads = True, False
            self._stay("the new one did not come up: see above")
        if worker.stage is Stage.SERVING and time.monotonic() - worker.since_s > LASTING_S:
            self._deaths = 0
        self._try_later(status, f"with status {status}")

    def _try_later(self, status: int, last: str) -> None:
        """Wait before the next start, or give up. `last`: what became of the newest worker."""
        self._deaths += 1
        self._start_at_s = time.monotonic() + pause_s(self._deaths)
        if self._deaths >= TRIES_MAX and not any(each.stage is Stage.SERVING for each in self._workers):
            trouble = f"{self._deaths} workers died at once, one after another; the last {last}"
            self._log.critical("workers", outcome="given up", trouble=trouble)
            self._stopping, self._status = True, status if status > 0 else 1

    # Reloading.

    def _try_settings(self) -> None:
        """Have a process of its own see whether the new settings and the new code load."""
        tell_reloading()
        try:
            self._probe = run_beside(CHECK_FLAG, ADOPT_OPTION, self._left_behind())
        except OSError as error:  # an upgrade may have the interpreter away for a moment
            self._stay(str(error))

    def _stay(self, trouble: str) -> None:
        """Go on as before."""
        self._log.error("workers", outcome="not reloaded", trouble=trouble)
        tell_ready()

    def _take_over(self, status: int) -> None:
        """Become the new code and the new settings, if they load."""
        self._probe = None
        if self._stopping:
            return
        if status:
            self._stay("the settings do not load: see above")
            return
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)  # what comes meanwhile waits for the new code
        try:
            # What came already would be forgotten: the end, or newer settings, which are to be tried before.
            if self._caught.isdisjoint(_ASKING):
                for kept in (self._listener, *(worker.line for worker in self._workers)):
                    kept.set_inheritable(True)
                signal.set_wakeup_fd(-1)
                become(ADOPT_OPTION, self._left_behind())
        except OSError as error:
            self._stay(str(error))
        self._hear_signals()

    def _left_behind(self) -> str:
        workers = [[each.pid, each.line.fileno(), each.number, each.stage.value] for each in self._workers]
        left = {"address": self._server.address, "listener": self._listener.fileno(), "workers": workers}
        return json.dumps(left, separators=(",", ":"))

    # Signals and words.

    def _listen_to_signals(self) -> None:
        for end in (self._woken, self._waker):
            end.settimeout(0)
        self._selector.register(self._woken, selectors.EVENT_READ, None)
        for number in _SIGNALS:
            signal.signal(number, lambda caught, _: self._caught.add(caught))
        self._caught.add(signal.SIGCHLD)  # one that ended while nobody listened
        self._hear_signals()

    def _hear_signals(self) -> None:
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)

    def _say(self, worker: _Worker, word: bytes) -> None:
        try:
            worker.line.sendall(word)
        except OSError as error:
            if error.errno not in {errno.EPIPE, errno.ECONNRESET}:
                raise


def supervise(
    settings: Settings,
    listener: socket.socket,
    *,
    left: Left | None,
    announce: Callable[[], None],
    log: FilteringBoundLogger,
) -> Station | Unsupervised | int:
    """Serve as the settings say: gives a station where this process is to answer, and in a supervisor its exit status.

    `announce` is called once, when everybody answers. `left`: this process was a supervisor before, and reloads.
    """
    if settings.server.workers == 0:
        return Unsupervised(announce)
    if settings.server.workers > 1 and settings.limits.counts_alone:
        log.warning("limits", outcome="alone", trouble="each worker counts by itself: set limits.store")
    return Supervisor(settings, listener, left=left, announce=announce, log=log).run()
