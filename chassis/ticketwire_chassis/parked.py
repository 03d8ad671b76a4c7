"""What failed for good lies in ``<service>.parked``; an operator lists it, shows it, replays it or discards it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any

import aio_pika
import orjson
import typer
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from rich.console import Console
from rich.table import Table

from ticketwire_contracts.catalogue import HEARS

cli = typer.Typer(help="Events that failed for good: list, show, replay, discard.", no_args_is_help=True)
BrokerUrl = Annotated[
    str, typer.Option(envvar="TICKETWIRE_BROKER_URL", help="RabbitMQ, as an operator who may read all queues.")
]


@dataclass(frozen=True, slots=True)
class Parked:
    """One parked message."""

    service: str
    event_id: str
    type: str
    error: str
    body: bytes


def describe(service: str, body: bytes, headers: dict[str, Any]) -> Parked:
    """What can be said of a parked message, readable or not."""
    try:
        event = orjson.loads(body)["events"][0]
    except (ValueError, KeyError, IndexError, TypeError):
        event = {}
    return Parked(
        service=service,
        event_id=str(event.get("id", "?")),
        type=str(event.get("type", "unreadable")),
        error=str(headers.get("x-error", "rejected")),
        body=body,
    )


async def visit(
    url: str, service: str, deal: Callable[[AbstractChannel, AbstractIncomingMessage], Awaitable[bool]]
) -> int:
    """Looks at each parked message once; ``deal`` says whether it may go. Those that stay keep their place."""
    connection = await aio_pika.connect(url)
    gone = 0
    async with connection:
        channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
        queue = await channel.declare_queue(f"{service}.parked", passive=True)
        kept: list[AbstractIncomingMessage] = []
        for _ in range(queue.declaration_result.message_count or 0):
            message = await queue.get(fail=False)
            if message is None:
                break
            if await deal(channel, message):
                await message.ack()
                gone += 1
            else:
                kept.append(message)
        for message in kept:
            await message.nack(requeue=True)
    return gone


@cli.command("list")
def list_(broker_url: BrokerUrl = "amqp://guest:guest@127.0.0.1:5672/", service: str = "") -> None:
    """Lists what is parked, in all services or one."""
    table = Table("service", "event", "type", "error")
    found: list[Parked] = []

    async def go() -> None:
        for name in [service] if service else HEARS:

            async def keep(_: AbstractChannel, message: AbstractIncomingMessage, name: str = name) -> bool:
                found.append(describe(name, message.body, dict(message.headers)))
                return False

            await visit(broker_url, name, keep)

    asyncio.run(go())
    for parked in found:
        table.add_row(parked.service, parked.event_id, parked.type, parked.error)
    Console().print(table if found else "Nothing is parked.")


@cli.command()
def show(service: str, event_id: str, broker_url: BrokerUrl = "amqp://guest:guest@127.0.0.1:5672/") -> None:
    """Shows one parked event as JSON."""
    found: list[bytes] = []

    async def keep(_: AbstractChannel, message: AbstractIncomingMessage) -> bool:
        if describe(service, message.body, {}).event_id == event_id:
            found.append(message.body)
        return False

    asyncio.run(visit(broker_url, service, keep))
    if not found:
        raise typer.BadParameter(f"{event_id} is not parked in {service}")
    for body in found:
        typer.echo(orjson.dumps(orjson.loads(body), option=orjson.OPT_INDENT_2))


@cli.command()
def replay(service: str, event_id: str = "", broker_url: BrokerUrl = "amqp://guest:guest@127.0.0.1:5672/") -> None:
    """Gives one event (or all, without an id) back to the service."""

    async def back(channel: AbstractChannel, message: AbstractIncomingMessage) -> bool:
        if event_id and describe(service, message.body, {}).event_id != event_id:
            return False
        again = aio_pika.Message(message.body, content_type="application/json", type="batch.v1", delivery_mode=2)
        await channel.default_exchange.publish(again, service)
        return True

    typer.echo(f"{asyncio.run(visit(broker_url, service, back))} replayed")


@cli.command()
def discard(service: str, event_id: str, broker_url: BrokerUrl = "amqp://guest:guest@127.0.0.1:5672/") -> None:
    """Throws one parked event away, for good."""

    async def away(_: AbstractChannel, message: AbstractIncomingMessage) -> bool:
        return describe(service, message.body, {}).event_id == event_id

    typer.echo(f"{asyncio.run(visit(broker_url, service, away))} discarded")
