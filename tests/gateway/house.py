"""The gateway's REST API over its real stores, and tickets' real handlers behind it, on one mongod; no broker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, cast

import httpx

from services.gateway.api import front
from services.gateway.handlers import SHOWN, Handlers
from services.gateway.store import Store
from services.gateway.views import Views, views_over
from services.tickets.domain.events import PERSONAL
from services.tickets.handlers import Handlers as TicketsHandlers
from services.tickets.privacy import Privacy
from services.tickets.publish import publish
from services.tickets.store import TicketStore, message_key
from services.tickets.views import Audit, History
from tests.tickets.world import World
from ticketwire_chassis.commands import Asked, Obey
from ticketwire_chassis.commits import CommitLog, from_doc
from ticketwire_chassis.mongo import Database, open_database
from ticketwire_chassis.signing import Signer
from ticketwire_contracts.audit import AuditPage
from ticketwire_contracts.base import Actor, Answer, Command, Event, Order
from ticketwire_contracts.escalation import ShowPolicyAuditV1
from ticketwire_contracts.tickets import (
    AdministrationCommand,
    CreatePersonV1,
    ErasePersonV1,
    FindPersonDataV1,
    GiveRightV1,
    LinkTicketsV1,
    MergeTicketsV1,
    ShowAuditV1,
    ShowHistoryV1,
    ShowTicketAtV1,
    SplitTicketV1,
    UnlinkTicketsV1,
    UnmergeTicketV1,
)

SYSTEM = Actor(kind="system", id="system/gateway")
PASSWORD = "correct horse"


class Quick:
    """Hashes passwords quickly, for tests."""

    def hash(self, password: str) -> str:
        return f"hash of {password}"

    def verify(self, hash: str, password: str) -> bool:
        return hash == f"hash of {password}"


class Tickets:
    """tickets, asked as over RPC: what is said and answered goes through JSON."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.log = CommitLog(db, PERSONAL)
        store = TicketStore(db, self.log, Signer("s" * 32))
        self.handlers = TicketsHandlers(self.log, store, message_key)
        self.history = History(self.log, store)
        self.audit = Audit(self.log, store)
        self.privacy = Privacy(db, self.log, store, Signer("s" * 32))
        self._orders = count(1)

    async def call(
        self, command: Command, actor: Actor, correlation: str, order_id: str | None = None, timeout: float = 10.0
    ) -> Answer:
        order = Order(
            id=order_id or f"o{next(self._orders)}",
            type=command.topic,
            actor=actor,
            correlation=correlation,
            not_after=datetime.now(UTC) + timedelta(seconds=timeout),
            command={},
        )
        again = type(command).model_validate_json(command.model_dump_json())
        return Answer.model_validate_json((await self._obeying(command)([Asked(order, again)]))[0].model_dump_json())

    def _obeying(self, command: Command) -> Obey:
        """Which handler ``app.py`` gives it to."""
        match command:
            case ShowHistoryV1() | ShowTicketAtV1():
                return self.history.look
            case ShowAuditV1():
                return self.audit.look
            case ShowPolicyAuditV1():
                return self.no_policies
            case FindPersonDataV1():
                return self.privacy.find
            case ErasePersonV1():
                return self.privacy.erase
            case LinkTicketsV1() | UnlinkTicketsV1() | MergeTicketsV1() | UnmergeTicketV1() | SplitTicketV1():
                return self.handlers.join
        return self.handlers.administer if isinstance(command, AdministrationCommand) else self.handlers.obey

    async def no_policies(self, orders: Sequence[Asked]) -> list[Answer]:
        """escalation, where nothing was done yet."""
        return [Answer(order=one.order.id, result=AuditPage(items=[]).model_dump(mode="json")) for one in orders]

    async def said(self) -> list[Event]:
        """All that the log says, in order."""
        docs = await self.db["commits"].find({}, sort=[("at", 1), ("_id", 1)])
        return [event for doc in docs for event in publish(from_doc(doc)).internal]


class House:
    """Both, joined."""

    def __init__(self, gateway: Database, tickets: Database) -> None:
        self.store = Store(gateway, Signer("s" * 32).claim)
        self.gateway = gateway
        self.tickets = Tickets(tickets)
        self.handlers = Handlers(self.store)
        self.stopping = asyncio.Event()
        self.views: Views = views_over(
            tickets=self.store.tickets,
            access=self.store.access,
            uploads=self.store.uploads,
            blobs=cast(Any, None),
            commands=self.tickets,
            apply=self.handlers.apply_answer,
            hasher=Quick(),
            stopping=self.stopping,
            clock=lambda: datetime.now(UTC),
        )
        app = front(self.views, self.store.answers)
        self.transport = httpx.ASGITransport(app)
        self._mails = count(1)

    async def begin(self) -> None:
        """Everything that is there at the beginning."""
        await self.tickets.log.prepare()
        await self.tickets.handlers.seed()
        await self.store.prepare()
        await self.hear()

    async def hear(self) -> None:
        """What tickets said comes to the gateway; again makes no difference."""
        events = [event for event in await self.tickets.said() if isinstance(event, SHOWN)]
        for start in range(0, len(events), 100):
            await self.handlers.on_events(events[start : start + 100])

    async def agent(self, login: str, **rights: str) -> httpx.AsyncClient:
        """An agent who is logged in; ``rights`` as ``ticket_show="queue:support"``."""
        answer = await self.tickets.call(CreatePersonV1(login=login, name=login.title(), agent=True), SYSTEM, "c")
        assert answer.problem is None, answer.problem
        for right, scope in rights.items():
            given = GiveRightV1(right=right.replace("_", "."), grantee=f"person:{login}", scope=scope)
            assert (await self.tickets.call(given, SYSTEM, "c")).problem is None
        await self.hear()
        person = await self.store.access.person_of_login(login)
        assert person is not None
        await self.views.entrance.give_password(person, PASSWORD, now=datetime.now(UTC))
        return await self.log_in(login)

    async def log_in(self, login: str) -> httpx.AsyncClient:
        """A client with a session."""
        async with self._client() as door:
            answer = await door.post("/sessions", json={"login": login, "password": PASSWORD})
        assert answer.status_code == 201, answer.text
        return self._client(Authorization=f"Bearer {answer.json()['token']}")

    def _client(self, **headers: str) -> httpx.AsyncClient:
        address = "http://ticketwire.example/api/v1"
        return httpx.AsyncClient(transport=self.transport, base_url=address, headers=headers)

    async def mail(self, sender: str, to: str, **reading: Any) -> str:
        """A mail comes in; the number of the ticket that it is on, or why it is on none."""
        n = next(self._mails)
        made = World().make_mail(to, sender, message_id=f"m{n}@example.net", **reading)
        await self.tickets.handlers.on_mail_received([made.model_copy(update={"mail": f"row{n}"})])
        await self.hear()
        settled: Any = next(event for event in await self.tickets.said() if getattr(event, "mail", None) == f"row{n}")
        return str(settled.ticket if settled.outcome == "ticketed" else settled.why)


@asynccontextmanager
async def house_on(mongo_url: str, name: str) -> AsyncIterator[House]:
    """A house with its databases, which are dropped afterwards."""
    gateway, tickets = open_database(mongo_url, f"{name}_g"), open_database(mongo_url, f"{name}_t")
    house = House(gateway, tickets)
    await house.begin()
    yield house
    for database in (gateway, tickets):
        await database.drop()
        await database.close()
