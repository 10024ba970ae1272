"""Roles, who has them, and what permissions there are."""

from callgate.model import operation
from callgate.model.permission import PERMISSIONS, Breadth, Category
from callgate.web.openapi.described import Link, Parameter, Tag, Told
from callgate.web.openapi.schema import Maybe, flag, many, part, record, text, wider, words
from callgate.web.openapi.shapes import ID_PATTERN, INSTANT, PAGES, URI, listing

_ROLE_ID = text("The role's id.", pattern=ID_PATTERN)
_PERMISSION = words("A permission.", PERMISSIONS)

PERMISSION_ID = record(
    "PermissionId",
    "A permission by its id.",
    uri=URI,
    id=_PERMISSION,
    siteCompatible=text(),
    readOnly=flag(),
    assignable=flag(),
)
_CATEGORY = {
    "uri": URI,
    "id": words("What it is about.", Category),
}
PERMISSION = wider(
    "Permission",
    PERMISSION_ID,
    displayName=text(),
    description=text("What it lets people do."),
    category=part(**_CATEGORY),
    includedPermissions=many(PERMISSION_ID, "Those that come with it."),
)
CATEGORY = record(
    "PermissionCategory", "What permissions are about.", **_CATEGORY, displayName=text(), description=text()
)
ROLE = record(
    "Role",
    "A named set of permissions.",
    uri=URI,
    id=_ROLE_ID,
    displayName=text(),
    description=Maybe(text()),
    siteCompatible=flag(),
    custom=flag("Whether it is the account's own."),
    scope=words("How wide its widest permission is.", Breadth),
    hidden=flag(),
    lastUpdated=Maybe(INSTANT),
    permissions=many(PERMISSION_ID, "Those given to it; what they include goes without saying."),
)
DEFAULT_ROLE = record("DefaultRole", "What new people get.", uri=URI, id=_ROLE_ID, displayName=text())
ASSIGNED = record(
    "AssignedRole",
    "The one role somebody has.",
    uri=URI,
    records=many(
        part(
            uri=URI,
            id=_ROLE_ID,
            displayName=text(),
            autoAssigned=flag(),
            siteCompatible=flag(),
            siteRestricted=flag(),
        ),
        least=1,
        most=1,
    ),
)
_ACTIVE = record(
    "ActivePermission",
    "A permission somebody has, and by which role.",
    permission=PERMISSION_ID,
    effectiveRole=part(uri=URI, id=_ROLE_ID),
    scopes=many(words("How wide.", Breadth)),
)
PROFILE = record("AuthzProfile", "Everything somebody's role permits.", uri=URI, permissions=many(_ACTIVE))
CHECK = record(
    "AuthzCheck",
    "Whether somebody's role permits one thing.",
    uri=URI,
    successful=flag(),
    details=Maybe(_ACTIVE),
)

_GIVEN = many(part(id=_PERMISSION), "All it allows; those left out are taken away.")
NEW_ROLE = record(
    "NewRole",
    "A role to be.",
    displayName=text("1 to 64 characters.", least=1, most=64),
    description=Maybe(text(most=256)),
    permissions=Maybe(_GIVEN),
)
CHANGED_ROLE = record(
    "ChangedRole",
    "A role as wished; what is left out stays.",
    displayName=Maybe(text("1 to 64 characters.", least=1, most=64)),
    description=Maybe(text(most=256)),
    permissions=Maybe(_GIVEN),
)
CHOSEN_ROLE = record("ChosenRole", "A role by its id.", id=_ROLE_ID)
CHOSEN_ROLES = record("ChosenRoles", "Exactly one role by its id.", records=many(part(id=_ROLE_ID), least=1, most=1))

_ANY_PERMISSION = {**text("A permission.", pattern="^[A-Za-z0-9]{1,64}$"), "examples": ["ReadCompanyCallLog"]}
ROLE_LIST = listing("RoleList", ROLE, about="A page of roles.")
_DRY = Parameter("validateOnly", flag("Only whether it could go."))

TOLD = (
    Told(
        operation.LIST_ROLES,
        "listRoles",
        Tag.ROLES,
        ROLE_LIST,
        (Parameter("custom", flag("Only the account's own, or only the predefined.")), *PAGES),
        leads=(Link("readRole", "roleId", "/records/0/id"),),
    ),
    Told(
        operation.CREATE_ROLE,
        "createRole",
        Tag.ROLES,
        ROLE,
        takes=NEW_ROLE,
        status=201,
        leads=tuple(Link(name, "roleId", "/id") for name in ("readRole", "changeRole", "deleteRole")),
    ),
    Told(operation.READ_DEFAULT_ROLE, "readDefaultRole", Tag.ROLES, DEFAULT_ROLE),
    Told(operation.CHOOSE_DEFAULT_ROLE, "chooseDefaultRole", Tag.ROLES, DEFAULT_ROLE, takes=CHOSEN_ROLE),
    Told(operation.READ_ROLE, "readRole", Tag.ROLES, ROLE),
    Told(operation.CHANGE_ROLE, "changeRole", Tag.ROLES, ROLE, takes=CHANGED_ROLE),
    Told(operation.DELETE_ROLE, "deleteRole", Tag.ROLES, None, (_DRY,)),
    Told(operation.READ_ASSIGNED_ROLE, "readAssignedRole", Tag.ROLES, ASSIGNED),
    Told(operation.ASSIGN_ROLE, "assignRole", Tag.ROLES, ASSIGNED, takes=CHOSEN_ROLES),
    Told(operation.READ_PROFILE, "readAuthzProfile", Tag.ROLES, PROFILE),
    Told(
        operation.CHECK_PERMISSION,
        "checkPermission",
        Tag.ROLES,
        CHECK,
        (Parameter("permissionId", _ANY_PERMISSION, required=True),),
    ),
    Told(
        operation.LIST_PERMISSIONS,
        "listPermissions",
        Tag.ROLES,
        listing("PermissionList", PERMISSION, about="A page of the permissions there are."),
        PAGES,
    ),
    Told(operation.READ_PERMISSION, "readPermission", Tag.ROLES, PERMISSION),
    Told(
        operation.LIST_CATEGORIES,
        "listPermissionCategories",
        Tag.ROLES,
        listing("PermissionCategoryList", CATEGORY, about="A page of what permissions are about."),
        PAGES,
    ),
    Told(operation.READ_CATEGORY, "readPermissionCategory", Tag.ROLES, CATEGORY),
    Told(operation.LIST_PREDEFINED_ROLES, "listPredefinedRoles", Tag.ROLES, ROLE_LIST, PAGES),
    Told(operation.READ_PREDEFINED_ROLE, "readPredefinedRole", Tag.ROLES, ROLE),
)
