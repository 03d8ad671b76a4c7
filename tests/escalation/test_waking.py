"""Times that come from the ticket itself: the explicit due date, and when a waiting ticket opens by itself."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from services.escalation.domain import Policy, Row, deadlines, follow, timers
from ticketwire_contracts.tickets import ClockFacts

from .cases import NOON, facts, heard, minutes, policy, queue_created
from .conftest import House

NONE = Policy("support")


def waiting(until: float | None = 30, generation: int = 2, **more: Any) -> ClockFacts:
    """The facts of a ticket that waits since noon."""
    wake = NOON + minutes(until) if until is not None else None
    return facts(category="waiting", waiting=[(NOON, None)], wake_at=wake, generation=generation, **more)


async def said(house: House) -> list[dict[str, Any]]:
    """What the row says, newest last."""
    return [orjson.loads(entry["event"]) for entry in (await house.row())["outbox"]]


@pytest.mark.parametrize(
    ("known", "wakes"),
    [
        (waiting(), True),
        (waiting(None), False),
        (facts(wake_at=NOON + minutes(30)), False),
        (facts(category="closed", wake_at=NOON + minutes(30)), False),
    ],
)
def test_only_a_waiting_ticket_with_a_time_has_a_wake_up(known: ClockFacts, wakes: bool) -> None:
    found = [timer for timer in timers(known, NONE) if timer.clock == "wake"]
    assert [(timer.due_at, timer.actions) for timer in found] == ([(NOON + minutes(30), ("wake",))] if wakes else [])


def test_a_wake_up_is_no_deadline() -> None:
    assert deadlines(waiting(), policy()) == ()


def test_an_answered_ticket_that_waits_is_live_until_it_is_awake() -> None:
    asleep = waiting(first_answered_at=NOON)
    row = Row("TW-1", asleep, 1, "c", 1, timers=timers(asleep, NONE))
    assert row.live
    assert row.next_due == NOON + minutes(30)
    assert not Row("TW-1", facts(first_answered_at=NOON), 1, "c", 1).live


@pytest.mark.parametrize(("category", "shown"), [("new", True), ("waiting", True), ("closed", False)])
def test_the_explicit_due_date_is_a_deadline_until_the_ticket_is_closed(category: str, shown: bool) -> None:
    known = facts(due=NOON + minutes(5), category=category, first_answered_at=NOON)
    assert [one.clock for one in deadlines(known, policy())] == (["due_date"] if shown else [])


def test_the_nearest_deadline_comes_first_whichever_it_is() -> None:
    early, late = facts(due=NOON + minutes(5)), facts(due=NOON + minutes(500))
    assert [one.clock for one in deadlines(early, policy(60))] == ["due_date", "first_response"]
    assert [one.clock for one in deadlines(late, policy(60))] == ["first_response", "due_date"]


def test_a_ticket_that_is_put_off_again_wakes_at_the_new_time_only() -> None:
    row = follow(None, "TW-1", waiting(30), 1, "c", NONE)
    row = follow(row, "TW-1", waiting(90, generation=3), 2, "c", NONE)
    assert [timer.due_at for timer in row.timers] == [NOON + minutes(90)]


async def test_a_wake_up_is_said_once_at_its_second_and_again_the_next_time(house: House) -> None:
    await house.handlers.on_queue_created([queue_created()])
    await house.handlers.on_ticket_event([heard(waiting(first_answered_at=NOON), version=2)])
    house.clock.forward(minutes(29.9))
    assert await house.timers.fire() == 0
    house.clock.forward(minutes(0.1))
    assert await house.timers.fire() == 1
    assert await house.timers.fire() == 0
    (due,) = [event for event in await said(house) if event["type"] == "escalation.due.v1"]
    assert (due["clock"], due["actions"], due["generation"]) == ("wake", ["wake"], 2)
    assert due["due_at"] == "2026-03-02T12:30:00Z"

    awake = facts(first_answered_at=NOON, category="active", waiting=[(NOON, NOON + minutes(30))], generation=3)
    await house.handlers.on_ticket_event([heard(awake, version=3)])
    assert "next_due" not in await house.row()
    again = waiting(120, generation=4, first_answered_at=NOON)
    await house.handlers.on_ticket_event([heard(again, version=4)])
    house.clock.forward(minutes(90))
    assert await house.timers.fire() == 1


async def test_a_wake_up_survives_a_restart(house: House) -> None:
    await house.handlers.on_ticket_event([heard(waiting(first_answered_at=NOON), version=2)])
    house.clock.forward(minutes(600))
    assert await house.store.soonest() == NOON + minutes(30)
    assert await house.timers.fire() == 1


async def test_a_due_date_is_said_as_a_deadline_and_taken_back(house: House) -> None:
    await house.handlers.on_ticket_event([heard(facts(due=NOON + minutes(5), first_answered_at=NOON))])
    await house.handlers.on_ticket_event([heard(facts(first_answered_at=NOON, generation=2), version=2)])
    told = [[one["clock"] for one in event["deadlines"]] for event in await said(house)]
    assert told == [["due_date"], []]
