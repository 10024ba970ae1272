import pytest
from hypothesis import given
from hypothesis import strategies as st

from callgate.model.scope import IDENTITY_SCOPES, SCOPES, covers
from callgate.protocol.scopes import is_within, narrow_scope
from tests.factories import SCRIPT, WEB
from tests.protocol.hostile import texts

EDITOR = WEB._replace(scopes=("EditAccounts", "ReadCallLog"))


@pytest.mark.requirement("ruling 9")
@pytest.mark.requirement("RFC 6749 section 3.3")
@pytest.mark.parametrize(
    ("requested", "scope"),
    [
        (None, ("EditAccounts", "ReadCallLog")),
        ("", ("EditAccounts", "ReadCallLog")),
        ("  ", ("EditAccounts", "ReadCallLog")),
        ("ReadCallLog", ("ReadCallLog",)),
        ("ReadCallLog ReadCallLog", ("ReadCallLog",)),
        ("ReadCallLog EditAccounts", ("ReadCallLog", "EditAccounts")),
        ("ReadCallLog Nothing", ("ReadCallLog",)),
        ("ReadAccounts", ("ReadAccounts",)),  # included in EditAccounts
        ("EditExtensions", ("EditExtensions",)),
        ("Accounts", ()),  # includes EditAccounts, not the other way round
        ("SMS", ()),
        ("Nothing", ()),
        ("readcalllog", ()),
        ("openid", ("openid",)),
        ("openid ReadCallLog email profile", ("openid", "ReadCallLog", "email", "profile")),
    ],
)
def test_scope_is_the_apps_narrowed_when_some_is_requested(requested: str | None, scope: tuple[str, ...]) -> None:
    """Ruling 9: all by default; a subset narrows, inclusion counts, unknown names are ignored."""
    assert narrow_scope(EDITOR, requested) == scope


@pytest.mark.requirement("ruling 9")
def test_identity_is_refused_when_the_app_has_no_code_grant() -> None:
    """Ruling 9: openid, email and profile may be asked for by any code app, and no other."""
    assert narrow_scope(SCRIPT, "openid ReadAccounts") == ("ReadAccounts",)


@pytest.mark.requirement("RFC 6749 section 6")
@pytest.mark.parametrize(
    ("requested", "verdict"),
    [
        (None, True),
        ("", True),
        (" ", True),
        ("EditAccounts", True),
        ("ReadAccounts", True),  # included
        ("EditAccounts ReadCallLog", True),
        ("EditAccounts Nothing", True),  # as ignored when the session opened
        ("Nothing", False),
        ("Accounts", False),
        ("ReadCallLog SMS", False),
        ("EditAccounts openid", False),
    ],
)
def test_refresh_stays_within_when_it_names_nothing_more(requested: str | None, *, verdict: bool) -> None:
    """RFC 6749 section 6: no scope not originally granted."""
    assert is_within("EditAccounts ReadCallLog", requested) is verdict


@given(st.lists(st.sampled_from(sorted(SCOPES | IDENTITY_SCOPES)), max_size=6).map(" ".join) | texts)
def test_scope_never_widens_whatever_is_requested(requested: str) -> None:
    """Every name granted is the app's, directly or by inclusion, or an identity's; and the grant can be refreshed."""
    scope = narrow_scope(EDITOR, requested)
    assert all(covers(EDITOR.scopes, name) or name in IDENTITY_SCOPES for name in scope)
    assert not scope or is_within(" ".join(scope), " ".join(scope))
