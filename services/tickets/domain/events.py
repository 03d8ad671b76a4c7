"""Thin events: what happened, without the state after it. They are what the log keeps for ever.

Fields named in ``personal`` are kept apart from the hashed body, so that they can be erased (decision 18).
A change of shape is a new ``v``; ``lift`` brings older ones up when they are read. A change of what one does to a
ticket is a new ``v`` too, and older ones go on doing what they did, so that a log of then gives the states of then:

    v 1   what changes on a joined ticket is carried to its parts by comparing; watchers and time worked are not joined
    v 2   each part is changed by what happened (``standing.followed``); watchers and time worked are joined too
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from ticketwire_contracts.escalation import ClockName
from ticketwire_contracts.ingest import Address, Attachment, AutoVerdict, PgpVerdict
from ticketwire_contracts.tickets import (
    Absorbed,
    Category,
    ClockFacts,
    FieldChange,
    FieldDefinition,
    Grant,
    Group,
    Lifecycle,
    Link,
    MessageKind,
    Party,
    Person,
    Queue,
    QuotedMessage,
)


class Thin(BaseModel):
    """Something that happened on one stream."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    personal: ClassVar[frozenset[str]] = frozenset()
    public: ClassVar[bool] = True
    """Whether outsiders hear of it, if it is about a ticket; as the contract's class says."""
    type: str
    v: int = 2


class Said(Thin):
    """Something was said on a ticket."""

    personal: ClassVar[frozenset[str]] = frozenset(
        {"author", "subject", "text", "html", "attachments", "to", "cc", "message_id", "references", "pgp"}
    )
    n: int
    kind: MessageKind
    author: Party
    subject: str = ""
    text: str
    html: str | None = None
    attachments: list[Attachment] = Field(default_factory=list)
    to: list[Address] = Field(default_factory=list)
    cc: list[Address] = Field(default_factory=list)
    message_id: str | None = None
    references: list[str] = Field(default_factory=list)
    auto: AutoVerdict = AutoVerdict(is_auto=False)
    pgp: PgpVerdict = PgpVerdict()
    mail: str | None = None
    reading: int | None = None
    through: str | None = None


class Opened(Said):
    """A ticket was opened, with its first message."""

    personal: ClassVar[frozenset[str]] = Said.personal | {"title", "requesters", "copies"}
    type: Literal["opened"] = "opened"
    number: str
    queue: str
    title: str
    status: str
    category: Category
    priority: int
    requesters: list[Party]
    copies: list[Party] = Field(default_factory=list)
    owner: Party | None = None
    opened_by: Literal["mail", "phone", "page", "api", "split"]
    language: str | None = None
    new_requester: bool = False
    why: str = "opened"
    suggested: str | None = None
    refers_to: str | None = None
    """The closed ticket that the mail answered, where the queue opens a new one instead."""


class Received(Said):
    """A customer's mail joined the ticket."""

    type: Literal["received"] = "received"
    why: str = ""
    reopened_to: str | None = None


class Replied(Said):
    """An agent replied to the customers."""

    type: Literal["replied"] = "replied"
    in_reply_to: str | None = None
    reply_references: list[str] = Field(default_factory=list)
    personal: ClassVar[frozenset[str]] = Said.personal | {"in_reply_to", "reply_references"}


class Noted(Said):
    """An internal note was added."""

    public: ClassVar[bool] = False
    type: Literal["noted"] = "noted"
    why: str = ""


class StatusChanged(Thin):
    """The status changed."""

    type: Literal["status_changed"] = "status_changed"
    before: str
    after: str
    category: Category
    wake_at: datetime | None = None


class OwnerChanged(Thin):
    """The owner changed."""

    personal: ClassVar[frozenset[str]] = frozenset({"before", "after"})
    type: Literal["owner_changed"] = "owner_changed"
    before: Party | None = None
    after: Party | None = None


class PriorityChanged(Thin):
    """The priority changed."""

    type: Literal["priority_changed"] = "priority_changed"
    before: int
    after: int


class Escalated(Thin):
    """A promise was about to break or broke."""

    public: ClassVar[bool] = False
    type: Literal["escalated"] = "escalated"
    clock: ClockName
    percent: int
    due_at: datetime
    actions: list[Literal["tell_owner", "tell_supervisors"]]
    generation: int


class Claimed(Thin):
    """A name that must be unique was taken by a person or a queue; without an owner it is free again."""

    type: Literal["claimed"] = "claimed"
    owner: str


class PersonCreated(Thin):
    """A person was made."""

    personal: ClassVar[frozenset[str]] = frozenset({"person"})
    type: Literal["person_created"] = "person_created"
    person: Person


class QueueCreated(Thin):
    """A queue was made."""

    type: Literal["queue_created"] = "queue_created"
    queue: Queue
    rights_epoch: int = 0


