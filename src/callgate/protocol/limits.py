"""Rate limits judged: one call against one meter, in a window that slides (protocol.md I.3; architecture.md, "Limits").

A window of exact times, not an estimate: callers see `Remaining` and may count along. Where the meters lie, in this
process or in Redis, is no matter of this module.
"""

from bisect import bisect_left, bisect_right

from callgate.model.client import Client, Switch
from callgate.model.limits import WINDOW_S, Charge, Meter, RateGroup, Rates, Rule

WINDOW_MS = WINDOW_S * 1000

_FRESH = Meter()


class Rules:
    """What each group allows each app, made once for all apps that have no number of their own."""

    def __init__(self, rates: Rates) -> None:
        """From the server's numbers."""
        self.unproven = Rule(rates.unproven, WINDOW_MS)
        """For calls that prove nothing: no penalty, because whoever shares the network would share it."""
        self._usual = {group: _rule(group, _number(group, rates)) for group in RateGroup}

    def of(self, group: RateGroup, client: Client) -> Rule:
        """The app's own number, else the server's."""
        rule = self._usual[group]
        if client.rates:
            rule = next((_rule(group, rate.limit) for rate in client.rates if rate.group is group), rule)
        if client.switches and Switch.FIXED_RATE_PENALTY in client.switches:
            return rule._replace(restarts=False)
        return rule


def charge(meter: Meter | None, rule: Rule, *, now_ms: int, mark: str = "") -> tuple[Meter, Charge]:
    """One call. With a mark that was charged within the window it is free, in a penalty too: it is the same call again.

    A clock set back must not make anybody wait for more than the rule says: what lies in the future is forgotten.
    """
    times, marks, penalty_until_ms = meter or _FRESH
    first = bisect_right(times, now_ms - rule.window_ms)
    end = bisect_right(times, now_ms)
    if first or end < len(times):
        times, marks = times[first:end], marks[first:end]
    limit = rule.limit
    if mark and mark in marks:
        return Meter(times, marks, penalty_until_ms), Charge(limit, max(0, limit - len(times)), 0, is_repeat=True)
    if now_ms < penalty_until_ms:
        until_ms = now_ms + rule.penalty_ms
        if not rule.restarts:
            until_ms = min(until_ms, penalty_until_ms)
        return Meter(times, marks, until_ms), Charge(limit, 0, _seconds(until_ms - now_ms))
    if len(times) < limit:
        return Meter((*times, now_ms), (*marks, mark), 0), Charge(limit, limit - len(times) - 1, 0)
    if rule.penalty_ms:
        return Meter(times, marks, now_ms + rule.penalty_ms), Charge(limit, 0, _seconds(rule.penalty_ms))
    # The window has room again when so many have left it that one more fits; an app's number may have become smaller.
    opens_ms = times[len(times) - limit] + rule.window_ms
    return Meter(times, marks), Charge(limit, 0, _seconds(opens_ms - now_ms))


def refund(meter: Meter | None, at_ms: int) -> Meter:
    """The meter without what was charged at a time: it was not what it was charged for."""
    meter = meter or _FRESH
    index = bisect_left(meter.times_ms, at_ms)
    if index == len(meter.times_ms) or meter.times_ms[index] != at_ms:
        return meter
    return meter._replace(
        times_ms=meter.times_ms[:index] + meter.times_ms[index + 1 :],
        marks=meter.marks[:index] + meter.marks[index + 1 :],
    )


def _rule(group: RateGroup, limit: int) -> Rule:
    # A service's rate has no penalty: a deployment whose pods all start at once must not lock itself out.
    if group is RateGroup.SERVICE:
        return Rule(limit, WINDOW_MS)
    return Rule(limit, WINDOW_MS, WINDOW_MS, restarts=True)


def _number(group: RateGroup, rates: Rates) -> int:
    match group:
        case RateGroup.LIGHT:
            return rates.light
        case RateGroup.MEDIUM:
            return rates.medium
        case RateGroup.HEAVY:
            return rates.heavy
        case RateGroup.AUTH:
            return rates.auth
        case RateGroup.SERVICE:
            return rates.service


def _seconds(milliseconds: int) -> int:
    return max(1, -(-milliseconds // 1000))
