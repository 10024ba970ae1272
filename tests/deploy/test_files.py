"""What stands in deploy/ says things that are so: settings exist, alerts are explained, copied files are there."""

import json
import re
from pathlib import Path

from callgate.config import Settings, describe

ROOT = Path(__file__).parents[2]
FILES = sorted(path for path in (ROOT / "deploy").rglob("*") if path.is_file())


def test_every_setting_named_exists() -> None:
    """A variable nobody reads would leave a container with another setting than it says."""
    there = {entry.variable for section in describe(Settings()) for entry in section.settings} | {"CALLGATE_CONFIG"}
    named = {name for path in FILES for name in re.findall(r"\bCALLGATE_[A-Z]+(?:__[A-Z_]+[A-Z])?\b", path.read_text())}
    assert named <= there
    assert "CALLGATE_METRICS__PORT" in named


def test_every_alert_is_explained() -> None:
    """Whoever is called finds what it means and what to do under its name."""
    rules = (ROOT / "deploy/prometheus/callgate.rules.yml").read_text()
    explained = re.findall(r"^\| (Callgate\w+) \|", (ROOT / "docs/operating.md").read_text(), re.MULTILINE)
    assert sorted(explained) == sorted(re.findall(r"- alert: (\w+)", rules))


def test_what_the_image_copies_is_there() -> None:
    """From the repository's root; and uv's version is found where it stands."""
    dockerfile = (ROOT / "deploy/docker/Dockerfile").read_text()
    copied = [name for line in re.findall(r"^COPY (?!--)(.+) \S+$", dockerfile, re.MULTILINE) for name in line.split()]
    assert copied
    assert all((ROOT / name).exists() for name in copied)
    assert re.search(r'^name = "uv"\nversion = "\d', (ROOT / "uv.lock").read_text(), re.MULTILINE)


def test_containers_are_there_again_after_the_machine_was_restarted() -> None:
    """Docker starts none by itself that is to be started on failure alone."""
    compose = (ROOT / "deploy/docker/compose.yaml").read_text()
    services = re.findall(r"^  \w+:$", compose.partition("\nvolumes:")[0], re.MULTILINE)
    assert len(services) > 1
    assert re.findall(r"^    restart: (\S+)$", compose, re.MULTILINE) == ["unless-stopped"] * len(services)


def test_network_that_containers_share_is_nobodys_who_begins_anew() -> None:
    """A container keeps the network of the one it joined, also when that one has another: nobody reaches it there."""
    compose = (ROOT / "deploy/docker/compose.yaml").read_text()
    services = dict(re.findall(r"^  (\w+):\n((?:    .*\n|\n)+)", compose, re.MULTILINE))
    joined = set(re.findall(r"network_mode: service:(\w+)", compose))
    assert joined
    assert [name for name in joined if "entrypoint: [sleep, infinity]" not in services[name]] == []


def test_dashboard_can_be_imported() -> None:
    """Each panel has a place of its own, and asks the Prometheus that whoever imports it chooses."""
    dashboard = json.loads((ROOT / "deploy/grafana/callgate.json").read_text())
    taken: set[tuple[int, int]] = set()
    for panel in dashboard["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
        for target in panel.get("targets", []):
            assert target["datasource"]["uid"] == "${datasource}"
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
