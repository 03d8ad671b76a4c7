"""A system outside that hears the public events of all tickets, in a queue of its own."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any, Self

import aio_pika
from aio_pika.abc import AbstractIncomingMessage

from ..flow.flood import newest_tickets
from ..flow.stack import Stack


class Outsider:
    """Listens as long as it is entered, over every restart of the broker; ``heard`` is each event once, by its id."""

    def __init__(self, broker_url: str) -> None:
        self._url = broker_url
        self.heard: dict[str, dict[str, Any]] = {}

    async def __aenter__(self) -> Self:
        self._connection = await aio_pika.connect_robust(self._url, reconnect_interval=1)
        channel = await self._connection.channel()
        await channel.set_qos(prefetch_count=50)
        arguments: dict[str, Any] = {"x-queue-type": "quorum"}
        queue = await channel.declare_queue("ext.chaos", durable=True, arguments=arguments)
        await queue.bind("ticketwire.events", "#")
        await queue.consume(self._hear)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._connection.close()

    async def _hear(self, message: AbstractIncomingMessage) -> None:
        event = json.loads(message.body)
        assert self.heard.setdefault(event["id"], event) == event, f"{event['id']} was said in two ways"
        await message.ack()

    async def hears_all(self, stack: Stack, seconds: float) -> None:
        """Until of each ticket it has heard every public version up to the newest."""
        tickets = stack.database("tickets")
        try:
            newest = await newest_tickets(tickets)
        finally:
            await tickets.close()

        def holes() -> list[str]:
            versions: dict[str, list[int]] = defaultdict(list)
            for event in self.heard.values():
                versions[event["subject"].removeprefix("ticket/")].append(event["public_version"])
            return [
                f"{number}: {sorted(versions[number])}"
                for number, state in newest.items()
                if sorted(versions[number]) != list(range(1, state["public_version"] + 1))
            ]

        try:
            await stack.until(lambda: not holes(), seconds)
        except AssertionError as error:
            raise AssertionError(f"an outsider hears holes: {holes()[:5]}") from error
