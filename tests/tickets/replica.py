"""A replica of tickets without a broker, over a real database: commands go in as over RPC, mails as batches."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from services.tickets.domain.events import PERSONAL, lift
from services.tickets.domain.state import TicketState, fold
from services.tickets.handlers import Handlers
from services.tickets.publish import publish
from services.tickets.store import TicketStore, message_key
from ticketwire_chassis.commands import Asked
from ticketwire_chassis.commits import CommitLog, from_doc
from ticketwire_chassis.mongo import Database
from ticketwire_chassis.private import unseal
from ticketwire_chassis.signing import Signer
from ticketwire_contracts.base import Actor, Answer, Command, Order
from ticketwire_contracts.tickets import (
    AdministrationCommand,
    CreatePersonV1,
    CreateQueueV1,
    GiveRightV1,
    OpenTicketV1,
)

from .world import JOINING

SIGNER = Signer("s" * 32)
SYSTEM = Actor(kind="system", id="system/gateway")


class Replica:
    """One replica."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.log = CommitLog(db, PERSONAL)
        self.handlers = Handlers(self.log, TicketStore(db, self.log, SIGNER), message_key)

    async def begin(self, *queues: str) -> None:
        """Indexes, the catch-all queue, and queues."""
        await self.log.prepare()
        await self.handlers.seed()
        for queue in queues:
            await self.must(CreateQueueV1(name=queue, title=queue.title(), addresses=[f"{queue}@example.org"]))

    async def ask(self, command: Command, actor: Actor = SYSTEM, order: str | None = None) -> Answer:
        """One command, as it comes over RPC."""
        asked = Asked(
            Order(
                id=order or f"o-{uuid.uuid4().hex}",
                type=command.topic,
                actor=actor,
                correlation="c",
                not_after=datetime.now(UTC) + timedelta(seconds=10),
                command={},
            ),
            command,
        )
        obey = self.handlers.obey
        if isinstance(command, AdministrationCommand):
            obey = self.handlers.administer
        elif isinstance(command, JOINING):
            obey = self.handlers.join
        return (await obey([asked]))[0]

    async def must(self, command: Command, actor: Actor = SYSTEM) -> Answer:
        """A command that has to be accepted."""
        answer = await self.ask(command, actor)
        assert answer.problem is None, answer.problem
        return answer

    async def agent(self, login: str, *rights: str, scope: str = "all") -> Actor:
        """A new agent with rights."""
        made = await self.must(CreatePersonV1(login=login, name=login.title(), agent=True))
        for right in rights:
            await self.must(GiveRightV1(right=right, grantee=f"person:{login}", scope=scope))
        return Actor(kind="agent", id=made.result["stream"], via="api")

    async def open(self, actor: Actor, requester: str = "bob@example.net", queue: str = "support") -> str:
        """A ticket by phone; its number."""
        asked = OpenTicketV1(queue=queue, subject="Help", requesters=[requester], text="It does not work.")
        return str((await self.must(asked, actor)).result["number"])

    async def state(self, number: str) -> TicketState:
        """A ticket as it is."""
        newest = await self.log.newest(f"ticket/{number}")
        assert newest is not None
        return TicketState.model_validate(newest.after)

    async def said(self) -> list[Any]:
        """All events that the log says, in the order of time."""
        docs = await self.db["commits"].find({}, sort=[("at", 1), ("_id", 1)])
        return [event for doc in docs for event in publish(from_doc(doc)).internal]

    async def sound(self) -> None:
        """Every ticket: versions without a hole, and folding the log equals what is kept."""
        for stream in await self.db["commits"].distinct("_id.stream"):
            if not stream.startswith("ticket/"):
                continue
            state: TicketState | None = None
            for n, commit in enumerate(await self.log.history(stream), start=1):
                assert commit.seq == n, f"{stream} has a hole"
                state = fold(state, [lift(one) for one in unseal(commit.body, commit.private)], commit.at)
                assert state == TicketState.model_validate(commit.after), f"{stream}:{n} is not what its log says"
