"""The gateway's views of queues, lifecycles and persons, whatever the order in which events come, and how often."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator

import pytest

from services.gateway.domain.changes import changes
from services.gateway.handlers import SHOWN
from services.gateway.store import Store
from ticketwire_chassis.mongo import open_database

from .house import House, house_on


@pytest.fixture
async def house(mongo_url: str, database_name: str) -> AsyncIterator[House]:
    async with house_on(mongo_url, database_name) as house:
        yield house


async def test_any_order_and_repetition_of_events_gives_the_same_directory(
    house: House, mongo_url: str, database_name: str
) -> None:
    async with await house.agent("admin", superuser="all") as admin:
        await admin.post("/queues", json={"name": "support", "addresses": ["support@example.org"]})
        for title in ("One", "Two", "Three"):
            await admin.put("/queues/support", json={"title": title, "supervisors": ["person:admin"]})
        await admin.post("/queues/support/disable")
        await admin.put("/lifecycles/default", json={"title": "Usual"})
        await admin.post("/people", json={"login": "mara", "agent": True})
        await admin.put("/people/mara", json={"name": "Mara"})
        await admin.post("/people/mara/disable")
        await admin.post("/people", json={"login": "gone", "agent": True})
        await admin.put("/people/gone", json={"agent": False})
        for address in ("a@example.net", "b@example.net"):
            await house.mail(address, "support@example.org")
        people = (await admin.get("/people", params={"q": "@example.net"})).json()["items"]
        one, two = (person["id"].removeprefix("person/") for person in people)
        assert (await admin.post(f"/people/{one}/join", json={"into": two})).status_code == 200
    truth = await house.store.access.directory()
    assert truth.queues["support"].title == "Three"
    assert truth.queues["support"].disabled
    assert {agent.login: agent.disabled for agent in truth.agents.values()} == {"admin": False, "mara": True}
    events = [event for event in await house.tickets.said() if isinstance(event, SHOWN)]
    for seed in range(4):
        chance = random.Random(seed)
        database = open_database(mongo_url, f"{database_name}_{seed}")
        store = Store(database)
        shuffled = [*events, *chance.sample(events, len(events) // 2)]
        chance.shuffle(shuffled)
        while shuffled:
            size = chance.randint(1, 9)
            await store.apply(changes(shuffled[:size]))
            del shuffled[:size]
            await store.access.directory()
        assert await store.access.directory() == truth
        assert await store.access.persons([f"person/{one}", f"person/{two}"]) == await house.store.access.persons(
            [f"person/{one}", f"person/{two}"]
        )
        await database.drop()
        await database.close()
