"""Orders whose asker goes away while they are obeyed, as when the broker does."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import AsyncMock

from ticketwire_chassis.commands import Asked, CommandServer
from ticketwire_contracts.base import Actor, Answer, Order
from ticketwire_contracts.ingest import ShowAccountV1


def message(order: str) -> Any:
    """An order as FastStream brings it."""
    asked = Order(
        id=order,
        type=ShowAccountV1.topic,
        actor=Actor(kind="system", id="system/test"),
        correlation="c",
        not_after=datetime.now(UTC) + timedelta(minutes=1),
        command={},
    )
    return AsyncMock(body=asked.model_dump_json().encode(), reply_to="replies", correlation_id=order)


async def test_an_order_whose_asker_is_gone_ends_nobody_else() -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def obey(orders: Sequence[Asked]) -> list[Answer]:
        begun.set()
        await go_on.wait()
        return [Answer(order=asked.order.id) for asked in orders]

    broker = AsyncMock()
    server = CommandServer("ingest", broker)
    server.obeys([ShowAccountV1], obey)
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
