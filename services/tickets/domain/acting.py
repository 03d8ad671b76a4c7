"""Who acts, and what they lack: what every decision about a ticket asks first."""

from __future__ import annotations

from ticketwire_contracts.base import Actor, Problem
from ticketwire_contracts.rights import visible_to
from ticketwire_contracts.tickets import MessageKind, Party

from .context import Context
from .decision import Refusal
from .people import party
from .state import TicketState


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
