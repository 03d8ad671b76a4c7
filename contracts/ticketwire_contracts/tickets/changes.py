"""Changes of what is there: queues, persons. What a command does not name stays as it is."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from ..base import Event, Word
from .administration import AdministrationCommand
from .values import FollowUp, Person, Queue

Named = Annotated[str, StringConstraints(max_length=200)]
Addresses = Annotated[list[Named], Field(max_length=50)]


class ChangeQueueV1(AdministrationCommand):
    """Asks for a queue to be other than it was."""

    topic: ClassVar[str] = "change_queue.v1"
    name: Word = Field(description="Which queue.")
    if_version: int | None = Field(default=None, description="Refused (412) unless it has this version.")
    title: str | None = Field(default=None, min_length=1, max_length=200, description="Name to show.")
    description: str | None = Field(default=None, max_length=2000, description="What it is for.")
    addresses: Addresses | None = Field(default=None, description="All its mail addresses; others are free again.")
    watchers: Addresses | None = Field(default=None, description="`person:<login>` or `group:<name>`.")
    supervisors: Addresses | None = Field(default=None, description="`person:<login>` or `group:<name>`.")
    default_priority: int | None = Field(default=None, ge=0, le=100, description="Priority of new tickets.")
    auto_reply: bool | None = Field(default=None, description="New requesters get an automatic reply.")
    adopt_cc: bool | None = Field(default=None, description="A mail's Cc become cc of the ticket.")
    catch_all: bool | None = Field(default=None, description="Takes mail to addresses that no queue has.")
    follow_up: FollowUp | None = Field(default=None, description="What a customer's mail does to a closed ticket.")
    lifecycle: Word | None = Field(default=None, description="Another lifecycle that has all statuses of this one.")


class DisableQueueV1(AdministrationCommand):
    """Asks for a queue to take nothing new. Its tickets stay and can be worked on."""

    topic: ClassVar[str] = "disable_queue.v1"
    name: Word = Field(description="Which queue.")


class EnableQueueV1(AdministrationCommand):
    """Asks for a disabled queue to be in use again."""

    topic: ClassVar[str] = "enable_queue.v1"
    name: Word = Field(description="Which queue.")


class QueueChangedV1(Event):
    """Sent when a queue was changed, disabled or enabled."""

    topic: ClassVar[str] = "queue.changed.v1"
    publisher: ClassVar[str] = "tickets"
    queue: Queue = Field(description="The queue.")
    rights_epoch: int = Field(description="Epoch of rights from here on: watchers and supervisors hold some.")


class ChangePersonV1(AdministrationCommand):
    """Asks for a person to be other than they were. One's own name and language need no right."""

    topic: ClassVar[str] = "change_person.v1"
    person: Named = Field(description="`person:<login>` or `person/<id>`.")
    if_version: int | None = Field(default=None, description="Refused (412) unless they have this version.")
    login: str | None = Field(default=None, pattern=r"^[a-z0-9][a-z0-9._-]{0,39}$", description="Login.")
    name: str | None = Field(default=None, max_length=200, description="Display name.")
    addresses: Addresses | None = Field(
        default=None, description="All their mail addresses, the first to write to; others are free again."
    )
    language: str | None = Field(default=None, max_length=20, description="Preferred language; empty for none.")
    agent: bool | None = Field(default=None, description="An agent rather than a customer.")


class DisablePersonV1(AdministrationCommand):
    """Asks for a person to be allowed nothing any more. What they did stays."""

    topic: ClassVar[str] = "disable_person.v1"
    person: Named = Field(description="`person:<login>` or `person/<id>`.")


class EnablePersonV1(AdministrationCommand):
    """Asks for a disabled person to be allowed again what grants give them."""

    topic: ClassVar[str] = "enable_person.v1"
    person: Named = Field(description="`person:<login>` or `person/<id>`.")


class JoinPersonsV1(AdministrationCommand):
    """Asks for two customers to be one: addresses and standing on tickets pass to the one who stays."""

    topic: ClassVar[str] = "join_persons.v1"
    person: Named = Field(description="Who is joined and used no more: `person:<login>` or `person/<id>`.")
    into: Named = Field(description="Who stays: `person:<login>` or `person/<id>`.")


class PersonChangedV1(Event):
    """Sent when a person was changed, disabled, enabled, or joined with another."""

    topic: ClassVar[str] = "person.changed.v1"
    publisher: ClassVar[str] = "tickets"
    person: Person = Field(description="The person.")
    rights_epoch: int = Field(description="Epoch of rights from here on.")
