"""What an agent may not know of is told by no side door: queues by name or by number, and whose an address is."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from ticketwire_contracts.tickets import CreateQueueV1

from .house import SYSTEM, House, house_on
from .test_pages_admin import browser

WORK, PRIVATE = "anna@work.example", "anna@private.example"


@pytest.fixture
async def house(mongo_url: str, database_name: str) -> AsyncIterator[House]:
    """A ticket that went from a queue out of sight into one in sight, and back and forth again."""
    async with house_on(mongo_url, database_name) as house:
        for name in ("support", "layoffs"):
            made = CreateQueueV1(name=name, addresses=[f"{name}@example.org"])
            assert (await house.tickets.call(made, SYSTEM, "c")).problem is None
        root = await house.agent("root", superuser="all")
        assert (await root.post("/people", json={"name": "Anna", "addresses": [WORK, PRIVATE]})).status_code == 201
        number = await house.mail(WORK, "layoffs@example.org")
        for queue in ("support", "layoffs", "support"):
            assert (await root.put(f"/tickets/{number}/queue", json={"queue": queue})).status_code == 200
        await root.aclose()
        yield house


@pytest.fixture
async def kim(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """An agent of one queue, in a browser."""
    rights = dict.fromkeys(("queue_see", "ticket_show", "history_show"), "queue:support")
    async with await browser(house, "kim", **rights) as client:
        yield client


async def test_a_queue_out_of_sight_is_named_nowhere_on_a_ticket_that_came_from_it(
    house: House, kim: httpx.AsyncClient
) -> None:
    opened = (await kim.get("/api/v1/tickets/TW-1")).json()["created_at"]
    moved, was = "einer anderen Warteschlange", "eine Warteschlange, die Sie nicht sehen dürfen"
    for path, told in (("", moved), ("/history", moved), (f"?at={opened}", was)):
        page = await kim.get(f"/tickets/TW-1{path}")
        assert page.status_code == 200
        assert "layoffs" not in page.text, path
        assert told in page.text, path
    rest = [await kim.get(f"/api/v1/tickets/TW-1{path}") for path in ("", "/timeline", "/history", f"?at={opened}")]
    for answer in rest:
        assert answer.status_code == 200
        assert "layoffs" not in answer.text, answer.url
    _, timeline, history, then = (answer.json() for answer in rest)
    moves = [(one["details"]["before"], one["details"]["after"]) for one in timeline["items"] if "moved" in one["type"]]
    assert moves == [(None, "support"), ("support", None), (None, "support")]
    happened = [one for change in history["items"] for one in change["happened"] if one["type"] == "moved"]
    assert [(one["details"]["before"], one["details"]["after"]) for one in happened] == moves
    assert [change["changed"].get("queue") for change in history["items"]] == [
        None,
        {"before": None, "after": "support"},
        {"before": "support", "after": None},
        {"before": None, "after": "support"},
    ]
    assert then["queue"] == ""
    async with await house.log_in("root") as root:
        for path in ("/timeline", "/history", f"?at={opened}"):
            assert "layoffs" in (await root.get(f"/tickets/TW-1{path}")).text, "who sees the queue reads its name"


async def test_whose_an_address_is_is_not_told_by_the_tickets_that_it_finds(
    house: House, kim: httpx.AsyncClient
) -> None:
    async def found(client: httpx.AsyncClient, address: str) -> list[str]:
        answer = await client.get("/api/v1/tickets", params={"requester": address})
        return [one["number"] for one in answer.json()["items"]]

    assert await found(kim, WORK) == ["TW-1"]
    assert await found(kim, PRIVATE) == [], "nothing that Kim sees says that it is Anna's"
    async with await browser(house, "amira", ticket_show="all", queue_see="all", person_admin="all") as amira:
        assert await found(amira, PRIVATE) == ["TW-1"]
    await house.mail(PRIVATE, "support@example.org")
    assert set(await found(kim, PRIVATE)) == {"TW-1", "TW-2"}, "Kim sees both, and that one person asks on both"


async def test_which_queues_there_are_is_not_told_by_the_refusal(kim: httpx.AsyncClient) -> None:
    there, none = [await kim.put(f"/api/v1/queues/{name}/fields", json={"fields": []}) for name in ("layoffs", "nix")]
    assert there.status_code == none.status_code == 403
    assert there.json() == none.json()
