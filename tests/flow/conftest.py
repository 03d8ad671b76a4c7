"""One stack for the flow tests of a module: two replicas of tickets and of the gateway."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from .stack import Stack


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack(mongo_url: str, broker_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """The whole system, ready, with its queues."""
    folder: Path = tmp_path_factory.mktemp("stack")
    running = Stack(mongo_url, broker_url, folder, replicas={"tickets": 2, "gateway": 2})
    try:
        await running.start()
        await running.make_queues()
        yield running
    finally:
        await running.stop()
