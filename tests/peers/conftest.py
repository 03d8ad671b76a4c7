"""A whole system between real mail programs: customers' mail comes through one Postfix, ours leaves through another."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from ..flow.stack import Stack
from ..servers import Rabbit
from . import packages
from .postfix import Postfix

LARGEST = 1_000_000
"""Octets of the largest mail that ingest takes here."""


@pytest.fixture(scope="session", autouse=True)
def installed() -> None:
    """The programs are there."""
    packages.install()


@pytest.fixture(scope="session")
def built(mongo_url: str, rabbit: Rabbit, tmp_path_factory: pytest.TempPathFactory, installed: None) -> Stack:
    """The system, not started: whoever stands around it needs its ports."""
    folder: Path = tmp_path_factory.mktemp("peers")
    return Stack(mongo_url, rabbit.vhost("peers"), folder, environment={"INGEST_MAIL_OCTETS": str(LARGEST)})


@pytest.fixture(scope="session")
def relay(built: Stack) -> Iterator[Postfix]:
    """A Postfix that brings customers' mail to ingest, and their bounces to the sink. It refuses other domains."""
    ingest, sink = f"[127.0.0.1]:{built.smtp_port}", f"[127.0.0.1]:{built.sink_port}"
    transports = {
        "example.org": f"smtp:{ingest}",
        "unsized.example": f"unsized:{ingest}",
        "example.net": f"smtp:{sink}",
    }
    with Postfix(transports, built.folder / "relay.log", strict=False) as postfix:
        yield postfix


@pytest.fixture(scope="session")
def next_server(built: Stack, relay: Postfix) -> Iterator[Postfix]:
    """A Postfix that takes our mails, as strictly as it can."""
    transports = {
        "example.net": f"smtp:[127.0.0.1]:{built.sink_port}",
        "example.org": f"smtp:[127.0.0.1]:{built.smtp_port}",
        "nowhere.example": "error:5.1.1 No such user",
        "later.example": f"smtp:[127.0.0.1]:{relay.port}",
    }
    with Postfix(transports, built.folder / "next-server.log", strict=True) as postfix:
        yield postfix


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stack(built: Stack, next_server: Postfix) -> AsyncIterator[Stack]:
    """The whole system, ready, with its queues."""
    built.extra["NOTIFY_SMTP_PORT"] = str(next_server.port)
    try:
        await built.start()
        await built.make_queues()
        yield built
    finally:
        await built.stop()
