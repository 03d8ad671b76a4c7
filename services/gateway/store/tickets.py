"""Tickets and their timelines, read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from ticketwire_chassis.mongo import Database

from ..domain.order import ORDERS
from ..domain.visibility import Filter
from ..views.needs import Count, Selection
from ..views.shapes import Entry, File, Ticket
from .cursors import beyond, read_cursor, write_cursor
from .rows import entry_of, file_of, ticket_of


class TicketRows:
    """The collections ``tickets`` and ``timeline``."""

    def __init__(self, db: Database) -> None:
        self._tickets = db["tickets"]
        self._timeline = db["timeline"]

    async def prepare(self) -> None:
        """Each index costs every mail a write; these are the ones that lists need."""
        urgency = [(key.field, -1 if key.descending else 1) for key in ORDERS["urgency"]]
        counted = [("owner.id", 1), ("category", 1)]
        await self._tickets.create_index([("queue", 1), ("open", 1), *urgency, *counted], name="queue_urgency")
        await self._tickets.create_index(
            [("owner.id", 1), ("open", 1), *urgency],
            name="owner_urgency",
            partialFilterExpression={"owner.id": {"$exists": True}},
        )
        await self._tickets.create_index([("requesters.address", 1)], name="requester")
        await self._timeline.create_index([("ticket", 1), ("order", 1)], name="ticket_order")

    async def find(self, selection: Selection) -> tuple[list[Ticket], str | None]:
        """Tickets in an order, and the cursor of what follows; ValueError for a cursor that is not ours."""
        keys = ORDERS[selection.sort]
        where: Filter = {**selection.filter}
        if selection.cursor:
            place = beyond(keys, read_cursor(selection.sort, selection.cursor, len(keys)))
            where = {"$and": [where, place]}
        sort = [(key.field, -1 if key.descending else 1) for key in keys]
        rows = await self._tickets.find(where, sort=sort, limit=selection.limit + 1)
        shown = rows[: selection.limit]
        more = len(rows) > len(shown)
        cursor = write_cursor(selection.sort, [shown[-1][key.field] for key in keys]) if more else None
        return [ticket_of(row) for row in shown], cursor

    async def get(self, number: str) -> Ticket | None:
        """One ticket; a row that has only timers is not one yet."""
        row = await self._tickets.find_one({"_id": number})
        return ticket_of(row) if row and row["version"] else None

    async def get_many(self, numbers: Sequence[str]) -> list[Ticket]:
        """Those that are there."""
        rows = await self._tickets.find({"_id": {"$in": list(numbers)}, "version": {"$gt": 0}})
        return [ticket_of(row) for row in rows]

    async def count(self, filter: Filter) -> int:
        """How many tickets a filter lets through."""
        return await self._tickets.count({"version": {"$gt": 0}, **filter} if filter else {"version": {"$gt": 0}})

    async def counts(self, filter: Filter, person: str, now: datetime) -> list[Count]:
        """What is open, by queue: one pass, over the index alone where the asker sees whole queues."""

        def when(condition: Any) -> dict[str, Any]:
            return {"$sum": {"$cond": [condition, 1, 0]}}

        groups = await self._tickets.aggregate(
            [
                {"$match": {**filter, "open": True}},
                {
                    "$group": {
                        "_id": "$queue",
                        "open": {"$sum": 1},
                        "new": when({"$eq": ["$category", "new"]}),
                        "unowned": when({"$lte": ["$owner.id", None]}),
                        "overdue": when({"$lt": ["$due_sort", now]}),
                        "mine": when({"$eq": ["$owner.id", person]}),
                    }
                },
            ]
        )
        return [Count(queue=group.pop("_id"), **group) for group in groups]

    async def timeline(
        self,
        number: str,
        audiences: Sequence[str],
        cursor: str | None,
        limit: int,
        also: Mapping[str, Sequence[str]] = {},
    ) -> tuple[list[Entry], str | None]:
        """Entries, oldest first; ValueError for a cursor that is not ours.

        ``also`` names tickets that are shown together with it, each with its own audiences. Each branch reads the
        index in its order, and the server merges them.
        """
        place: Filter = {"order": {"$gt": str(read_cursor("timeline", cursor, 1)[0])}} if cursor else {}
        parts = {number: audiences, **also}
        branches: list[Filter] = [
            {"ticket": ticket, "audience": {"$in": list(seen)}, **place} for ticket, seen in parts.items()
        ]
        where = branches[0] if len(branches) == 1 else {"$or": branches}
        rows = await self._timeline.find(where, sort=[("order", 1)], limit=limit + 1)
        shown = rows[:limit]
        following = write_cursor("timeline", [shown[-1]["order"]]) if len(rows) > len(shown) else None
        return [entry_of(row) for row in shown], following

    async def entry(self, id: str, audiences: Sequence[str]) -> Entry | None:
        """One entry by its event's id, if it is for one of these audiences."""
        row = await self._timeline.find_one({"_id": id, "audience": {"$in": list(audiences)}})
        return entry_of(row) if row else None

    async def sendings(self, numbers: Sequence[str], addresses: Sequence[str]) -> list[Entry]:
        """What was sent to these addresses on these tickets, oldest first."""
        where = {"ticket": {"$in": list(numbers)}, "details.recipients": {"$in": list(addresses)}}
        return [entry_of(row) for row in await self._timeline.find(where, sort=[("ticket", 1), ("order", 1)])]

    async def file(
        self, number: str, digest: str, audiences: Sequence[str], without: Collection[str] = ()
    ) -> File | None:
        """An attachment of a message for one of these audiences, but for some messages."""
        where: Filter = {
            "ticket": number,
            "audience": {"$in": list(audiences)},
            "message.attachments.sha256": digest,
        }
        if without:
            where["message.id"] = {"$nin": list(without)}
        row = await self._timeline.find_one(where, {"message.attachments": 1})
        if row is None:
            return None
        return next(file_of(one) for one in row["message"]["attachments"] if one["sha256"] == digest)

    async def changes(self, opened: Callable[[], None]) -> AsyncIterator[tuple[tuple[int, int], str]]:
        """Place (the cluster's clock) and number of each ticket whose row changes after ``opened`` was called."""
        pipeline: list[dict[str, Any]] = [
            {"$match": {"operationType": {"$in": ["insert", "update", "replace"]}}},
            {"$project": {"documentKey": 1, "clusterTime": 1}},
        ]
        async for change in self._tickets.watch(pipeline, opened=opened):
            at = change["clusterTime"]
            yield (at.time, at.inc), change["documentKey"]["_id"]
