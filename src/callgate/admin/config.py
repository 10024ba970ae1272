"""`callgate config`: whether the settings can be used, and what they come to."""

from callgate.admin.command import NoOptions, Run, noun, plain_command
from callgate.admin.view import Rows
from callgate.config import check_files, describe

CONFIG = noun("config", "Settings: whether they can be used, and what they come to.")


@plain_command(CONFIG, "check", options=NoOptions)
def check(run: Run, _options: NoOptions) -> Rows:
    """Check the settings and show what they come to, secrets masked; exit 2 with a line for each mistake."""
    check_files(run.settings)
    entries = [entry for section in describe(run.settings) for entry in section.settings]
    rows = tuple((entry.key, entry.value, entry.value == entry.default, entry.description) for entry in entries)
    return Rows(("setting", "value", "default", "about"), rows)
