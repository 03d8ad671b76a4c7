"""Kill -9 of each service in turn while mails flow: every accepted mail is exactly one ticket message."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.servers import Rabbit

from .flood import Sender, letter, stranger, whole
from .stack import SERVICES, Stack

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(600)]

MAILS = 300


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack(mongo_url: str, broker_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """A stack of its own, to be mistreated."""
    folder: Path = tmp_path_factory.mktemp("kill")
    running = Stack(mongo_url, broker_url, folder, replicas={"tickets": 2, "gateway": 2})
    try:
        await running.start()
        await running.make_queues()
        yield running
    finally:
        await running.stop()


async def test_kill_minus_nine_of_each_service_loses_and_doubles_nothing(stack: Stack) -> None:
    sender = Sender(stack, [letter(stranger(), f"Flood {n}") for n in range(MAILS)])
    sending = asyncio.create_task(sender.run())
    for name in SERVICES:
        seen = len(sender.accepted)
        await stack.until(lambda seen=seen: len(sender.accepted) >= min(seen + 25, MAILS), 60, "mails flow")  # type: ignore[misc]
        stack.kill(name)
        await asyncio.sleep(0.6)
        stack.start_one(name)
    await sending
    await stack.ready(90)
    await whole(stack, sender.accepted)


async def test_a_restart_of_the_broker_loses_and_doubles_nothing(stack: Stack, rabbit: Rabbit) -> None:
    sender = Sender(stack, [letter(stranger(), f"Second flood {n}") for n in range(80)])
    sending = asyncio.create_task(sender.run())
    await stack.until(lambda: len(sender.accepted) >= 25, 60, "mails flow")
    await asyncio.to_thread(rabbit.restart, True)
    await sending
    await stack.ready(120)
    await whole(stack, sender.accepted)
