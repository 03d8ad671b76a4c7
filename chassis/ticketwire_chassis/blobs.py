"""Large things by claim check: content by its SHA-256 in GridFS, kept while anyone refers to it (decision 12)."""

from __future__ import annotations

from hashlib import sha256

from .mongo import Database, Doc


class BlobStore:
    """Blobs of all services in one database. A reference is ``<service>:<row>``.

    The file goes in under a random id first, then ``digest → file`` with the first reference: a crash in
    between leaves a file that nobody refers to, never a reference without a file.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._blobs = db["blobs"]

    async def put(self, data: bytes, ref: str) -> str:
        """Keeps the octets and a reference to them; gives their digest."""
        name = sha256(data).hexdigest()
        if await self.keep(name, ref):
            return name
        file = await self._db.put_file(data)
        row = await self._blobs.find_one_and_update(
            {"_id": name},
            {"$setOnInsert": {"file": file, "size": len(data)}, "$addToSet": {"refs": ref}},
            upsert=True,
        )
        if row is not None and row["file"] != file:  # another replica was faster with the same content
            await self._db.delete_file(file)
        return name

    async def keep(self, name: str, ref: str) -> bool:
        """Adds a reference to a blob that is there; false if it is not."""
        return bool(await self._blobs.update_one({"_id": name}, {"$addToSet": {"refs": ref}}))

    async def get(self, name: str) -> bytes | None:
        """The octets, or nothing."""
        row: Doc | None = await self._blobs.find_one({"_id": name}, {"file": 1})
        return await self._db.get_file(row["file"]) if row else None

    async def drop(self, ref: str) -> None:
        """Takes away a row's references; what has none for a day is swept by an operator's task."""
        await self._blobs.update_many({"refs": ref}, {"$pull": {"refs": ref}, "$currentDate": {"dropped_at": True}})
