"""Messages that go from one ticket to another: the log keeps them where they were said, and says them again there."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Literal

from ticketwire_contracts.tickets import ClockFacts

from . import standing
from .context import Context, Spoken
from .events import Adopted, Opened, PartWaits, Received, Replied, Said, is_internal


def clocks_of(context: Context, number: str) -> ClockFacts:
    """What the clocks know of one ticket by itself: those of a merged one go on in the ticket that answers for it."""
    ticket = context.ticket(number)
    if ticket is None or ticket.number == number:
        return standing.own_of(ticket or context.tickets[number]).clocks
    return next(part.clocks for part in ticket.absorbed if part.number == number)


def part_waits(context: Context, number: str, unanswered: datetime | None) -> list[PartWaits]:
    """What happens on the ticket that answers for a merged one, where that waits for an answer since another time."""
    ticket = context.ticket(number)
    if ticket is None or ticket.number == number or clocks_of(context, number).oldest_unanswered_at == unanswered:
        return []
    return [PartWaits(number=number, unanswered=unanswered)]


def adopted(spoken: Spoken, n: int, clocks: ClockFacts) -> Adopted:
    """The message as it is said on the other ticket; ``clocks`` tell whether it still waited for an answer."""
    said = spoken.said
    kind = speaker(said)
    oldest = clocks.oldest_unanswered_at
    fields = {name: getattr(said, name) for name in Said.model_fields if name not in ("type", "v", "n", "through")}
    return Adopted(
        **fields,
        n=n,
        origin=spoken.id,
        said_at=spoken.at,
        internal=is_internal(said),
        spoke=kind,
        waits=kind == "customer" and oldest is not None and spoken.at >= oldest,
    )


def speaker(said: Said) -> Literal["customer", "agent", "nobody"]:
    """Whose word it is, as clocks count: a customer's question, an answer to customers, or neither."""
    match said:
        case Adopted():
            return said.spoke
        case Replied():
            return "agent"
        case Opened() | Received() if not said.author.agent and not said.auto.is_auto:
            return "customer"
    return "nobody"


def unanswered(context: Context, number: str, oldest: datetime | None, leaving: Collection[str]) -> datetime | None:
    """The oldest customer's message that waits on a ticket once some have left.

    What was read begins at ``oldest`` at the latest; where it does not, an earlier message waits, and goes on.
    """
    if oldest is None:
        return None
    asked = [one for one in context.said.values() if one.ticket == number and speaker(one.said) == "customer"]
    if not any(one.at <= oldest for one in asked):
        return oldest
    away = {one.message for one in context.tickets[number].moved} | set(leaving)
    return min((one.at for one in asked if one.at >= oldest and one.id not in away), default=None)
