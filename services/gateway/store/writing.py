"""Bringing changes into the views: one bulk write per collection and batch, for what is usual.

Usual is that a row's first state makes the row and that a later one finds it. An insert costs the server a quarter
of an upsert. What is not usual, an event that comes again or before another, is written the long way round.
"""

from __future__ import annotations

from typing import Any

from ticketwire_chassis.mongo import (
    BulkWriteError,
    Collection,
    Database,
    InsertOne,
    UpdateMany,
    UpdateOne,
    duplicate_key,
)

from ..domain.changes import Changes, Kept
from ..domain.order import FAR
from .forgetting import Claim, Forgetting

VIEWS = ("tickets", "queues", "people", "groups", "grants", "lifecycles")
STAMP = "directory"
"""The row of ``access`` whose ``stamp`` moves whenever the directory does; see ``access.py``."""

BLANK: dict[str, dict[str, Any]] = {"tickets": {"version": 0, "timers_version": 0, "deadlines": [], "due_sort": FAR}}
"""What a new row has before its first state comes: a ticket whose timers come first, and the other way round."""


class Writing:
    """Writes what events changed. Repeating it, or a part of it, changes nothing."""

    def __init__(self, db: Database, claim: Claim | None = None) -> None:
        self._forgetting = Forgetting(db, claim)
        self._timeline = db["timeline"]
        self._views = {name: db[name] for name in VIEWS}
        self._access = db["access"]

    async def apply(self, changes: Changes) -> None:
        """Entries first, then state, so that no row speaks of an entry that cannot be read yet."""
        await self._forgetting.keep(changes)
        await self._add(list(changes.entries.values()))
        await self._forgetting.forget(changes)
        rows: dict[str, dict[str, list[Kept]]] = {}
        for kept in changes.kept.values():
            rows.setdefault(kept.view, {}).setdefault(kept.key, []).append(kept)
        for view, states in rows.items():
            await self._keep(self._views[view], [*states.values()])
        if changes.touches_directory:
            await self._access.update_one({"_id": STAMP}, {"$inc": {"stamp": 1}}, upsert=True)

    async def _keep(self, view: Collection, rows: list[list[Kept]]) -> None:
        """The states of each row, where they are newer than what is there."""
        late = [states for states in rows if not is_first(states)]
        late += await _insert(view, [states for states in rows if is_first(states)])
        updates = [newer(kept) for states in late for kept in states]
        if await view.bulk_write(updates) < len(updates):
            await view.bulk_write([newest(kept) for states in late for kept in states])

    async def _add(self, rows: list[dict[str, Any]]) -> None:
        if not rows:
            return
        try:
            await self._timeline.bulk_write([InsertOne(row) for row in rows], ordered=False)
        except BulkWriteError as error:
            _only_duplicates(error)
            # the rest is there already: an answer came before its batch, or a batch came twice


async def _insert(view: Collection, rows: list[list[Kept]]) -> list[list[Kept]]:
    """Makes new rows; gives those that were there already."""
    try:
        await view.bulk_write([InsertOne(new_row(states)) for states in rows])
    except BulkWriteError as error:
        return [rows[one["index"]] for one in _only_duplicates(error)]
    return []


def _only_duplicates(error: BulkWriteError) -> list[dict[str, Any]]:
    failures: list[dict[str, Any]] = error.details["writeErrors"]
    if any(not duplicate_key(one) for one in failures):
        raise error
    return failures


def is_first(states: list[Kept]) -> bool:
    """Whether these look like the first that is heard of a row."""
    return any(kept.guard == "version" and kept.version == 1 for kept in states)


def new_row(states: list[Kept]) -> dict[str, Any]:
    """A row made of its first states."""
    row = {**BLANK.get(states[0].view, {}), "_id": states[0].key}
    for kept in states:
        row |= {**kept.fields, kept.guard: kept.version}
    return row


def newer(kept: Kept) -> UpdateMany:
    """Replaces the fields of a row that is there where the guard is smaller.

    Of many where it can only be one: for such the server writes no record by which the driver could try again,
    which costs as much as the update. Nobody misses it, since the batch is tried again. ``$literal`` keeps
    whatever people wrote from being read as an expression.
    """
    older = {"$lt": [{"$ifNull": [f"${kept.guard}", 0]}, kept.version]}
    fields = {**kept.fields, kept.guard: kept.version}
    change = {name: {"$cond": [older, {"$literal": value}, f"${name}"]} for name, value in fields.items()}
    return UpdateMany({"_id": kept.key}, [{"$set": change}])


def newest(kept: Kept) -> UpdateOne:
    """The same for a row that may not be there, which costs most.

    The filter is the key alone, so that two replicas that insert at once do not lose to each other (the server
    tries such an upsert again), and what is older leaves the row as it is without an error.
    """
    fields = {"$literal": {**kept.fields, kept.guard: kept.version}}
    blank = {"$literal": BLANK.get(kept.view, {})}
    older = {"$lt": [{"$ifNull": [f"${kept.guard}", 0]}, kept.version]}
    replaced = {"$mergeObjects": [blank, "$$ROOT", fields]}
    return UpdateOne({"_id": kept.key}, [{"$replaceWith": {"$cond": [older, replaced, "$$ROOT"]}}], upsert=True)
