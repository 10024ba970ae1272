"""Locks and familiar networks on the disk: kept, lengthened, lifted, bounded, swept."""

import pytest

from callgate.model.account import Extension, LoginName
from callgate.model.guesses import (
    DAY_MS,
    EVERYWHERE,
    FAMILIAR_MAX,
    FAMILIAR_MS,
    GuessFacts,
    GuessLookup,
    Lock,
    LocksFacts,
    LocksLifted,
    LocksLookup,
    NamedSubject,
    NetworkBecameFamiliar,
    OwnNamesLookup,
    SubjectLocked,
)
from callgate.model.lookups import LoginLookup
from callgate.protocol.administer.locks import subjects_of
from callgate.protocol.guesses import subject_of
from callgate.storage.expiry import SWEEP_GRACE_MS
from callgate.storage.sweep import sweep_due
from tests.storage.engines import Opened
from tests.storage.world import ACCOUNT, ADMIN, AGENT, AGENT_NUMBER, NOW_MS

SUBJECT, OTHER = b"s" * 32, b"o" * 32
NETWORK = "192.0.2.1"
LOCK = Lock(SUBJECT, NETWORK, NOW_MS, NOW_MS + 900_000, 1)


def test_lock_is_found_for_its_subject_and_network_alone(store: Opened) -> None:
    """That of all strangers beside it."""
    strangers = Lock(SUBJECT, EVERYWHERE, NOW_MS, NOW_MS + DAY_MS, 1)
    store.save(SubjectLocked(LOCK), SubjectLocked(strangers))
    assert store.read(GuessLookup(SUBJECT, NETWORK)) == GuessFacts(NOW_MS, LOCK, strangers, None)
    assert store.read(GuessLookup(SUBJECT, "192.0.2.2")) == GuessFacts(NOW_MS, None, strangers, None)
    assert store.read(GuessLookup(OTHER, NETWORK)) == GuessFacts(NOW_MS, None, None, None)


def test_later_lock_takes_the_place_of_an_earlier_one_and_never_the_other_way_round(store: Opened) -> None:
    """Two processes may write theirs in either order."""
    later = LOCK._replace(locked_ms=NOW_MS + 5, until_ms=NOW_MS + 5_000_000, locks=2)
    store.save(SubjectLocked(LOCK))
    store.save(SubjectLocked(later))
    store.save(SubjectLocked(LOCK))
    assert store.read(GuessLookup(SUBJECT, NETWORK)).lock == later


def test_lifted_lock_is_over_and_says_since_when(store: Opened) -> None:
    """Its row stays, for what was counted before is to count no more."""
    store.save(SubjectLocked(LOCK))
    listed = store.read(LocksLookup((SUBJECT, OTHER)))
    assert listed == LocksFacts(NOW_MS, (LOCK,))
    at_ms = NOW_MS + 10
    store.clock.now_ms = at_ms
    store.save(LocksLifted(ACCOUNT.id, AGENT.id, listed.locks, at_ms, "cli"))
    assert store.read(LocksLookup((SUBJECT, OTHER))).locks == ()
    assert store.read(GuessLookup(SUBJECT, NETWORK)).lock == Lock(SUBJECT, NETWORK, at_ms, at_ms, 0)


def test_latest_networks_of_a_subject_are_remembered(store: Opened) -> None:
    """As many as a person has; whoever is somewhere else every day fills no disk."""
    for number in range(FAMILIAR_MAX + 5):
        store.save(NetworkBecameFamiliar(SUBJECT, f"192.0.2.{number}", NOW_MS + number))
    store.save(NetworkBecameFamiliar(OTHER, NETWORK, NOW_MS))
    seen = [store.read(GuessLookup(SUBJECT, f"192.0.2.{number}")).familiar_ms for number in range(FAMILIAR_MAX + 5)]
    assert seen == [None] * 5 + [NOW_MS + number for number in range(5, FAMILIAR_MAX + 5)]
    store.save(NetworkBecameFamiliar(SUBJECT, "192.0.2.5", NOW_MS + 100))
    store.save(NetworkBecameFamiliar(SUBJECT, "192.0.2.5", NOW_MS))
    assert store.read(GuessLookup(SUBJECT, "192.0.2.5")).familiar_ms == NOW_MS + 100
    assert store.read(GuessLookup(OTHER, NETWORK)).familiar_ms == NOW_MS


def test_locks_and_networks_are_swept(store: Opened) -> None:
    """A lock a day after its end, when it lengthens no other any more; a network after 90 days."""
    store.save(SubjectLocked(LOCK), NetworkBecameFamiliar(SUBJECT, NETWORK, NOW_MS))
    for end_ms, left in ((LOCK.until_ms + DAY_MS, (1, 1)), (NOW_MS + FAMILIAR_MS, (0, 1))):
        store.await_(sweep_due(store.store, end_ms + SWEEP_GRACE_MS))
        assert _rows(store) == left
        swept = store.await_(sweep_due(store.store, end_ms + SWEEP_GRACE_MS + 1))
        assert swept.guesses == 1
    assert _rows(store) == (0, 0)


@pytest.mark.parametrize(
    ("person", "logins"),
    [
        (
            AGENT,
            [
                LoginName(AGENT.email, None, None),
                LoginName(None, "12025550100", "102"),
                LoginName(None, AGENT_NUMBER, "102"),
                LoginName(None, AGENT_NUMBER, None),
            ],
        ),
        (ADMIN, [LoginName(None, "12025550100", None), LoginName(None, "12025550100", "101")]),
    ],
)
def test_every_login_name_of_a_person_is_a_subject_of_theirs(
    store: Opened, person: Extension, logins: list[LoginName]
) -> None:
    """What is lifted for a person is lifted for each name that leads to them."""
    subjects = subjects_of(person, store.read(OwnNamesLookup(ACCOUNT.id, person.id)))
    for login in logins:
        facts = store.read(LoginLookup(login))
        assert facts.extension == person
        assert subject_of(NamedSubject(login, facts.company_id)) in subjects


def _rows(store: Opened) -> tuple[int, int]:
    counts = [store.rows(f"SELECT count(*) FROM {table}")[0][0] for table in ("guess_lock", "familiar_network")]
    return int(str(counts[0])), int(str(counts[1]))
