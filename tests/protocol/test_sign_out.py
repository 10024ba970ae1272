"""A browser's sign-in ended."""

import pytest

from callgate.model.changes import SignInEnded
from callgate.model.decisions import Done
from callgate.protocol.sign_out import end_sign_in
from tests.factories import AGENT, AUTHORIZE_FACTS, NOW_MS, OTHER_SECRET, SECRET, SIGN_IN


@pytest.mark.parametrize("sign_in", [SIGN_IN, SIGN_IN._replace(expires_ms=NOW_MS)])
def test_sign_in_ends_when_its_cookie_is_there(sign_in: object) -> None:
    """Lived it still or not: what is over already may end once more, what lives must."""
    facts = AUTHORIZE_FACTS._replace(sign_in=sign_in)  # type: ignore[arg-type] # rows of one table
    assert end_sign_in(SECRET, facts) == Done((SignInEnded(sign_in, str(AGENT.id)),))  # type: ignore[arg-type] # likewise


def test_nothing_ends_when_the_cookie_opens_nothing() -> None:
    """Whoever knows a row's number alone signs nobody out."""
    assert end_sign_in(OTHER_SECRET, AUTHORIZE_FACTS) == Done()
    assert end_sign_in(SECRET, AUTHORIZE_FACTS._replace(sign_in=None)) == Done()
