"""What may be asked of the history of administration, alike of every service that keeps a part of it. Read-only."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from .base import Actor, Command, Value

AuditKind = Literal["queue", "lifecycle", "person", "group", "grant", "policy"]
Name = Annotated[str, StringConstraints(max_length=400)]


class Cause(Value):
    """What led to a change."""

    kind: Literal["mail", "command", "timer", "system"] = Field(description="Where it came from.")
    id: str = Field(description="The mail's row and reading, the order's id, or the event's id.")


class Difference(Value):
    """What a field was, and what it is."""

    before: Any = Field(description="None where there was nothing.")
    after: Any = Field(description="None where there is nothing any more.")


class AuditPlace(Value):
    """A place in the order of changes, which is by time and then by id."""

    at: datetime = Field(description="When the change was made.")
    id: Name = Field(description="Its id.")


class AuditQuestion(Command):
    """Which changes of what is administered are asked for."""

    kind: AuditKind | None = Field(default=None, description="Only changes of such things.")
    thing: Name | None = Field(
        default=None, description="Only changes of this, e.g. `queue/support`, and grants to it or on it."
    )
    actor: Name | None = Field(default=None, description="Only changes by this `person/<id>`, or by `system`.")
    since: datetime | None = Field(default=None, description="Only changes from this time on.")
    until: datetime | None = Field(default=None, description="Only changes before this time.")
    before: AuditPlace | None = Field(default=None, description="Only what lies behind this place: `next`.")
    limit: int = Field(default=50, ge=1, le=200, description="Changes on a page.")


class AuditActor(Actor):
    """Who did it, by name."""

    name: str = Field(default="", description="What they are called now; `[erased]` for who was erased.")


class AuditThing(Value):
    """What was changed, by name."""

    id: str = Field(description="Its stream, e.g. `queue/support`, `person/<id>`, `grant/<right>|<grantee>|<scope>`.")
    name: str = Field(default="", description="What it is called.")


class AuditHappening(Value):
    """One thing that happened in a change."""

    type: str = Field(description="E.g. `queue_changed`, `grant_given`, `person_erased`.")
    details: dict[str, Any] = Field(default_factory=dict, description="What else the log says of it.")


class AuditEntry(Value):
    """One change of what is administered: who, when, why, of what, what happened, and what is different since."""

    id: str = Field(description="`<thing>:<version>`.")
    kind: AuditKind = Field(description="What kind of thing it is.")
    thing: AuditThing = Field(description="What was changed.")
    version: int = Field(description="Its version after the change.")
    at: datetime = Field(description="When (UTC).")
    actor: AuditActor = Field(description="Who.")
    command: str = Field(description="What was asked, e.g. `change_queue.v1`.")
    cause: Cause = Field(description="Why.")
    correlation: str = Field(description="Kept from a mail's arrival or a click to the last notification.")
    happened: list[AuditHappening] = Field(description="In order.")
    changed: dict[str, Difference] = Field(description="By field of the thing.")


class AuditPage(Value):
    """A part of the history of administration."""

    items: list[AuditEntry] = Field(description="Newest first.")
    next: AuditPlace | None = Field(default=None, description="Ask again with it as `before`; none at the end.")
    names: dict[str, str] = Field(
        default_factory=dict, description="What the persons are called who stand in it by their ids."
    )
