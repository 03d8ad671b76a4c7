"""Links, merged and split tickets over REST, on real MongoDB: tickets decides, the gateway shows, by rights of each."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from services.gateway.api import front
from services.gateway.domain.changes import changes
from services.gateway.handlers import SHOWN, Handlers
from services.gateway.store import Argon2, Store
from services.gateway.views import views_over
from services.gateway.views.needs import SessionRow
from tests.tickets.replica import Replica
from tests.tickets.world import World
from ticketwire_chassis.mongo import Database, open_database
from ticketwire_contracts.base import Actor, Answer, Command
from ticketwire_contracts.ingest import Attachment
from ticketwire_contracts.tickets import GiveRightV1, TakeRightV1


class House:
    """tickets and the gateway, joined without a broker."""

    def __init__(self, tickets: Replica, db: Database) -> None:
        self.tickets = tickets
        self.views = db
        self.store = Store(db)
        self.handlers = Handlers(self.store)
        views = views_over(
            tickets=self.store.tickets,
            access=self.store.access,
            uploads=self.store.uploads,
            blobs=self,  # type: ignore[arg-type]
            commands=self,
            apply=self.handlers.apply_answer,
            hasher=Argon2(),
            stopping=asyncio.Event(),
            clock=lambda: datetime.now(UTC),
        )
        self.app = front(views, self.store.answers)

    async def call(self, command: Command, actor: Actor, correlation: str, order_id: str | None = None) -> Answer:
        """As the command client does."""
        return await self.tickets.ask(command, actor, order_id)

    async def get(self, name: str) -> bytes | None:
        """The octets of a blob."""
        return f"octets of {name}".encode()

    async def hear(self, seed: int = 0) -> None:
        """All that tickets has said so far, in any order and twice."""
        said = [event for event in await self.tickets.said() if isinstance(event, SHOWN)]
        shuffled = said + said[::2]
        random.Random(seed).shuffle(shuffled)
        for start in range(0, len(shuffled), 20):
            await self.handlers.on_events(shuffled[start : start + 20])

    async def client(self, actor: Actor) -> httpx.AsyncClient:
        """Someone who is signed in."""
        await self.hear()
        token = f"token of {actor.id}"
        until = datetime.now(UTC) + timedelta(hours=1)
        await self.store.access.keep_session(SessionRow(sha256(token.encode()).hexdigest(), actor.id, until))
        signed = {"Authorization": f"Bearer {token}"}
        transport = httpx.ASGITransport(self.app)
        return httpx.AsyncClient(transport=transport, base_url="http://test/api/v1", headers=signed)


@pytest.fixture(params=["motor", "pymongo"])
async def house(request: pytest.FixtureRequest, mongo_url: str, database_name: str) -> AsyncIterator[House]:
    databases = [open_database(mongo_url, f"{database_name}{part}", request.param) for part in ("", "_g")]
    tickets = Replica(databases[0])
    await tickets.begin("support", "billing")
    joined = House(tickets, databases[1])
    await joined.store.prepare()
    yield joined
    for database in databases:
        await database.drop()
        await database.close()


AGENT = (
    "queue.see", "ticket.show", "ticket.create", "ticket.edit", "ticket.close", "ticket.link", "ticket.merge",
    "ticket.split", "ticket.reply", "note.show", "note.add",
)  # fmt: skip


async def timeline(client: httpx.AsyncClient, number: str, limit: int = 100) -> list[dict[str, Any]]:
    """The whole timeline, by pages."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        params = {"limit": str(limit)} | ({"cursor": cursor} if cursor else {})
        page = (await client.get(f"/tickets/{number}/timeline", params=params)).json()
        found += page["items"]
        cursor = page["next"]
        if cursor is None:
            return found


def texts(entries: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(entry["ticket"], entry["text"]) for entry in entries if entry["text"]]


