"""What is said of tickets and of the mails that came to them."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

from pydantic import Field

from ..base import Event, Value
from ..escalation import ClockName
from ..ingest import Address
from .values import Message, Party, Ticket


class TicketEvent(Event):
    """An event about one ticket, with its whole state after it."""

    publisher: ClassVar[str] = "tickets"
    public: ClassVar[bool] = True
    """Whether an allow-listed form of it goes to the public exchange."""
    ticket: Ticket = Field(description="The ticket after it.")


class MessageEvent(TicketEvent):
    """An event by which something was said."""

    message: Message = Field(description="What was said.")


class TicketOpenedV1(MessageEvent):
    """Sent when a ticket was opened, by mail or by hand, with its first message."""

    topic: ClassVar[str] = "ticket.opened.v1"
    new_requester: bool = Field(default=False, description="The requester had never written before.")


class TicketReceivedV1(MessageEvent):
    """Sent when a mail of a customer (or of another outsider who belongs to it) joined a ticket."""

    topic: ClassVar[str] = "ticket.received.v1"
    reopened: bool = Field(default=False, description="It was closed or waiting and is open again.")


class TicketRepliedV1(MessageEvent):
    """Sent when an agent replied to the customers; its recipients are chosen, nobody derives them later."""

    topic: ClassVar[str] = "ticket.replied.v1"
    reply_references: list[str] = Field(default_factory=list, description="For References, oldest first.")
    in_reply_to: str | None = Field(default=None, description="Message-ID of the customer's newest mail.")


class TicketNotedV1(MessageEvent):
    """Sent when an internal note was added."""

    topic: ClassVar[str] = "ticket.noted.v1"
    public: ClassVar[bool] = False


class TicketStatusChangedV1(TicketEvent):
    """Sent when the status changed."""

    topic: ClassVar[str] = "ticket.status_changed.v1"
    before: str = Field(description="Status before.")
    after: str = Field(description="Status after.")


class TicketOwnerChangedV1(TicketEvent):
    """Sent when the owner changed."""

    topic: ClassVar[str] = "ticket.owner_changed.v1"
    before: Party | None = Field(description="Owner before.")
    after: Party | None = Field(description="Owner after.")


class TicketPriorityChangedV1(TicketEvent):
    """Sent when the priority changed."""

    topic: ClassVar[str] = "ticket.priority_changed.v1"
    before: int = Field(description="Priority before.")
    after: int = Field(description="Priority after.")


class TicketEscalatedV1(TicketEvent):
    """Sent when a promise was about to break or broke, and tickets found that it still counts."""

    topic: ClassVar[str] = "ticket.escalated.v1"
    public: ClassVar[bool] = False
    clock: ClockName = Field(description="Which promise.")
    percent: int = Field(description="Which step of it.")
    due_at: datetime = Field(description="When the step was due.")
    actions: list[Literal["tell_owner", "tell_supervisors"]] = Field(description="What is to be done.")


class RefusalNotice(Value):
    """To whom to say that their mail was refused, and on what it answers."""

    to: Address = Field(description="The sender.")
    queue: str = Field(description="The queue that refuses.")
    subject: str = Field(default="", description="Subject of their mail.")
    message_id: str | None = Field(default=None, description="Of their mail, for In-Reply-To.")
    references: list[str] = Field(default_factory=list, description="References of their mail.")
    language: str | None = Field(default=None, description="Language to write in.")


class MailSettledV1(Event):
    """Sent when tickets has decided what became of a mail."""

    topic: ClassVar[str] = "mail.settled.v1"
    publisher: ClassVar[str] = "tickets"
    mail: str = Field(description="ingest's row.")
    reading: int = Field(description="Which reading of it.")
    outcome: Literal["ticketed", "ignored", "refused"] = Field(description="What became of it.")
    why: str = Field(description="E.g. `opened`, `follow_up:signed_id`, `no_queue`.")
    ticket: str | None = Field(default=None, description="The ticket it is on.")
    suggested: str | None = Field(default=None, description="A ticket whose tag a stranger wrote; not joined.")
    notice: RefusalNotice | None = Field(
        default=None, description="The sender is to be told: `follow_up_refused`, the ticket is closed for good."
    )
