"""The orders in which tickets are listed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

FAR = datetime(9999, 12, 31, tzinfo=UTC)
"""Stands for "no deadline", so that such tickets come after all that have one."""


@dataclass(frozen=True, slots=True)
class Key:
    """One field to sort by."""

    field: str
    descending: bool = False


ORDERS: dict[str, tuple[Key, ...]] = {
    "urgency": (Key("due_sort"), Key("priority", descending=True), Key("created_at"), Key("_id")),
    "newest": (Key("created_at", descending=True), Key("_id", descending=True)),
    "oldest": (Key("created_at"), Key("_id")),
    "updated": (Key("updated_at", descending=True), Key("_id", descending=True)),
    "priority": (Key("priority", descending=True), Key("due_sort"), Key("created_at"), Key("_id")),
}
"""*Urgency*: what is overdue comes first because its deadline lies behind; then the nearest deadline, then
priority, then age. The last key is unique, so that a page of a list never repeats or skips a row."""
