"""Logs: one JSON object a line, the event's name constant, data as keywords, one correlation id all the way.

Nothing of a mail's content, no name, no address and no secret belongs in a log.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import structlog


def configure(service: str, level: str = "info", style: str = "json") -> None:
    """Sets structlog up for this process; libraries' own warnings go the same way."""
    number = getattr(logging, level.upper())
    renderer: Any
    factory: Any
    if style == "json":
        renderer = structlog.processors.JSONRenderer(serializer=lambda value, **_: orjson.dumps(value, default=str))
        factory = structlog.BytesLoggerFactory(sys.stdout.buffer)
    else:
        renderer = structlog.dev.ConsoleRenderer()
        factory = structlog.PrintLoggerFactory(sys.stdout)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=factory,
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    logging.basicConfig(handlers=[_ToStructlog()], level=logging.WARNING, force=True)


class _ToStructlog(logging.Handler):
    """Hands what libraries log to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger()
        log.log(record.levelno, "library", logger=record.name, message=record.getMessage(), exc_info=record.exc_info)


@contextmanager
def bound_correlation(correlation: str) -> Iterator[None]:
    """Every line logged inside carries this correlation id."""
    with structlog.contextvars.bound_contextvars(correlation=correlation):
        yield
