"""What notify does when a person was erased: they leave the directory, and no mail names them or goes to them.

tombstones   {_id: HMAC of an address, tickets}   an event of before, parked and tried again, tells them nothing
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

import structlog

from ticketwire_chassis.mongo import Database, Doc, UpdateOne
from ticketwire_contracts.tickets import PersonErasedV1

from .domain.directory import Known
from .domain.outgoing import Outgoing

log = structlog.get_logger()

GONE = "[erased]"
SECONDS = 30.0
"""How old the tombstones in memory may be; what they are for is days old."""


class Directories(Protocol):
    """Who is who."""

    async def keep(self, entries: Sequence[Known]) -> None: ...


class Rows(Protocol):
    """Mails on their way out."""

    async def add(self, rows: Sequence[Outgoing], now: datetime) -> list[tuple[Outgoing, str]]: ...
    async def due_at_once(self, row: str, now: datetime) -> bool: ...
    async def state(self, row: str) -> str | None: ...


class Forgetting:
    """Erases rows, and stands before them: what would go to an erased address on those tickets is not written."""

    def __init__(self, db: Database, directories: Directories, rows: Rows, claim: Callable[[str, str], str]) -> None:
        self._outgoing = db["outgoing"]
        self._tombstones = db["tombstones"]
        self._directories = directories
        self._rows = rows
        self._claim = claim
        self._known: dict[str, set[str]] = {}
        self._read_at = float("-inf")

    async def on_person_erased(self, events: Sequence[PersonErasedV1]) -> None:
        """First the tombstones, then what is there; again harms nothing."""
        for event in events:
            await self._tombstones.bulk_write(
                [
                    UpdateOne({"_id": claim}, {"$addToSet": {"tickets": {"$each": event.tickets}}}, upsert=True)
                    for claim in event.claims
                ]
            )
            self._read_at = float("-inf")
            await self._directories.keep([Known(event.person.id, event.version, None, event.rights_epoch)])
            found = await self._outgoing.find({"ticket": {"$in": event.tickets}})
            changes = [change for row in found if (change := self._without(row, set(event.claims))) is not None]
            await self._outgoing.bulk_write(changes)
            log.info("outgoing_erased", person=event.person.id, rows=len(changes))

    def _without(self, row: Doc, claims: set[str]) -> UpdateOne | None:
        """A mail to them alone goes; where others hear it too, their address goes."""
        named = {one for one in row["recipients"] if self._claim("address", one) in claims}
        if not named:
            return None
        left = [one for one in row["open"] if one not in named]
        fields: Doc = {
            "recipients": [GONE if one in named else one for one in row["recipients"]],
            "open": left,
            "failed": [GONE if one in named else one for one in row.get("failed", [])],
        }
        gone: Doc = {}
        if named == set(row["recipients"]) or not left:
            gone |= {"mail": "", "due_at": "", "lease": ""}
            fields["state"] = "sent" if row["state"] == "sent" else "failed"
            fields["attachments"] = []
        return UpdateOne({"_id": row["_id"]}, {"$set": fields} | ({"$unset": gone} if gone else {}))

    # -------------------------------------------------------------------------------------- before the rows

    async def add(self, rows: Sequence[Outgoing], now: datetime) -> list[tuple[Outgoing, str]]:
        """Writes new rows, but for erased people."""
        if not rows:
            return []
        if time.monotonic() - self._read_at > SECONDS:
            self._known = {doc["_id"]: set(doc["tickets"]) for doc in await self._tombstones.find({})}
            self._read_at = time.monotonic()
        if self._known:
            rows = [left for row in rows if (left := self._allowed(row)) is not None]
        return await self._rows.add(rows, now)

    def _allowed(self, row: Outgoing) -> Outgoing | None:
        def may(address: str) -> bool:
            return row.ticket not in self._known.get(self._claim("address", address), ())

        left: tuple[Any, ...] = tuple(one for one in row.recipients if may(one))
        if left == row.recipients:
            return row
        return replace(row, recipients=left, open=tuple(one for one in row.open if may(one))) if left else None

    async def due_at_once(self, row: str, now: datetime) -> bool:
        """Has a mail that failed tried again now."""
        return await self._rows.due_at_once(row, now)

    async def state(self, row: str) -> str | None:
        """The state of a row, or nothing."""
        return await self._rows.state(row)
