"""Commands as somebody types them, in a folder of their own: what they printed, what they said, how they ended."""

import atexit
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from tests.server import Server

SETTINGS = """
[server]
port = {port}
[database]
url = "sqlite:///callgate.db"
[keys]
key_encryption_key_file = "kek"
[limits]
password_workers = 1
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """One command's end."""

    code: int
    out: str = field(repr=False)
    err: str

    @property
    def data(self) -> Any:  # noqa: ANN401 - JSON as it came
        """What `--json` printed."""
        assert self.code == 0, self.err
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Shell:
    """Runs commands in one folder."""

    folder: Path
    forker: "subprocess.Popen[str]"
    printed: list[str] = field(default_factory=list)
    """Everything every command printed, in order."""

    def run(self, *args: str, stdin: str = "") -> Ended:
        """Run a command to its end."""
        asked = {"args": [*args], "cwd": str(self.folder), "stdin": stdin}
        assert self.forker.stdin
        assert self.forker.stdout
        self.forker.stdin.write(json.dumps(asked) + "\n")
        self.forker.stdin.flush()
        told = json.loads(self.forker.stdout.readline())
        self.printed.append(told["out"] + told["err"])
        return Ended(**told)

    def give(self, *args: str, stdin: str = "") -> Any:  # noqa: ANN401 - JSON as it came
        """What a command that must succeed prints with --json."""
        return self.run(*args, "--json", stdin=stdin).data

    def refuse(self, *args: str, code: int = 1, stdin: str = "") -> str:
        """The one line of a command that must not succeed; nothing of it is on standard output."""
        ended = self.run(*args, stdin=stdin)
        assert (ended.code, ended.out) == (code, ""), (args, ended)
        (line,) = ended.err.splitlines()
        return line


@contextmanager
def forking() -> Iterator["subprocess.Popen[str]"]:
    """The process commands are forked from."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CALLGATE_")}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.admin.forker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as forker:
        assert forker.stdin
        yield forker
        forker.stdin.close()


@cache
def commands() -> "subprocess.Popen[str]":
    """The one of this process, for all its tests."""
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(forking())


def beside(server: Server) -> Shell:
    """A shell in the folder of a server that runs, whose settings make commands act on its database."""
    return Shell(server.data, commands())


def open_shell(forker: "subprocess.Popen[str]", folder: Path, *, port: int = 8080) -> Shell:
    """A shell in a folder with a settings file and a database."""
    (folder / "callgate.toml").write_text(SETTINGS.format(port=port))
    shell = Shell(folder, forker)
    assert shell.run("db", "migrate").code == 0
    return shell


def open_shell_beside(forker: "subprocess.Popen[str]", server: Server, folder: Path) -> Shell:
    """A shell whose commands act on the database of a server that runs."""
    shutil.copy2(server.settings_file, folder)
    return Shell(folder, forker)
