"""Parameters of statements: written `?`, or `?2` where one stands twice, as SQLite has them; PostgreSQL numbers all."""

import re
from functools import cache
from itertools import count
from typing import Final

_MARK: Final = re.compile(r"\?(\d*)")


@cache
def numbered(sql: str) -> str:
    """The statement as PostgreSQL reads it: `$1`, `$2`. No statement here has a question mark in a text of its own."""
    numbers = count(1)
    return _MARK.sub(lambda mark: f"${mark[1] or next(numbers)}", sql)
