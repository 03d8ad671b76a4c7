"""The one place where policies and rows of escalation become contract events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ticketwire_chassis.commits import Commit
from ticketwire_chassis.events import stamp
from ticketwire_chassis.relay import Said
from ticketwire_contracts.base import Actor, Event
from ticketwire_contracts.escalation import EscalationDueV1, PolicySetV1, TimersSetV1

from .domain import Row, Timer

CLOCKWORK = Actor(kind="system", id="system/escalation", via="timer")


def publish(commit: Commit) -> Said:
    """What a commit of a policy says; a refusal says nothing."""
    if commit.refused:
        return Said()
    envelope = stamp(
        PolicySetV1,
        commit.stream,
        commit.seq,
        at=commit.at,
        actor=commit.actor,
        correlation=commit.correlation,
        summary=f"Promises of {commit.after['queue']} changed",
    )
    return Said(internal=[PolicySetV1(**envelope, queue=commit.after["queue"], clocks=commit.after["clocks"])])


def of_row(before: Row | None, row: Row, said: Sequence[Timer], now: datetime) -> list[Event]:
    """What a written row says: steps that are due, and deadlines that moved. ``row.rev`` is the one after the write."""
    events: list[Event] = [_due(row, step, index, now) for index, step in enumerate(said)]
    if before.deadlines != row.deadlines if before else bool(row.deadlines):
        events.append(_timers(row, len(events), now))
    return events


def _due(row: Row, step: Timer, index: int, now: datetime) -> EscalationDueV1:
    envelope = stamp(
        EscalationDueV1,
        f"timer/{row.ticket}",
        row.rev,
        index,
        at=now,
        actor=CLOCKWORK,
        correlation=row.correlation,
        summary=f"{row.ticket}: {step.clock} at {step.percent} %",
    )
    return EscalationDueV1(
        **envelope,
        ticket=row.ticket,
        clock=step.clock,
        percent=step.percent,
        due_at=step.due_at,
        generation=row.facts.generation,
        policy_version=row.policy_version,
        actions=list(step.actions),
    )


def _timers(row: Row, index: int, now: datetime) -> TimersSetV1:
    envelope = stamp(
        TimersSetV1,
        f"timer/{row.ticket}",
        row.rev,
        index,
        at=now,
        actor=CLOCKWORK,
        correlation=row.correlation,
        summary=f"{row.ticket}: next deadlines changed",
    )
    return TimersSetV1(**envelope, ticket=row.ticket, generation=row.facts.generation, deadlines=list(row.deadlines))
