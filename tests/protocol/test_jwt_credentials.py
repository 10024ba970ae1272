"""JWT credentials made through an app, judged: no token makes one that opens more than itself (ADR 70)."""

import pytest

from callgate.model import api_faults
from callgate.model.account import Role
from callgate.model.acts import CredentialActFacts
from callgate.model.changes import CredentialCreated, CredentialDeleted
from callgate.model.credential import CredentialReplaced
from callgate.model.decisions import Denied, Done
from callgate.model.faults import Fault
from callgate.model.ids import RowId
from callgate.protocol.administer.credentials import HELD_MAX
from callgate.protocol.jwt_credentials import (
    LIFE_MAX_MS,
    CredentialWish,
    ReplacementWish,
    create_credential,
    delete_credential,
    find_credential_id,
    parse_new_credential,
    parse_replacement,
    replace_credential,
)
from callgate.protocol.resources import Subject
from tests.factories import ACCOUNT, AGENT, CREDENTIAL, NOW_MS, OTHER_ACCOUNT, ROLE, SCRIPT
from tests.protocol.bearers import admit

DAY_MS = 24 * 3_600_000
ME = Subject(ACCOUNT.id, AGENT.id)
APP = SCRIPT._replace(scopes=("ReadAccounts",))
WIDER = SCRIPT._replace(scopes=("ReadAccounts", "SMS"))
NEW = CREDENTIAL._replace(client_ids=frozenset({APP.id}), expires_ms=NOW_MS + DAY_MS)
BEFORE = CREDENTIAL._replace(id=RowId(1), client_ids=frozenset({APP.id}), expires_ms=None)
FACTS = CredentialActFacts(NOW_MS, ACCOUNT, AGENT, None, (), giver=ROLE, role=ROLE, apps=(APP,))
THERE = FACTS._replace(credential=BEFORE)
MIGHTIER = ROLE._replace(permissions=ROLE.permissions | {"Roles"})
BEARER = admit()


def fault_of(decision: object) -> Fault:
    """Why not; and nothing is written."""
    assert isinstance(decision, Denied)
    assert decision.changes == ()
    return decision.fault


def test_credential_is_made_replaced_and_deleted_in_the_bearers_name() -> None:
    """As the audit log names who acts through an app."""
    by = str(AGENT.id)
    assert create_credential(NEW, admitted=BEARER, subject=ME, facts=FACTS) == Done((CredentialCreated(NEW, by),))
    after = BEFORE._replace(expires_ms=NOW_MS + 5, replaced_ms=NOW_MS)
    replaced = replace_credential(NEW, overlap_ms=5, admitted=BEARER, subject=ME, facts=THERE)
    assert replaced == Done((CredentialReplaced(BEFORE, after, NEW, by),))
    assert delete_credential(admitted=BEARER, subject=ME, facts=THERE) == Done((CredentialDeleted(BEFORE, by),))


@pytest.mark.parametrize(
    ("facts", "expires_ms", "fault"),
    [
        (FACTS._replace(account=None, extension=None, role=None), NEW.expires_ms, api_faults.RESOURCE_UNKNOWN),
        (FACTS._replace(account=OTHER_ACCOUNT), NEW.expires_ms, api_faults.RESOURCE_UNKNOWN),
        (FACTS._replace(role=MIGHTIER), NEW.expires_ms, api_faults.ROLE_EXCEEDS_GIVER),
        (FACTS._replace(giver=None), NEW.expires_ms, api_faults.ROLE_EXCEEDS_GIVER),
        (FACTS, None, api_faults.ACT_REFUSED),
        (FACTS, NOW_MS, api_faults.ACT_REFUSED),
        (FACTS, NOW_MS + LIFE_MAX_MS + 1, api_faults.ACT_REFUSED),
        (FACTS._replace(apps=(APP, WIDER)), NEW.expires_ms, api_faults.CREDENTIAL_EXCEEDS_TOKEN),
        (FACTS._replace(held=HELD_MAX), NEW.expires_ms, api_faults.ACT_REFUSED),
    ],
    ids=["nobody", "another's", "mightier", "powerless", "for ever", "over", "too long", "wider app", "too many"],
)
def test_credential_is_not_made_when_it_would_be_too_much(
    facts: CredentialActFacts, expires_ms: int | None, fault: Fault
) -> None:
    """Nor does it come about as a successor."""
    wanted = NEW._replace(expires_ms=expires_ms)
    assert fault_of(create_credential(wanted, admitted=BEARER, subject=ME, facts=facts)) is fault
    there = facts._replace(credential=BEFORE)
    assert fault_of(replace_credential(wanted, overlap_ms=0, admitted=BEARER, subject=ME, facts=there)) is fault


