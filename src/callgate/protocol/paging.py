"""Which page of a list is asked for (protocol.md I.5, I.6)."""

import re

from callgate.model.paging import PER_PAGE_DEFAULT, PER_PAGE_MAX, Page
from callgate.protocol.query import QueryReader

# Nine digits: a billion pages of a thousand are beyond every list, and their product is still a 64-bit number.
_PAGE = re.compile(r"0*[0-9]{1,9}")
_PER_PAGE = re.compile(r"0*([0-9]+)|[Mm]ax")
_PER_PAGE_DIGITS_MAX = len(str(PER_PAGE_MAX))


def read_page(reader: QueryReader) -> Page:
    """The page a query asks for; `page` and `perPage` of 0 are refused, too large a `perPage` is answered with 1000."""
    return Page(_read_number(reader), _read_size(reader))


def _read_number(reader: QueryReader) -> int:
    asked = reader.text("page", form=_PAGE)
    if asked is None:
        return 1
    digits = asked.lstrip("0")
    if not digits:
        reader.refuse("page", "pages count from 1")
    return int(digits or "1")


def _read_size(reader: QueryReader) -> int:
    asked = reader.text("perPage", form=_PER_PAGE)
    if asked is None:
        return PER_PAGE_DEFAULT
    digits = asked.lstrip("0")
    # By length first: Python refuses to make a number of some thousands of digits.
    if asked.isalpha() or len(digits) > _PER_PAGE_DIGITS_MAX:
        return PER_PAGE_MAX
    if not digits:
        reader.refuse("perPage", "a page holds at least 1")
        return PER_PAGE_DEFAULT
    return min(int(digits), PER_PAGE_MAX)
