"""Trusted issuers on a real database: what is written, what is read back, and which sessions end by it."""

import pytest

from callgate.model.account import ExtensionStatus
from callgate.model.changes import (
    AssertionClaimed,
    IssuerTrusted,
    OutsideTokenAccepted,
    SessionOpened,
    TrustChanged,
    TrustRevoked,
)
from callgate.model.ids import ClientId, ExtensionId, RoleId, RowId
from callgate.model.issuer import (
    Condition,
    ListedTrust,
    OutsideProven,
    TrustActFacts,
    TrustActLookup,
    TrustedIssuer,
    TrustFacts,
    TrustListFacts,
    TrustOpening,
    TrustsFacts,
    TrustsListing,
    TrustsLookup,
)
from callgate.model.lookups import SessionLookup
from callgate.model.policy import CREDENTIAL_USE_STEP_MS
from callgate.model.session import CredentialKind
from tests.storage.engines import Opened
from tests.storage.test_changes import conflicts
from tests.storage.world import (
    ACCOUNT,
    APP,
    CUSTOM_ROLE,
    NOW_MS,
    OTHER_ACCOUNT,
    OTHER_APP,
    OTHER_TRUST,
    SERVICE,
    TRUST,
    service_session_of,
)

OWN_SERVICE = SERVICE._replace(id=ExtensionId(208594902), first_name="Deployments")
OWN = TRUST._replace(extension_id=OWN_SERVICE.id)
PROVEN = OutsideProven(TRUST, "repo:acme/app:ref:refs/heads/main", "jti:1", NOW_MS + 60_000)
SESSION = service_session_of(0)._replace(
    credential_kind=CredentialKind.TRUSTED_ISSUER, credential_id=TRUST.id, credential_version=TRUST.version
)


@pytest.fixture
def trusting(store: Opened) -> Opened:
    """Two accounts trust the same issuer for the same app."""
    store.save(IssuerTrusted(TRUST, None, "cli"), IssuerTrusted(OTHER_TRUST, None, "cli"))
    return store


def trust_in(store: Opened, trust: TrustedIssuer = TRUST) -> TrustedIssuer | None:
    """The row as it is now."""
    return store.read(TrustOpening(APP.id, PROVEN._replace(trust=trust))).trust


def test_every_field_survives_the_way_to_the_disk_and_back(trusting: Opened) -> None:
    """Conditions may hold what separates them; every trust of the issuer for the app, in the order of their ids."""
    assert trusting.read(TrustsLookup(APP.id, TRUST.issuer)) == TrustsFacts((TRUST, OTHER_TRUST))
    for client_id, issuer in ((OTHER_APP.id, TRUST.issuer), (APP.id, TRUST.issuer + "/")):
        assert trusting.read(TrustsLookup(client_id, issuer)) == TrustsFacts(())


def test_opening_sees_the_trust_and_whom_its_tokens_stand_for(trusting: Opened) -> None:
    """One that proves an app has nobody; one that is gone has nothing."""
    seen = TrustFacts(NOW_MS, APP, TRUST, ACCOUNT, SERVICE, CUSTOM_ROLE, spent=False)
    assert trusting.read(TrustOpening(APP.id, PROVEN)) == seen
    proves = trusting.read(TrustOpening(APP.id, PROVEN._replace(trust=OTHER_TRUST)))
    assert proves == TrustFacts(NOW_MS, APP, OTHER_TRUST, None, None, None, spent=False)
    gone = PROVEN._replace(trust=TRUST._replace(account_id=OTHER_ACCOUNT.id))
    nobody = trusting.read(TrustOpening(ClientId("nobody"), gone))
    assert nobody == TrustFacts(NOW_MS, None, None, None, None, None, spent=False)


def test_token_is_spent_for_every_app_when_it_was_presented(trusting: Opened) -> None:
    """Claims are kept by issuer and id; the second claim of one is a conflict, in whatever process."""
    claim = AssertionClaimed(TRUST.issuer, "jti:1", NOW_MS + 60_000)
    trusting.save(claim)
    assert trusting.read(TrustOpening(APP.id, PROVEN)).spent
    assert trusting.read(TrustOpening(OTHER_APP.id, PROVEN)).spent
    assert not trusting.read(TrustOpening(APP.id, PROVEN._replace(token_id="jti:2"))).spent
    assert conflicts(trusting, claim)


def test_use_is_recorded_to_the_hour(trusting: Opened) -> None:
    """A busy job writes the row once an hour; its version stays, so its sessions do."""
    for at_ms, recorded in ((0, 0), (1, 0), (CREDENTIAL_USE_STEP_MS, CREDENTIAL_USE_STEP_MS)):
        trusting.save(OutsideTokenAccepted(PROVEN, NOW_MS + at_ms))
        assert trust_in(trusting) == TRUST._replace(last_used_ms=NOW_MS + recorded)


