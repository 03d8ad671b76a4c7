"""What people (and escalation) do to a ticket: reply, note, status, owner, priority; and the door to the rest.

What someone may not see does not exist for them (404); what they see but may not do is 403; what the rules of
the domain forbid is 409; what changed under their hands is 412.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from ticketwire_contracts.base import Actor
from ticketwire_contracts.escalation import EscalationDueV1
from ticketwire_contracts.ingest import Address
from ticketwire_contracts.rights import holds, viewer_of
from ticketwire_contracts.tickets import (
    AddNoteV1,
    AddTimeWorkedV1,
    ChangePeopleV1,
    ForwardMessagesV1,
    Party,
    ReplyToTicketV1,
    SetDueV1,
    SetFieldsV1,
    SetOwnerV1,
    SetPriorityV1,
    SetQueueV1,
    SetStatusV1,
    SetSubjectV1,
    SetTagsV1,
    TicketCommand,
)

from . import details, fields, forwarding, moving, roles, waking
from .acting import author_of as _author
from .acting import forbidden as _forbidden
from .acting import kind_of as _kind
from .acting import lacks as _lacks
from .acting import unseen
from .addresses import misshapen, once_each, ours
from .context import Context
from .decision import Change, Decision, Refusal, refused
from .events import Escalated, Noted, OwnerChanged, PriorityChanged, Replied, Said, StatusChanged, Thin
from .people import party
from .state import TicketState, fold


def decide(context: Context, actor: Actor, command: TicketCommand, now: datetime) -> Decision:
    """What becomes of a command on a ticket."""
    ticket = context.ticket(command.ticket)
    if refusal := unseen(context, actor, ticket, command):
        return refusal
    assert ticket is not None
    besides: list[Change] = []
    match command:
        case ReplyToTicketV1():
            outcome = reply(context, actor, ticket, command)
        case AddNoteV1():
            outcome = note(context, actor, ticket, command)
        case SetStatusV1():
            outcome = set_status(context, actor, ticket, command.status, command.until, now)
        case SetOwnerV1():
            outcome = set_owner(context, actor, ticket, command.owner)
        case SetPriorityV1():
            outcome = set_priority(context, actor, ticket, command.priority)
        case SetSubjectV1():
            outcome = details.set_subject(context, actor, ticket, command.subject)
        case SetDueV1():
            outcome = details.set_due(context, actor, ticket, command.due)
        case SetTagsV1():
            outcome = details.set_tags(context, actor, ticket, command)
        case AddTimeWorkedV1():
            outcome = details.add_time(context, actor, ticket, command)
        case SetFieldsV1():
            outcome = fields.set_fields(context, actor, ticket, command)
        case ForwardMessagesV1():
            outcome = forwarding.forward(context, actor, ticket, command)
        case ChangePeopleV1():
            changed = roles.change_people(context, actor, ticket, command)
            outcome, besides = changed if isinstance(changed, tuple) else (changed, [])
        case SetQueueV1():
            outcome = moving.set_queue(context, actor, ticket, command.queue)
        case _:
            outcome = refused("unknown-command", "Unknown command", 404, command.topic)
    if isinstance(outcome, Refusal):
        return outcome
    if ticket.number != command.ticket:
        outcome = [
            one.model_copy(update={"through": command.ticket}) if isinstance(one, Said) else one for one in outcome
        ]
    after = fold(ticket, outcome, max(now, ticket.updated_at))
    return [Change(f"ticket/{ticket.number}", outcome, after), *besides]


def reply(context: Context, actor: Actor, ticket: TicketState, command: ReplyToTicketV1) -> list[Thin] | Refusal:
    """A reply to requesters and cc, or to whom the agent chose. A new ticket opens by it, if its lifecycle lets it."""
    if missing := _lacks(context, actor, "ticket.reply", ticket):
        return missing
    to = _chosen(command.to) if command.to is not None else _addresses(ticket.requesters)
    taken = [one.address for one in to]
    if command.cc is not None:
        cc = _chosen(command.cc, taken)
    else:
        cc = _addresses(ticket.cc, taken) if command.to is None else []
    if not to:
        return refused("no-recipient", "Nobody to write to", 422, "Name at least one recipient.")
    typed = [*(command.to or ()), *(command.cc or ())]
    if wrong := misshapen(typed) or ours(context, [one.address for one in [*to, *cc]]):
        return wrong
    events: list[Thin] = [
        Replied(
            n=ticket.messages + 1,
            kind=_kind(actor),
            author=_author(context, actor),
            subject=ticket.subject,
            text=command.text,
            attachments=command.attachments,
            to=to,
            cc=cc,
            in_reply_to=ticket.thread[-1] if ticket.thread else None,
            reply_references=ticket.thread,
        )
    ]
    if command.then_status is None:
        return [*events, *opened_by_reply(context, ticket)]
    if command.then_status != ticket.status:
        changed = _status_change(context, actor, ticket, command.then_status, None, replies=True)
        if isinstance(changed, Refusal):
            return changed
        events.append(changed)
    return events


def opened_by_reply(context: Context, ticket: TicketState) -> list[StatusChanged]:
    """A new ticket opens by an agent's reply without being asked to, and without a right of its own; where no active
    status may follow, it stays as it is."""
    lifecycle = context.directory.lifecycle_of(ticket.queue)
    after = lifecycle.opened_from(ticket.status) if ticket.category == "new" else None
    if after is None:
        return []
    return [StatusChanged(before=ticket.status, after=after, category="active")]


def note(context: Context, actor: Actor, ticket: TicketState, command: AddNoteV1) -> list[Thin] | Refusal:
    """An internal note."""
    if missing := _lacks(context, actor, "note.add", ticket):
        return missing
    return [
        Noted(
            n=ticket.messages + 1,
            kind=_kind(actor),
            author=_author(context, actor),
            text=command.text,
            attachments=command.attachments,
        )
    ]


def set_status(
    context: Context, actor: Actor, ticket: TicketState, status: str, until: datetime | None, now: datetime
) -> list[Thin] | Refusal:
    """Another status, if the lifecycle allows it; ``until`` is for waiting only and lies ahead."""
    until = details.as_kept(until)
    lifecycle = context.directory.lifecycle_of(ticket.queue)
    if status not in lifecycle.statuses:
        return refused("unknown-status", "No such status", 422, f"Known are: {', '.join(lifecycle.statuses)}.")
    if until is not None and lifecycle.statuses[status] != "waiting":
        return refused("not-waiting", "Only a waiting ticket has a wake-up time", 422, f"{status} does not wait.")
    if until is not None and until <= now:
        return refused("in-the-past", "The wake-up time has passed", 422, "Choose a time ahead.")
    if status == ticket.status and until == ticket.wake_at:
        return refused("no-change", "It is so already", 409, f"The ticket is {status} already.")
    changed = _status_change(context, actor, ticket, status, until)
    return changed if isinstance(changed, Refusal) else [changed]


def set_owner(context: Context, actor: Actor, ticket: TicketState, login: str | None) -> list[Thin] | Refusal:
    """The owner matrix (as in RT): assign any to any; edit what is unowned or one's own; take; steal."""
    new = context.person_of_login(login) if login is not None else None
    if login is not None and (new is None or new.disabled):
        return refused("unknown-person", "No such agent", 422, f"There is no agent {login}.")
    before = ticket.owner
    if (before.id if before else None) == (new.id if new else None):
        return refused("no-change", "It is so already", 409, "The owner is the same.")
    thing = context.thing(ticket)
    if new is not None:
        viewer = viewer_of(new, context.directory.groups.values())
        if not holds(viewer, "ticket.own", thing, context.directory.grants):
            return refused(
                "may-not-own", "May not own tickets here", 409, f"{login} may not own tickets in {ticket.queue}."
            )
    mine = before is not None and before.id == actor.id
    takes = new is not None and new.id == actor.id
    needed = ["ticket.assign"]
    if before is None or mine:
        needed.append("ticket.edit")
    if before is None and takes:
        needed.append("ticket.take")
    if before is not None and not mine and takes:
        needed.append("ticket.steal")
    if not any(context.may(actor, right, thing) for right in needed):
        return _forbidden(needed[-1])
    return [OwnerChanged(before=before, after=party(new) if new else None)]


