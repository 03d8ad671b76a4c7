"""escalation on a real MongoDB, with each of the two drivers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from services.escalation.handlers import Handlers
from services.escalation.store import Policies, TimerStore
from services.escalation.timers import Timers
from ticketwire_chassis.commits import CommitLog
from ticketwire_chassis.mongo import Database, Doc, open_database

from .cases import Clockface


@dataclass
class House:
    """The service's parts, joined as app.py joins them, with a clock set by hand."""

    db: Database
    log: CommitLog
    store: TimerStore
    policies: Policies
    timers: Timers
    handlers: Handlers
    clock: Clockface

    async def row(self, number: str = "TW-1") -> Doc:
        """A row as it stands in Mongo."""
        found = await self.db["timers"].find_one({"_id": number})
        assert found is not None
        return found


def build(db: Database, clock: Clockface) -> House:
    """A replica."""
    log = CommitLog(db)
    store = TimerStore(db)
    policies = Policies(log)
    timers = Timers(store, policies, lambda: None, clock)
    handlers = Handlers(log, store, policies, timers, lambda: None, first_minutes=60, now=clock)
    return House(db, log, store, policies, timers, handlers, clock)


@pytest.fixture(params=["motor", "pymongo"])
async def house(request: pytest.FixtureRequest, mongo_url: str, database_name: str) -> AsyncIterator[House]:
    """One replica on its own database."""
    db = open_database(mongo_url, database_name, request.param)
    built = build(db, Clockface())
    await built.log.prepare()
    await built.store.prepare()
    yield built
    await db.close()
