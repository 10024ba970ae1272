"""More connections than there may be: room is made where it hurts least, and a process out of files lives on.

Assurance R10, on real servers.
"""

import resource
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import structlog

from callgate.web.deadline import FILES_KEPT, bounded_protocol
from tests.figures import Figure
from tests.server import Server, running_server
from tests.web.raw import Answer, Process, answers, ask, connected, request

LIVE = request("/health/live")
LAST = request("/health/live", "Connection: close")
CONNECTIONS_MAX = 12
GROWN_S = 2.5
"""After which a connection that owes a request is no longer young."""


@pytest.fixture(scope="module")
def narrow() -> Iterator[Server]:
    """A server with room for a dozen."""
    with running_server({"CALLGATE_LIMITS__CONNECTIONS_MAX": str(CONNECTIONS_MAX)}) as server:
        yield server


@pytest.fixture
def guests() -> Iterator[ExitStack]:
    """Connections to close when a test ends; the next begins when the server has seen it."""
    with ExitStack() as stack:
        yield stack
    time.sleep(0.2)


def admit(server: Server | Process, guests: ExitStack, count: int) -> list[socket.socket]:
    """Open connections."""
    return [guests.enter_context(connected(server)) for _ in range(count)]


def call(connection: socket.socket) -> Answer:
    """Ask on an open connection."""
    connection.sendall(LIVE)
    said = b""
    while not said.endswith(b"}"):  # head and body may come apart
        said += connection.recv(65536)
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
        connection.settimeout(10)


def count_closed(connections: list[socket.socket], expected: int) -> int:
    """How many the server has closed; a newcomer's answer may be on its way before the end of whom it replaced."""
    until = time.monotonic() + 2
    while (count := sum(is_closed(each) for each in connections)) < expected and time.monotonic() < until:
        time.sleep(0.01)
    return count


def test_newcomer_is_served_when_those_who_say_nothing_fill_the_server(narrow: Server, guests: ExitStack) -> None:
    """Who has owed a request longest makes room, one for each newcomer, and never one who has asked."""
    polite = admit(narrow, guests, 4)
    assert [call(each).status for each in polite] == [200] * 4
    first = admit(narrow, guests, 4)
    time.sleep(1.2)
    second = admit(narrow, guests, 4)
    time.sleep(GROWN_S)
    assert ask(narrow, LAST).status == 200
    newcomers = admit(narrow, guests, 3)
    assert [call(each).status for each in newcomers] == [200] * 3
    # The one newcomer above left again, so that the three had one place.
    assert count_closed(first, 3) == 3
    assert [is_closed(each) for each in second + polite] == [False] * 8


def test_longest_idle_makes_room_when_nobody_owes_a_request(narrow: Server, guests: ExitStack) -> None:
    """Those idle are closed in the order in which they fell silent."""
    early = admit(narrow, guests, CONNECTIONS_MAX // 2)
    assert {call(each).status for each in early} == {200}
    time.sleep(1.2)
    late = admit(narrow, guests, CONNECTIONS_MAX // 2)
    assert {call(each).status for each in late} == {200}
    time.sleep(1.2)
    newcomers = admit(narrow, guests, 3)
    assert [call(each).status for each in newcomers] == [200] * 3
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


def test_server_lives_on_when_it_runs_out_of_files(patient: Process, guests: ExitStack, figure: Figure) -> None:
    """Refused connections cost no busy loop, and there is room at once when they go (assurance R10)."""
    resource.prlimit(patient.process.pid, resource.RLIMIT_NOFILE, (64, 64))
    admit(patient, guests, 500)
    before_s = busy_s(patient)
    time.sleep(2)
    busy = (busy_s(patient) - before_s) / 2
    assert busy < 0.2
    guests.close()
    time.sleep(1)
    assert ask(patient, request("/0", "Connection: close")).status == 200
    figure("clients.files-exhausted", f"{busy:.0%} of a core while out of files; serves again within 1 s")


def busy_s(server: Process) -> float:
    """How long the server's process has been computing."""
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100
