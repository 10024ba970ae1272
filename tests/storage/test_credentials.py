"""JWT credentials replaced and about to expire, on a real database; and what the log says of these."""

import json

import pytest

from callgate.model.credential import CredentialReplaced
from callgate.model.ids import RowId
from callgate.model.listings import CredentialsListing
from callgate.model.radar import ExpiringLookup
from callgate.service.clock import Clock
from callgate.service.expiry import LOOK_S, Warner
from callgate.service.log import open_log
from callgate.storage.load_listings import EXPIRING
from tests.storage.engines import Opened
from tests.storage.test_changes import conflicts
from tests.storage.world import ACCOUNT, CREDENTIAL, NOW_MS

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


def test_those_that_expire_in_a_span_are_found_by_an_index(store: Opened) -> None:
    """Its beginning excluded, its end included; what has a successor needs nobody."""
    store.save(CredentialReplaced(CREDENTIAL, REPLACED, SUCCESSOR, "cli"))
    for span, found in (((UNTIL_MS - 1, UNTIL_MS), (SUCCESSOR,)), ((UNTIL_MS, UNTIL_MS + 1), ())):
        assert store.read(ExpiringLookup(*span)).credentials == found
    assert store.read(ExpiringLookup(UNTIL_MS - 2, UNTIL_MS - 1)).credentials == ()
    plan = [str(row[3]) for row in store.rows(f"EXPLAIN QUERY PLAN {EXPIRING}", 0, 1)]
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
