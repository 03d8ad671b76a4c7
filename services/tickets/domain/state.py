"""A ticket's whole state, and how each event moves it: ``evolve(state, event, at) -> state``.

The state is the contract's ``Ticket`` and a little that only the decisions need. Clock facts are recomputed
here and nowhere else; ``generation`` moves when any of them moves, so that a timer computed from older facts
is known to be stale (decision 16).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from ticketwire_contracts.tickets import Category, ClockFacts, Link, Message, MovedMessage, Party, Standing, Ticket

from . import comparing, standing
from .events import (
    Adopted,
    DueChanged,
    Escalated,
    FieldsChanged,
    Kept,
    LetGo,
    Linked,
    Merged,
    MessagesMoved,
    MessagesReturned,
    Moved,
    Opened,
    OwnerChanged,
    PartWaits,
    PeopleChanged,
    PriorityChanged,
    Received,
    Replied,
    RequestersChanged,
    Said,
    StatusChanged,
    SubjectChanged,
    TagsChanged,
    Thin,
    TimeWorked,
    TookIn,
    Unlinked,
    Unmerged,
    is_internal,
)

THREAD = 10
"""Message-IDs of the newest customer mails that are kept for References."""


class Origin(BaseModel):
    """Where a message of this ticket stood before."""

    message: str
    origin: str


class Resting(BaseModel):
    """The status that a merged ticket had before, and gets back."""

    status: str
    category: Category
    wake_at: datetime | None = None


class TicketState(Ticket):
    """The ticket, and what only tickets needs to know of it."""

    thread: list[str] = Field(default_factory=list, description="Message-IDs of customers' mails, oldest first.")
    fired: list[str] = Field(default_factory=list, description="Escalation steps done in this generation.")
    own: Standing | None = Field(default=None, description="Its own part, while other tickets are merged into it.")
    resting: Resting | None = Field(default=None, description="Its status before it was merged.")
    origins: list[Origin] = Field(default_factory=list, description="Messages that were moved or copied here.")

    def shown(self) -> Ticket:
        """The contract's ticket."""
        return Ticket.model_construct(**{name: getattr(self, name) for name in Ticket.model_fields})


def fold(state: TicketState | None, events: Sequence[Thin], at: datetime) -> TicketState:
    """The state after one commit's events: one version on, public version by its public events."""
    for event in events:
        state = _joined_or_alone(state, event, at)
    if state is None:
        raise ValueError("a ticket begins with `opened`")
    public = sum(event.public for event in events)
    return state.model_copy(
        update={
            "version": state.version + 1,
            "public_version": state.public_version + public,
            "updated_at": at,
        }
    )


def _joined_or_alone(state: TicketState | None, event: Thin, at: datetime) -> TicketState:
    """The ticket after an event, and with it what is merged into it."""
    after = evolve(state, event, at)
    if state is None or state.own is None or isinstance(event, TookIn | LetGo | Unmerged):
        return after
    if event.v == 1:
        return after.model_copy(update=comparing.followed(state, after, state.own))
    own = standing.of(evolve(standing.alone(state), event, at))
    return after.model_copy(update=standing.followed(state, after, own, event, at))


