"""Taking events in: deliveries that wait are merged into one batch, handled at once, then acknowledged.

While one batch is handled the next deliveries gather, so batches grow under load by themselves (decision 7).
When a batch fails, its events are tried one by one; what still fails goes alone through the wait queues and in
the end to ``<service>.parked`` (decision 9). When Mongo is away nothing is at fault but the weather: the batch
stays unacknowledged and is tried again until it is back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import structlog
from faststream.rabbit import RabbitMessage

from ticketwire_contracts.base import Batch, Event

from .broker import DELAYS, DELIVERIES, Broker
from .failures import what_failed
from .metrics import BATCH_SIZE, BROKER_TAKEN, EVENTS_HEARD, PARKED, RETRIED
from .mongo import ConnectionFailure

log = structlog.get_logger()

Handler = Callable[[Sequence[Any]], Awaitable[None]]
Announce = Callable[[Sequence[Batch]], None]

PREFETCH = 100
"""Deliveries held at once; each is a batch of up to 100 events."""
MERGED = 200
"""Events handled at once."""
OFTEN = 10
"""A batch that comes back so often is worth a line: something dies of it, or while it is handled."""


@dataclass(slots=True)
class Delivery:
    """One message as it came: its events, how often it was tried before, and its envelope without them."""

    events: list[dict[str, Any]]
    attempt: int
    batch: Batch
    done: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


def alone(event: dict[str, Any], batch: Mapping[str, Any]) -> bytes:
    """One event of a batch as a message of its own: it has no place in the log, since others share its batch's."""
    envelope = {"source": batch.get("source", ""), "rights_epoch": batch.get("rights_epoch", 0)}
    return orjson.dumps({**envelope, "events": [event]})


class BatchConsumer:
    """What one service hears."""

    def __init__(self, service: str, broker: Broker) -> None:
        self._service = service
        self._broker = broker
        self._handlers: dict[str, tuple[type[Event], Handler]] = {}
        self._announce: Announce = lambda _: None
        self._waiting: list[Delivery] = []
        self._wake = asyncio.Event()

    def announces(self, announce: Announce) -> None:
        """Before events go to their handlers, the envelopes of their batches go here: place, chain, epoch."""
        self._announce = announce

    def hears(self, classes: Sequence[type[Event]], handler: Handler) -> None:
        """These types go to this handler."""
        for event in classes:
            self._handlers[event.topic] = (event, handler)

    async def take(self, message: RabbitMessage) -> None:
        """FastStream's subscriber: waits until the events in the message have had their effect, then acks."""
        BROKER_TAKEN.labels(self._service).inc()
        try:
            body = orjson.loads(message.body)
            events = body.pop("events")
            batch = Batch(**body, events=[])
            attempt = int(message.headers.get("x-attempt", 0))
            came_back = int(message.headers.get("x-delivery-count", 0))
        except (ValueError, KeyError, TypeError):
            log.error("batch_unreadable", queue=self._service, size=len(message.body))
            PARKED.inc()
            await message.reject()  # the queue dead-letters it to <service>.parked
            return
        if came_back >= OFTEN:
            log.warning("batch_came_back", queue=self._service, times=came_back, parked_after=DELIVERIES)
        delivery = Delivery(events, attempt, batch)
        self._waiting.append(delivery)
        self._wake.set()
        await delivery.done
        await message.ack()

    async def run(self) -> None:
        """Handles what waits, for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                deliveries = self._next()
                await self._handle(deliveries)
                for delivery in deliveries:
                    if not delivery.done.done():
                        delivery.done.set_result(None)

    def _next(self) -> list[Delivery]:
        count = 0
        taken = 0
        for delivery in self._waiting:
            if taken and count + len(delivery.events) > MERGED:
                break
            count += len(delivery.events)
            taken += 1
        deliveries, self._waiting = self._waiting[:taken], self._waiting[taken:]
        return deliveries

    async def _handle(self, deliveries: Sequence[Delivery]) -> None:
        events = [event for delivery in deliveries for event in delivery.events]
        try:
            await self._try(events, [delivery.batch for delivery in deliveries])
        except Exception as error:
            log.warning(
                "batch_failed", queue=self._service, events=len(events), error=what_failed(error), exc_info=True
            )
            for delivery in deliveries:
                for event in delivery.events:
                    await self._alone(event, delivery)

    async def _alone(self, event: dict[str, Any], delivery: Delivery) -> None:
        try:
            await self._try([event], [delivery.batch])
        except Exception as error:
            await self._put_off(event, delivery, error)

    async def _try(self, raw: Sequence[dict[str, Any]], batches: Sequence[Batch]) -> None:
        known = [(event, self._handlers[event["type"]]) for event in raw if event.get("type") in self._handlers]
        by_handler: dict[Handler, list[Event]] = {}
        for event, (model, handler) in known:
            by_handler.setdefault(handler, []).append(model.model_validate(event))
        self._announce(batches)
        if not known:
            return
        BATCH_SIZE.observe(len(known))
        for handler, events in by_handler.items():
            await self._while_mongo_is_away(handler, events)
        EVENTS_HEARD.inc(len(known))

    async def _while_mongo_is_away(self, handler: Handler, events: Sequence[Event]) -> None:
        pause = 0.2
        while True:
            try:
                return await handler(events)
            except ConnectionFailure as error:
                log.warning("mongo_away", queue=self._service, error=what_failed(error))
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)

    async def _put_off(self, event: dict[str, Any], delivery: Delivery, error: Exception) -> None:
        attempt = delivery.attempt
        body = alone(event, delivery.batch.model_dump())
        headers = {"x-attempt": attempt + 1, "x-error": what_failed(error)}
        if attempt < len(DELAYS):
            delay = DELAYS[attempt][0]
            await self._put(f"{self._service}.wait.{delay}", body, headers)
            RETRIED.labels(delay).inc()
            log.warning("event_put_off", event_id=event.get("id"), delay=delay, error=headers["x-error"])
        else:
            await self._put(f"{self._service}.parked", body, headers)
            PARKED.inc()
            log.error("event_parked", event_id=event.get("id"), type=event.get("type"), error=headers["x-error"])

    async def _put(self, queue: str, body: bytes, headers: dict[str, Any]) -> None:
        """Until the broker has it: the event is not acknowledged before, and nothing can be taken meanwhile."""
        pause = 0.2
        while True:
            try:
                return await self._broker.put(queue, body, headers)
            except Exception as error:
                log.warning("broker_away", queue=queue, error=what_failed(error))
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)
