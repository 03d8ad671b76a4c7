"""What pages and API show: plain values, ready to be written as JSON or put into a template."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from ticketwire_contracts.audit import AuditEntry

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """A part of a list, and the cursor of the next part."""

    items: list[Item]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Who:
    """A person as they stand on a ticket or behind an entry."""

    id: str
    name: str = ""
    address: str = ""
    login: str | None = None
    agent: bool = False


@dataclass(frozen=True, slots=True)
class Watcher(Who):
    """Someone who watches a ticket."""

    by: list[str] = field(default_factory=list)
    """Merged tickets by which alone they watch it, as far as the asker may see those; else they watch it itself."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """A promise that is running."""

    clock: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class LinkTo:
    """A link to another ticket."""

    type: str
    target: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket, as lists and the ticket's own page show it."""

    number: str
    subject: str
    queue: str
    status: str
    category: str
    """``new``, ``active``, ``waiting`` or ``closed``."""
    priority: int
    owner: Who | None
    requesters: list[Who]
    cc: list[Who]
    admin_cc: list[Who]
    due: datetime | None
    """The explicit due date, if one was set."""
    next_due: datetime | None
    """The nearest deadline of the running promises; none when none runs."""
    deadlines: list[Deadline]
    unanswered: datetime | None
    """When the oldest customer message without an answer came."""
    wake_at: datetime | None
    tags: list[str]
    fields: dict[str, Any]
    links: list[LinkTo]
    merged_into: str | None
    opened_by: str
    language: str | None
    messages: int
    version: int
    created_at: datetime
    updated_at: datetime
    watchers: list[Watcher] = field(default_factory=list)
    """Agents who asked to be told of what happens; it gives them no right."""
    time_worked: int = 0
    """Minutes, those of tickets that were merged into it included."""
    absorbed: list[str] = field(default_factory=list)
    """Numbers of tickets that were merged into it."""
    hidden_links: int = 0
    """Links to tickets that the asker may not see."""
    moved: dict[str, str | None] = field(default_factory=dict)
    """Messages that stand on another ticket now: id → that ticket, where the asker may see it."""


@dataclass(frozen=True, slots=True)
class File:
    """An attachment of a message; read it by ticket and digest."""

    filename: str
    content_type: str
    size: int
    sha256: str
    content_id: str | None = None
    inline: bool = False


@dataclass(frozen=True, slots=True)
class Recipient:
    """To whom a message went."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Message:
    """What only entries have by which something was said."""

    id: str
    kind: str
    """``mail``, ``phone``, ``page`` or ``api``."""
    author: Who
    subject: str
    html: str | None
    to: list[Recipient]
    cc: list[Recipient]
    auto: bool
    """A machine wrote it."""
    through: str | None = None
    """The merged ticket by whose number it came."""
    origin: str | None = None
    """Id of the message that it was moved or copied from."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a ticket's timeline: something said, something changed, something sent.

    ``type`` is the event's topic without its version: ``ticket.opened``, ``ticket.received``,
    ``ticket.replied``, ``ticket.noted``, ``ticket.status_changed``, ``ticket.owner_changed``,
    ``ticket.priority_changed``, ``ticket.escalated``, ``ticket.moved``, ``ticket.due_changed``,
    ``ticket.subject_changed``,
    ``ticket.requesters_changed``, ``ticket.people_changed``, ``ticket.tags_changed``, ``ticket.fields_changed``,
    ``ticket.time_worked``, ``ticket.forwarded``, ``notification.sent``, ``notification.failed``.
    """

    id: str
    type: str
    at: datetime
    ticket: str
    actor: Who
    """``id`` is ``person/<id>`` or ``system/<service>``."""
    actor_kind: str
    """``agent``, ``customer`` or ``system``."""
    internal: bool
    """Never shown to customers: a note, or what only concerns those who work here."""
    text: str
    """What was said; empty where nothing was said."""
    attachments: list[File]
    pgp: dict[str, Any] | None
    message: Message | None
    """Set when something was said."""
    details: dict[str, Any] = field(default_factory=dict)
    """By type. status, priority: ``before after``; moved: queues, and ``status_before status_after``; owner: ``before
    after`` as names or none; escalated: ``clock percent due_at``; subject, due date: ``before after``; people: ``role
    added removed`` as names; tags: ``added removed``; fields: ``changes`` of ``name before after``; time: ``minutes
    text total``; forwarded: ``messages`` by id; link, unlink: ``type target``; dependency_reopened, merged, unmerged:
    ``target``; absorbed, released: ``numbers``; messages_moved: ``target messages copied``; messages_returned:
    ``messages``; part_waits: ``target unanswered`` (a ticket that the asker may not see is none); notification: ``kind
    recipients message_id`` and ``reason`` when it failed."""
    version: int = 0
    """Version of the ticket after it; 0 where the entry is not of the ticket itself."""
    moved: bool = False
    """The message stands on another ticket now: what was said is read there."""
    moved_to: str | None = None
    """That ticket, where the asker may see it."""


@dataclass(frozen=True, slots=True)
class Linked:
    """A link, and what is at its other end today."""

    type: str
    target: str
    """As the link names it; ``ticket`` is the one that answers for it."""
    ticket: str | None = None
    """None for an address outside."""
    subject: str = ""
    queue: str = ""
    status: str = ""
    category: str = ""


@dataclass(frozen=True, slots=True)
class Links:
    """The links of a ticket, with the asker's eyes."""

    items: list[Linked]
    hidden: int
    """Links to tickets that the asker may not see."""


