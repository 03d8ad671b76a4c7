"""What was answered to which idempotency key, for a day."""

from __future__ import annotations

from datetime import datetime, timedelta

from ticketwire_chassis.mongo import Database, DuplicateKeyError

from ..views.needs import Kept

KEEP = timedelta(days=1)


class Answers:
    """The collection ``answers``."""

    def __init__(self, db: Database) -> None:
        self._answers = db["answers"]

    async def prepare(self) -> None:
        """They go by themselves."""
        await self._answers.create_index([("expires_at", 1)], expireAfterSeconds=0)

    async def claim(self, key: str, digest: str, now: datetime) -> Kept | None:
        """None when the key is new; else what is known of it."""
        try:
            await self._answers.insert_one({"_id": key, "digest": digest, "expires_at": now + KEEP})
        except DuplicateKeyError:
            row = await self._answers.find_one({"_id": key})
            if row is None:  # it went in between
                return await self.claim(key, digest, now)
            return Kept(row["digest"], row.get("status"), row.get("body"), row.get("etag"))
        return None

    async def settle(self, key: str, status: int, body: bytes, etag: str | None) -> None:
        """Keeps the answer."""
        await self._answers.update_one({"_id": key}, {"$set": {"status": status, "body": body, "etag": etag}})
