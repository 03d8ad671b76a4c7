"""A ticket's log as data: each change with who, when and why, what happened, and what is different since."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ticketwire_contracts.base import Actor
from ticketwire_contracts.tickets import Cause, Difference, Happening, HistoryEntry

from .events import Adopted, Erased, Said, Thin, is_internal
from .state import TicketState, message_of

_OF_TICKET = re.compile(r"(TW-\d{1,18})(?:\.\d{1,9})?")
"""A ticket's number, or the id of a message that was said on it."""
SILENT = frozenset({"version", "public_version", "updated_at", "clocks"})
"""Fields that move with everything."""
OF_NOTES = frozenset({"messages"})
"""Fields that would tell of a note to those who may not see notes."""
QUEUES = {"opened": ("queue",), "moved": ("before", "after")}
"""What happened → where in it queues are named."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One commit of a ticket, as the log keeps it."""

    seq: int
    at: datetime
    actor: Actor
    cause: str
    command: str
    correlation: str
    events: Sequence[Thin]
    after: TicketState


def entries(
    before: TicketState | None,
    commits: Iterable[Recorded],
    *,
    notes: bool,
    hidden: frozenset[str] = frozenset(),
    unseen: frozenset[str] = frozenset(),
) -> list[HistoryEntry]:
    """The changes of these commits, on top of the state ``before`` them; notes only for who may see them, no word of
    ``hidden`` tickets and no name of ``unseen`` queues."""
    told = []
    for commit in commits:
        seen = [
            event for event in commit.events if (notes or not is_internal(event)) and hidden.isdisjoint(_named(event))
        ]
        changed = difference(before, commit.after, frozenset() if notes else OF_NOTES, hidden, unseen)
        before = commit.after
        if not seen and not changed:
            continue
        told.append(
            HistoryEntry(
                version=commit.seq,
                at=commit.at,
                actor=commit.actor,
                command=commit.command,
                cause=cause_of(commit),
                correlation=commit.correlation,
                happened=[_happening(commit.after.number, event, commit.at, hidden, unseen) for event in seen],
                changed=changed,
            )
        )
    return told


def difference(
    before: TicketState | None,
    after: TicketState,
    kept_back: frozenset[str] = frozenset(),
    hidden: frozenset[str] = frozenset(),
    unseen: frozenset[str] = frozenset(),
) -> dict[str, Difference]:
    """The ticket's fields that are other than before. On opening, those that have something in them."""
    was = _veiled(without_hidden(before, hidden), ("queue",), unseen) if before else {}
    now = _veiled(without_hidden(after, hidden), ("queue",), unseen)
    return {
        name: Difference(before=was.get(name), after=now.get(name))
        for name in now
        if name not in SILENT | kept_back
        and was.get(name) != now[name]
        and (was or now[name] not in (None, "", [], {}))
    }


def without_hidden(state: TicketState, hidden: frozenset[str]) -> dict[str, Any]:
    """A ticket as data without a word of hidden tickets, nor of those who watch it by one of those alone."""
    by_hidden = {one.id for part in state.absorbed if part.number in hidden for one in part.watchers or ()}
    by_seen = {one.id for part in state.absorbed if part.number not in hidden for one in part.watchers or ()}
    watchers = [one for one in state.watchers if one.id not in by_hidden - by_seen]
    ticket = state.shown().model_copy(update={"watchers": watchers})
    return dict(without(ticket.model_dump(mode="json"), hidden))


def numbers_in(value: Any) -> set[str]:
    """Numbers of tickets that stand in a value as such or in the ids of messages, not in its texts."""
    if isinstance(value, str):
        found = _OF_TICKET.fullmatch(value)
        return {found[1]} if found else set()
    if isinstance(value, Mapping):
        return set().union(*(numbers_in(part) for part in (*value.keys(), *value.values())))
    return set().union(*map(numbers_in, value)) if isinstance(value, list | tuple) else set()


def without(value: Any, hidden: frozenset[str]) -> Any:
    """A value without what speaks of hidden tickets: such items of lists and such entries go, a number is none."""
    if isinstance(value, str):
        return value if hidden.isdisjoint(numbers_in(value)) else None
    if isinstance(value, Mapping):
        return {name: without(part, hidden) for name, part in value.items() if name not in hidden}
    if isinstance(value, list):
        return [without(part, hidden) for part in value if hidden.isdisjoint(numbers_in(part))]
    return value


def cause_of(commit: Recorded) -> Cause:
    """Why: a mail, a person's order, a step that was due, or Ticketwire itself."""
    root = commit.cause.rpartition(":")[0] or commit.cause
    if any(isinstance(event, Said) and event.mail is not None for event in commit.events):
        return Cause(kind="mail", id=root)
    if commit.actor.via == "timer" or commit.command == "escalate":
        return Cause(kind="timer", id=root)
    return Cause(kind="system" if commit.actor.kind == "system" else "command", id=root)


def _named(event: Thin) -> set[str]:
    """Tickets that an event is about. That a message came from another ticket is not what it is about."""
    about = event.model_dump(mode="json", exclude={"origin"} if isinstance(event, Adopted) else None)
    return numbers_in(about)


def _veiled(value: dict[str, Any], names: Iterable[str], unseen: frozenset[str]) -> dict[str, Any]:
    return value | {name: None for name in names if value.get(name) in unseen}


def _happening(number: str, event: Thin, at: datetime, hidden: frozenset[str], unseen: frozenset[str]) -> Happening:
    if isinstance(event, Erased):
        return Happening(type=event.type, details={"person": event.person, "values": sorted(event.takes)})
    said = set(Said.model_fields) if isinstance(event, Said) else {"type", "v"}
    details: dict[str, Any] = event.model_dump(mode="json", exclude=said | {"type", "v"}, exclude_none=True)
    message = message_of(number, event, at) if isinstance(event, Said) else None
    if message is not None and message.origin and not hidden.isdisjoint(numbers_in(message.origin)):
        message = message.model_copy(update={"origin": None})
    told = _veiled(without(details, hidden), QUEUES.get(event.type, ()), unseen)
    return Happening(type=event.type, message=message, details=told)