def test_credential_for_all_apps_is_none_that_a_token_makes() -> None:
    """It reaches apps that there are not yet."""
    decision = create_credential(NEW._replace(client_ids=None), admitted=BEARER, subject=ME, facts=FACTS)
    assert fault_of(decision) is api_faults.CREDENTIAL_EXCEEDS_TOKEN


def test_longest_life_is_allowed() -> None:
    """Its bound is included."""
    longest = NEW._replace(expires_ms=NOW_MS + LIFE_MAX_MS)
    assert isinstance(create_credential(longest, admitted=BEARER, subject=ME, facts=FACTS), Done)


@pytest.mark.parametrize(
    ("facts", "fault"),
    [
        (FACTS, api_faults.RESOURCE_UNKNOWN),
        (FACTS._replace(account=OTHER_ACCOUNT), api_faults.RESOURCE_UNKNOWN),
        (THERE._replace(account=OTHER_ACCOUNT), api_faults.RESOURCE_UNKNOWN),
        (THERE._replace(role=MIGHTIER), api_faults.ROLE_EXCEEDS_GIVER),
        (
            THERE._replace(credential=BEFORE._replace(extension_id=AGENT.id + 1)),  # type: ignore[arg-type] # an id
            api_faults.ACT_REFUSED,
        ),
    ],
    ids=["gone", "another's", "theirs", "mightier", "not administering"],
)
def test_credential_is_not_deleted_by_whom_it_does_not_concern(facts: CredentialActFacts, fault: Fault) -> None:
    """Whoever may not make it may not take it away, but for their own."""
    assert fault_of(delete_credential(admitted=BEARER, subject=ME, facts=facts)) is fault
    if facts.credential is None:
        gone = replace_credential(NEW, overlap_ms=0, admitted=BEARER, subject=ME, facts=facts)
        assert fault_of(gone) is fault


def test_administrator_deletes_what_others_have() -> None:
    """Within the administrator's own role."""
    keeper: Role = ROLE._replace(permissions=ROLE.permissions | {"EditExtensions"})
    theirs = THERE._replace(credential=BEFORE._replace(extension_id=AGENT.id + 1), giver=keeper)  # type: ignore[arg-type] # an id
    assert isinstance(delete_credential(admitted=BEARER, subject=ME, facts=theirs), Done)


def test_body_says_label_apps_and_end() -> None:
    """And for a successor, how long both count: a week if nothing is said."""
    body = {"label": "x", "clientIds": ["a", "b"], "expirationTime": "1970-01-02"}
    assert parse_new_credential(body) == CredentialWish("x", frozenset({"a", "b"}), DAY_MS)  # type: ignore[arg-type] # ids
    assert parse_replacement({"expirationTime": "1970-01-02"}) == ReplacementWish(7 * DAY_MS, DAY_MS)
    assert parse_replacement({"expirationTime": "1970-01-02", "overlap": 0}) == ReplacementWish(0, DAY_MS)
    for bad in ({}, {"expirationTime": 5}, {"expirationTime": "1970-01-02", "overlap": 90 * 86_400 + 1}):
        assert isinstance(parse_replacement(bad), Denied)


@pytest.mark.parametrize(
    ("word", "number"),
    [("1", 1), ("9223372036854775807", 2**63 - 1), ("9223372036854775808", 0), ("0", 0), ("", 0), ("1x", 0), (None, 0)],
)
def test_id_of_a_credential_has_up_to_nineteen_digits(word: str | None, number: int) -> None:
    """What is none is 0, which no credential has."""
    assert find_credential_id(word) == number
