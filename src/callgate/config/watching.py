"""Settings of what a server tells of itself: its log and its metrics. What they mean: docs/operating.md."""

from enum import Enum

from pydantic import Field

from callgate.config.section import Section

_PORT_MAX = 65_535


class LogFormat(Enum):
    """How log lines are written: for people, or one JSON object a line."""

    CONSOLE = "console"
    JSON = "json"


class LogLevel(Enum):
    """The least that is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogSettings(Section):
    """Events on standard error."""

    level: LogLevel = LogLevel.INFO
    """The least that is logged."""

    format: LogFormat = LogFormat.JSON
    """One JSON object a line, or lines for people."""

    requests: bool = False
    """A line for each request too: its id, path, status and how long it took. What was decided is logged anyhow."""


class MetricsSettings(Section):
    """A second address, for whoever watches the server: figures for Prometheus, health in detail. Never public."""

    host: str = "127.0.0.1"
    """Address to listen on; that of a network which only your monitoring can reach, or this machine's own."""

    port: int | None = Field(default=None, ge=1, le=_PORT_MAX)
    """Port to listen on. Without it there is no second address."""
