"""What may be asked to be done to a ticket."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from ..base import Command, Moment, Word
from ..ingest import Attachment


class TicketCommand(Command):
    """A command about one ticket."""

    obeyed_by: ClassVar[str] = "tickets"
    ticket: Word = Field(description="Its number.")
    if_version: int | None = Field(default=None, description="Refused (412) unless the ticket has this version.")


class OpenTicketV1(Command):
    """Asks for a new ticket, by hand: for a caller (`phone`) or to write to a requester first (`mail`)."""

    topic: ClassVar[str] = "open_ticket.v1"
    obeyed_by: ClassVar[str] = "tickets"
    queue: Word = Field(description="Name of the queue.")
    subject: str = Field(description="Subject.", min_length=1, max_length=500)
    requesters: list[Word] = Field(description="Mail addresses of who asks.", min_length=1, max_length=20)
    text: str = Field(description="What was said, or what to write.", max_length=200_000)
    kind: Literal["phone", "mail"] = Field(default="phone", description="`mail` writes the text to the requester.")
    priority: int | None = Field(default=None, ge=0, le=100, description="Else the queue's.")
    owner: Word | None = Field(default=None, description="Login of the owner.")
    attachments: list[Attachment] = Field(default_factory=list, description="Files already in the blob store.")


class ReplyToTicketV1(TicketCommand):
    """Asks for a reply to be said to the customers."""

    topic: ClassVar[str] = "reply_to_ticket.v1"
    text: str = Field(min_length=1, max_length=200_000, description="What to write.")
    to: list[Word] | None = Field(default=None, max_length=50, description="Addresses; without it, the requesters.")
    cc: list[Word] | None = Field(default=None, max_length=50, description="Copies; without it, the ticket's cc.")
    attachments: list[Attachment] = Field(default_factory=list, description="Files already in the blob store.")
    then_status: Word | None = Field(default=None, description="Status to set with it.")


class AddNoteV1(TicketCommand):
    """Asks for an internal note."""

    topic: ClassVar[str] = "add_note.v1"
    text: str = Field(min_length=1, max_length=200_000, description="What to note.")
    attachments: list[Attachment] = Field(default_factory=list, description="Files already in the blob store.")


class SetStatusV1(TicketCommand):
    """Asks for another status."""

    topic: ClassVar[str] = "set_status.v1"
    status: Word = Field(description="A status of the queue's lifecycle.")
    until: Moment | None = Field(default=None, description="For pending: when to open again.")


class SetOwnerV1(TicketCommand):
    """Asks for another owner, or none."""

    topic: ClassVar[str] = "set_owner.v1"
    owner: Word | None = Field(description="Login, or none.")


class SetPriorityV1(TicketCommand):
    """Asks for another priority."""

    topic: ClassVar[str] = "set_priority.v1"
    priority: int = Field(ge=0, le=100, description="0 to 100.")
