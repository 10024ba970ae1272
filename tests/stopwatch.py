"""What something costs the processor, whatever else the machine is doing."""

import time
from collections.abc import Callable

TRIES = 5


def stays_below(max_s: float, work: Callable[[], object]) -> bool:
    """Whether this process computes for less than that, at one of some tries: others leave it cold caches."""
    return any(cost_s(work) < max_s for _ in range(TRIES))


def cost_s(work: Callable[[], object]) -> float:
    """The seconds that this process computes for it."""
    began_s = time.process_time()
    work()
    return time.process_time() - began_s
