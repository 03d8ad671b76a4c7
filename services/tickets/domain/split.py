"""Splitting: messages become a new ticket, linked to the old, each with its author, its files and its time.

The log does not move: on the old ticket the messages are marked as moved (or copied), on the new one they are
said again with their origin. Undoing it takes the marks away and merges the new ticket into the old, so that its
number leads back and what has come there since is not lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ticketwire_contracts.base import Actor
from ticketwire_contracts.tickets import Absorbed, Link, Party, Queue, SplitTicketV1, UnsplitTicketV1

from . import standing
from .acting import lacks, sees, unseen
from .context import Context, Spoken
from .decision import Change, Decision, Refusal, refused
from .events import Linked, MessagesMoved, MessagesReturned, Opened, Thin, TookIn, is_internal
from .links import BeyondReach, on, too_far, unlinked
from .merge import circle, into, reopened
from .messages import adopted, clocks_of, part_waits, speaker, unanswered
from .people import party
from .state import TicketState, fold


def decide_split(context: Context, actor: Actor, command: SplitTicketV1, now: datetime) -> Decision:
    """A new ticket of one or several messages."""
    ticket = context.ticket(command.ticket)
    if refusal := unseen(context, actor, ticket, command):
        return refusal
    assert ticket is not None
    if missing := lacks(context, actor, "ticket.split", ticket):
        return missing
    queue = _queue(context, actor, command.queue or ticket.queue)
    if isinstance(queue, Refusal):
        return queue
    chosen = _chosen(context, actor, ticket, command.messages)
    if isinstance(chosen, Refusal):
        return chosen
    number = context.next_number()
    opened = _opened(context, actor, ticket, queue, number, command.subject, chosen)
    events: list[Thin] = [opened, Linked(link=Link(type="split_from", target=ticket.number))]
    for n, spoken in enumerate(chosen, start=2):
        events.append(adopted(spoken, n, clocks_of(context, spoken.ticket)))
    left: dict[str, list[Thin]] = {ticket.number: [Linked(link=Link(type="split_into", target=number))]}
    for origin in dict.fromkeys(spoken.ticket for spoken in chosen):
        ids = [spoken.id for spoken in chosen if spoken.ticket == origin]
        oldest = clocks_of(context, origin).oldest_unanswered_at
        waits = oldest if command.keep else unanswered(context, origin, oldest, ids)
        moved = MessagesMoved(messages=ids, to=number, copied=command.keep, unanswered=waits)
        left.setdefault(origin, []).append(moved)
        left[ticket.number] += part_waits(context, origin, waits)
    changes = [Change(f"ticket/{number}", events, fold(None, events, now))]
    return changes + [on(context.tickets[origin], gone, now) for origin, gone in left.items()]


def _opened(
    context: Context,
    actor: Actor,
    ticket: TicketState,
    queue: Queue,
    number: str,
    subject: str | None,
    chosen: Sequence[Spoken],
) -> Opened:
    asking: dict[str, Party] = {
        one.said.author.id: one.said.author for one in chosen if speaker(one.said) == "customer"
    }
    person = context.persons.get(actor.id)
    lifecycle = context.directory.lifecycle_of(queue.name)
    title = (subject or ticket.subject).strip() or ticket.subject
    return Opened(
        n=1,
        kind="page" if actor.via == "page" else "api",
        author=party(person) if person else Party(id=actor.id, name="Ticketwire"),
        text="",
        number=number,
        queue=queue.name,
        title=title,
        subject=title,
        status=lifecycle.initial,
        category=lifecycle.statuses[lifecycle.initial],
        priority=ticket.priority,
        requesters=list(asking.values()) or ticket.requesters,
        opened_by="split",
        language=next((one.language for one in asking.values()), ticket.language),
    )


def _queue(context: Context, actor: Actor, name: str) -> Queue | Refusal:
    queue = context.directory.queues.get(name)
    thing = context.queue_thing(name)
    if queue is None or not context.may(actor, "queue.see", thing):
        return refused("queue-not-found", "No such queue", 404, f"There is no queue {name} for you.")
    if queue.disabled:
        return refused("queue-disabled", "The queue takes nothing new", 409, f"{queue.title} is disabled.")
    if not context.may(actor, "ticket.create", thing):
        return refused("forbidden", "You may not", 403, "It needs the right ticket.create.", right="ticket.create")
    return queue


def _chosen(context: Context, actor: Actor, ticket: TicketState, ids: Sequence[str]) -> list[Spoken] | Refusal:
    """The messages, oldest first; only those of this ticket (or of one that is in it) that the actor may read."""
    found: list[Spoken] = []
    for one in dict.fromkeys(ids):
        spoken = context.said.get(one)
        origin = context.tickets.get(spoken.ticket) if spoken else None
        if spoken is None or origin is None or not _reads(context, actor, ticket, origin, spoken):
            return refused("message-not-found", "No such message", 404, f"There is no message {one} here for you.")
        if any(moved.message == one for moved in origin.moved):
            return refused("message-moved", "The message has moved", 409, f"{one} stands on another ticket now.")
        found.append(spoken)
    return sorted(found, key=lambda one: (one.at, one.ticket, one.said.n))


def _reads(context: Context, actor: Actor, ticket: TicketState, origin: TicketState, spoken: Spoken) -> bool:
    answering = context.ticket(origin.number)
    return (
        answering is not None
        and answering.number == ticket.number
        and sees(context, actor, origin)
        and (not is_internal(spoken.said) or sees(context, actor, origin, internal=True))
    )


# --------------------------------------------------------------------------------------------------- undoing


def decide_unsplit(context: Context, actor: Actor, command: UnsplitTicketV1, now: datetime) -> Decision:
    """The messages return to where they came from, and the ticket is merged into that one."""
    ticket = context.tickets.get(command.ticket)
    if refusal := unseen(context, actor, ticket, command):
        return refusal
    assert ticket is not None
    link = next((one for one in ticket.links if one.type == "split_from"), None)
    if ticket.merged_into is not None or link is None:
        return refused("not-split", "It was not split off", 409, f"{ticket.number} is not a part of another ticket.")
    target = context.ticket(link.target)
    if target is None or not sees(context, actor, target):
        return _no_origin()
    if target.number == ticket.number:
        origin = context.tickets.get(link.target)
        named = link.target if origin and sees(context, actor, origin) else "the one that it came from"
        return refused("merged-already", "They are one", 409, f"Unmerge {named} first.")
    for one in (ticket, target):
        if missing := lacks(context, actor, "ticket.split", one):
            return missing
    if target.category == "closed" and ticket.category != "closed":
        return refused("target-closed", "The ticket that it came from is closed", 409, f"Open {target.number} first.")
    try:
        return unsplit(context, ticket, target, now)
    except BeyondReach:
        return too_far()


def _no_origin() -> Refusal:
    """The number of a ticket that the actor may not see is not told them, not even as missing."""
    return refused("ticket-not-found", "No such ticket", 404, "The ticket that it came from is not there for you.")


def unsplit(context: Context, ticket: TicketState, target: TicketState, now: datetime) -> Decision:
    """The marks taken away where the messages were, and set where they are."""
    away = {one.message for one in ticket.moved}
    back = {one.message: one.origin for one in ticket.origins if one.message not in away}
    returned = _returned(context, ticket, back)
    leaving: list[Thin] = returned.pop(ticket.number, [])
    if gone := unlinked(context, ticket, "split_from", target):
        leaving.append(gone)
    if back:
        oldest = clocks_of(context, ticket.number).oldest_unanswered_at
        waits = unanswered(context, ticket.number, oldest, list(back))
        leaving.append(MessagesMoved(messages=list(back), to=target.number, unanswered=waits))
    bare = fold(ticket, leaving, max(now, ticket.updated_at))
    own = standing.own_of(bare)
    fields = {name: getattr(own, name) for name in type(own).model_fields}
    parts = [Absorbed(number=ticket.number, into=target.number, at=now, **fields), *bare.absorbed]
    here: list[Thin] = []
    if gone := unlinked(context, target, "split_into", ticket):
        here.append(gone)
    here += returned.pop(target.number, [])
    here.append(TookIn(numbers=[part.number for part in parts], parts=parts))
    changes = [on(target, here, now), on(ticket, [*leaving, *into(ticket, target.number)], now)]
    changes += [on(context.tickets[number], events, now) for number, events in returned.items()]
    return circle(context, changes) or [*changes, *reopened(context, [ticket], target, changes, now)]


def _returned(context: Context, ticket: TicketState, back: dict[str, str]) -> dict[str, list[Thin]]:
    """On each ticket from which messages had been moved: that they are back; and on the one that answers for it."""
    oldest = clocks_of(context, ticket.number).oldest_unanswered_at
    found: dict[str, list[Thin]] = {}
    for number in dict.fromkeys(origin.rpartition(".")[0] for origin in back.values()):
        origin = context.tickets[number]
        mine = {here: there for here, there in back.items() if there.rpartition(".")[0] == number}
        marked = {one.message for one in origin.moved if one.to == ticket.number}
        ids = [there for there in mine.values() if there in marked]
        if not ids:
            continue
        waiting = [
            spoken.at
            for here, there in mine.items()
            if there in marked and (spoken := context.said.get(here)) and speaker(spoken.said) == "customer"
            if oldest is not None and spoken.at >= oldest
        ]
        there_already = clocks_of(context, number).oldest_unanswered_at
        waits = min([*waiting, *([there_already] if there_already else [])], default=None)
        found.setdefault(number, []).append(MessagesReturned(messages=ids, unanswered=waits))
        if (answering := context.ticket(number)) and (part := part_waits(context, number, waits)):
            found.setdefault(answering.number, []).extend(part)
    return found
