"""Counts by bounds, as Prometheus has them: a value that equals a bound is under it."""

from hypothesis import given
from hypothesis import strategies as st

from callgate.model.histogram import Histogram

BOUNDS = (0.5, 1.0, 2.5)


@given(st.lists(st.sampled_from([0.0, 0.5, 0.50001, 1.0, 2.0, 2.5, 2.6, 100.0])))
def test_each_value_is_under_every_bound_that_is_not_below_it(values: list[float]) -> None:
    """The counts are cumulative and end with all."""
    histogram = Histogram(BOUNDS)
    for value in values:
        histogram.add(value)
    assert histogram.at_most() == (*(sum(value <= bound for value in values) for bound in BOUNDS), len(values))
    assert histogram.total == sum(values)
