"""Handlers, rows and timers on a real MongoDB: what is written, what is said, and what is not."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest

from ticketwire_chassis.commands import Asked
from ticketwire_chassis.mongo import Collection
from ticketwire_contracts.audit import AuditPage
from ticketwire_contracts.base import Actor, Order
from ticketwire_contracts.escalation import Clock, SetPolicyV1, ShowPolicyAuditV1

from .cases import NOON, escalated, facts, first_response, heard, minutes, queue_created
from .conftest import House, build

ANNA = Actor(kind="agent", id="person/a1", via="page")


async def said(house: House, number: str = "TW-1") -> list[dict[str, Any]]:
    """What a row says and has not yet been relayed."""
    return [orjson.loads(entry["event"]) for entry in (await house.row(number))["outbox"]]


async def order(house: House, clocks: list[Clock], actor: Actor = ANNA, queue: str = "support", id: str = "o-1") -> Any:
    command = SetPolicyV1(queue=queue, clocks=clocks)
    asked = Order(
        id=id,
        type=command.topic,
        actor=actor,
        correlation="c-9",
        not_after=NOON + minutes(1),
        command=command.model_dump(),
    )
    return (await house.handlers.obey([Asked(asked, command)]))[0]


async def test_a_new_queue_begins_with_the_promise_of_the_settings(house: House) -> None:
    await house.handlers.on_queue_created([queue_created()])
    await house.handlers.on_queue_created([queue_created()])
    policies = await house.policies.current(fresh=True)
    assert policies["support"].version == 1
    assert policies["support"].clocks == (first_response(60),)


async def test_a_new_ticket_gets_its_row_and_says_its_deadline(house: House) -> None:
    await house.handlers.on_queue_created([queue_created()])
    await house.handlers.on_ticket_event([heard(facts())])
    row = await house.row()
    assert row["next_due"] == NOON + minutes(60)
    assert row["pending"] is True
    (event,) = await said(house)
    assert event["type"] == "timers.set.v1"
    assert event["id"] == "timer/TW-1:1:0"
    assert event["correlation"] == "c-1"
    assert event["deadlines"] == [{"clock": "first_response", "due_at": "2026-03-02T13:00:00Z"}]


async def test_a_state_that_moves_no_fact_writes_nothing(house: House) -> None:
    await house.handlers.on_queue_created([queue_created()])
    await house.handlers.on_ticket_event([heard(facts())])
    before = await house.row()
    await house.handlers.on_ticket_event([heard(facts(), version=2), heard(facts(), version=3)])
    assert await house.row() == before


async def test_an_answer_takes_the_ticket_out_of_the_index(house: House) -> None:
    await house.handlers.on_queue_created([queue_created()])
    await house.handlers.on_ticket_event([heard(facts())])
    await house.handlers.on_ticket_event([heard(facts(generation=2, first_answered_at=NOON + minutes(1)), version=2)])
    row = await house.row()
    assert "next_due" not in row
    assert (await said(house))[-1]["deadlines"] == []
    house.clock.forward(minutes(500))
    assert await house.timers.fire() == 0


async def test_states_in_disorder_end_as_the_newest(house: House) -> None:
    await house.handlers.on_queue_created([queue_created()])
    await house.handlers.on_ticket_event([heard(facts(generation=2, first_answered_at=NOON + minutes(1)), version=2)])
    await house.handlers.on_ticket_event([heard(facts(), version=1)])
    assert "next_due" not in await house.row()


async def test_a_step_is_said_when_due_with_the_write_that_marks_it(house: House) -> None:
    await house.handlers.on_queue_created([queue_created()])
    await house.handlers.on_ticket_event([heard(facts())])
    house.clock.forward(minutes(59))
    assert await house.timers.fire() == 0
    house.clock.forward(minutes(1))
    assert await house.timers.fire() == 1
    assert await house.timers.fire() == 0
    event = (await said(house))[-1]
    assert event["type"] == "escalation.due.v1"
    assert (event["ticket"], event["clock"], event["percent"]) == ("TW-1", "first_response", 100)
    assert (event["generation"], event["policy_version"]) == (1, 1)
    assert event["actions"] == ["tell_supervisors"]
    assert event["due_at"] == "2026-03-02T13:00:00Z"


async def test_two_replicas_say_a_step_once(house: House) -> None:
    other = build(house.db, house.clock)
    await house.handlers.on_queue_created([queue_created()])
    await house.handlers.on_ticket_event([heard(facts(), number=f"TW-{n}") for n in range(1, 31)])
    house.clock.forward(minutes(60))
    await asyncio.gather(house.timers.fire(), other.timers.fire(), house.timers.fire())
    for n in range(1, 31):
        dues = [event for event in await said(house, f"TW-{n}") if event["type"] == "escalation.due.v1"]
        assert len(dues) == 1


async def test_two_replicas_write_the_same_row_and_the_newest_state_stands(house: House) -> None:
    other = build(house.db, house.clock)
    await house.handlers.on_queue_created([queue_created()])
    states = [heard(facts(generation=n, last_customer_at=NOON + minutes(n)), version=n) for n in range(1, 21)]
    await asyncio.gather(
        *(
            (house if index % 2 else other).handlers.on_ticket_event([state])
            for index, state in enumerate([*states[10:], *states[:10]])
        )
    )
    row = await house.row()
    assert (row["version"], row["facts"]["generation"]) == (20, 20)


async def test_a_stale_generation_is_said_again_under_the_new_one_unless_confirmed(house: House) -> None:
    await house.handlers.on_queue_created([queue_created()])
    await house.handlers.on_ticket_event([heard(facts(), number=number) for number in ("TW-1", "TW-2")])
    house.clock.forward(minutes(60))
    await house.timers.fire()
    moved = facts(generation=2, last_customer_at=NOON + minutes(60))
    await house.handlers.on_ticket_event(
        [heard(moved, 2), escalated(facts(), 2, number="TW-2"), heard(moved, 3, number="TW-2")]
    )
    assert await house.timers.fire() == 0
    house.clock.forward(timedelta(seconds=11))
    assert await house.timers.fire() == 1
    assert [event["generation"] for event in await said(house) if event["type"] == "escalation.due.v1"] == [1, 2]
    assert [event["generation"] for event in await said(house, "TW-2") if event["type"] == "escalation.due.v1"] == [1]


async def test_what_the_relay_has_said_stays_said(house: House) -> None:
    await house.handlers.on_queue_created([queue_created()])
    await house.handlers.on_ticket_event([heard(facts())])
    await house.db["timers"].update_one({"_id": "TW-1"}, {"$set": {"outbox": []}, "$unset": {"pending": ""}})
    await house.handlers.on_ticket_event([heard(facts(generation=2, first_answered_at=NOON), version=2)])
    assert [event["id"] for event in await said(house)] == ["timer/TW-1:2:0"]


async def test_another_promise_moves_the_rows_of_its_queue(house: House) -> None:
    await house.handlers.on_queue_created([queue_created(), queue_created("billing")])
    await house.handlers.on_ticket_event([heard(facts()), heard(facts(queue="billing"), number="TW-2")])
    answer = await order(house, [first_response(30)])
    assert answer.problem is None
    assert answer.events[0]["type"] == "policy.set.v1"
    assert answer.result == {"version": 2}
    await house.timers.apply_policy("support")
    assert (await house.row("TW-1"))["next_due"] == NOON + minutes(30)
    assert (await house.row("TW-2"))["next_due"] == NOON + minutes(60)
    assert (await said(house))[-1]["deadlines"][0]["due_at"] == "2026-03-02T12:30:00Z"


async def test_a_ticket_that_came_before_its_queue_gets_its_clock_later(house: House) -> None:
    await house.handlers.on_ticket_event([heard(facts())])
    assert (await house.row())["timers"] == []
    await house.handlers.on_queue_created([queue_created()])
    await house.timers.apply_policy("support")
    assert (await house.row())["next_due"] == NOON + minutes(60)


async def test_an_order_asked_twice_is_done_once(house: House) -> None:
    await house.handlers.on_queue_created([queue_created()])
    first = await order(house, [first_response(30)])
    again = await order(house, [first_response(30)])
    assert first == again
    assert (await house.policies.current(fresh=True))["support"].version == 2


async def test_an_order_of_a_customer_or_for_no_queue_is_refused(house: House) -> None:
    await house.handlers.on_queue_created([queue_created()])
    refused = await order(house, [], actor=Actor(kind="customer", id="person/c1"), id="o-2")
    assert refused.problem.status == 403
    assert (await order(house, [], queue="nowhere", id="o-3")).problem.status == 404
    assert (await house.policies.current(fresh=True))["support"].version == 1


async def test_what_was_done_to_promises_is_told_newest_first(house: House) -> None:
    async def told(actor: Actor = ANNA, **asked: Any) -> Any:
        command = ShowPolicyAuditV1(**asked)
        until = NOON + minutes(1)
        asking = Order(id="look", type=command.topic, actor=actor, correlation="c", not_after=until, command={})
        return (await house.handlers.audit([Asked(asking, command)]))[0]

    await house.handlers.on_queue_created([queue_created()])
    house.clock.time += minutes(5)
    await order(house, [first_response(30)])
    house.clock.time += minutes(5)
    await order(house, [first_response(90)], id="o-2")
    page = AuditPage.model_validate((await told(thing="policy/support")).result)
    _, changed, first = page.items
    assert (changed.actor.id, changed.actor.via, changed.cause.kind) == (ANNA.id, "page", "command")
    clocks = changed.changed["clocks"]
    assert (clocks.before[0]["minutes"], clocks.after[0]["minutes"]) == (60, 30)
    assert (first.actor.kind, first.cause.kind, first.changed["clocks"].before) == ("system", "timer", None)
    page = AuditPage.model_validate((await told(limit=1)).result)
    assert page.next is not None
    rest = AuditPage.model_validate((await told(before=page.next)).result)
    assert len({one.id for one in [*page.items, *rest.items]}) == 3
    assert AuditPage.model_validate((await told(thing="policy/none")).result).items == []
    customer = Actor(kind="customer", id="person/c1", via="api")
    assert (await told(customer)).problem.status == 403


async def test_the_clockwork_wakes_for_a_sooner_step_and_says_it(house: House) -> None:
    await house.handlers.on_queue_created([queue_created()])
    running = asyncio.create_task(house.timers.run())
    try:
        await asyncio.sleep(0.1)
        house.clock.forward(minutes(60))
        await house.handlers.on_ticket_event([heard(facts())])
        async with asyncio.timeout(5):
            while "escalation.due.v1" not in [event["type"] for event in await said(house)]:
                await asyncio.sleep(0.02)
    finally:
        running.cancel()


async def test_an_idle_clockwork_hardly_asks(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0
    find = Collection.find

    async def counted(self: Collection, *arguments: Any, **options: Any) -> Any:
        nonlocal asked
        asked += 1
        return await find(self, *arguments, **options)

    monkeypatch.setattr(Collection, "find", counted)
    running = asyncio.create_task(house.timers.run())
    await asyncio.sleep(1.5)
    running.cancel()
    assert asked <= 3


async def test_a_row_is_the_same_after_a_round_through_mongo(house: House) -> None:
    await house.handlers.on_queue_created([queue_created()])
    waits = [(NOON + minutes(1), NOON + minutes(2)), (NOON + minutes(3), None)]
    await house.handlers.on_ticket_event([heard(facts(category="waiting", waiting=waits))])
    row = (await house.store.read(["TW-1"]))["TW-1"]
    assert row.facts == facts(category="waiting", waiting=waits)
    assert await house.store.write([(row, replace(row, version=9))], NOON) == set()
    assert await house.store.write([(row, replace(row, version=10))], NOON) == {"TW-1"}
    assert (await house.store.read(["TW-1"]))["TW-1"].version == 9
