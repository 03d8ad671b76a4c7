"""Mongo: one row per ticket, and the policies as they stand in the log.

    timers   {_id: number, queue, facts, version, correlation, policy_version, deadlines, timers, said, done,
              next_due, rev, outbox, pending}

A row is written under the ``rev`` it was read with: whoever was faster wins, the other reads again. So the write
that marks a step as said is the claim on it too, and several replicas may try the same row without a lease.
``next_due`` stands in every row whose clocks may still run, far away where nothing is due, and in no other: its
partial index holds the live tickets only.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from ticketwire_chassis.commits import CommitLog
from ticketwire_chassis.mongo import (
    ASCENDING,
    BulkWriteError,
    Database,
    Doc,
    InsertOne,
    UpdateOne,
    duplicate_key,
)
from ticketwire_chassis.outbox import said as entry
from ticketwire_contracts.escalation import Clock, Deadline
from ticketwire_contracts.tickets import ClockFacts

from .domain import Policy, Row, Telling, Timer
from .publish import of_row

FAR = datetime(9999, 1, 1, tzinfo=UTC)
POLICY_SECONDS = 2.0
"""How old the policies in memory may be when a row is computed from them."""


class TimerStore:
    """The rows."""

    def __init__(self, db: Database) -> None:
        self._rows = db["timers"]

    async def prepare(self) -> None:
        """Makes the index of what is due."""
        await self._rows.create_index(
            [("next_due", ASCENDING)], partialFilterExpression={"next_due": {"$exists": True}}
        )

    async def read(self, tickets: Iterable[str]) -> dict[str, Row]:
        """The rows of these tickets."""
        found = await self._rows.find({"_id": {"$in": sorted(set(tickets))}}, {"outbox": 0, "pending": 0})
        return {doc["_id"]: _from_doc(doc) for doc in found}

    async def due(self, now: datetime, limit: int = 200) -> list[Row]:
        """Rows with a step that is due, the longest overdue first."""
        found = await self._rows.find(
            {"next_due": {"$lte": now}}, {"outbox": 0, "pending": 0}, sort=[("next_due", ASCENDING)], limit=limit
        )
        return [_from_doc(doc) for doc in found]

    async def soonest(self) -> datetime | None:
        """When the next step of all is due."""
        found = await self._rows.find(
            {"next_due": {"$lt": FAR}}, {"next_due": 1}, sort=[("next_due", ASCENDING)], limit=1
        )
        return found[0]["next_due"] if found else None

    async def outdated(self, policy: Policy, limit: int = 200) -> list[Row]:
        """Live rows of a queue that were computed from an older policy."""
        query = {
            "next_due": {"$exists": True},
            "facts.queue": policy.queue,
            "policy_version": {"$lt": policy.version},
        }
        return [_from_doc(doc) for doc in await self._rows.find(query, {"outbox": 0, "pending": 0}, limit=limit)]

    async def write(
        self,
        changes: Sequence[tuple[Row | None, Row]],
        now: datetime,
        saying: Mapping[str, Sequence[Timer]] | None = None,
    ) -> set[str]:
        """Writes rows as (as it was read, as it shall be) with what they say; gives those where another was faster."""
        requests: list[InsertOne[Doc] | UpdateOne] = []
        for before, after in changes:
            row = replace(after, rev=after.rev + 1)
            events = [entry(event) for event in of_row(before, row, (saying or {}).get(row.ticket, ()), now)]
            requests.append(_insert(row, events) if before is None else _update(before, row, events))
        try:
            await self._rows.bulk_write(requests)
        except BulkWriteError as error:
            failures = error.details["writeErrors"]
            if any(not duplicate_key(failure) for failure in failures):
                raise
            return {changes[failure["index"]][1].ticket for failure in failures}
        return set()


class Policies:
    """The policies of all queues, kept in memory for a moment."""

    def __init__(self, log: CommitLog) -> None:
        self._log = log
        self._kept: dict[str, Policy] = {}
        self._read_at = float("-inf")

    async def current(self, fresh: bool = False) -> dict[str, Policy]:
        """The policies by queue, at most ``POLICY_SECONDS`` old."""
        if fresh or time.monotonic() - self._read_at > POLICY_SECONDS:
            begun = time.monotonic()
            newest = await self._log.newest_of_kind("policy/")
            self._kept = {
                commit.after["queue"]: Policy(
                    queue=commit.after["queue"],
                    clocks=tuple(Clock.model_validate(clock) for clock in commit.after["clocks"]),
                    version=commit.seq,
                )
                for commit in newest.values()
            }
            self._read_at = begun
        return self._kept


def _insert(row: Row, events: list[Doc]) -> InsertOne[Doc]:
    doc: Doc = {"_id": row.ticket, **_state(row), "outbox": events}
    if events:
        doc["pending"] = True
    if (due := _next_due(row)) is not None:
        doc["next_due"] = due
    return InsertOne(doc)


def _update(before: Row, row: Row, events: list[Doc]) -> UpdateOne:
    fields = _state(row)
    update: Doc = {"$set": fields}
    if events:
        fields["pending"] = True
        update["$push"] = {"outbox": {"$each": events}}
    if (due := _next_due(row)) is not None:
        fields["next_due"] = due
    else:
        update["$unset"] = {"next_due": ""}
    # As an upsert a lost race shows: no row has this rev any more, and to insert one trips over its _id.
    return UpdateOne({"_id": row.ticket, "rev": before.rev}, update, upsert=True)


def _next_due(row: Row) -> datetime | None:
    return (row.next_due or FAR) if row.live else None


def _state(row: Row) -> Doc:
    return {
        "facts": row.facts.model_dump(),
        "version": row.version,
        "correlation": row.correlation,
        "policy_version": row.policy_version,
        "deadlines": [deadline.model_dump() for deadline in row.deadlines],
        "timers": [
            {"clock": timer.clock, "percent": timer.percent, "due_at": timer.due_at, "actions": list(timer.actions)}
            for timer in row.timers
        ],
        "said": [
            {"step": step, "generation": telling.generation, "at": telling.at} for step, telling in row.said.items()
        ],
        "done": sorted(row.done),
        "rev": row.rev,
    }


def _from_doc(doc: Doc) -> Row:
    return Row(
        ticket=doc["_id"],
        facts=ClockFacts.model_validate(doc["facts"]),
        version=doc["version"],
        correlation=doc["correlation"],
        policy_version=doc["policy_version"],
        deadlines=tuple(Deadline.model_validate(deadline) for deadline in doc["deadlines"]),
        timers=tuple(
            Timer(timer["clock"], timer["percent"], timer["due_at"], tuple(timer["actions"])) for timer in doc["timers"]
        ),
        said={one["step"]: Telling(one["generation"], one["at"]) for one in doc["said"]},
        done=frozenset(doc["done"]),
        rev=doc["rev"],
    )
