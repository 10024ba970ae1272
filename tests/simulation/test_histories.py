"""The judgements against the specification, in generated histories; and the simulation itself, against mutants."""

import re
from collections.abc import Callable

import pytest

from tests.figures import Figure
from tests.simulation import spec
from tests.simulation.acts import run
from tests.simulation.mutants import MUTANTS, Mutant, planted

SHORT = 500
STEPS = 60

DENIALS = frozenset(code for code in map(str, vars(spec).values()) if re.fullmatch(r"[A-Z]{3}-\d{3}", code))
"""Every denial the specification knows."""

Counts = Callable[[int, int], int]


@pytest.mark.timeout(1800)
@pytest.mark.requirement("must-not-break N.6", "ruling 24")
@pytest.mark.requirement("must-not-break N.8")
@pytest.mark.requirement("RFC 9700 section 4.14.2")
def test_server_does_what_the_specification_says_in_every_history(counts: Counts, figure: Figure) -> None:
    """Assurance 4.3 and the six rules of its section 3.2: seeds 0 to 499, or to 9,999 under --long."""
    denials: set[str] = set()
    histories = counts(SHORT, 10_000)
    for seed in range(histories):
        denials.update(re.findall(r"No\(code='(.+?)'\)", "\n".join(run(seed, steps=STEPS).told)))
    figure("rules.simulated", f"{histories} histories of {STEPS} steps: no difference; every denial met")
    assert denials == DENIALS


def test_history_is_the_same_when_its_seed_is() -> None:
    """A failure names its seed: it must lead back to the failure."""
    assert run(7, steps=STEPS).told == run(7, steps=STEPS).told
    assert run(7, steps=STEPS).told != run(8, steps=STEPS).told


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.rule.replace(" ", "-"))
def test_mutant_is_caught_within_the_short_count(mutant: Mutant) -> None:
    """Assurance 4.3: each bent rule must be seen, or the simulation is decoration."""
    with planted(mutant), pytest.raises(AssertionError, match=r"^seed \d+, step \d+: "):
        _run_short()


def _run_short() -> None:
    for seed in range(SHORT):
        run(seed, steps=STEPS)
