"""The one door to MongoDB: one small API over motor and PyMongo's own asyncio client (decision 21).

Both drivers speak the same language with small differences in what is awaited; those live here, so that a
setting chooses the driver and the stores' tests run on both. Every write is ``w: majority`` (which is
journaled on a replica set), every time is UTC with its zone, every call is counted.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Literal

from bson import ObjectId
from gridfs.asynchronous import AsyncGridFSBucket
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorGridFSBucket
from pymongo import ASCENDING, DESCENDING, AsyncMongoClient, DeleteOne, InsertOne, ReplaceOne, UpdateMany, UpdateOne
from pymongo.errors import BulkWriteError, ConnectionFailure, DuplicateKeyError, OperationFailure, PyMongoError
from pymongo.read_concern import ReadConcern

from .metrics import MONGO_CALLS

Doc = dict[str, Any]
Driver = Literal["motor", "pymongo"]
Session = Any

__all__ = [
    "ASCENDING",
    "DESCENDING",
    "BulkWriteError",
    "Collection",
    "ConnectionFailure",
    "Database",
    "DeleteOne",
    "Doc",
    "DuplicateKeyError",
    "InsertOne",
    "OperationFailure",
    "PyMongoError",
    "ReplaceOne",
    "Session",
    "UpdateMany",
    "UpdateOne",
    "duplicate_key",
    "is_transient",
    "open_database",
]


def open_database(url: str, name: str, driver: Driver = "motor") -> Database:
    """A database by name; connects when first used. Needs a running event loop with motor."""
    options: dict[str, Any] = {
        "tz_aware": True,
        "w": "majority",
        "serverSelectionTimeoutMS": 5000,
        "retryWrites": True,
        "appname": name,
    }
    client: Any = AsyncIOMotorClient(url, **options) if driver == "motor" else AsyncMongoClient(url, **options)
    return Database(client, name, driver)


def duplicate_key(error: Mapping[str, Any]) -> frozenset[str]:
    """The fields of the unique index that a write error of code 11000 names; empty for any other error."""
    if error.get("code") not in (11000, 11001):
        return frozenset()
    return frozenset(error.get("keyPattern", {}))


def is_transient(error: Exception) -> bool:
    """Whether a transaction lost a race and may be tried again (WriteConflict counts as such)."""
    if isinstance(error, DuplicateKeyError):
        return True
    return isinstance(error, PyMongoError) and error.has_error_label("TransientTransactionError")


class Database:
    """One service's database."""

    def __init__(self, client: Any, name: str, driver: Driver) -> None:
        self._client = client
        self._db = client[name]
        self._driver = driver
        self.name = name

    def __getitem__(self, name: str) -> Collection:
        return Collection(self._db[name], self._driver)

    async def ping(self) -> None:
        """Raises when there is no primary to write to."""
        await self._db.command("hello")

    async def drop(self) -> None:
        """Drops the whole database; tests and the bench do."""
        await self._client.drop_database(self.name)

    async def aggregate(self, pipeline: Sequence[Doc]) -> list[Doc]:
        """A pipeline on the database itself (``$documents``)."""
        MONGO_CALLS.labels("aggregate").inc()
        cursor = self._db.aggregate(list(pipeline))
        if self._driver == "pymongo":
            cursor = await cursor
        return list(await cursor.to_list(None))

    async def now(self) -> Any:
        """The database's clock, which all replicas share."""
        answer = await self._db.command("hello")
        return answer["localTime"]

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Session]:
        """A transaction with a snapshot; whoever uses it tries again when ``is_transient``."""
        if self._driver == "motor":
            async with await self._client.start_session() as session:
                async with session.start_transaction(read_concern=ReadConcern("snapshot")):
                    yield session
        else:
            async with self._client.start_session() as session:
                async with await session.start_transaction(read_concern=ReadConcern("snapshot")):
                    yield session

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Session]:
        """A session whose reads all see one majority-committed point in time."""
        if self._driver == "motor":
            async with await self._client.start_session(snapshot=True) as session:
                yield session
        else:
            async with self._client.start_session(snapshot=True) as session:
                yield session

    def _bucket(self) -> Any:
        return AsyncIOMotorGridFSBucket(self._db) if self._driver == "motor" else AsyncGridFSBucket(self._db)

    async def put_file(self, data: bytes) -> ObjectId:
        """Keeps octets as a GridFS file under a random id."""
        MONGO_CALLS.labels("put_file").inc()
        file: ObjectId = await self._bucket().upload_from_stream("blob", data)
        return file

    async def get_file(self, file: ObjectId) -> bytes:
        """The octets of a GridFS file."""
        MONGO_CALLS.labels("get_file").inc()
        stream = await self._bucket().open_download_stream(file)
        return bytes(await stream.read())

    async def delete_file(self, file: ObjectId) -> None:
        """Deletes a GridFS file."""
        await self._bucket().delete(file)

    async def close(self) -> None:
        """Closes the connections."""
        closing = self._client.close()
        if closing is not None:
            await closing


