"""Orders in line: each handler has its own, nothing is done after its time, and whoever is gone ends nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import AsyncMock

import pytest

from ticketwire_chassis.commands import Asked, CommandServer
from ticketwire_contracts.base import Actor, Answer, Command, Order
from ticketwire_contracts.tickets import AddNoteV1, ErasePersonV1

NOTE = AddNoteV1(ticket="TW-1", text="x")
ERASE = ErasePersonV1(person="person/x")


def order(command: Command, id: str, seconds: float = 30) -> bytes:
    return (
        Order(
            id=id,
            type=command.topic,
            actor=Actor(kind="agent", id="person/x"),
            correlation="c",
            not_after=datetime.now(UTC) + timedelta(seconds=seconds),
            command=command.model_dump(mode="json"),
        )
        .model_dump_json()
        .encode()
    )


class Counter:
    """Obeys, and stops where it is told to."""

    def __init__(self) -> None:
        self.done: list[list[str]] = []
        self.goes_on = asyncio.Event()
        self.goes_on.set()
        self.begun = asyncio.Event()

    async def obey(self, orders: Sequence[Asked]) -> list[Answer]:
        self.begun.set()
        await self.goes_on.wait()
        self.done.append([one.order.id for one in orders])
        return [Answer(order=one.order.id) for one in orders]


@pytest.fixture
async def served() -> AsyncIterator[tuple[CommandServer, Counter, Counter]]:
    server, quick, slow = CommandServer("tickets", broker=None), Counter(), Counter()  # type: ignore[arg-type]
    server.obeys([AddNoteV1], quick.obey)
    server.obeys([ErasePersonV1], slow.obey)
    running = asyncio.create_task(server.run())
    yield server, quick, slow
    running.cancel()


async def test_a_slow_handler_holds_up_nobody_elses_orders(served: tuple[CommandServer, Counter, Counter]) -> None:
    server, quick, slow = served
    slow.goes_on.clear()
    erasing = asyncio.create_task(server._obey(order(ERASE, "e")))
    await slow.begun.wait()
    async with asyncio.timeout(10):
        assert (await server._obey(order(NOTE, "n"))).problem is None
    assert not erasing.done()
    slow.goes_on.set()
    assert (await erasing).problem is None
    assert (quick.done, slow.done) == ([["n"]], [["e"]])


async def test_what_became_late_in_line_is_refused_and_not_done(served: tuple[CommandServer, Counter, Counter]) -> None:
    server, quick, _ = served
    quick.goes_on.clear()
    first = asyncio.create_task(server._obey(order(NOTE, "first")))
    await quick.begun.wait()
    late = asyncio.create_task(server._obey(order(NOTE, "late", 0.05)))
    last = asyncio.create_task(server._obey(order(NOTE, "last")))
    await asyncio.sleep(0.1)
    quick.goes_on.set()
    problem = (await late).problem
    assert problem is not None
    assert (problem.type, problem.status) == ("command-late", 503)
    assert (await first).problem is None
    assert (await last).problem is None
    assert quick.done == [["first"], ["last"]]


def message(id: str) -> Any:
    """An order as FastStream brings it."""
    return AsyncMock(body=order(NOTE, id), reply_to="replies", correlation_id=id)


async def test_an_order_whose_asker_is_gone_ends_nobody_else() -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def obey(orders: Sequence[Asked]) -> list[Answer]:
        begun.set()
        await go_on.wait()
        return [Answer(order=asked.order.id) for asked in orders]

    broker = AsyncMock()
    server = CommandServer("tickets", broker)
    server.obeys([AddNoteV1], obey)
    running = asyncio.create_task(server.run())
    gone, stays = asyncio.create_task(server.take(message("gone"))), asyncio.create_task(server.take(message("stays")))
    await begun.wait()
    gone.cancel()
    await asyncio.wait([gone])
    go_on.set()
    await asyncio.wait_for(stays, 10)
    assert not running.done()
    assert [call.args[1] for call in broker.answer.call_args_list] == ["stays"]
    running.cancel()
