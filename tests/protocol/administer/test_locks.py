"""Lifting the locks of a person's login names."""

from callgate.model.acts import Refused
from callgate.model.decisions import Done
from callgate.model.guesses import Lock, LocksFacts, LocksLifted, OwnNamesFacts
from callgate.protocol.administer.locks import lift, subjects_of
from tests.factories import AGENT, NOW_MS

LOCK = Lock(b"s" * 32, "192.0.2.1", NOW_MS - 5, NOW_MS + 5, 1)


def test_all_there_are_are_lifted_at_once() -> None:
    """As of now, by whoever did it."""
    other = LOCK._replace(network="*")
    decision = lift(AGENT, facts=LocksFacts(NOW_MS, (LOCK, other)), by="cli")
    assert decision == Done((LocksLifted(AGENT.account_id, AGENT.id, (LOCK, other), NOW_MS, "cli"),))


def test_nothing_to_lift_is_said() -> None:
    """Whoever typed another person's name learns it."""
    assert isinstance(lift(AGENT, facts=LocksFacts(NOW_MS, ()), by="cli"), Refused)


def test_person_is_guessed_at_by_each_name_there_is() -> None:
    """By address, number of the company with extension, and direct numbers; by none that is not there."""
    names = OwnNamesFacts(("12025550102", "12025550103"))
    company = f"login:account {AGENT.account_id}"
    assert subjects_of(AGENT._replace(email="Ben@Example.com", number="102"), names) == (
        "login:ben@example.com",
        f"{company}*102",
        "login:+12025550102",
        "login:+12025550103",
    )
    assert subjects_of(AGENT._replace(email=None, number=None), OwnNamesFacts(())) == ()
