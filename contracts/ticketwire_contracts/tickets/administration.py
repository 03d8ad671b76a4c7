"""What may be asked of queues, persons, groups and grants."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from ..base import Command, Word
from .values import FollowUp


class AdministrationCommand(Command):
    """A command about something other than a ticket."""

    obeyed_by: ClassVar[str] = "tickets"


class CreateQueueV1(AdministrationCommand):
    """Asks for a new queue."""

    topic: ClassVar[str] = "create_queue.v1"
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$", description="Short name.")
    title: str = Field(default="", max_length=200, description="Name to show; else the short name.")
    addresses: list[Word] = Field(default_factory=list, description="Its mail addresses.")
    default_priority: int = Field(default=50, ge=0, le=100, description="Priority of new tickets.")
    watchers: list[Word] = Field(default_factory=list, description="`person:<login>` or `group:<name>`.")
    supervisors: list[Word] = Field(default_factory=list, description="`person:<login>` or `group:<name>`.")
    auto_reply: bool = Field(default=True, description="New requesters get an automatic reply.")
    adopt_cc: bool = Field(default=True, description="A mail's Cc become cc of the ticket.")
    catch_all: bool = Field(default=False, description="Takes mail to addresses that no queue has.")
    description: str = Field(default="", max_length=2000, description="What it is for.")
    follow_up: FollowUp = Field(default="reopen", description="What a customer's mail does to a closed ticket.")
    lifecycle: Word = Field(default="default", description="Name of its lifecycle.")


class CreatePersonV1(AdministrationCommand):
    """Asks for a new agent or customer."""

    topic: ClassVar[str] = "create_person.v1"
    login: str | None = Field(
        default=None, pattern=r"^[a-z0-9][a-z0-9._-]{0,39}$", description="Login; agents need one."
    )
    name: str = Field(default="", max_length=200, description="Display name.")
    addresses: list[Word] = Field(default_factory=list, max_length=20, description="Mail addresses.")
    agent: bool = Field(default=False, description="An agent rather than a customer.")
    language: Word | None = Field(default=None, description="Preferred language.")


class CreateGroupV1(AdministrationCommand):
    """Asks for a new group."""

    topic: ClassVar[str] = "create_group.v1"
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$", description="Short name.")
    title: str = Field(default="", max_length=200, description="Name to show.")


class AddMemberV1(AdministrationCommand):
    """Asks for someone to be a member of a group."""

    topic: ClassVar[str] = "add_member.v1"
    group: Word = Field(description="Name of the group.")
    if_version: int | None = Field(default=None, description="Refused (412) unless the group has this version.")
    member: Word = Field(description="`person:<login>` or `group:<name>`.")


class RemoveMemberV1(AdministrationCommand):
    """Asks for someone to be a member of a group no longer."""

    topic: ClassVar[str] = "remove_member.v1"
    group: Word = Field(description="Name of the group.")
    if_version: int | None = Field(default=None, description="Refused (412) unless the group has this version.")
    member: Word = Field(description="`person:<login>` or `group:<name>`.")


class GiveRightV1(AdministrationCommand):
    """Asks for a grant."""

    topic: ClassVar[str] = "give_right.v1"
    right: Word = Field(description="A name of `rights.RIGHTS`.")
    grantee: Word = Field(description="`person:<login>`, `group:<name>`, `role:<name>`, `everyone`.")
    scope: Word = Field(description="`all`, `queue:<name>`, `ticket:<number>`.")


class TakeRightV1(AdministrationCommand):
    """Asks for a grant to be taken back."""

    topic: ClassVar[str] = "take_right.v1"
    right: Word = Field(description="A name of `rights.RIGHTS`.")
    grantee: Word = Field(description="As in `give_right`.")
    scope: Word = Field(description="As in `give_right`.")
