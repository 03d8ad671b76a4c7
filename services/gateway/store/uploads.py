"""Files that were uploaded to be attached: whose they are, until a message carries them or a day is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from ticketwire_chassis.mongo import Database

from ..views.shapes import File
from .rows import file_of

KEEP = timedelta(days=1)


class UploadRows:
    """The collection ``uploads``: one row per person and content."""

    def __init__(self, db: Database) -> None:
        self._uploads = db["uploads"]
        self._timeline = db["timeline"]

    async def prepare(self) -> None:
        """Indexes: by age, and by digest where messages carry files."""
        await self._uploads.create_index([("expires_at", 1)])
        await self._timeline.create_index(
            [("message.attachments.sha256", 1)],
            partialFilterExpression={"message.attachments.sha256": {"$exists": True}},
            name="attachment",
        )

    async def keep_upload(self, person: str, file: File, now: datetime) -> None:
        """Remembers whose it is, for a day."""
        fields = {**asdict(file), "person": person, "expires_at": now + KEEP}
        await self._uploads.update_one({"_id": row_id(person, file.sha256)}, {"$set": fields}, upsert=True)

    async def uploaded(self, person: str, digests: Sequence[str]) -> dict[str, File]:
        """Their own uploads, by digest."""
        if not digests:
            return {}
        rows = await self._uploads.find({"_id": {"$in": [row_id(person, digest) for digest in digests]}})
        return {row["sha256"]: file_of(row) for row in rows}

    async def forgotten(self, now: datetime) -> list[tuple[str, str]]:
        """Removes uploads whose day is over; those whose content no message carries, as (row, blob reference)."""
        rows = await self._uploads.find({"expires_at": {"$lte": now}}, limit=500)
        unused = []
        for row in rows:
            used = await self._timeline.find_one({"message.attachments.sha256": row["sha256"]}, {"_id": 1})
            if used is None:
                unused.append((row["_id"], reference(row["_id"])))
            await self._uploads.delete_one({"_id": row["_id"], "expires_at": {"$lte": now}})
        return unused


def row_id(person: str, digest: str) -> str:
    """One row per person and content."""
    return f"{person}/{digest}"


def reference(row: str) -> str:
    """How the blob store names us for it."""
    return f"gateway:upload/{row}"
