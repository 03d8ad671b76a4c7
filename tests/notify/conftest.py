"""notify on a real MongoDB, with each of the two drivers, and a real SMTP server that answers as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

import orjson
import pytest
from aiosmtpd.smtp import SMTP

from services.notify.handlers import Handlers, known, mails_of
from services.notify.mail import Sender, Server
from services.notify.privacy import Forgetting
from services.notify.render import about, with_files
from services.notify.store import DirectoryStore, OutgoingStore
from services.notify.timers import Due
from ticketwire_chassis import outbox
from ticketwire_chassis.blobs import BlobStore
from ticketwire_chassis.events import stamp
from ticketwire_chassis.mongo import Database, Doc, open_database
from ticketwire_contracts.base import Actor, Batch, Event
from ticketwire_contracts.tickets import (
    GrantGivenV1,
    GrantTakenV1,
    GroupChangedV1,
    PersonCreatedV1,
    QueueCreatedV1,
)

from .world import FIELD, GRANTS, MARA, NOON, OSKAR, SIGNER, STRANGER, SUE, SUPPORT, write

SYSTEM = Actor(kind="system", id="system/tickets")


@dataclass
class Mail:
    """A mail as the server got it."""

    sender: str
    recipients: list[str]
    octets: bytes


@dataclass
class Postbox:
    """The next mail server: keeps mails, and answers as ``answer`` says (verb, argument → line, or "drop")."""

    mails: list[Mail] = field(default_factory=list)
    answer: Callable[[str, str], str | None] = lambda verb, what: None
    pause: float = 0.0
    connections: int = 0
    open: int = 0
    port: int = 0
    server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listens, on the same port as before if there was one."""
        loop = asyncio.get_running_loop()
        self.server = await loop.create_server(lambda: _Dialogue(self), "127.0.0.1", self.port)
        self.port = self.server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Listens no more."""
        if self.server is not None:
            self.server.close()
            await self.server.wait_closed()
            self.server = None

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's own name, as below
        self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        """A sender."""
        said = self._answer(server, "MAIL", address)
        if said.startswith("250"):
            envelope.mail_from = address
        return said

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's own name, as below
        self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        """A recipient."""
        said = self._answer(server, "RCPT", address)
        if said.startswith("250"):
            envelope.rcpt_tos.append(address)
        return said

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:  # noqa: N802
        """The mail itself."""
        await asyncio.sleep(self.pause)
        said = self._answer(server, "DATA", "")
        if said.startswith("250"):
            self.mails.append(Mail(envelope.mail_from, list(envelope.rcpt_tos), bytes(envelope.content)))
        return said

    def _answer(self, server: SMTP, verb: str, what: str) -> str:
        said = self.answer(verb, what) or "250 OK"
        if said == "drop" and server.transport is not None:
            server.transport.close()
        return said


class _Dialogue(SMTP):
    """One connection."""

    def __init__(self, postbox: Postbox) -> None:
        super().__init__(postbox, hostname="next.example.org", loop=asyncio.get_running_loop())
        self._postbox = postbox

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """One more."""
        self._postbox.connections += 1
        self._postbox.open += 1
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """One less."""
        self._postbox.open -= 1
        super().connection_lost(error)


@dataclass
class House:
    """A replica of the service, joined as app.py joins it."""

    db: Database
    rows: OutgoingStore
    directories: DirectoryStore
    blobs: BlobStore
    sender: Sender
    due: Due
    forgetting: Forgetting
    handlers: Handlers
    postbox: Postbox
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def start(self) -> None:
        """Sends from now on."""
        for run in (self.sender.run, self.sender.write_outcomes, self.due.run):
            self.tasks.append(asyncio.create_task(run()))

    async def stop(self) -> None:
        """As the service stops: all at once, then it waits."""
        for task in self.tasks:
            task.cancel()
        for task in self.tasks:
            with suppress(asyncio.CancelledError):
                await task
        self.tasks.clear()

    async def hear(self, *events: Event, epoch: int = 3) -> None:
        """One batch."""
        self.handlers.on_batches([Batch(source="tickets", rights_epoch=epoch, events=[])])
        await self.handlers.on_events(events)

    async def docs(self) -> list[Doc]:
        """All rows."""
        return await self.db["outgoing"].find({}, sort=[("_id", 1)])

    async def said(self) -> list[Doc]:
        """What all rows have to say."""
        return [orjson.loads(entry["event"]) for doc in await self.docs() for entry in doc.get("outbox", ())]

    async def come_due(self) -> None:
        """Time passes for all that waits for another try."""
        await self.db["outgoing"].update_many({"state": "waiting"}, {"$set": {"due_at": datetime.now(UTC)}})
        self.due.wake()

    async def until(self, holds: Callable[[], Any]) -> None:
        """Waits until something holds."""
        async with asyncio.timeout(20):
            while True:
                found = holds()
                if asyncio.iscoroutine(found):
                    found = await found
                if found:
                    return
                await asyncio.sleep(0.02)

    async def settled(self, *states: str) -> None:
        """Waits until the rows stand in these states, in whatever order."""

        async def stands() -> bool:
            docs = await self.docs()
            return sorted(doc["state"] for doc in docs) == sorted(states) and not any("due_at" in doc for doc in docs)

        await self.until(stands)

    async def tried(self, times: int = 1) -> None:
        """Waits until all rows were tried so often."""

        async def were() -> bool:
            docs = await self.docs()
            return bool(docs) and all(doc["tries"] >= times for doc in docs)

        await self.until(were)


def build(db: Database, postbox: Postbox, cap: int = 40, timeout: float = 5.0, connections: int = 2) -> House:
    """A replica."""
    rows, directories, blobs = OutgoingStore(db), DirectoryStore(db), BlobStore(db)
    server = Server("127.0.0.1", postbox.port, "none", "", "", timeout, connections)
    sender = Sender(server, rows, directories, blobs, with_files, lambda: None, cap, cap)
    due = Due(rows, sender.send, sender.has_room)
    forgetting = Forgetting(db, directories, rows, SIGNER.claim, partial(mails_of, write), about)
    handlers = Handlers(directories, forgetting, write, sender.send, due.wake)
    return House(db, rows, directories, blobs, sender, due, forgetting, handlers, postbox)


def directory_events(grants: Sequence[Any] = GRANTS) -> list[Event]:
    """How notify learns of everybody."""

    def envelope(kind: type[Event], stream: str, version: int = 1) -> dict[str, Any]:
        return stamp(kind, stream, version, at=NOON, actor=SYSTEM, correlation="c-0", summary="a change")

    return [
        QueueCreatedV1(**envelope(QueueCreatedV1, "queue/support"), queue=SUPPORT, rights_epoch=1),
        *(
            PersonCreatedV1(**envelope(PersonCreatedV1, person.id), person=person)
            for person in (MARA, OSKAR, SUE, STRANGER)
        ),
        GroupChangedV1(**envelope(GroupChangedV1, "group/field"), group=FIELD, rights_epoch=2),
        *(
            GrantGivenV1(**envelope(GrantGivenV1, f"grant/{n}"), grant=grant, rights_epoch=3)
            for n, grant in enumerate(grants)
        ),
    ]


def grant_taken(n: int, epoch: int = 4) -> GrantTakenV1:
    """A grant of ``directory_events`` is taken back."""
    envelope = stamp(
        GrantTakenV1, f"grant/{n}", 2, at=NOON, actor=SYSTEM, correlation="c-0", summary="a grant was taken back"
    )
    return GrantTakenV1(**envelope, grant=GRANTS[n], rights_epoch=epoch)


def knows(events: Sequence[Event]) -> list[Any]:
    """The directory's entries in events."""
    return [entry for event in events if (entry := known(event)) is not None]


@pytest.fixture
async def postbox() -> AsyncIterator[Postbox]:
    """The next mail server, on a free port."""
    postbox = Postbox()
    await postbox.start()
    yield postbox
    await postbox.stop()


@pytest.fixture(params=["motor", "pymongo"])
async def house(
    request: pytest.FixtureRequest, mongo_url: str, database_name: str, postbox: Postbox
) -> AsyncIterator[House]:
    """One replica on its own database; it knows everybody."""
    db = open_database(mongo_url, database_name, request.param)
    built = build(db, postbox)
    await built.rows.prepare()
    await outbox.prepare(db["outgoing"])
    await built.directories.keep(knows(directory_events()))
    yield built
    await built.stop()
    await db.close()
