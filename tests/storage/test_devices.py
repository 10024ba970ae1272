"""Device codes on a real database: written once, answered once, used once, and counted where they wait."""

import pytest

from callgate.model.changes import ConsentGiven, PasswordChanged
from callgate.model.device import PENDING_PER_APP_MAX, PENDING_PER_NETWORK_MAX, DeviceCode, DeviceState
from callgate.model.device_grant import (
    DeviceApproved,
    DeviceAskLookup,
    DeviceCodeIssued,
    DeviceCodeUsed,
    DeviceDenied,
    DeviceHeldLookup,
    DeviceLookup,
    DeviceMoved,
    UserCodeLookup,
)
from callgate.model.ids import ClientId, RowId
from callgate.model.lookups import AuthorizeLookup
from callgate.storage.load_devices import WAITING
from tests.storage.engines import Opened, OpenedFile
from tests.storage.test_changes import conflicts
from tests.storage.world import (
    ACCOUNT,
    AGENT,
    APP,
    APPROVED,
    CONSENT,
    DEVICE,
    NOW_MS,
    OTHER_APP,
    PASSWORD_HASH,
)


def device_of(number: int) -> DeviceCode:
    """Another that waits."""
    return DEVICE._replace(id=RowId(10_000 + number), user_code=f"{number:08}".translate(_LETTERS))


_LETTERS = str.maketrans("0123456789", "BCDFGHJKLM")


def test_every_field_survives_the_way_to_the_disk_and_back(store: Opened) -> None:
    """Found by the row, and by what a person types."""
    store.save(DeviceCodeIssued(DEVICE))
    assert store.read(UserCodeLookup(DEVICE.user_code)).device == DEVICE
    assert store.read(AuthorizeLookup(APP.id, None, DEVICE.user_code)).device == DEVICE
    store.save(DeviceApproved(DEVICE, APPROVED))
    found = store.read(DeviceLookup(APP.id, DEVICE.id))
    assert found.device == APPROVED
    assert (found.opening.account, found.opening.extension) == (ACCOUNT, AGENT)
    assert found.opening.client == APP
    assert store.read(UserCodeLookup("ZZZZZZZZ")).device is None
    assert store.read(AuthorizeLookup(APP.id, None)).device is None


def test_poll_sees_no_person_while_nobody_has_answered(store: Opened) -> None:
    """And nothing at all of a row that is gone; the app is whoever asks."""
    store.save(DeviceCodeIssued(DEVICE))
    waiting = store.read(DeviceLookup(OTHER_APP.id, DEVICE.id))
    assert (waiting.device, waiting.opening.client, waiting.opening.extension) == (DEVICE, OTHER_APP, None)
    gone = store.read(DeviceLookup(APP.id, RowId(1)))
    assert (gone.device, gone.opening.client, gone.credential_version) == (None, APP, None)
    assert store.read(DeviceLookup(ClientId("nobody"), DEVICE.id)).opening.client is None


def test_credential_and_consent_are_those_of_today(store: Opened) -> None:
    """What was true when the person said yes is in the row; what is true now, beside it."""
    store.save(DeviceCodeIssued(DEVICE), DeviceApproved(DEVICE, APPROVED))
    found = store.read(DeviceLookup(APP.id, DEVICE.id))
    assert (found.credential_version, found.consent) == (AGENT.password_version, None)
    changed = AGENT._replace(password_version=AGENT.password_version + 1, version=AGENT.version + 1)
    store.save(ConsentGiven(CONSENT), PasswordChanged(AGENT, changed, PASSWORD_HASH + "x", "cli"))
    found = store.read(DeviceLookup(APP.id, DEVICE.id))
    assert (found.credential_version, found.consent) == (AGENT.password_version + 1, CONSENT)


def test_code_is_answered_once_and_used_once(store: Opened) -> None:
    """Of two browsers, or of two polls at once, one finds the row moved on."""
    store.save(DeviceCodeIssued(DEVICE), DeviceApproved(DEVICE, APPROVED))
    assert conflicts(store, DeviceApproved(DEVICE, APPROVED))
    assert conflicts(store, DeviceDenied(DEVICE, "1"))
    store.save(DeviceCodeUsed(APPROVED))
    assert conflicts(store, DeviceCodeUsed(APPROVED))


def test_user_code_is_one_devices(store: Opened) -> None:
    """The second is a conflict: its unit draws another."""
    store.save(DeviceCodeIssued(DEVICE))
    assert conflicts(store, DeviceCodeIssued(DEVICE._replace(id=RowId(10_001))))


def test_only_those_that_wait_are_counted_and_no_further_than_the_bound(store: Opened) -> None:
    """Expired, answered and foreign ones take nobody's place."""
    many = [device_of(number) for number in range(PENDING_PER_NETWORK_MAX + 3)]
    late = DEVICE._replace(expires_ms=NOW_MS)
    foreign = device_of(999)._replace(client_id=OTHER_APP.id, network="198.51.100.9")
    store.save(*map(DeviceCodeIssued, (*many, late, foreign)), DeviceDenied(many[0], "1"))
    asked = store.read(DeviceAskLookup(APP.id, DEVICE.network))
    assert (asked.client, asked.of_app, asked.of_network) == (APP, len(many) - 1, PENDING_PER_NETWORK_MAX)
    asked = store.read(DeviceAskLookup(OTHER_APP.id, "192.0.2.1"))
    assert (asked.of_app, asked.of_network) == (1, 0)
    assert len(many) < PENDING_PER_APP_MAX


@pytest.mark.parametrize("index", ["device_code_app", "device_code_network"])
def test_counting_walks_an_index_of_those_that_wait(embedded: OpenedFile, index: str) -> None:
    """Anybody may ask for codes; what was answered must not slow the asking."""
    plan = [str(row[3]) for row in embedded.rows(f"EXPLAIN QUERY PLAN {WAITING}", APP.id, NOW_MS, "x", NOW_MS)]
    assert any(index in line for line in plan), plan


def test_device_is_at_one_cell(store: Opened) -> None:
    """Handed over once; back home it waits again, and is counted among those that do."""
    away = DEVICE._replace(state=DeviceState.MOVED)
    assert not store.read(DeviceHeldLookup(DEVICE.id))
    store.save(DeviceCodeIssued(DEVICE))
    assert store.read(DeviceHeldLookup(DEVICE.id))
    store.save(DeviceMoved(DEVICE, away))
    assert not store.read(DeviceHeldLookup(DEVICE.id))
    assert store.read(UserCodeLookup(DEVICE.user_code)).device == away
    assert store.read(DeviceAskLookup(APP.id, DEVICE.network)).of_app == 0
    assert conflicts(store, DeviceMoved(DEVICE, away))
    assert conflicts(store, DeviceApproved(DEVICE, APPROVED))
    store.save(DeviceMoved(away, DEVICE))
    assert store.read(UserCodeLookup(DEVICE.user_code)).device == DEVICE
    assert store.read(DeviceAskLookup(APP.id, DEVICE.network)).of_app == 1