def test_sessions_end_by_comparison_when_the_trust_changes_or_goes(trusting: Opened) -> None:
    """As those of any other credential."""
    trusting.save(SessionOpened(SESSION))
    lookup = SessionLookup(SESSION.account_id, SESSION.id)
    assert trusting.read(lookup).credential_version == TRUST.version
    changed = TRUST._replace(conditions=(Condition("repository", "acme/other"),), version=TRUST.version + 1)
    trusting.save(TrustChanged(TRUST, changed, "cli"))
    assert trust_in(trusting) == changed
    assert trusting.read(lookup).credential_version == changed.version
    assert conflicts(trusting, TrustChanged(TRUST, changed, "cli"))
    trusting.save(TrustRevoked(changed, disables=False, by="cli"))
    assert trusting.read(lookup).credential_version is None
    assert trusting.read(lookup).extension == SERVICE
    assert conflicts(trusting, TrustRevoked(changed, disables=False, by="cli"))


def test_service_extension_comes_and_goes_with_the_trust(store: Opened) -> None:
    """Made with it, disabled with it; its row stays, for past records name it."""
    store.save(IssuerTrusted(OWN, OWN_SERVICE, "cli"))
    seen = store.read(TrustOpening(APP.id, PROVEN._replace(trust=OWN)))
    assert seen.extension == OWN_SERVICE
    store.save(TrustRevoked(OWN, disables=True, by="cli"))
    again = OWN._replace(version=1)
    store.save(IssuerTrusted(again, None, "cli"))
    disabled = OWN_SERVICE._replace(status=ExtensionStatus.DISABLED, version=2)
    assert store.read(TrustOpening(APP.id, PROVEN._replace(trust=again))).extension == disabled


def test_act_sees_what_it_is_about(trusting: Opened) -> None:
    """Names taken by others, how many there are beside, and whether others stand on the same extension."""
    lookup = TrustActLookup(
        trust_id=RowId(1),
        account_id=ACCOUNT.id,
        client_id=APP.id,
        issuer=TRUST.issuer,
        name=TRUST.name,
        role_id=CUSTOM_ROLE.id,
        extension_id=SERVICE.id,
    )
    assert trusting.read(lookup) == TrustActFacts(
        NOW_MS, ACCOUNT, APP, CUSTOM_ROLE, SERVICE, None, name_taken=True, beside=2, shared=False
    )
    own = TrustActLookup(
        trust_id=TRUST.id, account_id=ACCOUNT.id, client_id=APP.id, issuer=TRUST.issuer, name=TRUST.name
    )
    # The allowance of the founding stands on the same service extension.
    assert trusting.read(own) == TrustActFacts(
        NOW_MS, ACCOUNT, APP, None, None, TRUST, name_taken=False, beside=1, shared=True
    )
    trusting.save(IssuerTrusted(OWN._replace(id=RowId(8_502), name="Own"), OWN_SERVICE, "cli"))
    alone = TrustActLookup(
        trust_id=RowId(8_502), account_id=ACCOUNT.id, client_id=APP.id, issuer="x", name="y", role_id=RoleId(404)
    )
    assert trusting.read(alone) == TrustActFacts(
        NOW_MS, ACCOUNT, APP, None, None, OWN._replace(id=RowId(8_502), name="Own"), name_taken=False, beside=0,
        shared=False,
    )  # fmt: skip
    trusting.save(IssuerTrusted(OWN._replace(id=RowId(8_503), name="Second"), None, "cli"))
    assert trusting.read(alone).shared


def test_list_shows_each_with_its_app_and_role(trusting: Opened) -> None:
    """Narrowed by account, app, id or name; by pages."""
    first, second = ListedTrust(TRUST, APP, CUSTOM_ROLE), ListedTrust(OTHER_TRUST, APP, None)
    both = TrustListFacts((first, second))
    assert trusting.read(TrustsListing()) == both
    assert trusting.read(TrustsListing(called=TRUST.name)) == both
    assert trusting.read(TrustsListing(client_id=APP.id)) == both
    for narrowed in (
        TrustsListing(account_id=ACCOUNT.id),
        TrustsListing(called=str(TRUST.id)),
        TrustsListing(rows=1),
    ):
        assert trusting.read(narrowed) == TrustListFacts((first,))
    assert trusting.read(TrustsListing(after=TRUST.id)) == TrustListFacts((second,))
    assert trusting.read(TrustsListing(client_id=OTHER_APP.id)) == TrustListFacts(())
