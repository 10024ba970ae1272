"""Accounts and extensions on the wire (protocol.md B, I.6), whole documents at a time."""

import pytest

from callgate.model.account import AccountStatus, ExtensionStatus, ExtensionType
from callgate.model.directory import ExtensionListFacts, ExtensionListQuery, ListedExtension
from callgate.model.paging import Page
from callgate.service.resources import AccountShown, ExtensionListShown, ExtensionShown
from callgate.web.directory import render_account, render_extension, render_extension_list
from callgate.web.links import JsonObject, Links
from tests.factories import ACCOUNT, AGENT, QUEUE, SERVICE_EXTENSION

BASE = "https://gate.example"
LINKS = Links(BASE)
HERE = f"{BASE}/restapi/v1.0/account/1001"
LISTED = ListedExtension(AGENT, "12025550102", has_password=True)
QUERY = ExtensionListQuery(ACCOUNT.id, None, frozenset(), frozenset(), frozenset(), Page(1, 2))

PERSON: JsonObject = {
    "uri": f"{HERE}/extension/1002",
    "id": 1002,
    "extensionNumber": "102",
    "contact": {
        "firstName": "Ada",
        "lastName": "Byron",
        "company": "Northwind",
        "email": "ada@northwind.example",
        "businessPhone": "+12025550102",
        "emailAsLoginName": True,
    },
    "name": "Ada Byron",
    "type": "User",
    "status": "Enabled",
    "setupWizardState": "Completed",
}


def test_account_has_the_documented_fields() -> None:
    """Ids are numbers, the brand's a text, the number E.164."""
    operator = ListedExtension(AGENT, None, has_password=True)
    assert render_account(AccountShown(ACCOUNT, operator), LINKS) == {
        "uri": HERE,
        "id": 1001,
        "serviceInfo": {"uri": f"{HERE}/service-info", "brand": {"id": "1210"}},
        "operator": {"uri": f"{HERE}/extension/1002", "id": 1002, "extensionNumber": "102"},
        "mainNumber": "+12025550100",
        "status": "Confirmed",
        "setupWizardState": "Completed",
    }


def test_account_is_unfinished_when_it_is_not_confirmed() -> None:
    """protocol.md B: the account's states."""
    account = ACCOUNT._replace(status=AccountStatus.INITIAL)
    shown = render_account(AccountShown(account, None), LINKS)
    assert (shown["status"], shown["setupWizardState"]) == ("Initial", "NotStarted")
    assert "operator" not in shown


@pytest.mark.parametrize("has_password", [True, False])
def test_own_extension_tells_its_features(has_password: bool) -> None:
    """The platform shows serviceFeatures to an extension's own person only; the account's id is a text here."""
    listed = LISTED._replace(has_password=has_password)
    assert render_extension(ExtensionShown(ACCOUNT, listed, own=True), LINKS) == {
        **PERSON,
        "serviceFeatures": [{"featureName": "PasswordAuth", "enabled": has_password}],
        "account": {"uri": HERE, "id": "1001"},
    }


def test_other_extension_tells_no_features() -> None:
    """Whether somebody else has a password is theirs to know."""
    shown = render_extension(ExtensionShown(ACCOUNT, LISTED, own=False), LINKS)
    assert shown == {**PERSON, "account": {"uri": HERE, "id": "1001"}}


def test_service_is_shown_as_an_application() -> None:
    """No number, no address, no last name: left out, never null."""
    listed = ListedExtension(SERVICE_EXTENSION, None, has_password=False)
    assert render_extension(ExtensionShown(ACCOUNT, listed, own=True), LINKS) == {
        "uri": f"{HERE}/extension/1900",
        "id": 1900,
        "contact": {"firstName": "Archive", "company": "Northwind", "businessPhone": "+12025550100"},
        "name": "Archive",
        "type": "ApplicationExtension",
        "status": "Enabled",
        "setupWizardState": "Completed",
        "serviceFeatures": [{"featureName": "PasswordAuth", "enabled": False}],
        "account": {"uri": HERE, "id": "1001"},
    }


def page_uri(number: int) -> str:
    """The address of a page of two."""
    return f"{HERE}/extension?page={number}&perPage=2"


PAGES = [
    (1, 5, 2, {"pageStart": 0, "pageEnd": 1}, 3, {"nextPage": 2, "lastPage": 3}),
    (2, 5, 2, {"pageStart": 2, "pageEnd": 3}, 3, {"nextPage": 3, "previousPage": 1, "lastPage": 3}),
    (3, 5, 1, {"pageStart": 4, "pageEnd": 4}, 3, {"previousPage": 2, "lastPage": 3}),
    (1, 2, 2, {"pageStart": 0, "pageEnd": 1}, 1, {"lastPage": 1}),
    (1, 0, 0, {}, 0, {"lastPage": 1}),
    (7, 5, 0, {}, 3, {"previousPage": 6, "lastPage": 3}),
]


@pytest.mark.parametrize(("number", "total", "count", "ends", "pages", "others"), PAGES)
def test_page_has_totals_and_a_last_page(  # noqa: PLR0917 - one row of the table
    number: int, total: int, count: int, ends: dict[str, int], pages: int, others: dict[str, int]
) -> None:
    """protocol.md I.6: unlike the call log, lists of extensions say how long they are."""
    facts = ExtensionListFacts((LISTED,) * count, total)
    shown = render_extension_list(ExtensionListShown(ACCOUNT, QUERY._replace(page=Page(number, 2)), facts), LINKS)
    assert shown == {
        "uri": page_uri(number),
        "records": [PERSON] * count,
        "paging": {"page": number, "totalPages": pages, "perPage": 2, "totalElements": total, **ends},
        "navigation": {
            "firstPage": {"uri": page_uri(1)},
            **{name: {"uri": page_uri(other)} for name, other in others.items()},
        },
    }


def test_links_echo_every_filter() -> None:
    """A page link asks for the same people."""
    query = ExtensionListQuery(
        ACCOUNT.id,
        "102",
        frozenset({"a+b@x.example"}),
        frozenset({ExtensionStatus.ENABLED, ExtensionStatus.DISABLED}),
        frozenset({ExtensionType.DEPARTMENT}),
        Page(),
    )
    shown = render_extension_list(ExtensionListShown(ACCOUNT, query, ExtensionListFacts((), 0)), LINKS)
    assert shown["uri"] == (
        f"{HERE}/extension?extensionNumber=102&status=Disabled&status=Enabled&type=Department"
        "&email=a%2Bb%40x.example&page=1&perPage=100"
    )


def test_queue_has_no_login() -> None:
    """A queue with an address of its own is still shown as what it is."""
    shown = render_extension(ExtensionShown(ACCOUNT, ListedExtension(QUEUE, None, has_password=True), own=False), LINKS)
    assert shown["type"] == "Department"
