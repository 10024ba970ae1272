"""More connections than there may be: room is made where it hurts least, and a process out of files lives on.

Assurance R10, on real servers.
"""

import resource
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import structlog

from callgate.web.deadline import FILES_KEPT, bounded_protocol
from tests.figures import Figure
from tests.server import Server, running_server
from tests.web.raw import PATIENCE_S, Answer, Process, answers, connected, request, tell

LIVE = request("/health/live")
CONNECTIONS_MAX = 12
LATER_S = 1.5
"""Another look of the server's, which comes every second."""

GROWN_S = 3
"""Several of them: a connection that owes a request is no longer young, and goes before those that are idle."""


@pytest.fixture(scope="module")
def narrow() -> Iterator[Server]:
    """A server with room for a dozen."""
    with running_server({"CALLGATE_LIMITS__CONNECTIONS_MAX": str(CONNECTIONS_MAX)}) as server:
        yield server


@pytest.fixture
def guests(narrow: Server) -> Iterator[ExitStack]:
    """Connections to close when a test ends; the next begins when the server has seen it."""
    with ExitStack() as stack:
        yield stack
    until(lambda: not connections_of(narrow))


def until(is_so: Callable[[], object]) -> None:
    """Wait for it."""
    over_s = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < over_s, "it did not come to that"
        time.sleep(0.02)


def connections_of(server: Server) -> int:
    """How many the server has, whether or not their clients do."""
    port = f":{urlsplit(server.base_url).port:04X}"
    sockets = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
    return sum(local.endswith(port) and state not in {LISTENS, IS_OVER} for _, local, _, state, *_ in sockets)


LISTENS, IS_OVER = "0A", "06"
"""A socket's state in the kernel's words; the latter is kept for packets that come late."""


def admit(server: Server | Process, guests: ExitStack, count: int) -> list[socket.socket]:
    """Open connections."""
    return [guests.enter_context(connected(server)) for _ in range(count)]


def insist(server: Server, guests: ExitStack, count: int) -> list[socket.socket]:
    """Open connections that are served, again where one is turned away: who may make room is told by the last look."""
    served: list[socket.socket] = []

    def come() -> bool:
        (newcomer,) = admit(server, guests, 1)
        with suppress(ConnectionError):
            served.extend([newcomer] * (call(newcomer).status == 200))
        return len(served) == count

    until(come)
    return served


def call(connection: socket.socket) -> Answer:
    """Ask on an open connection."""
    connection.sendall(LIVE)
    said = b""
    while not said.endswith(b"}"):  # head and body may come apart
        part = connection.recv(65536)
        if not part:
            raise ConnectionError("closed without an answer")
        said += part
    (answer,) = answers(said)
    return answer


def is_closed(connection: socket.socket) -> bool:
    """Whether the server has closed a connection on which nothing was under way."""
    connection.setblocking(False)
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False
    finally:
        connection.settimeout(PATIENCE_S)


def count_closed(connections: list[socket.socket], expected: int) -> int:
    """How many the server has closed; a newcomer's answer may be on its way before the end of whom it replaced."""
    until(lambda: sum(is_closed(each) for each in connections) >= expected)
    return sum(is_closed(each) for each in connections)


def test_newcomer_is_served_when_those_who_say_nothing_fill_the_server(narrow: Server, guests: ExitStack) -> None:
    """Who has owed a request longest makes room, one for each newcomer, and never one who has asked."""
    polite = admit(narrow, guests, 4)
    assert [call(each).status for each in polite] == [200] * 4
    first = admit(narrow, guests, 4)
    time.sleep(LATER_S)
    second = admit(narrow, guests, 4)
    time.sleep(GROWN_S)
    insist(narrow, guests, 3)
    assert count_closed(first, 3) == 3
    assert [is_closed(each) for each in second + polite] == [False] * 8


def test_longest_idle_makes_room_when_nobody_owes_a_request(narrow: Server, guests: ExitStack) -> None:
    """Those idle are closed in the order in which they fell silent."""
    early = admit(narrow, guests, CONNECTIONS_MAX // 2)
    assert {call(each).status for each in early} == {200}
    time.sleep(LATER_S)
    late = admit(narrow, guests, CONNECTIONS_MAX // 2)
    assert {call(each).status for each in late} == {200}
    insist(narrow, guests, 3)
    assert count_closed(early, 3) == 3
    assert [is_closed(each) for each in late].count(True) == 0


def test_newcomer_is_turned_away_when_all_may_be_about_to_speak(narrow: Server, guests: ExitStack) -> None:
    """503: a flood does not push out those who came a moment before."""
    young = admit(narrow, guests, CONNECTIONS_MAX)
    with connected(narrow) as newcomer:
        (answer,) = answers(newcomer.recv(65536))
        assert (answer.status, answer.headers["connection"]) == (503, "close")
    assert [call(each).status for each in young] == [200] * CONNECTIONS_MAX


def test_bound_follows_the_files_that_the_process_may_have() -> None:
    """A bound that the process cannot reach bounds nothing."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        protocol = bounded_protocol(connections_max=10_000, log=structlog.get_logger())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert protocol.watch.connections_max == 256 - FILES_KEPT


def test_server_lives_on_when_it_runs_out_of_files(patient: Process, figure: Figure) -> None:
    """Refused connections cost no busy loop, and there is room at once when they go (assurance R10)."""
    resource.prlimit(patient.process.pid, resource.RLIMIT_NOFILE, (64, 64))
    with ExitStack() as guests:
        admit(patient, guests, 500)
        before_s = busy_s(patient)
        time.sleep(2)
        busy = (busy_s(patient) - before_s) / 2
    assert busy < 0.2
    began_s = time.monotonic()
    until(lambda: serves(patient))
    after_s = time.monotonic() - began_s
    figure("clients.files-exhausted", f"{busy:.0%} of a core while out of files; serves again after {after_s:.1f} s")


def serves(server: Process) -> bool:
    """Whether whoever comes is answered, and not turned away for those whose end it has not seen yet."""
    with suppress(ConnectionError):
        return [answer.status for answer in tell(server, request("/0", "Connection: close"))] == [200]
    return False


def busy_s(server: Process) -> float:
    """How long the server's process has been computing."""
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100