class Collection:
    """One collection. Errors are PyMongo's own."""

    def __init__(self, raw: Any, driver: Driver) -> None:
        self._raw = raw
        self._driver = driver
        self.name: str = raw.name

    def with_majority_reads(self) -> Collection:
        """The same collection, reading only what a majority holds."""
        return Collection(self._raw.with_options(read_concern=ReadConcern("majority")), self._driver)

    async def find_one(
        self,
        filter: Doc,
        projection: Doc | None = None,
        sort: Sequence[tuple[str, int]] | None = None,
        session: Session = None,
    ) -> Doc | None:
        """The first match."""
        MONGO_CALLS.labels("find").inc()
        found: Doc | None = await self._raw.find_one(filter, projection, sort=sort, session=session)
        return found

    async def find(
        self,
        filter: Doc,
        projection: Doc | None = None,
        sort: Sequence[tuple[str, int]] | None = None,
        limit: int = 0,
        skip: int = 0,
        session: Session = None,
        hint: Any = None,
    ) -> list[Doc]:
        """All matches, up to ``limit``."""
        MONGO_CALLS.labels("find").inc()
        cursor = self._raw.find(filter, projection, sort=sort, limit=limit, skip=skip, session=session, hint=hint)
        return list(await cursor.to_list(None))

    async def aggregate(self, pipeline: Sequence[Doc], session: Session = None) -> list[Doc]:
        """What a pipeline gives."""
        MONGO_CALLS.labels("aggregate").inc()
        cursor = self._raw.aggregate(list(pipeline), session=session)
        if self._driver == "pymongo":
            cursor = await cursor
        return list(await cursor.to_list(None))

    async def insert_one(self, doc: Doc, session: Session = None) -> None:
        """Inserts; DuplicateKeyError when a unique key is taken."""
        MONGO_CALLS.labels("insert").inc()
        await self._raw.insert_one(doc, session=session)

    async def insert_many(self, docs: Sequence[Doc], ordered: bool = True, session: Session = None) -> None:
        """Inserts; BulkWriteError with an entry per failed document."""
        MONGO_CALLS.labels("insert").inc()
        with _saying_why_only():
            await self._raw.insert_many(list(docs), ordered=ordered, session=session)

    async def update_one(
        self, filter: Doc, update: Doc | Sequence[Doc], upsert: bool = False, session: Session = None
    ) -> int:
        """How many matched (an upsert counts as none)."""
        MONGO_CALLS.labels("update").inc()
        result = await self._raw.update_one(filter, update, upsert=upsert, session=session)
        return int(result.matched_count)

    async def update_many(self, filter: Doc, update: Doc | Sequence[Doc], session: Session = None) -> int:
        """How many matched."""
        MONGO_CALLS.labels("update").inc()
        result = await self._raw.update_many(filter, update, session=session)
        return int(result.matched_count)

    async def find_one_and_update(
        self,
        filter: Doc,
        update: Doc | Sequence[Doc],
        upsert: bool = False,
        projection: Doc | None = None,
        sort: Sequence[tuple[str, int]] | None = None,
        session: Session = None,
    ) -> Doc | None:
        """The document after the update, or nothing."""
        MONGO_CALLS.labels("findAndModify").inc()
        found: Doc | None = await self._raw.find_one_and_update(
            filter, update, upsert=upsert, projection=projection, sort=sort, return_document=True, session=session
        )
        return found

    async def bulk_write(self, requests: Sequence[Any], ordered: bool = False, session: Session = None) -> int:
        """Many writes in one call; how many rows their updates matched. BulkWriteError, an entry per failed one."""
        if not requests:
            return 0
        MONGO_CALLS.labels("bulk").inc()
        with _saying_why_only():
            result = await self._raw.bulk_write(list(requests), ordered=ordered, session=session)
        return int(result.matched_count)

    async def delete_one(self, filter: Doc, session: Session = None) -> int:
        """How many went."""
        MONGO_CALLS.labels("delete").inc()
        return int((await self._raw.delete_one(filter, session=session)).deleted_count)

    async def delete_many(self, filter: Doc, session: Session = None) -> int:
        """How many went."""
        MONGO_CALLS.labels("delete").inc()
        return int((await self._raw.delete_many(filter, session=session)).deleted_count)

    async def count(self, filter: Doc, session: Session = None) -> int:
        """How many match."""
        MONGO_CALLS.labels("count").inc()
        return int(await self._raw.count_documents(filter, session=session))

    async def distinct(self, key: str, filter: Doc | None = None) -> list[Any]:
        """The different values of a field."""
        MONGO_CALLS.labels("distinct").inc()
        return list(await self._raw.distinct(key, filter or {}))

    async def create_index(self, keys: Sequence[tuple[str, int | str]], **options: Any) -> None:
        """Makes an index unless it is there."""
        await self._raw.create_index(list(keys), **options)

    async def watch(
        self,
        pipeline: Sequence[Doc] = (),
        resume_after: Doc | None = None,
        full_document: str | None = None,
        opened: Callable[[], None] | None = None,
    ) -> AsyncIterator[Doc]:
        """Follows the collection's changes until the consumer stops.

        ``opened`` is called once the server has opened the stream: every change after that moment will come.
        """
        stream = self._raw.watch(list(pipeline), resume_after=resume_after, full_document=full_document)
        if self._driver == "pymongo":
            stream = await stream
        async with stream as changes:
            if opened is not None:
                opened()
            async for change in changes:
                yield change


@contextmanager
def _saying_why_only() -> Iterator[None]:
    """What failed of many writes is named by its place: the driver adds whole documents, and errors get into logs."""
    try:
        yield
    except BulkWriteError as error:
        for failed in error.details["writeErrors"]:
            failed.pop("op", None)
        error.args = (f"batch op errors occurred, full error: {error.details}",)
        raise
