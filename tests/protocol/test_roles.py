"""Roles by the resource API: what is asked, and that nobody gives or takes more than they have."""

import pytest

from callgate.model import api_faults
from callgate.model.account import Role
from callgate.model.acts import RoleActFacts
from callgate.model.changes import ExtensionChanged, RoleChanged, RoleCreated
from callgate.model.decisions import Denied, Done
from callgate.model.faults import Fault
from callgate.model.ids import ExtensionId, RoleId
from callgate.model.paging import Page
from callgate.model.permission import Category
from callgate.model.roles import AssignFacts, DefaultRoleChanged, RoleDeleted, RoleListQuery
from callgate.protocol import roles
from callgate.protocol.administer.roles import STANDARD, SUPER_ADMIN, USER_ADMIN
from callgate.protocol.query import Query
from callgate.protocol.resources import Subject
from callgate.protocol.roles import RoleWish
from tests.factories import ACCOUNT, AGENT, NOW_MS, OTHER_ACCOUNT, ROLE, plain

BY = "1001"
COMPANY = Subject(ACCOUNT.id, None)
FACTS = RoleActFacts(NOW_MS, ACCOUNT, ROLE, name_taken=False, giver=SUPER_ADMIN)
READER = ROLE._replace(id=RoleId(8), name="Reader", permissions=frozenset({"ReadCompanyCallLog"}))
OTHERS = ROLE._replace(account_id=OTHER_ACCOUNT.id)


def denied(fault: Fault, **values: str) -> Denied:
    """A refusal, whatever its reason says to its audience."""
    return Denied(fault=fault, values=tuple(values.items()))


def told(outcome: object) -> object:
    """An outcome as the caller sees it."""
    return Denied(fault=outcome.fault, values=outcome.values) if isinstance(outcome, Denied) else outcome


NO_ROLE = denied(api_faults.RESOURCE_UNKNOWN, parameterName="roleId")


# --- asked -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ([], RoleListQuery(ACCOUNT.id, None, Page())),
        ([("custom", "true"), ("page", "2"), ("perPage", "5")], RoleListQuery(ACCOUNT.id, True, Page(2, 5))),
        ([("custom", "false")], RoleListQuery(ACCOUNT.id, False, Page())),
        ([("custom", "maybe")], denied(api_faults.PARAMETER_INVALID, parameterName="custom")),
        ([("page", "0")], denied(api_faults.PARAMETER_INVALID, parameterName="page")),
    ],
)
def test_roles_are_asked_for_by_origin_and_page(query: Query, expected: object) -> None:
    """`custom` leaves the account's own or the predefined ones."""
    assert plain(roles.parse_role_list(query, account_id=ACCOUNT.id)) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, RoleWish(None, None, None)),
        (
            {"displayName": "x", "description": "", "permissions": [{"id": "ReadCallLog", "uri": "u"}], "custom": True},
            RoleWish("x", "", frozenset({"ReadCallLog"})),
        ),
        ({"permissions": []}, RoleWish(None, None, frozenset())),
        ({"permissions": [{}]}, RoleWish(None, None, frozenset({""}))),
        ({"displayName": 1}, denied(api_faults.PARAMETER_INVALID, parameterName="displayName")),
        ({"permissions": ["x"]}, denied(api_faults.PARAMETER_INVALID, parameterName="permissions")),
        ({"permissions": [{"id": 1}]}, denied(api_faults.PARAMETER_INVALID, parameterName="permissions[0].id")),
    ],
)
def test_role_is_wished_for_in_the_wires_words(body: dict[str, object], expected: object) -> None:
    """What the wire says beside that (uri, scope, custom …) is not looked at."""
    assert plain(roles.parse_role(body)) == expected


def test_new_role_needs_a_name() -> None:
    """It has none to keep."""
    assert roles.parse_new_role({}) == denied(api_faults.PARAMETER_REQUIRED, parameterName="displayName")
    assert roles.parse_new_role({"displayName": "x"}) == RoleWish("x", None, None)


