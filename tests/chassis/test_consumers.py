"""A replica is ready by its own consumer, not by another's, and comes back to a queue that it has lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aio_pika
import pytest
from faststream.rabbit import RabbitMessage
from faststream.rabbit.schemas import QueueType

from ticketwire_chassis import consumers
from ticketwire_chassis.broker import Broker
from ticketwire_chassis.consumers import Consumers

QUEUE = "notify"


class Replica:
    """What one process consumes: how far it is ready, and what came."""

    def __init__(self, url: str, broker: Broker) -> None:
        self.consumers = Consumers(url, broker)
        self.taken: list[bytes] = []
        self._is_heard = self.consumers.subscribe(QUEUE, QueueType.QUORUM, self._take)

    async def is_ready(self) -> bool:
        """As /readyz says it: a condition that cannot be looked at does not hold."""
        try:
            return await self._is_heard()
        except Exception:
            return False

    async def _take(self, message: RabbitMessage) -> None:
        self.taken.append(message.body)
        await message.ack()

    async def channel(self) -> Any:
        """aiormq's channel, as the broker knows it."""
        return await self.consumers._consumers[0].subscriber._queue_obj.channel.get_underlay_channel()


@asynccontextmanager
async def two_replicas(url: str) -> AsyncIterator[tuple[Broker, Replica, Replica]]:
    broker = Broker(url, QUEUE)
    await broker.connect()
    replicas = Replica(url, broker), Replica(url, broker)
    keeping = []
    try:
        for replica in replicas:
            await replica.consumers.start()
            keeping.append(asyncio.create_task(replica.consumers.keep()))
        yield broker, *replicas
    finally:
        for task in keeping:
            task.cancel()
        for replica in replicas:
            await replica.consumers.stop()
        await broker.close()


async def until(what: Callable[[], Awaitable[bool]], seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not await what():
            await asyncio.sleep(0.05)


async def test_a_replica_without_its_consumer_is_not_ready_though_another_has_one(broker_url: str) -> None:
    async with two_replicas(broker_url) as (broker, first, second):
        assert [await first.is_ready(), await second.is_ready()] == [True, True]
        channel = await first.channel()
        (tag,) = channel.consumers
        await channel.basic_cancel(tag)  # behind the backs of aio-pika and FastStream
        assert await broker.consumers(QUEUE) == 1
        assert [await first.is_ready(), await second.is_ready()] == [False, True]


async def test_a_replica_whose_channel_the_broker_closes_consumes_again(broker_url: str) -> None:
    async with two_replicas(broker_url) as (broker, first, second):
        channel = await first.channel()
        await channel.basic_ack(999)  # there is no such delivery, and for that the broker closes the channel
        await until(lambda: _true(channel.is_closed))
        assert await second.is_ready()
        await until(first.is_ready)
        assert await first.channel() is not channel
        assert await broker.consumers(QUEUE) == 2


async def test_a_replica_that_lost_its_consumer_for_good_comes_back_by_itself(
    broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "LOOK_SECONDS", 0.1)
    monkeypatch.setattr(consumers, "LOST_SECONDS", 1.0)
    async with two_replicas(broker_url) as (broker, first, second):
        channel = await first.channel()
        (tag,) = channel.consumers
        await channel.basic_cancel(tag)
        assert not await first.is_ready()
        await until(first.is_ready)
        assert await second.is_ready()
        for n in range(20):
            await broker.put(QUEUE, f"{n}".encode())
        await until(lambda: _true(len(first.taken) + len(second.taken) == 20))
        assert first.taken


async def test_a_queue_that_was_deleted_is_declared_and_consumed_again(
    broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumers, "LOOK_SECONDS", 0.1)
    monkeypatch.setattr(consumers, "LOST_SECONDS", 3.0)
    async with two_replicas(broker_url) as (broker, first, second):
        async with await aio_pika.connect(broker_url) as other:
            await (await other.channel()).queue_delete(QUEUE)
        await until(lambda: _not(first.is_ready))
        await until(first.is_ready)
        await until(second.is_ready)
        assert await broker.consumers(QUEUE) == 2


async def _not(what: Callable[[], Awaitable[bool]]) -> bool:
    return not await what()


async def _true(what: bool) -> bool:
    return what
