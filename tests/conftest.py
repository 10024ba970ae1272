"""What every test runs under: traffic to loopback only, one switch for the counts, and skips that say why.

Fixtures that start a server or hold a seeded world do not belong here; they stand with their tests.
"""

import gc
import ipaddress
import os
import shutil
import sys
from collections.abc import Callable, Generator
from pathlib import Path

import hypothesis
import pytest
from httpx._config import DEFAULT_TIMEOUT_CONFIG

pytest_plugins = ["tests.figures"]

ID_CHARS_MAX = 80
"""Of a parameter's value; pytest would make a name of all of it."""

PATIENCE_S = 60
"""Of a client that was told of none: what it waits for comes, late where the machine has others to serve."""

CHROMIUM = Path("/usr/bin/chromium")
"""The browser of the browser tests: Debian's, driven by Playwright."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--long`, the switch from reduced counts to the full ones."""
    parser.addoption("--long", action="store_true", help="run the full counts (hours), not the reduced ones")


def pytest_configure(config: pytest.Config) -> None:
    """Close the network, have clients wait, and give Hypothesis as many examples as the run has time for."""
    sys.addaudithook(refuse_other_hosts)
    DEFAULT_TIMEOUT_CONFIG.connect = DEFAULT_TIMEOUT_CONFIG.read = PATIENCE_S
    # The short run repeats itself exactly, so that a red build is red for its change; the long run explores.
    hypothesis.settings.register_profile("short", max_examples=100, deadline=None, derandomize=True)
    hypothesis.settings.register_profile("long", max_examples=5_000, deadline=None, print_blob=True)
    hypothesis.settings.load_profile("long" if config.getoption("--long") else "short")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect without looking for garbage: what is collected stays, and was looked through again and again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


SHORT = ("repo", "storage", "service", "crypto", "protocol", "model")
"""Folders whose files take less and less: run last, in this order, they fill what others leave of the workers' time."""

HERE = Path(__file__).parent


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the long files first, and skip what this run or this machine cannot do, with the reason."""
    items.sort(key=turn_of)
    lacking = dict(reasons_to_skip(long=bool(config.getoption("--long"))))
    for item in items:
        for marker, reason in lacking.items():
            if marker in item.keywords:
                item.add_marker(pytest.mark.skip(reason=reason))


def turn_of(item: pytest.Item) -> int:
    """Where a test stands in the order: before all of SHORT, or with its folder there."""
    folder = item.path.relative_to(HERE).parts[0]
    return 1 + SHORT.index(folder) if folder in SHORT else 0


def reasons_to_skip(*, long: bool) -> list[tuple[str, str]]:
    """Each marker whose tests cannot run here, with what would let them run."""
    unmet = (
        (long, "long", "full counts only: ./dev test --long"),
        (CHROMIUM.exists(), "browser", "needs a browser: apt-get install chromium"),
        (
            os.geteuid() == 0 and bool(shutil.which("strace")),
            "root",
            "needs root and strace (mounts, traces)",
        ),
    )
    return [(marker, reason) for met, marker, reason in unmet if not met]


def refuse_other_hosts(event: str, args: tuple[object, ...]) -> None:
    """An audit hook: no test speaks to another machine, whatever library it goes through.

    A hook patches nothing, and sees every socket that Python opens. uvloop opens its own; it runs in servers.
    """
    match event, args:
        case (("socket.connect" | "socket.sendto" | "socket.bind"), (_, (host, *_))):
            assert is_loopback(host), f"{event} to {host!r}: tests speak to loopback only"
        case (("socket.getaddrinfo" | "socket.gethostbyname"), (host, *_)):
            assert is_loopback(host), f"{event} of {host!r}: tests speak to loopback only"
        case _:
            pass  # every other event, and a Unix socket, whose address is a path


def is_loopback(host: object) -> bool:
    """Whether a host, as given to `socket`, is this machine."""
    name = host.decode() if isinstance(host, bytes) else host
    if name is None or name == "localhost":
        return True
    try:
        return ipaddress.ip_address(str(name)).is_loopback
    except ValueError:
        return False


@pytest.fixture(scope="session")
def counts(request: pytest.FixtureRequest) -> Callable[[int, int], int]:
    """Chooses how often: `counts(20, 500)` is 20 in the short run and 500 under --long."""
    long = bool(request.config.getoption("--long"))
    return lambda short, full: full if long else short


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Long values are named by their parameter: some are made anew each run, and workers must agree on names."""
    is_long = not hasattr(val, "__name__") and len(repr(val)) > ID_CHARS_MAX
    return argname if is_long else None
