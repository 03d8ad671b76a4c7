"""Times at the ends of the calendar: refused where they are named, shown where they are kept already."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest
import pytest_asyncio
from starlette.applications import Starlette

from services.gateway.pages import pages

from .house import House, house_on
from .pages_world import World, ticket

LAST_DAY = datetime(9999, 12, 31, 23, 30, tzinfo=UTC)
FIRST_DAY = datetime(1, 1, 1, 0, 30, tzinfo=UTC)
FAR = ["9999-12-31", "9999-12-31T23:59:59-12:00", "0001-01-01", "0001-01-01T00:00:00+12:00", "1969-12-31T23:59:59Z"]


@pytest_asyncio.fixture
async def house(mongo_url: str, database_name: str) -> AsyncIterator[House]:
    """The gateway's API over tickets."""
    async with house_on(mongo_url, database_name) as built:
        yield built


@pytest.fixture
def world() -> World:
    late = ticket("TW-1", "late", due=LAST_DAY, next_due=LAST_DAY, wake_at=LAST_DAY, category="waiting")
    return World([late, ticket("TW-2", "early", due=FIRST_DAY, wake_at=FIRST_DAY)])


@pytest_asyncio.fixture
async def browser(world: World) -> AsyncIterator[httpx.AsyncClient]:
    """Mara's."""
    transport = httpx.ASGITransport(Starlette(routes=pages(world.views)))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        client.cookies.set("ticketwire_session", "mara's", domain="test.local")
        yield client


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York", "UTC"])
@pytest.mark.parametrize("path", ["/tickets/TW-1", "/tickets/TW-2", "/queues/support", "/", "/tickets/TW-1/split"])
async def test_a_ticket_with_such_a_time_is_shown(browser: httpx.AsyncClient, zone: str, path: str) -> None:
    browser.cookies.set("zone", zone, domain="test.local")
    assert (await browser.get(path)).status_code == 200


@pytest.mark.parametrize("far", FAR)
@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York"])
async def test_pages_refuse_such_a_time(browser: httpx.AsyncClient, world: World, far: str, zone: str) -> None:
    browser.cookies.set("zone", zone, domain="test.local")
    refused = await browser.post("/tickets/TW-1/due", data={"command": "c", "due": far})
    assert refused.status_code == 422
    assert "Choose a year from 1970 to 8999." in refused.text
    for name in ("since", "until"):
        looked = await browser.get("/tickets/TW-1/history", params={name: far})
        assert looked.status_code == 422
    shown = await browser.get("/tickets/TW-1", params={"at": far})
    assert shown.status_code == (422 if far.startswith("9") else 404), "to come, or before it was there"
    assert world.done == []


@pytest.mark.parametrize("far", [time if "T" in time else f"{time}T00:00:00Z" for time in FAR])
async def test_rest_refuses_such_a_time(house: House, far: str) -> None:
    agent = await house.agent("mara", superuser="all")
    number = await house.mail("anna@example.net", "support@example.org")
    asked = [
        await agent.put(f"/tickets/{number}/due", json={"due": far}),
        await agent.put(f"/tickets/{number}/status", json={"status": "pending", "until": far}),
        await agent.get(f"/tickets/{number}", params={"at": far}),
        await agent.get(f"/tickets/{number}/history", params={"since": far}),
        await agent.get(f"/tickets/{number}/history", params={"until": far}),
    ]
    assert [answer.status_code for answer in asked] == [422] * 5
    assert (await agent.put(f"/tickets/{number}/due", json={"due": "8999-12-31T23:59:59Z"})).status_code == 200
