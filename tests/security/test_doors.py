"""Small ways out and in: what a search gives away, what a browser keeps, what runs on after signing out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio

from services.gateway.pages.forms import Chosen, Form
from services.gateway.views import live
from tests.gateway.house import SYSTEM, House, house_on
from ticketwire_contracts.tickets import CreatePersonV1


@pytest_asyncio.fixture
async def house(mongo_url: str, database_name: str) -> AsyncIterator[House]:
    """The gateway's API over tickets."""
    async with house_on(mongo_url, database_name) as built:
        yield built


async def test_nobody_is_found_by_an_address_that_is_not_shown(house: House) -> None:
    private = CreatePersonV1(login="mara", name="Mara", addresses=["mara.private@example.org"], agent=True)
    await house.tickets.call(private, SYSTEM, "c")
    plain, admin = await house.agent("plain"), await house.agent("boss", person_admin="all")
    found = {name: (await who.get("/people?q=private")).json()["items"] for name, who in (("p", plain), ("a", admin))}
    assert found["p"] == []
    assert [row["login"] for row in found["a"]] == ["mara"]
    assert [row["login"] for row in (await plain.get("/people?q=mar")).json()["items"]] == ["mara"]


async def test_nobody_learns_whose_an_address_is(house: House) -> None:
    await house.mail("anna@example.net", "unknown@example.org")
    private = CreatePersonV1(login="mara", name="Mara", addresses=["mara.private@example.org"], agent=True)
    await house.tickets.call(private, SYSTEM, "c")
    plain, admin = await house.agent("plain"), await house.agent("boss", person_admin="all", person_erase="all")
    known, unknown = ("mara.private@example.org", "anna@example.net"), "nobody@example.net"
    for method, what in (("GET", ""), ("POST", "/disable"), ("GET", "/data")):
        body: dict[str, str] | None = {} if method == "POST" else None
        told = {
            (await plain.request(method, f"/people/{who}{what}", json=body)).status_code for who in (*known, unknown)
        }
        assert len(told) == 1, f"{method} {what}: {told}"
    assert [(await admin.get(f"/people/{who}")).status_code for who in known] == [200, 200]
    assert (await plain.get("/people/mara")).json()["addresses"] == []


async def test_no_browser_keeps_what_it_was_shown(house: House) -> None:
    agent = await house.agent("mara", queue_see="all", ticket_show="all")
    number = await house.mail("anna@example.net", "unknown@example.org")
    for path in (f"/tickets/{number}", f"/tickets/{number}/timeline", "/tickets", "/people", "/tickets/TW-99"):
        assert (await agent.get(path)).headers["cache-control"] == "private, no-store", path


async def test_a_stream_tells_nothing_more_to_who_has_signed_out(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "LOOK_SECONDS", 0.05)
    agent = await house.agent("mara", queue_see="all", ticket_show="all")
    token = agent.headers["Authorization"].removeprefix("Bearer ")
    asker = await house.views.entrance.asker(token, now=datetime.now(UTC))
    assert asker is not None
    stream = house.views.live.follow(asker)
    try:
        assert await anext(stream) is None
        await house.mail("anna@example.net", "unknown@example.org")
        told = await anext(change async for change in stream if change is not None and change.name == "ticket")
        assert told.data["ticket"]
        assert (await agent.delete("/sessions")).status_code == 204
        await asyncio.sleep(0.1)
        await house.mail("bob@example.net", "unknown@example.org")
        assert [change async for change in stream if change is not None and change.name == "ticket"] == []
    finally:
        house.stopping.set()
        await stream.aclose()  # type: ignore[attr-defined]
        if house.views.live._task is not None:
            await house.views.live._task


def test_two_forms_without_a_command_are_two_commands() -> None:
    assert Form({}).command != Form({}).command


def test_a_form_sent_again_is_the_same_command_and_another_wish_another() -> None:
    sent = Form(
        {"command": ["x"], "text": ["Dear Anna,\r\nyes."], "also": [""], "version": ["3"]}, path="/tickets/TW-1/reply"
    )
    shown_again = Form({"command": ["x"], "text": ["Dear Anna,\nyes. "], "version": ["4"]}, path=sent.path)
    with_file = Form(sent.fields, [Chosen("plan.txt", "text/plain", b"abc")], path=sent.path)
    assert shown_again.command == with_file.command == sent.command, (
        "after an answer that was lost, it must not be done twice"
    )
    others = [
        Form({**sent.fields, "text": ["Dear Anna,\nno."]}, path=sent.path),
        Form({**sent.fields, "then_status": ["resolved"]}, path=sent.path),
        Form({**sent.fields, "command": ["y"]}, path=sent.path),
        Form(sent.fields, path="/tickets/TW-2/reply"),
    ]
    assert len({one.command for one in (sent, *others)}) == 5
