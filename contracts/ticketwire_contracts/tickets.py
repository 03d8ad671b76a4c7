"""What tickets may be asked and what it says: the truth about tickets, queues, persons, groups and grants."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Literal

from pydantic import Field

from .base import SCHEMA_BASE, Command, Event, Value
from .escalation import ClockName
from .ingest import Address, Attachment, AutoVerdict, PgpVerdict

Category = Literal["new", "active", "waiting", "closed"]
MessageKind = Literal["mail", "phone", "page", "api"]

# ---------------------------------------------------------------------------------------------- values


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


class Link(Value):
    """A link from this ticket to another."""

    type: Literal[
        "depends_on",
        "needed_by",
        "parent",
        "child",
        "refers_to",
        "duplicates",
        "duplicated_by",
        "split_from",
        "split_into",
    ] = Field(description="What the target is to this ticket.")
    target: str = Field(description="Number of the other ticket, or an external address.")


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
    clocks: ClockFacts = Field(description="What the clocks need.")
    opened_by: Literal["mail", "phone", "page", "api", "split"] = Field(description="How it came to be.")
    created_at: datetime = Field(description="When it was opened.")
    updated_at: datetime = Field(description="When anything last changed.")
    version: int = Field(description="Commits so far.", ge=1)
    public_version: int = Field(description="Public events so far.", ge=0)
    messages: int = Field(description="Messages so far, notes included.", ge=0)
    language: str | None = Field(default=None, description="The requester's language.")


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
    version: int = Field(default=0, description="Commits so far.")


class Person(Value):
    """An agent or a customer."""

    id: str = Field(description="`person/<random>`.")
    login: str | None = Field(default=None, description="Login name; customers have none.")
    name: str = Field(default="", description="Display name.")
    addresses: list[str] = Field(default_factory=list, description="Mail addresses; the first is written to.")
    agent: bool = Field(default=False, description="An agent rather than a customer.")
    language: str | None = Field(default=None, description="Preferred language, e.g. `de`.")
    disabled: bool = Field(default=False, description="May do nothing, keeps their history.")
    version: int = Field(default=0, description="Commits so far.")


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


# ---------------------------------------------------------------------------------------- commands: tickets


class TicketCommand(Command):
    """A command about one ticket."""

    obeyed_by: ClassVar[str] = "tickets"
    ticket: str = Field(description="Its number.")
    if_version: int | None = Field(default=None, description="Refused (412) unless the ticket has this version.")


class OpenTicketV1(Command):
    """Asks for a new ticket, by hand: for a caller (`phone`) or to write to a requester first (`mail`)."""

    topic: ClassVar[str] = "open_ticket.v1"
    obeyed_by: ClassVar[str] = "tickets"
    queue: str = Field(description="Name of the queue.")
    subject: str = Field(description="Subject.", min_length=1, max_length=500)
    requesters: list[str] = Field(description="Mail addresses of who asks.", min_length=1, max_length=20)
    text: str = Field(description="What was said, or what to write.", max_length=200_000)
    kind: Literal["phone", "mail"] = Field(default="phone", description="`mail` writes the text to the requester.")
    priority: int | None = Field(default=None, ge=0, le=100, description="Else the queue's.")
    owner: str | None = Field(default=None, description="Login of the owner.")
    attachments: list[Attachment] = Field(default_factory=list, description="Files already in the blob store.")


class ReplyToTicketV1(TicketCommand):
    """Asks for a reply to be said to the customers."""

    topic: ClassVar[str] = "reply_to_ticket.v1"
    text: str = Field(min_length=1, max_length=200_000, description="What to write.")
    to: list[str] | None = Field(default=None, max_length=50, description="Addresses; without it, the requesters.")
    cc: list[str] | None = Field(default=None, max_length=50, description="Copies; without it, the ticket's cc.")
    attachments: list[Attachment] = Field(default_factory=list, description="Files already in the blob store.")
    then_status: str | None = Field(default=None, description="Status to set with it.")


class AddNoteV1(TicketCommand):
    """Asks for an internal note."""

    topic: ClassVar[str] = "add_note.v1"
    text: str = Field(min_length=1, max_length=200_000, description="What to note.")
    attachments: list[Attachment] = Field(default_factory=list, description="Files already in the blob store.")


class SetStatusV1(TicketCommand):
    """Asks for another status."""

    topic: ClassVar[str] = "set_status.v1"
    status: str = Field(description="A status of the queue's lifecycle.")
    until: datetime | None = Field(default=None, description="For pending: when to open again.")


class SetOwnerV1(TicketCommand):
    """Asks for another owner, or none."""

    topic: ClassVar[str] = "set_owner.v1"
    owner: str | None = Field(description="Login, or none.")


class SetPriorityV1(TicketCommand):
    """Asks for another priority."""

    topic: ClassVar[str] = "set_priority.v1"
    priority: int = Field(ge=0, le=100, description="0 to 100.")


# ---------------------------------------------------------------------------------- commands: administration


class AdministrationCommand(Command):
    """A command about something other than a ticket."""

    obeyed_by: ClassVar[str] = "tickets"


class CreateQueueV1(AdministrationCommand):
    """Asks for a new queue."""

    topic: ClassVar[str] = "create_queue.v1"
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$", description="Short name.")
    title: str = Field(default="", max_length=200, description="Name to show; else the short name.")
    addresses: list[str] = Field(default_factory=list, description="Its mail addresses.")
    default_priority: int = Field(default=50, ge=0, le=100, description="Priority of new tickets.")
    watchers: list[str] = Field(default_factory=list, description="`person:<login>` or `group:<name>`.")
    supervisors: list[str] = Field(default_factory=list, description="`person:<login>` or `group:<name>`.")
    auto_reply: bool = Field(default=True, description="New requesters get an automatic reply.")
    adopt_cc: bool = Field(default=True, description="A mail's Cc become cc of the ticket.")
    catch_all: bool = Field(default=False, description="Takes mail to addresses that no queue has.")


class CreatePersonV1(AdministrationCommand):
    """Asks for a new agent or customer."""

    topic: ClassVar[str] = "create_person.v1"
    login: str | None = Field(
        default=None, pattern=r"^[a-z0-9][a-z0-9._-]{0,39}$", description="Login; agents need one."
    )
    name: str = Field(default="", max_length=200, description="Display name.")
    addresses: list[str] = Field(default_factory=list, max_length=20, description="Mail addresses.")
    agent: bool = Field(default=False, description="An agent rather than a customer.")
    language: str | None = Field(default=None, description="Preferred language.")


class CreateGroupV1(AdministrationCommand):
    """Asks for a new group."""

    topic: ClassVar[str] = "create_group.v1"
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$", description="Short name.")
    title: str = Field(default="", max_length=200, description="Name to show.")


class AddMemberV1(AdministrationCommand):
    """Asks for someone to be a member of a group."""

    topic: ClassVar[str] = "add_member.v1"
    group: str = Field(description="Name of the group.")
    member: str = Field(description="`person:<login>` or `group:<name>`.")


class RemoveMemberV1(AdministrationCommand):
    """Asks for someone to be a member of a group no longer."""

    topic: ClassVar[str] = "remove_member.v1"
    group: str = Field(description="Name of the group.")
    member: str = Field(description="`person:<login>` or `group:<name>`.")


class GiveRightV1(AdministrationCommand):
    """Asks for a grant."""

    topic: ClassVar[str] = "give_right.v1"
    right: str = Field(description="A name of `rights.RIGHTS`.")
    grantee: str = Field(description="`person:<login>`, `group:<name>`, `role:<name>`, `everyone`.")
    scope: str = Field(description="`all`, `queue:<name>`, `ticket:<number>`.")


class TakeRightV1(AdministrationCommand):
    """Asks for a grant to be taken back."""

    topic: ClassVar[str] = "take_right.v1"
    right: str = Field(description="A name of `rights.RIGHTS`.")
    grantee: str = Field(description="As in `give_right`.")
    scope: str = Field(description="As in `give_right`.")


# ---------------------------------------------------------------------------------------- events: tickets


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


# ----------------------------------------------------------------------------------- events: administration


class QueueCreatedV1(Event):
    """Sent when a queue was made."""

    topic: ClassVar[str] = "queue.created.v1"
    publisher: ClassVar[str] = "tickets"
    queue: Queue = Field(description="The queue.")


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


# --------------------------------------------------------------------------- the public exchange (decision 10)


class PublicParty(Value):
    """A person, for outsiders."""

    name: str = Field(default="", description="Display name.")
    address: str = Field(default="", description="Mail address; empty for agents.")
    agent: bool = Field(default=False, description="An agent rather than a customer.")


class PublicTicket(Value):
    """What outsiders hear of a ticket: an allow-list; no notes, no links, no internal times."""

    number: str = Field(description="`TW-<n>`.")
    subject: str = Field(description="Subject.")
    queue: str = Field(description="Name of the queue.")
    status: str = Field(description="Status.")
    category: Category = Field(description="Category of the status.")
    priority: int = Field(description="0 to 100.")
    owner: PublicParty | None = Field(default=None, description="The agent who owns it.")
    requesters: list[PublicParty] = Field(default_factory=list, description="Who asks.")
    created_at: datetime = Field(description="When it was opened.")


class PublicMessage(Value):
    """What outsiders hear of a reply or a customer's mail."""

    author: PublicParty = Field(description="Who said it.")
    text: str = Field(description="What was said; empty when it came encrypted.")
    attachments: list[str] = Field(default_factory=list, description="File names.")
    at: datetime = Field(description="When.")


class PublicEvent(Value):
    """One message on ``ticketwire.events``, with key ``<type>.<queue>``."""

    specversion: Literal["1.0"] = Field(default="1.0", description="CloudEvents version.")
    id: str = Field(description="`<stream>:p<public_version>`.")
    source: str = Field(default="ticketwire", description="Ticketwire.")
    type: str = Field(description="The topic, e.g. `ticket.replied.v1`.")
    subject: str = Field(description="`ticket/<number>`.")
    time: datetime = Field(description="When it happened.")
    dataschema: str = Field(description="Name of the JSON Schema of public events.")
    public_version: int = Field(description="Counts the public events of this ticket, without holes.")
    correlation: str = Field(description="One id from a mail's arrival to the last notification.")
    summary: str = Field(description="One neutral line.")
    ticket: PublicTicket = Field(description="The ticket after it.")
    message: PublicMessage | None = Field(default=None, description="What was said, if anything.")

    @classmethod
    def schema_address(cls) -> str:
        """The ``dataschema`` of every public event."""
        return f"{SCHEMA_BASE}/public_event.v1.schema.json"
