"""The consumer in docs/events.md does what the page says, run as it stands there."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from typing import Any

import aio_pika

from ticketwire_contracts.examples import PUBLIC_EXAMPLES

from .conftest import ROOT

QUEUE = "ext.crm"


def example() -> str:
    """The page's Python code."""
    found = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "events.md").read_text(encoding="utf-8"), re.DOTALL)
    assert len(found) == 1
    return str(found[0])


def event(public_version: int) -> dict[str, Any]:
    """A public event with another version."""
    return {**PUBLIC_EXAMPLES["ticket.replied.v1"], "public_version": public_version}


async def test_the_example_prints_each_event_once_and_notices_a_hole(broker_url: str) -> None:
    connection = await aio_pika.connect(broker_url)
    async with connection:
        channel = await connection.channel()
        exchange = await channel.declare_exchange("ticketwire.events", "topic", durable=True)
        queue = await channel.declare_queue(QUEUE, durable=True)
        await queue.bind(exchange, "#")
        consumer = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            example(),
            env={**os.environ, "SUBSCRIBER_URL": broker_url, "SUBSCRIBER_QUEUE": QUEUE},
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            for version in (3, 3, 4, 4, 7):
                body = json.dumps(event(version)).encode()
                await exchange.publish(aio_pika.Message(body), "ticket.replied.v1.support")
            assert consumer.stdout is not None
            async with asyncio.timeout(20):
                lines = [(await consumer.stdout.readline()).decode().strip() for _ in range(4)]
        finally:
            consumer.terminate()
            await consumer.wait()
    said = "2026-03-02T09:02:11Z ticket.replied.v1 TW-1042 was answered"
    assert lines == [said, said, "TW-1042: 2 events were dropped", said]


def test_the_page_names_every_public_type() -> None:
    text = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([a-z_.]+v\d)` \|", text, re.MULTILINE)) == set(PUBLIC_EXAMPLES)


def test_the_shown_message_is_the_example() -> None:
    text = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")
    shown = json.loads(re.findall(r"```json\n(.*?)```", text, re.DOTALL)[0])
    real = PUBLIC_EXAMPLES["ticket.replied.v1"]
    for name in ("specversion", "id", "source", "type", "subject", "time", "public_version", "correlation", "summary"):
        assert shown[name] == real[name]
    assert shown["ticket"]["number"] == real["ticket"]["number"]
    assert shown["message"]["author"]["name"] == real["message"]["author"]["name"]
