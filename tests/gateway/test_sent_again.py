"""What is sent again is done once; what is another wish under the same id or key is done as well."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from ticketwire_chassis.commands import ServiceUnavailable
from ticketwire_contracts.tickets import CreateQueueV1

from .house import SYSTEM, House, house_on
from .test_pages_admin import browser, form_in

ANNA = "anna@example.net"
KEY = {"Idempotency-Key": "job-1"}


@pytest.fixture
async def house(mongo_url: str, database_name: str) -> AsyncIterator[House]:
    """Two tickets in a queue."""
    async with house_on(mongo_url, database_name) as house:
        made = CreateQueueV1(name="support", addresses=["support@example.org"])
        assert (await house.tickets.call(made, SYSTEM, "c")).problem is None
        for sender in (ANNA, "bob@example.net"):
            await house.mail(sender, "support@example.org")
        yield house


@pytest.fixture
async def root(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with await browser(house, "root", superuser="all") as client:
        yield client


async def said(client: httpx.AsyncClient, number: str) -> list[str]:
    """What agents wrote on a ticket."""
    items = (await client.get(f"/api/v1/tickets/{number}/timeline")).json()["items"]
    return [one["text"] for one in items if one["type"] in ("ticket.noted", "ticket.replied")]


async def test_a_key_reused_after_its_answer_went_does_what_it_comes_with(
    house: House, root: httpx.AsyncClient
) -> None:
    first = await root.post("/api/v1/tickets/TW-1/notes", json={"text": "One."}, headers=KEY)
    assert first.status_code == 201
    at_once = await root.post("/api/v1/tickets/TW-2/notes", json={"text": "Two."}, headers=KEY)
    assert at_once.status_code == 422
    await house.gateway["answers"].delete_many({})  # as a day later
    later = await root.post("/api/v1/tickets/TW-2/notes", json={"text": "Two."}, headers=KEY)
    assert (later.status_code, later.json()["ticket"]) == (201, "TW-2")
    await house.gateway["answers"].delete_many({})
    group = await root.post("/api/v1/groups", json={"name": "field"}, headers=KEY)
    assert (group.status_code, group.json()["name"]) == (201, "field")
    assert (await said(root, "TW-1"), await said(root, "TW-2")) == (["One."], ["Two."])


async def test_the_same_request_is_done_once_even_after_its_answer_went(house: House, root: httpx.AsyncClient) -> None:
    for _ in range(2):
        answer = await root.post("/api/v1/tickets/TW-1/notes", json={"text": "One."}, headers=KEY)
        assert answer.status_code == 201
        await house.gateway["answers"].delete_many({})
    assert await said(root, "TW-1") == ["One."]


async def test_a_form_sent_twice_is_done_once_and_with_another_text_or_ticket_again(root: httpx.AsyncClient) -> None:
    sent = [("TW-1", "One."), ("TW-1", "One."), ("TW-1", "Another."), ("TW-2", "One.")]
    for number, text in sent:
        answer = await root.post(f"/tickets/{number}/note", data={"command": "same", "text": text})
        assert answer.status_code == 303
    assert (await said(root, "TW-1"), await said(root, "TW-2")) == (["One.", "Another."], ["One."])


async def test_a_choice_taken_back_and_made_anew_holds(root: httpx.AsyncClient) -> None:
    for priority in ("10", "90"):
        await root.post("/tickets/TW-1/priority", data={"command": "same", "priority": priority})
    assert (await root.get("/api/v1/tickets/TW-1")).json()["priority"] == 90


async def test_what_is_shown_again_when_an_answer_was_lost_is_done_once(house: House, root: httpx.AsyncClient) -> None:
    """The page that asks to send again sends the same, though the ticket is no longer as it was."""
    form = form_in(reply_form((await root.get("/tickets/TW-1")).text))
    form |= {"text": " Dear Anna,\r\nit is on its way. ", "also": "ole@example.net", "then_status": "resolved"}
    ask = house.tickets.call

    async def lost(*asked: Any, **more: Any) -> Any:
        await ask(*asked, **more)
        raise ServiceUnavailable("lost")

    house.tickets.call = lost  # type: ignore[method-assign]
    page = await root.post("/tickets/TW-1/reply", data=form)
    assert page.status_code == 503
    house.tickets.call = ask  # type: ignore[method-assign]
    await house.hear()
    again = await root.post("/tickets/TW-1/reply", data=form_in(reply_form(page.text)))
    assert again.status_code == 303
    assert await said(root, "TW-1") == ["Dear Anna,\nit is on its way."]
    assert (await root.get("/api/v1/tickets/TW-1")).json()["status"] == "resolved"


def reply_form(html: str) -> str:
    """The form for a reply, as the only one of a page."""
    start = html.index('<form class="as-reply"')
    return "<main>" + html[start : html.index("</form>", start) + len("</form>")]
