"""Permissions: what comes with which."""

import pytest

from callgate.model.permission import CATEGORIES, PERMISSIONS, Category, expand, holds


def test_every_permission_says_what_it_is_about() -> None:
    """A category each, and what it includes is there."""
    assert CATEGORIES.keys() == set(Category) == {permission.category for permission in PERMISSIONS.values()}
    for permission in PERMISSIONS.values():
        assert set(permission.included) <= PERMISSIONS.keys()
        assert permission.about[0].isupper()


def test_permissions_bring_what_they_include() -> None:
    """However many steps away; a name that is none brings nothing."""
    assert expand(frozenset({"Roles"})) == {
        "Roles",
        "EditUserRoles",
        "ReadUserRoles",
        "EditAssignedRoles",
        "ReadAssignedRoles",
    }
    assert expand(frozenset({"Fly"})) == expand(frozenset()) == frozenset()


@pytest.mark.parametrize(
    ("has", "needed", "expected"),
    [
        ({"ReadCallLog"}, ("ReadCallLog",), True),
        ({"ReadCallLog"}, ("ReadCompanyCallLog", "ReadCallLog"), True),
        ({"FullCompanyCallLog"}, ("ReadCompanyCallLog",), True),
        ({"ReadCompanyCallLog"}, ("FullCompanyCallLog",), False),
        ({"Fly"}, ("Fly",), True),
        (set(), ("ReadCallLog",), False),
    ],
)
def test_any_one_of_the_needed_is_enough(has: set[str], needed: tuple[str, ...], expected: bool) -> None:
    """By itself or included in another."""
    assert holds(frozenset(has), needed) is expected
