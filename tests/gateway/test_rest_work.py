"""Work on tickets by REST: each change, its refusals, its entry on the timeline, and changes of many."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from ticketwire_chassis.mongo import open_database
from ticketwire_contracts.rights import AGENT_RIGHTS

from .rest_world import House

ONE = "/tickets/TW-1"


@pytest.fixture
async def house(mongo_url: str, database_name: str) -> AsyncIterator[House]:
    gateway = open_database(mongo_url, database_name, "motor")
    tickets = open_database(mongo_url, f"{database_name}_t", "motor")
    built = House(gateway, tickets)
    await built.begin()
    yield built
    await tickets.drop()
    await tickets.close()
    await gateway.close()


async def entries(client: Any, number: str = "TW-1") -> list[dict[str, Any]]:
    """The timeline."""
    return list((await client.get(f"/tickets/{number}/timeline")).json()["items"])


async def test_each_change_is_shown_at_once_on_the_ticket_and_its_timeline(house: House) -> None:
    mara = await house.agent("mara", "superuser")
    fields = [{"name": "room", "type": "text"}, {"name": "cause", "type": "choice", "options": ["toner", "drum"]}]
    answer = await mara.put("/queues/support/fields", json={"fields": fields})
    assert answer.status_code == 200, answer.text
    assert [one["name"] for one in (await mara.get("/queues/support/fields")).json()["items"]] == ["room", "cause"]

    due = "2031-05-01T09:00:00Z"
    changes: list[tuple[str, str, dict[str, Any], str, Any]] = [
        ("PUT", "subject", {"subject": "Re: Other"}, "subject", "Other"),
        ("PUT", "due", {"due": "2031-05-01T11:00:00+02:00"}, "due", due),
        ("PATCH", "tags", {"add": ["VIP customer"]}, "tags", ["vip-customer"]),
        ("PATCH", "fields", {"fields": {"room": "214", "cause": "drum"}}, "fields", {"room": "214", "cause": "drum"}),
        ("POST", "time", {"minutes": 15, "text": "call"}, "time_worked", 15),
    ]
    for version, (method, name, body, key, value) in enumerate(changes, 2):
        answer = await mara.request(method, f"{ONE}/{name}", json=body)
        assert answer.status_code == 200, answer.text
        assert answer.json()[key] == value
        assert answer.headers["etag"] == f'"{version}"'
    for role, who in (("requesters", "bob@example.net"), ("cc", "ole@example.net"), ("admin_cc", "mara")):
        answer = await mara.patch(f"{ONE}/{role}", json={"add": [who]})
        assert answer.status_code == 200, answer.text
        assert who in (answer.json()[role][-1]["address"], answer.json()[role][-1]["login"])
    answer = await mara.patch(f"{ONE}/watchers", json={"add": ["mara"]})
    assert [one["login"] for one in answer.json()["watchers"]] == ["mara"]

    told = {one["type"]: one["details"] for one in await entries(mara)}
    assert told["ticket.subject_changed"] == {"before": "Help", "after": "Other"}
    assert told["ticket.due_changed"] == {"before": None, "after": due}
    assert told["ticket.tags_changed"] == {"added": ["vip-customer"], "removed": []}
    assert told["ticket.time_worked"] == {"minutes": 15, "text": "call", "total": 15}
    assert told["ticket.fields_changed"]["changes"][0] == {"name": "room", "before": None, "after": "214"}
    assert told["ticket.requesters_changed"]["added"] == ["bob@example.net"]
    assert told["ticket.people_changed"] == {"role": "watchers", "added": ["Mara"], "removed": []}
    seen = (await mara.get(ONE)).json()
    await house.catch_up()
    assert (await mara.get(ONE)).json() == seen, "the batch that follows changes nothing"


async def test_a_forward_answers_with_its_entry_and_is_internal(house: House) -> None:
    mara = await house.agent("mara", "superuser")
    body = {"messages": ["TW-1.1"], "to": ["shop@example.com"], "text": "Please look."}
    answer = await mara.post(f"{ONE}/forwards", json=body)
    assert answer.status_code == 201, answer.text
    entry = answer.json()
    assert (entry["type"], entry["internal"], entry["text"]) == ("ticket.forwarded", True, "Please look.")
    assert entry["details"] == {"messages": ["TW-1.1"]}
    assert [one["address"] for one in entry["message"]["to"]] == ["shop@example.com"]
    blind = await house.agent("blind", "ticket.show", "ticket.forward")
    assert "ticket.forwarded" not in {one["type"] for one in await entries(blind)}
    refused = await blind.post(f"{ONE}/forwards", json=body | {"messages": ["TW-1.2"]})
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (422, "unknown-message")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "why"),
    [
        ("PUT", "subject", {"subject": ""}, 422, "invalid"),
        ("PUT", "subject", {"subject": "x", "more": 1}, 422, "invalid"),
        ("PUT", "due", {"due": "2031-05-01T09:00:00"}, 422, "invalid"),
        ("PUT", "due", {}, 422, "invalid"),
        ("PATCH", "tags", {"add": ["a,b"]}, 422, "bad-tag"),
        ("PATCH", "fields", {"fields": {}}, 422, "invalid"),
        ("PATCH", "fields", {"fields": {"room": "1"}}, 422, "invalid-fields"),
        ("POST", "time", {"minutes": 0}, 422, "no-time"),
        ("POST", "time", {"minutes": 2000}, 422, "invalid"),
        ("PATCH", "cc", {"add": ["support@example.org"]}, 409, "own-address"),
        ("PATCH", "watchers", {"add": ["c1@example.net"]}, 409, "not-an-agent"),
        ("POST", "forwards", {"messages": [], "to": ["a@example.com"]}, 422, "invalid"),
        ("POST", "forwards", {"messages": ["TW-1.1"], "to": ["support@example.org"]}, 409, "own-address"),
        ("PUT", "status", {"status": "pending", "until": "2020-01-01T00:00:00Z"}, 422, "in-the-past"),
    ],
)
async def test_what_is_refused_says_why(
    house: House, method: str, path: str, body: dict[str, Any], status: int, why: str
) -> None:
    mara = await house.agent("mara", "superuser")
    answer = await mara.request(method, f"{ONE}/{path}", json=body)
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (status, why), answer.text
    assert (await mara.get(ONE)).json()["version"] == 1


async def test_rights_decide_and_what_one_may_not_see_is_not_there(house: House) -> None:
    nobody, looker = await house.agent("nobody"), await house.agent("looker", "ticket.show", "queue.see")
    for client, status in ((nobody, 404), (looker, 403)):
        assert (await client.patch(f"{ONE}/tags", json={"add": ["x"]})).status_code == status
        assert (await client.put("/queues/support/fields", json={"fields": []})).status_code in (403, 409)
    assert (await nobody.get("/queues/support/fields")).status_code == 404
    watcher = await house.agent("watcher", "ticket.show", "ticket.watch")
    assert (await watcher.patch(f"{ONE}/watchers", json={"add": ["watcher"]})).status_code == 200
    assert (await watcher.patch(f"{ONE}/watchers", json={"add": ["looker"]})).status_code == 403


async def test_a_stale_write_answers_412_with_what_changed_and_by_whom(house: House) -> None:
    mara, kim = await house.agent("mara", "superuser"), await house.agent("kim", *AGENT_RIGHTS)
    blind = await house.agent("blind", "ticket.show", "ticket.edit")
    await mara.put(f"{ONE}/priority", json={"priority": 70})
    await mara.post(f"{ONE}/notes", json={"text": "psst"})
    for client, versions in ((kim, [2, 3]), (blind, [2])):
        answer = await client.put(f"{ONE}/subject", json={"subject": "Mine"}, headers={"If-Match": '"1"'})
        assert answer.status_code == 412
        told = answer.json()
        assert told["version"] == 3
        assert [one["version"] for one in told["changes"]] == versions
        assert told["changes"][0]["name"] == "Mara"
        assert told["changes"][0]["what"] == ["ticket.priority_changed"]
        assert "psst" not in answer.text
    fresh = await kim.put(f"{ONE}/subject", json={"subject": "Mine"}, headers={"If-Match": '"3"'})
    assert fresh.status_code == 200


async def test_the_same_key_adds_time_once(house: House) -> None:
    mara = await house.agent("mara", "superuser")
    for _ in range(3):
        answer = await mara.post(f"{ONE}/time", json={"minutes": 15}, headers={"Idempotency-Key": "k"})
        assert answer.json()["time_worked"] == 15


# ------------------------------------------------------------------------------------------- many at once


async def many(client: Any, tickets: list[str], key: str | None = None, **change: Any) -> Any:
    """One change for many tickets."""
    headers = {"Idempotency-Key": key} if key else {}
    return await client.post("/tickets/bulk", json={"tickets": tickets, "change": change}, headers=headers)


async def test_a_change_of_many_has_a_result_for_each_ticket(house: House) -> None:
    await house.grow(30)
    mara = await house.agent("mara", "superuser")
    await mara.put("/tickets/TW-2/status", json={"status": "resolved"})
    numbers = [f"tw-{n}" for n in range(1, 31)] + ["TW-1", "TW-999"]
    answer = await many(mara, numbers, status="pending", priority=90, tags={"add": ["Flood"]}, owner="mara")
    assert answer.status_code == 200, answer.text
    results = {one["number"]: one for one in answer.json()["items"]}
    assert list(results) == [f"TW-{n}" for n in range(1, 31)] + ["TW-999"]
    assert [number for number, one in results.items() if not one["ok"]] == ["TW-2", "TW-999"]
    assert results["TW-2"]["done"] == ["owner", "priority", "tags"]
    assert results["TW-2"]["problem"]["type"].endswith("/no-transition")
    assert results["TW-999"]["problem"]["status"] == 404
    assert results["TW-7"]["version"] == 5
    ticket = (await mara.get("/tickets/TW-7")).json()
    assert (ticket["status"], ticket["priority"], ticket["tags"], ticket["owner"]["login"]) == (
        "pending", 90, ["flood"], "mara",
    )  # fmt: skip
    assert 1 < house.behind.most_at_once <= 8


async def test_many_move_together_and_take_the_status_that_is_asked_for_there(house: House) -> None:
    await house.grow(3)
    mara = await house.agent("mara", "superuser")
    assert (await mara.post("/queues", json={"name": "field"})).status_code == 201
    answer = await many(mara, ["TW-1", "TW-2", "TW-3"], status="open", queue="field")
    assert [one["done"] for one in answer.json()["items"]] == [["queue", "status"]] * 3
    ticket = (await mara.get("/tickets/TW-3")).json()
    assert (ticket["queue"], ticket["status"]) == ("field", "open")


async def test_what_is_so_already_is_done(house: House) -> None:
    mara = await house.agent("mara", "superuser")
    await many(mara, ["TW-1"], priority=90)
    (result,) = (await many(mara, ["TW-1"], priority=90, owner=None)).json()["items"]
    assert (result["ok"], result["done"]) == (True, ["owner", "priority"])
    assert (await mara.get(ONE)).json()["version"] == 2


async def test_a_lost_answer_is_mended_by_sending_the_same_again(house: House) -> None:
    await house.grow(6)
    mara = await house.agent("mara", "superuser")
    numbers = [f"TW-{n}" for n in range(1, 7)]
    house.behind.lost, house.behind.away = {"TW-2"}, {"TW-3"}
    first = await many(mara, numbers, key="k", note="Flooded.")
    assert first.status_code == 503
    house.behind.lost, house.behind.away = set(), set()
    again = await many(mara, numbers, key="k", note="Flooded.")
    assert again.status_code == 200
    assert all(one["ok"] for one in again.json()["items"])
    for number in numbers:
        ticket = (await mara.get(f"/tickets/{number}")).json()
        assert (number, ticket["messages"]) == (number, 2)
    asked = len(house.behind.asked)
    kept = await many(mara, numbers, key="k", note="Flooded.")
    assert kept.json() == again.json()
    assert len(house.behind.asked) == asked
    assert (await many(mara, numbers, key="k", note="Other.")).status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        {"tickets": [], "change": {"priority": 1}},
        {"tickets": [f"TW-{n}" for n in range(201)], "change": {"priority": 1}},
        {"tickets": ["TW-1"], "change": {}},
        {"tickets": ["TW-1"], "change": {"until": "2031-05-01T09:00:00Z"}},
        {"tickets": ["TW-1"], "change": {"colour": "red"}},
        {"tickets": ["TW-1"]},
    ],
)
async def test_a_change_of_many_has_a_shape(house: House, body: dict[str, Any]) -> None:
    mara = await house.agent("mara", "superuser")
    answer = await mara.post("/tickets/bulk", json=body)
    assert (answer.status_code, house.behind.asked) == (422, [])


async def test_the_api_documents_every_resource_of_the_design(house: House) -> None:
    paths = house.app.openapi()["paths"]
    for name in ["subject", "due", "requesters", "cc", "admin_cc", "watchers", "tags", "fields", "time", "forwards"]:
        operations = paths[f"/api/v1/tickets/{{number}}/{name}"]
        assert all(operation["summary"] and operation["description"] for operation in operations.values())
    assert "post" in paths["/api/v1/tickets/bulk"]
