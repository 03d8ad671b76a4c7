"""A pending ticket opens by itself at its time, and only if it still waits for that time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.tickets.domain.decision import Decision, Refusal
from services.tickets.domain.events import StatusChanged
from services.tickets.domain.work import escalate
from ticketwire_chassis.events import stamp
from ticketwire_contracts.base import Actor
from ticketwire_contracts.escalation import EscalationDueV1
from ticketwire_contracts.tickets import SetPriorityV1, SetStatusV1

from .world import MARA, NOON, World, agent, kinds, status

mara = agent(MARA)


def asleep(minutes: float = 60) -> tuple[World, datetime]:
    """A ticket that waits, and until when."""
    world = World()
    world.mail()
    until = world.now + timedelta(minutes=minutes)
    assert status(world.do(mara, SetStatusV1(ticket="TW-1", status="pending", until=until))) == 200
    return world, until


def due(world: World, at: datetime, **more: Any) -> Decision:
    """escalation says that it is time."""
    event = EscalationDueV1(
        **stamp(
            EscalationDueV1, "timer/TW-1", 1, at=NOON, actor=Actor(kind="system", id="system/escalation"),
            correlation="c", summary="s",
        ),
        ticket="TW-1",
        clock="wake",
        percent=100,
        due_at=at,
        generation=world.tickets["TW-1"].clocks.generation,
        policy_version=0,
        actions=["wake"],
    )  # fmt: skip
    decision = escalate(world.context(), event.model_copy(update=more), world.now)
    if not isinstance(decision, Refusal):
        world._apply(decision)
    return decision


def test_the_time_stands_in_the_clock_facts_while_it_waits() -> None:
    world, until = asleep()
    assert world.tickets["TW-1"].clocks.wake_at == until
    world.do(mara, SetStatusV1(ticket="TW-1", status="open"))
    awake = world.tickets["TW-1"]
    assert (awake.wake_at or awake.clocks.wake_at) is None


def test_at_its_time_it_opens_once() -> None:
    world, until = asleep()
    world.tick(60)
    decision = due(world, until)
    assert not isinstance(decision, Refusal)
    (event,) = decision[0].events
    assert event == StatusChanged(before="pending", after="open", category="active")
    ticket = world.tickets["TW-1"]
    assert (ticket.status, ticket.wake_at, ticket.clocks.wake_at) == ("open", None, None)
    assert ticket.clocks.waiting[-1][1] == world.now
    assert kinds(due(world, until)) == ["moot"]


def test_a_clock_that_is_behind_escalations_wakes_it_too() -> None:
    world, until = asleep()
    assert kinds(due(world, until)) == ["status_changed"]


def test_what_moved_other_facts_does_not_keep_it_asleep() -> None:
    world, until = asleep()
    world.do(mara, SetPriorityV1(ticket="TW-1", priority=90))
    assert kinds(due(world, until, generation=1)) == ["status_changed"]


def test_a_ticket_put_off_again_sleeps_on() -> None:
    world, until = asleep()
    later = until + timedelta(hours=1)
    world.do(mara, SetStatusV1(ticket="TW-1", status="pending", until=later))
    assert kinds(due(world, until)) == ["moot"]
    assert kinds(due(world, later)) == ["status_changed"]


@pytest.mark.parametrize("moved", ["open", "resolved", "stalled", "pending"])
def test_a_ticket_that_waits_for_it_no_more_stays_as_it_is(moved: str) -> None:
    world, until = asleep()
    world.do(mara, SetStatusV1(ticket="TW-1", status=moved))
    before = world.tickets["TW-1"]
    assert kinds(due(world, until)) == ["moot"]
    assert world.tickets["TW-1"] == before


def test_a_customers_mail_wakes_it_before_its_time() -> None:
    world, until = asleep()
    world.mail(subject="[TW-1] here it is")
    assert world.tickets["TW-1"].status == "open"
    assert kinds(due(world, until)) == ["moot"]
