"""What was erased stays erased: entries as they are since, and names that were taken from people.

    redactions   {_id: event id, version, row}       the entry as it is from now on
    tombstones   {_id: HMAC of an address, tickets}  on these, mails to it do not name it

Both are kept before anything is changed, and looked at after each entry is written; so whatever order events
come in, and however often (a replay, a parked event of years ago), nothing of it comes back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ticketwire_chassis.mongo import Database, UpdateOne
from ticketwire_contracts.base import ERASED
from ticketwire_contracts.tickets import PersonErasedV1

from ..domain.changes import Changes

Claim = Callable[[str, str], str]
Row = dict[str, Any]


class Forgetting:
    """The collections ``redactions`` and ``tombstones``, and what follows from them."""

    def __init__(self, db: Database, claim: Claim | None = None) -> None:
        self._redactions = db["redactions"]
        self._tombstones = db["tombstones"]
        self._timeline = db["timeline"]
        self._credentials = db["credentials"]
        self._access = db["access"]
        self._uploads = db["uploads"]
        self._claim = claim

    async def keep(self, changes: Changes) -> None:
        """Remembers what is erased, before any of it is."""
        if changes.redacted:
            await self._redactions.bulk_write(
                [_newer(key, version, row) for key, (version, row) in changes.redacted.items()]
            )
        names = [
            UpdateOne({"_id": claim}, {"$addToSet": {"tickets": {"$each": erased.tickets}}}, upsert=True)
            for erased in changes.tombstones
            for claim in erased.claims
        ]
        await self._tombstones.bulk_write(names)

    async def forget(self, changes: Changes) -> None:
        """Erases it: in what was just written, and in what was there."""
        await self._redact([*changes.entries, *changes.redacted])
        sent = [row for row in changes.entries.values() if "recipients" in row.get("details", {})]
        for erased in changes.tombstones:
            await self._let_go(erased)
            sent += await self._timeline.find(
                {"ticket": {"$in": erased.tickets}, "details.recipients": {"$exists": True}}
            )
        await self._unname(sent)

    async def _redact(self, ids: list[str]) -> None:
        if not ids:
            return
        found = await self._redactions.find({"_id": {"$in": ids}})
        await self._timeline.bulk_write([UpdateOne({"_id": one["_id"]}, {"$set": one["row"]}) for one in found])

    async def _unname(self, rows: Iterable[Row]) -> None:
        """Takes erased addresses out of what was sent."""
        if self._claim is None:
            return
        sent = {row["_id"]: row for row in rows}
        claims = {one: self._claim("address", one) for row in sent.values() for one in row["details"]["recipients"]}
        if not claims:
            return
        found = await self._tombstones.find({"_id": {"$in": sorted(set(claims.values()))}})
        gone = {one["_id"]: set(one["tickets"]) for one in found}
        writes = []
        for row in sent.values():
            named = row["details"]["recipients"]
            left = [ERASED if row["ticket"] in gone.get(claims[one], ()) else one for one in named]
            if left != named:
                writes.append(UpdateOne({"_id": row["_id"]}, {"$set": {"details.recipients": left}}))
        await self._timeline.bulk_write(writes)

    async def _let_go(self, erased: PersonErasedV1) -> None:
        """What nobody else keeps: passwords, sessions, files on their way."""
        whose = {"$in": erased.erased}
        await self._credentials.delete_many({"_id": whose})
        await self._access.delete_many({"person": whose})
        await self._uploads.update_many({"person": whose}, {"$set": {"expires_at": erased.time}})  # swept, with blobs


def _newer(id: str, version: int, row: Row) -> UpdateOne:
    fields = {"$literal": {"version": version, "row": {key: value for key, value in row.items() if key != "_id"}}}
    newer = {"$lt": [{"$ifNull": ["$version", 0]}, version]}
    replaced = {"$mergeObjects": [{"_id": {"$literal": id}}, fields]}
    return UpdateOne({"_id": id}, [{"$replaceWith": {"$cond": [newer, replaced, "$$ROOT"]}}], upsert=True)
