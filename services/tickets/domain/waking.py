"""A waiting ticket opens by itself when its time has come, and only if it still waits for that time."""

from __future__ import annotations

from datetime import datetime

from ticketwire_contracts.escalation import EscalationDueV1

from .context import Context
from .decision import Change, Decision, refused
from .events import StatusChanged
from .state import TicketState, fold


def wake(context: Context, ticket: TicketState, due: EscalationDueV1, now: datetime) -> Decision:
    """What becomes of a wake-up. It is held against the time that the ticket waits for, never against our clock,
    which may be behind escalation's."""
    if ticket.category != "waiting" or ticket.wake_at is None or ticket.wake_at != due.due_at:
        return refused("moot", "No longer due", 409, "The ticket does not wait for this any more.")
    lifecycle = context.directory.lifecycle_of(ticket.queue)
    event = StatusChanged(before=ticket.status, after=lifecycle.active, category=lifecycle.statuses[lifecycle.active])
    return [Change(f"ticket/{ticket.number}", [event], fold(ticket, [event], max(now, ticket.updated_at)))]
