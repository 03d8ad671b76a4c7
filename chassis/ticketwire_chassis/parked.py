"""What failed for good lies in ``<service>.parked``; an operator lists it, shows it, replays it or discards it.

What stays is put back as a new message at the end of its queue, and only then taken from the front. Given back
(by a nack, or by leaving with it unacknowledged) it would count as delivered in vain, and from RabbitMQ 4.0 on a
quorum queue throws away what was so twenty times. A death in between leaves an event there twice, never not at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any

import aio_pika
import orjson
import typer
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from aio_pika.exceptions import ChannelNotFoundEntity
from rich.console import Console
from rich.table import Table

from ticketwire_contracts.catalogue import HEARS

from .batches import alone

cli = typer.Typer(help="Events that failed for good: list, show, replay, discard.", no_args_is_help=True)
BrokerUrl = Annotated[
    str, typer.Option(envvar="TICKETWIRE_BROKER_URL", help="RabbitMQ, as an operator who may read all queues.")
]
BROKER = "amqp://guest:guest@127.0.0.1:5672/"

COUNTED = "x-delivery-count"
"""A header of the broker's own."""


@dataclass(frozen=True, slots=True)
class Parked:
    """One parked event, and the message that carries it alone."""

    service: str
    event_id: str
    type: str
    error: str
    body: bytes


Deal = Callable[[AbstractChannel, Parked], Awaitable[bool]]
"""Does something about a parked event; says whether it may go."""


def describe(service: str, body: bytes, headers: dict[str, Any]) -> list[Parked]:
    """What lies in a parked message: an event, a whole batch that the broker parked, or what nobody can read."""
    error = str(headers.get("x-error") or headers.get("x-first-death-reason") or "rejected")
    try:
        batch = orjson.loads(body)
        found = [
            Parked(service, str(event["id"]), str(event.get("type", "?")), error, alone(event, batch))
            for event in batch["events"]
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        found = []
    return found or [Parked(service, "?", "unreadable", error, body)]


async def visit(url: str, service: str, deal: Deal) -> int:
    """Looks at each parked event once; gives how many went. Those that stay keep their order."""
    connection = await aio_pika.connect(url)
    gone = 0
    async with connection:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        try:
            queue = await channel.declare_queue(f"{service}.parked", passive=True)
        except ChannelNotFoundEntity:
            return 0  # the service was never started here
        for _ in range(queue.declaration_result.message_count or 0):
            message = await queue.get(fail=False)
            if message is None:
                break
            found = describe(service, message.body, dict(message.headers))
            staying = [parked for parked in found if not await deal(channel, parked)]
            whole = len(staying) == len(found)
            for body in [message.body] if whole else [parked.body for parked in staying]:
                await channel.default_exchange.publish(_again(message, body, found[0].error), queue.name)
            await message.ack()
            gone += len(found) - len(staying)
    return gone


def _again(message: AbstractIncomingMessage, body: bytes, error: str) -> aio_pika.Message:
    headers = {name: value for name, value in message.headers.items() if name != COUNTED} | {"x-error": error}
    return aio_pika.Message(
        body, content_type=message.content_type, type=message.type, delivery_mode=2, headers=headers
    )


@cli.command("list")
def list_(broker_url: BrokerUrl = BROKER, service: str = "") -> None:
    """Lists what is parked, in all services or one."""
    found: list[Parked] = []

    async def keep(_: AbstractChannel, parked: Parked) -> bool:
        found.append(parked)
        return False

    async def go() -> None:
        for name in [service] if service else HEARS:
            await visit(broker_url, name, keep)

    asyncio.run(go())
    table = Table("service", "event", "type", "error")
    for parked in found:
        table.add_row(parked.service, parked.event_id, parked.type, parked.error)
    # What is shown is data: no brackets in it are markup.
    Console(markup=False, highlight=False).print(table if found else "Nothing is parked.")


@cli.command()
def show(service: str, event_id: str, broker_url: BrokerUrl = BROKER) -> None:
    """Shows one parked event as JSON; one that nobody can read, `?`, as it is."""
    found: list[bytes] = []

    async def keep(_: AbstractChannel, parked: Parked) -> bool:
        if parked.event_id == event_id:
            found.append(parked.body)
        return False

    asyncio.run(visit(broker_url, service, keep))
    if not found:
        raise typer.BadParameter(f"{event_id} is not parked in {service}")
    for body in found:
        typer.echo(_shown(body))


def _shown(body: bytes) -> bytes:
    try:
        return orjson.dumps(orjson.loads(body), option=orjson.OPT_INDENT_2)
    except ValueError:
        return body


@cli.command()
def replay(service: str, event_id: str = "", broker_url: BrokerUrl = BROKER) -> None:
    """Gives one event (or all, without an id) back to the service."""

    async def back(channel: AbstractChannel, parked: Parked) -> bool:
        if event_id and parked.event_id != event_id:
            return False
        again = aio_pika.Message(parked.body, content_type="application/json", type="batch.v1", delivery_mode=2)
        await channel.default_exchange.publish(again, service)
        return True

    typer.echo(f"{asyncio.run(visit(broker_url, service, back))} replayed")


@cli.command()
def discard(service: str, event_id: str, broker_url: BrokerUrl = BROKER) -> None:
    """Throws one parked event away, for good."""

    async def away(_: AbstractChannel, parked: Parked) -> bool:
        return parked.event_id == event_id

    typer.echo(f"{asyncio.run(visit(broker_url, service, away))} discarded")
