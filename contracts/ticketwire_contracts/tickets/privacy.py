"""A person's data: found, and erased everywhere (design decision 18)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar

from pydantic import Field, StringConstraints

from ..base import Event, Value
from .administration import AdministrationCommand
from .events import TicketEvent
from .fields import FieldValue
from .values import Message, Person

Who = Annotated[str, StringConstraints(max_length=200)]


class FindPersonDataV1(AdministrationCommand):
    """Asks for all that the log holds of a person, some tickets at a time; the result is a `PersonData`."""

    topic: ClassVar[str] = "find_person_data.v1"
    person: Who = Field(description="`person:<login>` or `person/<id>`.")
    after: str = Field(default="", max_length=200, description="`next` of the answer before.")
    limit: int = Field(default=50, ge=1, le=200, description="Tickets at a time.")


class TicketOfPerson(Value):
    """A ticket on which a person stands, wrote or is named."""

    number: str = Field(description="Its number.")
    subject: str = Field(description="Its subject.")
    roles: list[str] = Field(description="What they are on it: `requester`, `cc`, `admin_cc`, `owner`, `watcher`.")
    messages: list[Message] = Field(description="What they wrote on it.")
    fields: dict[str, FieldValue] = Field(
        default_factory=dict, description="Its custom fields, if nobody else asks on it."
    )


class PersonData(Value):
    """What the log holds of a person."""

    person: Person = Field(description="The person.")
    tickets: list[TicketOfPerson] = Field(description="By number.")
    mails: list[str] = Field(description="ingest's rows of the mails among them.")
    next: str | None = Field(default=None, description="Ask again after this; none at the end.")


class ErasePersonV1(AdministrationCommand):
    """Asks for a person to be forgotten, in all services. It cannot be undone."""

    topic: ClassVar[str] = "erase_person.v1"
    person: Who = Field(description="`person:<login>` or `person/<id>`.")


class PersonErasedV1(Event):
    """Sent when a person was erased. Whoever keeps anything of them erases it, now and whenever it comes again."""

    topic: ClassVar[str] = "person.erased.v1"
    publisher: ClassVar[str] = "tickets"
    person: Person = Field(description="What is left: their id.")
    erased: list[str] = Field(description="`person/<id>` of theirs: also those who were joined into them.")
    claims: list[str] = Field(
        description="HMACs of their addresses and logins, to know them by; none that someone else has by now."
    )
    since: dict[str, datetime] = Field(
        default_factory=dict, description="Claims that someone else had before them: what is older is not theirs."
    )
    tickets: list[str] = Field(default_factory=list, description="Tickets on which they stood, wrote or were named.")
    mails: list[str] = Field(default_factory=list, description="ingest's rows of their mails.")
    rights_epoch: int = Field(description="Epoch of rights from here on.")


class TicketErasedV1(TicketEvent):
    """Sent when personal values were taken out of a ticket's history."""

    topic: ClassVar[str] = "ticket.erased.v1"
    public: ClassVar[bool] = False
    person: str = Field(description="`person/<id>` of whose they were.")
    events: list[dict[str, Any]] = Field(
        description="Earlier events as they are from now on, without their `ticket`, which is this event's."
    )
