"""Cursors: where a page of a list ended, so that the next goes on there whatever was added meanwhile."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from ..domain.order import Key

KEPT = range(-(2**63), 2**63)
"""Numbers as a database keeps them."""


def write_cursor(order: str, values: Sequence[Any]) -> str:
    """An opaque word for a place in an order."""
    plain = [{"t": int(value.timestamp() * 1000)} if isinstance(value, datetime) else value for value in values]
    return base64.urlsafe_b64encode(orjson.dumps([order, *plain])).decode().rstrip("=")


def read_cursor(order: str, cursor: str, length: int) -> list[Any]:
    """The values of a place; ValueError for what is not a cursor of this order."""
    try:
        name, *plain = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, TypeError) as error:
        raise ValueError("not a cursor") from error
    if name != order or len(plain) != length:
        raise ValueError("a cursor of another list")
    return [_value(value) for value in plain]


def beyond(keys: Sequence[Key], values: Sequence[Any]) -> dict[str, Any]:
    """The rows after a place: later in the first key, or equal there and later in the second, and so on.

    The bound on the first key is said once more by itself, so that an index is entered at the right place.
    """
    ways = []
    for i, key in enumerate(keys):
        equal = {before.field: value for before, value in zip(keys[:i], values[:i], strict=True)}
        ways.append({**equal, key.field: {"$lt" if key.descending else "$gt": values[i]}})
    return {"$and": [{keys[0].field: {"$lte" if keys[0].descending else "$gte": values[0]}}, {"$or": ways}]}


def _value(plain: Any) -> Any:
    if isinstance(plain, dict):
        moment = plain.get("t")
        if not isinstance(moment, int) or abs(moment) > 300_000_000_000_000:
            raise ValueError("not a time")
        return datetime.fromtimestamp(moment // 1000, UTC).replace(microsecond=moment % 1000 * 1000)
    if plain is not None and not isinstance(plain, str | int):
        raise ValueError("not a value of a cursor")
    if isinstance(plain, int) and plain not in KEPT:
        raise ValueError("a number that no row has")
    return plain
