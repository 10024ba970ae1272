"""Guesses judged: counted when they begin, locked when they are too many, and nobody locked out by somebody else."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from callgate.model.account import LoginName
from callgate.model.guesses import (
    DAY_MS,
    EVERYWHERE,
    FAMILIAR_MS,
    LOCK_MAX_MS,
    MINUTE_MS,
    Ending,
    GuessFacts,
    Guessing,
    Hearing,
    Lock,
    NamedSubject,
    Tally,
)
from callgate.model.ids import AccountId
from callgate.protocol.guesses import (
    AT_ONCE,
    OPEN_MS,
    TALLY_WEIGHTS,
    begin,
    is_newly_familiar,
    lock_of,
    parties_of,
    rule_of,
    settle,
    subject_of,
    weigh,
)

NETWORK = "192.0.2.1"
SUBJECT = b"s" * 32
RULE = rule_of(Guessing(), NETWORK)
ALL = rule_of(Guessing(), EVERYWHERE)
T0 = 1_760_000_000_000


def guess(
    tally: Tally | None, at_ms: int, ending: Ending = Ending.WRONG, *, row: Lock | None = None
) -> tuple[Tally | None, Hearing]:
    """One guess from its beginning to its end, in one millisecond."""
    begun, hearing = begin(tally, RULE, row=row, now_ms=at_ms)
    if hearing is not Hearing.HEARD:
        return begun, hearing
    return settle(begun, RULE, began_ms=at_ms, ending=ending, now_ms=at_ms), hearing


def guess_on(tally: Tally | None, *times_ms: int) -> tuple[Tally | None, list[Hearing]]:
    """Wrong guesses at these times."""
    heard = []
    for at_ms in times_ms:
        tally, hearing = guess(tally, at_ms)
        heard.append(hearing)
    return tally, heard


@pytest.mark.requirement("ASVS 6.3.1")
def test_tenth_wrong_guess_locks_and_the_eleventh_is_not_looked_at() -> None:
    """For a quarter of an hour (assurance P5), which no guess meanwhile prolongs."""
    tally, heard = guess_on(None, *(T0 + second for second in range(10)))
    assert heard == [Hearing.HEARD] * 10
    until_ms = T0 + 9 + 15 * MINUTE_MS
    assert tally == Tally(locked_ms=T0 + 9, until_ms=until_ms, locks=1)
    assert lock_of(tally, subject=SUBJECT, network=NETWORK, now_ms=T0 + 9) == Lock(
        SUBJECT, NETWORK, T0 + 9, until_ms, 1
    )
    tally, heard = guess_on(tally, T0 + 10, until_ms - 1)
    assert heard == [Hearing.LOCKED] * 2
    assert lock_of(tally, subject=SUBJECT, network=NETWORK, now_ms=until_ms - 1) is None
    assert guess(tally, until_ms, Ending.RIGHT)[1] is Hearing.HEARD


def test_right_guess_forgets_the_wrong_ones() -> None:
    """Consecutive ones are counted (NIST SP 800-63B section 5.2.2)."""
    tally, _ = guess_on(None, *range(T0, T0 + 9))
    tally, _ = guess(tally, T0 + 9, Ending.RIGHT)
    assert tally is None
    assert guess_on(tally, *range(T0 + 10, T0 + 20))[1] == [Hearing.HEARD] * 10


def test_patient_guesser_is_locked_out_too() -> None:
    """Nine in each quarter of an hour would be 864 a day; what is counted is a day, not a quarter of an hour."""
    _, heard = guess_on(None, *(T0 + number * 100_000 for number in range(200)))
    assert heard.count(Hearing.HEARD) < 50
    _, heard = guess_on(None, *(T0 + number * (DAY_MS // 9 + 1) for number in range(100)))
    assert heard == [Hearing.HEARD] * 100, "nine a day are nobody's attack"


def test_each_lock_of_a_row_is_longer_and_none_longer_than_a_day() -> None:
    """15 minutes, 1, 4, 16 hours, a day, a day; a day after the last one, 15 minutes again."""
    tally, at_ms, lengths = None, T0, []
    for _ in range(6):
        tally, _ = guess_on(tally, *[at_ms] * 10)
        assert tally
        lengths.append((tally.until_ms - at_ms) // MINUTE_MS)
        at_ms = tally.until_ms
    assert lengths == [15, 60, 240, 960, 1440, 1440]
    tally, _ = guess_on(tally, *[at_ms + DAY_MS - 1] * 10)
    assert tally is not None
    assert tally.locks == 7
    tally, _ = guess_on(tally, *[tally.until_ms + DAY_MS] * 10)
    assert tally is not None
    assert tally.locks == 1


def test_one_network_never_reaches_the_number_that_locks_out_strangers() -> None:
    """Whatever it does in a day: or it could keep an owner who travels from signing in."""
    tally, heard = None, 0
    for minute in range(24 * 60):
        for _ in range(12):
            tally, hearing = guess(tally, T0 + minute * MINUTE_MS)
            heard += hearing is Hearing.HEARD
    assert heard == 50
    assert heard < Guessing().wrong_everywhere_max


def test_of_many_at_once_no_more_are_looked_at_than_in_turn() -> None:
    """Four under way; near the end as many as are left. Who is too many is told to come back, not locked out."""
    tally: Tally | None = None
    for _ in range(AT_ONCE):
        tally, hearing = begin(tally, RULE, row=None, now_ms=T0)
        assert hearing is Hearing.HEARD
    assert begin(tally, RULE, row=None, now_ms=T0)[1] is Hearing.BUSY
    tally, _ = guess_on(None, *[T0] * 8)
    for expected in (Hearing.HEARD, Hearing.HEARD, Hearing.BUSY, Hearing.BUSY):
        tally, hearing = begin(tally, RULE, row=None, now_ms=T0)
        assert hearing is expected
    tally = settle(tally, RULE, began_ms=T0, ending=Ending.WRONG, now_ms=T0)
    tally = settle(tally, RULE, began_ms=T0, ending=Ending.RIGHT, now_ms=T0)
    assert tally is None, "the right one was heard, and no lock came before it"


def test_guess_that_nobody_looked_at_costs_nothing() -> None:
    """The pool was full, or another tally refused it."""
    tally, _ = guess_on(None, *[T0] * 9)
    for _ in range(20):
        tally, hearing = guess(tally, T0, Ending.UNSEEN)
        assert hearing is Hearing.HEARD
    assert guess(None, T0, Ending.UNSEEN)[0] is None


def test_guess_whose_process_died_counts_as_wrong() -> None:
    """Else whoever hangs up, or kills a node, guesses for nothing; and it is counted once, if it ends after all."""
    tally, _ = guess_on(None, *[T0] * 9)
    tally, _ = begin(tally, RULE, row=None, now_ms=T0)
    assert begin(tally, RULE, row=None, now_ms=T0 + OPEN_MS - 1)[1] is Hearing.BUSY
    tally, hearing = begin(tally, RULE, row=None, now_ms=T0 + OPEN_MS)
    assert hearing is Hearing.LOCKED
    assert tally.locks == 1
    late = settle(tally, RULE, began_ms=T0, ending=Ending.WRONG, now_ms=T0 + OPEN_MS + 1)
    assert late == tally


def test_wrong_guess_counts_though_its_tally_was_forgotten_meanwhile() -> None:
    """The shelf was full: what ends after it is the first of a new tally."""
    assert settle(None, RULE, began_ms=T0, ending=Ending.WRONG, now_ms=T0 + 5) == Tally(wrong_ms=(T0 + 5,))
    assert settle(None, RULE, began_ms=T0, ending=Ending.RIGHT, now_ms=T0 + 5) is None


def test_lock_of_the_database_holds_after_a_restart_and_makes_the_next_one_longer() -> None:
    """The tally is lost with the process; the row is not."""
    row = Lock(SUBJECT, NETWORK, T0, T0 + 15 * MINUTE_MS, 1)
    assert begin(None, RULE, row=row, now_ms=row.until_ms - 1)[1] is Hearing.LOCKED
    tally: Tally | None = None
    for _ in range(10):
        tally, hearing = guess(tally, row.until_ms, row=row)
        assert hearing is Hearing.HEARD
    assert tally is not None
    assert (tally.locks, tally.until_ms) == (2, row.until_ms + 60 * MINUTE_MS)


def test_lifted_lock_counts_no_more_in_any_process() -> None:
    """The row says from when on; a tally of before is judged by it, lock, wrong guesses and the row of locks alike."""
    tally, _ = guess_on(None, *[T0] * 10)
    lifted = Lock(SUBJECT, NETWORK, T0 + 5, T0 + 5, 0)
    tally, hearing = guess(tally, T0 + 6, row=lifted)
    assert hearing is Hearing.HEARD
    assert tally is not None
    assert tally.wrong_ms == (T0 + 6,)
    for _ in range(9):
        tally, hearing = guess(tally, T0 + 7, row=lifted)
        assert hearing is Hearing.HEARD
    assert tally is not None
    assert tally.locks == 1
    everybodys = Tally(wrong_ms=tuple([T0] * 60))
    assert begin(everybodys, ALL, row=lifted, now_ms=T0 + 6)[0].wrong_ms == ()


def test_right_guess_ends_the_row_of_locks_that_the_database_remembers() -> None:
    """Else a person who is let in again after a lock would pay fourfold for the next typing mistakes."""
    row = Lock(SUBJECT, NETWORK, T0, T0 + MINUTE_MS, 1)
    tally, hearing = guess(None, T0 + MINUTE_MS, Ending.RIGHT, row=row)
    assert hearing is Hearing.HEARD
    for _ in range(10):
        tally, _ = guess(tally, T0 + 2 * MINUTE_MS, row=row)
    assert tally is not None
    assert tally.locks == 1


def test_right_guess_of_one_stranger_does_not_forgive_the_others() -> None:
    """All strangers share that tally: one who may come in does not vouch for the rest."""
    tally, _ = begin(Tally(wrong_ms=(T0, T0)), ALL, row=None, now_ms=T0)
    assert settle(tally, ALL, began_ms=T0, ending=Ending.RIGHT, now_ms=T0) == Tally(wrong_ms=(T0, T0))


def test_clock_set_back_locks_nobody_out_for_longer_than_a_lock() -> None:
    """A row from the future, and a tally from there."""
    future = Lock(SUBJECT, NETWORK, T0 + 400 * DAY_MS, T0 + 401 * DAY_MS, 5)
    tally, hearing = begin(None, RULE, row=future, now_ms=T0)
    assert hearing is Hearing.LOCKED
    assert tally.until_ms == T0 + LOCK_MAX_MS
    assert guess(Tally(wrong_ms=tuple([T0 + DAY_MS] * 9)), T0)[0] == Tally(wrong_ms=(T0,))


def test_strange_network_is_counted_with_all_strangers_and_the_owners_is_not() -> None:
    """For 90 days after the owner came from it; that is remembered to the day."""
    strange = GuessFacts(T0, None, None, None)
    known = strange._replace(familiar_ms=T0 - FAMILIAR_MS + 1)
    assert parties_of(NETWORK, strange) == (NETWORK, EVERYWHERE)
    assert parties_of(NETWORK, known) == (NETWORK,)
    assert parties_of(NETWORK, known._replace(familiar_ms=T0 - FAMILIAR_MS)) == (NETWORK, EVERYWHERE)
    assert is_newly_familiar(strange)
    assert is_newly_familiar(strange._replace(familiar_ms=T0 - DAY_MS))
    assert not is_newly_familiar(strange._replace(familiar_ms=T0 - DAY_MS + 1))


@pytest.mark.parametrize(
    ("login", "company_id", "subject"),
    [
        (LoginName("ada@example.com", None, None), None, "login:ada@example.com"),
        (LoginName(None, "12025550101", None), None, "login:+12025550101"),
        (LoginName(None, "12025550100", "101"), 7, "login:account 7*101"),
        (LoginName(None, "12025550199", "101"), 7, "login:account 7*101"),
        (LoginName(None, "12025550100", "101"), None, "login:+12025550100*101"),
        (None, None, "login:"),
    ],
)
def test_name_is_one_subject_by_whatever_number_of_the_company(
    login: LoginName | None, company_id: int | None, subject: str
) -> None:
    """A company with a thousand numbers does not give a thousand times the guesses."""
    named = NamedSubject(login, None if company_id is None else AccountId(company_id))
    assert subject_of(named) == subject


def test_tally_that_is_nearly_full_is_the_last_to_be_forgotten() -> None:
    """Nobody gets rid of nine wrong guesses by a crowd of single ones."""
    assert [weigh(Tally(wrong_ms=(T0,) * count)) for count in (0, 1, 5, 9)] == [0, 1, 5, TALLY_WEIGHTS - 1]


class OneParty(RuleBasedStateMachine):
    """Anything one network can do to one name: guess in turn and at once, hang up, wait, be lifted, be forgotten."""

    def __init__(self) -> None:
        super().__init__()
        self.now_ms = T0
        self.tally: Tally | None = None
        self.row: Lock | None = None
        self.under_way: list[int] = []
        self.wrong = 0
        self.heard_ms: list[int] = []

    @rule()
    def begin_one(self) -> None:
        """A guess begins."""
        before = self.tally
        self.tally, hearing = begin(self.tally, RULE, row=self.row, now_ms=self.now_ms)
        if hearing is Hearing.HEARD:
            self.under_way.append(self.now_ms)
            self.heard_ms.append(self.now_ms)
        if hearing is Hearing.LOCKED and before is not None and before.until_ms > self.now_ms:
            assert self.tally.until_ms <= before.until_ms, "a guess while locked prolongs nothing"
        self._see_lock()

    @precondition(lambda self: self.under_way)
    @rule(ending=st.sampled_from(list(Ending)), index=st.integers(0, AT_ONCE))
    def end_one(self, ending: Ending, index: int) -> None:
        """One of those under way ends."""
        began_ms = self.under_way.pop(index % len(self.under_way))
        self.tally = settle(self.tally, RULE, began_ms=began_ms, ending=ending, now_ms=self.now_ms)
        if ending is not Ending.WRONG:
            self.heard_ms = [] if ending is Ending.RIGHT else self.heard_ms[:-1]
        self._see_lock()

    @rule(ms=st.sampled_from([1, 1000, OPEN_MS, MINUTE_MS, 15 * MINUTE_MS, 60 * MINUTE_MS, DAY_MS]))
    def wait(self, ms: int) -> None:
        """Time passes."""
        self.now_ms += ms

    @precondition(lambda self: self.row is not None)
    @rule()
    def lift(self) -> None:
        """An administrator lifts the lock."""
        self.row = Lock(SUBJECT, NETWORK, self.now_ms, self.now_ms, 0)
        self.heard_ms = []
        assert begin(self.tally, RULE, row=self.row, now_ms=self.now_ms)[1] is not Hearing.LOCKED

    @rule()
    def restart(self) -> None:
        """The process ends, and its tallies with it."""
        self.tally, self.under_way, self.heard_ms = None, [], []
        if self.row is not None and self.row.until_ms > self.now_ms:
            assert begin(None, RULE, row=self.row, now_ms=self.now_ms)[1] is Hearing.LOCKED

    @invariant()
    def lock_ends(self) -> None:
        """Whoever waits for the longest lock is heard."""
        later_ms = self.now_ms + LOCK_MAX_MS + OPEN_MS
        tally, hearing = begin(self.tally, RULE, row=self.row, now_ms=later_ms)
        assert hearing is Hearing.HEARD or tally.locked_ms == later_ms

    @invariant()
    def few_are_heard(self) -> None:
        """Of a party that guesses wrong, ten between two locks, fifty in a day; and four at once."""
        assert self.tally is None or len(self.tally.open_ms) <= AT_ONCE
        assert self.tally is None or len(self.tally.open_ms) + len(self.tally.wrong_ms) <= RULE.wrong_max
        assert sum(self.now_ms - DAY_MS < at_ms for at_ms in self.heard_ms) <= 5 * RULE.wrong_max + AT_ONCE

    def _see_lock(self) -> None:
        lock = lock_of(self.tally, subject=SUBJECT, network=NETWORK, now_ms=self.now_ms)
        if lock is not None and (self.row is None or lock.locked_ms > self.row.locked_ms):
            self.row = lock


TestOneParty = OneParty.TestCase
TestOneParty.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
