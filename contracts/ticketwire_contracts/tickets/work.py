"""Work on a ticket beyond answering it: subject, due date, people, tags, fields, time, forwards.

What is asked, and what is said of it. Outsiders hear of the subject and of the requesters, which stand in every
public ticket; due date, tags, fields, time worked, watchers and forwards are for those who work here.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

from pydantic import Field

from ..base import Event, Moment, Value, Word
from ..ingest import Address, Attachment
from .administration import AdministrationCommand
from .commands import TicketCommand
from .events import MessageEvent, TicketEvent
from .fields import FieldDefinition, FieldValue
from .values import Party, Queue

# ---------------------------------------------------------------------------------------------- what is asked


class SetSubjectV1(TicketCommand):
    """Asks for another subject."""

    topic: ClassVar[str] = "set_subject.v1"
    subject: str = Field(min_length=1, max_length=500, description="Without tag and reply marks.")


class SetDueV1(TicketCommand):
    """Asks for an explicit due date, or for none; one that has passed is overdue at once."""

    topic: ClassVar[str] = "set_due.v1"
    due: Moment | None = Field(description="When it must be done, or none.")


class ChangePeopleV1(TicketCommand):
    """Asks for people to stand on the ticket in a role, or no longer.

    Requesters and cc may be anyone with an address: whoever is unknown becomes a customer. Admin cc and watchers
    are agents. A watcher is told of what happens and gains no right by it; whoever holds `ticket.watch` may
    watch and stop watching, everything else needs `ticket.edit`.
    """

    topic: ClassVar[str] = "change_people.v1"
    role: Literal["requesters", "cc", "admin_cc", "watchers"] = Field(description="In which role.")
    add: list[Word] = Field(default_factory=list, max_length=50, description="Mail addresses or logins.")
    remove: list[Word] = Field(
        default_factory=list,
        max_length=50,
        description="Mail addresses, logins, or `person/<id>`, as erased ones have.",
    )


class SetTagsV1(TicketCommand):
    """Asks for tags to be put on and taken off. They are kept in lower case, with dashes for spaces."""

    topic: ClassVar[str] = "set_tags.v1"
    add: list[Word] = Field(default_factory=list, max_length=50, description="Tags to put on.")
    remove: list[Word] = Field(default_factory=list, max_length=50, description="Tags to take off.")


class SetFieldsV1(TicketCommand):
    """Asks for values of custom fields; those not named stay as they are."""

    topic: ClassVar[str] = "set_fields.v1"
    fields: dict[str, FieldValue | None] = Field(
        min_length=1, max_length=50, description="Name → value, or none to empty it."
    )


class AddTimeWorkedV1(TicketCommand):
    """Asks for working time to be noted down; negative minutes correct what was too much."""

    topic: ClassVar[str] = "add_time_worked.v1"
    minutes: int = Field(ge=-1440, le=1440, description="Minutes, not 0.")
    text: str = Field(default="", max_length=1000, description="On what.")


class ForwardMessagesV1(TicketCommand):
    """Asks for messages of the ticket to be forwarded to outsiders, whose answers come back as internal notes."""

    topic: ClassVar[str] = "forward_messages.v1"
    messages: list[Word] = Field(min_length=1, max_length=20, description="Ids of the messages, `TW-12.1`.")
    to: list[Word] = Field(min_length=1, max_length=20, description="Mail addresses.")
    text: str = Field(default="", max_length=200_000, description="What to write above them.")
    attachments: list[Attachment] = Field(default_factory=list, description="Further files, already in the blob store.")


class SetQueueFieldsV1(AdministrationCommand):
    """Asks for the custom fields of a queue to be these, in this order."""

    topic: ClassVar[str] = "set_queue_fields.v1"
    queue: Word = Field(description="Name of the queue.")
    if_version: int | None = Field(default=None, description="Refused (412) unless the queue has this version.")
    fields: list[FieldDefinition] = Field(max_length=50, description="All of its fields.")


# ----------------------------------------------------------------------------------------------- what is said


class FieldChange(Value):
    """One custom field that changed."""

    name: str = Field(description="Name of the field.")
    before: FieldValue | None = Field(default=None, description="Value before; none for an empty one.")
    after: FieldValue | None = Field(default=None, description="Value after.")


class QuotedMessage(Value):
    """A message as it is forwarded."""

    id: str = Field(description="`<ticket>.<n>`.")
    author: Address = Field(description="Who said it; without address for agents.")
    to: list[Address] = Field(default_factory=list, description="To whom.")
    subject: str = Field(default="", description="Subject line, if it was a mail.")
    at: datetime = Field(description="When.")
    text: str = Field(description="What was said.")
    encrypted: bool = Field(default=False, description="It came encrypted: it must not leave in the clear.")


class TicketSubjectChangedV1(TicketEvent):
    """Sent when the subject changed."""

    topic: ClassVar[str] = "ticket.subject_changed.v1"
    before: str = Field(description="Subject before.")
    after: str = Field(description="Subject after.")


class TicketDueChangedV1(TicketEvent):
    """Sent when the explicit due date changed."""

    topic: ClassVar[str] = "ticket.due_changed.v1"
    public: ClassVar[bool] = False
    before: datetime | None = Field(default=None, description="Due date before.")
    after: datetime | None = Field(default=None, description="Due date after.")


class TicketRequestersChangedV1(TicketEvent):
    """Sent when requesters came or went."""

    topic: ClassVar[str] = "ticket.requesters_changed.v1"
    added: list[Party] = Field(default_factory=list, description="Who came.")
    removed: list[Party] = Field(default_factory=list, description="Who went.")


class TicketPeopleChangedV1(TicketEvent):
    """Sent when cc, admin cc or watchers came or went."""

    topic: ClassVar[str] = "ticket.people_changed.v1"
    public: ClassVar[bool] = False
    role: Literal["cc", "admin_cc", "watchers"] = Field(description="In which role.")
    added: list[Party] = Field(default_factory=list, description="Who came.")
    removed: list[Party] = Field(default_factory=list, description="Who went.")


class TicketTagsChangedV1(TicketEvent):
    """Sent when tags were put on or taken off."""

    topic: ClassVar[str] = "ticket.tags_changed.v1"
    public: ClassVar[bool] = False
    added: list[str] = Field(default_factory=list, description="Tags put on.")
    removed: list[str] = Field(default_factory=list, description="Tags taken off.")


class TicketFieldsChangedV1(TicketEvent):
    """Sent when custom fields changed."""

    topic: ClassVar[str] = "ticket.fields_changed.v1"
    public: ClassVar[bool] = False
    changes: list[FieldChange] = Field(description="What changed.")


class TicketTimeWorkedV1(TicketEvent):
    """Sent when working time was noted down."""

    topic: ClassVar[str] = "ticket.time_worked.v1"
    public: ClassVar[bool] = False
    minutes: int = Field(description="Minutes; negative for a correction.")
    text: str = Field(default="", description="On what.")
    total: int = Field(description="All minutes so far.", ge=0)


class TicketForwardedV1(MessageEvent):
    """Sent when messages were forwarded to outsiders.

    `message` is what was written above them: internal, with its recipients in `to` and every file that goes
    along in `attachments`. The mail's Reply-To and Message-ID must be signed as internal, so that an answer
    comes back as a note, whoever sends it.
    """

    topic: ClassVar[str] = "ticket.forwarded.v1"
    public: ClassVar[bool] = False
    quoted: list[QuotedMessage] = Field(description="The messages, oldest first.")


class QueueFieldsSetV1(Event):
    """Sent when the custom fields of a queue changed."""

    topic: ClassVar[str] = "queue.fields_set.v1"
    publisher: ClassVar[str] = "tickets"
    queue: Queue = Field(description="The queue after it.")