@dataclass(frozen=True, slots=True)
class Node:
    """A ticket in the tree of what it depends on."""

    number: str
    subject: str
    queue: str
    status: str
    category: str
    open: bool
    depends_on: list[Node] = field(default_factory=list)
    hidden: int = 0
    """Dependencies that the asker may not see."""
    again: bool = False
    """It stands in the tree elsewhere, with what it depends on."""
    more: bool = False
    """The tree goes on here; ask for this ticket's own."""


@dataclass(frozen=True, slots=True)
class QueueCount:
    """A queue with what lies in it, counted with the asker's eyes; closed tickets are not counted."""

    name: str
    title: str
    open: int = 0
    new: int = 0
    unowned: int = 0
    overdue: int = 0
    mine: int = 0
    addresses: list[str] = field(default_factory=list)
    disabled: bool = False
    may_create: bool = False


@dataclass(frozen=True, slots=True)
class Rail:
    """What stands at the side of every page."""

    queues: list[QueueCount]
    mine: int
    overdue: int
    unowned: int


@dataclass(frozen=True, slots=True)
class Dashboard:
    """The first page: at most ten tickets in each list, most urgent first."""

    urgent: list[Ticket]
    mine: list[Ticket]
    unowned: list[Ticket]
    rail: Rail


@dataclass(frozen=True, slots=True)
class Possible:
    """What the asker may do with a ticket now."""

    rights: frozenset[str]
    """Names of ``contracts.rights.RIGHTS`` held on it."""
    statuses: list[str]
    """Statuses that may follow, with the right for them held."""
    owners: list[Who]
    """Agents whom the asker may make its owner, by name."""


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person in the directory."""

    id: str
    login: str | None
    name: str
    addresses: list[str]
    agent: bool
    language: str | None
    disabled: bool
    version: int
    joined_into: str | None = None
    """Set on a customer who was joined into another."""
    aliases: list[str] = field(default_factory=list)
    """Ids of those who were joined into this one."""
    erased: bool = False
    """Only the id is left."""


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group; members as ``person:<login>`` (or ``person/<id>`` without a login) and ``group:<name>``."""

    name: str
    title: str
    members: list[str]
    version: int


@dataclass(frozen=True, slots=True)
class GrantRow:
    """A grant, in the words in which it is given: ``group:field``, ``queue:support``."""

    right: str
    grantee: str
    scope: str


