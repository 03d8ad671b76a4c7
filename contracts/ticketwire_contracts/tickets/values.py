"""What tickets and those around them are made of: parties, messages, tickets, queues, persons, groups, grants."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from ..base import Value
from ..ingest import Address, Attachment, AutoVerdict, PgpVerdict
from .fields import FieldDefinition

Category = Literal["new", "active", "waiting", "closed"]
MessageKind = Literal["mail", "phone", "page", "api"]
FollowUp = Literal["reopen", "new_linked_ticket", "refuse"]


class Party(Value):
    """A person as they stand on a ticket: who, and by which address they are reached there."""

    id: str = Field(description="`person/<id>`.")
    name: str = Field(default="", description="Display name at the time.")
    address: str = Field(default="", description="Mail address used on this ticket.")
    login: str | None = Field(default=None, description="Login name, for agents.")
    agent: bool = Field(default=False, description="An agent rather than a customer.")
    language: str | None = Field(default=None, description="Language to write to them in, e.g. `de`.")


class Message(Value):
    """Something said on a ticket: a mail that came in, a reply, a note, a phone call taken down."""

    id: str = Field(description="`<ticket>.<n>`: repeatable and short.")
    ticket: str = Field(description="Number of the ticket it was said on.")
    kind: MessageKind = Field(description="How it came.")
    author: Party = Field(description="Who said it.")
    internal: bool = Field(default=False, description="A note, or what answers one: agents only.")
    subject: str = Field(default="", description="Subject line of the mail, if it was one.")
    text: str = Field(description="What to read.")
    html: str | None = Field(default=None, description="Sanitised HTML, if the mail had any.")
    attachments: list[Attachment] = Field(default_factory=list, description="Files.")
    to: list[Address] = Field(default_factory=list, description="Recipients: of the mail, or chosen for the reply.")
    cc: list[Address] = Field(default_factory=list, description="Copies.")
    message_id: str | None = Field(default=None, description="Of the incoming mail, without brackets.")
    references: list[str] = Field(default_factory=list, description="References of the incoming mail.")
    auto: AutoVerdict = Field(default=AutoVerdict(is_auto=False), description="Whether a machine wrote it.")
    pgp: PgpVerdict = Field(default=PgpVerdict(), description="What PGP says of it.")
    mail: str | None = Field(default=None, description="ingest's row, if it came by mail.")
    at: datetime = Field(description="When it was said.")
    through: str | None = Field(default=None, description="The absorbed ticket by whose number it came here.")
    origin: str | None = Field(default=None, description="Id of the message that it was moved or copied from.")


class ClockFacts(Value):
    """All that any clock needs to know of a ticket; never a running total (design decision 8)."""

    opened_at: datetime = Field(description="When it was opened.")
    first_answered_at: datetime | None = Field(default=None, description="First reply of an agent to the customer.")
    oldest_unanswered_at: datetime | None = Field(default=None, description="Oldest customer message without a reply.")
    last_customer_at: datetime | None = Field(default=None, description="Newest customer message.")
    last_agent_at: datetime | None = Field(default=None, description="Newest reply of an agent.")
    started_at: datetime | None = Field(default=None, description="When it left the new category.")
    resolved_at: datetime | None = Field(default=None, description="When it was closed, while it is closed.")
    waiting: list[tuple[datetime, datetime | None]] = Field(
        default_factory=list, description="Intervals spent waiting."
    )
    due: datetime | None = Field(default=None, description="Explicit due date.")
    priority: int = Field(description="Priority, for policies by band.")
    queue: str = Field(description="Queue, for the policy.")
    category: Category = Field(description="Category of the status.")
    generation: int = Field(description="Moves when any of these facts moves.")
    wake_at: datetime | None = Field(default=None, description="When a waiting ticket opens by itself.")


class Link(Value):
    """A link from this ticket to another."""

    type: Literal[
        "depends_on",
        "needed_by",
        "parent",
        "child",
        "refers_to",
        "referred_to_by",
        "duplicates",
        "duplicated_by",
        "split_from",
        "split_into",
    ] = Field(description="What the target is to this ticket.")
    target: str = Field(description="Number of the other ticket, or an external address.")


class Standing(Value):
    """What merging joins: who stands on a ticket, what it is linked to, what its clocks know, the work done on it."""

    requesters: list[Party] = Field(default_factory=list, description="Who asks.")
    cc: list[Party] = Field(default_factory=list, description="Who gets copies.")
    admin_cc: list[Party] = Field(default_factory=list, description="Agents who get everything, notes too.")
    links: list[Link] = Field(default_factory=list, description="Its links, as they are now.")
    clocks: ClockFacts = Field(description="What its clocks know.")
    watchers: list[Party] | None = Field(
        default=None,
        description="Agents who watched it, but for those who watch the ticket that it was merged into themselves. "
        "None where it was merged before watchers came along.",
    )
    time_worked: int | None = Field(
        default=None, description="Minutes worked on it. None where it was merged before they came along."
    )


class Absorbed(Standing):
    """What a ticket that was merged into this one brought along; it counts here until it is unmerged."""

    number: str = Field(description="Its number.")
    into: str = Field(description="The ticket it was merged into itself: this one, or one that came with it.")
    at: datetime = Field(description="When it was merged into that one.")


class MovedMessage(Value):
    """A message that now stands on another ticket."""

    message: str = Field(description="Its id here.")
    to: str = Field(description="Number of the ticket where it stands.")


class Ticket(Value):
    """The whole state of a ticket but for its messages."""

    number: str = Field(description="`TW-<n>`.")
    subject: str = Field(description="Subject, without tags and reply marks.")
    queue: str = Field(description="Name of the queue.")
    status: str = Field(description="Status in the queue's lifecycle.")
    category: Category = Field(description="Category of the status.")
    wake_at: datetime | None = Field(default=None, description="When a pending ticket opens by itself.")
    priority: int = Field(description="0 to 100.", ge=0, le=100)
    owner: Party | None = Field(default=None, description="The agent who owns it.")
    requesters: list[Party] = Field(default_factory=list, description="Who asks.")
    cc: list[Party] = Field(default_factory=list, description="Who gets copies.")
    admin_cc: list[Party] = Field(default_factory=list, description="Agents who get everything, notes too.")
    due: datetime | None = Field(default=None, description="Explicit due date.")
    tags: list[str] = Field(default_factory=list, description="Tags.")
    fields: dict[str, Any] = Field(default_factory=dict, description="Custom fields.")
    links: list[Link] = Field(default_factory=list, description="Links to other tickets.")
    merged_into: str | None = Field(default=None, description="Number of the ticket that took it in.")
    absorbed: list[Absorbed] = Field(
        default_factory=list,
        description="Tickets that were merged into this one, directly or with another. Their people, links, "
        "clocks and time worked are in this ticket's already.",
    )
    moved: list[MovedMessage] = Field(default_factory=list, description="Messages that now stand on another ticket.")
    clocks: ClockFacts = Field(description="What the clocks need.")
    opened_by: Literal["mail", "phone", "page", "api", "split"] = Field(description="How it came to be.")
    created_at: datetime = Field(description="When it was opened.")
    updated_at: datetime = Field(description="When anything last changed.")
    version: int = Field(description="Commits so far.", ge=1)
    public_version: int = Field(description="Public events so far.", ge=0)
    messages: int = Field(description="Messages so far, notes included.", ge=0)
    language: str | None = Field(default=None, description="The requester's language.")
    watchers: list[Party] = Field(
        default_factory=list, description="Agents who asked to be told; it gives them no right."
    )
    time_worked: int = Field(default=0, ge=0, description="Minutes worked so far.")


class Queue(Value):
    """Where tickets of one kind wait for the people who work on them."""

    name: str = Field(
        description="Short name: lower-case letters, digits, dashes.", pattern=r"^[a-z0-9][a-z0-9-]{0,39}$"
    )
    title: str = Field(description="Name to show.")
    addresses: list[str] = Field(default_factory=list, description="Mail to these opens tickets here.")
    lifecycle: str = Field(default="default", description="Name of its lifecycle.")
    default_priority: int = Field(default=50, ge=0, le=100, description="Priority of new tickets.")
    watchers: list[str] = Field(
        default_factory=list, description="`person/<id>` or `group/<name>`: told of what happens."
    )
    supervisors: list[str] = Field(default_factory=list, description="Told when a promise is about to break.")
    adopt_cc: bool = Field(default=True, description="A mail's Cc become cc of the ticket.")
    auto_reply: bool = Field(default=True, description="New requesters get an automatic reply.")
    catch_all: bool = Field(default=False, description="Takes mail to addresses that no queue has.")
    disabled: bool = Field(default=False, description="Takes nothing new.")
    description: str = Field(default="", description="What it is for.")
    follow_up: FollowUp = Field(default="reopen", description="What a customer's mail does to a closed ticket.")
    version: int = Field(default=0, description="Commits so far.")
    fields: list[FieldDefinition] = Field(default_factory=list, description="Custom fields of its tickets.")


class Person(Value):
    """An agent or a customer."""

    id: str = Field(description="`person/<random>`.")
    login: str | None = Field(default=None, description="Login name; customers have none.")
    name: str = Field(default="", description="Display name.")
    addresses: list[str] = Field(default_factory=list, description="Mail addresses; the first is written to.")
    agent: bool = Field(default=False, description="An agent rather than a customer.")
    language: str | None = Field(default=None, description="Preferred language, e.g. `de`.")
    disabled: bool = Field(default=False, description="May do nothing, keeps their history.")
    joined_into: str | None = Field(default=None, description="`person/<id>` of whom they were joined into.")
    aliases: list[str] = Field(
        default_factory=list, description="`person/<id>` of those joined into them: what these held, they hold."
    )
    version: int = Field(default=0, description="Commits so far.")
    erased: bool = Field(default=False, description="Was erased; only the id is left.")


class Group(Value):
    """Persons and groups who hold grants together."""

    name: str = Field(description="Short name.", pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")
    title: str = Field(default="", description="Name to show.")
    members: list[str] = Field(default_factory=list, description="`person/<id>` or `group/<name>`.")
    version: int = Field(default=0, description="Commits so far.")


class Grant(Value):
    """A right, for someone, somewhere. There are no denials."""

    right: str = Field(description="A name of `rights.RIGHTS`.")
    grantee: str = Field(
        description="`person/<id>`, `group/<name>`, `everyone`, "
        "`role/<owner|requester|cc|admin_cc|watcher|supervisor>`."
    )
    scope: str = Field(description="`all`, `queue/<name>`, `ticket/<number>`.")
