"""What is asked of the broker is asked now, and nothing is said before those who hear can hear."""

from __future__ import annotations

from typing import Any

import aio_pika

from ticketwire_chassis.broker import Broker
from ticketwire_contracts.catalogue import HEARS


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
