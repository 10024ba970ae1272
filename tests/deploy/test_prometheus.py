"""What Prometheus is given, judged by Prometheus's own promtool where there is one."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy/prometheus/callgate.rules.yml"

pytestmark = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="needs promtool: `apt-get install prometheus` on Debian"
)


def refused(*words: str) -> str:
    """What promtool finds wrong: nothing, where all is well."""
    done = subprocess.run(["promtool", *words], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else ""


def test_settings_and_rules_load() -> None:
    """Whom it asks, and when it calls somebody."""
    assert refused("check", "config", str(RULES.with_name("prometheus.yml"))) == ""
    assert refused("check", "rules", str(RULES)) == ""


def test_alerts_call_when_they_should_and_not_when_they_should_not(tmp_path: Path) -> None:
    """Played against figures of an hour."""
    played = tmp_path / "rules.yml"
    played.write_text((Path(__file__).with_name("rules.yml")).read_text().replace("RULES", str(RULES)))
    assert refused("test", "rules", str(played)) == ""
