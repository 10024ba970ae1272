"""Spans of time as people type them: `90m`, `12h`, `7d`."""

import re

from callgate.admin.command import Refusal

_SPAN = re.compile(r"(\d{1,5})([mhd])")
_UNIT_MS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}


def read_span(text: str) -> int:
    """Milliseconds. Raises Refusal."""
    found = _SPAN.fullmatch(text.strip().lower())
    if found is None:
        raise Refusal(f"{text!r} is no span of time, as in 90m, 12h or 7d")
    return int(found[1]) * _UNIT_MS[found[2]]
