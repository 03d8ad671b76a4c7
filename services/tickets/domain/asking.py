"""Whether someone may ask a thing of a ticket at all: it is there for them, as they have seen it, with the right."""

from __future__ import annotations

from ticketwire_contracts.base import Actor
from ticketwire_contracts.rights import visible_to
from ticketwire_contracts.tickets import TicketCommand

from .context import Context
from .decision import Refusal, refused
from .state import TicketState


def unseen(context: Context, actor: Actor, ticket: TicketState | None, command: TicketCommand) -> Refusal | None:
    """Why a command is not even looked at: no such ticket for the actor, or not the version that they have seen."""
    addressed = context.tickets.get(command.ticket)
    if ticket is None or not sees(context, actor, ticket) or (addressed and not sees(context, actor, addressed)):
        return not_found(command.ticket)
    if command.if_version is not None and ticket.number != command.ticket:
        return refused(
            "ticket-merged",
            "The ticket was merged",
            412,
            f"{command.ticket} was merged into {ticket.number}. Look there and repeat.",
            version=ticket.version,
            merged_into=ticket.number,
        )
    if command.if_version is not None and command.if_version != ticket.version:
        return refused(
            "ticket-changed",
            "The ticket has changed",
            412,
            f"It is at version {ticket.version}, you had seen {command.if_version}. Look again and repeat.",
            version=ticket.version,
        )
    return None


def answering(context: Context, actor: Actor, number: str) -> TicketState | None:
    """The ticket that answers for a number, if the actor may see it and the one that has the number."""
    named, ticket = context.tickets.get(number), context.ticket(number)
    if named is None or ticket is None or not sees(context, actor, named) or not sees(context, actor, ticket):
        return None
    return ticket


def not_found(number: str) -> Refusal:
    """No such ticket, or not for the actor."""
    return refused("ticket-not-found", "No such ticket", 404, f"There is no ticket {number} for you.")


def sees(context: Context, actor: Actor, ticket: TicketState, *, internal: bool = False) -> bool:
    """Whether a ticket (or what is internal on it) is there for the actor."""
    if actor.kind == "system":
        return True
    viewer = context.viewer(actor)
    return viewer is not None and visible_to(viewer, context.thing(ticket, internal=internal), context.directory.grants)


def lacks(context: Context, actor: Actor, right: str, ticket: TicketState) -> Refusal | None:
    """Why not, when the actor lacks a right on a ticket."""
    if context.may(actor, right, context.thing(ticket)):
        return None
    return refused("forbidden", "You may not", 403, f"It needs the right {right}.", right=right)
