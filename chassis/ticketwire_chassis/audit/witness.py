"""The second witness: chain values of other services' logs, as heard in their batches.

    witness   {_id: "<service>:<r|m>:<slot>", service, place, chain, at, other?}

Each change of a log changes every later chain value, so a few pairs are enough: the newest one of each second,
in a ring of slots, and the first one of every thousand places for good. A place keeps the value that was heard
first; another value for it is kept beside it as ``other``, and is an alarm.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import structlog

from ticketwire_contracts.base import Batch

from ..failures import what_failed
from ..mongo import ASCENDING, Database, UpdateOne

log = structlog.get_logger()

SLOTS = 1000
EVERY = 1000
SECONDS = 1.0


class Witness:
    """The pairs, in the database of whoever hears."""

    def __init__(self, db: Database) -> None:
        self._rows = db["witness"]
        self._newest: dict[str, tuple[int, str]] = {}
        self._steps: dict[tuple[str, int], tuple[int, str]] = {}

    async def prepare(self) -> None:
        """Makes the index."""
        await self._rows.create_index([("service", ASCENDING), ("place", ASCENDING)])

    # ---------------------------------------------------------------------------------------------- hearing

    def on_batches(self, batches: Sequence[Batch]) -> None:
        """The envelopes of what is heard; events of working rows have no place."""
        for batch in batches:
            if batch.last is not None and batch.chain:
                self.heard(batch.source, batch.last, batch.chain)

    def heard(self, service: str, place: int, chain: str) -> None:
        """A batch's end; kept in memory until the next write."""
        if place > self._newest.get(service, (0, ""))[0]:
            self._newest[service] = (place, chain)
        self._steps.setdefault((service, place // EVERY), (place, chain))

    async def run(self, clock: Callable[[], datetime]) -> None:
        """Writes what was heard, every second, for ever; and once more when it ends."""
        try:
            while True:
                await asyncio.sleep(SECONDS)
                await self._write_safely(clock())
        finally:
            await self._write_safely(clock())

    async def _write_safely(self, now: datetime) -> None:
        try:
            await self.write(now)
        except Exception as error:
            log.warning("witness_not_written", error=what_failed(error))  # kept, and written with the next

    async def write(self, now: datetime) -> None:
        """Writes what was heard since."""
        newest, steps = dict(self._newest), dict(self._steps)
        if not newest:
            return
        rows = [(f"{service}:r:{place % SLOTS}", service, place, chain) for service, (place, chain) in newest.items()]
        rows += [(f"{service}:m:{slot}", service, place, chain) for (service, slot), (place, chain) in steps.items()]
        await self._rows.bulk_write([_keeping(*row, now) for row in rows])
        for service, pair in newest.items():
            if self._newest.get(service) == pair:
                del self._newest[service]
        for key in steps:
            if key[1] < newest.get(key[0], (0, ""))[0] // EVERY:
                self._steps.pop(key, None)

    # ---------------------------------------------------------------------------------------------- reading

    async def pairs(self, service: str, after: int, upto: int) -> dict[int, str]:
        """What was heard of the places after one place, up to another."""
        rows = await self._rows.find({"service": service, "place": {"$gt": after, "$lte": upto}})
        return {row["place"]: row["chain"] for row in rows}

    async def newest(self, service: str) -> tuple[int, str] | None:
        """The greatest place heard, and its chain value."""
        row = await self._rows.find_one({"service": service}, sort=[("place", -1)])
        return (row["place"], row["chain"]) if row else None

    async def contradiction(self, service: str) -> int | None:
        """The first place of which two different values were heard."""
        row = await self._rows.find_one({"service": service, "other": {"$exists": True}}, sort=[("place", 1)])
        return row["place"] if row else None


def _keeping(id: str, service: str, place: int, chain: str, now: datetime) -> UpdateOne:
    """A ring's slot goes to the greater place, a milestone to who is first; the same place keeps what it has."""
    fields: dict[str, Any] = {"service": service, "place": place, "chain": chain, "at": now}
    known = {"$ifNull": ["$place", 0]}
    takes = {"$lt": [known, place]} if ":r:" in id else {"$eq": [known, 0]}
    contradicts = {"$and": [{"$eq": [known, place]}, {"$ne": ["$chain", chain]}]}
    kept = {"$cond": [contradicts, {"$mergeObjects": ["$$ROOT", {"other": chain}]}, "$$ROOT"]}
    return UpdateOne(
        {"_id": id},
        [{"$replaceWith": {"$cond": [takes, {"$mergeObjects": [{"_id": id}, {"$literal": fields}]}, kept]}}],
        upsert=True,
    )
