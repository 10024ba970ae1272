"""Pages of a list rendered: what part of the list this is, and the way to the others (protocol.md I.5, I.6)."""

from collections.abc import Callable, Sequence

from callgate.model.paging import Page
from callgate.web.links import JsonObject, present


def render_paging(page: Page, *, elements: int, total: int | None = None) -> JsonObject:
    """`paging`: indexes count from 0, both ends included, and an empty page has none. Totals where they are known."""
    return present(
        page=page.number,
        totalPages=None if total is None else count_pages(page, total),
        perPage=page.size,
        totalElements=total,
        pageStart=page.start if elements else None,
        pageEnd=page.start + elements - 1 if elements else None,
    )


def render_navigation(page: Page, address: Callable[[int], str], *, more: bool, last: int | None = None) -> JsonObject:
    """`navigation`: the addresses of other pages, those that exist.

    Args:
        page: The page shown.
        address: Gives the address of a page by its number.
        more: Whether a page follows.
        last: The number of the last page, in lists that tell.
    """
    return present(
        firstPage={"uri": address(1)},
        nextPage={"uri": address(page.number + 1)} if more else None,
        previousPage={"uri": address(page.number - 1)} if page.number > 1 else None,
        lastPage=None if last is None else {"uri": address(last)},
    )


def render_whole_list(
    page: Page, address: Callable[[int], str], *, records: Sequence[JsonObject], total: int
) -> JsonObject:
    """A page of a list that says how long it is: address, records, totals and every way on (protocol.md I.6).

    Args:
        page: The page shown.
        address: Gives the address of a page by its number.
        records: What the page holds.
        total: How many elements all pages hold.
    """
    last = max(count_pages(page, total), 1)
    return {
        "uri": address(page.number),
        "records": records,
        "paging": render_paging(page, elements=len(records), total=total),
        "navigation": render_navigation(page, address, more=page.number < last, last=last),
    }


def count_pages(page: Page, total: int) -> int:
    """How many pages of this size hold so many elements."""
    return -(-total // page.size)
