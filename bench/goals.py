"""The figures to reach, and whether they are: computed from what was measured, goal by goal."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Context

from bench.figures import Figures, Grown, Size, Soak, Speed, Waits
from bench.machine import AMPLE
from bench.work import Kind

SQLITE, POSTGRESQL, TWO = "Callgate, SQLite", "Callgate, PostgreSQL", "Callgate, PostgreSQL, two workers"
MEMORY, ON_SQLITE = "oidc-provider, memory", "oidc-provider, SQLite"
SLOW = ("django-oauth-toolkit", "Authlib on Flask")
GRANTS = (Kind.CLIENT_CREDENTIALS, Kind.JWT_BEARER)
_WHOLE_FROM = 100
_DIGITS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What is to be reached: at `least`, or at `most`, by what `measure` makes of the figures (None: not measured)."""

    name: str
    what: str
    measure: Callable[[Figures], float | None]
    least: float | None = None
    most: float | None = None
    unit: str = "×"

    def row(self, figures: Figures) -> str:
        """Its line of the table."""
        found = self.measure(figures)
        bound = f"≥ {self.least:g}" if self.least is not None else f"≤ {self.most:g}"
        # Rounded away from the goal: what is missed by less than the digits shown must not read as reached.
        against = ROUND_FLOOR if self.least is not None else ROUND_CEILING
        shown = "–" if found is None else f"{_shown(found, against)} {self.unit}"
        return f"| {self.name} | {self.what} | {bound} {self.unit} | {shown} | {self._verdict(found)} |"

    def _verdict(self, found: float | None) -> str:
        if found is None:
            return "not measured"
        reached = found >= self.least if self.least is not None else found <= (self.most or 0)
        return "reached" if reached else "**not reached**"


def _shown(value: float, rounding: str) -> str:
    if value >= _WHOLE_FROM:
        return f"{value:,.0f}"
    return str(Context(prec=_DIGITS, rounding=rounding).create_decimal_from_float(value))


def table(figures: Figures) -> str:
    """Markdown."""
    head = ["| | what | goal | measured | |", "|---|---|---:|---:|---|"]
    return "\n".join([*head, *(goal.row(figures) for goal in goals(figures))])


def of(ours: tuple[str, Kind], theirs: tuple[str, Kind]) -> Callable[[Figures], float | None]:
    """The ratio of two rates of the run side by side."""

    def measure(figures: Figures) -> float | None:
        if figures.speed is None:
            return None
        one, other = (figures.speed.rate(*each) for each in (ours, theirs))
        return None if one is None or other is None else one / other

    return measure


def least_of(measures: Iterable[Callable[[Figures], float | None]]) -> Callable[[Figures], float | None]:
    """The worst of several; None where one is missing."""
    chosen = list(measures)

    def measure(figures: Figures) -> float | None:
        found = [each(figures) for each in chosen]
        known = [value for value in found if value is not None]
        return min(known) if len(known) == len(found) else None

    return measure


BARE = ("bare reply", Kind.BARE)
SPEED = (
    *(
        Goal(name="P1", what=f"{kind}, SQLite, of the bare reply", measure=of((SQLITE, kind), BARE), least=0.25)
        for kind in GRANTS
    ),
    Goal(
        name="P1",
        what="client_credentials of oidc-provider’s in memory",
        measure=of((SQLITE, Kind.CLIENT_CREDENTIALS), (MEMORY, Kind.CLIENT_CREDENTIALS)),
        least=1.5,
    ),
    Goal(
        name="P1",
        what="client_credentials of oidc-provider’s on SQLite",
        measure=of((SQLITE, Kind.CLIENT_CREDENTIALS), (ON_SQLITE, Kind.CLIENT_CREDENTIALS)),
        least=6,
    ),
    Goal(
        name="P1",
        what="client_credentials of django-oauth-toolkit’s and Authlib’s",
        measure=least_of(of((SQLITE, Kind.CLIENT_CREDENTIALS), (name, Kind.CLIENT_CREDENTIALS)) for name in SLOW),
        least=25,
    ),
    Goal(
        name="P2",
        what="refresh with first use, pairs, of the bare reply",
        measure=of((SQLITE, Kind.REFRESH_AND_USE), BARE),
        least=0.16,
    ),
    Goal(
        name="P2",
        what="refresh alone of oidc-provider’s in memory",
        measure=of((SQLITE, Kind.REFRESH), (MEMORY, Kind.REFRESH)),
        least=1.6,
    ),
    Goal(
        name="P3",
        what="bearer validation of the bare reply",
        measure=of((SQLITE, Kind.VALIDATION), BARE),
        least=0.45,
    ),
    Goal(
        name="P3",
        what="bearer validation of oidc-provider’s introspection in memory",
        measure=of((SQLITE, Kind.VALIDATION), (MEMORY, Kind.VALIDATION)),
        least=2.5,
    ),
    Goal(
        name="P4",
        what="grants on PostgreSQL of those on SQLite",
        measure=least_of(of((POSTGRESQL, kind), (SQLITE, kind)) for kind in GRANTS),
        least=0.6,
    ),
)


