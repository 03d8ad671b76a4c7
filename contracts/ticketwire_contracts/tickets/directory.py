"""What is said of queues, persons, groups and grants."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from ..base import Event
from .values import Grant, Group, Person, Queue


class QueueCreatedV1(Event):
    """Sent when a queue was made."""

    topic: ClassVar[str] = "queue.created.v1"
    publisher: ClassVar[str] = "tickets"
    queue: Queue = Field(description="The queue.")
    rights_epoch: int = Field(default=0, description="Epoch of rights from here on.")


class PersonCreatedV1(Event):
    """Sent when an agent was made, or a customer wrote for the first time."""

    topic: ClassVar[str] = "person.created.v1"
    publisher: ClassVar[str] = "tickets"
    person: Person = Field(description="The person.")


class GroupChangedV1(Event):
    """Sent when a group was made or its members changed."""

    topic: ClassVar[str] = "group.changed.v1"
    publisher: ClassVar[str] = "tickets"
    group: Group = Field(description="The group.")
    rights_epoch: int = Field(description="Epoch of rights from here on.")


class GrantGivenV1(Event):
    """Sent when a grant was given."""

    topic: ClassVar[str] = "grant.given.v1"
    publisher: ClassVar[str] = "tickets"
    grant: Grant = Field(description="The grant.")
    rights_epoch: int = Field(description="Epoch of rights from here on.")


class GrantTakenV1(Event):
    """Sent when a grant was taken back."""

    topic: ClassVar[str] = "grant.taken.v1"
    publisher: ClassVar[str] = "tickets"
    grant: Grant = Field(description="The grant.")
    rights_epoch: int = Field(description="Epoch of rights from here on.")
