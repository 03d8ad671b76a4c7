"""Messages that go from one ticket to another: the log keeps them where they were said, and says them again there."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Literal

from ticketwire_contracts.tickets import ClockFacts

from .context import Context, Spoken
from .events import Adopted, Opened, Received, Replied, Said, is_internal


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
