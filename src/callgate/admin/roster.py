"""Who serves, who begins and who goes: what a supervisor does next, judged by what it knows and nothing else.

Workers begin one after the other, so that the first migrates, makes keys and roles alone. After a reload each one that
is ready lets one of the former go. Where one process alone may have the database, the former goes before the new one
opens it; until then the new one has done all that can go wrong without it.
"""

from enum import Enum
from typing import Final, NamedTuple

LASTING_S: Final = 10.0
"""A worker that served this long did not die at once."""

TRIES_MAX: Final = 5
"""Deaths at once, one after another, before nobody is started any more, if nobody serves."""

_PAUSES_S: Final = (0.0, 0.2, 0.5, 1.0)
_PAUSE_S_MAX: Final = 5.0


class Stage(Enum):
    """How far a worker is."""

    BEGINNING = "beginning"
    WAITING = "waiting"
    """For the word that the database is its own."""

    OPENING = "opening"
    SERVING = "serving"
    ENDING = "ending"


class Member(NamedTuple):
    """A worker as the roster has it; `former` ones are of the code and the settings before a reload."""

    number: int
    stage: Stage
    former: bool = False


class Step(Enum):
    """What can be done next."""

    START = "start"
    """One more worker."""

    ADMIT = "admit"
    """Let a waiting one open the database."""

    DISMISS = "dismiss"
    """Have one end when it has answered."""


class Next(NamedTuple):
    """A step, and whom it concerns; a START has the new one's number."""

    step: Step
    number: int


class Roster(NamedTuple):
    """Every worker there is, and what is wanted of them.

    `alone`: the database is one process's. `refused`: the new ones do not come up, so that the former stay.
    """

    members: tuple[Member, ...]
    wanted: int
    alone: bool
    stopping: bool = False
    refused: bool = False

    @property
    def is_settled(self) -> bool:
        """Whether everybody wanted serves, nobody else is there, and none is to end."""
        served = [each.stage is Stage.SERVING and not each.former for each in self.members]
        return not self.stopping and len(served) == self.wanted and all(served)


def next_step(roster: Roster, *, may_start: bool) -> Next | None:
    """The step that is due, or None. `may_start` is false while a pause is kept."""
    staying = [each for each in roster.members if each.stage is not Stage.ENDING]
    if roster.stopping:
        return Next(Step.DISMISS, staying[0].number) if staying else None
    former = [each for each in staying if each.former]
    current = [each for each in staying if not each.former]
    waiting = [each for each in current if each.stage is Stage.WAITING]
    if waiting and roster.alone and former:
        return Next(Step.DISMISS, former[0].number)
    if waiting and not (roster.alone and len(roster.members) > 1):
        return Next(Step.ADMIT, waiting[0].number)
    serving = [each for each in current if each.stage is Stage.SERVING]
    if former and len(serving) + len(former) > roster.wanted:
        return Next(Step.DISMISS, former[0].number)
    places = roster.wanted - len(former) if roster.refused else roster.wanted
    if may_start and len(serving) == len(current) < places:
        return Next(Step.START, _free_number(roster.members))
    return None


def pause_s(deaths: int) -> float:
    """How long to wait before the next start, after so many deaths at once."""
    return _PAUSES_S[deaths - 1] if deaths <= len(_PAUSES_S) else _PAUSE_S_MAX


def _free_number(members: tuple[Member, ...]) -> int:
    taken = {each.number for each in members}
    return next(number for number in range(1, len(taken) + 2) if number not in taken)
