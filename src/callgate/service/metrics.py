"""The server's figures in Prometheus's text format, gathered when they are asked for.

Everything is counted elsewhere in plain numbers, by whoever does the work; prometheus_client names and writes them down
(docs/adr/0081-metrics.md). docs/operating.md says what each means.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from importlib.metadata import version
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from structlog.typing import FilteringBoundLogger

from callgate.model.failure import Unavailable
from callgate.model.histogram import Histogram
from callgate.model.key import KeyState
from callgate.service.cell_links import CellLink
from callgate.service.context import Context
from callgate.service.figures import Connections
from callgate.service.upkeep import every
from callgate.storage.figures import Standing
from callgate.storage.port import Engine, Health

COUNT_S: Final = 300
"""How often sessions are counted; ten million take about a second, on a thread of their own."""

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_Made = Iterable[Metric]
_Labelled = Iterable[tuple[tuple[str, ...], float]]


class Metrics(Collector):
    """One server's figures. `render` is called on the loop that counts, so no number changes under it."""

    def __init__(self, context: Context, store: Engine, *, connections: Connections, cell: str) -> None:
        self._context = context
        self._watched = store
        self._watch = connections
        self._cell = cell
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def render(self) -> bytes:
        """All of them."""
        return generate_latest(self._registry)

    async def keep_counting(self, log: FilteringBoundLogger) -> None:
        """Count what is too much to be counted when somebody asks; runs until cancelled."""
        with suppress(Unavailable):
            await self._count()
        await every(COUNT_S, self._count, log=log)

    async def _count(self) -> None:
        self._context.figures.sessions = await self._watched.count_sessions()

    def details(self) -> dict[str, object]:
        """What `/health/ready` tells beside its state."""
        store, cells = self._watched, self._context.cells
        return {
            "version": version("callgate"),
            "cell": self._cell,
            "store": {"state": store.health.value, "waiting": store.waiting, "lost": store.figures.lost_batches},
            "keys": {use: int(age_s) for use, age_s in self._key_ages()},
            **({} if cells is None else {"cells": {link.cell: _tell(link) for link in cells.links.values()}}),
        }

    def describe(self) -> list[Metric]:
        """Nothing in advance: prometheus_client would otherwise collect once to learn the names."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Each family with its values of now."""
        parts: tuple[Callable[[], _Made], ...] = (
            self._server,
            self._answers,
            self._decisions,
            self._store,
            self._pool,
            self._keys,
            self._passwords,
            self._connections,
            self._cells,
        )
        for part in parts:
            yield from part()

    def _server(self) -> _Made:
        server = {"version": version("callgate"), "cell": self._cell}
        yield InfoMetricFamily("callgate", "The version that runs, and its cell.", value=server)

    def _answers(self) -> _Made:
        paths = sorted(self._context.figures.paths.items())
        yield _counter(
            "callgate_http_requests",
            "Requests answered, by path and status; 499 where the caller hung up first.",
            labels=("path", "status"),
            values=[
                ((path, str(status)), sum(seen.counts))
                for path, figures in paths
                for status, seen in sorted(figures.items())
            ],
        )
        seconds = HistogramMetricFamily(
            "callgate_http_request_seconds", "From a request's head to its answer.", labels=("path",)
        )
        for path, figures in paths:
            if seen := list(figures.values()):
                _add(seconds, _merged(seen), labels=(path,))
        yield seconds

    def _decisions(self) -> _Made:
        events = self._context.events
        yield _counter(
            "callgate_grants",
            "Tokens and codes given out.",
            labels=("endpoint", "grant"),
            values=events.granted_ever.items(),
        )
        yield _counter(
            "callgate_refusals",
            "Requests refused, by code of docs/errors.md; no grant where none was read.",
            labels=("endpoint", "grant", "code"),
            values=events.denied_ever.items(),
        )
        limited = [((group,), count) for group, count in events.limited_ever.items()]
        yield _counter(
            "callgate_rate_limited", "Requests refused as too many, by group.", labels=("group",), values=limited
        )

    def _store(self) -> _Made:
        store, figures = self._watched, self._watched.figures
        states = GaugeMetricFamily("callgate_store_state", "1 for what the store can do now.", labels=("state",))
        for each in Health:
            states.add_metric((each.value,), int(each is store.health))
        yield states
        units = HistogramMetricFamily("callgate_store_batch_units", "Units that shared a commit.", labels=())
        _add(units, figures.batch_units)
        yield units
        seconds = HistogramMetricFamily("callgate_store_commit_seconds", "From a sealed batch to its sync.", labels=())
        _add(seconds, figures.commit_s)
        yield seconds
        yield GaugeMetricFamily("callgate_store_queue", "Units that wait for a batch.", value=store.waiting)
        yield _counter(
            "callgate_store_lost_batches",
            "Batches that could not be written.",
            values=[((), figures.lost_batches)],
        )
        yield GaugeMetricFamily(
            "callgate_store_doubtful", "1 while the newest batch could not be written.", value=int(figures.doubtful)
        )
        if self._context.figures.sessions is not None:
            yield GaugeMetricFamily(
                "callgate_sessions",
                "Sessions not ended when they were last counted.",
                value=self._context.figures.sessions,
            )

    def _pool(self) -> _Made:
        pool = GaugeMetricFamily(
            "callgate_store_connections", "Connections to the database.", labels=("purpose", "state")
        )
        for purpose, standings in self._watched.connections.items():
            for state in Standing:
                pool.add_metric((purpose, state.value), standings.count(state))
        yield pool

    def _keys(self) -> _Made:
        ages = GaugeMetricFamily("callgate_key_age_seconds", "Since the active key is active.", labels=("use",))
        for use, age_s in self._key_ages():
            ages.add_metric((use,), age_s)
        yield ages

    def _key_ages(self) -> Iterator[tuple[str, float]]:
        now_ms = self._context.clock.now_ms()
        for key in self._context.keeper.loaded:
            if key.state is KeyState.ACTIVE and key.active_ms is not None:
                yield key.use.value, (now_ms - key.active_ms) / 1000

    def _passwords(self) -> _Made:
        pool = self._context.passwords
        proofs = GaugeMetricFamily("callgate_password_proofs", "Password proofs under way.", labels=("state",))
        proofs.add_metric(("running",), pool.in_flight)
        proofs.add_metric(("waiting",), pool.waiting)
        yield proofs
        yield GaugeMetricFamily("callgate_password_workers", "Proofs that may run at a time.", value=pool.workers)
        yield _counter(
            "callgate_password_proofs_refused",
            "Proofs not begun: too many waited.",
            values=[((), pool.refused)],
        )

    def _connections(self) -> _Made:
        watch = self._watch
        yield GaugeMetricFamily("callgate_connections", "Open connections.", value=len(watch.connections))
        ended = [((why,), count) for why, count in watch.ended_ever.items()]
        yield _counter("callgate_connections_ended", "Connections ended by the server.", labels=("why",), values=ended)

    def _cells(self) -> _Made:
        links = self._context.cells.links.values() if self._context.cells else ()
        silent = GaugeMetricFamily("callgate_cell_silent", "1 for a cell that does not answer.", labels=("cell",))
        waiting = GaugeMetricFamily("callgate_cell_in_flight", "Requests another cell works on.", labels=("cell",))
        seconds = HistogramMetricFamily(
            "callgate_cell_forward_seconds", "From a request forwarded to its answer.", labels=("cell",)
        )
        for link in links:
            silent.add_metric((link.cell,), int(not link.answers))
            waiting.add_metric((link.cell,), link.in_flight)
            _add(seconds, link.seconds, labels=(link.cell,))
        yield from (silent, waiting, seconds)
        yield _counter(
            "callgate_cell_forwarded",
            "Requests that were another cell's, by what came of them.",
            labels=("cell", "outcome"),
            values=[((link.cell, outcome), count) for link in links for outcome, count in link.forwarded.items()],
        )


def _tell(link: CellLink) -> str:
    return "answers" if link.answers else "silent"


def _counter(name: str, about: str, *, labels: tuple[str, ...] = (), values: _Labelled) -> CounterMetricFamily:
    family = CounterMetricFamily(name, about, labels=labels)
    for of, count in values:
        family.add_metric(of, count)
    return family


def _merged(histograms: list[Histogram]) -> Histogram:
    merged = Histogram(histograms[0].bounds)
    merged.counts = [sum(counts) for counts in zip(*(each.counts for each in histograms), strict=True)]
    merged.total = sum(each.total for each in histograms)
    return merged


def _add(family: HistogramMetricFamily, histogram: Histogram, *, labels: tuple[str, ...] = ()) -> None:
    bounds = (*(f"{bound:g}" for bound in histogram.bounds), "+Inf")
    family.add_metric(labels, list(zip(bounds, histogram.at_most(), strict=True)), histogram.total)