def test_one_role_is_named_by_its_id() -> None:
    """As a text or a number."""
    assert roles.parse_role_id({"id": "7"}) == roles.parse_role_id({"id": 7}) == RoleId(7)
    assert roles.parse_role_id({}) == denied(api_faults.PARAMETER_REQUIRED, parameterName="id")
    assert plain(roles.parse_role_id({"id": "x"})) == denied(api_faults.PARAMETER_INVALID, parameterName="id")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"records": [{"id": "7", "displayName": "x"}]}, RoleId(7)),
        ({"records": [{}]}, denied(api_faults.PARAMETER_REQUIRED, parameterName="records[0].id")),
        ({"records": []}, denied(api_faults.PARAMETER_INVALID, parameterName="records")),
        ({"records": [{"id": 7}, {"id": 8}]}, denied(api_faults.PARAMETER_INVALID, parameterName="records")),
        ({"records": "7"}, denied(api_faults.PARAMETER_INVALID, parameterName="records")),
        ({}, denied(api_faults.PARAMETER_INVALID, parameterName="records")),
    ],
)
def test_somebody_gets_exactly_one_role(body: dict[str, object], expected: object) -> None:
    """The wire has a list, people here have one."""
    assert plain(roles.parse_assigned_role(body)) == expected


def test_deletion_may_be_tried_only() -> None:
    """`validateOnly`."""
    assert roles.parse_validate_only([("validateOnly", "true")]) is True
    assert roles.parse_validate_only([]) is False
    assert plain(roles.parse_validate_only([("validateOnly", "x")])) == denied(
        api_faults.PARAMETER_INVALID, parameterName="validateOnly"
    )


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ([("permissionId", "ReadCallLog")], "ReadCallLog"),
        ([("permissionId", "Fly")], "Fly"),
        ([("permissionId", "a b")], denied(api_faults.PARAMETER_INVALID, parameterName="permissionId")),
        ([], denied(api_faults.PARAMETER_REQUIRED, parameterName="permissionId")),
    ],
)
def test_check_is_about_one_permission(query: Query, expected: object) -> None:
    """One that nobody can have is answered: no."""
    assert plain(roles.parse_permission(query)) == expected


def test_dictionary_is_looked_up_by_id() -> None:
    """CMN-102 names the part of the path."""
    assert roles.find_permission("ReadCallLog") == "ReadCallLog"
    assert roles.find_category("CallLog") is Category.CALL_LOG
    for word in (None, "", "Fly", "readcalllog"):
        assert told(roles.find_permission(word)) == denied(api_faults.RESOURCE_UNKNOWN, parameterName="permissionId")
        assert told(roles.find_category(word)) == denied(
            api_faults.RESOURCE_UNKNOWN, parameterName="permissionCategoryId"
        )


# --- changed -----------------------------------------------------------------------------------------------------


def exceeds(permission: str) -> Denied:
    """Whose permission it is not."""
    return denied(api_faults.ROLE_EXCEEDS_GIVER, permissionName=permission)


def test_role_is_created_in_the_callers_name() -> None:
    """Audited so."""
    created = roles.create_role(READER, facts=FACTS._replace(role=None), by=BY)
    assert created == Done((RoleCreated(READER._replace(changed_ms=NOW_MS), BY),))


@pytest.mark.parametrize("giver", [None, STANDARD, USER_ADMIN])
def test_role_is_not_created_when_its_giver_has_less(giver: Role | None) -> None:
    """Whoever may make roles must not make themselves an administrator with one."""
    wide = READER._replace(permissions=frozenset({"FullCompanyCallLog"}))
    facts = FACTS._replace(role=None, giver=giver)
    assert told(roles.create_role(wide, facts=facts, by=BY)) == exceeds("FullCompanyCallLog")


def test_included_permissions_are_given_with_the_one_that_includes_them() -> None:
    """FullCompanyCallLog brings ReadCompanyCallLog: its giver may give either."""
    full = FACTS._replace(role=None, giver=ROLE._replace(permissions=frozenset({"FullCompanyCallLog"})))
    assert isinstance(roles.create_role(READER, facts=full, by=BY), Done)


def test_role_is_changed_where_it_is_wished() -> None:
    """The rest stays."""
    after = ROLE._replace(name="New", version=2, changed_ms=NOW_MS)
    changed = roles.change_role(RoleWish("New", None, None), subject=COMPANY, facts=FACTS, by=BY)
    assert changed == Done((RoleChanged(ROLE, after, BY),))
    wish = RoleWish(None, "why", frozenset({"ReadCallLog"}))
    after = ROLE._replace(description="why", permissions=frozenset({"ReadCallLog"}), version=2, changed_ms=NOW_MS)
    assert roles.change_role(wish, subject=COMPANY, facts=FACTS, by=BY) == Done((RoleChanged(ROLE, after, BY),))


