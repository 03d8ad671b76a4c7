"""History and past states on pages, over the gateway's real stores and tickets' real log: who may see what."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from services.gateway.pages import pages

from .house import House, house_on
from .test_pages_past import read, versions


@pytest.fixture
async def house(mongo_url: str, database_name: str) -> AsyncIterator[House]:
    async with house_on(mongo_url, database_name) as house:
        yield house


def browser_of(house: House, client: httpx.AsyncClient) -> httpx.AsyncClient:
    """Pages for someone who has a session."""
    token = client.headers["Authorization"].removeprefix("Bearer ")
    transport = httpx.ASGITransport(Starlette(routes=pages(house.views)))
    return httpx.AsyncClient(transport=transport, base_url="http://test", cookies={"ticketwire_session": token})


async def now(house: House, number: str) -> str:
    """The time of the newest change in the log."""
    [newest] = await house.tickets.db["commits"].find({"_id.stream": f"ticket/{number}"}, sort=[("_id", -1)], limit=1)
    return str(newest["at"].astimezone(UTC).isoformat().replace("+00:00", "Z"))


async def test_a_story_is_told_and_shown_step_by_step(house: House) -> None:
    root = await house.agent("root", superuser="all")
    await root.post("/queues", json={"name": "support", "addresses": ["support@example.org"]})
    await house.agent("olga", ticket_own="queue:support")
    number = await house.mail("anna@example.net", "support@example.org", subject="Juicer", text="It stops.")
    steps: list[tuple[str, str]] = [(await now(house, number), "It stops.")]
    asked: list[tuple[str, str, dict[str, Any], str]] = [
        ("PUT", "priority", {"priority": 90}, "very high"),
        ("PUT", "owner", {"owner": "olga"}, "Olga"),
        ("POST", "notes", {"text": "Third one this week."}, "Third one this week."),
        ("POST", "replies", {"text": "Leave it off."}, "Leave it off."),
        ("PATCH", "tags", {"add": ["juicer"]}, "juicer"),
        ("PUT", "subject", {"subject": "Juicer 3000"}, "Juicer 3000"),
        ("PUT", "status", {"status": "pending", "until": "2099-01-01T09:00:00Z"}, "1 Jan 2099"),
    ]
    for method, what, body, says in asked:
        answer = await root.request(method, f"/tickets/{number}/{what}", json=body)
        assert answer.status_code < 300, answer.text
        steps.append((await now(house, number), says))
    async with browser_of(house, root) as browser:
        html = (await browser.get(f"/tickets/{number}/history")).text
        assert versions(html) == list(range(1, len(steps) + 1))
        for _, says in steps:
            assert says in read(html)
        for n, (at, _) in enumerate(steps):
            then = await browser.get(f"/tickets/{number}", params={"at": at})
            assert then.status_code == 200
            main = read(then.text[then.text.index("<main") :])
            for m, (_, says) in enumerate(steps):
                assert (says in main) == (m <= n), (n, says)


async def test_who_may_not_see_notes_sees_none_in_the_history_nor_in_the_past(house: House) -> None:
    root = await house.agent("root", superuser="all")
    await root.post("/queues", json={"name": "support", "addresses": ["support@example.org"]})
    number = await house.mail("anna@example.net", "support@example.org", text="It stops.")
    await root.post(f"/tickets/{number}/notes", json={"text": "psst"})
    await root.put(f"/tickets/{number}/priority", json={"priority": 90})
    at = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    shown = {"ticket_show": "queue:support", "history_show": "queue:support"}
    for name, rights, notes in (("with", {**shown, "note_show": "queue:support"}, True), ("without", shown, False)):
        async with browser_of(house, await house.agent(name, **rights)) as browser:
            html = (await browser.get(f"/tickets/{number}/history")).text
            assert ("psst" in html, versions(html)) == (notes, [1, 2, 3] if notes else [1, 3])
            then = (await browser.get(f"/tickets/{number}", params={"at": at})).text
            assert ("psst" in then, "It stops." in then) == (notes, True)
    async with browser_of(house, await house.agent("plain", ticket_show="queue:support")) as browser:
        assert (await browser.get(f"/tickets/{number}/history")).status_code == 403
        assert (await browser.get(f"/tickets/{number}", params={"at": at})).status_code == 200
    async with browser_of(house, await house.agent("none")) as browser:
        for path in (f"/tickets/{number}/history", f"/tickets/{number}?at={at}", f"/tickets/{number}?at=2020-01-01"):
            assert (await browser.get(path)).status_code == 404, path


async def test_what_was_merged_later_is_not_there_before(house: House) -> None:
    root = await house.agent("root", superuser="all")
    await root.post("/queues", json={"name": "support", "addresses": ["support@example.org"]})
    number = await house.mail("anna@example.net", "support@example.org", text="It stops.")
    other = await house.mail("bob@example.net", "support@example.org", text="Mine too.")
    await root.put(f"/tickets/{number}/priority", json={"priority": 90})
    before = await now(house, number)
    await root.post(f"/tickets/{other}/merge", json={"into": number})
    merged = await now(house, number)
    await root.post(f"/tickets/{other}/unmerge", json={"since": "stay"})
    async with browser_of(house, root) as browser:
        early = (await browser.get(f"/tickets/{number}", params={"at": before})).text
        assert "Mine too." not in early
        assert "1 ticket was merged into this one" not in early
        assert (
            "1 ticket was merged into this one" in (await browser.get(f"/tickets/{number}", params={"at": merged})).text
        )
        absorbed = (await browser.get(f"/tickets/{other}", params={"at": merged})).text
        assert "It was merged into" in absorbed
        assert "Mine too." in absorbed
