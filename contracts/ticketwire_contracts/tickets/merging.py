"""Merging tickets, and undoing it: what may be asked, and what is said."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from ..base import Word
from .commands import TicketCommand
from .events import TicketEvent


class MergeTicketsV1(TicketCommand):
    """Asks for a ticket, and perhaps others with it, to be merged into another."""

    topic: ClassVar[str] = "merge_tickets.v1"
    into: Word = Field(description="Number of the ticket that stays.")
    others: list[Word] = Field(default_factory=list, max_length=50, description="More tickets to merge into it.")


class UnmergeTicketV1(TicketCommand):
    """Asks for a ticket that was merged into another to stand by itself again."""

    topic: ClassVar[str] = "unmerge_ticket.v1"
    since: Literal["stay", "return"] = Field(
        default="stay",
        description="What came since through its number or from its people: it stays, or returns with it.",
    )


class TicketMergedV1(TicketEvent):
    """Sent on a ticket when it was merged into another, which now answers for it."""

    topic: ClassVar[str] = "ticket.merged.v1"
    public: ClassVar[bool] = False
    into: str = Field(description="Number of the other.")


class TicketAbsorbedV1(TicketEvent):
    """Sent on a ticket when others were merged into it."""

    topic: ClassVar[str] = "ticket.absorbed.v1"
    public: ClassVar[bool] = False
    numbers: list[str] = Field(description="Those that were merged, and those that were in them before.")


class TicketUnmergedV1(TicketEvent):
    """Sent on a ticket when it stands by itself again."""

    topic: ClassVar[str] = "ticket.unmerged.v1"
    public: ClassVar[bool] = False
    out_of: str = Field(description="Number of the ticket that it had been merged into.")


class TicketReleasedV1(TicketEvent):
    """Sent on a ticket when others that had been merged into it stand by themselves again."""

    topic: ClassVar[str] = "ticket.released.v1"
    public: ClassVar[bool] = False
    numbers: list[str] = Field(description="Those that have gone.")
