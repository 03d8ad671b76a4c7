"""History, past states and privacy over REST: real stores of the gateway and tickets' real handlers."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import count

import httpx
import orjson
import pytest

from services.gateway.handlers import SHOWN, Handlers
from services.gateway.store import Store
from ticketwire_chassis.events import stamp
from ticketwire_chassis.mongo import open_database
from ticketwire_chassis.signing import Signer
from ticketwire_contracts.base import Event
from ticketwire_contracts.ingest import Address
from ticketwire_contracts.notify import NotificationSentV1

from .house import SYSTEM, House, house_on

ANNA = "anna@example.net"
TRACES = (ANNA, "Svensson", "0815", "Meine Akte")
_ids = count(1)


@pytest.fixture
async def house(mongo_url: str, database_name: str) -> AsyncIterator[House]:
    async with house_on(mongo_url, database_name) as house:
        yield house


@pytest.fixture
async def admin(house: House) -> AsyncIterator[httpx.AsyncClient]:
    client = await house.agent("root", superuser="all")
    async with client:
        made = await client.post("/queues", json={"name": "support", "addresses": ["support@example.org"]})
        assert made.status_code == 201, made.text
        yield client


def sent(ticket: str, address: str) -> NotificationSentV1:
    """notify says that a mail went out."""
    now = datetime.now(UTC)
    row = f"n{next(_ids)}"
    envelope = stamp(
        NotificationSentV1, f"notification/{row}", 1, at=now, actor=SYSTEM, correlation="c", summary="A mail went out"
    )
    return NotificationSentV1(
        **envelope,
        notification=row,
        kind="reply",
        ticket=ticket,
        cause="e",
        recipients=[address],
        message_id="x@example.org",
        sent_at=now,
    )


async def story(house: House, admin: httpx.AsyncClient) -> tuple[str, str, str]:
    """Anna's ticket, Bob's ticket on which she is cc and writes, and her id."""
    anna = Address(name="Anna Svensson", address=ANNA)
    hers = await house.mail(
        ANNA, "support@example.org", **{"from": anna, "subject": "Meine Akte", "text": "Meine Nummer ist 0815."}
    )
    his = await house.mail("bob@example.net", "support@example.org", cc=[anna], text="I ask for both.")
    await house.mail(ANNA, "support@example.org", **{"from": anna, "text": "0815!", "references": ["m2@example.net"]})
    for number in (hers, his):
        answered = await admin.post(f"/tickets/{number}/replies", json={"text": "Dear Anna Svensson, done."})
        assert answered.status_code == 201, answered.text
    await house.handlers.on_events([sent(hers, ANNA), sent(his, ANNA), sent(his, "bob@example.net")])
    ticket = (await admin.get(f"/tickets/{hers}")).json()
    return hers, his, str(ticket["requesters"][0]["id"]).removeprefix("person/")


async def kept(house: House) -> str:
    """All that the gateway keeps."""
    names = (
        "tickets", "timeline", "people", "access", "credentials", "uploads", "redactions", "tombstones", "answers",
    )  # fmt: skip
    return orjson.dumps([await house.gateway[name].find({}) for name in names], default=str).decode()


async def test_history_is_data_with_before_and_after(house: House, admin: httpx.AsyncClient) -> None:
    number = await house.mail(ANNA, "support@example.org")
    assert (await admin.put(f"/tickets/{number}/priority", json={"priority": 70})).status_code == 200
    await admin.post(f"/tickets/{number}/notes", json={"text": "Third time."})
    page = (await admin.get(f"/tickets/{number}/history")).json()
    assert [entry["cause"]["kind"] for entry in page["items"]] == ["mail", "command", "command"]
    assert page["items"][1]["changed"] == {"priority": {"before": 50, "after": 70}}
    assert page["items"][2]["happened"][0]["message"]["text"] == "Third time."
    first = (await admin.get(f"/tickets/{number}/history", params={"limit": 2})).json()
    rest = (await admin.get(f"/tickets/{number}/history", params={"after": first["next"]})).json()
    assert first["items"] + rest["items"] == page["items"]

    async with await house.agent("mara", ticket_show="queue:support", history_show="queue:support") as mara:
        shown = await mara.get(f"/tickets/{number}/history")
        assert shown.status_code == 200
        assert "Third time" not in shown.text
        assert [entry["version"] for entry in shown.json()["items"]] == [1, 2]
    async with await house.agent("nils", ticket_show="queue:support") as nils:
        assert (await nils.get(f"/tickets/{number}/history")).status_code == 403
    async with await house.agent("olga", history_show="queue:support") as olga:
        assert (await olga.get(f"/tickets/{number}/history")).status_code == 404


async def test_changes_are_looked_for(house: House, admin: httpx.AsyncClient) -> None:
    number = await house.mail(ANNA, "support@example.org")
    for priority in (70, 30, 90):
        assert (await admin.put(f"/tickets/{number}/priority", json={"priority": priority})).status_code == 200
    assert (await admin.post(f"/tickets/{number}/notes", json={"text": "Third time."})).status_code == 201
    assert (await admin.put(f"/tickets/{number}/owner", json={"owner": "root"})).status_code == 200

    async def found(**query: object) -> list[int]:
        page = (await admin.get(f"/tickets/{number}/history", params=query)).json()  # type: ignore[arg-type]
        return [entry["version"] for entry in page["items"]]

    whole = (await admin.get(f"/tickets/{number}/history")).json()["items"]
    assert await found(kind="changes") == [2, 3, 4]
    assert await found(kind="conversation") == [1, 5]
    assert await found(kind="people", person="root") == [6]
    assert await found(person=ANNA.upper()) == [1]
    assert await found(person="nobody") == []
    assert await found(since=whole[2]["at"], until=whole[4]["at"]) == [3, 4]
    first = (await admin.get(f"/tickets/{number}/history", params={"kind": "changes", "limit": 2})).json()
    assert await found(kind="changes", after=first["next"]) == [4]
    for wrong in ({"kind": "no-such-kind"}, {"since": "yesterday"}, {"until": "2026-01-01T00:00:00"}):
        assert (await admin.get(f"/tickets/{number}/history", params=wrong)).status_code == 422

    async with await house.agent("mara", ticket_show="queue:support", history_show="queue:support") as mara:
        told = await mara.get(f"/tickets/{number}/history", params={"kind": "conversation"})
        assert [entry["version"] for entry in told.json()["items"]] == [1]


async def test_past_state_lacks_nothing_of_what_the_ticket_has(house: House, admin: httpx.AsyncClient) -> None:
    number = await house.mail(ANNA, "support@example.org")
    other = await house.mail("bob@example.net", "support@example.org")
    await admin.patch(f"/tickets/{number}/watchers", json={"add": ["root"]})
    await admin.post(f"/tickets/{number}/time", json={"minutes": 85})
    merged = await admin.post(f"/tickets/{other}/merge", json={"into": number})
    assert merged.status_code == 200, merged.text
    now = (await admin.get(f"/tickets/{number}")).json()
    then = (await admin.get(f"/tickets/{number}", params={"at": datetime.now(UTC).isoformat()})).json()
    assert now["watchers"]
    assert now["time_worked"] == 85
    assert now["absorbed"] == [other]
    of_now = {"deadlines", "next_due"}
    assert {name: then[name] for name in then.keys() - of_now} == {name: now[name] for name in now.keys() - of_now}


async def test_a_ticket_is_shown_as_it_was(house: House, admin: httpx.AsyncClient) -> None:
    number = await house.mail(ANNA, "support@example.org")
    await admin.put(f"/tickets/{number}/priority", json={"priority": 70})
    for version, priority in ((1, 50), (2, 70)):
        commit = await house.tickets.db["commits"].find_one({"_id": {"stream": f"ticket/{number}", "seq": version}})
        assert commit is not None
        then = await admin.get(f"/tickets/{number}", params={"at": commit["at"].isoformat()})
        assert (then.status_code, then.json()["priority"], then.json()["version"]) == (200, priority, version)
        assert then.json().keys() == (await admin.get(f"/tickets/{number}")).json().keys()
    before = await admin.get(f"/tickets/{number}", params={"at": "2020-01-01T00:00:00Z"})
    assert before.status_code == 404
    assert (await admin.get(f"/tickets/{number}", params={"at": "2020-01-01T00:00:00"})).status_code == 422
    async with await house.agent("olga") as olga:
        now = (datetime.now(UTC) + timedelta(days=1)).isoformat()
        assert (await olga.get(f"/tickets/{number}", params={"at": now})).status_code == 404


async def test_a_person_is_found_exported_and_forgotten_in_every_view(house: House, admin: httpx.AsyncClient) -> None:
    hers, his, person = await story(house, admin)
    found = (await admin.get(f"/people/{person}/data")).json()
    assert {ticket["number"]: ticket["roles"] for ticket in found["tickets"]} == {hers: ["requester"], his: ["cc"]}
    assert [entry["details"]["recipients"] for entry in found["sent"]] == [[ANNA], [ANNA]]
    assert found["mails"] == ["row1", "row3"]
    exported = await admin.get(f"/people/{person}/export")
    assert exported.headers["content-disposition"].startswith("attachment")
    assert exported.json()["person"]["addresses"] == [ANNA]

    async with await house.agent("mara", person_admin="all") as mara:
        for answer in (
            await mara.get(f"/people/{person}/data"),
            await mara.get(f"/people/{person}/export"),
            await mara.post(f"/people/{person}/erase", json={}),
        ):
            assert answer.status_code == 403, answer.text

    assert (await admin.post(f"/people/{person}/erase", json={})).status_code == 204
    await house.hear()
    everything = await kept(house)
    for trace in TRACES:
        assert trace not in everything, trace
    assert "bob@example.net" in everything
    timeline = (await admin.get(f"/tickets/{his}/timeline")).json()["items"]
    texts = [entry["text"] for entry in timeline if entry["text"]]
    assert texts == ["I ask for both.", "[erased]", "Dear [erased], done."]
    assert [e["details"]["recipients"] for e in timeline if e["type"] == "notification.sent"] == [
        ["[erased]"],
        ["bob@example.net"],
    ]
    history = (await admin.get(f"/tickets/{hers}/history")).text
    assert not any(trace in history for trace in TRACES)
    assert (await admin.get(f"/people/{person}/data")).json()["person"]["erased"] is True
    assert (await admin.post(f"/people/{person}/erase", json={})).status_code == 204, "it is so already"


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_order_events_come_in_nothing_erased_comes_back(
    house: House, admin: httpx.AsyncClient, mongo_url: str, database_name: str, seed: int
) -> None:
    """Events as they were said before the erasure, parked and replayed, mixed with those said after it."""
    hers, his, person = await story(house, admin)
    events: list[Event] = [*await house.tickets.said(), sent(hers, ANNA), sent(his, ANNA)]
    assert (await admin.post(f"/people/{person}/erase", json={})).status_code == 204
    events += await house.tickets.said()
    chance = random.Random(seed)
    events += chance.sample(events, len(events) // 2)
    chance.shuffle(events)
    other = open_database(mongo_url, f"{database_name}_o")
    house.gateway = other
    store = Store(other, Signer("s" * 32).claim)
    await store.prepare()
    view = Handlers(store)
    while events:
        size = chance.randint(1, 6)
        batch, events = events[:size], events[size:]
        await view.on_events([event for event in batch if isinstance(event, SHOWN)])
    everything = await kept(house)
    for trace in TRACES:
        assert trace not in everything, trace
    assert "bob@example.net" in everything
    await other.drop()
    await other.close()
