"""figures.json: what the last run of each kind found. Tables, goals and docs/ are made of it, never typed."""

from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import TypeAdapter

from bench.work import Kind

FILE = Path(__file__).parent / "figures.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One measurement: units per second, latencies of requests, what a unit costs; PostgreSQL's share apart.

    `written_bytes`: given to the disk; with PostgreSQL, the bytes of its write-ahead log.
    """

    rate: float
    p50_ms: float
    p99_ms: float
    processor_us: float
    database_us: float
    written_bytes: float | None


@dataclass(frozen=True, slots=True)
class Row:
    """The medians of one kind of work."""

    kind: Kind
    sample: Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One server's results. `ready_s` is from its start to its first answer; None where it first made its world."""

    name: str
    durable: str
    ready_s: float | None
    idle_mb: float
    loaded_mb: float
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """Servers side by side."""

    about: str
    cores: int
    servers: tuple[Server, ...]

    def sample(self, server: str, kind: Kind) -> Sample | None:
        """What was measured of a server, if it was."""
        rows = (row for each in self.servers if each.name == server for row in each.rows)
        return next((row.sample for row in rows if row.kind is kind), None)

    def rate(self, server: str, kind: Kind) -> float | None:
        """Its units per second."""
        sample = self.sample(server, kind)
        return None if sample is None else sample.rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """One kind of work at one size of the database; the ratios to the small one are medians of each round's."""

    kind: Kind
    rate: float
    processor_us: float
    rate_ratio: float
    processor_ratio: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """One size of the database against the small one."""

    people: int
    sessions: int
    bytes: int
    ready_s: float
    paces: tuple[Pace, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shrinking:
    """A database before a crowd of sessions, with it, and after it expired; `swept_s` from the start until then."""

    sessions: int
    before_bytes: int
    full_bytes: int
    after_bytes: int
    swept_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """One engine's growth. `small`: how large, and how soon ready, the database is that the others are held against."""

    engine: str
    small: Size
    sizes: tuple[Size, ...]
    shrinking: Shrinking | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """How each engine takes to millions."""

    about: str
    engines: tuple[Grown, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """How long callers wait: at 70 % of the peak, on a slow disk, beside a flood of passwords."""

    about: str
    peak: float
    paced: float
    paced_p50_ms: float
    paced_p99_ms: float
    checks_alone: float
    checks_slow_disk: float
    checks_slow_disk_p99_ms: float
    argon2_ms: float
    sign_in_ms: float
    quiet_p99_ms: float
    flooded_p99_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What workers hold after so many requests: memory, files, threads, the log of their file, rows of sessions.

    `overdue`: of the sessions, those that the sweep should have had. `p99_ms` is the round's that came last.
    """

    requests: int
    mb: float
    files: int
    threads: int
    log_mb: float
    sessions: int
    overdue: int
    p99_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Soak:
    """What a worker occupies, and what requests leave behind once it is warm. `seen`: from the first on.

    `p99_ratio`: the last tenth's to the first tenth's, of those that came when it was warm.
    """

    about: str
    worker_mb: float
    supervisor_mb: float
    requests: int
    warm_mb: float
    soaked_mb: float
    p99_ratio: float | None = None
    seen: tuple[Held, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What a unit of work costs a server that tells something; `ratio` to one that tells nothing."""

    way: str
    kind: Kind
    processor_us: float
    ratio: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """What being watched costs."""

    about: str
    rows: tuple[Watched, ...]


Run = Speed | Growth | Waits | Soak | Watching


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The last run of each kind, if there was one."""

    speed: Speed | None = None
    growth: Growth | None = None
    waits: Waits | None = None
    soak: Soak | None = None
    watching: Watching | None = None

    def having(self, found: Run) -> "Figures":
        """With a run in the place of the last one of its kind."""
        match found:
            case Speed():
                return replace(self, speed=found)
            case Growth():
                return replace(self, growth=found)
            case Waits():
                return replace(self, waits=found)
            case Soak():
                return replace(self, soak=found)
            case Watching():
                return replace(self, watching=found)


_FIGURES = TypeAdapter(Figures)


def load(file: Path = FILE) -> Figures:
    """What stands in the file."""
    return _FIGURES.validate_json(file.read_bytes())


def keep(found: Run, file: Path = FILE) -> Figures:
    """Put a run in the place of the last one of its kind; all of the file, as it is then."""
    figures = load(file).having(found)
    file.write_bytes(_FIGURES.dump_json(figures, indent=1) + b"\n")
    return figures
