"""Bringing changes into the views: one bulk write per collection and batch."""

from __future__ import annotations

from typing import Any

from ticketwire_chassis.mongo import BulkWriteError, Database, InsertOne, UpdateOne

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
        requests: dict[str, list[Any]] = {}
        for kept in changes.kept.values():
            requests.setdefault(kept.view, []).append(newest(kept))
        for view, writes in requests.items():
            await self._views[view].bulk_write(writes, ordered=False)
        if changes.touches_directory:
            await self._access.update_one({"_id": STAMP}, {"$inc": {"stamp": 1}}, upsert=True)

    async def _add(self, rows: list[dict[str, Any]]) -> None:
        if not rows:
            return
        try:
            await self._timeline.bulk_write([InsertOne(row) for row in rows], ordered=False)
        except BulkWriteError as error:
            others = [one for one in error.details["writeErrors"] if one["code"] != 11000]
            if others:
                raise
            # the rest is there already: an answer came before its batch, or a batch came twice


def newest(kept: Kept) -> UpdateOne:
    """Replaces the fields where the guard is smaller.

    The filter is the key alone, so that two replicas that insert at once do not lose to each other (the server
    tries such an upsert again), and what is older leaves the row as it is without an error. ``$literal`` keeps
    whatever people wrote from being read as an expression.
    """
    fields = {"$literal": {**kept.fields, kept.guard: kept.version}}
    blank = {"$literal": BLANK.get(kept.view, {})}
    newer = {"$lt": [{"$ifNull": [f"${kept.guard}", 0]}, kept.version]}
    replaced = {"$mergeObjects": [blank, "$$ROOT", fields]}
    return UpdateOne({"_id": kept.key}, [{"$replaceWith": {"$cond": [newer, replaced, "$$ROOT"]}}], upsert=True)
