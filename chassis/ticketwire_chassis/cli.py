"""``ticketwire``: one command, made of what the installed services' ``cli.py`` offer."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import sys
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

import aio_pika
import typer
from aio_pika.exceptions import AMQPError

from ticketwire_contracts.base import Actor, Answer, Command

from . import parked
from .audit import cli as audit
from .broker import Broker
from .commands import CommandClient, ServiceUnavailable

SERVICES = ("ingest", "tickets", "escalation", "notify", "gateway")


def build() -> typer.Typer:
    """The whole command. A service that is not installed simply adds nothing."""
    root = typer.Typer(
        name="ticketwire", help="Ticketwire: trouble tickets.", no_args_is_help=True, add_completion=False
    )
    root.add_typer(parked.cli, name="parked")
    root.add_typer(audit.cli, name="audit")
    for service in SERVICES:
        for where in ("", str(Path(__file__).resolve().parents[2])):
            if where not in sys.path:
                sys.path.insert(0, where)
        if importlib.util.find_spec("services") is None or importlib.util.find_spec(f"services.{service}") is None:
            continue
        if importlib.util.find_spec(f"services.{service}.cli") is None:
            continue
        offered = importlib.import_module(f"services.{service}.cli")
        if hasattr(offered, "cli"):
            root.add_typer(offered.cli)
        if hasattr(offered, "STATES"):
            audit.states[service] = offered.STATES
    return root


class Asker(Broker):
    """A connection of an operator's: it asks, and declares nothing."""

    async def connect(self) -> None:
        """Connects; once, so that a wrong address is told at once."""
        self._connection = await aio_pika.connect_robust(
            self._url, client_properties={"connection_name": self._service}, timeout=5
        )


async def ask(broker_url: str, *commands: Command, timeout: float = 30.0) -> list[Answer]:
    """Puts commands to services in an operator's name, one after another; ends the program if none can hear them."""
    asker = Asker(broker_url, "ticketwire cli")
    try:
        await asker.connect()
    except (AMQPError, OSError, ValueError) as error:
        where = urlsplit(broker_url)
        end_with(
            f"RabbitMQ cannot be used at {where.hostname}:{where.port} ({type(error).__name__}); start the system, "
            "then `source var/secrets/environment` or name it with --broker-url"
        )
    try:
        client = CommandClient(asker)
        await client.start()
        return await _asked(client, commands, timeout)
    except ServiceUnavailable as error:
        end_with(f"{error}; is that service running? Look at its log, then try again")
    finally:
        await asker.close()


async def _asked(client: CommandClient, commands: Sequence[Command], timeout: float) -> list[Answer]:
    actor = Actor(kind="system", id="system/operator", via="cli")
    return [await client.call(command, actor, uuid.uuid4().hex, timeout=timeout) for command in commands]


def end_with(reason: str) -> NoReturn:
    """Ends the program with one line that says what to do."""
    typer.echo(f"ticketwire: {reason}", err=True)
    raise typer.Exit(1)


def main() -> None:
    """The console script. What libraries would log there is no line for a person."""
    logging.basicConfig(handlers=[logging.NullHandler()])
    build()()
