"""The dictionary: what is the same for every account, whoever asks."""

# ruff: noqa: ARG001 - every answer is called alike, with the context and with what is asked

from typing import NamedTuple

from callgate.model import operation
from callgate.model.decisions import Admitted, Denied
from callgate.model.ids import RoleId
from callgate.model.operation import Operation
from callgate.model.paging import Page
from callgate.model.permission import PERMISSIONS, Category
from callgate.model.roles import RoleListLookup, RoleLookup
from callgate.protocol.paging import read_page
from callgate.protocol.query import QueryReader, parse_query
from callgate.protocol.resources import find_id, judge
from callgate.protocol.roles import find_category, find_permission, no_such_role, parse_role_list
from callgate.service.context import Context
from callgate.service.resources import Asked
from callgate.service.roles import RoleListShown, RoleShown


class PermissionsShown(NamedTuple):
    """A page of permissions by their ids, and how many there are on all pages."""

    page: Page
    names: tuple[str, ...]
    total: int


class CategoriesShown(NamedTuple):
    """A page of categories, and how many there are on all pages."""

    page: Page
    categories: tuple[Category, ...]
    total: int


async def list_permissions(context: Context, admitted: Admitted, asked: Asked) -> PermissionsShown | Denied:
    """`GET dictionary/permission`."""
    page = _page(admitted, operation.LIST_PERMISSIONS, asked=asked)
    if isinstance(page, Denied):
        return page
    names = tuple(sorted(PERMISSIONS))
    return PermissionsShown(page, names[page.start : page.start + page.size], len(names))


async def read_permission(context: Context, admitted: Admitted, asked: Asked) -> str | Denied:
    """`GET dictionary/permission/{permissionId}`."""
    subject = judge(admitted, operation.READ_PERMISSION)
    return subject if isinstance(subject, Denied) else find_permission(asked.item)


async def list_categories(context: Context, admitted: Admitted, asked: Asked) -> CategoriesShown | Denied:
    """`GET dictionary/permission-category`."""
    page = _page(admitted, operation.LIST_CATEGORIES, asked=asked)
    if isinstance(page, Denied):
        return page
    categories = tuple(Category)
    return CategoriesShown(page, categories[page.start : page.start + page.size], len(categories))


async def read_category(context: Context, admitted: Admitted, asked: Asked) -> Category | Denied:
    """`GET dictionary/permission-category/{permissionCategoryId}`."""
    subject = judge(admitted, operation.READ_CATEGORY)
    return subject if isinstance(subject, Denied) else find_category(asked.item)


async def list_predefined_roles(context: Context, admitted: Admitted, asked: Asked) -> RoleListShown | Denied:
    """`GET dictionary/user-role`. Raises Unavailable."""
    subject = judge(admitted, operation.LIST_PREDEFINED_ROLES)
    if isinstance(subject, Denied):
        return subject
    pairs = parse_query(asked.query)
    if isinstance(pairs, Denied):
        return pairs
    query = parse_role_list(pairs, account_id=subject.account_id)
    if isinstance(query, Denied):
        return query
    predefined = query._replace(custom=False)
    return RoleListShown(predefined, await context.store.read(RoleListLookup(predefined)), dictionary=True)


async def read_predefined_role(context: Context, admitted: Admitted, asked: Asked) -> RoleShown | Denied:
    """`GET dictionary/user-role/{roleId}`. Raises Unavailable."""
    subject = judge(admitted, operation.READ_PREDEFINED_ROLE)
    if isinstance(subject, Denied):
        return subject
    lookup = RoleLookup(subject.account_id, RoleId(find_id(asked.item) or 0))
    role = (await context.store.read(lookup)).role
    return RoleShown(role, None) if role and role.account_id is None else no_such_role()


def _page(admitted: Admitted, wanted: Operation, *, asked: Asked) -> Page | Denied:
    subject = judge(admitted, wanted)
    if isinstance(subject, Denied):
        return subject
    pairs = parse_query(asked.query)
    if isinstance(pairs, Denied):
        return pairs
    reader = QueryReader(pairs)
    page = read_page(reader)
    return reader.refused or page
