"""Roles, who has them and permissions on the wire (protocol.md B), whole documents at a time."""

from callgate.model.account import Role
from callgate.model.ids import RoleId
from callgate.model.paging import Page
from callgate.model.permission import Category
from callgate.model.roles import RoleListFacts, RoleListQuery
from callgate.protocol.administer.roles import STANDARD, SUPER_ADMIN
from callgate.service.dictionary import CategoriesShown, PermissionsShown
from callgate.service.roles import AssignedShown, CheckShown, RoleListShown, RoleShown
from callgate.web.links import JsonObject, Links
from callgate.web.roles import (
    render_assigned,
    render_category,
    render_category_list,
    render_check,
    render_default_role,
    render_permission,
    render_permission_list,
    render_profile,
    render_role,
    render_role_list,
)
from tests.factories import ACCOUNT, AGENT

BASE = "https://gate.example"
LINKS = Links(BASE)
HERE = f"{BASE}/restapi/v1.0/account/1001"
DICTIONARY = f"{BASE}/restapi/v1.0/dictionary"
READER = Role(
    RoleId(7), ACCOUNT.id, "Reader", "To read", frozenset({"FullCompanyCallLog"}), 1, changed_ms=1_700_000_000_000
)


def permission(name: str) -> JsonObject:
    """A permission's id and address."""
    return {
        "uri": f"{DICTIONARY}/permission/{name}",
        "id": name,
        "siteCompatible": "Independent",
        "readOnly": False,
        "assignable": True,
    }


RENDERED: JsonObject = {
    "uri": f"{HERE}/user-role/7",
    "id": "7",
    "displayName": "Reader",
    "description": "To read",
    "siteCompatible": False,
    "custom": True,
    "scope": "Account",
    "hidden": False,
    "lastUpdated": "2023-11-14T22:13:20.000Z",
    "permissions": [permission("FullCompanyCallLog")],
}


def test_role_has_the_documented_fields() -> None:
    """Ids are texts; an empty role is about nobody but oneself."""
    assert render_role(RoleShown(READER, ACCOUNT.id), LINKS) == RENDERED
    bare = render_role(RoleShown(READER._replace(permissions=frozenset(), description=""), ACCOUNT.id), LINKS)
    assert bare["permissions"] == []
    assert bare["scope"] == "Self"
    assert "description" not in bare


def test_predefined_role_is_the_dictionarys_or_the_accounts() -> None:
    """The same role under either address; it was never changed."""
    shown = render_role(RoleShown(SUPER_ADMIN, None), LINKS)
    assert shown["uri"] == f"{DICTIONARY}/user-role/1"
    assert shown["custom"] is False
    assert "lastUpdated" not in shown
    assert render_role(RoleShown(SUPER_ADMIN, ACCOUNT.id), LINKS)["uri"] == f"{HERE}/user-role/1"


def test_role_list_has_totals_and_echoes_its_filter() -> None:
    """The dictionary's list has no filter to echo."""
    facts = RoleListFacts((READER,), 1)
    query = RoleListQuery(ACCOUNT.id, True, Page())
    address = {"uri": f"{HERE}/user-role?custom=true&page=1&perPage=100"}
    assert render_role_list(RoleListShown(query, facts, dictionary=False), LINKS) == {
        **address,
        "records": [RENDERED],
        "paging": {"page": 1, "totalPages": 1, "perPage": 100, "totalElements": 1, "pageStart": 0, "pageEnd": 0},
        "navigation": {"firstPage": address, "lastPage": address},
    }
    both = render_role_list(RoleListShown(query._replace(custom=None), facts, dictionary=False), LINKS)
    assert both["uri"] == f"{HERE}/user-role?page=1&perPage=100"
    predefined = RoleListShown(query._replace(custom=False), RoleListFacts((STANDARD,), 1), dictionary=True)
    assert render_role_list(predefined, LINKS)["uri"] == f"{DICTIONARY}/user-role?page=1&perPage=100"


def test_default_role_has_its_own_address() -> None:
    """Three fields."""
    assert render_default_role(RoleShown(STANDARD, ACCOUNT.id), LINKS) == {
        "uri": f"{HERE}/user-role/default",
        "id": "2",
        "displayName": "Standard",
    }


def test_assigned_role_is_a_list_of_one() -> None:
    """The wire has room for several."""
    assert render_assigned(AssignedShown(AGENT, READER), LINKS) == {
        "uri": f"{HERE}/extension/1002/assigned-role",
        "records": [
            {
                "uri": f"{HERE}/user-role/7",
                "id": "7",
                "displayName": "Reader",
                "autoAssigned": False,
                "siteCompatible": False,
                "siteRestricted": False,
            }
        ],
    }


ACTIVE: JsonObject = {
    "permission": permission("ReadCompanyCallLog"),
    "effectiveRole": {"uri": f"{HERE}/user-role/7", "id": "7"},
    "scopes": ["Account"],
}


def test_profile_tells_what_is_included_too() -> None:
    """What works, not what was written down."""
    shown = render_profile(AssignedShown(AGENT, READER), LINKS)
    assert shown["uri"] == f"{HERE}/extension/1002/authz-profile"
    assert shown["permissions"] == [{**ACTIVE, "permission": permission("FullCompanyCallLog")}, ACTIVE]


def test_check_has_details_where_it_succeeds() -> None:
    """And none where it does not, whether or not there is such a permission."""
    assigned = AssignedShown(AGENT, READER)
    uri = f"{HERE}/extension/1002/authz-profile/check?permissionId="
    yes = CheckShown(assigned, "ReadCompanyCallLog", successful=True)
    assert render_check(yes, LINKS) == {"uri": f"{uri}ReadCompanyCallLog", "successful": True, "details": ACTIVE}
    for name in ("Roles", "Fly"):
        no = CheckShown(assigned, name, successful=False)
        assert render_check(no, LINKS) == {"uri": f"{uri}{name}", "successful": False}


def test_permission_tells_its_category_and_what_comes_with_it() -> None:
    """The names people read are the ids, spaced."""
    rendered = render_permission("FullCompanyCallLog", LINKS)
    assert rendered == {
        **permission("FullCompanyCallLog"),
        "displayName": "Full Company Call Log",
        "description": "Read, download and delete the call log of the whole company",
        "category": {"uri": f"{DICTIONARY}/permission-category/CallLog", "id": "CallLog"},
        "includedPermissions": [permission("ReadCompanyCallLog")],
    }
    listed = render_permission_list(PermissionsShown(Page(2, 1), ("FullCompanyCallLog",), 3), LINKS)
    assert listed["uri"] == f"{DICTIONARY}/permission?page=2&perPage=1"
    assert listed["records"] == [rendered]


def test_category_has_four_fields() -> None:
    """And lists of them totals."""
    rendered = render_category(Category.CALL_LOG, LINKS)
    assert rendered == {
        "uri": f"{DICTIONARY}/permission-category/CallLog",
        "id": "CallLog",
        "displayName": "Call Log",
        "description": "Calls and their recordings",
    }
    listed = render_category_list(CategoriesShown(Page(), (Category.CALL_LOG,), 1), LINKS)
    assert listed["records"] == [rendered]
    assert listed["uri"] == f"{DICTIONARY}/permission-category?page=1&perPage=100"
