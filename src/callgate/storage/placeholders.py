"""What the engines read differently in a statement that is written once.

Parameters are written `?`, or `?2` where one stands twice, as SQLite has them; PostgreSQL numbers all. What PostgreSQL
alone shall read stands in `/*! … */`, a comment to SQLite: there nobody writes beside us, so nobody locks rows.
"""

import re
from functools import cache
from itertools import count
from typing import Final

_MARK: Final = re.compile(r"\?(\d*)")
_ALONE: Final = re.compile(r"/\*!(.*?)\*/")

UNLOCKED: Final = "/*! FOR UPDATE SKIP LOCKED */"
"""Of rows that anybody may delete, those that nobody else is deleting: two who wait for each other lose a second."""


@cache
def numbered(sql: str) -> str:
    """The statement as PostgreSQL reads it: `$1`, `$2`. No statement here has a question mark in a text of its own."""
    numbers = count(1)
    return _MARK.sub(lambda mark: f"${mark[1] or next(numbers)}", _ALONE.sub(r"\1", sql))
