"""What failed, without what it failed on: errors as they may be logged and kept.

Errors quote what they stumbled over. A ValidationError prints the words of a mail, a BulkWriteError holds whole
documents with private values, a KeyError may be an address. So of an error only its kind is said, with what shows
the fault and nothing of the content: places and kinds of a ValidationError, codes of MongoDB, the words of servers
and of the operating system about a connection, and for all else the line in which it was raised.
"""

from __future__ import annotations

import re
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from aio_pika.exceptions import AMQPError, DeliveryError
from pydantic import ValidationError

from .mongo import BulkWriteError, ConnectionFailure, OperationFailure

LONGEST = 300
NAMED = 8
"""Places of a ValidationError that are named; the rest is counted."""
FIELD = re.compile(r"[a-z][a-z0-9_]*")
OURS = ("ticketwire_", "services")


def what_failed(error: BaseException) -> str:
    """An error in one line, without content."""
    return f"{type(error).__name__}{_detail(error)}"[:LONGEST]


def where_failed(error: BaseException) -> str:
    """The frames of an error and of those it came from, as lines of text: files and lines, no values, no source."""
    return "\n".join(_told(error, set()))


def _detail(error: BaseException) -> str:
    match error:
        case BaseExceptionGroup():
            return f": {'; '.join(what_failed(one) for one in error.exceptions)}"
        case ValidationError():
            return f" of {error.title}: {_places(error)}"
        case BulkWriteError():
            return f": {_codes(error)}"
        case OperationFailure():
            return f": code {error.code} {(error.details or {}).get('codeName', '')}".rstrip()
        case DeliveryError():
            return f": {type(error.frame).__name__}"
        case OSError(strerror=str(words)):
            return f": {words}"  # but not the name of the file
        case ConnectionFailure() | AMQPError() | OSError():
            return f": {words}" if (words := str(error)) else ""
        case _:
            return f" at {last}" if (last := _last_line(error.__traceback__)) else ""


def _places(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    named = [f"{'.'.join(map(_place, one['loc'])) or '-'} {one['type']}" for one in found[:NAMED]]
    return ", ".join(named) + (f" and {len(found) - NAMED} more" if len(found) > NAMED else "")


def _place(step: int | str) -> str:
    """A field or an index; the key of a dict may be content."""
    return step if isinstance(step, str) and FIELD.fullmatch(step) else str(step) if isinstance(step, int) else "*"


def _codes(error: BulkWriteError) -> str:
    details = error.details or {}
    failed = [*details.get("writeErrors", ()), *details.get("writeConcernErrors", ())]
    codes = Counter(f"code {one.get('code')} {'+'.join(one.get('keyPattern', ()))}".rstrip() for one in failed)
    return ", ".join(f"{code} x{count}" for code, count in codes.items()) or f"code {error.code}"


def _told(error: BaseException, seen: set[int]) -> Iterator[str]:
    seen.add(id(error))
    origin = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if origin is not None and id(origin) not in seen:
        yield from _told(origin, seen)
        yield "which led to"
    yield from (_line(frame) for frame in traceback.extract_tb(error.__traceback__))
    yield what_failed(error)
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _told(one, seen)


def _last_line(trace: TracebackType | None) -> str:
    """The last line of ours that the error passed, else the last of all."""
    frames = list(traceback.extract_tb(trace))
    ours = [frame for frame in frames if any(part.startswith(OURS) for part in Path(frame.filename).parts[-4:-1])]
    return _line((ours or frames)[-1]) if frames else ""


def _line(frame: traceback.FrameSummary) -> str:
    return f"{'/'.join(Path(frame.filename).parts[-3:])}:{frame.lineno} {frame.name}"
