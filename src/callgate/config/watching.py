"""Settings of what a server tells of itself: its log, its metrics, its traces. What they mean: docs/operating.md."""

import re
from enum import Enum
from importlib.util import find_spec

from pydantic import Field, field_validator

from callgate.config.section import Section

_PORT_MAX = 65_535
_COLLECTOR = re.compile(r"https?://[^\s/?#@]+(?:/[^\s?#]*)?", re.IGNORECASE)


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


class TracesSettings(Section):
    """Traces for OpenTelemetry: how long each part of a request took."""

    endpoint: str | None = None
    """URL of a collector that takes OTLP over HTTP, such as http://127.0.0.1:4318. Without it nothing is traced."""

    ratio: float = Field(default=0.01, ge=0, le=1)
    """Share of the requests that are traced; a `traceparent` that a trusted proxy sends decides for its request."""

    @field_validator("endpoint")
    @classmethod
    def _check_endpoint(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if not _COLLECTOR.fullmatch(value):
            raise ValueError("must be a URL such as http://127.0.0.1:4318: scheme, host and port, perhaps a path")
        if find_spec("opentelemetry") is None or find_spec("opentelemetry.exporter") is None:
            raise ValueError("needs OpenTelemetry beside Callgate: pip install 'callgate[otel]'")
        return value.rstrip("/")


class MetricsSettings(Section):
    """A second address, for whoever watches the server: figures for Prometheus, health in detail. Never public."""

    host: str = "127.0.0.1"
    """Address to listen on; that of a network which only your monitoring can reach, or this machine's own."""

    port: int | None = Field(default=None, ge=1, le=_PORT_MAX)
    """Port to listen on; of several workers each takes the first from here on that is free. Without it there is no
    second address."""
