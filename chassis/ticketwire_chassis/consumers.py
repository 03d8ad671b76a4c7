"""The queues that this process consumes, by FastStream, and a way back to them when it has lost one.

The broker counts the consumers of all replicas together, so its number alone does not say that anything comes
here. A replica is ready when its own channel is open and its own consumer has not been cancelled, and the broker
counts one. aio-pika brings back what it sees lost; what is away for longer than that takes (a channel that could
not be restored at once, a queue that somebody deleted) is declared again, over a new connection.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import structlog
from faststream.middlewares import AckPolicy
from faststream.rabbit import Channel, RabbitBroker, RabbitMessage, RabbitQueue
from faststream.rabbit.schemas import QueueType

from .batches import PREFETCH
from .broker import Broker
from .failures import what_failed

log = structlog.get_logger()

Take = Callable[[RabbitMessage], Awaitable[None]]

LOOK_SECONDS = 2.0
LOST_SECONDS = 15.0
"""Once connected aio-pika needs some seconds at most; after this it is not going to do it."""


@dataclass(slots=True)
class Consumer:
    """One queue, as this process consumes it; ``subscriber`` is FastStream's."""

    queue: str
    subscriber: Any
    seen: float = 0.0

    async def is_open(self) -> bool:
        """Whether our channel is open and the broker has not cancelled us there."""
        # FastStream offers neither; its own stop() goes by the same two.
        queue, tag = self.subscriber._queue_obj, self.subscriber._consumer_tag
        if queue is None or tag is None or queue.channel.is_closed:
            return False
        try:
            async with asyncio.timeout(1):  # while aio-pika is connecting again it waits
                channel = await queue.channel.get_underlay_channel()
        except Exception:
            return False
        return not channel.is_closed and tag in channel.consumers


class Consumers:
    """All that one process consumes."""

    def __init__(self, url: str, broker: Broker) -> None:
        self._broker = broker
        self._consuming = RabbitBroker(
            url, logger=None, apply_types=False, default_channel=Channel(prefetch_count=PREFETCH)
        )
        self._consumers: list[Consumer] = []
        self._stopping = False

    def subscribe(self, queue: str, kind: QueueType, take: Take) -> Callable[[], Awaitable[bool]]:
        """Messages of this queue go there, once started; gives the condition of readiness."""
        declared: Any = RabbitQueue(queue, queue_type=kind, durable=True, declare=False)  # type: ignore[call-overload]
        subscriber = self._consuming.subscriber(
            declared, ack_policy=AckPolicy.MANUAL, no_reply=True, decoder=_as_it_came
        )
        subscriber(take)
        consumer = Consumer(queue, subscriber)
        self._consumers.append(consumer)

        async def is_heard() -> bool:
            return await consumer.is_open() and await self._broker.consumers(queue) > 0

        return is_heard

    async def start(self) -> None:
        """Begins to consume."""
        await self._consuming.start()

    async def stop(self) -> None:
        """Takes nothing more."""
        self._stopping = True
        await self._consuming.stop()

    async def keep(self) -> None:
        """Looks after the consumers, for ever."""
        connection: Any = await self._consuming.connect()
        self._all_seen()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if not connection.connected.is_set():  # the broker is away, and aio-pika on its way to it
                self._all_seen()
            for consumer in self._consumers:
                if await consumer.is_open():
                    consumer.seen = time.monotonic()
            lost = [one.queue for one in self._consumers if time.monotonic() - one.seen > LOST_SECONDS]
            if lost and not self._stopping:
                log.error("consumers_lost", queues=lost)
                await self._come_back(connection, lost)
                self._all_seen()

    def _all_seen(self) -> None:
        for consumer in self._consumers:
            consumer.seen = time.monotonic()

    async def _come_back(self, connection: Any, lost: list[str]) -> None:
        try:
            async with asyncio.timeout(LOST_SECONDS):
                await self._broker.declare()
                await connection.reconnect()
        except Exception as error:
            log.warning("consumers_still_lost", queues=lost, error=what_failed(error))


async def _as_it_came(message: Any) -> Any:
    """FastStream's decoder: the message itself, unread."""
    return message
