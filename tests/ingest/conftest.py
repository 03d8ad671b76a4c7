"""ingest on a real MongoDB, with each of the two drivers, and its SMTP server on a free port."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass

import pytest

from services.ingest.mail.pool import Pool
from services.ingest.mail.rounds import Rounds
from services.ingest.mail.smtp import Server
from services.ingest.store import MailStore
from services.ingest.timers import Reader
from ticketwire_chassis import outbox
from ticketwire_chassis.blobs import BlobStore
from ticketwire_chassis.mongo import Database, Doc, open_database


@dataclass
class House:
    """The service's store on its own database."""

    db: Database
    store: MailStore
    blobs: BlobStore

    async def rows(self) -> list[Doc]:
        """All rows, oldest first."""
        return await self.db["mails"].find({}, sort=[("_id", 1)])

    async def row(self, row: str) -> Doc:
        """One row."""
        found = await self.db["mails"].find_one({"_id": row})
        assert found is not None
        return found


@pytest.fixture(params=["motor", "pymongo"])
async def house(request: pytest.FixtureRequest, mongo_url: str, database_name: str) -> AsyncIterator[House]:
    """Mails and blobs on one database, the indexes made."""
    db = open_database(mongo_url, database_name, request.param)
    blobs = BlobStore(db)
    store = MailStore(db, blobs)
    await store.prepare()
    await outbox.prepare(db["mails"])
    yield House(db, store, blobs)
    await db.close()


@dataclass
class Door:
    """Everything through which a mail comes in, joined as app.py joins it."""

    store: MailStore
    rounds: Rounds
    reader: Reader
    server: Server


async def opened(
    store: MailStore, largest: int = 1024 * 1024, patience: float = 5.0, in_flight: int = 64 * 1024 * 1024
) -> tuple[Door, asyncio.Task[None]]:
    """A door, and the task that keeps it open."""
    pool = Pool(1, 10.0, 1024)
    reader = Reader(store, pool, lambda: None)
    rounds = Rounds(store, pool, lambda: None, reader.take, patience, in_flight)
    server = Server(rounds, "127.0.0.1", 0, "mx.example.org", largest, 3)

    async def run() -> None:
        async with asyncio.TaskGroup() as group:  # a gather would not wait for their ends
            for part in (rounds.run(), reader.run(), server.run()):
                group.create_task(part)

    task = asyncio.create_task(run())
    while not await server.listening():
        assert not task.done(), task.exception()
        await asyncio.sleep(0.01)
    return Door(store, rounds, reader, server), task


async def closed(task: asyncio.Task[None]) -> None:
    """The door is shut; its workers are gone."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@pytest.fixture
async def door(mongo_url: str, database_name: str) -> AsyncIterator[Door]:
    """SMTP, rounds, reader and worker on a real database; mails up to a megabyte."""
    db = open_database(mongo_url, database_name, "motor")
    store = MailStore(db, BlobStore(db))
    await store.prepare()
    door, task = await opened(store)
    yield door
    await closed(task)
    await db.close()
