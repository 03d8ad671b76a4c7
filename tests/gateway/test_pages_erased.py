"""Pages of tickets whose people were erased: they are shown, and go on being worked on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from services.gateway.pages.rendering import exactly
from ticketwire_contracts.ingest import Address
from ticketwire_contracts.tickets import AddNoteV1, ChangePeopleV1, ErasePersonV1, ReplyToTicketV1, SetOwnerV1

from .house import SYSTEM, House, house_on
from .test_pages_admin import asker, browser


@pytest.fixture
async def house(mongo_url: str, database_name: str) -> AsyncIterator[House]:
    """The real stores, with tickets' real decisions behind them."""
    async with house_on(mongo_url, database_name) as house:
        yield house


@pytest.fixture
async def admin(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """An administrator's browser."""
    async with await browser(house, "admin", superuser="all") as client:
        yield client


async def asked(house: House, command: Any, who: Any = SYSTEM) -> None:
    """Done, and heard."""
    answer = await house.tickets.call(command, who, "c")
    assert answer.problem is None, answer.problem
    await house.hear()


async def test_a_ticket_of_erased_people_is_shown_and_worked_on(house: House, admin: httpx.AsyncClient) -> None:
    await (await house.agent("jo", superuser="all")).aclose()
    jo = (await asker(house, "jo")).actor
    cc = [Address(address="ole@example.net", name="Ole Ost")]
    number = await house.mail("eva@example.net", "support@example.org", subject="Drucker", text="Evas Worte", cc=cc)
    other = await house.mail("ida@example.net", "support@example.org", subject="Anderes")
    await asked(house, SetOwnerV1(ticket=number, owner="jo"), jo)
    await asked(house, AddNoteV1(ticket=number, text="Jos Notiz"), jo)
    await asked(house, ReplyToTicketV1(ticket=number, text="Jos Antwort"), jo)
    await asked(house, ChangePeopleV1(ticket=number, role="watchers", add=["jo"]), jo)
    await asked(house, ChangePeopleV1(ticket=number, role="admin_cc", add=["jo"]), jo)
    for who in ("eva@example.net", "ole@example.net", "jo"):
        person = await house.views.administration.person(await asker(house, "admin"), who)
        await asked(house, ErasePersonV1(person=person.id))

    for path in (
        "/", "/queues/unsorted", "/queues/unsorted?status=all", "/tickets?owner=none", f"/tickets/{number}",
        f"/tickets/{number}/history", f"/tickets/{number}/merge", f"/merge?ticket={number}&into={other}",
        f"/merge?ticket={other}&into={number}", f"/tickets/{number}/split", f"/tickets/{number}/tree", "/admin/people",
        f"/tickets/{number}?at={exactly(datetime.now(UTC))}", "/admin/rights", "/admin/groups",
        "/admin/queues/unsorted",
    ):  # fmt: skip
        page = await admin.get(path)
        assert page.status_code == 200, path
        for gone in ("Eva", "eva@", "Ole", "ole@", "Jos", ">jo<", ">Jo<", "[erased]"):
            assert gone not in page.text, (path, gone)
    ticket = await admin.get(f"/tickets/{number}")
    assert "[gelöscht]" in ticket.text, "in the reader's language"
    found = (await admin.get(f"/api/v1/tickets/{number}")).json()
    for role, people in (("requesters", found["requesters"]), ("cc", found["cc"]), ("watchers", found["watchers"])):
        form = {"command": f"off-{role}", "role": role, "remove": [one["id"] for one in people]}
        answer = await admin.post(f"/tickets/{number}/people", data=form)
        assert answer.status_code == 303, (role, answer.text)
    now = (await admin.get(f"/api/v1/tickets/{number}")).json()
    assert [now["requesters"], now["cc"], now["watchers"]] == [[], [], []]
