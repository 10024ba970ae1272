"""The checker and its model: what they accept, and that they reject histories nobody could explain."""

from collections.abc import Callable
from itertools import permutations
from math import inf
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.races.arena import Arena, play
from tests.races.histories import History, record
from tests.races.linearizability import Operation, explain
from tests.races.spec import CAP, Model, Seat, seated

Counts = Callable[[int, int], int]
NAMES = tuple("abcde")


def op(kind: str, times: tuple[float, float], result: str | None, *, of: str = "a", generation: int = 1) -> Operation:
    """An operation on a session; numbered by `holds`."""
    return Operation(0, kind, "" if kind in {"login", "wait"} else of, generation, *times, result)


def holds(*operations: Operation, lenient: bool = True) -> bool:
    """Whether the model explains these, on a seat of five sessions, each in its first generation."""
    numbered = [each._replace(number=number) for number, each in enumerate(operations)]
    model = Model({each.number: each for each in numbered}, lenient=lenient)
    return explain(numbered, seated(NAMES), model.step).holds


FIRST, SECOND, THIRD, FOURTH = (1.0, 2.0), (3.0, 4.0), (5.0, 6.0), (7.0, 8.0)
LATER, WHILE_FIRST = (9.0, 10.0), (1.5, 1.6)
REFRESHED = op("refresh", FIRST, "pair 2")


@pytest.mark.parametrize(
    "history",
    [
        (REFRESHED, op("refresh", WHILE_FIRST, "pair 2"), op("use", SECOND, "superseded")),
        (REFRESHED, op("use", WHILE_FIRST, "ok")),
        (REFRESHED, op("use", WHILE_FIRST, "superseded")),
        (op("revoke", FIRST, "done"), op("refresh", WHILE_FIRST, "pair 2"), op("use", SECOND, "over revoked")),
        (op("revoke", FIRST, "done"), op("refresh", WHILE_FIRST, "over revoked")),
        (op("login", FIRST, "opened f"), op("use", SECOND, "over evicted"), op("use", SECOND, "ok", of="b")),
        (op("refresh", (1.0, inf), None), op("use", SECOND, "ok"), op("use", THIRD, "superseded")),
        (op("refresh", (1.0, inf), None), op("use", THIRD, "ok")),
        (op("login", (1.0, inf), None), op("use", SECOND, "ok"), op("use", THIRD, "over evicted")),
        (op("login", (1, 5), "opened f"), op("refresh", (1, 6), "pair 2"), op("use", (2, 3), "over evicted", of="b")),
        (REFRESHED, op("wait", SECOND, "", generation=1860), op("refresh", THIRD, "pair 2")),
    ],
)
def test_history_is_explained_when_some_order_gives_it(history: tuple[Operation, ...]) -> None:
    """Operations that meet may have come in either order; a lost one late, or never."""
    assert holds(*history)


@pytest.mark.parametrize(
    "history",
    [
        pytest.param((REFRESHED, op("use", SECOND, "ok")), id="the old access token lives on"),
        pytest.param((REFRESHED, op("refresh", SECOND, "pair 3")), id="a repeat made another pair"),
        pytest.param((REFRESHED, op("refresh", WHILE_FIRST, "odd: a second pair")), id="two pairs from one token"),
        pytest.param((REFRESHED, op("refresh", SECOND, "spent")), id="a repeat in its window is refused"),
        pytest.param((op("revoke", FIRST, "done"), op("use", SECOND, "ok")), id="alive after a revocation"),
        pytest.param((op("revoke", FIRST, "done"), op("refresh", SECOND, "pair 2")), id="refreshed after a revocation"),
        pytest.param((op("use", FIRST, "over revoked"),), id="ended by nobody"),
        pytest.param((op("login", FIRST, "opened f"), op("use", SECOND, "ok")), id="six sessions live"),
        pytest.param(
            (op("login", FIRST, "opened f"), op("use", SECOND, "over evicted", of="b")), id="a younger one evicted"
        ),
        pytest.param(
            (REFRESHED, op("refresh", SECOND, "pair 3", generation=2), op("refresh", THIRD, "pair 3")),
            id="a grandparent is answered",
        ),
        pytest.param(
            (
                REFRESHED,
                op("refresh", SECOND, "pair 3", generation=2),
                op("refresh", THIRD, "over replayed"),
                op("use", FOURTH, "ok", generation=3),
            ),
            id="alive after a replay",
        ),
        pytest.param(
            (
                REFRESHED,
                op("use", SECOND, "ok", generation=2),
                op("wait", THIRD, "", generation=11),
                op("refresh", FOURTH, "pair 2"),
            ),
            id="a repeat after its window",
        ),
        pytest.param(
            (
                REFRESHED,
                op("wait", SECOND, "", generation=1860),
                op("wait", THIRD, "", generation=1860),
                op("refresh", FOURTH, "pair 2"),
            ),
            id="an unused repeat after its hour",
        ),
        pytest.param(
            (op("wait", FIRST, "", generation=1860), op("wait", SECOND, "", generation=1860), op("use", THIRD, "ok")),
            id="used after its life",
        ),
        pytest.param((op("use", SECOND, "superseded"), op("refresh", (5.0, inf), None)), id="a lost one came early"),
        pytest.param((op("login", FIRST, "503 Unavailable"),), id="a login that fails"),
        pytest.param(
            (op("login", FIRST, "opened f"), op("login", WHILE_FIRST, "opened f")), id="two sessions of one name"
        ),
    ],
)
def test_history_is_rejected_when_no_order_gives_it(history: tuple[Operation, ...]) -> None:
    """Each would be a defect of the server."""
    assert not holds(*history)


