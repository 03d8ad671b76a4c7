"""A whole system of two replicas each, on a mongod and a RabbitMQ of its own: both will be mistreated."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import pytest_asyncio

from deploy.local import ports
from deploy.local.mongod import Mongod

from ..flow.stack import SERVICES, Stack
from ..servers import NativeRabbit

THREADS = 40
"""Senders that wait for an answer of someone who has been stopped."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where everything of this system lies."""
    return tmp_path_factory.mktemp("chaos")


@pytest.fixture(scope="module")
def mongod(folder: Path) -> Iterator[Mongod]:
    """A mongod that may be killed."""
    server = Mongod(folder / "mongo", ports.free_ports(1)[0], folder / "mongod.log", cache_gb=0.5, quick_ttl=True)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def node(folder: Path) -> Iterator[NativeRabbit]:
    """A RabbitMQ that may be killed."""
    rabbit = NativeRabbit(folder)
    rabbit.begin()
    yield rabbit
    rabbit.node.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack(folder: Path, mongod: Mongod, node: NativeRabbit) -> AsyncIterator[Stack]:
    """The whole system, ready, with its queues. Whoever ends by itself is started again."""
    with ThreadPoolExecutor(THREADS) as threads:
        asyncio.get_running_loop().set_default_executor(threads)
        await asyncio.to_thread(mongod.wait)
        await asyncio.to_thread(node.node.wait)
        broker_url = await asyncio.to_thread(node.vhost, "chaos")
        running = Stack(mongod.url(), broker_url, folder / "stack", replicas=dict.fromkeys(SERVICES, 2))
        try:
            await running.start()
            await running.make_queues()
            running.supervised = True
            yield running
        finally:
            await running.stop()
