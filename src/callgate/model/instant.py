"""Instants: milliseconds since 1970 inside, ISO 8601 on the wire. Sums only; nothing here knows what time it is."""

import re
from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

DAY_MS = 24 * 3600 * 1000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = _EPOCH.toordinal()
_LAST_MS = (datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)
_FORM = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)"
    r"(?:[Tt](?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"(?:[Zz]|(?P<sign>[-+ ])(?P<offset_hours>\d\d)(?::?(?P<offset_minutes>\d\d))?)?)?",
    re.ASCII,
)


@lru_cache(maxsize=1024)
def parse_instant(text: str) -> int | None:
    """Milliseconds since 1970 of an ISO 8601 date or date and time, or None for anything else.

    Digits beyond the millisecond are dropped. Without an offset it is UTC, a date alone its first moment. A blank
    before an offset is a plus sign that lost its percent-encoding on the way. The years 1 to 1969 are taken for 1970,
    because clients spell "from the beginning" in many ways and no call is older.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    *digits, fraction, sign, ahead_hours, ahead_minutes = found.groups("0")
    year, month, day, hour, minute, second = map(int, digits)
    ahead_h, ahead_min = int(ahead_hours), int(ahead_minutes)
    if not (
        year >= 1
        and 1 <= month <= 12  # noqa: PLR2004 - months of a year
        and 1 <= day <= monthrange(year, month)[1]
        and max(hour, ahead_h) < 24  # noqa: PLR2004 - hours of a day
        and max(minute, second, ahead_min) < 60  # noqa: PLR2004 - of an hour, a minute
    ):
        return None
    days = date(year, month, day).toordinal() - _EPOCH_DAY
    behind_min = (ahead_h * 60 + ahead_min) * (1 if sign == "-" else -1)
    at_ms = (((days * 24 + hour) * 60 + minute + behind_min) * 60 + second) * 1000
    return min(max(at_ms + int(fraction.ljust(3, "0")[:3]), 0), _LAST_MS)


def render_instant(at_ms: int) -> str:
    """The wire's spelling: ISO 8601 in UTC with milliseconds, as in 2016-03-10T18:07:52.534Z."""
    return (_EPOCH + timedelta(milliseconds=at_ms)).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