async def test_the_timeline_of_the_target_shows_the_absorbed_to_who_may_see_it_there(house: House) -> None:
    mara = await house.tickets.agent("mara", "superuser")
    shows = await house.tickets.agent("sam", *AGENT, scope="queue:support")
    billing_without_notes = await house.tickets.agent("bea", *AGENT, scope="queue:support")
    for right in ("queue.see", "ticket.show"):
        await house.tickets.must(GiveRightV1(right=right, grantee="person:bea", scope="queue:billing"))
    one = await house.tickets.open(mara, "bob@example.net", "billing")
    two = await house.tickets.open(mara, "carl@example.net", "support")
    async with await house.client(mara) as client:
        assert (await client.post(f"/tickets/{one}/notes", json={"text": "secret of billing"})).status_code == 201
        assert (await client.post(f"/tickets/{two}/notes", json={"text": "note of support"})).status_code == 201
        merged = await client.post(f"/tickets/{one}/merge", json={"into": two})
        assert (merged.status_code, merged.json()["number"], merged.json()["absorbed"]) == (200, two, [one])
        assert (await client.post(f"/tickets/{one}/notes", json={"text": "since then"})).json()["ticket"] == two
        expected = [
            (one, "It does not work."), (two, "It does not work."), (one, "secret of billing"),
            (two, "note of support"), (two, "since then"),
        ]  # fmt: skip
        assert texts(await timeline(client, two)) == expected
        assert texts(await timeline(client, two, limit=2)) == expected, "pages neither repeat nor skip"
    async with await house.client(billing_without_notes) as client:
        assert texts(await timeline(client, two)) == [one for one in expected if one[1] != "secret of billing"]
    async with await house.client(shows) as client:
        entries = await timeline(client, two)
        assert texts(entries) == [one for one in expected if one[0] == two]
        assert one not in str(entries) + str((await client.get(f"/tickets/{two}")).json()), "not even its number"
        assert (await client.get(f"/tickets/{one}")).status_code == 404
    async with await house.client(mara) as client:
        answer = (await client.get(f"/tickets/{one}")).json()
        assert (answer["status"], answer["merged_into"]) == ("merged", two)
        unmerged = await client.post(f"/tickets/{one}/unmerge", json={"since": "return"})
        assert (unmerged.json()["number"], unmerged.json()["status"]) == (one, "new")
        assert texts(await timeline(client, two)) == [(two, "It does not work."), (two, "note of support")]
        assert texts(await timeline(client, one))[-1] == (one, "since then")
        moved = [entry for entry in await timeline(client, two) if entry["moved"]]
        assert [(entry["moved_to"], entry["text"]) for entry in moved] == [(one, "")]
    await house.tickets.sound()


async def test_who_watches_by_a_merged_ticket_is_shown_to_who_sees_that_ticket(house: House) -> None:
    mara = await house.tickets.agent("mara", "superuser")
    sam = await house.tickets.agent("sam", *AGENT, "ticket.watch", scope="queue:support")
    bea = await house.tickets.agent("bea", *AGENT, "ticket.watch", scope="queue:support")
    for right in ("ticket.show", "ticket.watch"):
        await house.tickets.must(GiveRightV1(right=right, grantee="person:bea", scope="queue:billing"))
    hidden = await house.tickets.open(mara, "bob@example.net", "billing")
    shown = await house.tickets.open(mara, "carl@example.net", "support")
    async with await house.client(mara) as client:
        for number, who, minutes in ((hidden, "bea", 30), (shown, "sam", 10)):
            assert (await client.patch(f"/tickets/{number}/watchers", json={"add": [who]})).is_success
            assert (await client.post(f"/tickets/{number}/time", json={"minutes": minutes})).is_success
        assert (await client.post(f"/tickets/{hidden}/merge", json={"into": shown})).is_success
        assert await watching(client, shown) == [("sam", []), ("bea", [hidden])]
        assert (await client.get(f"/tickets/{shown}")).json()["time_worked"] == 40
    async with await house.client(sam) as client:
        assert await watching(client, shown) == [("sam", [])], "who watches what sam does not see"
        listed = (await client.get("/tickets", params={"queue": "support"})).json()["items"]
        assert [[one["login"] for one in ticket["watchers"]] for ticket in listed] == [["sam"]]
    async with await house.client(bea) as client:
        assert await watching(client, shown) == [("sam", []), ("bea", [hidden])]
        await house.tickets.must(TakeRightV1(right="ticket.show", grantee="person:bea", scope="queue:billing"))
        await house.hear()
        assert await watching(client, shown) == [("sam", []), ("bea", [])], "everyone sees that they watch"
    async with await house.client(sam) as client:
        assert (await client.patch(f"/tickets/{shown}/watchers", json={"add": ["bea"]})).is_success
        assert await watching(client, shown) == [("sam", []), ("bea", [])], "bea watches this one now too"
    async with await house.client(mara) as client:
        assert (await client.post(f"/tickets/{hidden}/unmerge", json={})).is_success
        assert await watching(client, shown) == [("sam", []), ("bea", [])]
        assert await watching(client, hidden) == [("bea", [])]
        assert (await client.get(f"/tickets/{shown}")).json()["time_worked"] == 10
    await house.tickets.sound()


