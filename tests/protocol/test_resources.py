"""Who may do what on the resource API: scope, account, permission, extension, in this order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callgate.model import api_faults, operation
from callgate.model.account import ExtensionStatus, ExtensionType
from callgate.model.decisions import Denied
from callgate.model.directory import ExtensionListQuery
from callgate.model.faults import Fault
from callgate.model.operation import Operation
from callgate.model.paging import Page
from callgate.model.permission import PERMISSIONS
from callgate.protocol.query import Query
from callgate.protocol.resources import Subject, judge, no_such_call, parse_extension_list
from tests.factories import plain
from tests.protocol.bearers import ACCOUNT, ADMIN, AGENT, admit

COMPANY = Subject(ACCOUNT, None)
NOBODY: frozenset[str] = frozenset()

OPERATIONS = [value for value in vars(operation).values() if isinstance(value, Operation)]
"""Every row of the table, whether or not a test below names it."""


def refusal(fault: Fault, name: str, value: str) -> tuple[Fault, tuple[tuple[str, str], ...]]:
    """What a caller sees of a denial."""
    return fault, ((name, value),)


def lacks_scope(name: str) -> tuple[Fault, tuple[tuple[str, str], ...]]:
    """CMN-401."""
    return refusal(api_faults.SCOPE_MISSING, "permissionName", name)


def lacks_permission(name: str) -> tuple[Fault, tuple[tuple[str, str], ...]]:
    """CMN-408."""
    return refusal(api_faults.PERMISSION_MISSING, "permissionName", name)


def not_found(name: str) -> tuple[Fault, tuple[tuple[str, str], ...]]:
    """CMN-102."""
    return refusal(api_faults.RESOURCE_UNKNOWN, "parameterName", name)


def seen(verdict: Subject | Denied) -> Subject | tuple[Fault, tuple[tuple[str, str], ...]]:
    """A verdict without what only its audience reads."""
    return (verdict.fault, verdict.values) if isinstance(verdict, Denied) else verdict


def in_path(asked: Operation) -> str | None:
    """The extension of the path where it has one."""
    return "~" if "{extensionId}" in asked.path else None


@pytest.mark.parametrize("account", ["~", str(ACCOUNT)])
def test_account_is_shown_when_the_app_may_read_accounts(account: str) -> None:
    """Ruling 8: reading one's own account needs no permission, only the scope."""
    assert judge(admit(permissions=NOBODY), operation.READ_ACCOUNT, account=account) == COMPANY


@pytest.mark.parametrize("extension", ["~", str(AGENT)])
def test_extension_is_shown_when_it_is_ones_own(extension: str) -> None:
    """Ruling 8: reading oneself needs no permission, only the scope."""
    verdict = judge(admit(permissions=NOBODY), operation.READ_EXTENSION, account="~", extension=extension)
    assert verdict == Subject(ACCOUNT, AGENT)


OTHERS = [
    (operation.READ_EXTENSION, str(ADMIN), "ReadExtensions", Subject(ACCOUNT, ADMIN)),
    (operation.LIST_EXTENSIONS, None, "ReadExtensions", COMPANY),
    (operation.READ_COMPANY_CALLS, None, "ReadCompanyCallLog", COMPANY),
    (operation.READ_COMPANY_CALL, None, "ReadCompanyCallLog", COMPANY),
    (operation.READ_EXTENSION_CALLS, "~", "ReadCallLog", Subject(ACCOUNT, AGENT)),
    (operation.READ_EXTENSION_CALLS, str(AGENT), "ReadCallLog", Subject(ACCOUNT, AGENT)),
    (operation.READ_EXTENSION_CALLS, str(ADMIN), "ReadCompanyCallLog", Subject(ACCOUNT, ADMIN)),
    (operation.READ_EXTENSION_CALL, "~", "ReadCallLog", Subject(ACCOUNT, AGENT)),
    (operation.READ_EXTENSION_CALL, str(ADMIN), "ReadCompanyCallLog", Subject(ACCOUNT, ADMIN)),
]


