"""A service, joined: what ``app.py`` builds. It reads as the service's menu.

    service = Service(settings)
    service.hears(MailReceivedV1, by=handlers.on_mail_received)
    service.obeys(ReplyToTicketV1, by=handlers.obey)
    service.says_commits(publish)
    app = service.app()

Start: Mongo, broker and topology, preparations, what runs in the background, and last the consumers. Stop: the
consumers first, then what was begun is finished, then the rest. A background task that dies ends the process
with its reason; whoever runs us starts us again.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

import structlog
from faststream.rabbit.schemas import QueueType
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from ticketwire_contracts.base import Command, Event

from . import logs, metrics
from .audit.anchors import anchor_daily
from .audit.witness import Witness
from .batches import Announce, BatchConsumer, Handler
from .blobs import BlobStore
from .broker import Broker
from .commands import CommandClient, CommandServer, Obey
from .commits import CommitLog
from .consumers import Consumers, Take
from .failures import what_failed
from .health import Check, Health
from .mongo import Database, open_database
from .relay import Publish, Relay
from .settings import ServiceSettings
from .signing import Signer

log = structlog.get_logger()

STOP_SECONDS = 5.0


class Service:
    """One service of Ticketwire. Nothing connects before the lifespan starts, but for Mongo's lazy client."""

    def __init__(self, settings: ServiceSettings, personal: dict[str, frozenset[str]] | None = None) -> None:
        logs.configure(settings.service, settings.log_level, settings.log_format)
        self.settings = settings
        self.name = settings.service
        self.db: Database = open_database(settings.mongo_url, settings.database, settings.mongo_driver)
        blobs = open_database(settings.mongo_url, settings.blobs_database, settings.mongo_driver)
        self._databases = (self.db, blobs)
        self.blobs = BlobStore(blobs)
        self.signer = Signer(settings.secret.get_secret_value())
        self.broker = Broker(settings.broker_url, self.name)
        self.commands = CommandClient(self.broker)
        self.log = CommitLog(self.db, personal)
        self.relay = Relay(self.db, self.name, self.broker)
        self.log.nudge = self.relay.nudge
        self.stopping = asyncio.Event()
        self.health = Health()
        self.health_routes: list[BaseRoute] = [*self.health.routes, *metrics.routes]
        self._consumer = BatchConsumer(self.name, self.broker)
        self._server = CommandServer(self.name, self.broker)
        self._listens = False
        self._obeys = False
        self._preparations: list[Callable[[], Awaitable[None]]] = []
        self._background: list[tuple[str, Callable[[], Awaitable[None]]]] = []
        self._tasks: list[asyncio.Task[None]] = []

    # --------------------------------------------------------------------------------------------- the menu

    def prepares(self, prepare: Callable[[], Awaitable[None]]) -> None:
        """Run at start, before anything is consumed: indexes, caches."""
        self._preparations.append(prepare)

    def hears(self, *events: type[Event], by: Handler) -> None:
        """These events go to this handler, many at once."""
        self._consumer.hears(events, by)
        self._listens = True

    def announces(self, announce: Announce) -> None:
        """The envelopes of batches go here before their events are handled."""
        self._consumer.announces(announce)

    def obeys(self, *commands: type[Command], by: Obey) -> None:
        """These commands go to this handler, many at once."""
        self._server.obeys(commands, by)
        self._obeys = True

    def says_commits(self, publish: Publish) -> None:
        """The commit log is relayed; ``publish`` turns a commit into events."""
        self.relay.publish = publish
        self._preparations.insert(0, self.log.prepare)
        if self.settings.anchors is not None:
            now = partial(datetime.now, UTC)
            self.runs("anchors", partial(anchor_daily, self.db, self.name, self.signer, self.settings.anchors, now))

    def says_rows(self, *collections: str) -> None:
        """Working rows with an outbox are relayed."""
        self.relay.rows += [self.db[name] for name in collections]

    def witnesses(self, witness: Witness) -> None:
        """Keeps the ends of others' logs, as their batches say them."""
        self.announces(witness.on_batches)
        self.prepares(witness.prepare)
        self.runs("witness", partial(witness.run, partial(datetime.now, UTC)))

    def runs(self, name: str, task: Callable[[], Awaitable[None]]) -> None:
        """Runs beside the consumers until the stop; its death ends the process."""
        self._background.append((name, task))

    def ready_when(self, name: str, check: Check) -> None:
        """One more condition of ``/readyz``."""
        self.health.ready_when(name, check)

    def nudge(self) -> None:
        """Rows or commits were written: the relay should look at once."""
        self.relay.nudge()

    def app(self, routes: Sequence[BaseRoute] = ()) -> Starlette:
        """The service as an ASGI application, with its health and its metrics."""
        app = Starlette(routes=[*self.health_routes, *routes], lifespan=self.lifespan)
        app.state.service = self
        return app

    # ---------------------------------------------------------------------------------------------- its life

    @asynccontextmanager
    async def lifespan(self, _: Any = None) -> AsyncIterator[None]:
        """From start to stop."""
        try:
            consuming = await self._start()
        except Exception as error:  # Starlette tells it by a whole traceback, which is no line for the log
            log.critical("start_failed", error=what_failed(error), exc_info=True)
            raise
        log.info("service_started")
        try:
            yield
        finally:
            self.stopping.set()
            log.info("service_stopping")
            await consuming.stop()
            await self._finish_tasks()
            await self.broker.close()
            for database in self._databases:
                await database.close()
            log.info("service_stopped")

    async def _start(self) -> Consumers:
        await self._connect()
        says = self.relay.publish is not None or bool(self.relay.rows)
        if says:
            await self.relay.prepare()
        for prepare in self._preparations:
            await prepare()
        if says:
            self._spawn("relay", self._relay)
            self.health.ready_when("relay", self.relay.speaks)
        for name, task in self._background:
            self._spawn(name, task)
        return await self._consume()

    async def _connect(self) -> None:
        await _patiently("mongo", self.db.ping)
        await _patiently("broker", self.broker.connect)
        await self.commands.start()
        self.health.ready_when("mongo", self._mongo_answers)

    async def _mongo_answers(self) -> bool:
        await self.db.ping()
        return True

    async def _relay(self) -> None:
        """Relays once all who should hear can hear: at the very first start the others may still be on their way."""
        await _patiently("broker", self._heard)
        await self.relay.run()

    async def _heard(self) -> None:
        while not await self.broker.heard_by_all():
            log.info("waiting_for", server="those who hear us")
            await asyncio.sleep(0.3)

    async def _consume(self) -> Consumers:
        consuming = Consumers(self.settings.broker_url, self.broker)
        if self._listens:
            self._subscribe(consuming, self.name, QueueType.QUORUM, self._consumer.take)
            self._spawn("batches", self._consumer.run)
        if self._obeys:
            self._subscribe(consuming, f"{self.name}.commands", QueueType.CLASSIC, self._server.take)
            self._spawn("commands", self._server.run)
        await consuming.start()
        self._spawn("consumers", consuming.keep)
        return consuming

    def _subscribe(self, consuming: Consumers, queue: str, kind: QueueType, take: Take) -> None:
        self.health.ready_when(f"consumer {queue}", consuming.subscribe(queue, kind, take))

    def _spawn(self, name: str, task: Callable[[], Awaitable[None]]) -> None:
        async def guarded() -> None:
            try:
                await task()
            except asyncio.CancelledError:
                raise
            except BaseException as error:
                log.critical("task_died", task=name, error=what_failed(error), exc_info=True)
                os.kill(os.getpid(), signal.SIGTERM)

        self._tasks.append(asyncio.create_task(guarded(), name=f"{self.name}:{name}"))

    async def _finish_tasks(self) -> None:
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=STOP_SECONDS)


async def _patiently(what: str, connect: Callable[[], Awaitable[None]]) -> None:
    """Waits for a server that is still starting; says so every few seconds."""
    pause = 0.2
    while True:
        try:
            return await connect()
        except Exception as error:
            log.warning("waiting_for", server=what, error=what_failed(error))
            await asyncio.sleep(pause)
            pause = min(pause * 2, 3.0)
