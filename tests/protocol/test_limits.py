"""Rate limits judged: windows that slide, penalties, marks, and numbers of an app's own (protocol.md I.3)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callgate.model.client import Switch
from callgate.model.limits import AppRate, Charge, Meter, RateGroup, Rates, Rule
from callgate.protocol.limits import Rules, charge, refund
from tests.factories import SCRIPT

SLIDING = Rule(limit=3, window_ms=60_000)
STRICT = Rule(limit=3, window_ms=60_000, penalty_ms=60_000, restarts=True)
FIXED = STRICT._replace(restarts=False)


def calls(rule: Rule, *times_ms: int, mark: str = "") -> tuple[Meter, list[Charge]]:
    """The meter and the charges after calls at these times."""
    meter, charges = Meter(), []
    for now_ms in times_ms:
        meter, spent = charge(meter, rule, now_ms=now_ms, mark=mark)
        charges.append(spent)
    return meter, charges


def test_remaining_counts_down_until_calls_leave_the_window() -> None:
    """A sliding window: each call leaves it a minute after it came."""
    _, charges = calls(SLIDING, 0, 10_000, 20_000, 60_000, 60_001)
    assert [spent.remaining for spent in charges] == [2, 1, 0, 0, 0]
    assert [spent.retry_after_s for spent in charges] == [0, 0, 0, 0, 10]


def test_each_call_in_the_penalty_begins_it_anew() -> None:
    """Who goes on calling never gets in; who waits for Retry-After does."""
    meter, charges = calls(STRICT, 0, 0, 0, 1_000, 31_000, 90_999)
    assert [spent.retry_after_s for spent in charges] == [0, 0, 0, 60, 60, 60]
    assert charge(meter, STRICT, now_ms=150_998)[1].retry_after_s == 60
    assert charge(meter, STRICT, now_ms=150_999)[1] == Charge(3, 2, 0)


def test_penalty_of_an_app_with_the_switch_stays_where_it_is() -> None:
    """Its clients may try too early without paying for it."""
    meter, charges = calls(FIXED, 0, 0, 0, 1_000, 31_000, 60_500)
    assert [spent.retry_after_s for spent in charges] == [0, 0, 0, 60, 30, 1]
    assert charge(meter, FIXED, now_ms=61_000)[1].retry_after_s == 0


def test_marked_call_is_free_while_it_is_in_the_window() -> None:
    """A hundred presentations of one refresh token are one call, in a penalty too; a minute later it is a new one."""
    meter, charges = calls(STRICT, 0, 1, 2, mark="7:1")
    assert charges == [Charge(3, 2, 0), Charge(3, 2, 0, is_repeat=True), Charge(3, 2, 0, is_repeat=True)]
    for mark in ("7:2", "7:3"):
        meter, _ = charge(meter, STRICT, now_ms=3, mark=mark)
    meter, spent = charge(meter, STRICT, now_ms=3, mark="7:4")
    assert spent.retry_after_s == 60
    meter, spent = charge(meter, STRICT, now_ms=4, mark="7:1")
    assert (spent, meter.penalty_until_ms) == (Charge(3, 0, 0, is_repeat=True), 60_003)
    assert charge(meter, STRICT, now_ms=60_003, mark="7:1")[1] == Charge(3, 2, 0)


def test_smaller_number_takes_effect_at_once() -> None:
    """The window has room again when enough have left it for one more under the new number."""
    meter, _ = calls(SLIDING._replace(limit=5), 0, 10_000, 20_000, 30_000, 40_000)
    assert charge(meter, SLIDING._replace(limit=2), now_ms=41_000)[1] == Charge(2, 0, 49)
    assert charge(meter, SLIDING._replace(limit=2), now_ms=90_000)[1] == Charge(2, 0, 0)


def test_clock_set_back_makes_nobody_wait_longer_than_the_rule_says() -> None:
    """Times that lie in the future are forgotten, and a penalty from there is no longer than one from now."""
    meter, _ = calls(STRICT, 9_000_000, 9_000_000, 9_000_000, 9_000_000)
    assert charge(meter, FIXED, now_ms=1_000)[1] == Charge(3, 0, 60)
    assert charge(meter._replace(penalty_until_ms=0), STRICT, now_ms=1_000)[1] == Charge(3, 2, 0)


def test_refund_takes_one_call_back() -> None:
    """That of its time, once; another's stays."""
    meter, _ = calls(SLIDING, 5, 7, 7)
    assert refund(meter, 7).times_ms == (5, 7)
    assert refund(refund(meter, 7), 6).times_ms == (5, 7)
    assert refund(meter, 8) == meter
    assert refund(None, 8) == Meter()


@given(st.lists(st.integers(0, 200_000), max_size=60), st.integers(1, 9))
def test_window_never_holds_more_than_the_limit(steps: list[int], limit: int) -> None:
    """Of the allowed calls, no minute has more than the limit; a refused one can be told when it would be allowed."""
    rule = Rule(limit, 60_000)
    now_ms, meter, allowed = 0, Meter(), list[int]()
    for step in steps:
        now_ms += step // 10
        meter, spent = charge(meter, rule, now_ms=now_ms)
        if spent.retry_after_s:
            assert charge(meter, rule, now_ms=now_ms + spent.retry_after_s * 1000)[1].retry_after_s == 0
        else:
            allowed.append(now_ms)
        assert sum(now_ms - 60_000 < each <= now_ms for each in allowed) <= limit


@pytest.mark.parametrize("group", list(RateGroup))
def test_rule_has_the_apps_number_where_it_has_one(group: RateGroup) -> None:
    """Else the server's; a service's issuing rate knows no penalty."""
    rates = Rates(light=1, medium=2, heavy=3, auth=4, service=5)
    servers = getattr(rates, group.value)
    expected = Rule(servers, 60_000) if group is RateGroup.SERVICE else Rule(servers, 60_000, 60_000, restarts=True)
    rules = Rules(rates)
    assert rules.of(group, SCRIPT) == expected
    own = SCRIPT._replace(rates=tuple(AppRate(each, 77) for each in RateGroup))
    assert rules.of(group, own).limit == 77
    other = next(each for each in RateGroup if each is not group)
    assert rules.of(group, SCRIPT._replace(rates=(AppRate(other, 77),))).limit == servers
    lenient = SCRIPT._replace(switches=frozenset({Switch.FIXED_RATE_PENALTY}))
    assert not rules.of(group, lenient).restarts
    assert rules.of(group, SCRIPT._replace(switches=frozenset({Switch.PKCE_PLAIN}))) == expected


def test_unproven_calls_have_no_penalty() -> None:
    """Whoever shares a network with a guesser would share it."""
    assert Rules(Rates(unproven=9)).unproven == Rule(9, 60_000)
