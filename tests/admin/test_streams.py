"""Standard streams as they are: a command does its work, and shows what it shows, whatever they lack."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.admin.shell import SETTINGS

NAME = "Ærø – 株式会社"


def test_what_the_terminals_encoding_lacks_does_not_end_a_command(tmp_path: Path) -> None:
    """A secret that is shown once would be lost with it: the account would be there, and nothing of it shown."""
    (tmp_path / "callgate.toml").write_text(SETTINGS.format(port=8080))
    script = [str(Path(sys.executable).with_name("callgate"))]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CALLGATE_")}

    def run(*words: str) -> str:
        done = subprocess.run(
            [*script, *words],
            cwd=tmp_path,
            env=environment | {"PYTHONIOENCODING": "ascii"},
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.decode("ascii")

    run("db", "migrate")
    account = ("accounts", "create", "--name", NAME, "--main-number", "+12025550100")
    run(*account)
    assert NAME.encode("ascii", "backslashreplace").decode() in run("accounts", "list")
    number = json.loads(run("accounts", "list", "--json").replace("\\x", "\\u00"))
    assert [each["name"] for each in number] == [NAME]
