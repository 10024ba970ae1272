"""What is remembered of refusals: bounded, and no app's at another's expense."""

import asyncio

import pytest

from callgate.model import faults
from callgate.model.decisions import Denied
from callgate.model.ids import ClientId
from callgate.service.events import EXPLANATIONS_MAX, Events
from callgate.service.log import open_log
from callgate.service.retold import Explanation

DENIED = Denied(fault=faults.CLIENT_UNPROVEN, why="first")


@pytest.fixture
def events() -> Events:
    """Nothing was refused yet."""
    return Events(open_log("critical", for_people=False))


def explained(events: Events, request_id: str, *, app: str = "app") -> Explanation | None:
    """What an app learns, of a process that is alone."""
    return asyncio.run(events.explain(request_id, ClientId(app)))


def refuse(events: Events, request_id: str, *, app: str | None) -> None:
    """A refusal."""
    events.denied("token", DENIED, request_id=request_id, client_id=ClientId(app) if app else None, at_ms=1)


def test_explanation_stays_when_nobody_known_floods(events: Events) -> None:
    """Refusals of no known app can be asked for by nobody: they must not push out those that can."""
    refuse(events, "kept", app="app")
    for number in range(EXPLANATIONS_MAX + 1):
        refuse(events, str(number), app=None)
    assert explained(events, "kept") is not None
    assert explained(events, "0") is None


def test_explanation_stays_when_requests_are_refused_in_another_apps_name(events: Events) -> None:
    """An app's id is public, and enough to have its requests refused: a flood pushes out its own."""
    refuse(events, "first", app="app")
    for number in range(3 * EXPLANATIONS_MAX):
        refuse(events, f"flood {number}", app="flooded")
    refuse(events, "second", app="app")
    kept = [number for number in range(3 * EXPLANATIONS_MAX) if explained(events, f"flood {number}", app="flooded")]
    assert explained(events, "first")
    assert explained(events, "second")
    assert len(kept) + 2 == EXPLANATIONS_MAX
    assert kept[-1] == 3 * EXPLANATIONS_MAX - 1


def test_oldest_explanation_goes_when_many_apps_share_the_room(events: Events) -> None:
    """No app has more than its share: what is oldest is asked for least."""
    for number in range(EXPLANATIONS_MAX + 3):
        refuse(events, str(number), app=f"app {number}")
    assert [number for number in range(5) if explained(events, str(number), app=f"app {number}")] == [3, 4]
    assert explained(events, str(EXPLANATIONS_MAX + 2), app=f"app {EXPLANATIONS_MAX + 2}")


def test_explanation_is_the_last_when_one_request_is_refused_twice(events: Events) -> None:
    """A form that is refused and then cannot be shown again has one id, and room is made for it once."""
    refuse(events, "twice", app="app")
    again = Denied(fault=faults.BODY_TOO_LARGE, why="then")
    events.denied("authorize", again, request_id="twice", client_id=ClientId("app"), at_ms=2)
    found = explained(events, "twice")
    assert found
    assert found.why == "then"
    for number in range(2 * EXPLANATIONS_MAX):
        refuse(events, str(number), app="app")
    assert explained(events, "twice") is None
