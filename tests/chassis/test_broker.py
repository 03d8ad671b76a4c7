"""What is asked of the broker is asked now, and nothing is said before those who hear can hear."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import unquote, urlsplit

import aio_pika

from deploy.rabbitmq.definitions import KEPT, USERS, definitions
from ticketwire_chassis.broker import DELIVERIES, Broker
from ticketwire_chassis.parked import Parked, visit
from ticketwire_contracts.catalogue import HEARS

from ..servers import Rabbit

FOUR: dict[str, Any] = {"name": "four", "pattern": ".*", "definition": {"delivery-limit": 20}, "priority": 0}
"""What RabbitMQ 4 does by itself, as a policy."""


async def listen(_: Any) -> None:
    """Hears, and does nothing."""


async def test_consumers_are_counted_as_they_come_and_go(broker_url: str) -> None:
    broker = Broker(broker_url, "tickets")
    await broker.connect()
    try:
        assert await broker.consumers("tickets") == 0
        async with await aio_pika.connect(broker_url) as other:
            channel = await other.channel()
            queue = await channel.get_queue("tickets")
            tag = await queue.consume(listen)
            assert await broker.consumers("tickets") == 1
            await queue.cancel(tag)
            assert await broker.consumers("tickets") == 0
    finally:
        await broker.close()


async def test_a_speaker_is_heard_by_all_once_the_last_hearer_has_its_queue(broker_url: str) -> None:
    hearers = [name for name, speakers in HEARS.items() if "escalation" in speakers]
    speaker = Broker(broker_url, "escalation")
    await speaker.connect()
    heard: list[bool] = []
    others = [Broker(broker_url, name) for name in hearers]
    try:
        for other in others:
            heard.append(await speaker.heard_by_all())
            await other.connect()
        heard.append(await speaker.heard_by_all())
    finally:
        for broker in (speaker, *others):
            await broker.close()
    assert heard[-1]
    assert not heard[-2]


async def give_back(url: str, queue: str, times: int) -> int:
    """Gets a message and gives it back, over and over; how often it was there."""
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        here = await channel.get_queue(queue, ensure=False)
        for time in range(times):
            message = await here.get(fail=False)
            if message is None:
                return time
            await message.nack(requeue=True)
    return times


async def test_what_comes_back_too_often_is_parked_and_not_lost(broker_url: str) -> None:
    """Consumers die of it, or lose their connection again and again."""
    broker = Broker(broker_url, "notify")
    await broker.connect()
    try:
        await broker.put("notify", b"{}")
        assert await give_back(broker_url, "notify", DELIVERIES + 10) == DELIVERIES + 1
        async with asyncio.timeout(10):
            while await give_back(broker_url, "notify.parked", 1) == 0:
                await asyncio.sleep(0.05)
        reasons: list[str] = []

        async def keep(_: Any, one: Parked) -> bool:
            reasons.append(one.error)
            return False

        await visit(broker_url, "notify", keep)
        await visit(broker_url, "notify", keep)
        assert reasons == ["delivery_limit"] * 2, "looking at it does not make it forget why it is here"
    finally:
        await broker.close()


async def test_what_is_parked_stays_however_often_it_is_given_back(rabbit: Rabbit, broker_url: str) -> None:
    """Whoever looks at it by other tools; on RabbitMQ 4, whose limit of 20 a weaker policy stands for here."""
    vhost = unquote(urlsplit(broker_url).path[1:])
    assert KEPT in definitions(dict.fromkeys(USERS, "x"))["policies"]
    broker = Broker(broker_url, "notify")
    await broker.connect()
    try:
        for policy in (FOUR, KEPT):
            named = [policy["name"], policy["pattern"], json.dumps(policy["definition"])]
            how = ["--priority", str(policy["priority"]), "--apply-to", "queues"]
            await asyncio.to_thread(rabbit.ctl, "set_policy", "-p", vhost, *named, *how)
            await broker.put("notify.parked", b"{}")
            if policy is FOUR:
                assert await give_back(broker_url, "notify.parked", 30) == 21, "this is what RabbitMQ 4 does"
        assert await give_back(broker_url, "notify.parked", 30) == 30
    finally:
        await broker.close()
