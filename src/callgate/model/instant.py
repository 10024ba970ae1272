"""Instants: milliseconds since 1970 inside, ISO 8601 on the wire. Sums only; nothing here knows what time it is."""

import re
from datetime import UTC, date, datetime, time, timedelta

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


def parse_instant(text: str) -> int | None:
    """Milliseconds since 1970 of an ISO 8601 date or date and time, or None for anything else.

    Digits beyond the millisecond are dropped. Without an offset it is UTC, a date alone its first moment. A blank
    before an offset is a plus sign that lost its percent-encoding on the way. The years 1 to 1969 are taken for 1970,
    because clients spell "from the beginning" in many ways and no call is older.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, sign, ahead_hours, ahead_minutes = found.groups("0")
    try:
        days = date(int(year), int(month), int(day)).toordinal() - _EPOCH_DAY
        local = time(int(hour), int(minute), int(second))
        ahead = time(int(ahead_hours), int(ahead_minutes))
    except ValueError:
        return None
    ahead_min = (ahead.hour * 60 + ahead.minute) * (-1 if sign == "-" else 1)
    minutes = (days * 24 + local.hour) * 60 + local.minute - ahead_min
    at_ms = (minutes * 60 + local.second) * 1000 + int(fraction.ljust(3, "0")[:3])
    return min(max(at_ms, 0), _LAST_MS)


def render_instant(at_ms: int) -> str:
    """The wire's spelling: ISO 8601 in UTC with milliseconds, as in 2016-03-10T18:07:52.534Z."""
    return (_EPOCH + timedelta(milliseconds=at_ms)).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
