"""Changing an app's secret judged, and what is said of the former one."""

import pytest

from callgate.model.acts import Refused
from callgate.model.client import AuthMethod, ClientKeys
from callgate.model.client_secret import (
    OVERLAP_MAX_MS,
    FormerSecretRetired,
    SecretActFacts,
    SecretDates,
    SecretRotated,
)
from callgate.model.decisions import Done
from callgate.protocol.administer.secrets import advise, retire_secret, rotate_secret
from tests.factories import NOW_MS, SCRIPT, SPA

HOUR_MS = 3_600_000
NONE = SecretDates(None, None, None, None)
TWO = SecretDates(NOW_MS - 2 * HOUR_MS, NOW_MS - HOUR_MS, NOW_MS + HOUR_MS, None)
OVER = TWO._replace(former_until_ms=NOW_MS)
FACTS = SecretActFacts(NOW_MS, SCRIPT, NONE)
KEYS = ClientKeys(b"hash", None, None)
AFTER = SCRIPT._replace(version=SCRIPT.version + 1)


@pytest.mark.parametrize(("overlap_ms", "until_ms"), [(0, None), (HOUR_MS, NOW_MS + HOUR_MS)])
@pytest.mark.parametrize("dates", [NONE, OVER])
def test_secret_is_changed_at_once_or_with_an_overlap(
    overlap_ms: int, until_ms: int | None, dates: SecretDates
) -> None:
    """A former secret whose time is over is none."""
    decision = rotate_secret(KEYS, overlap_ms=overlap_ms, facts=FACTS._replace(dates=dates), by="cli")
    assert decision == Done((SecretRotated(SCRIPT, AFTER, KEYS, until_ms, NOW_MS, "cli"),))


def test_secret_is_changed_at_once_while_there_are_two() -> None:
    """After a leak nobody waits."""
    assert isinstance(rotate_secret(KEYS, overlap_ms=0, facts=FACTS._replace(dates=TWO), by="cli"), Done)


@pytest.mark.parametrize(
    ("facts", "overlap_ms", "keys", "problem"),
    [
        (FACTS._replace(client=None), 0, KEYS, "no such app"),
        (FACTS, OVERLAP_MAX_MS + 1, KEYS, "at most 90 days"),
        (FACTS, -1, KEYS, "at most 90 days"),
        (FACTS._replace(dates=TWO), 1, KEYS, "has two secrets until"),
        (FACTS._replace(client=SPA), 0, KEYS, "has no secret"),
        (FACTS._replace(client=SCRIPT._replace(auth_method=AuthMethod.CLIENT_SECRET_JWT)), 0, KEYS, "private_key_jwt"),
    ],
)
def test_secret_is_not_changed_when_it_cannot_be(
    facts: SecretActFacts, overlap_ms: int, keys: ClientKeys, problem: str
) -> None:
    """Never three; and the app may have been changed meanwhile."""
    refused = rotate_secret(keys, overlap_ms=overlap_ms, facts=facts, by="cli")
    assert isinstance(refused, Refused)
    assert problem in refused.problem


def test_former_secret_is_retired_where_there_is_one() -> None:
    """Before its time."""
    assert retire_secret(facts=FACTS._replace(dates=TWO), by="cli") == Done(
        (FormerSecretRetired(SCRIPT, AFTER, "cli"),)
    )
    for facts in (FACTS, FACTS._replace(dates=OVER), FACTS._replace(client=None)):
        assert isinstance(retire_secret(facts=facts, by="cli"), Refused)


@pytest.mark.parametrize(
    ("dates", "advice"),
    [
        (NONE, None),
        (OVER, None),
        (TWO._replace(former_used_ms=NOW_MS - HOUR_MS), "still used: last at "),
        (TWO._replace(used_ms=None), "wait: the new secret was not used yet"),
        (TWO._replace(made_ms=NOW_MS - HOUR_MS + 1), "wait: the new secret is younger than an hour"),
        (TWO, "safe to retire: not used since "),
        (TWO._replace(former_used_ms=NOW_MS - 3 * HOUR_MS), "safe to retire: not used since "),
    ],
)
def test_advice_is_careful(dates: SecretDates, advice: str | None) -> None:
    """Uses are known to the hour: nobody is told that it is safe before one has passed."""
    said = advise(dates, now_ms=NOW_MS)
    assert (said is None) == (advice is None)
    if said is not None and advice is not None:
        assert said.text.startswith(advice)
        assert said.may_go == advice.startswith("safe to retire")
