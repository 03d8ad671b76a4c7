"""The broker: which exchanges and queues there are, and publishing to them (decisions 7 to 10).

    ticketwire.internal   topic, key = the speaking service      batches, for our own services
    ticketwire.events     topic, key = <type>.<queue>            one public event a message, for outsiders
    ticketwire.wake       direct, key = a service                transient nudges to the replica that relays

    <service>             quorum; bound to the speakers it hears; rejects go to <service>.parked
    <service>.wait.<d>    quorum; holds an event for 1s, 10s, 1m, 10m, then gives it back to <service> alone
    <service>.parked      quorum; what failed for good, for an operator
    <service>.commands    classic durable; the caller asks again, so nothing waits there

How often a message may come back. A quorum queue counts each delivery that was not acknowledged, because a
consumer gave it back, died or lost its connection, and at its limit dead-letters the message, or throws it away
where there is nowhere to go. RabbitMQ had no limit until 4.0; since then it is 20 unless a queue or a policy says.

    <service>             50, by its arguments, hence everywhere; then to .parked, at least once: out of the way of
                          the rest, and there to be replayed. MongoDB's absence costs none of them, since the batch
                          waits unacknowledged in a living process, but for one each half hour, when RabbitMQ
                          no longer waits for who is so slow.
    <service>.wait.<d>    nobody consumes there, so nothing is counted; what expires is handed on, at least once
    <service>.parked      nowhere to go, so ``parked`` reads without giving back, and a policy of
                          deploy/rabbitmq/definitions.py lifts the limit, as for outsiders' queues (``ext.<name>``)
    <service>.commands    classic: no limit, and the caller asks again

Publishing is plain aio-pika: persistent, confirmed, and mandatory inside. It costs a third of FastStream's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractRobustChannel, AbstractRobustConnection
from aio_pika.exceptions import ChannelNotFoundEntity, DeliveryError
from aio_pika.message import Message

from ticketwire_contracts.catalogue import HEARS

from .metrics import BROKER_SENT, PUBLIC_REFUSED

INTERNAL = "ticketwire.internal"
PUBLIC = "ticketwire.events"
WAKE = "ticketwire.wake"

DELAYS: tuple[tuple[str, int], ...] = (("1s", 1_000), ("10s", 10_000), ("1m", 60_000), ("10m", 600_000))
"""Wait queues, in the order in which a failing event passes them (name, milliseconds)."""

CONFIRM_SECONDS = 15.0
"""How long a confirm may take before the publish counts as failed."""

DELIVERIES = 50
"""How often a batch may come back before it is parked: whoever dies that often of the same batch dies of it."""

CLOSE_SECONDS = 2.0
"""How long the outward connection may take to close; one that the broker slows down does not answer."""

QUORUM: dict[str, Any] = {
    "x-queue-type": "quorum",
    "x-overflow": "reject-publish",
    "x-dead-letter-strategy": "at-least-once",
    "x-dead-letter-exchange": "",
}


class Broker:
    """One connection for publishing and declaring; another for what outsiders hear, once there is something.

    A queue that does not keep up slows whoever publishes to it, the whole connection at once. Ours may slow us, a
    queue outside must not.
    """

    def __init__(self, url: str, service: str) -> None:
        self._url = url
        self._service = service
        self._connection: AbstractRobustConnection | None = None
        self._outside: AbstractRobustConnection | None = None

    async def connect(self) -> None:
        """Connects, and declares what this service needs; safe to repeat."""
        self._connection = await aio_pika.connect_robust(
            self._url, client_properties={"connection_name": f"{self._service} publishing"}, reconnect_interval=1
        )
        self._confirmed: AbstractChannel = await self._connection.channel(
            publisher_confirms=True, on_return_raises=True
        )
        self._quick: AbstractRobustChannel = await self._connection.channel(publisher_confirms=False)
        self._internal, self._wake = await self._declare(self._confirmed)
        self._wake_quick = await self._quick.get_exchange(WAKE, ensure=False)

    async def declare(self) -> None:
        """Declares again what this service needs, for when somebody took a queue away."""
        async with self.connection.channel() as channel:
            await self._declare(channel)

    async def _declare(self, channel: AbstractChannel) -> tuple[AbstractExchange, AbstractExchange]:
        internal = await channel.declare_exchange(INTERNAL, "topic", durable=True)
        await channel.declare_exchange(PUBLIC, "topic", durable=True)
        wake = await channel.declare_exchange(WAKE, "direct", durable=True)
        name = self._service
        queue = await channel.declare_queue(
            name,
            durable=True,
            arguments={**QUORUM, "x-dead-letter-routing-key": f"{name}.parked", "x-delivery-limit": DELIVERIES},
        )
        for speaker in HEARS:
            if speaker in HEARS[name]:
                await queue.bind(internal, speaker)
            else:  # an earlier version may have bound it, and a durable binding stays
                await queue.unbind(internal, speaker)
        for delay, milliseconds in DELAYS:
            await channel.declare_queue(
                f"{name}.wait.{delay}",
                durable=True,
                arguments={**QUORUM, "x-dead-letter-routing-key": name, "x-message-ttl": milliseconds},
            )
        await channel.declare_queue(f"{name}.parked", durable=True, arguments={"x-queue-type": "quorum"})
        await channel.declare_queue(f"{name}.commands", durable=True)
        return internal, wake

    @property
    def connection(self) -> AbstractRobustConnection:
        """The connection, once there is one."""
        if self._connection is None:
            raise RuntimeError("the broker is not connected yet")
        return self._connection

    async def say(self, body: bytes) -> None:
        """One batch to all who hear this service; raises unless it is safe with the broker."""
        message = Message(body, content_type="application/json", type="batch.v1", delivery_mode=2)
        await self._publish(self._internal, message, self._service, mandatory=True)
        BROKER_SENT.labels(INTERNAL).inc()

    async def say_publicly(self, events: Sequence[tuple[str, str, str, str, bytes]]) -> None:
        """Public events as (key, type, id, correlation, body). A refusal there is counted, never retried.

        Returns when each is safe with the broker or refused, however long that takes; raises when the connection ends.
        """
        if not events:
            return
        public = await self._public_exchange()
        results = await asyncio.gather(
            *(
                public.publish(
                    Message(
                        body,
                        content_type="application/cloudevents+json",
                        type=kind,
                        message_id=event_id,
                        correlation_id=correlation,
                        delivery_mode=2,
                    ),
                    key,
                    mandatory=False,
                )
                for key, kind, event_id, correlation, body in events
            ),
            return_exceptions=True,
        )
        BROKER_SENT.labels(PUBLIC).inc(len(events))
        for result in results:
            if isinstance(result, DeliveryError):
                PUBLIC_REFUSED.inc()
            elif isinstance(result, BaseException):
                raise result

    async def _public_exchange(self) -> AbstractExchange:
        if self._outside is None:
            connection = await aio_pika.connect_robust(
                self._url, client_properties={"connection_name": f"{self._service} outward"}, reconnect_interval=1
            )
            try:
                channel = await connection.channel(publisher_confirms=True)
                self._public = await channel.get_exchange(PUBLIC, ensure=False)
            except BaseException:
                await connection.close()
                raise
            self._outside = connection
        return self._public

    async def put(self, queue: str, body: bytes, headers: dict[str, Any] | None = None) -> None:
        """One message straight into a queue, confirmed."""
        message = Message(
            body, content_type="application/json", type="batch.v1", delivery_mode=2, headers=headers or {}
        )
        await self._publish(self._confirmed.default_exchange, message, queue, mandatory=True)
        BROKER_SENT.labels("").inc()

    async def answer(self, queue: str, correlation: str, body: bytes) -> None:
        """An answer to a command; if it is lost the caller asks again."""
        message = Message(body, content_type="application/json", correlation_id=correlation)
        await self._quick.default_exchange.publish(message, queue, mandatory=False)
        BROKER_SENT.labels("").inc()

    async def wake(self) -> None:
        """Nudges the replica that relays this service's log."""
        await self._wake_quick.publish(Message(b""), self._service, mandatory=False)
        BROKER_SENT.labels(WAKE).inc()

    async def _publish(self, exchange: AbstractExchange, message: Message, key: str, mandatory: bool) -> None:
        async with asyncio.timeout(CONFIRM_SECONDS):
            await exchange.publish(message, key, mandatory=mandatory)

    async def consumers(self, queue: str) -> int:
        """How many consumers the broker itself sees on a queue; for readiness."""
        async with asyncio.timeout(5):
            # robust=False: else aio-pika answers from what it knew when it first asked
            declared = await self._quick.declare_queue(queue, passive=True, robust=False)
        return int(declared.declaration_result.consumer_count or 0)

    async def heard_by_all(self) -> bool:
        """Whether every service that hears this one has its queue bound: what was said before that is lost to it.

        ``<service>.commands`` is the last that a service declares, so where it is, the bindings are.
        """
        for name in (hearer for hearer, speakers in HEARS.items() if self._service in speakers):
            channel = await self.connection.channel(publisher_confirms=False)
            try:
                await channel.declare_queue(f"{name}.commands", passive=True, robust=False)
            except ChannelNotFoundEntity:
                return False
            finally:
                await channel.close()
        return True

    async def close(self) -> None:
        """Closes the connections. Whoever does not say goodbye in time is left."""
        if self._outside is not None:
            with suppress(Exception):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await self._outside.close()
        if self._connection is not None:
            await self._connection.close()
