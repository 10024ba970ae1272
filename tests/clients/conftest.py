"""What the tests of real clients share: the world's people, and one report per client script."""

from collections.abc import Callable
from functools import cache

import pytest

from tests.clients.conversation import HERE, Observed, People, observe
from tests.clients.person import Person
from tests.server import Server, fresh_server, server

__all__ = ["fresh_server", "server"]

Report = Callable[[str], Observed]
"""Gives what a client script saw of the server; however many tests ask, it runs once."""


@pytest.fixture(scope="session", autouse=True)
def _node_packages() -> None:
    stamp = HERE / "node_modules/.installed-lock.json"
    current = stamp.exists() and stamp.read_bytes() == (HERE / "package-lock.json").read_bytes()
    assert current, "the Node packages are not those of the lock file: tools/node-packages tests/clients"


@pytest.fixture(scope="session")
def report(server: Server) -> Report:
    """One run of each script for the whole session."""
    people = people_of(server)
    return cache(lambda script: observe(script, people, base_url=server.base_url, world_file=server.world_file))


def people_of(server: Server) -> People:
    """The world's people by name; `helper, cancelling` is the helper with second thoughts."""

    def who(name: str) -> Person:
        key, _, mood = name.partition(", ")
        person = server.world.people[key]
        return Person(person.email, person.password, answer="cancel" if mood else "authorize")

    return who