class GroupChanged(Thin):
    """A group was made, or its members changed."""

    type: Literal["group_changed"] = "group_changed"
    group: Group
    rights_epoch: int


class GrantGiven(Thin):
    """A grant was given."""

    type: Literal["grant_given"] = "grant_given"
    grant: Grant
    rights_epoch: int


class GrantTaken(Thin):
    """A grant was taken back."""

    type: Literal["grant_taken"] = "grant_taken"
    grant: Grant
    rights_epoch: int


class SubjectChanged(Thin):
    """The subject changed."""

    personal: ClassVar[frozenset[str]] = frozenset({"before", "after"})
    type: Literal["subject_changed"] = "subject_changed"
    before: str
    after: str


class DueChanged(Thin):
    """The explicit due date changed."""

    public: ClassVar[bool] = False
    type: Literal["due_changed"] = "due_changed"
    before: datetime | None = None
    after: datetime | None = None


class RequestersChanged(Thin):
    """Requesters came or went."""

    personal: ClassVar[frozenset[str]] = frozenset({"added", "removed"})
    type: Literal["requesters_changed"] = "requesters_changed"
    added: list[Party] = Field(default_factory=list)
    removed: list[Party] = Field(default_factory=list)


class PeopleChanged(Thin):
    """Cc, admin cc or watchers came or went."""

    personal: ClassVar[frozenset[str]] = frozenset({"added", "removed"})
    public: ClassVar[bool] = False
    type: Literal["people_changed"] = "people_changed"
    role: Literal["cc", "admin_cc", "watchers"]
    added: list[Party] = Field(default_factory=list)
    removed: list[Party] = Field(default_factory=list)


class TagsChanged(Thin):
    """Tags were put on or taken off."""

    public: ClassVar[bool] = False
    type: Literal["tags_changed"] = "tags_changed"
    added: list[str] = Field(default_factory=list)
    removed: list[str] = Field(default_factory=list)


class FieldsChanged(Thin):
    """Custom fields changed."""

    personal: ClassVar[frozenset[str]] = frozenset({"changes"})
    public: ClassVar[bool] = False
    type: Literal["fields_changed"] = "fields_changed"
    changes: list[FieldChange]


class TimeWorked(Thin):
    """Working time was noted down."""

    personal: ClassVar[frozenset[str]] = frozenset({"text"})
    public: ClassVar[bool] = False
    type: Literal["time_worked"] = "time_worked"
    minutes: int
    text: str = ""
    total: int
    """All minutes with these."""


class Forwarded(Said):
    """Messages were forwarded to outsiders; what is said is what stands above them."""

    personal: ClassVar[frozenset[str]] = Said.personal | {"quoted"}
    public: ClassVar[bool] = False
    type: Literal["forwarded"] = "forwarded"
    quoted: list[QuotedMessage]


class QueueFieldsSet(Thin):
    """The custom fields of a queue changed."""

    type: Literal["queue_fields_set"] = "queue_fields_set"
    queue: str
    fields: list[FieldDefinition]


class Linked(Thin):
    """A link was made; each end has its own."""

    public: ClassVar[bool] = False
    type: Literal["linked"] = "linked"
    link: Link


class Unlinked(Thin):
    """A link went. ``targets`` are its spellings: a merged ticket may be named by its old number."""

    public: ClassVar[bool] = False
    type: Literal["unlinked"] = "unlinked"
    link: Link
    targets: list[str]


class DependencyReopened(Thin):
    """Something that this closed ticket depends on is open again."""

    public: ClassVar[bool] = False
    type: Literal["dependency_reopened"] = "dependency_reopened"
    dependency: str


class Merged(Thin):
    """The ticket was merged into another."""

    public: ClassVar[bool] = False
    type: Literal["merged"] = "merged"
    into: str


class TookIn(Thin):
    """Other tickets were merged into this one; ``parts`` is what they bring along."""

    personal: ClassVar[frozenset[str]] = frozenset({"parts"})
    public: ClassVar[bool] = False
    type: Literal["took_in"] = "took_in"
    numbers: list[str]
    parts: list[Absorbed]


