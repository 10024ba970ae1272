"""The contracts of pyproject.toml (import-linter) find planted breaches: the real tool, on a small tree."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

FLOORS = "Floors"
WEB = "The web imports"
PURE = "Model and protocol are pure"
GRANTS = "No grant knows another"

SOUND = {
    "app": "from callgate import admin, web",
    "web/token": "from callgate.service import token",
    "admin/serve": "from callgate.storage import save\nimport datetime",
    "service/token": "from callgate.protocol import pkce\nfrom callgate.storage import save\nimport asyncio",
    "protocol/pkce": "from callgate.model import ids\nimport hashlib, hmac, urllib.parse",
    "protocol/grants/password": "from callgate.protocol import pkce",
    "protocol/grants/refresh_token": "",
    "storage/save": "from callgate.model import ids\nimport apsw",
    "crypto/hashes": "",
    "config": "import os",
    "model/ids": "import re",
}
"""A small Callgate that keeps every contract: module, and what it imports."""

BREACHES = [
    ("model/ids", "from callgate.protocol import pkce", FLOORS),
    ("protocol/pkce", "from callgate.service import token", FLOORS),
    ("protocol/pkce", "from callgate.crypto import hashes", FLOORS),
    ("storage/save", "from callgate import config", FLOORS),
    ("web/token", "from callgate.admin import serve", FLOORS),
    ("service/token", "from callgate import app", FLOORS),
    (
        "storage/save",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from callgate.service import token",
        FLOORS,
    ),
    ("newcomer", "", FLOORS),
    ("web/token", "from callgate.storage import save", WEB),
    ("web/token", "from callgate.protocol import pkce", WEB),
    ("model/ids", "from datetime import datetime", PURE),
    ("protocol/pkce", "import os.path", PURE),
    ("protocol/grants/password", "import structlog", PURE),
    ("protocol/grants/password", "from callgate.protocol.grants import refresh_token", GRANTS),
]
"""A module, what it imports besides, and the contract that this breaks."""


def plant(root: Path, modules: dict[str, str]) -> None:
    """Write a package `callgate` of modules that only import, under the project's own contracts."""
    shutil.copy(ROOT / "pyproject.toml", root)
    for name, imports in modules.items():
        path = root / "callgate" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(imports)
        for folder in path.relative_to(root).parents[:-1]:
            (root / folder / "__init__.py").touch()


def verdicts(root: Path) -> dict[str, str]:
    """What import-linter says of each contract about a planted tree."""
    program = Path(sys.executable).with_name("lint-imports")
    command = [str(program), "--no-cache", "--no-logo"]
    run = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, timeout=60)
    found = re.findall(rf"({FLOORS}|{WEB}|{PURE}|{GRANTS}).*?(KEPT|BROKEN)", run.stdout, re.DOTALL)
    assert found, run.stdout + run.stderr
    return dict(found)


def test_contracts_are_kept_when_every_import_points_down(tmp_path: Path) -> None:
    """The sound tree passes, so what the next test finds is its plant."""
    plant(tmp_path, SOUND)
    assert verdicts(tmp_path) == dict.fromkeys((FLOORS, WEB, PURE, GRANTS), "KEPT")


@pytest.mark.parametrize(("module", "imports", "contract"), BREACHES)
def test_contract_is_broken_when_a_breach_is_planted(tmp_path: Path, module: str, imports: str, contract: str) -> None:
    """One import too many breaks the contract that forbids it."""
    plant(tmp_path, SOUND | {module: f"{SOUND.get(module, '')}\n{imports}"})
    assert verdicts(tmp_path)[contract] == "BROKEN"
