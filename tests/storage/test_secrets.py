"""Two secrets of one app on a real database."""

from callgate.model.client_secret import (
    FormerSecretRetired,
    SecretActLookup,
    SecretDates,
    SecretRotated,
    SecretUsed,
)
from callgate.model.ids import ClientId
from callgate.model.lookups import ClientLookup
from tests.storage.engines import Opened
from tests.storage.test_changes import conflicts
from tests.storage.world import APP, KEYS, NOW_MS

NEW = KEYS._replace(secret_sha256=b"a new hash", sealed_secret=b"newly sealed")
SECOND, THIRD = APP._replace(version=2), APP._replace(version=3)
LATER_MS = NOW_MS + 1000


def dates_of(store: Opened) -> SecretDates:
    """What is known of them."""
    return store.read(SecretActLookup(APP.id)).dates


def test_former_secret_stays_with_its_last_use(store: Opened) -> None:
    """And the new one begins without any."""
    store.save(SecretUsed(APP, former=False, at_ms=NOW_MS))
    assert dates_of(store) == SecretDates(None, NOW_MS, None, None)
    store.save(SecretRotated(APP, SECOND, NEW, LATER_MS, NOW_MS, "cli"))
    assert dates_of(store) == SecretDates(NOW_MS, None, LATER_MS, NOW_MS)
    client, keys = store.read(ClientLookup(APP.id))
    assert client == SECOND
    assert keys == NEW._replace(
        former_sha256=KEYS.secret_sha256, former_sealed=KEYS.sealed_secret, former_until_ms=LATER_MS
    )
    store.save(SecretUsed(SECOND, former=False, at_ms=LATER_MS), SecretUsed(SECOND, former=True, at_ms=LATER_MS))
    assert dates_of(store) == SecretDates(NOW_MS, LATER_MS, LATER_MS, LATER_MS)


def test_nothing_is_left_of_a_secret_that_is_over(store: Opened) -> None:
    """Retired, or replaced without an overlap."""
    store.save(SecretRotated(APP, SECOND, NEW, LATER_MS, NOW_MS, "cli"), FormerSecretRetired(SECOND, THIRD, "cli"))
    assert store.read(ClientLookup(APP.id)) == (THIRD, NEW)
    assert dates_of(store) == SecretDates(NOW_MS, None, None, None)
    store.save(SecretRotated(THIRD, APP._replace(version=4), KEYS, None, LATER_MS, "cli"))
    assert store.read(ClientLookup(APP.id)).keys == KEYS


def test_use_is_not_noted_for_an_app_that_changed_meanwhile(store: Opened) -> None:
    """The secret it was may be the former by now."""
    store.save(SecretRotated(APP, SECOND, NEW, LATER_MS, NOW_MS, "cli"))
    store.save(SecretUsed(APP, former=False, at_ms=LATER_MS))
    assert dates_of(store).used_ms is None


def test_change_meets_a_newer_app(store: Opened) -> None:
    """Two operators at once."""
    store.save(SecretRotated(APP, SECOND, NEW, None, NOW_MS, "cli"))
    assert conflicts(store, SecretRotated(APP, SECOND, NEW, None, NOW_MS, "cli"))
    assert conflicts(store, FormerSecretRetired(APP, SECOND, "cli"))


def test_nothing_is_known_of_no_app(store: Opened) -> None:
    """Nor is it an error."""
    facts = store.read(SecretActLookup(ClientId("nobody")))
    assert (facts.client, facts.dates) == (None, SecretDates(None, None, None, None))