def set_priority(context: Context, actor: Actor, ticket: TicketState, priority: int) -> list[Thin] | Refusal:
    """Another priority, 0 to 100."""
    if missing := _lacks(context, actor, "ticket.edit", ticket):
        return missing
    if priority == ticket.priority:
        return refused("no-change", "It is so already", 409, f"The priority is {priority} already.")
    return [PriorityChanged(before=ticket.priority, after=priority)]


def escalate(context: Context, due: EscalationDueV1, now: datetime) -> Decision:
    """escalation says that a step is due; whether it still counts is decided here, against the present state."""
    ticket = context.tickets.get(due.ticket)
    if ticket is not None and due.clock == "wake":
        return waking.wake(context, ticket, due, now)
    if ticket is None or ticket.clocks.generation != due.generation or ticket.category == "closed":
        return refused("moot", "No longer due", 409, "The ticket has moved on since.")
    if f"{due.clock}:{due.percent}" in ticket.fired:
        return refused("moot", "Done already", 409, "This step was done already.")
    actions = [action for action in due.actions if action != "wake"]
    event = Escalated(
        clock=due.clock, percent=due.percent, due_at=due.due_at, actions=actions, generation=due.generation
    )
    return [Change(f"ticket/{ticket.number}", [event], fold(ticket, [event], max(now, ticket.updated_at)))]


def _status_change(
    context: Context, actor: Actor, ticket: TicketState, after: str, until: datetime | None, *, replies: bool = False
) -> StatusChanged | Refusal:
    lifecycle = context.directory.lifecycle_of(ticket.queue)
    if after not in lifecycle.statuses:
        return refused("unknown-status", "No such status", 422, f"Known are: {', '.join(lifecycle.statuses)}.")
    if after != ticket.status and not lifecycle.allows(ticket.status, after):
        allowed = ", ".join(sorted(lifecycle.transitions.get(ticket.status, ())))
        return refused("no-transition", "Not from this status", 409, f"From {ticket.status} it goes to: {allowed}.")
    right = lifecycle.right_for(after, ticket.status)
    replying_opens = replies and ticket.category == "new" and after == lifecycle.active
    if not replying_opens and not context.may(actor, right, context.thing(ticket)):
        return _forbidden(right)
    closes = lifecycle.statuses[after] == "closed" and ticket.category != "closed"
    if closes and actor.kind != "system" and (empty := fields.unfilled(context, ticket)):
        return empty
    return StatusChanged(before=ticket.status, after=after, category=lifecycle.statuses[after], wake_at=until)


def _chosen(addresses: list[str], besides: Iterable[str] = ()) -> list[Address]:
    return [Address(address=address) for address in once_each(addresses, besides)]


def _addresses(parties: list[Party], besides: Iterable[str] = ()) -> list[Address]:
    names = {one.address: one.name for one in parties if one.address}
    return [Address(name=names[address], address=address) for address in once_each(names, besides)]