@pytest.mark.parametrize(("asked", "extension", "permission", "subject"), OTHERS)
def test_operation_needs_its_permission(
    asked: Operation, extension: str | None, permission: str, subject: Subject
) -> None:
    """protocol.md B: with exactly this permission it is done, with every other one it is not, and the 403 names it."""
    everything = frozenset(
        {"ReadCallLog", "ReadExtensions", "ReadCompanyInfo", "EditCompanyInfo", "Roles", "ThirdPartyAppAccess"}
    )
    granted = judge(admit(permissions=frozenset({permission})), asked, account="~", extension=extension)
    denied = judge(admit(permissions=everything - {permission}), asked, account="~", extension=extension)
    assert seen(granted) == subject
    assert seen(denied) == lacks_permission(permission)


@pytest.mark.parametrize("permission", ["ReadCompanyCallLog", "FullCompanyCallLog"])
def test_company_log_is_read_when_either_permission_is_there(permission: str) -> None:
    """protocol.md M, row 10: check either; print ReadCompanyCallLog."""
    bearer = admit(permissions=frozenset({permission}))
    assert judge(bearer, operation.READ_COMPANY_CALLS, account="~") == COMPANY


@pytest.mark.parametrize("asked", [each for each in OPERATIONS if each.scope is not None])
def test_operation_is_refused_when_app_or_token_lack_the_scope(asked: Operation) -> None:
    """protocol.md A.5: app scope ∩ token scope, whatever the person may do; CMN-401 comes first."""
    others = tuple({"ReadAccounts", "ReadCallLog", "RingOut"} - {asked.scope})
    narrowed = judge(admit(scope=" ".join(others)), asked, account="1", extension=in_path(asked))
    stripped = judge(admit(app_scopes=others), asked, account="1", extension=in_path(asked))
    assert seen(narrowed) == seen(stripped) == lacks_scope(asked.scope or "")


@pytest.mark.parametrize("asked", OPERATIONS)
def test_operation_is_done_when_the_scope_is_included_in_another(asked: Operation) -> None:
    """protocol.md A.5: inclusion is transitive (Accounts → EditAccounts → ReadAccounts)."""
    wide = (
        *("Accounts", "EditCallLog", "ReadCallRecording", "WriteCallLog", "RoleManagement", "ReadClientInfo"),
        "EditUserCredentials",
    )
    bearer = admit(scope=" ".join(wide), app_scopes=wide, permissions=frozenset(PERMISSIONS))
    assert isinstance(judge(bearer, asked, account="~", extension=in_path(asked)), Subject)


@pytest.mark.parametrize("asked", [each for each in OPERATIONS if each.scope is None])
def test_dictionary_is_read_with_any_token(asked: Operation) -> None:
    """The platform asks neither a scope nor a permission for what is the same for everybody."""
    assert "/dictionary/" in asked.path
    assert judge(admit(scope="RingOut", app_scopes=("RingOut",), permissions=NOBODY), asked) == COMPANY


def test_own_role_is_changed_with_the_permission_alone() -> None:
    """Reading oneself needs none, giving oneself another role does."""
    manager = ("RoleManagement", "ReadAccounts")

    def judged(asked: Operation, *permissions: str) -> Subject | tuple[Fault, tuple[tuple[str, str], ...]]:
        bearer = admit(scope=" ".join(manager), app_scopes=manager, permissions=frozenset(permissions))
        return seen(judge(bearer, asked, account="~", extension="~"))

    own = Subject(ACCOUNT, AGENT)
    assert judged(operation.READ_ASSIGNED_ROLE) == judged(operation.READ_PROFILE) == own
    assert judged(operation.ASSIGN_ROLE, "ReadAssignedRoles") == lacks_permission("EditAssignedRoles")
    assert judged(operation.ASSIGN_ROLE, "Roles") == own