@pytest.mark.parametrize(
    ("facts", "wish", "expected"),
    [
        (FACTS._replace(role=None), RoleWish("x", None, None), NO_ROLE),
        (FACTS._replace(role=OTHERS), RoleWish("x", None, None), NO_ROLE),
        (FACTS._replace(giver=READER), RoleWish("x", None, frozenset()), exceeds("ReadCallLog")),
        (FACTS._replace(giver=ROLE), RoleWish(None, None, frozenset({"Roles"})), exceeds("EditAssignedRoles")),
        (
            FACTS._replace(role=STANDARD),
            RoleWish("x", None, None),
            denied(
                api_faults.ACT_REFUSED,
                problem="Standard is predefined: make a role of the account's own instead",
            ),
        ),
    ],
)
def test_role_is_not_changed_when_it_is_not_the_callers_to_change(
    facts: RoleActFacts, wish: RoleWish, expected: Denied
) -> None:
    """Neither what it allowed nor what it is to allow may exceed what its giver may."""
    assert told(roles.change_role(wish, subject=COMPANY, facts=facts, by=BY)) == expected


def test_role_is_not_changed_when_a_permission_is_none() -> None:
    """The message says where those there are stand, whole within what an envelope tells."""
    outcome = roles.change_role(RoleWish(None, None, frozenset({"Fly"})), subject=COMPANY, facts=FACTS, by=BY)
    assert isinstance(outcome, Denied)
    assert outcome.fault is api_faults.ACT_REFUSED
    assert outcome.values[0][1].startswith("there is no permission Fly; dictionary/permission")


def test_role_is_deleted_or_the_deletion_tried() -> None:
    """Trying writes nothing, and refuses what would be refused."""

    def delete(facts: RoleActFacts, *, validate_only: bool = False) -> object:
        return told(roles.delete_role(subject=COMPANY, facts=facts, by=BY, validate_only=validate_only))

    assert delete(FACTS) == Done((RoleDeleted(ROLE, BY),))
    assert delete(FACTS, validate_only=True) == Done()
    problem = "somebody has the role Agent: give them another one first"
    used = FACTS._replace(in_use=True)
    assert delete(used) == delete(used, validate_only=True) == denied(api_faults.ACT_REFUSED, problem=problem)
    assert delete(FACTS._replace(giver=READER)) == exceeds("ReadCallLog")
    assert delete(FACTS._replace(role=OTHERS)) == delete(FACTS._replace(role=None)) == NO_ROLE


def test_default_role_is_chosen_by_who_has_as_much() -> None:
    """Else whoever makes a person makes an administrator."""

    def choose(facts: RoleActFacts) -> object:
        return told(roles.choose_default(subject=COMPANY, facts=facts, by=BY))

    assert choose(FACTS) == Done((DefaultRoleChanged(ACCOUNT.id, None, ROLE.id, BY),))
    assert choose(FACTS._replace(role=SUPER_ADMIN, giver=USER_ADMIN)) == exceeds("EditCallQueuePresence")
    assert choose(FACTS._replace(role=OTHERS)) == NO_ROLE


ASSIGN = AssignFacts(NOW_MS, AGENT, ROLE, READER, SUPER_ADMIN)
MAIN = AGENT._replace(id=ExtensionId(ACCOUNT.id))


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (ASSIGN, Done((ExtensionChanged(AGENT, AGENT._replace(role_id=READER.id, version=2), BY),))),
        (ASSIGN._replace(after=ROLE), Done()),
        (
            ASSIGN._replace(extension=None, before=None),
            denied(api_faults.RESOURCE_UNKNOWN, parameterName="extensionId"),
        ),
        (ASSIGN._replace(after=None), NO_ROLE),
        (ASSIGN._replace(after=OTHERS), NO_ROLE),
        (ASSIGN._replace(after=SUPER_ADMIN, giver=USER_ADMIN), exceeds("EditCallQueuePresence")),
        (ASSIGN._replace(before=SUPER_ADMIN, after=ROLE, giver=USER_ADMIN), exceeds("EditCallQueuePresence")),
        (ASSIGN._replace(giver=None), exceeds("ReadCallLog")),
        (
            ASSIGN._replace(extension=MAIN, before=SUPER_ADMIN),
            denied(api_faults.ACT_REFUSED, problem="the main administrator keeps the role they have"),
        ),
        (ASSIGN._replace(extension=MAIN, before=SUPER_ADMIN, after=SUPER_ADMIN), Done()),
    ],
)
def test_role_is_assigned_by_who_has_as_much(facts: AssignFacts, expected: object) -> None:
    """What somebody had and what they get: a lesser administrator neither makes nor unmakes a greater one."""
    assert told(roles.assign_role(subject=COMPANY, facts=facts, by=BY)) == expected
