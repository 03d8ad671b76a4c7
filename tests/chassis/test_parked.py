"""What failed for good can be listed, shown, replayed and thrown away, on a real broker."""

from __future__ import annotations

import asyncio
from urllib.parse import unquote, urlsplit

import orjson
from aio_pika.abc import AbstractChannel
from typer.testing import CliRunner

from ticketwire_chassis import parked
from ticketwire_chassis.broker import Broker

from ..servers import Rabbit

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
    everywhere = run.invoke(parked.cli, ["list"], env=environment)
    assert (everywhere.exit_code, everywhere.output.strip()) == (0, "Nothing is parked."), "others never began here"


def limit_as_rabbitmq_4_does(rabbit: Rabbit, url: str) -> None:
    """Twenty deliveries in vain and a message is thrown away: what RabbitMQ 4 does where nothing else is said."""
    vhost = unquote(urlsplit(url).path[1:])
    rabbit.ctl("set_policy", "-p", vhost, "four", ".*", '{"delivery-limit":20}', "--apply-to", "queues")


def test_looking_at_what_is_parked_takes_nothing_away(rabbit: Rabbit, broker_url: str) -> None:
    limit_as_rabbitmq_4_does(rabbit, broker_url)
    asyncio.run(park(broker_url, "a", "b", "c"))

    async def look() -> list[str]:
        seen: list[str] = []

        async def keep(_: AbstractChannel, one: parked.Parked) -> bool:
            seen.append(f"{one.event_id} {one.error}")
            return False

        assert await parked.visit(broker_url, "notify", keep) == 0
        return seen

    for _ in range(25):
        assert asyncio.run(look()) == ["a ValueError: bad", "b ValueError: bad", "c ValueError: bad"]


def test_a_batch_that_the_broker_parked_is_dealt_with_event_by_event(broker_url: str) -> None:
    async def park_batch() -> None:
        broker = Broker(broker_url, "notify")
        await broker.connect()
        events = [{"id": one, "type": "ticket.opened.v1"} for one in "abc"]
        batch = {"source": "tickets", "first": 7, "last": 9, "chain": "x", "rights_epoch": 4, "events": events}
        await broker.put("notify.parked", orjson.dumps(batch))
        await broker.close()

    environment = {"TICKETWIRE_BROKER_URL": broker_url, "COLUMNS": "200"}
    asyncio.run(park_batch())
    assert "1 discarded" in run.invoke(parked.cli, ["discard", "notify", "b"], env=environment).output
    assert "1 replayed" in run.invoke(parked.cli, ["replay", "notify", "--event-id", "c"], env=environment).output
    shown = run.invoke(parked.cli, ["show", "notify", "a"], env=environment)
    assert orjson.loads(shown.stdout) == {
        "source": "tickets",
        "rights_epoch": 4,
        "events": [{"id": "a", "type": "ticket.opened.v1"}],
    }
    assert asyncio.run(waiting(broker_url, "notify.parked")) == 1
    assert asyncio.run(waiting(broker_url, "notify")) == 1


def test_nothing_that_is_shown_is_markup(broker_url: str) -> None:
    async def park_brackets() -> None:
        broker = Broker(broker_url, "notify")
        await broker.connect()
        body = orjson.dumps({"source": "tickets", "events": [{"id": "[/b]", "type": "[red]t[/red]"}]})
        await broker.put("notify.parked", body, {"x-error": "ValidationError [type=missing] [/b]"})
        await broker.put("notify.parked", b"\xff{", {})
        await broker.close()

    asyncio.run(park_brackets())
    environment = {"TICKETWIRE_BROKER_URL": broker_url, "COLUMNS": "200"}
    listed = run.invoke(parked.cli, ["list", "--service", "notify"], env=environment)
    assert listed.exit_code == 0, listed.output
    for word in ("[/b]", "[red]t[/red]", "ValidationError [type=missing] [/b]", "unreadable"):
        assert word in listed.output