def evolve(state: TicketState | None, event: Thin, at: datetime) -> TicketState:
    """What the ticket is after ``event``. Total: any event that was accepted can be applied."""
    if isinstance(event, Opened):
        return _opened(event, at)
    if state is None:
        raise ValueError(f"a ticket begins with `opened`, not `{event.type}`")
    change: dict[str, Any] = {}
    if isinstance(event, Said):
        change["messages"] = event.n
    match event:
        case Received():
            change |= _received(state, event, at)
        case Replied():
            change |= {"clocks": _answered(state.clocks, at), "fired": []}
        case StatusChanged():
            change |= {"status": event.after, "category": event.category, "wake_at": event.wake_at, "fired": []}
            change["clocks"] = _moved(state.clocks, event.category, at).model_copy(update={"wake_at": event.wake_at})
        case OwnerChanged():
            change["owner"] = event.after
        case PriorityChanged():
            change |= {"priority": event.after, "clocks": _with(state.clocks, priority=event.after), "fired": []}
        case Moved():
            change |= _elsewhere(state, event, at)
        case Escalated():
            change["fired"] = [*state.fired, f"{event.clock}:{event.percent}"]
        case SubjectChanged():
            change["subject"] = event.after
        case DueChanged():
            change |= {"due": event.after, "clocks": _with(state.clocks, due=event.after), "fired": []}
        case RequestersChanged():
            change["requesters"] = _standing(state.requesters, event.added, event.removed)
        case PeopleChanged():
            change[event.role] = _standing(getattr(state, event.role), event.added, event.removed)
        case TagsChanged():
            change["tags"] = sorted({*state.tags, *event.added} - set(event.removed))
        case FieldsChanged():
            changed = {one.name: one.after for one in event.changes}
            change["fields"] = {k: v for k, v in {**state.fields, **changed}.items() if v is not None}
        case TimeWorked():
            change["time_worked"] = state.time_worked + event.minutes
        case Linked() | Unlinked():
            change["links"] = _links(state, event)
        case Merged() | TookIn() | LetGo() | Unmerged():
            change |= {**_joined(state, event, at), "fired": []}
        case MessagesMoved() | MessagesReturned():
            change |= _moved_messages(state, event)
        case Adopted():
            change |= _adopted(state, event)
        case PartWaits():
            change["fired"] = []
        case _:
            pass
    return state.model_copy(update=change)


def message_of(number: str, event: Said, at: datetime) -> Message:
    """What was said, as the contract shows it."""
    return Message(
        id=f"{number}.{event.n}",
        ticket=number,
        kind=event.kind,
        author=event.author,
        internal=is_internal(event),
        subject=event.subject,
        text=event.text,
        html=event.html,
        attachments=event.attachments,
        to=event.to,
        cc=event.cc,
        message_id=event.message_id,
        references=event.references,
        auto=event.auto,
        pgp=event.pgp,
        mail=event.mail,
        at=event.said_at if isinstance(event, Adopted) else at,
        through=event.through,
        origin=event.origin if isinstance(event, Adopted) else None,
    )


def _opened(event: Opened, at: datetime) -> TicketState:
    asked = event.kind == "mail" or event.opened_by == "phone"
    waits = at if asked and not event.author.agent and not event.auto.is_auto else None
    return TicketState(
        number=event.number,
        subject=event.title,
        queue=event.queue,
        status=event.status,
        category=event.category,
        priority=event.priority,
        owner=event.owner,
        requesters=event.requesters,
        cc=event.copies,
        clocks=ClockFacts(
            opened_at=at,
            oldest_unanswered_at=waits,
            last_customer_at=waits,
            started_at=at if event.category != "new" else None,
            priority=event.priority,
            queue=event.queue,
            category=event.category,
            generation=1,
        ),
        opened_by=event.opened_by,
        created_at=at,
        updated_at=at,
        version=1,
        public_version=0,
        messages=event.n,
        language=event.language,
        links=[Link(type="refers_to", target=event.refers_to)] if event.refers_to else [],
        thread=[event.message_id] if event.message_id and not event.author.agent else [],
    ).model_copy(update={"version": 0})


def _received(state: TicketState, event: Received, at: datetime) -> dict[str, Any]:
    change: dict[str, Any] = {}
    if event.message_id:
        change["thread"] = [*state.thread, event.message_id][-THREAD:]
    if event.auto.is_auto:
        return change
    clocks = _with(state.clocks, last_customer_at=at, oldest_unanswered_at=state.clocks.oldest_unanswered_at or at)
    return change | {"clocks": clocks, "fired": []}


def _elsewhere(state: TicketState, event: Moved, at: datetime) -> dict[str, Any]:
    """In another queue, with the status that it has there; a wake-up time stays with one who still waits."""
    clocks = _with(state.clocks, queue=event.after)
    change: dict[str, Any] = {"queue": event.after, "status": event.status, "category": event.category, "fired": []}
    if event.category != state.category:
        clocks = _moved(clocks, event.category, at)
    if event.category != "waiting":
        change["wake_at"] = None
        clocks = clocks.model_copy(update={"wake_at": None})
    return change | {"clocks": clocks}


def _answered(clocks: ClockFacts, at: datetime) -> ClockFacts:
    return _with(clocks, first_answered_at=clocks.first_answered_at or at, oldest_unanswered_at=None, last_agent_at=at)


