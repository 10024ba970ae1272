"""The commands of README and of the pages run as they are printed: copied into a shell, in their order."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.server import Server, running_server

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl: apt-get install curl")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """The demo's world, for pages that begin with one running."""
    with running_server() as running:
        yield running


def blocks(page: str, language: str) -> list[str]:
    """The fenced blocks of a page in one language, in order."""
    text = (ROOT / page).read_text("utf-8")
    found = re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert found, f"{page} has no {language} block"
    return found


def run(script: str, folder: Path) -> str:
    """What a script prints that ends well; what it leaves running is ended."""
    ended = subprocess.run(
        ["bash", "-c", f"set -eu; trap 'kill $(jobs -p) 2>/dev/null || :' EXIT\n{script}"],
        cwd=folder,
        env={"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(folder), "no_proxy": "*"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def on_free_port(script: str) -> str:
    """The script with a port nobody has instead of 8080."""
    return script.replace("8080", str(free_port()))


def test_first_token_of_the_readme(server: Server, tmp_path: Path) -> None:
    """From the demo's world to the company's call log, with curl, and to its sessions, with a command."""
    (tmp_path / "var").mkdir()
    (tmp_path / "var/dev").symlink_to(server.data)
    script = "\n".join(blocks("README.md", "sh")).replace("http://127.0.0.1:8080", server.base_url)
    printed = run(script, tmp_path)
    token, end = json.JSONDecoder().raw_decode(printed)
    log, end = json.JSONDecoder().raw_decode(printed := printed[end:].lstrip())
    assert token["owner_id"]
    assert len(log["records"]) == 5
    assert token["owner_id"] in printed[end:], "the session is listed"


def test_quickstart_from_an_empty_folder(tmp_path: Path) -> None:
    """Settings, people, apps, a server, tokens by two grants, a lost refresh, and the look behind."""
    printed = run(on_free_port("\n".join(blocks("docs/quickstart.md", "sh"))), tmp_path)
    assert '"status":"live"' in printed
    assert printed.count('"token_type":"bearer"') >= 2
    assert "/restapi/oauth/authorize?response_type=code&client_id=" in printed
    assert json.loads((tmp_path / "newer.json").read_text())["refresh_token"]
    assert [file.name for file in tmp_path.glob("*.json") if file.stat().st_mode & 0o077] == []


def test_unattended_access(tmp_path: Path) -> None:
    """The commands of both ways, after the account that the page takes for granted."""
    settings = blocks("docs/quickstart.md", "sh")[0]
    account = 'callgate accounts create --name "Harbour Lane Books" --main-number +12025550100'
    printed = run("\n".join((settings, account, *blocks("docs/unattended.md", "sh"))), tmp_path)
    assert printed.count('"client_secret"') == 2
    assert '"jwt"' in printed


def test_recipe_for_continuous_integration_and_the_sdk(tmp_path: Path) -> None:
    """The world of the recipe serves the vendor's SDK as the page uses it."""
    (shell,) = blocks("docs/migrating.md", "sh")
    (python,) = blocks("docs/migrating.md", "python")
    before, after = on_free_port(shell).split("# … your tests.")
    (tmp_path / "program.py").write_text(python)
    printed = run(f"{before}\npython program.py\n#{after}", tmp_path)
    assert len(re.findall(r"^\d{4}-\d\d-\d\dT\S+Z (?:In|Out)bound \w", printed, re.MULTILINE)) == 3
    assert '"now_ms":' in printed
