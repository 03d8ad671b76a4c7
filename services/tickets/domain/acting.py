"""Who acts, and what they lack: what every decision about a ticket asks first."""

from __future__ import annotations

from typing import Any

from ticketwire_contracts.base import Actor, Problem
from ticketwire_contracts.rights import visible_to
from ticketwire_contracts.tickets import MessageKind, Party, TicketCommand

from .context import Context
from .decision import Refusal, refused
from .happened import changes_since
from .people import party
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
            changes=_since(context, actor, addressed or ticket, command.if_version),
        )
    if command.if_version is not None and command.if_version != ticket.version:
        return refused(
            "ticket-changed",
            "The ticket has changed",
            412,
            f"It is at version {ticket.version}, you had seen {command.if_version}. Look again and repeat.",
            version=ticket.version,
            changes=_since(context, actor, ticket, command.if_version),
        )
    return None


def _since(context: Context, actor: Actor, ticket: TicketState, version: int) -> list[dict[str, Any]]:
    notes = sees(context, actor, ticket, internal=True)
    return changes_since(context, actor, ticket, version, notes=notes)


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
    """Whether the actor sees the ticket, or what is internal on it."""
    if actor.kind == "system":
        return True
    viewer = context.viewer(actor)
    return viewer is not None and visible_to(viewer, context.thing(ticket, internal=internal), context.directory.grants)


def lacks(context: Context, actor: Actor, right: str, ticket: TicketState) -> Refusal | None:
    """The refusal of someone who does not hold the right on the ticket."""
    return None if context.may(actor, right, context.thing(ticket)) else forbidden(right)


def forbidden(right: str) -> Refusal:
    """What someone who sees a thing but may not do it is told."""
    return Refusal(
        Problem(
            type="forbidden",
            title="You may not",
            status=403,
            detail=f"It needs the right {right}.",
            extra={"right": right},
        )
    )


def author_of(context: Context, actor: Actor) -> Party:
    """The actor as author of what they say."""
    person = context.persons.get(actor.id)
    return party(person) if person else Party(id=actor.id, name="Ticketwire")


def kind_of(actor: Actor) -> MessageKind:
    """How something came that was said by command."""
    return "page" if actor.via == "page" else "api"