@dataclass(frozen=True, slots=True)
class FileContent:
    """An attachment with its octets."""

    file: File
    data: bytes


@dataclass(frozen=True, slots=True)
class Session:
    """What logging in gives; the token is shown once and kept by us as a digest only."""

    token: str
    expires_at: datetime
    person: PersonRow


@dataclass(frozen=True, slots=True)
class Change:
    """Something visible to the asker has changed: read it again."""

    id: str
    """For ``Last-Event-ID``."""
    name: str
    """``ticket``, ``queue`` or ``reset`` (what was missed is not known any more: read all again)."""
    data: dict[str, Any]
    """ticket: ``ticket queue version``; queue: empty (queues, groups or rights changed)."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one ticket in a change of many."""

    number: str
    ok: bool
    done: list[str]
    """The parts of the change that were done, or were so already."""
    version: int | None = None
    """The ticket's version now, when it is in sight."""
    problem: dict[str, Any] | None = None
    """Why the first part that was not done was refused (RFC 9457); parts after it were not tried."""


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A queue with all that is set of it; watchers and supervisors as ``person:<login>`` and ``group:<name>``."""

    name: str
    title: str
    description: str
    addresses: list[str]
    lifecycle: str
    default_priority: int
    watchers: list[str]
    supervisors: list[str]
    adopt_cc: bool
    auto_reply: bool
    catch_all: bool
    follow_up: str
    """``reopen``, ``new_linked_ticket`` or ``refuse``."""
    disabled: bool
    version: int
    fields: list[dict[str, Any]]
    """Custom fields of its tickets: ``name title type required options``."""


@dataclass(frozen=True, slots=True)
class TransitionRow:
    """One status may follow another, by a right."""

    before: str
    after: str
    right: str


@dataclass(frozen=True, slots=True)
class LifecycleRow:
    """A lifecycle."""

    name: str
    title: str
    statuses: dict[str, str]
    """Status to category."""
    initial: str
    active: str
    transitions: list[TransitionRow]
    maps: dict[str, dict[str, str]]
    """Other lifecycle to status here to status there."""
    queues: list[str]
    """Queues that have it, as far as the asker sees them."""
    version: int


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step from a person to what a grant is given to."""

    name: str
    """``person:anna``, ``group:field``, ``role:owner`` or ``everyone``."""
    by: str
    """How it is reached: ``self joined member role everyone``."""


@dataclass(frozen=True, slots=True)
class ChainRow:
    """A grant that gives the right, and how it reaches the person: from the person to the grantee."""

    grant: GrantRow
    steps: list[StepRow]
    seeded: bool
    """It stands before any grant is given and cannot be taken back."""


@dataclass(frozen=True, slots=True)
class RemedyRow:
    """What would give the right: a membership, a part in the ticket, or a grant."""

    do: str
    """``join`` (the group), ``stand`` (in the role) or ``give`` (the grant)."""
    grant: GrantRow


@dataclass(frozen=True, slots=True)
class Explanation:
    """Whether someone holds a right, and why, or what would give it."""

    person: str
    right: str
    holds: bool
    chains: list[ChainRow]
    remedies: list[RemedyRow]
    barred: str | None
    """``disabled`` or ``customer``: no grant would help."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What a change opens or closes for one person (or for all who stand in a role, or for all customers)."""

    who: str
    """``person:anna``, ``person/<id>``, ``role:requester``, ``customers``."""
    name: str
    right: str
    gains: bool
    """Else they lose it."""
    tickets: int
    """On how many tickets there are now."""
    queues: list[str]
    """In which queues as a whole."""
    everywhere: bool
    """Where it belongs to no queue."""


@dataclass(frozen=True, slots=True)
class AuditRows:
    """Changes of what is administered, newest first."""

    items: list[AuditEntry]
    next: str | None
    names: dict[str, str]
    """What the people are called who stand there by their ids."""


@dataclass(frozen=True, slots=True)
class Preview:
    """Who gains, who loses; ``more`` differences were left out because there are too many."""

    differences: list[Difference]
    more: int