@pytest.mark.parametrize("asked", OPERATIONS)
@pytest.mark.parametrize(
    "account", ["1002", "1", "0", "01001", "1001 ", "abc", "~~", "", "9" * 5000, "\u0661\u0660\u0660\u0661"]
)
def test_account_is_not_found_when_it_is_not_the_tokens_own(asked: Operation, account: str) -> None:
    """protocol.md I.1: another's account is CMN-102, before any question of permission."""
    scopes = ("ReadAccounts", "ReadCallLog", *((asked.scope,) if asked.scope else ()))
    bearer = admit(permissions=NOBODY, scope=" ".join(scopes), app_scopes=scopes)
    assert seen(judge(bearer, asked, account=account, extension=in_path(asked))) == not_found("accountId")


@pytest.mark.parametrize("extension", ["0", "01002", "abc", "~~", "-1", "9" * 19, "9" * 5000, "1002\n", "\u0661"])
def test_extension_is_not_found_when_it_is_no_id(extension: str) -> None:
    """CMN-102 for who may see extensions; who may not is refused before."""
    asked = operation.READ_EXTENSION
    assert seen(judge(admit(), asked, account="~", extension=extension)) == not_found("extensionId")
    curious = admit(permissions=frozenset({"ReadCallLog"}))
    assert seen(judge(curious, asked, account="~", extension=extension)) == lacks_permission("ReadExtensions")


@given(st.text(), st.text() | st.none(), st.sampled_from(OPERATIONS))
def test_judgement_answers_when_the_path_is_anything(account: str, extension: str | None, asked: Operation) -> None:
    """Never an exception, and never a subject outside the bearer's account."""
    verdict = judge(admit(), asked, account=account, extension=extension)
    assert isinstance(verdict, Denied) or verdict.account_id == ACCOUNT


def test_call_is_not_found_by_the_name_of_its_parameter() -> None:
    """CMN-102 naming the part of the path."""
    assert seen(no_such_call()) == not_found("callRecordId")


LISTS: list[tuple[Query, ExtensionListQuery]] = [
    ([], ExtensionListQuery(ACCOUNT, None, frozenset(), frozenset(), frozenset(), Page(1, 100))),
    (
        [("status", "Enabled"), ("status", "Unassigned"), ("type", "User"), ("page", "2"), ("perPage", "max")],
        ExtensionListQuery(
            ACCOUNT,
            None,
            frozenset(),
            frozenset({ExtensionStatus.ENABLED, ExtensionStatus.UNASSIGNED}),
            frozenset({ExtensionType.USER}),
            Page(2, 1000),
        ),
    ),
    (
        [("extensionNumber", "101"), ("email", "Ada@Northwind.example"), ("colour", "red")],
        ExtensionListQuery(
            ACCOUNT, "101", frozenset({"ada@northwind.example"}), frozenset(), frozenset(), Page(1, 100)
        ),
    ),
]


@pytest.mark.parametrize(("query", "asked"), LISTS)
def test_extension_filters_are_read(query: Query, asked: ExtensionListQuery) -> None:
    """The platform's list: status and type repeat, e-mail in any case, unknown parameters ignored."""
    assert parse_extension_list(query, subject=COMPANY) == asked


@pytest.mark.parametrize(
    ("name", "value"),
    [("status", "On"), ("type", "Person"), ("email", "nobody"), ("extensionNumber", "x"), ("page", "0")],
)
def test_extension_filter_is_refused_when_its_value_is_unknown(name: str, value: str) -> None:
    """CMN-101 naming the parameter."""
    refused = Denied(fault=api_faults.PARAMETER_INVALID, values=(("parameterName", name),))
    assert plain(parse_extension_list([(name, value)], subject=COMPANY)) == refused


@given(st.lists(st.tuples(st.sampled_from(["status", "type", "email", "extensionNumber", "page"]), st.text())))
def test_extension_list_parser_answers_when_the_query_is_anything(query: Query) -> None:
    """Always a query or a fault, never an exception."""
    assert isinstance(parse_extension_list(query, subject=COMPANY), ExtensionListQuery | Denied)
