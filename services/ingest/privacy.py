"""What ingest does when a person was erased: their mails as they came, and their addresses, go.

A row stays, so that the account balances and a mail that comes a second time is known; but nothing of its mail
is left in it or in the blob store, and it is never read again. Mail that came after the erasure is not touched:
whoever writes then is someone new.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import structlog

from ticketwire_chassis.blobs import BlobStore
from ticketwire_chassis.mongo import Database, Doc
from ticketwire_contracts.base import ERASED
from ticketwire_contracts.tickets import PersonErasedV1

log = structlog.get_logger()

AT_ONCE = 1000


class Forgetting:
    """Erases rows of mails."""

    def __init__(self, db: Database, blobs: BlobStore, claim: Callable[[str, str], str]) -> None:
        self._mails = db["mails"]
        self._blobs = blobs
        self._claim = claim

    async def on_person_erased(self, events: Sequence[PersonErasedV1]) -> None:
        """Their mails, named by tickets, and whatever else came from their addresses before; again harms nothing."""
        for event in events:
            rows = [*event.mails, *await self._sent_by(event)]
            for row in dict.fromkeys(rows):
                await self._forget(row)
            log.info("mails_erased", person=event.person.id, mails=len(rows))

    async def _forget(self, row: str) -> None:
        whole: Doc = {
            "$set": {"erased": True, "envelope_from": ERASED, "sha256": "", "size": 0},
            "$unset": {
                "raw": "", "message_id": "", "outbox": "", "pending": "", "lease": "", "due_at": "", "awaits": "",
                "open": "", "tries": "",
            },
        }  # fmt: skip
        if await self._mails.update_one({"_id": row}, whole):
            await self._blobs.drop(f"ingest:{row}")

    async def _sent_by(self, event: PersonErasedV1) -> list[str]:
        """Rows of mails that tickets refused or ignored, or that are their twins: found by who sent them."""
        found: list[str] = []
        last = ""
        while True:
            rows = await self._mails.find(
                {"_id": {"$gt": last}, "at": {"$lte": event.time}},
                {"envelope_from": 1, "open": 1, "at": 1},
                sort=[("_id", 1)],
                limit=AT_ONCE,
            )
            if not rows:
                return found
            last = rows[-1]["_id"]
            found += [row["_id"] for row in rows if not row.get("open") and self._is_theirs(event, row)]

    def _is_theirs(self, event: PersonErasedV1, row: Doc) -> bool:
        """By the sender's address, since when it was theirs: what is older someone else wrote, who had it before."""
        claim = self._claim("address", row["envelope_from"] or "")
        return claim in event.claims and row["at"] >= event.since.get(claim, row["at"])
