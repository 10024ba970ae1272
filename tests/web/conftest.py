"""What the tests of the web floor share: servers to speak to, and somebody who speaks."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.server import Server, fresh_server, server
from tests.web.caller import MYSELF, REVOKE, Caller, Session, calling
from tests.web.nasty import Turned
from tests.web.raw import Process

__all__ = ["fresh_server", "server"]


@pytest.fixture(scope="session")
def patient() -> Iterator[Process]:
    """Our protocol under an application that answers `/SECONDS` after so many."""
    program = Path(__file__).with_name("patient.py")
    with subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield Process(f"http://127.0.0.1:{int(process.stdout.readline())}", process)
        finally:
            process.kill()


@pytest.fixture(scope="module")
def caller(server: Server) -> Iterator[Caller]:
    """One for all tests of a module."""
    with calling(server) as caller:
        yield caller


@pytest.fixture(scope="module")
def session(caller: Caller) -> Session:
    """A session that lives through all of them."""
    before = caller.writes()
    session = caller.open_session()
    assert caller.writes() != before, "who sees no writes would see none below"
    return session


@pytest.fixture(scope="module")
def ended(caller: Caller) -> Session:
    """A session that is over."""
    session = caller.open_session()
    assert caller.post(REVOKE, {"token": session.access}, caller.proof("script")).status == 200
    return session


@pytest.fixture
def nothing_written(caller: Caller, session: Session, ended: Session) -> Iterator[None]:
    """Fails whatever wrote, harmed the session that lives or revived the other, or was a defect of ours."""
    before, said_before = caller.writes(), len(caller.server.log())
    yield
    lives, over = (caller.get(MYSELF, f"Authorization: Bearer {each.access}").status for each in (session, ended))
    assert (lives, over) == (200, 401)
    assert caller.writes() == before
    said = caller.server.log()[said_before:]
    assert "defect" not in said
    assert "Traceback" not in said


@pytest.fixture(scope="module")
def turned(counts: Callable[[int, int], int]) -> Turned:
    """Gives each name with the values it is to have: all, or one in four, of which each name has another quarter."""
    step = counts(4, 1)
    return lambda names, values: (
        (name, value) for number, name in enumerate(names) for value in values[number % step :: step]
    )
