"""What failed for good can be listed, shown, replayed and thrown away, on a real broker."""

from __future__ import annotations

import asyncio

import orjson
from typer.testing import CliRunner

from ticketwire_chassis import parked
from ticketwire_chassis.broker import Broker

run = CliRunner()


async def park(url: str, *ids: str) -> None:
    """Events in the parked queue of notify."""
    broker = Broker(url, "notify")
    await broker.connect()
    for one in ids:
        body = orjson.dumps({"source": "tickets", "events": [{"id": one, "type": "ticket.opened.v1"}]})
        await broker.put("notify.parked", body, {"x-error": "ValueError: bad"})
    await broker.close()


async def waiting(url: str, queue: str) -> int:
    """Messages in a queue."""
    broker = Broker(url, "notify")
    await broker.connect()
    channel = await broker.connection.channel()
    declared = await channel.declare_queue(queue, passive=True)
    await broker.close()
    return int(declared.declaration_result.message_count or 0)


def test_an_operator_sees_and_deals_with_what_is_parked(broker_url: str) -> None:
    environment = {"TICKETWIRE_BROKER_URL": broker_url, "COLUMNS": "200"}
    asyncio.run(park(broker_url, "a", "b", "c"))
    listed = run.invoke(parked.cli, ["list", "--service", "notify"], env=environment)
    assert listed.exit_code == 0, listed.output
    assert all(word in listed.output for word in ("notify", "ticket.opened.v1", "ValueError: bad"))
    shown = run.invoke(parked.cli, ["show", "notify", "b"], env=environment)
    assert '"b"' in shown.output
    assert "1 discarded" in run.invoke(parked.cli, ["discard", "notify", "b"], env=environment).output
    assert "2 replayed" in run.invoke(parked.cli, ["replay", "notify"], env=environment).output
    assert asyncio.run(waiting(broker_url, "notify.parked")) == 0
    assert asyncio.run(waiting(broker_url, "notify")) == 2
    missing = run.invoke(parked.cli, ["show", "notify", "b"], env=environment)
    assert missing.exit_code != 0
