"""One forking process for all commands, and for each test a shell in an empty folder with a database."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree

import pytest

from tests.admin.shell import Shell, commands, open_shell
from tests.ports import free_port


@pytest.fixture(scope="session")
def forker() -> "subprocess.Popen[str]":
    """Where commands come from."""
    return commands()


@pytest.fixture(scope="session")
def migrated(forker: "subprocess.Popen[str]", tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with settings and an empty database, to copy: making one takes longer than most tests."""
    folder = tmp_path_factory.mktemp("migrated")
    open_shell(forker, folder)
    return folder


@pytest.fixture
def shell(forker: "subprocess.Popen[str]", migrated: Path, tmp_path: Path) -> Shell:
    """A shell in a folder of its own."""
    return Shell(Path(copytree(migrated, tmp_path, dirs_exist_ok=True)), forker)


@pytest.fixture(scope="module")
def unchanged(
    forker: "subprocess.Popen[str]", migrated: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shell]:
    """A shell with the account Alder, for commands that are refused: at the end of them nothing is new."""
    folder = tmp_path_factory.mktemp("unchanged") / "copy"
    shell = Shell(Path(copytree(migrated, folder)), forker)
    shell.give("accounts", "create", "--name", "Alder", "--main-number", "+12025550100")
    before = [shell.give(*listing) for listing in LISTINGS]
    yield shell
    assert [shell.give(*listing) for listing in LISTINGS] == before


LISTINGS = (("accounts", "list"), ("extensions", "list"), ("roles", "list"), ("apps", "list"), ("audit", "list"))


@pytest.fixture(name="free_port")
def _free_port() -> int:
    """A port nobody listens on."""
    return free_port()
