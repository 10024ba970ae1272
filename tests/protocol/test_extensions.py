"""Extensions by the resource API: what a body says of one."""

import pytest

from callgate.model import api_faults
from callgate.model.account import ExtensionStatus, ExtensionType
from callgate.model.acts import ExtensionActFacts
from callgate.model.changes import ExtensionCreated
from callgate.model.decisions import Denied, Done
from callgate.protocol.administer.roles import STANDARD, SUPER_ADMIN, USER_ADMIN
from callgate.protocol.extensions import ExtensionWish, create_extension, parse_new_extension
from tests.factories import ACCOUNT, AGENT, NOW_MS

PLAIN = ExtensionWish(ExtensionType.USER, ExtensionStatus.ENABLED, None, "Nightly", "", None)
FACTS = ExtensionActFacts(
    NOW_MS,
    ACCOUNT,
    None,
    STANDARD,
    number_taken=False,
    email_taken=False,
    phone_taken=False,
    giver=USER_ADMIN,
)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"contact": {"firstName": "Nightly"}}, PLAIN),
        (
            {
                "type": "VirtualUser",
                "status": "NotActivated",
                "extensionNumber": "104",
                "contact": {"firstName": "Nightly", "lastName": "Report", "email": "n@x.example", "company": "x"},
            },
            ExtensionWish(
                ExtensionType.VIRTUAL_USER, ExtensionStatus.NOT_ACTIVATED, "104", "Nightly", "Report", "n@x.example"
            ),
        ),
        ({"contact": {"firstName": "Nightly", "lastName": "", "email": ""}, "extensionNumber": ""}, PLAIN),
    ],
)
def test_extension_is_described_in_the_wires_words(body: dict[str, object], expected: ExtensionWish) -> None:
    """A User who may sign in, unless said otherwise; an empty value counts as absent."""
    assert parse_new_extension(body) == expected


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({}, "contact.firstName"),
        ({"contact": {"firstName": ""}}, "contact.firstName"),
        ({"contact": {"firstName": 1}}, "contact.firstName"),
        ({"contact": []}, "contact"),
        ({"type": "Person", "contact": {"firstName": "x"}}, "type"),
        ({"status": "On", "contact": {"firstName": "x"}}, "status"),
        ({"extensionNumber": 104, "contact": {"firstName": "x"}}, "extensionNumber"),
    ],
)
def test_extension_is_refused_by_the_path_of_what_is_wrong(body: dict[str, object], name: str) -> None:
    """Missing, or of another type."""
    refused = parse_new_extension(body)
    assert isinstance(refused, Denied)
    assert refused.values == (("parameterName", name),)


def test_extension_is_created_in_the_callers_name() -> None:
    """Without a password: nobody was asked for one."""
    created = create_extension(AGENT, facts=FACTS, by="1001")
    assert created == Done((ExtensionCreated(AGENT, None, None, "1001"),))


def test_extension_is_not_created_when_it_cannot_be() -> None:
    """In an administrator's words, and never with more than its giver may."""
    taken = create_extension(AGENT, facts=FACTS._replace(number_taken=True), by="1001")
    assert isinstance(taken, Denied)
    assert taken.fault is api_faults.ACT_REFUSED
    assert taken.values == (("problem", "the extension number 102 is taken in this account"),)
    exceeding = create_extension(AGENT, facts=FACTS._replace(role=SUPER_ADMIN), by="1001")
    assert isinstance(exceeding, Denied)
    assert exceeding.fault is api_faults.ROLE_EXCEEDS_GIVER
    gone = create_extension(AGENT, facts=FACTS._replace(role=None), by="1001")
    assert isinstance(gone, Denied)