async def watching(client: httpx.AsyncClient, number: str) -> list[tuple[str, list[str]]]:
    """Who watches, and by which merged tickets alone."""
    ticket = (await client.get(f"/tickets/{number}")).json()
    return [(one["login"], one["by"]) for one in ticket["watchers"]]


async def test_links_and_their_tree_are_shown_with_hidden_ones_counted(house: House) -> None:
    mara = await house.tickets.agent("mara", "superuser")
    sam = await house.tickets.agent("sam", *AGENT, scope="queue:support")
    one, two, four = [await house.tickets.open(mara) for _ in range(3)]
    hidden = await house.tickets.open(mara, queue="billing")
    async with await house.client(mara) as client:
        for here, there in ((one, two), (one, hidden), (two, four), (hidden, four)):
            made = await client.post(f"/tickets/{here}/links", json={"type": "depends_on", "target": there})
            assert made.status_code == 201
        place = "https://vendor.example/case?a=b"
        assert (await client.post(f"/tickets/{one}/links", json={"type": "refers_to", "target": place})).is_success
        tree = (await client.get(f"/tickets/{one}/links/tree")).json()
        assert [(node["number"], node["hidden"]) for node in tree["depends_on"]] == [(two, 0), (hidden, 0)]
        assert [node["depends_on"][0]["number"] for node in tree["depends_on"]] == [four, four]
        round_about = await client.post(f"/tickets/{four}/links", json={"type": "depends_on", "target": one})
        assert (round_about.status_code, round_about.json()["type"].rpartition("/")[2]) == (409, "circular-link")
    async with await house.client(sam) as client:
        shown = (await client.get(f"/tickets/{one}")).json()
        assert [link["target"] for link in shown["links"]] == [two, place]
        assert shown["hidden_links"] == 1
        listed = (await client.get("/tickets", params={"queue": "support"})).json()["items"]
        assert hidden not in str(listed) + str(await timeline(client, one))
        links = (await client.get(f"/tickets/{one}/links")).json()
        assert [(link["ticket"], link["status"]) for link in links["items"]] == [(two, "new"), (None, "")]
        assert links["hidden"] == 1
        tree = (await client.get(f"/tickets/{one}/links/tree")).json()
        assert (tree["hidden"], [node["number"] for node in tree["depends_on"]]) == (1, [two])
        refused = await client.put(f"/tickets/{one}/status", json={"status": "resolved"})
        assert refused.status_code == 409
        assert (refused.json()["dependencies"], refused.json()["hidden"]) == ([two], 1)
        gone = await client.delete(f"/tickets/{one}/links/refers_to/{quote(place, safe='')}")
        assert gone.status_code == 200
        assert [link["target"] for link in gone.json()["links"]] == [two]
        assert (await client.delete(f"/tickets/{one}/links/depends_on/{hidden}")).status_code == 404


