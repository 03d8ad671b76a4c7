"""The REST API on real views in a real MongoDB, with tickets behind it: its handlers, store and log, without broker.

What tickets says comes back to the gateway as its own answer to a command at once, and by ``catch_up`` as batches do.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, cast

import httpx

from services.gateway.api import front
from services.gateway.handlers import SHOWN, Handlers
from services.gateway.store import Store
from services.gateway.views import views_over
from services.gateway.views.needs import SessionRow
from tests.tickets.test_handlers import Replica, mail
from ticketwire_chassis.commands import ServiceUnavailable
from ticketwire_chassis.mongo import Database
from ticketwire_contracts.base import Actor, Answer, Command
from ticketwire_contracts.tickets import CreateQueueV1


class Behind:
    """tickets as the gateway reaches it; ``away`` names tickets whose commands get no answer."""

    def __init__(self, replica: Replica) -> None:
        self._replica = replica
        self.away: set[str] = set()
        self.lost: set[str] = set()
        self.asked: list[str] = []
        self.at_once = 0
        self.most_at_once = 0

    async def call(self, command: Command, actor: Actor, correlation: str, order_id: str | None = None) -> Answer:
        """A command; done but unanswered for a ticket in ``lost``, not even done for one in ``away``."""
        number = str(getattr(command, "ticket", ""))
        self.asked.append(f"{number} {command.topic}")
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        try:
            if number in self.away:
                raise ServiceUnavailable("away")
            answer = await self._replica.ask(command, actor, order_id)
            if number in self.lost:
                raise ServiceUnavailable("lost")
            return answer
        finally:
            self.at_once -= 1


class House:
    """Both services over their databases, and a client for each agent."""

    def __init__(self, gateway: Database, tickets: Database) -> None:
        self.replica = Replica(tickets)
        self.behind = Behind(self.replica)
        self.store = Store(gateway)
        self.handlers = Handlers(self.store)
        nothing = cast(Any, None)
        views = views_over(
            tickets=self.store.tickets,
            access=self.store.access,
            uploads=self.store.uploads,
            blobs=nothing,
            commands=self.behind,
            apply=self.handlers.apply_answer,
            hasher=nothing,
            stopping=asyncio.Event(),
            clock=lambda: datetime.now(UTC),
        )
        self.app = front(views, self.store.answers)

    async def begin(self) -> None:
        """A queue, and a ticket by mail."""
        await self.replica.log.prepare()
        await self.store.prepare()
        await self.replica.handlers.seed()
        made = await self.replica.ask(CreateQueueV1(name="support", addresses=["support@example.org"]))
        assert made.problem is None, made.problem
        await self.grow(1)

    async def grow(self, tickets: int) -> None:
        """So many tickets in all, by mail from a customer each; a mail that came before is not taken again."""
        await self.replica.handlers.on_mail_received([mail(n, f"c{n}@example.net") for n in range(1, tickets + 1)])
        await self.catch_up()

    async def catch_up(self) -> None:
        """The gateway hears all that tickets ever said."""
        await self.handlers.on_events([event for event in await self.replica.said() if isinstance(event, SHOWN)])

    async def agent(self, login: str, *rights: str) -> httpx.AsyncClient:
        """An agent with rights everywhere, logged in."""
        actor = await self.replica.agent(login, *rights)
        await self.catch_up()
        token = f"token-of-{login}"
        row = SessionRow(sha256(token.encode()).hexdigest(), actor.id, datetime.now(UTC) + timedelta(hours=1))
        await self.store.access.keep_session(row)
        return httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.app),
            base_url="http://gateway/api/v1",
            headers={"Authorization": f"Bearer {token}"},
        )
