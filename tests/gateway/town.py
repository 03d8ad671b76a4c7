"""Who works in the made-up world, and by which rights: administration's own use cases over a directory in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from services.gateway.domain.directory import Directory
from services.gateway.views import Administration, Audit, Rights
from services.gateway.views.shapes import PersonRow
from services.gateway.views.work import Orders
from ticketwire_contracts.audit import AuditEntry, AuditQuestion
from ticketwire_contracts.base import Actor, Answer, Command, Problem
from ticketwire_contracts.rights import AGENT_RIGHTS
from ticketwire_contracts.tickets import DEFAULT_LIFECYCLE, Grant, Group, Lifecycle, Person, Queue, Transition

from .audit_world import page_of, story

PERSONS = [
    Person(id="person/mara", login="mara", name="Mara König", agent=True, language="de", version=1),
    Person(id="person/oskar", login="oskar", name="Oskar Sund", agent=True, addresses=["oskar@example.org"], version=3),
    Person(id="person/zoe", login="zoe", name="Zoë Winter-Abendroth", agent=True, disabled=True, version=2),
    Person(id="person/jo", login="jo", name="Jo Lindt", agent=True, version=1),
    Person(id="person/anna", name="Anna Berg", addresses=["anna@example.net", "berg@example.net"], version=1),
    Person(id="person/ole", name="Ole Sand", addresses=["ole@example.net"], version=1, aliases=["person/o2"]),
    Person(id="person/o2", name="Ole S.", disabled=True, joined_into="person/ole", version=2),
    Person(id="person/dana", name="דנה לוי", addresses=["dana@example.net"], version=1),
    Person(id="person/l", addresses=["nobody@an-extremely-long-name-of-a-customers-own-domain.example.net"], version=1),
]  # fmt: skip

QUEUES = [
    Queue(name="support", title="Support", addresses=["support@example.org", "help@example.org"],
          watchers=["group/field", "person/oskar"], supervisors=["person/mara"], version=4,
          description="Everything about machines."),
    Queue(name="billing", title="Billing", addresses=["billing@example.org"], follow_up="refuse", version=1),
    Queue(name="repairs", title="Repairs", addresses=["repairs@example.org"], lifecycle="bench",
          disabled=True, version=2),
    Queue(name="unsorted", title="Unsorted", catch_all=True, version=1),
]  # fmt: skip

GROUPS = [
    Group(name="field", title="Field service", members=["person/oskar", "group/north", "person/ole"], version=3),
    Group(name="north", title="North", members=["person/zoe"], version=1),
    Group(name="empty", title="Nobody yet", version=1),
]

BENCH = Lifecycle(
    name="bench",
    title="Bench",
    statuses={"received": "new", "open": "active", "waits-for-parts": "waiting", "done": "closed"},
    initial="received",
    active="open",
    transitions=[
        Transition(before="received", after="open"),
        Transition(before="open", after="waits-for-parts"),
        Transition(before="waits-for-parts", after="open"),
        Transition(before="open", after="done", right="ticket.assign"),
    ],
    maps={"default": {"received": "new", "done": "resolved"}},
    version=2,
)

GRANTS = (
    Grant(right="superuser", grantee="person/mara", scope="all"),
    *(Grant(right=right, grantee="group/field", scope="queue/support") for right in AGENT_RIGHTS),
    Grant(right="ticket.reply", grantee="person/oskar", scope="queue/billing"),
    Grant(right="ticket.show", grantee="person/oskar", scope="ticket/TW-2038"),
    Grant(right="note.show", grantee="role/cc", scope="queue/billing"),
)

ROWS = [
    {"_id": f"TW-{n}", "queue": "support" if n % 3 else "billing", "owner.id": "person/oskar" if n % 2 else None}
    for n in range(2000, 2060)
]
"""Tickets, as a filter sees them."""


def fits(filter: dict[str, Any], row: dict[str, Any]) -> bool:
    """Whether a database's filter lets a row through; as much of it as rights are written in."""
    for key, wanted in filter.items():
        if key in ("$and", "$or", "$nor"):
            parts = [fits(part, row) for part in wanted]
            held = all(parts) if key == "$and" else any(parts) == (key == "$or")
        elif not isinstance(wanted, dict):
            held = row.get(key) == wanted
        elif "$in" in wanted:
            held = row.get(key) in wanted["$in"]
        else:
            held = "$exists" in wanted and (row.get(key) is not None) == wanted["$exists"]
        if not held:
            return False
    return True


@dataclass
class Town:
    """People, and the use cases over them; ``asked`` keeps each command, ``problem`` refuses the next ones."""

    persons_here: list[Person] = field(default_factory=lambda: list(PERSONS))
    queues: list[Queue] = field(default_factory=lambda: list(QUEUES))
    groups: list[Group] = field(default_factory=lambda: list(GROUPS))
    asked: list[Command] = field(default_factory=list)
    problem: Problem | None = None
    done: list[AuditEntry] = field(default_factory=story)

    @property
    def directory_now(self) -> Directory:
        """As it stands."""
        return Directory(
            queues={queue.name: queue for queue in self.queues},
            agents={person.id: person for person in self.persons_here if person.agent},
            groups={group.name: group for group in self.groups},
            grants=GRANTS,
            lifecycles={one.name: one for one in (DEFAULT_LIFECYCLE, BENCH)},
        )

    @property
    def administration(self) -> Administration:
        """The use cases."""
        people = cast(Any, self)
        return Administration(Orders(people, self.apply), people, people)

    @property
    def rights(self) -> Rights:
        """Explaining and previewing."""
        people = cast(Any, self)
        return Rights(people, people)

    @property
    def audit(self) -> Audit:
        """What was done here."""
        people = cast(Any, self)
        return Audit(Orders(people, self.apply), people)

    # people
    async def directory(self) -> Directory:
        return self.directory_now

    async def person(self, id: str) -> Person | None:
        return next((one for one in self.persons_here if one.id == id), None)

    async def persons(self, ids: Sequence[str]) -> list[Person]:
        return [one for one in self.persons_here if one.id in ids]

    async def person_of_login(self, login: str) -> Person | None:
        return next((one for one in self.persons_here if one.login == login), None)

    async def person_at(self, address: str) -> Person | None:
        return next((one for one in self.persons_here if address in one.addresses), None)

    async def people(
        self, agents: bool | None, words: str | None, cursor: str | None, limit: int, addresses: bool = True
    ) -> tuple[list[PersonRow], str | None]:
        found = [one for one in self.persons_here if agents in (None, one.agent) and (words or "") in one.name]
        return [PersonRow(**one.model_dump()) for one in found], None

    async def end_sessions(self, person: str, but: str | None = None) -> None:
        return None

    # tickets
    async def count(self, filter: dict[str, Any]) -> int:
        return sum(fits(filter, row) for row in ROWS)

    async def get(self, number: str) -> None:
        return None

    # commands
    async def call(self, command: Command, actor: Actor, correlation: str, order_id: str | None = None) -> Answer:
        self.asked.append(command)
        if isinstance(command, AuditQuestion) and self.problem is None:
            return Answer(order=order_id or "", result=page_of(self.done, command).model_dump(mode="json"))
        return Answer(order=order_id or "", problem=self.problem)

    async def apply(self, answer: Answer) -> None:
        return None
