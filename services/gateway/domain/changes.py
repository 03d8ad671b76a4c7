"""What events change in the views. Any order, any repetition gives the same views (decision 8)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ticketwire_contracts.base import Event
from ticketwire_contracts.catalogue import told_again
from ticketwire_contracts.escalation import TimersSetV1
from ticketwire_contracts.tickets import (
    Grant,
    GrantGivenV1,
    GrantTakenV1,
    GroupChangedV1,
    LifecycleChangedV1,
    PersonChangedV1,
    PersonCreatedV1,
    PersonErasedV1,
    QueueChangedV1,
    QueueCreatedV1,
    QueueFieldsSetV1,
    Ticket,
    TicketErasedV1,
    TicketEvent,
)

from .entries import Row, entry
from .order import FAR

DIRECTORY = frozenset({"queues", "groups", "grants", "lifecycles"})
"""Views that decide who may see and do what; so do those people who are agents, or were."""


@dataclass(frozen=True, slots=True)
class Kept:
    """State of which the greatest version is kept: ``fields`` replace older ones where ``guard`` is smaller.

    A ticket's row is fed by two streams, the ticket's own and its timers'. Each has its own guard and its own
    fields, so neither needs the other to come first.
    """

    view: str
    key: str
    guard: str
    version: int
    fields: dict[str, Any]


@dataclass(slots=True)
class Changes:
    """What a batch of events comes to: at most one write per row."""

    kept: dict[tuple[str, str, str], Kept] = field(default_factory=dict)
    entries: dict[str, Row] = field(default_factory=dict)
    redacted: dict[str, tuple[int, Row]] = field(default_factory=dict)
    """Entries as they are since personal values were taken out, by the version that took them."""
    tombstones: list[PersonErasedV1] = field(default_factory=list)

    def keep(self, kept: Kept) -> None:
        """Takes a state in, unless a newer one is here."""
        place = (kept.view, kept.key, kept.guard)
        known = self.kept.get(place)
        if known is None or known.version < kept.version:
            self.kept[place] = kept

    @property
    def touches_directory(self) -> bool:
        """Whether anything changes that decides who may see what."""
        return bool(self.tombstones) or any(
            kept.view in DIRECTORY or (kept.view == "people" and (kept.fields["agent"] or kept.version > 1))
            for kept in self.kept.values()
        )


def changes(events: Iterable[Event]) -> Changes:
    """What these events change."""
    outcome = Changes()
    for event in events:
        row = entry(event)
        if row is not None:
            outcome.entries[event.id] = row
        if isinstance(event, TicketErasedV1):
            for key, again in redactions(event).items():
                if outcome.redacted.get(key, (0, {}))[0] < event.version:
                    outcome.redacted[key] = (event.version, again)
        if isinstance(event, PersonErasedV1):
            outcome.tombstones.append(event)
        kept = state(event)
        if kept is not None:
            outcome.keep(kept)
    return outcome


def redactions(event: TicketErasedV1) -> dict[str, Row]:
    """The ticket's earlier entries as they are from now on, by id."""
    return {one.id: row for one in told_again(event) if (row := entry(one)) is not None}


def state(event: Event) -> Kept | None:
    """The state that an event carries, if it is one that is shown."""
    match event:
        case TicketEvent():
            return Kept("tickets", event.ticket.number, "version", event.ticket.version, ticket_fields(event.ticket))
        case TimersSetV1():
            return Kept("tickets", event.ticket, "timers_version", event.version, timer_fields(event))
        case QueueCreatedV1() | QueueChangedV1() | QueueFieldsSetV1():
            return Kept(
                "queues", event.queue.name, "version", event.version, event.queue.model_dump(exclude={"version"})
            )
        case PersonCreatedV1() | PersonErasedV1() | PersonChangedV1():
            return Kept(
                "people", event.person.id, "version", event.version, event.person.model_dump(exclude={"version"})
            )
        case GroupChangedV1():
            return Kept(
                "groups", event.group.name, "version", event.version, event.group.model_dump(exclude={"version"})
            )
        case LifecycleChangedV1():
            lifecycle = event.lifecycle
            return Kept(
                "lifecycles", lifecycle.name, "version", event.version, lifecycle.model_dump(exclude={"version"})
            )
        case GrantGivenV1() | GrantTakenV1():
            given = isinstance(event, GrantGivenV1)
            fields = event.grant.model_dump() | {"given": given}
            return Kept("grants", grant_key(event.grant), "version", event.version, fields)
    return None


def ticket_fields(ticket: Ticket) -> dict[str, Any]:
    """A ticket's row but for its deadlines."""
    fields = ticket.model_dump(exclude={"number", "version", "public_version", "clocks"})
    fields["open"] = ticket.category != "closed"
    fields["unanswered"] = ticket.clocks.oldest_unanswered_at
    return fields


def timer_fields(event: TimersSetV1) -> dict[str, Any]:
    """A ticket's deadlines, and the one that lists are ordered by."""
    return {
        "deadlines": [deadline.model_dump() for deadline in event.deadlines],
        "due_sort": min((deadline.due_at for deadline in event.deadlines), default=FAR),
    }


def grant_key(grant: Grant) -> str:
    """A grant is what it says."""
    return f"{grant.right}|{grant.grantee}|{grant.scope}"
