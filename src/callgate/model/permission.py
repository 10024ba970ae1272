"""Permissions a role may carry: what each lets a person do, about whom, and which others it brings (protocol.md B)."""

from enum import Enum
from typing import NamedTuple


class Breadth(Enum):
    """About whom a permission is, as roles and authorization profiles tell it (protocol.md B)."""

    ACCOUNT = "Account"
    ALL_EXTENSIONS = "AllExtensions"
    GROUP = "Group"
    SELF = "Self"


class Category(Enum):
    """What a permission is about; its value is the category's id on the wire."""

    CALL_LOG = "CallLog"
    USERS = "Users"
    COMPANY = "Company"
    ROLES = "Roles"
    APPS = "Apps"


CATEGORIES: dict[Category, str] = {
    Category.CALL_LOG: "Calls and their recordings",
    Category.USERS: "Extensions, people and call queues",
    Category.COMPANY: "The company's own data",
    Category.ROLES: "Roles, and who has them",
    Category.APPS: "Apps of other organisations",
}
"""Category to what is in it."""


class Permission(NamedTuple):
    """`about` completes "lets people"; `included` permissions come with it, and those they include."""

    about: str
    category: Category
    breadth: Breadth
    included: tuple[str, ...] = ()


PERMISSIONS: dict[str, Permission] = {
    "ReadCompanyCallLog": Permission("Read the call log of the whole company", Category.CALL_LOG, Breadth.ACCOUNT),
    "FullCompanyCallLog": Permission(
        "Read, download and delete the call log of the whole company",
        Category.CALL_LOG,
        Breadth.ACCOUNT,
        ("ReadCompanyCallLog",),
    ),
    # Ours, and included in no other: whoever reads or deletes calls need not be able to make some up.
    "WriteCompanyCallLog": Permission("Add calls to the company's call log", Category.CALL_LOG, Breadth.ACCOUNT),
    "ReadCallLog": Permission("Read one's own call log", Category.CALL_LOG, Breadth.SELF),
    "EditCallLog": Permission("Delete from one's own call log", Category.CALL_LOG, Breadth.SELF, ("ReadCallLog",)),
    "ReadCallRecording": Permission("Listen to one's own call recordings", Category.CALL_LOG, Breadth.SELF),
    "ReadExtensions": Permission(
        "See the extensions and call queues of the company", Category.USERS, Breadth.ALL_EXTENSIONS
    ),
    "EditExtensions": Permission(
        "Create and change extensions", Category.USERS, Breadth.ALL_EXTENSIONS, ("ReadExtensions",)
    ),
    "EditCallQueuePresence": Permission(
        "Choose the call queues whose calls one takes oneself", Category.USERS, Breadth.SELF
    ),
    "Groups": Permission("Manage call queues and their members", Category.USERS, Breadth.GROUP),
    "ReadCompanyInfo": Permission("See the company's own data", Category.COMPANY, Breadth.ACCOUNT),
    "EditCompanyInfo": Permission(
        "Change the company's own data", Category.COMPANY, Breadth.ACCOUNT, ("ReadCompanyInfo",)
    ),
    "ReadUserRoles": Permission("See the roles of the company", Category.ROLES, Breadth.ACCOUNT),
    "EditUserRoles": Permission(
        "Create, change and delete roles of the company", Category.ROLES, Breadth.ACCOUNT, ("ReadUserRoles",)
    ),
    "ReadAssignedRoles": Permission("See which role somebody has", Category.ROLES, Breadth.ALL_EXTENSIONS),
    "EditAssignedRoles": Permission(
        "Give people another role", Category.ROLES, Breadth.ALL_EXTENSIONS, ("ReadAssignedRoles",)
    ),
    "Roles": Permission(
        "Manage roles, who has them, and which one new people get",
        Category.ROLES,
        Breadth.ACCOUNT,
        ("EditUserRoles", "EditAssignedRoles"),
    ),
    "ThirdPartyAppAccess": Permission("Use apps of other organisations", Category.APPS, Breadth.SELF),
}
"""By name, which is the wire's own."""

COMPANY_CALL_LOG = ("ReadCompanyCallLog", "FullCompanyCallLog")
"""Either is enough for the company's call log (protocol.md M, row 10)."""


def _reach(name: str) -> frozenset[str]:
    reached = {name}
    for included in PERMISSIONS[name].included:
        reached |= _reach(included)
    return frozenset(reached)


_REACH = {name: _reach(name) for name in PERMISSIONS}


def expand(permissions: frozenset[str]) -> frozenset[str]:
    """These and every permission they include. Names that are none are left out."""
    reached: frozenset[str] = frozenset()
    return reached.union(*(_REACH.get(name, ()) for name in permissions))


def holds(permissions: frozenset[str], needed: tuple[str, ...]) -> bool:
    """Whether any one of the needed permissions is there, by itself or included."""
    return not permissions.isdisjoint(needed) or not expand(permissions).isdisjoint(needed)