def _written(server: str) -> Callable[[Figures], float | None]:
    def measure(figures: Figures) -> float | None:
        sample = figures.speed and figures.speed.sample(server, Kind.REFRESH_AND_USE)
        return sample.written_bytes if sample else None

    return measure


def _grown(figures: Figures, engine: str) -> Grown | None:
    return next((each for each in figures.growth.engines if each.engine == engine), None) if figures.growth else None


def _pace(engine: str, size: Callable[[Grown], Size]) -> Callable[[Figures], float | None]:
    def measure(figures: Figures) -> float | None:
        grown = _grown(figures, engine)
        return min(pace.rate_ratio for pace in size(grown).paces) if grown and grown.sizes else None

    return measure


def _of_people(grown: Grown) -> Size:
    return max(grown.sizes, key=lambda size: (size.people, -size.sessions))


def _of_sessions(grown: Grown) -> Size:
    return max(grown.sizes, key=lambda size: size.sessions)


def _ready(engine: str) -> Callable[[Figures], float | None]:
    def measure(figures: Figures) -> float | None:
        grown = _grown(figures, engine)
        return _of_sessions(grown).ready_s if grown and grown.sizes else None

    return measure


def _shrunk(engine: str) -> Callable[[Figures], float | None]:
    def measure(figures: Figures) -> float | None:
        grown = _grown(figures, engine)
        shrinking = grown.shrinking if grown else None
        return shrinking.after_bytes / shrinking.before_bytes if shrinking else None

    return measure


def _two_workers(speed: Speed | None) -> Goal:
    own = speed is not None and speed.cores >= AMPLE
    where = "where the database has cores of its own" if own else "on two cores that the database and wrk share"
    return Goal(
        name="P5",
        what=f"two workers of one, {where}",
        measure=of((TWO, Kind.CLIENT_CREDENTIALS), (POSTGRESQL, Kind.CLIENT_CREDENTIALS)),
        least=1.6 if own else 1.0,
    )


def _in_waits(value: Callable[[Waits], float]) -> Callable[[Figures], float | None]:
    return lambda figures: value(figures.waits) if figures.waits else None


def _in_soak(value: Callable[[Soak], float]) -> Callable[[Figures], float | None]:
    return lambda figures: value(figures.soak) if figures.soak else None


WAITS = (
    Goal(
        name="P6",
        what="client_credentials at 70 % of the peak, 99th percentile",
        measure=_in_waits(lambda run: run.paced_p99_ms),
        most=25,
        unit="ms",
    ),
    Goal(
        name="P6",
        what="bearer validation beside 16 writers and syncs 4 ms slower, of its rate alone",
        measure=_in_waits(lambda run: run.checks_slow_disk / run.checks_alone),
        least=0.5,
    ),
    Goal(
        name="P6",
        what="the same, 99th percentile",
        measure=_in_waits(lambda run: run.checks_slow_disk_p99_ms),
        most=5,
        unit="ms",
    ),
    Goal(
        name="P7",
        what="password sign-in of the bare argon2id proof",
        measure=_in_waits(lambda run: run.sign_in_ms / run.argon2_ms),
        most=1.1,
    ),
    Goal(
        name="P7",
        what="grants’ 99th percentile in a flood of sign-ins, of the quiet one",
        measure=_in_waits(lambda run: run.flooded_p99_ms / run.quiet_p99_ms),
        most=2,
    ),
)
MEMORY_AND_START = (
    Goal(name="P10", what="a worker at rest", measure=_in_soak(lambda run: run.worker_mb), most=80, unit="MB"),
    Goal(
        name="P10",
        what="growth per million requests",
        measure=_in_soak(lambda run: (run.soaked_mb - run.warm_mb) / run.requests * 1e6),
        most=5,
        unit="MB",
    ),
    Goal(name="P10", what="ready, with the most sessions", measure=_ready("SQLite"), most=1, unit="s"),
)


def _growth(figures: Figures) -> Iterator[Goal]:
    for engine in ("SQLite", "PostgreSQL"):
        grown = _grown(figures, engine)
        if grown is None or not grown.sizes:
            continue
        yield Goal(
            name="P8",
            what=f"rate at {_of_sessions(grown).sessions:,} sessions, of that at {grown.small.sessions:,}, {engine}",
            measure=_pace(engine, _of_sessions),
            least=0.8,
        )
        yield Goal(
            name="P8",
            what=f"rate at {_of_people(grown).people:,} extensions, of that at {grown.small.people:,}, {engine}",
            measure=_pace(engine, _of_people),
            least=0.9,
        )


def _written_and_kept() -> Iterator[Goal]:
    for engine, server in (("SQLite", SQLITE), ("PostgreSQL", POSTGRESQL)):
        yield Goal(
            name="P9",
            what=f"written for a refresh with first use, {engine}",
            measure=_written(server),
            most=4096,
            unit="bytes",
        )
        yield Goal(
            name="P9",
            what=f"size once its sessions expired, of the former, {engine}",
            measure=_shrunk(engine),
            most=1.2,
        )


def goals(figures: Figures) -> Iterator[Goal]:
    """All of them, in order."""
    yield from SPEED
    yield _two_workers(figures.speed)
    yield from WAITS
    yield from _growth(figures)
    yield from _written_and_kept()
    yield from MEMORY_AND_START
