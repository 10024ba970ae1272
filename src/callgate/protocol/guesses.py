"""Guesses judged: one network's at one subject, and those of all strange networks together (architecture.md, "Limits").

A guess is counted when it begins, not when it has turned out wrong: of a hundred sent at once no more are looked at
than of a hundred sent in turn. And a party is locked only when nothing of its is under way, so that a right password
that was heard is never answered by a lock. Whoever is locked out cannot prolong it: while it lasts nothing is counted.

Locks grow fourfold while they follow each other within a day. So one network gets 50 guesses in 24 hours, and alone
never reaches the 100 at which strange networks are no longer heard.
"""

from bisect import bisect_right
from typing import Final

from callgate.model.account import LoginName
from callgate.model.guesses import (
    DAY_MS,
    EVERYWHERE,
    FAMILIAR_MS,
    LOCK_MAX_MS,
    Ending,
    GuessFacts,
    Guessing,
    GuessRule,
    Hearing,
    Lock,
    NamedSubject,
    Tally,
)

AT_ONCE: Final = 4
"""Guesses of one network at one subject under way: more would be a guesser, or a page sent in a frenzy."""

OPEN_MS: Final = 30_000
"""A guess under way for longer lost its process: nobody knows how it turned out, and it counts as wrong."""

WINDOW_MS: Final = DAY_MS
"""Wrong guesses are added up for a day, or until a right one: who stays just below a short window's number would be
heard for ever."""

GROWTH: Final = 4
MEMORY_MS: Final = DAY_MS
"""How long after its end a lock makes the next one longer."""

TALLY_WEIGHTS: Final = 8
"""Weights by which tallies are forgotten where there are too many: to be rid of one that is nearly full takes as many
wrong guesses again for each of the others."""

_FRESH: Final = Tally()


def rule_of(guessing: Guessing, network: str) -> GuessRule:
    """One network's rule, or EVERYWHERE's: busy only with as many as it has left, and not forgiving."""
    if network == EVERYWHERE:
        everybodys = guessing.wrong_everywhere_max
        return GuessRule(everybodys, DAY_MS, at_once=everybodys, forgives=False)
    return GuessRule(guessing.wrong_max, guessing.lock_s * 1000, at_once=AT_ONCE, forgives=True)


def parties_of(network: str, facts: GuessFacts) -> tuple[str, ...]:
    """Who is charged with a network's guess: itself, and, where the owner never came from it, all strangers."""
    familiar = facts.familiar_ms is not None and facts.now_ms - facts.familiar_ms < FAMILIAR_MS
    return (network,) if familiar else (network, EVERYWHERE)


def begin(tally: Tally | None, rule: GuessRule, *, row: Lock | None, now_ms: int) -> tuple[Tally, Hearing]:
    """One guess about to be looked at; `row` is the party's lock in the database, past or present."""
    tally = _of_today(tally or _FRESH, rule, row=row, now_ms=now_ms)
    if now_ms < tally.until_ms:
        return tally, Hearing.LOCKED
    under_way = len(tally.open_ms)
    if under_way >= rule.at_once or under_way + len(tally.wrong_ms) >= rule.wrong_max:
        return tally, Hearing.BUSY
    return tally._replace(open_ms=(*tally.open_ms, now_ms)), Hearing.HEARD


def settle(tally: Tally | None, rule: GuessRule, *, began_ms: int, ending: Ending, now_ms: int) -> Tally | None:
    """The party's tally after a guess that was heard; None where nothing is left to remember."""
    before = tally or _FRESH
    left = _without(before.open_ms, began_ms)
    if ending is Ending.WRONG:
        if left == before.open_ms and now_ms - began_ms >= OPEN_MS:
            return before  # given up as lost, and counted then
        return _locked_if_due(before._replace(wrong_ms=(*before.wrong_ms, now_ms), open_ms=left), rule, now_ms=now_ms)
    # Of a lock that is over its moment is kept, so that its row in the database does not count on.
    forgiven = ending is Ending.RIGHT and rule.forgives
    after = Tally(open_ms=left, locked_ms=before.locked_ms) if forgiven else before._replace(open_ms=left)
    return None if after == _FRESH else after


def lock_of(tally: Tally | None, *, subject: bytes, network: str, now_ms: int) -> Lock | None:
    """The row of a lock that begins now."""
    if tally is None or tally.locked_ms != now_ms:
        return None
    return Lock(subject, network, tally.locked_ms, tally.until_ms, tally.locks)


def weigh(tally: Tally) -> int:
    """How much is lost when a tally is forgotten: wrong guesses, up to the most; a lock has its row beside it."""
    return min(len(tally.wrong_ms) + len(tally.open_ms), TALLY_WEIGHTS - 1)


def is_newly_familiar(facts: GuessFacts) -> bool:
    """Whether it is to be remembered that the owner came from here: to the day."""
    return facts.familiar_ms is None or facts.now_ms - facts.familiar_ms >= DAY_MS


def subject_of(named: NamedSubject) -> str:
    """A login name as what is guessed at, the same for known and unknown.

    A person is called by any number of the company with the extension's: all of them are one subject, which tells
    no more than that the numbers are of one company. Texts of impossible form are one subject together: nobody's.
    """
    login: LoginName | None = named.login
    if login is None:
        return "login:"
    if login.email is not None:
        return f"login:{login.email}"
    company = f"account {named.company_id}" if named.company_id is not None else f"+{login.phone}"
    return f"login:{company}*{login.extension_number}" if login.extension_number else f"login:+{login.phone}"


def _of_today(tally: Tally, rule: GuessRule, *, row: Lock | None, now_ms: int) -> Tally:
    """Without what has left the window, what lies in the future, and what a lock that is over has paid for."""
    if row is not None and (row.locked_ms, tally.until_ms) > (tally.locked_ms, row.until_ms):
        tally = tally._replace(locked_ms=row.locked_ms, until_ms=row.until_ms, locks=row.locks)
    since_ms = now_ms - WINDOW_MS + 1
    if row is not None and row.until_ms <= now_ms:
        since_ms = max(since_ms, row.until_ms)
    wrong = tuple(at_ms for at_ms in tally.wrong_ms if since_ms <= at_ms <= now_ms)
    under_way = tuple(at_ms for at_ms in tally.open_ms if now_ms - OPEN_MS < at_ms <= now_ms)
    lost = sum(since_ms <= at_ms <= now_ms - OPEN_MS for at_ms in tally.open_ms)
    until_ms = min(tally.until_ms, now_ms + LOCK_MAX_MS)
    locks = tally.locks if now_ms < tally.until_ms + MEMORY_MS else 0
    tally = Tally((*wrong, *[now_ms] * lost), under_way, tally.locked_ms, until_ms, locks)
    return _locked_if_due(tally, rule, now_ms=now_ms) if lost else tally


def _locked_if_due(tally: Tally, rule: GuessRule, *, now_ms: int) -> Tally:
    if len(tally.wrong_ms) < rule.wrong_max:
        return tally
    lock_ms = min(rule.lock_ms * GROWTH**tally.locks, LOCK_MAX_MS)
    return Tally((), tally.open_ms, now_ms, now_ms + lock_ms, tally.locks + 1)


def _without(times_ms: tuple[int, ...], at_ms: int) -> tuple[int, ...]:
    index = bisect_right(times_ms, at_ms) - 1
    if index < 0 or times_ms[index] != at_ms:
        return times_ms
    return times_ms[:index] + times_ms[index + 1 :]
