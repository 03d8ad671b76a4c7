"""The timeline: one row per event, keyed by the event's id, for whoever may see it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from ticketwire_contracts.base import Event
from ticketwire_contracts.notify import NotificationEvent, NotificationFailedV1
from ticketwire_contracts.tickets import (
    MessageEvent,
    Party,
    TicketAbsorbedV1,
    TicketAdoptedV1,
    TicketDependencyReopenedV1,
    TicketDueChangedV1,
    TicketEscalatedV1,
    TicketEvent,
    TicketFieldsChangedV1,
    TicketForwardedV1,
    TicketLinkedV1,
    TicketMergedV1,
    TicketMessagesMovedV1,
    TicketMessagesReturnedV1,
    TicketMovedV1,
    TicketOwnerChangedV1,
    TicketPartWaitsV1,
    TicketPeopleChangedV1,
    TicketPriorityChangedV1,
    TicketReleasedV1,
    TicketRequestersChangedV1,
    TicketStatusChangedV1,
    TicketSubjectChangedV1,
    TicketTagsChangedV1,
    TicketTimeWorkedV1,
    TicketUnlinkedV1,
    TicketUnmergedV1,
)

Row = dict[str, Any]
Audience = Literal["all", "agents", "notes"]
"""Who may see an entry, besides seeing the ticket: all; agents; agents with ``note.show``."""

NAMING_OTHERS = (
    TicketLinkedV1,
    TicketUnlinkedV1,
    TicketDependencyReopenedV1,
    TicketMergedV1,
    TicketAbsorbedV1,
    TicketUnmergedV1,
    TicketReleasedV1,
    TicketMessagesMovedV1,
    TicketMessagesReturnedV1,
    TicketPartWaitsV1,
)
"""What tells of other tickets, which concerns those who work here; whoever may not see those does not read of them."""

TO_CUSTOMERS = frozenset({"auto_reply", "reply"})
"""Mails to customers; that others were sent may come of a note and is seen like one."""


def entry(event: Event) -> Row | None:
    """The row of an event on its ticket's timeline; none for events that do not stand there."""
    if isinstance(event, MessageEvent):
        audience: Audience = "notes" if event.message.internal else "all"
        row = _row(event, event.ticket.number, audience) | {"message": event.message.model_dump()}
        return row | ({"details": _details(event)} if isinstance(event, TicketForwardedV1) else {})
    if isinstance(event, TicketEvent):
        # what outsiders do not hear, customers do not see
        audience = "all" if type(event).public else "agents"
        return _row(event, event.ticket.number, audience) | {"details": _details(event)}
    if isinstance(event, NotificationEvent):
        audience = "agents" if event.kind in TO_CUSTOMERS else "notes"
        return _row(event, event.ticket, audience) | {"details": _sending(event)}
    return None


def position(event: Event) -> str:
    """Where the entry stands: by time, and at the same time by the ticket's version, sendings last.

    Times are kept to the millisecond, as the database does, so that the answer to a command and the batch that
    follows give the same row. A message that came from another ticket stands at the time at which it was said. The
    event's id at the end makes places unique, also among tickets that are shown together.
    """
    own = isinstance(event, TicketEvent)
    index = int(event.id.rpartition(":")[2]) if own else 0
    at = _milliseconds(said_at(event))
    return f"{at:014d}.{0 if own else 1}.{event.version:08d}.{index:03d}.{event.id}"


def said_at(event: Event) -> datetime:
    """When it happened, or was said where it was said first."""
    return event.message.at if isinstance(event, TicketAdoptedV1) else event.time


def _row(event: Event, ticket: str, audience: Audience) -> Row:
    return {
        "_id": event.id,
        "ticket": ticket,
        "order": position(event),
        "type": event.topic.rpartition(".")[0],
        "at": said_at(event),
        "audience": audience,
        "actor": {"kind": event.actor.kind, "id": event.actor.id},
        "version": event.version if isinstance(event, TicketEvent) else 0,
    }


def _details(event: TicketEvent) -> Row:
    match event:
        case TicketStatusChangedV1():
            wake = event.ticket.wake_at
            return {"before": event.before, "after": event.after} | ({"until": wake} if wake else {})
        case TicketMovedV1():
            return {
                "before": event.before,
                "after": event.after,
                "status_before": event.status_before,
                "status_after": event.ticket.status,
            }
        case TicketPriorityChangedV1():
            return {"before": event.before, "after": event.after}
        case TicketOwnerChangedV1():
            return {"before": _named(event.before), "after": _named(event.after)}
        case TicketEscalatedV1():
            return {"clock": event.clock, "percent": event.percent, "due_at": event.due_at}
        case TicketSubjectChangedV1() | TicketDueChangedV1():
            return {"before": event.before, "after": event.after}
        case TicketRequestersChangedV1() | TicketPeopleChangedV1():
            role = "requesters" if isinstance(event, TicketRequestersChangedV1) else event.role
            return {"role": role, "added": _all_named(event.added), "removed": _all_named(event.removed)}
        case TicketTagsChangedV1():
            return {"added": event.added, "removed": event.removed}
        case TicketFieldsChangedV1():
            return {"changes": [change.model_dump() for change in event.changes]}
        case TicketTimeWorkedV1():
            return {"minutes": event.minutes, "text": event.text, "total": event.total}
        case TicketForwardedV1():
            return {"messages": [message.id for message in event.quoted]}
    return _others(event)


def _others(event: TicketEvent) -> Row:
    match event:
        case TicketLinkedV1() | TicketUnlinkedV1():
            return {"type": event.link.type, "target": event.link.target}
        case TicketDependencyReopenedV1():
            return {"target": event.dependency}
        case TicketMergedV1():
            return {"target": event.into}
        case TicketUnmergedV1():
            return {"target": event.out_of}
        case TicketAbsorbedV1() | TicketReleasedV1():
            return {"numbers": event.numbers}
        case TicketMessagesMovedV1():
            return {"target": event.to, "messages": event.messages, "copied": event.copied}
        case TicketMessagesReturnedV1():
            return {"messages": event.messages}
        case TicketPartWaitsV1():
            return {"target": event.number, "unanswered": event.unanswered}
    return {}


def _sending(event: NotificationEvent) -> Row:
    told: Row = {"kind": event.kind, "recipients": event.recipients, "message_id": event.message_id}
    return told | ({"reason": event.reason} if isinstance(event, NotificationFailedV1) else {})


def _named(party: Party | None) -> str | None:
    return (party.name or party.login or party.address) if party else None


def _all_named(parties: list[Party]) -> list[str]:
    return [_named(party) or "" for party in parties]


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp()) * 1000 + at.microsecond // 1000