_RESULTS = {
    "login": ("opened f", "opened g"),
    "refresh": ("pair 2", "pair 3", "over evicted", "over revoked", "over replayed", "spent"),
    "use": ("ok", "superseded", "expired", "over evicted", "over revoked", "over replayed"),
    "revoke": ("done",),
    "wait": ("",),
}


@st.composite
def operations(draw: st.DrawFn) -> Operation:
    """Any operation of two sessions, at any time, with any result it can have, or none."""
    kind = draw(st.sampled_from(sorted(_RESULTS)))
    called = draw(st.integers(0, 6))
    returned = called + draw(st.integers(0, 4)) + 0.5
    result: str | None = draw(st.sampled_from(_RESULTS[kind]))
    generation = draw(st.sampled_from((11, 1860))) if kind == "wait" else draw(st.integers(1, 2))
    if kind in {"login", "refresh", "revoke"} and draw(st.integers(0, 4)) == 0:
        returned, result = draw(st.sampled_from((returned, inf))), None
    return op(kind, (called, returned), result, of=draw(st.sampled_from("abf")), generation=generation)


@given(st.lists(operations(), max_size=6), st.booleans(), st.sampled_from((None, "a", "f")))
def test_search_finds_an_order_exactly_when_there_is_one(
    history: list[Operation], lenient: bool, family: str | None
) -> None:
    """Against every order of every choice of the lost ones, tried one after another."""
    mine = [each for each in history if family is None or each.session in {family, ""}]
    numbered = [each._replace(number=number) for number, each in enumerate(mine)]
    model = Model({each.number: each for each in numbered}, lenient=lenient, family=family)
    assert explain(numbered, seated(NAMES), model.step).holds == any(
        explained(order, seated(NAMES), model)
        for lost in subsets([each for each in numbered if each.returned == inf])
        for order in permutations([each for each in numbered if each.returned < inf] + lost)
    )


def subsets(lost: list[Operation]) -> list[list[Operation]]:
    """Every choice of these."""
    return [[each for place, each in enumerate(lost) if bits >> place & 1] for bits in range(1 << len(lost))]


def explained(order: tuple[Operation, ...], began: Seat, model: Model) -> bool:
    """Whether this very order keeps to the times, and gives the results."""
    if any(later.returned < earlier.called for place, earlier in enumerate(order) for later in order[place + 1 :]):
        return False
    states = {began}
    for each in order:
        states = {
            after for state in states for result, after in model.step(state, each) if each.result in {None, result}
        }
    return bool(states)


def test_late_repeat_ends_the_session_when_the_app_is_strict() -> None:
    """A public app's, or one with the switch; another's session goes on."""
    late = (REFRESHED, op("use", SECOND, "ok", generation=2), op("wait", THIRD, "", generation=11))
    ended = (op("refresh", FOURTH, "over replayed"), op("use", LATER, "over replayed", generation=2))
    spared = (op("refresh", FOURTH, "spent"), op("use", LATER, "ok", generation=2))
    assert holds(*late, *ended, lenient=False)
    assert holds(*late, *spared, lenient=True)
    assert not holds(*late, *ended, lenient=True)
    assert not holds(*late, *spared, lenient=False)


@pytest.mark.timeout(600)
def test_recorded_history_is_rejected_when_one_result_is_changed(arena: Arena, counts: Counts) -> None:
    """Each kind of lie, told once about a history that was explained: not one is believed."""
    seats = [(arena.seat("script", "runner6"), True), (arena.seat("strict", "runner10"), False)]
    told: set[str] = set()
    for seed in range(counts(5, 100)):
        for history in play(record(arena, seats, seed=seed)):
            assert history.explain().holds
            for name, operations in lies(history, Random(seed)):
                history.operations = operations
                assert not history.explain().holds, f"believed ({name}, seed {seed})"
                told.add(name)
    assert told == {"other generation", "another cause", "refused", "forgotten end"}


def lies(history: History, random: Random) -> list[tuple[str, list[Operation]]]:
    """The history with one result that cannot be, each in another way."""
    true = history.operations
    kinds: tuple[tuple[str, str, str, Callable[[Operation], str]], ...] = (
        ("other generation", "refresh", "pair ", _one_more),
        ("another cause", "refresh", "over ", lambda _: "over replaced"),
        ("refused", "login", "", lambda _: "503 CGT-190 Service Unavailable"),
        ("forgotten end", "use", "over revoked", lambda _: "expired"),
    )
    found: list[tuple[str, list[Operation]]] = []
    for name, kind, begins, lie in kinds:
        places = [
            place for place, op in enumerate(true) if op.kind == kind and op.result and op.result.startswith(begins)
        ]
        if places:
            place = random.choice(places)
            found.append((name, [*true[:place], true[place]._replace(result=lie(true[place])), *true[place + 1 :]]))
    return found


def _one_more(op: Operation) -> str:
    assert op.result
    return f"pair {int(op.result.split()[1]) + 1}"


def test_many_operations_of_few_clients_are_explained_soon() -> None:
    """A thousand operations of four clients: the search remembers where it has been."""
    random, operations, generation = Random(1), [], 1
    for number in range(250):
        for client in range(4):
            called = number + client * 0.01
            times = (called, called + 0.5)
            operations.append(op("refresh", times, f"pair {generation + 1}", generation=generation))
        generation += 1
    random.shuffle(operations)
    assert len(operations) == 1000
    assert holds(*operations)
    assert not holds(*operations, op("use", (500, 501), "ok", generation=CAP))
