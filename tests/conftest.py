"""Servers for all tests: one mongod and one RabbitMQ per session, a vhost per module, a database per test."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from .servers import Rabbit, Servers

# How long something takes is the bench's to say: on a machine that is busy with something else nothing is broken.
settings.register_profile("ticketwire", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ticketwire")

SERVERS = pytest.StashKey[Servers]()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Starts what the chosen tests will need, both at once, while the quick tests already run."""
    if session.config.option.collectonly:
        return
    wanted = {name for item in session.items for name in getattr(item, "fixturenames", ())}
    servers = session.config.stash.setdefault(SERVERS, Servers())
    servers.begin(mongo="mongo_url" in wanted, rabbit="rabbit" in wanted)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Ends the servers, whatever became of the tests."""
    servers = config.stash.get(SERVERS, None)
    if servers is not None:
        servers.stop()


@pytest.fixture(scope="session")
def mongo_url(request: pytest.FixtureRequest) -> str:
    """Connection string of a MongoDB replica set."""
    return request.config.stash[SERVERS].mongo_url


@pytest.fixture(scope="session")
def rabbit(request: pytest.FixtureRequest) -> Rabbit:
    """The RabbitMQ of this session: ``vhost(name)``, ``ctl(…)``, ``restart()``."""
    return request.config.stash[SERVERS].rabbit


@pytest.fixture(scope="module")
def broker_url(request: pytest.FixtureRequest, rabbit: Rabbit) -> str:
    """Connection string of a vhost of this module's own."""
    module = re.sub(r"\W+", "-", request.node.nodeid.removesuffix(".py"))
    return rabbit.vhost(f"{module}-{uuid.uuid4().hex[:6]}")


@pytest.fixture
def database_name(mongo_url: str) -> Iterator[str]:
    """A database that only this test uses, dropped afterwards."""
    name = f"test_{uuid.uuid4().hex[:16]}"
    yield name
    with suppress(PyMongoError), MongoClient[dict[str, Any]](mongo_url, serverSelectionTimeoutMS=5_000) as client:
        client.drop_database(name)
