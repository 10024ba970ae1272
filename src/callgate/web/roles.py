"""Roles, who has them, and permissions rendered (protocol.md B). Ids of roles are texts, as on the wire."""

import re

from callgate.model.account import Role
from callgate.model.ids import AccountId
from callgate.model.instant import render_instant
from callgate.model.permission import CATEGORIES, PERMISSIONS, Breadth, Category, expand
from callgate.service.dictionary import CategoriesShown, PermissionsShown
from callgate.service.roles import AssignedShown, CheckShown, RoleListShown, RoleShown
from callgate.web.links import JsonObject, Links, present, with_query
from callgate.web.paging import render_whole_list

_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")
_BREADTHS = (Breadth.ACCOUNT, Breadth.ALL_EXTENSIONS, Breadth.GROUP, Breadth.SELF)
"""From the widest: a role is as wide as its widest permission."""


def render_role_list(shown: RoleListShown, links: Links) -> JsonObject:
    """A page of roles, with totals."""
    query = shown.query
    account_id = None if shown.dictionary else query.account_id

    def address(number: int) -> str:
        chosen = [] if shown.dictionary or query.custom is None else [("custom", str(query.custom).lower())]
        pairs = [*chosen, ("page", str(number)), ("perPage", str(query.page.size))]
        return with_query(links.roles(account_id), pairs)

    records = [render_role(RoleShown(role, account_id), links) for role in shown.facts.records]
    return render_whole_list(query.page, address, records=records, total=shown.facts.total)


def render_role(shown: RoleShown, links: Links) -> JsonObject:
    """One role with the permissions given to it; those they include go without saying."""
    role = shown.role
    return present(
        uri=links.role(role.id, shown.account_id),
        id=str(role.id),
        displayName=role.name,
        description=role.description or None,
        siteCompatible=False,
        custom=role.account_id is not None,
        scope=_breadth(role).value,
        hidden=False,
        lastUpdated=render_instant(role.changed_ms) if role.changed_ms else None,
        permissions=[_render_permission_id(name, links) for name in sorted(role.permissions)],
    )


def render_default_role(shown: RoleShown, links: Links) -> JsonObject:
    """The role that new people get."""
    role = shown.role
    return {"uri": f"{links.roles(shown.account_id)}/default", "id": str(role.id), "displayName": role.name}


def render_assigned(shown: AssignedShown, links: Links) -> JsonObject:
    """The one role somebody has."""
    extension, role = shown
    return {
        "uri": f"{links.extension(extension.account_id, extension.id)}/assigned-role",
        "records": [
            {
                "uri": links.role(role.id, extension.account_id),
                "id": str(role.id),
                "displayName": role.name,
                "autoAssigned": False,
                "siteCompatible": False,
                "siteRestricted": False,
            }
        ],
    }


def render_profile(shown: AssignedShown, links: Links) -> JsonObject:
    """Everything a role permits, included permissions too."""
    extension, role = shown
    return {
        "uri": _profile(shown, links),
        "permissions": [
            _render_active(name, role, account_id=extension.account_id, links=links)
            for name in sorted(expand(role.permissions))
        ],
    }


def render_check(shown: CheckShown, links: Links) -> JsonObject:
    """Whether a role permits one thing; details only where it does."""
    assigned, permission = shown.assigned, shown.permission
    account_id = assigned.extension.account_id
    return present(
        uri=with_query(f"{_profile(assigned, links)}/check", [("permissionId", permission)]),
        successful=shown.successful,
        details=_render_active(permission, assigned.role, account_id=account_id, links=links)
        if shown.successful
        else None,
    )


def render_permission_list(shown: PermissionsShown, links: Links) -> JsonObject:
    """A page of the permissions there are, with totals."""
    records = [render_permission(name, links) for name in shown.names]

    def address(number: int) -> str:
        return with_query(links.permission(), [("page", str(number)), ("perPage", str(shown.page.size))])

    return render_whole_list(shown.page, address, records=records, total=shown.total)


def render_permission(name: str, links: Links) -> JsonObject:
    """One permission, and those that come with it."""
    permission = PERMISSIONS[name]
    return {
        **_render_permission_id(name, links),
        "displayName": _WORDS.sub(" ", name),
        "description": permission.about,
        "category": {"uri": links.category(permission.category.value), "id": permission.category.value},
        "includedPermissions": [_render_permission_id(included, links) for included in permission.included],
    }


def render_category_list(shown: CategoriesShown, links: Links) -> JsonObject:
    """A page of what permissions are about, with totals."""
    records = [render_category(category, links) for category in shown.categories]

    def address(number: int) -> str:
        return with_query(links.category(), [("page", str(number)), ("perPage", str(shown.page.size))])

    return render_whole_list(shown.page, address, records=records, total=shown.total)


def render_category(category: Category, links: Links) -> JsonObject:
    """One thing that permissions are about."""
    return {
        "uri": links.category(category.value),
        "id": category.value,
        "displayName": _WORDS.sub(" ", category.value),
        "description": CATEGORIES[category],
    }


def _profile(shown: AssignedShown, links: Links) -> str:
    return f"{links.extension(shown.extension.account_id, shown.extension.id)}/authz-profile"


def _render_permission_id(name: str, links: Links) -> JsonObject:
    return {
        "uri": links.permission(name),
        "id": name,
        "siteCompatible": "Independent",
        "readOnly": False,
        "assignable": True,
    }


def _render_active(name: str, role: Role, *, account_id: AccountId, links: Links) -> JsonObject:
    return {
        "permission": _render_permission_id(name, links),
        "effectiveRole": {"uri": links.role(role.id, account_id), "id": str(role.id)},
        "scopes": [PERMISSIONS[name].breadth.value],
    }


def _breadth(role: Role) -> Breadth:
    widths = {PERMISSIONS[name].breadth for name in expand(role.permissions)}
    return next((breadth for breadth in _BREADTHS if breadth in widths), Breadth.SELF)
