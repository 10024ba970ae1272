"""JWT credentials that people make at a browser, judged: who, when, and what the form may say."""

import pytest

from callgate.model import credential_faults, grant_faults, mfa_faults
from callgate.model.account import ExtensionStatus
from callgate.model.acts import CredentialActFacts
from callgate.model.changes import CredentialCreated, CredentialDeleted
from callgate.model.connection import SsoPolicy
from callgate.model.credential import CredentialPolicy, CredentialReplaced
from callgate.model.decisions import Denied, Done
from callgate.model.faults import Fault
from callgate.model.ids import RowId
from callgate.model.jwt_credentials import OwnCredentialFacts
from callgate.protocol.forms import Form
from callgate.protocol.own_credentials import (
    Expiry,
    OwnWish,
    box_of,
    create_own,
    delete_own,
    may_make,
    parse_expiry,
    parse_wish,
    replace_own,
)
from tests.factories import (
    ACCOUNT,
    AGENT,
    AUTHORIZE_FACTS,
    CREDENTIAL,
    MINUTE_MS,
    NOW_MS,
    OTHER_SECRET,
    ROLE,
    SAML,
    SCRIPT,
    SECRET,
    SIGN_IN,
)

BROWSER = AUTHORIZE_FACTS._replace(client=None, consent=None, role=ROLE)
BEFORE = CREDENTIAL._replace(id=RowId(1), expires_ms=None)
NEW = CREDENTIAL._replace(expires_ms=NOW_MS + 1)
ACT = CredentialActFacts(NOW_MS, ACCOUNT, AGENT, BEFORE, (), giver=ROLE, role=ROLE)
FACTS = OwnCredentialFacts(BROWSER, ACT)
LONG_AGO = SIGN_IN._replace(signed_in_ms=NOW_MS - 10 * MINUTE_MS)
STRICT = ACCOUNT._replace(credential_policy=CredentialPolicy.ADMINISTRATORS)


def test_person_makes_replaces_and_deletes_their_own() -> None:
    """The audit log names them."""
    by = str(AGENT.id)
    assert create_own(SECRET, credential=NEW, facts=FACTS) == Done((CredentialCreated(NEW, by),))
    after = BEFORE._replace(expires_ms=NOW_MS + 7, replaced_ms=NOW_MS)
    assert replace_own(SECRET, successor=NEW, overlap_ms=7, facts=FACTS) == Done(
        (CredentialReplaced(BEFORE, after, NEW, by),)
    )
    assert delete_own(SECRET, FACTS) == Done((CredentialDeleted(BEFORE, by),))


def test_person_of_single_sign_on_makes_one_too() -> None:
    """Their job has no browser, whatever they have themselves."""
    by_provider = SIGN_IN._replace(connection_id=SAML.id, trust_version=1)
    enforced = ACCOUNT._replace(sso_policy=SsoPolicy.ENFORCED)
    browser = BROWSER._replace(sign_in=by_provider, trust_version=1, account=enforced)
    assert isinstance(create_own(SECRET, credential=NEW, facts=OwnCredentialFacts(browser, ACT)), Done)


@pytest.mark.parametrize(
    ("secret", "facts", "fault"),
    [
        (OTHER_SECRET, FACTS, mfa_faults.SIGN_IN_AGAIN),
        (SECRET, FACTS._replace(browser=BROWSER._replace(sign_in=LONG_AGO)), mfa_faults.SIGN_IN_AGAIN),
        (
            SECRET,
            FACTS._replace(browser=BROWSER._replace(extension=AGENT._replace(status=ExtensionStatus.DISABLED))),
            grant_faults.SIGN_IN_STATE,
        ),
    ],
    ids=["another's cookie", "ten minutes ago", "disabled"],
)
def test_nothing_is_done_by_who_did_not_sign_in_a_moment_ago(
    secret: bytes, facts: OwnCredentialFacts, fault: Fault
) -> None:
    """Whoever finds a browser open takes no key of its person away."""
    for decision in (
        create_own(secret, credential=NEW, facts=facts),
        replace_own(secret, successor=NEW, overlap_ms=0, facts=facts),
        delete_own(secret, facts),
    ):
        assert isinstance(decision, Denied)
        assert (decision.fault, decision.changes) == (fault, ())


def test_account_that_leaves_it_to_others_is_obeyed() -> None:
    """Deleting one's own is always allowed."""
    assert may_make(ACCOUNT, None)
    assert not may_make(STRICT, ROLE)
    assert may_make(STRICT, ROLE._replace(permissions=frozenset({"EditExtensions"})))
    facts = OwnCredentialFacts(BROWSER._replace(account=STRICT), ACT._replace(account=STRICT))
    for decision in (
        create_own(SECRET, credential=NEW, facts=facts),
        replace_own(SECRET, successor=NEW, overlap_ms=0, facts=facts),
    ):
        assert isinstance(decision, Denied)
        assert decision.fault is credential_faults.CREDENTIALS_WITHHELD
    assert isinstance(delete_own(SECRET, facts), Done)


def test_credential_is_not_made_when_it_is_over_or_for_no_app() -> None:
    """Nor when it cannot be as things are."""
    over = NEW._replace(expires_ms=NOW_MS)
    unknown = FACTS._replace(act=ACT._replace(unknown_apps=(SCRIPT.id,)))
    replaced = FACTS._replace(act=ACT._replace(credential=BEFORE._replace(replaced_ms=1)))
    for decision, fault in (
        (create_own(SECRET, credential=over, facts=FACTS), credential_faults.CREDENTIAL_INCOMPLETE),
        (create_own(SECRET, credential=NEW, facts=unknown), credential_faults.CREDENTIAL_INCOMPLETE),
        (replace_own(SECRET, successor=over, overlap_ms=0, facts=FACTS), credential_faults.CREDENTIAL_INCOMPLETE),
        (replace_own(SECRET, successor=NEW, overlap_ms=0, facts=replaced), credential_faults.CREDENTIAL_STUCK),
        (delete_own(SECRET, FACTS._replace(act=ACT._replace(credential=None))), credential_faults.CREDENTIAL_STUCK),
    ):
        assert isinstance(decision, Denied)
        assert decision.fault is fault


def test_form_says_label_apps_and_end() -> None:
    """Boxes of apps that were offered, and client ids of any."""
    form = Form({"label": " Night ", box_of(SCRIPT.id): "yes", "client_ids": "a b", "expires": "1970-01-02"})
    wish = OwnWish("Night", frozenset({SCRIPT.id, "a", "b"}), 86_400_000)  # type: ignore[arg-type] # ids
    assert parse_wish(form, offered=(SCRIPT,)) == wish
    everywhere = Form({"label": "x", "reach": "all", "client_ids": "a"})
    assert parse_wish(everywhere, offered=()) == OwnWish("x", None, None)
    assert parse_expiry(Form({})) == Expiry(None)


@pytest.mark.parametrize(
    "values",
    [
        {"reach": "all"},
        {"label": "x"},
        {"label": "x", "client_ids": " ".join(f"id{number}" for number in range(51))},
        {"label": "x", "client_ids": "y" * 129},
        {"label": "x", "reach": "all", "expires": "soon"},
    ],
    ids=["no label", "no app", "too many apps", "endless app", "no date"],
)
def test_form_is_refused_when_it_cannot_be_meant(values: dict[str, str]) -> None:
    """In words for people."""
    refused = parse_wish(Form(values), offered=(SCRIPT,))
    assert isinstance(refused, Denied)
    assert refused.fault is credential_faults.CREDENTIAL_INCOMPLETE
