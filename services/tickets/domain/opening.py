"""A ticket by hand: taken down for a caller (``phone``), or to write to a requester first (``mail``)."""

from __future__ import annotations

from datetime import datetime

from ticketwire_contracts.base import Actor
from ticketwire_contracts.ingest import Address
from ticketwire_contracts.rights import holds, viewer_of
from ticketwire_contracts.tickets import OpenTicketV1, Party

from .addresses import unwritable
from .context import Context
from .decision import Change, Decision, refused
from .events import Opened, Replied, Thin
from .people import Meeting, party
from .state import fold


def decide_open(context: Context, actor: Actor, command: OpenTicketV1, now: datetime) -> Decision:
    """What becomes of it: the ticket and, where they are new, the requesters."""
    queue = context.directory.queues.get(command.queue)
    thing = context.queue_thing(command.queue)
    if queue is None or not context.may(actor, "queue.see", thing):
        return refused("queue-not-found", "No such queue", 404, f"There is no queue {command.queue} for you.")
    if queue.disabled:
        return refused("queue-disabled", "The queue takes nothing new", 409, f"{queue.title} is disabled.")
    if not context.may(actor, "ticket.create", thing):
        return refused("forbidden", "You may not", 403, "It needs the right ticket.create.", right="ticket.create")
    if wrong := unwritable(context, command.requesters):
        return wrong
    owner = context.person_of_login(command.owner) if command.owner else None
    if command.owner and owner is None:
        return refused("unknown-person", "No such agent", 422, f"There is no agent {command.owner}.")
    if owner is not None and not holds(
        viewer_of(owner, context.directory.groups.values()), "ticket.own", thing, context.directory.grants
    ):
        return refused(
            "may-not-own", "May not own tickets here", 409, f"{command.owner} may not own tickets in {queue.name}."
        )
    meeting = Meeting(context)
    requesters = [meeting.meet(Address(address=address)) for address in dict.fromkeys(command.requesters)]
    writes_first = command.kind == "mail"
    person = context.persons.get(actor.id)
    agent = party(person) if person else Party(id=actor.id, name="Ticketwire")
    lifecycle = context.directory.lifecycle_of(queue.name)
    status = lifecycle.active if writes_first else lifecycle.initial
    number = context.next_number()
    events: list[Thin] = [
        Opened(
            n=1,
            kind="page" if actor.via == "page" else "api",
            author=agent if writes_first else requesters[0],
            text="" if writes_first else command.text,
            attachments=[] if writes_first else command.attachments,
            number=number,
            queue=queue.name,
            title=command.subject.strip(),
            subject=command.subject.strip(),
            status=status,
            category=lifecycle.statuses[status],
            priority=queue.default_priority if command.priority is None else command.priority,
            requesters=requesters,
            owner=party(owner) if owner else None,
            opened_by="page" if writes_first and actor.via == "page" else "api" if writes_first else "phone",
            language=requesters[0].language,
            new_requester=meeting.is_new(requesters[0]),
        )
    ]
    if writes_first:
        events.append(
            Replied(
                n=2,
                kind="page" if actor.via == "page" else "api",
                author=agent,
                subject=command.subject.strip(),
                text=command.text,
                attachments=command.attachments,
                to=[Address(name=one.name, address=one.address) for one in requesters],
            )
        )
    after = fold(None, events, now)
    return [Change(f"ticket/{number}", events, after), *meeting.changes]
