"""Errors are logged and kept without what they failed on: no words of a mail, no name, no address, no document."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import aio_pika
import pytest
import structlog
from pydantic import BaseModel, ValidationError
from pymongo.errors import BulkWriteError, DuplicateKeyError, ServerSelectionTimeoutError

from ticketwire_chassis import logs
from ticketwire_chassis.failures import what_failed, where_failed

SECRET = "anna@example.net"


class Mail(BaseModel):
    subject: int
    names: dict[str, int]


def invalid() -> ValidationError:
    try:
        Mail.model_validate({"subject": SECRET, "names": {SECRET: SECRET}})
    except ValidationError as error:
        return error
    raise AssertionError


def raised(error: BaseException) -> BaseException:
    """The same, from somewhere."""
    try:
        raise error
    except BaseException as caught:
        return caught


BULK = BulkWriteError(
    {
        "writeErrors": [
            {"code": 11000, "keyPattern": {"cause": 1}, "keyValue": {"cause": SECRET}, "op": {"private": SECRET}},
            {"code": 11000, "keyPattern": {"cause": 1}, "keyValue": {"cause": SECRET}, "op": {"private": SECRET}},
            {"code": 121, "errmsg": SECRET},
        ]
    }
)
DUPLICATE = DuplicateKeyError(f"dup key: {SECRET}", 11000, {"codeName": "DuplicateKey", "errmsg": SECRET})


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (invalid(), "ValidationError of Mail: subject int_parsing, names.* int_parsing"),
        (BULK, "BulkWriteError: code 11000 cause x2, code 121 x1"),
        (DUPLICATE, "DuplicateKeyError: code 11000 DuplicateKey"),
        (ServerSelectionTimeoutError("db:27017: refused"), "ServerSelectionTimeoutError: db:27017: refused"),
        (FileNotFoundError(2, "No such file or directory", SECRET), "FileNotFoundError: No such file or directory"),
        (ConnectionRefusedError("Connect call failed"), "ConnectionRefusedError: Connect call failed"),
        (TimeoutError(), "TimeoutError"),
        (aio_pika.exceptions.ChannelPreconditionFailed("too large"), "ChannelPreconditionFailed: too large"),
        (KeyError(SECRET), "KeyError"),
        (ExceptionGroup(SECRET, [TimeoutError(), invalid()]), "ExceptionGroup: TimeoutError; ValidationError of Mail"),
    ],
)
def test_an_error_is_told_by_its_kind_and_never_by_its_content(error: BaseException, said: str) -> None:
    assert what_failed(error).startswith(said)
    for told in (what_failed(raised(error)), where_failed(raised(error))):
        assert SECRET not in told
        assert type(error).__name__ in told


def test_any_other_error_is_told_by_the_line_that_raised_it() -> None:
    assert what_failed(raised(ValueError(SECRET))).startswith("ValueError at tests/chassis/test_failures.py:")


def test_what_led_to_an_error_is_told_too() -> None:
    error = RuntimeError(SECRET)
    error.__cause__ = raised(KeyError(SECRET))
    told = where_failed(raised(error)).splitlines()
    assert told[1].startswith("KeyError at ")
    assert told[2] == "which led to"
    assert told[-1].startswith("RuntimeError at ")


@pytest.fixture
def logging_as_usual() -> Iterator[None]:
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    root.handlers[:], level = before
    root.setLevel(level)


def test_no_line_of_the_log_holds_content(logging_as_usual: None, capfdbinary: Any) -> None:
    logs.configure("tickets")
    for error in (invalid(), BULK, raised(ValueError(SECRET))):
        structlog.get_logger().error("failed", exc_info=error)
        logging.getLogger("asyncio").error("never retrieved\nfuture: %r", error, exc_info=error)
    try:
        raise KeyError(SECRET)
    except KeyError:
        structlog.get_logger().error("failed", exc_info=True)
    lines = [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
    assert len(lines) == 7
    assert all("Error" in line["exception"] for line in lines)
    assert SECRET not in json.dumps(lines)
