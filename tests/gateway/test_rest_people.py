"""Queues, lifecycles, persons, moving and rights, as programs meet them over REST."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from services.gateway.domain.visibility import ticket_filter
from services.gateway.views.live import Live
from ticketwire_contracts.ingest import Address

from .house import House, house_on

REPAIRS = {
    "name": "repairs",
    "title": "Repairs",
    "statuses": {"received": "new", "open": "active", "done": "closed"},
    "initial": "received",
    "active": "open",
    "transitions": [
        {"before": "received", "after": "open"},
        {"before": "open", "after": "done", "right": "ticket.assign"},
    ],
}


@pytest.fixture
async def house(mongo_url: str, database_name: str) -> AsyncIterator[House]:
    async with house_on(mongo_url, database_name) as house:
        yield house


@pytest.fixture
async def admin(house: House) -> AsyncIterator[httpx.AsyncClient]:
    async with await house.agent("admin", superuser="all") as client:
        made = await client.post("/queues", json={"name": "support", "addresses": ["support@example.org"]})
        assert made.status_code == 201, made.text
        yield client


async def ok(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


async def refused(answer: httpx.Response, status: int, type: str) -> Any:
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (status, type), answer.text
    return answer.json()


async def test_lifecycles_are_made_read_and_changed(house: House, admin: httpx.AsyncClient) -> None:
    listed = await ok(await admin.get("/lifecycles"))
    assert [one["name"] for one in listed["items"]] == ["default"]
    assert listed["items"][0]["queues"] == ["support", "unsorted"]
    made = await admin.post("/lifecycles", json=REPAIRS)
    assert (await ok(made, 201))["transitions"][1] == {"before": "open", "after": "done", "right": "ticket.assign"}
    assert made.headers["ETag"] == '"1"'
    await refused(await admin.post("/lifecycles", json=REPAIRS), 409, "lifecycle-exists")
    wrong = REPAIRS | {"name": "wrong", "initial": "done"}
    assert (
        "initial status done"
        in (await refused(await admin.post("/lifecycles", json=wrong), 422, "bad-lifecycle"))["detail"]
    )
    changed = await admin.put("/lifecycles/repairs", json={"title": "Bench"}, headers={"If-Match": '"1"'})
    assert (await ok(changed))["title"] == "Bench"
    stale = await admin.put("/lifecycles/repairs", json={"title": "x"}, headers={"If-Match": '"1"'})
    await refused(stale, 412, "changed-since")
    async with await house.agent("mara", queue_see="all") as mara:
        await refused(await mara.post("/lifecycles", json=REPAIRS | {"name": "mine"}), 403, "forbidden")
        assert (await ok(await mara.get("/lifecycles/repairs")))["active"] == "open"
        assert (await mara.get("/lifecycles/none")).status_code == 404


async def test_a_ticket_moves_with_its_status_or_is_told_why_not(house: House, admin: httpx.AsyncClient) -> None:
    await ok(await admin.post("/lifecycles", json=REPAIRS), 201)
    await ok(await admin.post("/queues", json={"name": "bench", "lifecycle": "repairs"}), 201)
    number = await house.mail("anna@example.net", "support@example.org")
    problem = await refused(
        await admin.put(f"/tickets/{number}/queue", json={"queue": "bench"}), 409, "status-unmapped"
    )
    assert problem["unmapped"] == "new"
    assert "new" in problem["detail"]
    await ok(await admin.put("/lifecycles/default", json={"maps": {"repairs": {"new": "received"}}}))
    moved = await admin.put(f"/tickets/{number}/queue", json={"queue": "bench"})
    shown = await ok(moved)
    assert (shown["queue"], shown["status"], shown["category"]) == ("bench", "received", "new")
    timeline = (await ok(await admin.get(f"/tickets/{number}/timeline")))["items"]
    assert timeline[-1]["type"] == "ticket.moved"
    assert timeline[-1]["details"] == {
        "before": "support", "after": "bench", "status_before": "new", "status_after": "received",
    }  # fmt: skip
    stale = await admin.put(f"/tickets/{number}/queue", json={"queue": "support"}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    listed = await ok(await admin.get("/queues/bench/tickets", params={"status": "received"}))
    assert [one["number"] for one in listed["items"]] == [number]
    known = await refused(await admin.get("/queues/bench/tickets", params={"status": "gone"}), 422, "unknown-status")
    assert "received" in known["detail"]
    # what may follow is what the lifecycle there says, for those with the right that it names
    asker = await house.views.entrance.asker(admin.headers["Authorization"][7:], now=datetime.now(UTC))
    assert asker is not None
    assert (await house.views.reading.possible(asker, number)).statuses == ["open"]
    async with await house.agent("mara", ticket_show="queue:support", ticket_move="all", ticket_create="all") as mara:
        second = await house.mail("anna@example.net", "support@example.org")
        away = await mara.put(f"/tickets/{second}/queue", json={"queue": "bench"})
        assert away.status_code == 204
        assert (await mara.get(f"/tickets/{second}")).status_code == 404


async def test_a_queue_changes_is_disabled_and_gives_its_address_away(house: House, admin: httpx.AsyncClient) -> None:
    whole = await admin.get("/queues/support")
    assert (await ok(whole))["follow_up"] == "reopen"
    changed = await admin.put(
        "/queues/support",
        json={"follow_up": "refuse", "supervisors": ["person:admin"], "description": "For all"},
        headers={"If-Match": whole.headers["ETag"]},
    )
    row = await ok(changed)
    assert (row["follow_up"], row["supervisors"], row["addresses"]) == (
        "refuse", ["person:admin"], ["support@example.org"],
    )  # fmt: skip
    number = await house.mail("anna@example.net", "support@example.org")
    await ok(await admin.put(f"/tickets/{number}/status", json={"status": "resolved"}))
    assert await house.mail("anna@example.net", "support@example.org", references=["m1@example.net"]) == (
        "follow_up_refused"
    )
    taken = {"name": "second", "addresses": ["support@example.org"]}
    await refused(await admin.post("/queues", json=taken), 409, "taken")
    await ok(await admin.put("/queues/support", json={"addresses": []}))
    await ok(await admin.post("/queues", json=taken), 201)
    assert (await ok(await admin.post("/queues/second/disable")))["disabled"] is True
    opened = {"queue": "second", "subject": "x", "requesters": ["a@example.net"], "text": "y"}
    await refused(await admin.post("/tickets", json=opened), 409, "queue-disabled")
    assert (await ok(await admin.post("/queues/second/enable")))["disabled"] is False
    await ok(await admin.post("/tickets", json=opened), 201)
    async with await house.agent("mara") as mara:
        assert (await mara.get("/queues/second")).status_code == 404
        await refused(await mara.put("/queues/second", json={"title": "x"}), 403, "forbidden")
    await refused(await admin.put("/queues/second", json={"nonsense": 1}), 422, "invalid")


async def test_a_person_changes_themselves_a_little_and_is_changed_by_who_may(
    house: House, admin: httpx.AsyncClient
) -> None:
    async with await house.agent("mara") as mara:
        assert (await ok(await mara.put("/people/mara", json={"language": "de"})))["language"] == "de"
        await refused(await mara.put("/people/mara", json={"login": "boss"}), 403, "forbidden")
        await refused(await mara.post("/people/admin/disable"), 403, "forbidden")
        changed = await ok(await admin.put("/people/mara", json={"login": "mk", "addresses": ["mk@example.org"]}))
        assert (changed["login"], changed["addresses"]) == ("mk", ["mk@example.org"])
        assert (await admin.get("/people/mara")).status_code == 404
        assert (await ok(await mara.get("/people/mk")))["id"] == changed["id"]
        await ok(await admin.get(f"/people/{changed['id'].removeprefix('person/')}"))


async def test_disabling_ends_sessions_and_rights_at_once_and_history_stays(
    house: House, admin: httpx.AsyncClient
) -> None:
    async with await house.agent("mara", ticket_show="all", note_show="all", note_add="all") as mara:
        number = await house.mail("anna@example.net", "support@example.org")
        await ok(await mara.post(f"/tickets/{number}/notes", json={"text": "mine"}), 201)
        await ok(await admin.post("/people/mara/disable"))
        assert (await mara.get(f"/tickets/{number}")).status_code == 401
        login = await mara.post("/sessions", json={"login": "mara", "password": "correct horse"})
        assert login.status_code == 401
        timeline = (await ok(await admin.get(f"/tickets/{number}/timeline")))["items"]
        assert [entry["actor"]["login"] for entry in timeline if entry["text"] == "mine"] == ["mara"]
        await ok(await admin.post("/people/mara/enable"))
        assert (await mara.get(f"/tickets/{number}")).status_code == 401
        async with await house.log_in("mara") as again:
            await ok(await again.get(f"/tickets/{number}"))
        await refused(await admin.post("/people/admin/disable"), 409, "yourself")


async def test_whoever_is_disabled_or_loses_a_group_hears_nothing_more(house: House, admin: httpx.AsyncClient) -> None:
    live: Live = house.views.live
    await ok(await admin.post("/groups", json={"name": "field"}), 201)
    await ok(await admin.post("/rights", json={"right": "ticket.show", "grantee": "group:field", "scope": "all"}), 201)
    heard: dict[str, list[str]] = {"mara": [], "oskar": []}
    clients = [await house.agent(login) for login in heard]
    for login in heard:
        await ok(await admin.put(f"/groups/field/members/{login}"))

    async def listen(login: str, client: httpx.AsyncClient) -> None:
        asker = await house.views.entrance.asker(client.headers["Authorization"][7:], now=datetime.now(UTC))
        assert asker is not None
        async for change in live.follow(asker):
            if change is not None:
                heard[login].append(change.data.get("ticket", change.name))

    tasks = [asyncio.create_task(listen(login, client)) for login, client in zip(heard, clients, strict=True)]
    await until(lambda: len(live._followers) == 2 and live._opened.is_set())
    first = await house.mail("anna@example.net", "support@example.org")
    await until(lambda: all(first in words for words in heard.values()))
    await ok(await admin.post("/people/mara/disable"))
    await until(lambda: tasks[0].done())
    await ok(await admin.delete("/groups/field/members/oskar"))
    assert (await clients[1].get(f"/tickets/{first}")).status_code == 404
    second = await house.mail("anna@example.net", "support@example.org")
    await ok(await admin.put("/groups/field/members/oskar"))
    third = await house.mail("anna@example.net", "support@example.org")
    await until(lambda: third in heard["oskar"])
    assert second not in heard["oskar"]
    assert third not in heard["mara"]
    house.stopping.set()
    await asyncio.wait(tasks, timeout=30)
    if live._task is not None:
        await asyncio.wait([live._task], timeout=30)
    for client in clients:
        await client.aclose()


async def until(condition: Any) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.05)


async def test_two_customers_are_joined_and_one_sees_what_both_had(house: House, admin: httpx.AsyncClient) -> None:
    first = await house.mail("anna@example.net", "support@example.org")
    second = await house.mail("anna@home.example.net", "support@example.org")
    found = await ok(await admin.get("/people", params={"q": "anna@"}))
    ids = {one["addresses"][0]: one["id"].removeprefix("person/") for one in found["items"]}
    work, home = ids["anna@example.net"], ids["anna@home.example.net"]
    async with await house.agent("mara", ticket_show="all") as mara:
        assert (await mara.post(f"/people/{home}/join", json={"into": work})).status_code == 404
        assert (await mara.put(f"/people/{home}", json={"name": "x"})).status_code == 404
    stays = await ok(await admin.post(f"/people/{home}/join", json={"into": work}))
    assert (stays["id"], stays["aliases"]) == (f"person/{work}", [f"person/{home}"])
    assert stays["addresses"] == ["anna@example.net", "anna@home.example.net"]
    gone = await ok(await admin.get(f"/people/{home}"))
    assert (gone["disabled"], gone["joined_into"]) == (True, f"person/{work}")
    directory = await house.store.access.directory()
    person = await house.store.access.person(f"person/{work}")
    assert person is not None
    rows = await house.gateway["tickets"].find(ticket_filter(directory.viewer(person), directory))
    assert {row["_id"] for row in rows} == {first, second}
    assert await house.mail("anna@home.example.net", "support@example.org", references=["m1@example.net"]) == first
    for address in ("anna@example.net", "anna@home.example.net"):
        listed = (await ok(await admin.get("/tickets", params={"requester": address})))["items"]
        assert {one["number"] for one in listed} == {first, second}


async def test_rights_are_explained_with_their_chain_or_with_what_would_give_them(
    house: House, admin: httpx.AsyncClient
) -> None:
    number = await house.mail("anna@example.net", "support@example.org")
    async with await house.agent("mara", ticket_show="all") as mara:
        for name in ("north", "field"):
            await ok(await admin.post("/groups", json={"name": name}), 201)
        await ok(await admin.put("/groups/field/members/group:north"))
        grant = {"right": "ticket.reply", "grantee": "group:field", "scope": "queue:support"}
        await ok(await admin.post("/rights", json=grant), 201)
        asked = {"right": "ticket.reply", "ticket": number}
        no = await ok(await mara.get("/rights/explain", params=asked))
        assert no["holds"] is False
        assert {"do": "join", "grant": grant} in no["remedies"]
        assert no["remedies"][0] == {
            "do": "give",
            "grant": {"right": "ticket.reply", "grantee": "person:mara", "scope": f"ticket:{number}"},
        }
        await ok(await admin.put("/groups/north/members/mara"))
        yes = await ok(await admin.get("/rights/explain", params=asked | {"person": "mara"}))
        assert yes["holds"] is True
        assert yes["chains"] == [
            {
                "grant": grant,
                "steps": [
                    {"name": "person:mara", "by": "self"},
                    {"name": "group:north", "by": "member"},
                    {"name": "group:field", "by": "member"},
                ],
                "seeded": False,
            }
        ]
        await refused(await mara.get("/rights/explain", params=asked | {"person": "admin"}), 403, "forbidden")
        await refused(await mara.get("/rights/explain", params={"right": "ticket.fly"}), 422, "unknown-right")
        assert (await mara.get("/rights/explain", params=asked | {"ticket": "TW-999"})).status_code == 404
        assert (await mara.get("/rights/explain", params={"right": "queue.see", "queue": "support"})).status_code == 404
        requester = (await ok(await admin.get("/people", params={"q": "anna@"})))["items"][0]["id"]
        seen = await ok(await admin.get("/rights/explain", params=asked | {"person": requester}))
        assert [step["name"] for step in seen["chains"][0]["steps"]] == [requester, "role:requester"]
        assert seen["chains"][0]["seeded"] is True
        note = {"right": "note.show", "ticket": number, "person": requester}
        assert (await ok(await admin.get("/rights/explain", params=note)))["barred"] == "customer"


async def test_a_change_of_rights_is_previewed_and_then_true(house: House, admin: httpx.AsyncClient) -> None:
    for _ in range(3):
        await house.mail("anna@example.net", "support@example.org")
    async with await house.agent("mara") as mara:
        await ok(await admin.post("/groups", json={"name": "field"}), 201)
        grant = {"right": "ticket.show", "grantee": "group:field", "scope": "queue:support"}
        await ok(await admin.post("/rights", json=grant), 201)
        joining = {"change": "add_member", "group": "field", "member": "person:mara"}
        assert await ok(await admin.post("/rights/preview", json=joining)) == {
            "differences": [
                {
                    "who": "person:mara",
                    "name": "Mara",
                    "right": "ticket.show",
                    "gains": True,
                    "tickets": 3,
                    "queues": ["support"],
                    "everywhere": False,
                }
            ],
            "more": 0,
        }
        assert (await ok(await mara.get("/tickets")))["items"] == []
        await ok(await admin.put("/groups/field/members/mara"))
        assert len((await ok(await mara.get("/tickets")))["items"]) == 3
        taking = await ok(await admin.post("/rights/preview", json={"change": "take_right", **grant}))
        assert [(one["who"], one["gains"], one["tickets"]) for one in taking["differences"]] == [
            ("person:mara", False, 3)
        ]
        await refused(await mara.post("/rights/preview", json=joining), 403, "forbidden")
        for wrong in ({"right": "ticket.fly"}, {"grantee": "person:none"}, {"scope": "queue:none"}):
            answer = await admin.post("/rights/preview", json={"change": "give_right", **grant, **wrong})
            assert answer.status_code == 422


async def test_the_seeded_groups_give_what_they_say(house: House, admin: httpx.AsyncClient) -> None:
    number = await house.mail("anna@example.net", "support@example.org")
    async with await house.agent("mara") as mara:
        assert (await mara.get(f"/tickets/{number}")).status_code == 404
        await ok(await admin.put("/groups/every-queue/members/mara"))
        await ok(await mara.post(f"/tickets/{number}/replies", json={"text": "Hello."}), 201)
        await refused(await mara.post("/queues", json={"name": "mine"}), 403, "forbidden")
        await ok(await admin.put("/groups/administrators/members/mara"))
        await ok(await mara.post("/queues", json={"name": "mine"}), 201)
    async with await house.agent("sue") as sue:
        await ok(await admin.put("/queues/support", json={"supervisors": ["person:sue"]}))
        await ok(await sue.put(f"/tickets/{number}/owner", json={"owner": "mara"}))
        assert [one["name"] for one in (await ok(await sue.get("/queues")))["items"]] == ["support"]


async def test_queues_and_people_are_listed_for_who_administers(house: House, admin: httpx.AsyncClient) -> None:
    async with await house.agent("mara", queue_see="queue:support") as mara:
        for client, names in ((admin, ["support", "unsorted"]), (mara, ["support"])):
            listed = (await ok(await client.get("/queues", params={"settings": "true"})))["items"]
            assert [queue["name"] for queue in listed] == names
            assert listed[0]["follow_up"] == "reopen"
        for address in ("zoe@example.net", "anna@example.net"):
            named = Address(address=address, name=address.partition("@")[0].title())
            await house.mail(address, "support@example.org", **{"from": named})
        assert [one["name"] for one in (await ok(await admin.get("/people?agents=true")))["items"]] == ["Admin", "Mara"]
        customers = (await ok(await admin.get("/people?agents=false")))["items"]
        assert [one["addresses"] for one in customers] == [["anna@example.net"], ["zoe@example.net"]]
        first = await ok(await admin.get("/people?limit=3"))
        second = await ok(await admin.get("/people", params={"limit": 3, "cursor": first["next"]}))
        assert len({one["id"] for one in first["items"] + second["items"]}) == 4
        assert (await ok(await mara.get("/people?agents=false")))["items"] == []
        assert (await ok(await admin.get("/people/anna@example.net")))["id"] == customers[0]["id"]
        assert (await mara.get("/people/anna@example.net")).status_code == 404
