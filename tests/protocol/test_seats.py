"""Seats, told in small: a session is (its slot, the minute of its living generation)."""

import pytest

from callgate.model.changes import SessionEnded
from callgate.model.facts import Seated
from callgate.model.ids import RowId
from callgate.model.session import PENDING_SLOT_FIRST, EndReason, Session
from callgate.protocol.seats import Placed, Row, place_live, place_pending
from tests.factories import ACTIVE, MINUTE_MS, NOW_MS, PARTIES, PENDING, SECOND_MS, WEB, seated


def live(slot: int, *, minute: int | None = None, endpoint: str | None = None) -> Session:
    """A live session whose generation was made in some minute of the last hour."""
    made_ms = NOW_MS - 60 * MINUTE_MS + (slot if minute is None else minute) * MINUTE_MS
    return ACTIVE._replace(
        id=RowId(slot),
        slot=slot,
        opened_ms=made_ms,
        first_issued_ms=made_ms,
        issued_ms=made_ms,
        endpoint_id=endpoint or f"e{slot}",
    )


def code(place: int, *, second: int = 0) -> Session:
    """A code that is some seconds younger than half a minute."""
    opened_ms = NOW_MS - 30 * SECOND_MS + second * SECOND_MS
    return PENDING._replace(id=RowId(place), slot=PENDING_SLOT_FIRST + place, opened_ms=opened_ms, issued_ms=opened_ms)


def row(*seat: Seated, cap: int = 3) -> Row:
    """The seat of an app with this cap."""
    return Row(PARTIES._replace(client=WEB._replace(session_cap=cap)), seat, 0, NOW_MS)


def ended(session: Session, why: EndReason) -> SessionEnded:
    """An end by the app's own doing."""
    return SessionEnded(session, why, NOW_MS, WEB.id)


EVICTED, REPLACED, EXPIRED = EndReason.EVICTED, EndReason.REPLACED, EndReason.EXPIRED


@pytest.mark.parametrize(
    ("taken", "slot"), [((), 0), ((0,), 1), ((0, 1), 2), ((1, 2), 0), ((0, 2), 1), ((5,), 0), ((0, 7), 1)]
)
def test_lowest_free_slot_is_given_when_there_is_room(taken: tuple[int, ...], slot: int) -> None:
    """Slots under a unique index, not counts."""
    assert place_live(row(*seated(*map(live, taken))), endpoint_id=None) == Placed(slot, ())


@pytest.mark.requirement("must-not-break N.8")
def test_oldest_generation_is_evicted_when_every_slot_is_taken() -> None:
    """architecture.md: the next ends the one whose current generation is oldest, whichever was opened first."""
    first, second, third = live(0, minute=30), live(1, minute=10), live(2, minute=20)
    placed = place_live(row(*seated(first, second, third)), endpoint_id=None)
    assert placed == Placed(1, (ended(second, EVICTED),))


@pytest.mark.requirement("ruling 2")
def test_renewed_times_do_not_save_a_session_when_its_generation_is_oldest() -> None:
    """Ruling 2: a repeat renews times, not the generation."""
    old, young = live(0, minute=1)._replace(issued_ms=NOW_MS), live(1, minute=2)
    assert place_live(row(*seated(old, young), cap=2), endpoint_id=None) == Placed(0, (ended(old, EVICTED),))


def test_elder_row_is_evicted_when_generations_are_of_one_moment() -> None:
    """Whoever decides again decides the same."""
    assert place_live(row(*seated(live(1, minute=5), live(0, minute=5)), cap=2), endpoint_id=None) == Placed(
        0, (ended(live(0, minute=5), EVICTED),)
    )


@pytest.mark.requirement("ruling 4")
def test_endpoint_replaces_its_own_session_when_it_signs_in_again() -> None:
    """Ruling 4: a replaced session gives its slot to its successor, and nobody else rises."""
    seat = seated(live(0), live(1, endpoint="phone"), live(2))
    assert place_live(row(*seat), endpoint_id="phone") == Placed(1, (ended(seat[1].session, REPLACED),))


def test_endpoint_takes_a_seat_when_no_session_is_its_own() -> None:
    """protocol.md E.4."""
    seat = seated(live(0), live(1), live(2))
    assert place_live(row(*seat), endpoint_id="phone") == Placed(0, (ended(live(0), EVICTED),))


@pytest.mark.requirement("ruling 4")
@pytest.mark.parametrize("endpoint_id", [None, "phone"])
def test_nobody_is_evicted_when_a_session_is_over_by_comparison(endpoint_id: str | None) -> None:
    """Ruling 4: such a session frees its slot before anyone is evicted."""
    stale = Seated(live(1, minute=50, endpoint="phone"), 99)
    seat = (*seated(live(0)), stale, *seated(live(2)))
    over = ended(stale.session, EndReason.CREDENTIAL_CHANGED)
    assert place_live(row(*seat), endpoint_id=endpoint_id) == Placed(1, (over,))


def test_nobody_is_evicted_when_a_session_is_expired() -> None:
    """Both its tokens are dead: nothing is lost."""
    gone = live(0)._replace(access_ttl_s=600, refresh_ttl_s=600)
    seat = seated(gone, live(1), live(2))
    assert place_live(row(*seat), endpoint_id=None) == Placed(0, (ended(gone, EXPIRED),))


def test_all_above_the_cap_rise_when_it_was_lowered() -> None:
    """The newcomer's slot lies below the cap, so that the unique index holds it again."""
    seat = [live(slot) for slot in range(5)]
    placed = place_live(row(*seated(*seat), cap=2), endpoint_id=None)
    assert placed == Placed(0, tuple(ended(session, EVICTED) for session in seat[:4]))


def test_successor_moves_below_the_cap_when_it_was_lowered() -> None:
    """A slot above the cap is never given, not even to an endpoint's own successor."""
    high = live(4, endpoint="phone")
    assert place_live(row(*seated(live(0), high), cap=2), endpoint_id="phone") == Placed(1, (ended(high, REPLACED),))


def test_codes_and_sessions_do_not_count_against_each_other() -> None:
    """Slots of codes begin above every cap."""
    seat = seated(*map(live, range(3)), *map(code, range(5)))
    assert place_live(row(*seat), endpoint_id=None).changes == (ended(live(0), EVICTED),)
    assert place_pending(row(*seat)).changes == (ended(code(0), REPLACED),)


def test_code_gets_the_lowest_free_slot_when_there_is_room() -> None:
    """At most five codes wait."""
    assert place_pending(row()) == Placed(1000, ())
    assert place_pending(row(*seated(code(0), code(2)))) == Placed(1001, ())


def test_sixth_code_replaces_the_oldest() -> None:
    """architecture.md: at most 5 per (client, extension), the sixth replaces the oldest."""
    seat = [code(place, second=-place) for place in range(5)]
    assert place_pending(row(*seated(*seat))) == Placed(1004, (ended(seat[4], REPLACED),))


def test_expired_code_frees_its_slot_when_another_comes() -> None:
    """A code lives 60 seconds."""
    gone = code(3, second=-30)
    seat = seated(code(0), code(1), code(2), gone, code(4))
    assert place_pending(row(*seat)) == Placed(1003, (ended(gone, EXPIRED),))
