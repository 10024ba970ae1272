"""The log: structured lines on standard error, made fast because every decision writes one."""

import logging
import sys

import orjson
import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor


def open_log(level: str, *, for_people: bool) -> FilteringBoundLogger:
    """A logger of this level, one JSON object a line, or lines for people."""
    number = logging.getLevelNamesMapping()[level.upper()]
    wrapper = structlog.make_filtering_bound_logger(number)
    first: list[Processor] = [structlog.processors.add_log_level, structlog.processors.TimeStamper(fmt="iso", utc=True)]
    if for_people:
        logger: FilteringBoundLogger = structlog.wrap_logger(
            structlog.PrintLogger(sys.stderr),
            [*first, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())],
            wrapper_class=wrapper,
        ).bind()
        return logger
    lines: FilteringBoundLogger = structlog.wrap_logger(
        structlog.BytesLogger(sys.stderr.buffer),
        [*first, structlog.processors.format_exc_info, _one_line],
        wrapper_class=wrapper,
    ).bind()  # bound once: the lazy proxy would bind anew for every line
    return lines


def _one_line(_logger: object, _method: str, event: EventDict) -> bytes:
    return orjson.dumps(event, default=str)
