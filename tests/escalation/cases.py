"""What the tests of escalation share: facts, events, a clock that stands where it is put."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from services.escalation.domain import Policy
from ticketwire_chassis.events import stamp
from ticketwire_contracts.base import Actor
from ticketwire_contracts.escalation import Clock, Step
from ticketwire_contracts.tickets import (
    ClockFacts,
    Queue,
    QueueCreatedV1,
    Ticket,
    TicketEscalatedV1,
    TicketEvent,
    TicketPriorityChangedV1,
)

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SYSTEM = Actor(kind="system", id="system/tickets")


def minutes(n: float) -> timedelta:
    """So many minutes."""
    return timedelta(minutes=n)


def first_response(length: int = 60, *percents: int) -> Clock:
    """A clock whose steps tell the supervisors."""
    steps = [Step(percent=percent, actions=["tell_supervisors"]) for percent in percents or (100,)]
    return Clock(clock="first_response", minutes=length, steps=steps)


def policy(length: int = 60, *percents: int, version: int = 1, queue: str = "support") -> Policy:
    """A policy with that clock."""
    return Policy(queue, (first_response(length, *percents),), version)


def facts(**change: Any) -> ClockFacts:
    """The facts of a ticket opened at noon."""
    begin: dict[str, Any] = {
        "opened_at": NOON,
        "oldest_unanswered_at": NOON,
        "priority": 50,
        "queue": "support",
        "category": "new",
        "generation": 1,
    }
    return ClockFacts.model_validate(begin | change)


def heard(clocks: ClockFacts, version: int = 1, number: str = "TW-1") -> TicketEvent:
    """An event that carries a ticket with these facts; which one does not matter to the clocks."""
    envelope = stamp(
        TicketPriorityChangedV1,
        f"ticket/{number}",
        version,
        at=NOON,
        actor=SYSTEM,
        correlation="c-1",
        summary="changed",
    )
    return TicketPriorityChangedV1(**envelope, ticket=ticket(clocks, version, number), before=1, after=2)


def escalated(clocks: ClockFacts, version: int, percent: int = 100, number: str = "TW-1") -> TicketEscalatedV1:
    """tickets confirms a step."""
    envelope = stamp(
        TicketEscalatedV1, f"ticket/{number}", version, at=NOON, actor=SYSTEM, correlation="c-1", summary="escalated"
    )
    return TicketEscalatedV1(
        **envelope,
        ticket=ticket(clocks, version, number),
        clock="first_response",
        percent=percent,
        due_at=NOON,
        actions=["tell_supervisors"],
    )


def queue_created(name: str = "support") -> QueueCreatedV1:
    """A queue was made."""
    envelope = stamp(
        QueueCreatedV1, f"queue/{name}", 1, at=NOON, actor=SYSTEM, correlation="c-0", summary="a queue was made"
    )
    return QueueCreatedV1(**envelope, queue=Queue(name=name, title=name))


def ticket(clocks: ClockFacts, version: int, number: str) -> Ticket:
    """A ticket with these facts."""
    return Ticket(
        number=number,
        subject="Printer",
        queue=clocks.queue,
        status="new",
        category=clocks.category,
        priority=clocks.priority,
        clocks=clocks,
        opened_by="mail",
        created_at=clocks.opened_at,
        updated_at=clocks.opened_at,
        version=version,
        public_version=version,
        messages=1,
    )


@dataclass
class Clockface:
    """A clock that is set by hand."""

    time: datetime = NOON

    def __call__(self) -> datetime:
        return self.time

    def forward(self, by: timedelta) -> None:
        """Time passes."""
        self.time += by
