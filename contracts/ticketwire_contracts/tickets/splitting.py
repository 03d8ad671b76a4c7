"""Splitting messages off into a ticket of their own, and undoing it: what may be asked, and what is said."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from pydantic import Field

from ..base import Word
from .commands import TicketCommand
from .events import MessageEvent, TicketEvent


class SplitTicketV1(TicketCommand):
    """Asks for messages of a ticket to become a new, linked ticket, each with its author and its files."""

    topic: ClassVar[str] = "split_ticket.v1"
    messages: list[Word] = Field(min_length=1, max_length=50, description="Ids of the messages, e.g. `TW-12.3`.")
    subject: str | None = Field(default=None, min_length=1, max_length=500, description="Else the ticket's.")
    queue: Word | None = Field(default=None, description="Name of the queue; else the ticket's.")
    keep: bool = Field(default=False, description="Copy: the messages stand on both tickets.")


class UnsplitTicketV1(TicketCommand):
    """Asks for a split to be undone: the messages return, and the ticket is merged into where they came from."""

    topic: ClassVar[str] = "unsplit_ticket.v1"


class TicketMessagesMovedV1(TicketEvent):
    """Sent on a ticket when messages of it were moved or copied to another."""

    topic: ClassVar[str] = "ticket.messages_moved.v1"
    public: ClassVar[bool] = False
    messages: list[str] = Field(description="Their ids here.")
    to: str = Field(description="Number of the other ticket.")
    copied: bool = Field(default=False, description="They stand here too.")


class TicketMessagesReturnedV1(TicketEvent):
    """Sent on a ticket when messages that had been moved away stand on it again."""

    topic: ClassVar[str] = "ticket.messages_returned.v1"
    public: ClassVar[bool] = False
    messages: list[str] = Field(description="Their ids here.")


class TicketPartWaitsV1(TicketEvent):
    """Sent on a ticket when one that was merged into it waits for an answer since another time, or no more: messages
    of that one have gone to a ticket of their own, or are back."""

    topic: ClassVar[str] = "ticket.part_waits.v1"
    public: ClassVar[bool] = False
    number: str = Field(description="Number of the one that was merged.")
    unanswered: datetime | None = Field(default=None, description="Since when a customer waits there.")


class TicketAdoptedV1(MessageEvent):
    """Sent when a message that was said on another ticket was moved or copied to this one."""

    topic: ClassVar[str] = "ticket.adopted.v1"
    public: ClassVar[bool] = False
