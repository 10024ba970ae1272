"""What a server does not import: it would have it in its memory for as long as it lives."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.admin.shell import SETTINGS

NEEDED = {"callgate.web.routes", "callgate.storage.sqlite", "uvicorn", "jinja2"}
"""What shows that the list is one."""

SPARED = {
    "alembic",
    "callgate.admin.cli",
    "callgate.admin.drawing",
    "callgate.admin.seed",
    "lxml",
    "mako",
    "multiprocessing.pool",
    "onelogin",
    "opentelemetry",
    "prometheus_client",
    "psycopg",
    "redis",
    "rich.progress",
    "segno",
    "signxml",
    "sqlalchemy",
    "sqlite3",
    "typer.rich_utils",
    "xmlsec",
    "zxcvbn",
}


def test_server_that_migrates_and_serves_imports_no_more_than_it_needs(tmp_path: Path, free_port: int) -> None:
    """A supervisor and its worker, from no database to ready (docs/adr/0092-memory.md)."""
    (tmp_path / "callgate.toml").write_text(SETTINGS.format(port=free_port))
    script = Path(sys.executable).with_name("callgate")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CALLGATE_")}
    with (
        (tmp_path / "log").open("w") as log,
        subprocess.Popen(
            [sys.executable, "-X", "importtime", script, "serve"],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as server,
    ):
        try:
            assert server.stdout
            assert server.stdout.readline().startswith("callgate is ready"), (tmp_path / "log").read_text()[-2000:]
        finally:
            server.terminate()
    imported = set(re.findall(r"^import time: .*\| +(\S+)$", (tmp_path / "log").read_text(), re.MULTILINE))
    assert imported >= NEEDED
    assert imported & SPARED == set()
