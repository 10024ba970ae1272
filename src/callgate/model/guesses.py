"""Guesses at what only its owner knows, such as a password, as values: counted, and locked out.

A subject is what is guessed at, in words that tell nothing of whether there is such a thing; a network is one IPv4
address or IPv6 /64. How they are judged stands in protocol/guesses.py, where tallies lie in storage/shelf.py.
"""

from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, Final, NamedTuple

from callgate.model.account import LoginName
from callgate.model.ids import AccountId, ExtensionId
from callgate.model.lookups import Lookup

EVERYWHERE: Final = "*"
"""In a network's place: all networks together from which the subject's owner has not come lately."""

MINUTE_MS: Final = 60_000
DAY_MS: Final = 24 * 60 * MINUTE_MS

LOCK_MAX_MS: Final = DAY_MS
"""No lock is longer, however many there were in a row."""

FAMILIAR_MS: Final = 90 * DAY_MS
"""How long a network is remembered from which the owner has come."""

FAMILIAR_MAX: Final = 10
"""Networks remembered for a subject; whoever has more of them is a traveller, and the oldest goes."""

GUESSES_MAX: Final = 100
"""The most that one party may be given, and what all strangers together are given in a day (NIST SP 800-63B section
5.2.2)."""


class Guessing(NamedTuple):
    """What the server was set to: wrong guesses by one network before the first lock, and how long that one is."""

    wrong_max: int = 10
    lock_s: int = 15 * 60
    wrong_everywhere_max: int = GUESSES_MAX


class GuessRule(NamedTuple):
    """`wrong_max` wrong ones lock for `lock_ms`. `at_once`: so many under way. `forgives`: a right one clears."""

    wrong_max: int
    lock_ms: int
    at_once: int
    forgives: bool


class Tally(NamedTuple):
    """One party's guesses at one subject: when the wrong ones came, when those under way began, and its lock."""

    wrong_ms: tuple[int, ...] = ()
    open_ms: tuple[int, ...] = ()
    locked_ms: int = 0
    until_ms: int = 0
    locks: int = 0


class Hearing(Enum):
    """Whether a guess is looked at: yes; not while so many others are under way; not before the lock is over."""

    HEARD = "heard"
    BUSY = "busy"
    LOCKED = "locked"


class Ending(Enum):
    """What became of a guess that was heard. UNSEEN: nobody looked at it."""

    RIGHT = "right"
    WRONG = "wrong"
    UNSEEN = "unseen"


class Lock(NamedTuple):
    """A lock's row: `subject` as a hash, `locks` how many there were in a row.

    What was counted before `until_ms`, once that is past, counts no more: so an administrator lifts a lock by one that
    begins and ends at once.
    """

    subject: bytes
    network: str
    locked_ms: int
    until_ms: int
    locks: int


class GuessFacts(NamedTuple):
    """What the database knows of a network's guesses at a subject, and of everybody's."""

    now_ms: int
    lock: Lock | None
    everywhere: Lock | None
    familiar_ms: int | None


class OwnNamesFacts(NamedTuple):
    """Every number that is a login name of a person by itself, and whether there is anybody."""

    phones: tuple[str, ...]


class LocksFacts(NamedTuple):
    """Locks of some subjects that are not over."""

    now_ms: int
    locks: tuple[Lock, ...]


@dataclass(frozen=True, slots=True)
class GuessLookup(Lookup[GuessFacts]):
    """A subject's hash and the network that guesses."""

    subject: bytes
    network: str


@dataclass(frozen=True, slots=True)
class OwnNamesLookup(Lookup[OwnNamesFacts]):
    """A person's numbers: direct ones, and for the main administrator the company's."""

    account_id: AccountId
    extension_id: ExtensionId


@dataclass(frozen=True, slots=True)
class LocksLookup(Lookup[LocksFacts]):
    """Subjects by their hashes."""

    subjects: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class SubjectLocked:
    """A party has guessed wrong too often. Strangers cause it, so that it is no entry of the audit chain."""

    lock: Lock
    AUDITED: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class NetworkBecameFamiliar:
    """The subject's owner came from a network; remembered to the day."""

    subject: bytes
    network: str
    seen_ms: int
    AUDITED: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class LocksLifted:
    """An administrator lifted every lock of a person's login names, and what was counted for them is forgotten."""

    account_id: AccountId
    extension_id: ExtensionId
    locks: tuple[Lock, ...]
    at_ms: int
    by: str
    AUDITED: ClassVar[bool] = True


GuessChange = SubjectLocked | NetworkBecameFamiliar | LocksLifted


class NamedSubject(NamedTuple):
    """A login name and the account whose number it begins with, where it begins with one."""

    login: LoginName | None
    company_id: AccountId | None
