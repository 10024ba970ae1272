import itertools
from collections.abc import Iterator

import pytest

from callgate.admin.roster import Member, Next, Roster, Stage, Step, next_step, pause_s

SERVING, WAITING, BEGINNING, OPENING, ENDING = (
    Stage.SERVING,
    Stage.WAITING,
    Stage.BEGINNING,
    Stage.OPENING,
    Stage.ENDING,
)


def roster(*members: Member, wanted: int = 2, alone: bool = False, refused: bool = False) -> Roster:
    """A roster of these; two are wanted."""
    return Roster(members, wanted, alone=alone, refused=refused)


def former(number: int, stage: Stage = SERVING) -> Member:
    """One from before a reload."""
    return Member(number, stage, former=True)


CASES = {
    "the first is started": (roster(), Next(Step.START, 1)),
    "one begins at a time": (roster(Member(1, BEGINNING)), None),
    "one that is made ready is admitted": (roster(Member(1, WAITING)), Next(Step.ADMIT, 1)),
    "one opens at a time": (roster(Member(1, OPENING)), None),
    "the second follows when the first serves": (roster(Member(1, SERVING)), Next(Step.START, 2)),
    "all serve": (roster(Member(1, SERVING), Member(2, SERVING)), None),
    "the number of one that died is free": (roster(Member(2, SERVING)), Next(Step.START, 1)),
    "one that ends has its number still": (roster(Member(1, ENDING), Member(2, SERVING)), Next(Step.START, 3)),
    "after a reload the new begins beside the former": (roster(former(1), former(2)), Next(Step.START, 3)),
    "a former one goes when a new one serves": (
        roster(former(1), former(2), Member(3, SERVING)),
        Next(Step.DISMISS, 1),
    ),
    "the second new one follows": (roster(former(1, ENDING), former(2), Member(3, SERVING)), Next(Step.START, 4)),
    "former ones beyond the number go at once": (roster(former(1), former(2), wanted=1), Next(Step.DISMISS, 1)),
    "the former stay when the new do not come up": (roster(former(1), former(2), refused=True), None),
    "one of the former that died is replaced even so": (roster(former(1), refused=True), Next(Step.START, 2)),
    "alone: the new one begins beside the former": (roster(former(1), wanted=1, alone=True), Next(Step.START, 2)),
    "alone: the former serves while the new one begins": (
        roster(former(1), Member(2, BEGINNING), wanted=1, alone=True),
        None,
    ),
    "alone: the former goes when the new one waits": (
        roster(former(1), Member(2, WAITING), wanted=1, alone=True),
        Next(Step.DISMISS, 1),
    ),
    "alone: the new one waits until the former is gone": (
        roster(former(1, ENDING), Member(2, WAITING), wanted=1, alone=True),
        None,
    ),
    "alone: then it is admitted": (roster(Member(2, WAITING), wanted=1, alone=True), Next(Step.ADMIT, 2)),
}


@pytest.mark.parametrize("name", CASES)
def test_next_step_is_the_one_that_is_due(name: str) -> None:
    """Each case by itself; assurance.md R12, R13."""
    given, due = CASES[name]
    assert next_step(given, may_start=True) == due


@pytest.mark.parametrize("name", CASES)
def test_everybody_is_dismissed_when_the_server_stops(name: str) -> None:
    """Whatever was under way; those that end already are not told twice."""
    given = CASES[name][0]._replace(stopping=True)
    assert not given.is_settled, "nobody is told that it is ready"
    step = next_step(given, may_start=True)
    staying = [member.number for member in given.members if member.stage is not ENDING]
    assert step == (Next(Step.DISMISS, staying[0]) if staying else None)


def test_nobody_is_started_when_a_pause_is_kept() -> None:
    """Deaths at once are followed by pauses, each at least as long as the one before, none of them endless."""
    assert next_step(roster(), may_start=False) is None
    pauses = [pause_s(deaths) for deaths in range(1, 20)]
    assert pauses[0] == 0
    assert pauses == sorted(pauses)
    assert pauses[-1] == pauses[-2] == 5


@pytest.mark.parametrize("alone", [False, True])
@pytest.mark.parametrize("wanted", [1, 2, 3])
def test_reload_ends_with_new_workers_whatever_the_order(wanted: int, alone: bool) -> None:
    """Steps and what follows from them, in every order up to a depth: never two alone, never fewer than were wanted."""
    if alone and wanted > 1:
        return
    begun = Roster(tuple(former(number) for number in range(1, wanted + 1)), wanted, alone=alone)
    seen, frontier = {begun}, [begun]
    ends = 0
    while frontier:
        here = frontier.pop()
        nexts = set(successors(here))
        ends += not nexts
        if not nexts:
            assert here.is_settled
        frontier += nexts - seen
        seen |= nexts
        holding = [each for each in here.members if each.stage in {SERVING, OPENING, ENDING}]
        serving = [each for each in here.members if each.stage is SERVING]
        assert len(holding) <= 1 if alone else len(serving) >= wanted
    assert ends


def successors(here: Roster) -> Iterator[Roster]:
    """What can come next: the step that is due, at once, or else what any worker may do."""
    step = next_step(here, may_start=True)
    if step is not None:
        moved = {Step.ADMIT: OPENING, Step.DISMISS: ENDING}
        if step.step is Step.START:
            yield here._replace(members=(*here.members, Member(step.number, BEGINNING)))
        else:
            yield with_stage(here, step.number, moved[step.step])
        return
    forward = {BEGINNING: WAITING, OPENING: SERVING}
    for member in here.members:
        if member.stage in forward:
            yield with_stage(here, member.number, forward[member.stage])
        elif member.stage is ENDING:
            yield here._replace(members=tuple(each for each in here.members if each != member))


def with_stage(here: Roster, number: int, stage: Stage) -> Roster:
    """The same roster, with one of them further."""
    members = (each._replace(stage=stage) if each.number == number else each for each in here.members)
    return here._replace(members=tuple(members))


def test_numbers_are_never_shared() -> None:
    """A number names an audit chain, which has one writer at a time."""
    for stages in itertools.product(Stage, repeat=3):
        given = roster(*(Member(number, stage) for number, stage in enumerate(stages, 1)), wanted=4)
        step = next_step(given, may_start=True)
        if step is not None and step.step is Step.START:
            assert step.number == 4
