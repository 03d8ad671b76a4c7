"""A ticket goes into another queue, and its status into the lifecycle there.

It needs ``ticket.move`` where the ticket is and ``ticket.create`` where it goes. An owner who may not own tickets
there does not come along (as in RT).
"""

from __future__ import annotations

from ticketwire_contracts.base import Actor
from ticketwire_contracts.rights import holds, viewer_of

from .context import Context
from .decision import Refusal, refused
from .events import Moved, OwnerChanged, Thin
from .lifecycle import MERGED
from .state import TicketState


def set_queue(context: Context, actor: Actor, ticket: TicketState, name: str) -> list[Thin] | Refusal:
    """What becomes of moving the ticket into the queue ``name``."""
    if refusal := _refusal(context, actor, ticket, name):
        return refusal
    here = context.directory.lifecycle_of(ticket.queue)
    there = context.directory.lifecycle_of(name)
    status = here.status_in(there, ticket.status)
    if status is None:
        return refused(
            "status-unmapped",
            "The status has no counterpart there",
            409,
            f"{ticket.status} of the lifecycle {here.name} leads to no status of {there.name}. Set another status "
            f"first, or map {ticket.status} in {here.name}.",
            unmapped=ticket.status,
            lifecycle=here.name,
            other=there.name,
        )
    moved = Moved(
        before=ticket.queue,
        after=name,
        status_before=ticket.status,
        status=status,
        category=there.statuses[status],
    )
    events: list[Thin] = [moved]
    if ticket.owner is not None and not _may_own(context, ticket, name):
        events.append(OwnerChanged(before=ticket.owner, after=None))
    return events


def _refusal(context: Context, actor: Actor, ticket: TicketState, name: str) -> Refusal | None:
    if not context.may(actor, "ticket.move", context.thing(ticket)):
        return refused("forbidden", "You may not", 403, "It needs the right ticket.move.", right="ticket.move")
    queue = context.directory.queues.get(name)
    thing = context.queue_thing(name)
    creates = context.may(actor, "ticket.create", thing)
    if queue is None or not (creates or context.may(actor, "queue.see", thing)):
        return refused("queue-not-found", "No such queue", 404, f"There is no queue {name} for you.")
    if name == ticket.queue:
        return refused("no-change", "It is so already", 409, f"The ticket is in {name} already.")
    if not creates:
        return refused(
            "forbidden", "You may not", 403, f"It needs the right ticket.create in {name}.", right="ticket.create"
        )
    if queue.disabled:
        return refused("queue-disabled", "The queue takes nothing new", 409, f"{queue.title} is disabled.")
    if ticket.status == MERGED:
        return refused("merged", "The ticket is merged", 409, "A merged ticket stays where it is.")
    return None


def _may_own(context: Context, ticket: TicketState, name: str) -> bool:
    owner = context.persons.get(ticket.owner.id) if ticket.owner else None
    if owner is None:
        return False
    thing = context.thing(ticket.model_copy(update={"queue": name}))
    viewer = viewer_of(owner, context.directory.groups.values())
    return holds(viewer, "ticket.own", thing, context.directory.grants)