def _moved(clocks: ClockFacts, category: Category, at: datetime) -> ClockFacts:
    """The clocks after a change of status: started, waiting intervals, resolved."""
    waiting = list(clocks.waiting)
    if clocks.category == "waiting" and category != "waiting" and waiting:
        waiting[-1] = (waiting[-1][0], at)
    if category == "waiting" and clocks.category != "waiting":
        waiting.append((at, None))
    return _with(
        clocks,
        category=category,
        waiting=waiting,
        started_at=clocks.started_at or (at if category != "new" else None),
        resolved_at=(clocks.resolved_at or at) if category == "closed" else None,
    )


def _standing(present: Sequence[Party], added: Sequence[Party], removed: Sequence[Party]) -> list[Party]:
    gone = {one.id for one in removed}
    stay = [one for one in present if one.id not in gone]
    return [*stay, *(one for one in added if one.id not in {other.id for other in stay})]


def _with(clocks: ClockFacts, **change: Any) -> ClockFacts:
    return clocks.model_copy(update={**change, "generation": clocks.generation + 1})


def _links(state: TicketState, event: Linked | Unlinked) -> list[Link]:
    if isinstance(event, Linked):
        return [*state.links, event.link]
    return [link for link in state.links if not (link.type == event.link.type and link.target in event.targets)]


def _joined(state: TicketState, event: Merged | TookIn | LetGo | Unmerged, at: datetime) -> dict[str, Any]:
    """Merging and undoing it: what a ticket's own part is, and what counts for it besides."""
    match event:
        case Merged():
            resting = Resting(status=state.status, category=state.category, wake_at=state.wake_at)
            return {"merged_into": event.into, "resting": resting}
        case TookIn():
            own, parts = _own(state, event), [*state.absorbed, *event.parts]
        case LetGo():
            own, parts = _own(state, event), [part for part in state.absorbed if part.number not in event.numbers]
        case Unmerged():
            kept = {one.number: _kept(one) for one in event.kept}
            own = _own(state, event).model_copy(update=kept[state.number])
            parts = [part.model_copy(update=kept[part.number]) for part in state.absorbed if part.number in kept]
    then = standing.joined(state.number, own, parts, state.clocks.generation + 1)
    return {"merged_into": None, "resting": None, **then} if isinstance(event, Unmerged) else then


def _own(state: TicketState, event: TookIn | LetGo | Unmerged) -> Standing:
    """A ticket's own part; v 1 left out who watches it and the time worked on it, which were not joined then."""
    if event.v > 1:
        return standing.own_of(state)
    return state.own or standing.of(state).model_copy(update={"watchers": None, "time_worked": None})


def _kept(part: Kept) -> dict[str, Any]:
    kept: dict[str, Any] = {"links": part.links, "clocks": part.clocks}
    return kept if part.time_worked is None else {**kept, "time_worked": part.time_worked}


def _moved_messages(state: TicketState, event: MessagesMoved | MessagesReturned) -> dict[str, Any]:
    rest = [one for one in state.moved if one.message not in event.messages]
    change: dict[str, Any] = {"moved": rest}
    if isinstance(event, MessagesMoved):
        if event.copied:
            return {}
        change["moved"] = [*rest, *(MovedMessage(message=message, to=event.to) for message in event.messages)]
    if event.unanswered != state.clocks.oldest_unanswered_at:
        change |= {"clocks": _with(state.clocks, oldest_unanswered_at=event.unanswered), "fired": []}
    return change


def _adopted(state: TicketState, event: Adopted) -> dict[str, Any]:
    """A message from elsewhere counts for the clocks with the time at which it was said."""
    message = f"{state.number}.{event.n}"
    change: dict[str, Any] = {"origins": [*state.origins, Origin(message=message, origin=event.origin)]}
    clocks, at = state.clocks, event.said_at
    if event.spoke == "customer":
        waits = min(clocks.oldest_unanswered_at or at, at) if event.waits else clocks.oldest_unanswered_at
        last = max(clocks.last_customer_at or at, at)
        change |= {"clocks": _with(clocks, last_customer_at=last, oldest_unanswered_at=waits), "fired": []}
        if event.message_id:
            change["thread"] = [*state.thread, event.message_id][-THREAD:]
    elif event.spoke == "agent":
        first, last = min(clocks.first_answered_at or at, at), max(clocks.last_agent_at or at, at)
        change |= {"clocks": _with(clocks, first_answered_at=first, last_agent_at=last), "fired": []}
    return change
