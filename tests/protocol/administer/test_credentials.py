"""Making JWT credentials judged: by whom, for whom, and with which successor."""

import pytest

from callgate.model.account import ExtensionType
from callgate.model.acts import CredentialActFacts, Refused
from callgate.model.changes import CredentialCreated, CredentialDeleted
from callgate.model.client_secret import OVERLAP_MAX_MS
from callgate.model.credential import CredentialPolicy, CredentialReplaced
from callgate.model.decisions import Done
from callgate.model.ids import ExtensionId, RowId
from callgate.protocol.administer.credentials import create_credential, delete_credential, replace_credential
from tests.factories import ACCOUNT, AGENT, CREDENTIAL, NOW_MS, ROLE

HOUR_MS = 3_600_000
ADMINISTRATOR = ROLE._replace(permissions=ROLE.permissions | {"EditExtensions"})
OTHER_ID = ExtensionId(AGENT.id + 1)
FACTS = CredentialActFacts(NOW_MS, ACCOUNT, AGENT, None, ())
THERE = FACTS._replace(credential=CREDENTIAL._replace(expires_ms=None))
SUCCESSOR = CREDENTIAL._replace(id=RowId(CREDENTIAL.id + 1), sha256=b"another")


def ruled(policy: CredentialPolicy) -> CredentialActFacts:
    """An account with a rule."""
    return FACTS._replace(account=ACCOUNT._replace(credential_policy=policy))


@pytest.mark.parametrize(
    ("policy", "giver_id", "administers", "allowed"),
    [
        (CredentialPolicy.EVERYBODY, None, False, True),
        (CredentialPolicy.EVERYBODY, AGENT.id, False, True),
        (CredentialPolicy.EVERYBODY, OTHER_ID, False, False),
        (CredentialPolicy.EVERYBODY, OTHER_ID, True, True),
        (CredentialPolicy.ADMINISTRATORS, None, False, True),
        (CredentialPolicy.ADMINISTRATORS, AGENT.id, False, False),
        (CredentialPolicy.ADMINISTRATORS, AGENT.id, True, True),
        (CredentialPolicy.ADMINISTRATORS, OTHER_ID, True, True),
        (CredentialPolicy.NOBODY, None, False, False),
        (CredentialPolicy.NOBODY, AGENT.id, True, False),
    ],
)
def test_account_says_who_makes_credentials(
    policy: CredentialPolicy, giver_id: ExtensionId | None, administers: bool, allowed: bool
) -> None:
    """Each their own, administrators everybody's, or nobody any; the operator is bound by the last alone."""
    facts = ruled(policy)._replace(giver=ADMINISTRATOR if administers else ROLE)
    decision = create_credential(CREDENTIAL, facts=facts, by="x", giver_id=giver_id)
    if allowed:
        assert decision == Done((CredentialCreated(CREDENTIAL, "x"),))
    else:
        assert isinstance(decision, Refused)


@pytest.mark.parametrize(
    "facts",
    [
        FACTS._replace(extension=None),
        FACTS._replace(account=None),
        FACTS._replace(extension=AGENT._replace(type=ExtensionType.DEPARTMENT)),
        FACTS._replace(unknown_apps=(next(iter(CREDENTIAL.client_ids or {"x"})),)),  # type: ignore[arg-type] # any name
    ],
)
def test_credential_is_not_made_for_nobody_or_no_app(facts: CredentialActFacts) -> None:
    """Queues have none either."""
    assert isinstance(create_credential(CREDENTIAL, facts=facts, by="cli"), Refused)


def test_credential_is_not_made_without_a_label_or_for_no_app() -> None:
    """An empty list of apps would be for none."""
    for credential in (CREDENTIAL._replace(label=""), CREDENTIAL._replace(client_ids=frozenset())):
        assert isinstance(create_credential(credential, facts=FACTS, by="cli"), Refused)


@pytest.mark.parametrize(
    ("expires_ms", "until_ms"),
    [(None, NOW_MS + HOUR_MS), (NOW_MS + 1, NOW_MS + 1), (NOW_MS + 2 * HOUR_MS, NOW_MS + HOUR_MS)],
)
def test_credential_counts_on_for_the_overlap_and_no_longer_than_before(expires_ms: int | None, until_ms: int) -> None:
    """A rotation makes nothing live longer."""
    before = CREDENTIAL._replace(expires_ms=expires_ms)
    facts = FACTS._replace(credential=before)
    after = before._replace(expires_ms=until_ms, replaced_ms=NOW_MS)
    decision = replace_credential(SUCCESSOR, overlap_ms=HOUR_MS, facts=facts, by="cli")
    assert decision == Done((CredentialReplaced(before, after, SUCCESSOR, "cli"),))


@pytest.mark.parametrize(
    ("facts", "overlap_ms", "problem"),
    [
        (FACTS, 0, "no such credential"),
        (THERE._replace(account=None), 0, "no such credential"),
        (THERE, OVERLAP_MAX_MS + 1, "at most 90 days"),
        (THERE._replace(account=ACCOUNT._replace(credential_policy=CredentialPolicy.NOBODY)), 0, "makes no JWT"),
        (THERE._replace(credential=CREDENTIAL._replace(replaced_ms=1)), 0, "replaced already"),
        (THERE._replace(credential=CREDENTIAL._replace(expires_ms=NOW_MS)), 0, "is expired"),
    ],
)
def test_credential_is_not_replaced_when_it_cannot_be(facts: CredentialActFacts, overlap_ms: int, problem: str) -> None:
    """One successor each."""
    refused = replace_credential(SUCCESSOR, overlap_ms=overlap_ms, facts=facts, by="cli")
    assert isinstance(refused, Refused)
    assert problem in refused.problem


def test_credential_is_deleted_where_it_is() -> None:
    """By its row."""
    facts = FACTS._replace(credential=CREDENTIAL)
    assert delete_credential(facts=facts, by="cli") == Done((CredentialDeleted(CREDENTIAL, "cli"),))
    assert isinstance(delete_credential(facts=FACTS, by="cli"), Refused)
