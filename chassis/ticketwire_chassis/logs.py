"""Logs: one JSON object a line, the event's name constant, data as keywords, one correlation id all the way.

Nothing of a mail's content, no name, no address and no secret belongs in a log: of errors only what ``failures`` says.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import structlog

from .failures import where_failed

LIBRARY_WORDS = 300
"""What a library may say at once; the first line of it."""


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
            _without_content,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=factory,
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    logging.basicConfig(handlers=[_ToStructlog()], level=logging.WARNING, force=True)


def _without_content(_: Any, __: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """The error of a line with ``exc_info``: where it was, and not on what."""
    error = line.pop("exc_info", None)
    if isinstance(error, tuple):
        error = error[1]
    elif error and not isinstance(error, BaseException):
        error = sys.exc_info()[1]
    if error:
        line["exception"] = where_failed(error)
    return line


class _ToStructlog(logging.Handler):
    """Hands what libraries log to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger()
        said = record.getMessage().partition("\n")[0][:LIBRARY_WORDS]
        log.log(record.levelno, "library", logger=record.name, message=said, exc_info=record.exc_info)


@contextmanager
def bound_correlation(correlation: str) -> Iterator[None]:
    """Every line logged inside carries this correlation id."""
    with structlog.contextvars.bound_contextvars(correlation=correlation):
        yield
