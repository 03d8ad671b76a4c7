"""Working rows that have something to say: mails, timers, outgoing mails (decision 6).

A row's state and what it says are one write: ``outbox`` holds ``{id, event}``, ``pending`` marks the row, ``rev``
counts its changes. The relay says the events and pulls exactly those it has said, so what a later write added
meanwhile stays. Their events have no place in the log; their version is ``rev``.
"""

from __future__ import annotations

from collections.abc import Sequence

from ticketwire_contracts.base import Event

from .mongo import ASCENDING, Collection, Doc

AT_ONCE = 200


def said(event: Event) -> Doc:
    """One entry of a row's ``outbox``."""
    return {"id": event.id, "event": event.model_dump_json()}


async def prepare(rows: Collection) -> None:
    """The index by which the relay finds rows."""
    await rows.create_index([("pending", ASCENDING)], partialFilterExpression={"pending": True})


async def waiting(rows: Collection) -> list[Doc]:
    """Rows that have something to say."""
    return await rows.find({"pending": True}, {"outbox": 1}, limit=AT_ONCE)


async def was_said(rows: Collection, docs: Sequence[Doc]) -> None:
    """Takes out of the rows what has been said, and only that."""
    ids = [entry["id"] for doc in docs for entry in doc.get("outbox", ())]
    left: Doc = {"$filter": {"input": "$outbox", "cond": {"$not": [{"$in": ["$$this.id", ids]}]}}}
    await rows.update_many(
        {"_id": {"$in": [doc["_id"] for doc in docs]}},
        [
            {"$set": {"outbox": left}},
            {"$set": {"pending": {"$cond": [{"$gt": [{"$size": "$outbox"}, 0]}, True, "$$REMOVE"]}}},
        ],
    )