class Kept(BaseModel):
    """What a merged ticket gets back: its links, clocks and time worked as they are when it leaves."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    number: str
    links: list[Link]
    clocks: ClockFacts
    time_worked: int | None = None
    """None where it was merged before the time came along: it has its own still."""


class Unmerged(Thin):
    """The ticket stands by itself again, with what was in it before."""

    public: ClassVar[bool] = False
    type: Literal["unmerged"] = "unmerged"
    out_of: str
    kept: list[Kept]


class LetGo(Thin):
    """Tickets that were merged into this one are not in it any more."""

    public: ClassVar[bool] = False
    type: Literal["let_go"] = "let_go"
    numbers: list[str]


class MessagesMoved(Thin):
    """Messages were moved (or copied) to another ticket; ``unanswered`` is what still waits here for a reply."""

    public: ClassVar[bool] = False
    type: Literal["messages_moved"] = "messages_moved"
    messages: list[str]
    to: str
    copied: bool = False
    unanswered: datetime | None = None


class MessagesReturned(Thin):
    """Messages that had been moved away are back."""

    public: ClassVar[bool] = False
    type: Literal["messages_returned"] = "messages_returned"
    messages: list[str]
    unanswered: datetime | None = None


class PartWaits(Thin):
    """In this ticket is another that waits for an answer since another time (or no more), since messages left it."""

    public: ClassVar[bool] = False
    type: Literal["part_waits"] = "part_waits"
    number: str
    unanswered: datetime | None = None


class Adopted(Said):
    """A message of another ticket was moved (or copied) to this one."""

    public: ClassVar[bool] = False
    type: Literal["adopted"] = "adopted"
    origin: str
    said_at: datetime
    internal: bool = False
    spoke: Literal["customer", "agent", "nobody"]
    waits: bool = False


def is_internal(event: Thin) -> bool:
    """Whether only those may know of it who may see notes: a note, a forward, or what was one where it came from."""
    return isinstance(event, Noted | Forwarded) or bool(getattr(event, "internal", False))


class Erased(Thin):
    """Personal values were taken out of this stream's history: which, and the digests of what stands there now."""

    personal: ClassVar[frozenset[str]] = frozenset({"said"})
    public: ClassVar[bool] = False
    type: Literal["erased"] = "erased"
    person: str
    takes: dict[str, str]
    said: list[dict[str, Any]] = Field(default_factory=list)
    """The contract's events that are other than they were, to be told to those who keep them."""


class LifecycleChanged(Thin):
    """A lifecycle was made or changed."""

    type: Literal["lifecycle_changed"] = "lifecycle_changed"
    lifecycle: Lifecycle


class Moved(Thin):
    """The ticket went into another queue; its status went along."""

    type: Literal["moved"] = "moved"
    before: str
    after: str
    status_before: str
    status: str
    category: Category


class QueueChanged(Thin):
    """A queue was changed, disabled or enabled."""

    type: Literal["queue_changed"] = "queue_changed"
    queue: Queue
    rights_epoch: int


class PersonChanged(Thin):
    """A person was changed, disabled, enabled or joined with another."""

    personal: ClassVar[frozenset[str]] = frozenset({"person"})
    type: Literal["person_changed"] = "person_changed"
    person: Person
    rights_epoch: int


class PersonErased(Thin):
    """A person was erased: what is left of them, and where they stood."""

    type: Literal["person_erased"] = "person_erased"
    person: Person
    erased: list[str]
    claims: list[str]
    tickets: list[str]
    mails: list[str]
    rights_epoch: int
    since: dict[str, datetime] = Field(default_factory=dict)


class PersonDataShown(Thin):
    """All that is kept of a person was looked for, to be shown or taken away as a file. Who did so is the actor."""

    type: Literal["person_data_shown"] = "person_data_shown"
    person: str


KINDS: dict[str, type[Thin]] = {
    kind.model_fields["type"].default: kind
    for kind in (
        Opened,
        Received,
        Replied,
        Noted,
        StatusChanged,
        OwnerChanged,
        PriorityChanged,
        Escalated,
        Claimed,
        PersonCreated,
        QueueCreated,
        GroupChanged,
        GrantGiven,
        GrantTaken,
        SubjectChanged,
        DueChanged,
        RequestersChanged,
        PeopleChanged,
        TagsChanged,
        FieldsChanged,
        TimeWorked,
        Forwarded,
        QueueFieldsSet,
        Linked,
        Unlinked,
        DependencyReopened,
        Merged,
        TookIn,
        Unmerged,
        LetGo,
        MessagesMoved,
        MessagesReturned,
        PartWaits,
        Adopted,
        LifecycleChanged,
        Moved,
        QueueChanged,
        PersonChanged,
        Erased,
        PersonErased,
        PersonDataShown,
    )
}

PERSONAL: dict[str, frozenset[str]] = {name: kind.personal for name, kind in KINDS.items()} | {
    "refused": frozenset({"notice"})
}
"""By type; a refusal, which is no event of a thing, can name the sender who is to be told."""


def lift(data: dict[str, Any]) -> Thin:
    """The typed event from what the log holds, whatever version it was written in: the shapes of all are the same."""
    return KINDS[data["type"]].model_validate(data)


def thin(event: Thin) -> dict[str, Any]:
    """As the log keeps it."""
    return event.model_dump(mode="json", exclude_none=True)
