"""Commands over RabbitMQ: asking with one long-lived reply queue per process, obeying many at once (decision 13).

The client is plain aio-pika (FastStream's sets up a reply consumer for each call: 2 ms against 0.6 ms). The
serving side is FastStream's; orders that wait are handed to their handler together, so that they share one read
and one write of the log. Each handler has a line of its own, so that a slow one (erasing a person looks through
the whole log) holds up nobody else's. An order is refused when it is late, at its arrival or when its turn comes;
asked twice, it is done once and answered twice.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import aio_pika
import structlog
from aio_pika.abc import AbstractIncomingMessage
from aio_pika.exceptions import AMQPError, DeliveryError
from faststream.rabbit import RabbitMessage
from pydantic import ValidationError

from ticketwire_contracts.base import Actor, Answer, Command, Order, Problem

from .broker import Broker
from .failures import what_failed
from .metrics import BROKER_SENT, BROKER_TAKEN, COMMANDS

log = structlog.get_logger()

LATE = Problem(
    type="command-late", title="Too late", status=503, detail="It was not begun in time and was not done. Try again."
)
BROKEN = Problem(
    type="internal-error",
    title="It failed here",
    status=500,
    detail="It is not known whether it was done. Ask again with the same key.",
)


AT_ONCE = 100
"""Orders that a handler gets together, at most."""


class ServiceUnavailable(Exception):
    """The service that should obey did not answer in time; the command may or may not have been done."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An order and the command in it."""

    order: Order
    command: Command


Obey = Callable[[Sequence[Asked]], Awaitable[Sequence[Answer]]]


class CommandClient:
    """Asks other services."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._open: dict[str, asyncio.Future[bytes]] = {}

    async def start(self) -> None:
        """Makes the reply queue of this process."""
        self._channel = await self._broker.connection.channel(publisher_confirms=True, on_return_raises=True)
        await self._channel.set_qos(prefetch_count=200)
        self._replies = await self._channel.declare_queue(
            f"replies.{uuid.uuid4().hex}", exclusive=True, auto_delete=True
        )
        await self._replies.consume(self._on_reply, no_ack=True)

    async def _on_reply(self, message: AbstractIncomingMessage) -> None:
        waiting = self._open.pop(message.correlation_id or "", None)
        if waiting is not None and not waiting.done():
            waiting.set_result(message.body)

    async def call(
        self,
        command: Command,
        actor: Actor,
        correlation: str,
        order_id: str | None = None,
        timeout: float = 10.0,
        now: datetime | None = None,
    ) -> Answer:
        """Asks, and waits for the answer; ``answer.problem`` is set when it was refused.

        ``order_id`` makes it repeatable: asked again with the same id it is not done again. Raises
        ServiceUnavailable when no answer came within ``timeout`` seconds.
        """
        order = Order(
            id=order_id or uuid.uuid4().hex,
            type=command.topic,
            actor=actor,
            correlation=correlation,
            not_after=(now or datetime.now(UTC)) + timedelta(seconds=timeout),
            command=command.model_dump(mode="json"),
        )
        call = uuid.uuid4().hex
        self._open[call] = answer = asyncio.get_running_loop().create_future()
        message = aio_pika.Message(
            order.model_dump_json().encode(),
            content_type="application/json",
            type=command.topic,
            correlation_id=call,
            reply_to=self._replies.name,
            expiration=timeout,
        )
        try:
            async with asyncio.timeout(timeout):
                await self._channel.default_exchange.publish(message, f"{command.obeyed_by}.commands")
                BROKER_SENT.labels("").inc()
                return Answer.model_validate_json(await answer)
        except (
            TimeoutError,
            DeliveryError,
            AMQPError,
            ConnectionError,
            aio_pika.exceptions.ChannelInvalidStateError,
        ) as error:
            raise ServiceUnavailable(f"{command.obeyed_by} did not answer: {type(error).__name__}") from error
        finally:
            self._open.pop(call, None)


@dataclass(slots=True)
class _Waiting:
    order: Order
    command: Command
    answer: asyncio.Future[Answer] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class _Line:
    """The orders that wait for one handler."""

    def __init__(self, obey: Obey) -> None:
        self._obey = obey
        self._waiting: list[_Waiting] = []
        self._wake = asyncio.Event()

    async def wait(self, order: Order, command: Command) -> Answer:
        """Stands in line until it is answered."""
        waiting = _Waiting(order, command)
        self._waiting.append(waiting)
        self._wake.set()
        return await waiting.answer

    async def run(self) -> None:
        """Hands those who wait to the handler, for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                members, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
                await self._handle(members)

    async def _handle(self, members: Sequence[_Waiting]) -> None:
        now = datetime.now(UTC)
        for late in (one for one in members if now > one.order.not_after):
            _give(late, Answer(order=late.order.id, problem=LATE))
        members = [one for one in members if now <= one.order.not_after]
        if not members:
            return
        try:
            answers = await self._obey([Asked(waiting.order, waiting.command) for waiting in members])
        except Exception as error:
            if len(members) > 1:
                for waiting in members:
                    await self._handle([waiting])
                return
            log.error("command_failed", type=members[0].order.type, error=what_failed(error), exc_info=True)
            answers = [Answer(order=members[0].order.id, problem=BROKEN)]
        for waiting, answer in zip(members, answers, strict=True):
            _give(waiting, answer)


class CommandServer:
    """Obeys orders: one service's menu."""

    def __init__(self, service: str, broker: Broker) -> None:
        self._service = service
        self._broker = broker
        self._menu: dict[str, tuple[type[Command], _Line]] = {}
        self._lines: dict[Obey, _Line] = {}

    def obeys(self, classes: Sequence[type[Command]], obey: Obey) -> None:
        """These commands go to this handler."""
        line = self._lines.setdefault(obey, _Line(obey))
        for command in classes:
            self._menu[command.topic] = (command, line)

    async def take(self, message: RabbitMessage) -> None:
        """FastStream's subscriber: reads the order, has it obeyed, answers, acks."""
        BROKER_TAKEN.labels(f"{self._service}.commands").inc()
        answer = await self._obey(message.body)
        COMMANDS.labels(answer.problem.type if answer.problem else "done").inc()
        if message.reply_to:
            await self._broker.answer(message.reply_to, message.correlation_id, answer.model_dump_json().encode())
        await message.ack()

    async def _obey(self, body: bytes) -> Answer:
        try:
            order = Order.model_validate_json(body)
        except ValidationError as error:
            return Answer(order="", problem=_misshapen(error))
        if order.type not in self._menu:
            return Answer(
                order=order.id,
                problem=Problem(type="unknown-command", title="Unknown command", status=404, detail=order.type),
            )
        model, line = self._menu[order.type]
        if datetime.now(UTC) > order.not_after:
            return Answer(order=order.id, problem=LATE)
        try:
            command = model.model_validate(order.command)
        except ValidationError as error:
            return Answer(order=order.id, problem=_misshapen(error))
        return await line.wait(order, command)

    async def run(self) -> None:
        """Works off every line, for ever."""
        async with asyncio.TaskGroup() as lines:
            for line in self._lines.values():
                lines.create_task(line.run())


def _give(waiting: _Waiting, answer: Answer) -> None:
    if not waiting.answer.done():  # who waited for it may be gone, with the connection that it came by
        waiting.answer.set_result(answer)


def _misshapen(error: ValidationError) -> Problem:
    errors = [{"field": ".".join(map(str, item["loc"])), "message": item["msg"]} for item in error.errors()]
    return Problem(
        type="invalid", title="Not well formed", status=422, detail=errors[0]["message"], extra={"errors": errors}
    )
