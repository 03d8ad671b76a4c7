"""What a grant means: right × grantee × scope, and the one rule of who may see what (design decision 14).

    viewer ──holds──▶ grants (own, by group, by role on the ticket, everyone)
                         │
    thing ──needs──▶ a right, within a scope (the ticket ⊂ its queue ⊂ all)

Pure functions. tickets decides with them, notify asks them for each recipient, the gateway turns them into a
database filter that is tested to agree. There are no deny rules: what no grant gives is not allowed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from pydantic import Field

from .base import Value
from .tickets import Grant, Group, Person, Ticket

RIGHTS: dict[str, str] = {
    "queue.see": "See that the queue exists and its counts.",
    "ticket.show": "See the ticket and what was said with the customers.",
    "ticket.create": "Open tickets.",
    "ticket.reply": "Reply to customers.",
    "ticket.own": "Be owner.",
    "ticket.take": "Take a ticket that nobody owns.",
    "ticket.steal": "Take a ticket that another owns.",
    "ticket.assign": "Give a ticket to anyone who may own it.",
    "ticket.edit": "Change subject, priority, due date, people, tags, fields, and the status.",
    "ticket.move": "Move a ticket into another queue.",
    "ticket.close": "Close a ticket.",
    "ticket.link": "Link tickets.",
    "ticket.merge": "Merge and unmerge tickets.",
    "ticket.split": "Split tickets.",
    "ticket.forward": "Forward messages to outsiders.",
    "ticket.delete": "Delete tickets.",
    "ticket.watch": "Be told of what happens.",
    "note.show": "See internal notes.",
    "note.add": "Write internal notes.",
    "raw.show": "See a mail as it came.",
    "history.show": "See every change with its cause.",
    "queue.admin": "Make and change queues and lifecycles.",
    "group.admin": "Make and change groups.",
    "person.admin": "Make and change persons.",
    "person.erase": "Find all data of a person, and erase them.",
    "right.admin": "Give and take rights.",
    "policy.admin": "Change promises and calendars.",
    "template.admin": "Change templates.",
    "key.admin": "Accept and drop keys.",
    "webhook.admin": "Make and change webhooks.",
    "mail.admin": "See the account of mails, reread mails, replay what was parked.",
    "audit.show": "Read the audit log.",
    "superuser": "Everything.",
}

Role = Literal["owner", "requester", "cc", "admin_cc", "watcher", "supervisor"]

# What stands before any grant is given: customers see and answer their own tickets, never a note; who owns a ticket
# works on it; who supervises a queue answers for all of it. Grants to groups are data, and can be taken back.
SEEDED: tuple[Grant, ...] = tuple(
    Grant(right=right, grantee=f"role/{role}", scope="all")
    for role, names in {
        "requester": ("ticket.show", "ticket.reply"),
        "cc": ("ticket.show", "ticket.reply"),
        "owner": ("ticket.show", "ticket.reply", "ticket.edit", "ticket.close", "note.show", "note.add"),
        "admin_cc": ("ticket.show", "note.show", "note.add"),
        "supervisor": (
            *("queue.see", "ticket.show", "ticket.create", "ticket.reply", "ticket.edit", "ticket.close"),
            *("ticket.own", "ticket.take", "ticket.steal", "ticket.assign", "ticket.move", "ticket.link"),
            *("ticket.merge", "ticket.split", "ticket.forward", "ticket.watch", "note.show", "note.add"),
            *("raw.show", "history.show"),
        ),
    }.items()
    for right in names
)

AGENT_RIGHTS: tuple[str, ...] = (
    "queue.see", "ticket.show", "ticket.create", "ticket.reply", "ticket.own", "ticket.take", "ticket.edit",
    "ticket.close", "ticket.link", "ticket.merge", "ticket.split", "ticket.move", "ticket.watch",
    "note.show", "note.add",
)  # fmt: skip
"""What an agent usually gets on a queue."""

AGENTS_ONLY: frozenset[str] = frozenset(RIGHTS) - {"ticket.show", "ticket.reply", "ticket.create"}
"""Rights that never reach a customer, whatever grant says so: a wrong grant must not open notes to the outside."""


class Viewer(Value):
    """Someone who looks or acts, with all groups they are in (direct or through groups)."""

    person: str = Field(description="`person/<id>`.")
    agent: bool = Field(default=False, description="An agent rather than a customer.")
    groups: frozenset[str] = Field(default=frozenset(), description="`group/<name>`, closed over nesting.")
    disabled: bool = Field(default=False, description="May do nothing.")
    aliases: frozenset[str] = Field(
        default=frozenset(), description="`person/<id>` of those joined into them: what these hold, they hold."
    )

    @property
    def names(self) -> frozenset[str]:
        """All by which they are named: as person, as those joined into them, as groups."""
        return self.groups | self.aliases | {self.person}


class Thing(Value):
    """What is looked at: a queue, a ticket or something said on it."""

    queue: str | None = Field(default=None, description="Its queue; none for what belongs to no queue.")
    ticket: str | None = Field(default=None, description="Its number; none for the queue itself.")
    internal: bool = Field(default=False, description="A note or what answers one.")
    roles: Mapping[str, frozenset[str]] = Field(
        default_factory=dict, description="Role → `person/<id>` and `group/<name>` who hold it on this thing."
    )


def thing_of(
    ticket: Ticket, *, internal: bool = False, watchers: Iterable[str] = (), supervisors: Iterable[str] = ()
) -> Thing:
    """The thing to ask about, from a ticket's state and its queue's watchers and supervisors."""
    return Thing(
        queue=ticket.queue,
        ticket=ticket.number,
        internal=internal,
        roles={
            "owner": frozenset({ticket.owner.id} if ticket.owner else ()),
            "requester": frozenset(party.id for party in ticket.requesters),
            "cc": frozenset(party.id for party in ticket.cc),
            "admin_cc": frozenset(party.id for party in ticket.admin_cc),
            "watcher": frozenset(watchers),
            "supervisor": frozenset(supervisors),
        },
    )


def viewer_of(person: Person, groups: Iterable[Group]) -> Viewer:
    """The viewer a person is, with nested groups closed. Cycles among groups do no harm."""
    held: set[str] = set()
    members = {f"group/{group.name}": frozenset(group.members) for group in groups}
    seeking = {person.id, *person.aliases}
    while seeking:
        found = {name for name, inside in members.items() if inside & seeking} - held
        held |= found
        seeking = found
    return Viewer(
        person=person.id,
        agent=person.agent,
        groups=frozenset(held),
        disabled=person.disabled,
        aliases=frozenset(person.aliases),
    )


def holds(viewer: Viewer, right: str, thing: Thing, grants: Iterable[Grant]) -> bool:
    """Whether any grant gives ``viewer`` the ``right`` on ``thing``."""
    return granting(viewer, right, thing, grants) is not None


def granting(viewer: Viewer, right: str, thing: Thing, grants: Iterable[Grant]) -> Grant | None:
    """The first grant that gives the right, or none. ``superuser`` gives all rights to agents."""
    if viewer.disabled or (right in AGENTS_ONLY and not viewer.agent):
        return None
    for grant in (*SEEDED, *grants):
        if grant.right != right and not (grant.right == "superuser" and viewer.agent):
            continue
        if covers(grant.scope, thing) and reaches(grant.grantee, viewer, thing):
            return grant
    return None


def covers(scope: str, thing: Thing) -> bool:
    """Whether a grant's scope takes the thing in: the ticket lies in its queue, the queue in all."""
    return (
        scope == "all"
        or scope == f"queue/{thing.queue}"
        or (thing.ticket is not None and scope == f"ticket/{thing.ticket}")
    )


def reaches(grantee: str, viewer: Viewer, thing: Thing) -> bool:
    """Whether a grant's grantee is the viewer: as person, by group, by role on this thing, or as everyone."""
    if grantee == "everyone" or grantee == viewer.person or grantee in viewer.groups or grantee in viewer.aliases:
        return True
    if grantee.startswith("role/"):
        holders = thing.roles.get(grantee.removeprefix("role/"), frozenset())
        return (
            viewer.person in holders or not viewer.groups.isdisjoint(holders) or not viewer.aliases.isdisjoint(holders)
        )
    return False


def visible_to(viewer: Viewer, thing: Thing, grants: Iterable[Grant]) -> bool:
    """The one visibility rule: a ticket needs ``ticket.show``, a note ``note.show`` as well, a queue ``queue.see``."""
    grants = tuple(grants)
    if thing.ticket is None:
        return holds(viewer, "queue.see", thing, grants)
    if not holds(viewer, "ticket.show", thing, grants):
        return False
    return not thing.internal or holds(viewer, "note.show", thing, grants)
