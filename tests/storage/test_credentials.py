"""JWT credentials replaced and about to expire, on a real database; and what the log says of these."""

import json

import pytest

from callgate.model.acts import CredentialActLookup
from callgate.model.changes import SignInStarted
from callgate.model.client import ClientStatus, GrantType
from callgate.model.credential import CredentialReplaced
from callgate.model.ids import ClientId, ExtensionId, RowId
from callgate.model.jwt_credentials import (
    CredentialListFacts,
    CredentialListLookup,
    CredentialOfFacts,
    CredentialOfLookup,
    OwnCredentialLookup,
    OwnCredentialsLookup,
)
from callgate.model.listings import AppsListing, CredentialsListing
from callgate.model.paging import Page
from callgate.model.radar import ExpiringLookup
from callgate.service.clock import Clock
from callgate.service.expiry import LOOK_S, Warner
from callgate.service.log import open_log
from callgate.storage.load_listings import EXPIRING
from tests.storage.engines import Opened, OpenedFile
from tests.storage.test_changes import conflicts
from tests.storage.world import (
    ACCOUNT,
    AGENT,
    APP,
    CREDENTIAL,
    CREDENTIAL_FOR_ALL,
    NOW_MS,
    OTHER_ACCOUNT,
    SIGN_IN,
)

DAY_MS = 24 * 3600 * 1000
UNTIL_MS = NOW_MS + 7 * DAY_MS + 1234
REPLACED = CREDENTIAL._replace(expires_ms=UNTIL_MS, replaced_ms=NOW_MS)
SUCCESSOR = CREDENTIAL._replace(id=RowId(9_400), sha256=b"another hash", expires_ms=UNTIL_MS)


def test_successor_stands_beside_the_one_it_replaces(store: Opened) -> None:
    """Once."""
    store.save(CredentialReplaced(CREDENTIAL, REPLACED, SUCCESSOR, "cli"))
    listed = store.read(CredentialsListing(account_id=ACCOUNT.id)).credentials
    assert {REPLACED, SUCCESSOR} <= set(listed)
    again = SUCCESSOR._replace(id=RowId(9_401), sha256=b"a third hash")
    assert conflicts(store, CredentialReplaced(CREDENTIAL, REPLACED, again, "cli"))


def test_those_that_expire_in_a_span_are_found_by_an_index(embedded: OpenedFile) -> None:
    """Its beginning excluded, its end included; what has a successor needs nobody."""
    embedded.save(CredentialReplaced(CREDENTIAL, REPLACED, SUCCESSOR, "cli"))
    for span, found in (((UNTIL_MS - 1, UNTIL_MS), (SUCCESSOR,)), ((UNTIL_MS, UNTIL_MS + 1), ())):
        assert embedded.read(ExpiringLookup(*span)).credentials == found
    assert embedded.read(ExpiringLookup(UNTIL_MS - 2, UNTIL_MS - 1)).credentials == ()
    plan = [str(row[3]) for row in embedded.rows(f"EXPLAIN QUERY PLAN {EXPIRING}", 0, 1)]
    assert any("jwt_credential_expiry" in line for line in plan), plan


def test_log_warns_once_at_each_mark(store: Opened, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """30 days, 7 days and one day before, by hourly looks: here seven days before, and not an hour later."""
    clock = Clock()
    due = SUCCESSOR._replace(expires_ms=clock.now_ms() + 7 * DAY_MS - 60_000)
    store.save(CredentialReplaced(CREDENTIAL, REPLACED, due, "cli"))
    warner = Warner(store.store, clock, open_log("warning", for_people=False))
    store.await_(warner.warn())
    [line] = capsysbinary.readouterr().err.splitlines()
    told = json.loads(line)
    assert (told["event"], told["outcome"]) == ("credentials", "expiring")
    assert (told["days"], told["credential_id"]) == (7, due.id)
    clock.advance(LOOK_S)
    store.await_(warner.warn())
    assert capsysbinary.readouterr().err == b""


def test_act_sees_the_person_the_apps_and_how_many_there_are(store: Opened) -> None:
    """The apps named, or those that the credential is for already."""
    known, unknown = APP.id, ClientId("no such app")
    lookup = CredentialActLookup(
        extension_id=AGENT.id, credential_id=RowId(1), client_ids=frozenset({known, unknown}), giver_id=AGENT.id
    )
    facts = store.read(lookup)
    assert (facts.account, facts.extension, facts.credential) == (ACCOUNT, AGENT, None)
    assert (facts.unknown_apps, facts.apps, facts.held) == ((unknown,), (APP,), 2)
    assert facts.role is not None
    assert facts.giver == facts.role
    there = store.read(CredentialActLookup(extension_id=AGENT.id, credential_id=CREDENTIAL.id))
    assert (there.credential, there.giver) == (CREDENTIAL, None)
    assert frozenset(app.id for app in there.apps) == CREDENTIAL.client_ids
    nobody = store.read(CredentialActLookup(extension_id=ExtensionId(1), credential_id=CREDENTIAL.id))
    assert (nobody.account, nobody.credential, nobody.role, nobody.held) == (None, None, None, 0)


def test_credentials_are_listed_by_pages_and_found_by_their_person(store: Opened) -> None:
    """In the order in which they were made; another account's path finds none."""
    page = CredentialListLookup(ACCOUNT.id, AGENT.id, Page(2, 1))
    assert store.read(page) == CredentialListFacts((CREDENTIAL_FOR_ALL,), 2)
    assert store.read(CredentialListLookup(OTHER_ACCOUNT.id, AGENT.id, Page())) == CredentialListFacts((), 0)
    mine = CredentialOfLookup(ACCOUNT.id, AGENT.id, CREDENTIAL.id)
    assert store.read(mine) == CredentialOfFacts(store.clock.now_ms, CREDENTIAL)
    for other in (
        CredentialOfLookup(OTHER_ACCOUNT.id, AGENT.id, CREDENTIAL.id),
        CredentialOfLookup(ACCOUNT.id, AGENT.id, RowId(1)),
    ):
        assert store.read(other).credential is None


def test_browser_sees_its_persons_credentials_and_the_apps_that_take_them(store: Opened) -> None:
    """The newest first; an app without the grant is not offered, nor a blocked one. Nobody signed in sees nothing."""
    store.save(SignInStarted(SIGN_IN))
    facts = store.read(OwnCredentialsLookup((ACCOUNT.id, SIGN_IN.id)))
    assert facts.browser.extension == AGENT
    assert facts.credentials == (CREDENTIAL_FOR_ALL, CREDENTIAL)
    assert all(GrantType.JWT_BEARER in app.grants for app in facts.apps)
    assert {app.id for app in facts.apps} == {
        app.id
        for app in store.read(AppsListing(account_id=ACCOUNT.id, rows=100)).apps
        if GrantType.JWT_BEARER in app.grants and app.status is ClientStatus.ACTIVE
    }
    one = store.read(OwnCredentialLookup((ACCOUNT.id, SIGN_IN.id), CREDENTIAL.id))
    assert (one.act.credential, one.act.giver) == (CREDENTIAL, one.browser.role)
    gone = OwnCredentialsLookup((ACCOUNT.id, RowId(1)))
    assert (store.read(gone).credentials, store.read(gone).apps) == ((), ())
    assert store.read(OwnCredentialLookup((ACCOUNT.id, RowId(1)), CREDENTIAL.id)).act.credential is None
