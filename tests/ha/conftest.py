"""The world, founded once; and the reason why nothing here runs where a machine cannot have networks of its own."""

import shutil
from functools import cache
from pathlib import Path

import pytest

from tests.faults.founding import World, found
from tests.ha.network import can_make_networks
from tests.postgres_server import PROGRAMS

HERE = Path(__file__).parent
_PROGRAMS = ("patroni", "patronictl", "etcd", "curl", "setpriv", "psql")


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A world that nobody serves: tests serve copies."""
    return found(tmp_path_factory.mktemp("world"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Say what is missing."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.timeout(600))
            if reason := why_not():
                item.add_marker(pytest.mark.skip(reason=reason))


@cache
def why_not() -> str | None:
    """What a failover cannot be tried without; None where all is there."""
    missing = [name for name in _PROGRAMS if shutil.which(name, path="/usr/bin:/bin:/usr/sbin:/sbin") is None]
    if missing or PROGRAMS is None:
        return "needs `apt-get install patroni etcd-server postgresql iproute2 curl`, and has no " + " ".join(missing)
    return None if can_make_networks() else "needs root and network namespaces (`ip netns add`)"
