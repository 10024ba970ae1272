"""The log: structured lines on standard error, made fast because every decision writes one."""

import logging
import sys
from contextlib import suppress

import orjson
import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor


def open_log(level: str, *, for_people: bool) -> FilteringBoundLogger:
    """A logger of this level, one JSON object a line, or lines for people."""
    number = logging.getLevelNamesMapping()[level.upper()]
    first: list[Processor] = [structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso", utc=True)]
    people: list[Processor] = [_drawn_line(colors=sys.stderr.isatty())]
    machines: list[Processor] = [structlog.processors.format_exc_info, _one_line]
    log: FilteringBoundLogger = structlog.wrap_logger(
        _Lines(sys.stderr.buffer),
        [*first, *(people if for_people else machines)],
        wrapper_class=structlog.make_filtering_bound_logger(number),
    ).bind()  # bound once: the lazy proxy would bind anew for every line
    return log


class _Lines(structlog.BytesLogger):
    """Lines that may be lost: a log on a full disk must not turn an answer, already committed, into an error."""

    def msg(self, message: bytes) -> None:
        """Write a line if it can be written."""
        with suppress(OSError):
            super().msg(message)

    log = debug = info = warning = error = critical = exception = msg


def _one_line(logger: object, method_name: str, event_dict: EventDict) -> bytes:  # noqa: ARG001 - a processor's shape
    return orjson.dumps(event_dict, default=str)


def _drawn_line(*, colors: bool) -> Processor:
    # The usual traceback shows what local variables hold: passwords and tokens among them.
    draw = structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback)

    def encode(logger: object, method_name: str, event_dict: EventDict) -> bytes:
        return draw(logger, method_name, event_dict).encode("utf-8", "backslashreplace")

    return encode