async def test_split_messages_are_marks_here_and_whole_there_and_their_files_go_with_them(house: House) -> None:
    mara = await house.tickets.agent("mara", "superuser")
    sam = await house.tickets.agent("sam", *AGENT, scope="queue:support")
    world = World()
    file = Attachment(filename="plan.pdf", content_type="application/pdf", size=3, sha256="ab" * 32)
    await house.tickets.handlers.on_mail_received(
        [world.make_mail("support@example.org", "bob@example.net", text="first", subject="Two things")]
    )
    await house.tickets.handlers.on_mail_received(
        [
            world.make_mail(
                "support@example.org", "bob@example.net", text="second", subject="[TW-1] and this",
                attachments=[file],
            )
        ]
    )  # fmt: skip
    async with await house.client(mara) as client:
        asked = {"messages": ["TW-1.2"], "subject": "The second thing", "queue": "billing"}
        made = await client.post("/tickets/TW-1/split", json=asked)
        assert made.status_code == 201
        part = made.json()
        assert (part["queue"], part["subject"], part["opened_by"]) == ("billing", "The second thing", "split")
        number = part["number"]
        entry = next(one for one in await timeline(client, number) if one["type"] == "ticket.adopted")
        assert (entry["text"], entry["message"]["author"]["address"]) == ("second", "bob@example.net")
        assert entry["message"]["origin"] == "TW-1.2"
        assert (await client.get(f"/tickets/{number}/attachments/{'ab' * 32}")).status_code == 200
        assert (await client.get(f"/tickets/TW-1/attachments/{'ab' * 32}")).status_code == 404
    async with await house.client(sam) as client:
        entries = await timeline(client, "TW-1")
        assert texts(entries) == [("TW-1", "first")]
        assert [entry["moved_to"] for entry in entries if entry["moved"]] == [None], "where to is not theirs to know"
        assert number not in str(entries) + str((await client.get("/tickets/TW-1")).json())
    async with await house.client(mara) as client:
        undone = await client.post(f"/tickets/{number}/unsplit")
        assert (undone.status_code, undone.json()["number"], undone.json()["moved"]) == (200, "TW-1", {})
        assert texts(await timeline(client, "TW-1")) == [("TW-1", "first"), ("TW-1", "second")]
        assert (await client.get(f"/tickets/{number}")).json()["merged_into"] == "TW-1"
        assert (await client.post("/tickets/TW-1/split", json={"messages": ["TW-1.2"], "copy": True})).is_success
        assert ("TW-1", "second") in texts(await timeline(client, "TW-1"))


async def test_the_views_are_the_truth_after_any_order_and_repetition(house: House) -> None:
    mara = await house.tickets.agent("mara", "superuser")
    numbers = [await house.tickets.open(mara) for _ in range(3)]
    async with await house.client(mara) as client:
        await client.post(f"/tickets/{numbers[0]}/links", json={"type": "depends_on", "target": numbers[2]})
        await client.post(f"/tickets/{numbers[0]}/merge", json={"into": numbers[1]})
        await client.post(f"/tickets/{numbers[1]}/split", json={"messages": [f"{numbers[1]}.1"]})
        await client.post(f"/tickets/{numbers[0]}/unmerge", json={})
        before = [(await client.get(f"/tickets/{number}")).json() for number in numbers]
        talk = [await timeline(client, number) for number in numbers]
        for seed in range(5):
            for view in ("tickets", "timeline"):
                await house.views[view].delete_many({})
            await house.hear(seed)
            assert [(await client.get(f"/tickets/{number}")).json() for number in numbers] == before
            assert [await timeline(client, number) for number in numbers] == talk
    for number, shown in zip(numbers, before, strict=True):
        state = await house.tickets.state(number)
        assert shown["version"] == state.version
        assert [link["target"] for link in shown["links"]] == [link.target for link in state.links]


async def test_what_is_said_is_heard(house: House) -> None:
    """Every event of links, merging and splitting has its entry."""
    mara = await house.tickets.agent("mara", "superuser")
    one, two = [await house.tickets.open(mara) for _ in range(2)]
    async with await house.client(mara) as client:
        await client.post(f"/tickets/{one}/merge", json={"into": two})
    said = [event for event in await house.tickets.said() if event.type.startswith("ticket.")]
    assert {event.type for event in said} >= {"ticket.merged.v1", "ticket.absorbed.v1"}
    heard = [event for event in said if isinstance(event, SHOWN)]
    assert set(changes(heard).entries) == {event.id for event in said}
