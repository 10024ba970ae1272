"""npm openid-client's device grant, unmodified, with a person at a browser in the middle of it."""

import json
import subprocess
from pathlib import Path

from tests.admin.conftest import forker
from tests.admin.shell import open_shell_beside
from tests.clients.conftest import people_of
from tests.clients.conversation import observe
from tests.clients.expected import ANSWERED, granted
from tests.devices import register_device
from tests.server import Server

__all__ = ["forker"]


def test_library_is_granted_tokens_when_the_person_agrees(
    fresh_server: Server, forker: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    """It discovers the endpoint, polls at the interval it is told, and refreshes what it gets."""
    screen = register_device(open_shell_beside(forker, fresh_server, tmp_path), fresh_server, "Screen")
    world = json.loads(fresh_server.world_file.read_text())
    world["apps"]["screen"] = {"client_id": screen.client_id}
    file = tmp_path / "world.json"
    file.write_text(json.dumps(world))
    seen = observe("js/device.mjs", people_of(fresh_server), base_url=fresh_server.base_url, world_file=file)
    terms = granted(fresh_server.world.people["helper"].id, ["ReadCallLog"])
    assert seen["granted"] == {"granted": terms, "refreshed": terms, "api": ANSWERED}
