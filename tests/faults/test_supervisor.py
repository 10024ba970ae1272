"""A supervisor in trouble (assurance.md R12): what it was told is not lost, and what it lacks is not its end."""

import asyncio
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.founding import World, copy_world
from tests.faults.process import NotStartedError, Served, serve
from tests.faults.supervised import WAIT_S_MAX, lines, live, reload, supervised, until, worker_of
from tests.faults.wire import LostError
from tests.ports import free_port

STREAMS = {"closed": "<&- >&- 2>&-", "full": ">/dev/full 2>&1"}
FILES_MIN = 3
"""Fewer than any process has open."""


@contextmanager
def started_with(streams: str, own: World) -> Iterator[Served]:
    """A server whose standard streams are not what they should be, and so it cannot say when it is ready."""
    port = free_port()
    own.config.write_text(own.config.read_text().replace("port = 1 ", f"port = {port} "))
    command = [sys.executable, "-m", "tests.faults.served", "-", "", "serve", "--config", str(own.config)]
    with subprocess.Popen(["sh", "-c", f'exec "$@" {streams}', "sh", *command]) as process:
        try:
            yield Served(process=process, port=port, pid=process.pid, log=Path("/dev/null"), spawned_at=0.0)
        finally:
            process.kill()


def stands_in_dev(pid: int, number: int) -> bool:
    """Whether a file of a process is a device: no socket, and no database."""
    return Path(f"/proc/{pid}/fd/{number}").readlink().parent == Path("/dev")


async def answers(served: Served) -> bool:
    """Whether it does."""
    try:
        return await live(served) == 200
    except LostError:
        return False


async def until_it_answers(served: Served) -> None:
    """Wait for it; it may begin still."""
    until_s = time.monotonic() + WAIT_S_MAX
    while not await answers(served):
        assert served.process.poll() is None, "it ended"
        assert time.monotonic() < until_s, "it does not answer"
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("streams", ["closed", pytest.param("full", marks=pytest.mark.long)])
def test_server_goes_on_when_nobody_can_be_told(world: World, tmp_path: Path, streams: str) -> None:
    """Closed streams, or a disk that the log has filled: workers are replaced all the same, and no socket is a log."""
    own = copy_world(world, tmp_path / "served")
    with started_with(STREAMS[streams], own) as served:

        async def drive() -> None:
            await until_it_answers(served)
            assert all(stands_in_dev(served.pid, number) for number in range(3))
            killed = worker_of(served)
            os.kill(killed, signal.SIGKILL)
            await until(lambda: worker_of(served) not in {0, killed}, "no other came")
            await until_it_answers(served)
            former = worker_of(served)
            served.process.send_signal(signal.SIGHUP)
            await until(lambda: former not in {0, worker_of(served)}, "it does not reload")
            await until_it_answers(served)

        asyncio.run(drive())
        served.process.send_signal(signal.SIGTERM)
        assert served.wait(WAIT_S_MAX) == 0


@pytest.mark.long
def test_server_goes_on_when_no_files_are_left_for_another_worker(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a worker that died nor a reload that cannot begin ends it; it tries until there is room."""
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "systemd"))
    with supervised(world, tmp_path) as (served, _):
        files = resource.prlimit(served.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(served.process.pid, resource.RLIMIT_NOFILE, (FILES_MIN, files[1]))

        async def drive() -> None:
            await reload(served, outcome="not reloaded")
            assert lines(served, "not reloaded")[-1]["trouble"] == "[Errno 24] Too many open files"
            killed = worker_of(served)
            os.kill(killed, signal.SIGKILL)
            await until(lambda: lines(served, "not started"), "it started one")
            resource.prlimit(served.process.pid, resource.RLIMIT_NOFILE, files)
            assert await live(served) == 200
            assert worker_of(served) not in {0, killed}
            await reload(served)

        asyncio.run(drive())


def test_end_is_not_forgotten_when_told_in_the_midst_of_a_reload(world: World, tmp_path: Path) -> None:
    """The new settings have just been found good when SIGTERM comes."""
    with supervised(world, tmp_path, plant="end_midway") as (served, _):
        served.process.send_signal(signal.SIGHUP)
        assert served.wait(WAIT_S_MAX) == 0
        assert lines(served, "not reloaded") == []


@pytest.mark.long
def test_newest_settings_are_tried_when_told_in_the_midst_of_a_reload(world: World, tmp_path: Path) -> None:
    """Those before have just been found good when others are written and SIGHUP comes again: they do not load."""
    with supervised(world, tmp_path, plant="settings_midway") as (served, own):
        settings = own.config.read_text()
        own.config.with_suffix(".next").write_text(settings.replace("port =", "prot ="))
        worker = worker_of(served)

        async def drive() -> None:
            await reload(served, outcome="not reloaded")
            assert worker_of(served) == worker
            assert await live(served) == 200
            own.config.write_text(settings)
            await reload(served)

        asyncio.run(drive())


@pytest.mark.long
def test_end_is_heeded_by_a_worker_that_was_just_forked(world: World, tmp_path: Path) -> None:
    """It is told before it has put its parent's handlers away."""
    with supervised(world, tmp_path, plant="slow_fork") as (served, _):
        killed = worker_of(served)
        os.kill(killed, signal.SIGKILL)
        asyncio.run(until(lambda: worker_of(served) not in {0, killed}, "no other came"))
        served.process.send_signal(signal.SIGTERM)
        assert served.wait(WAIT_S_MAX) == 0
        assert lines(served, "killed") == []


@pytest.mark.long
def test_service_ends_well_though_a_worker_did_not_that_was_replaced(world: World, tmp_path: Path) -> None:
    """It is the service's end that systemd judges, and that may be months later."""
    with supervised(world, tmp_path, plant="ends_badly_when_replaced") as (served, _):
        asyncio.run(reload(served))
        served.process.send_signal(signal.SIGTERM)
        assert served.wait(WAIT_S_MAX) == 0


def test_supervisor_says_so_when_the_first_worker_is_killed(world: World, tmp_path: Path) -> None:
    """By a filter of system calls, or for want of memory: it could not say so itself."""
    own = copy_world(world, tmp_path / "served")
    with pytest.raises(NotStartedError) as refused, serve(own, workers=1, plant="killed_at_the_start"):
        pass
    assert refused.value.status == 1
    assert '"outcome":"died"' in refused.value.said
    assert f'"status":{-signal.SIGSYS}' in refused.value.said
