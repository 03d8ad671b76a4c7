"""The servers that the tests stand on."""

from __future__ import annotations

import asyncio
from typing import Any

import aio_pika
import pytest
from pymongo import MongoClient

from ..servers import Rabbit


def test_mongo_has_transactions_and_change_streams(mongo_url: str, database_name: str) -> None:
    with MongoClient[dict[str, Any]](mongo_url, serverSelectionTimeoutMS=5_000) as client:
        things = client[database_name]["things"]
        things.insert_one({"_id": 0})
        with things.watch(max_await_time_ms=2_000) as changes:
            with client.start_session() as session, session.start_transaction():
                things.insert_one({"_id": 1}, session=session)
                things.insert_one({"_id": 2}, session=session)
            assert [changes.next()["documentKey"]["_id"] for _ in range(2)] == [1, 2]


async def test_a_vhost_keeps_quorum_messages_over_a_restart(rabbit: Rabbit, broker_url: str) -> None:
    first = await aio_pika.connect(broker_url)
    async with first:
        channel = await first.channel()
        await channel.declare_queue("kept", durable=True, arguments={"x-queue-type": "quorum"})
        await channel.default_exchange.publish(aio_pika.Message(b"word", delivery_mode=2), "kept")
    await asyncio.to_thread(rabbit.restart)
    again = await aio_pika.connect(broker_url)
    async with again:
        queue = await (await again.channel()).get_queue("kept")
        message = await queue.get(timeout=5)
        assert message is not None
        assert message.body == b"word"


async def test_vhosts_do_not_see_each_other(rabbit: Rabbit, broker_url: str) -> None:
    other = rabbit.vhost("a vhost beside")
    async with await aio_pika.connect(broker_url) as here, await aio_pika.connect(other) as there:
        await (await here.channel()).declare_queue("mine", durable=True)
        with pytest.raises(aio_pika.exceptions.ChannelNotFoundEntity):
            await (await there.channel()).get_queue("mine")
