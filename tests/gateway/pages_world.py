"""A small made-up world for the tests and pictures of pages: the views' parts, in memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from services.gateway.domain.directory import Directory
from services.gateway.views import Asker, Refused, Views, not_found, refuse
from services.gateway.views.bulk import ManyChange
from services.gateway.views.shapes import (
    Dashboard,
    Deadline,
    Entry,
    File,
    Linked,
    Links,
    LinkTo,
    Message,
    Node,
    Outcome,
    Page,
    PersonRow,
    Possible,
    QueueCount,
    Rail,
    Recipient,
    Session,
    Ticket,
    Who,
)
from services.gateway.views.work import Said
from ticketwire_contracts.tickets import FieldDefinition, Person

from .past_world import log_of
from .town import Town

_now = datetime.now(UTC)
NOW = _now.replace(microsecond=_now.microsecond // 1000 * 1000)
"""To the millisecond, as times are kept."""

MARA = Who("person/mara", "Mara König", "", "mara", agent=True)
OSKAR = Who("person/oskar", "Oskar Sund", "", "oskar", agent=True)
ANNA = Who("person/anna", "Anna Berg", "anna@example.net")
OLE = Who("person/ole", "Ole Sand", "ole@example.net")
DANA = Who("person/dana", "דנה לוי", "dana@example.net")
SYSTEM = Who("system/notify", "Ticketwire")

EVERYTHING = frozenset(
    {
        "ticket.show", "ticket.reply", "ticket.edit", "ticket.take", "ticket.close", "note.show", "note.add",
        "ticket.link", "ticket.merge", "ticket.split", "ticket.move", "ticket.forward", "ticket.watch", "history.show",
    }
)  # fmt: skip


def form_of(command: str) -> str:
    """The id of the form that a command came from; the rest stands for what was filled in."""
    return command.partition(" ")[0]


def ago(minutes: float) -> datetime:
    """So many minutes ago; negative ones lie ahead."""
    return NOW - timedelta(minutes=minutes)


def ticket(number: str, subject: str, requester: Who = ANNA, **changed: Any) -> Ticket:
    """A ticket of the queue support, opened by mail an hour ago and not answered yet."""
    plain = Ticket(
        number=number,
        subject=subject,
        queue="support",
        status="new",
        category="new",
        priority=50,
        owner=None,
        requesters=[requester],
        cc=[],
        admin_cc=[],
        due=None,
        next_due=None,
        deadlines=[],
        unanswered=ago(60),
        wake_at=None,
        tags=[],
        fields={},
        links=[],
        merged_into=None,
        opened_by="mail",
        language="en",
        messages=1,
        version=1,
        created_at=ago(60),
        updated_at=ago(60),
    )
    return replace(plain, **changed)


def promised(minutes: float, clock: str = "first_response") -> dict[str, Any]:
    """A deadline in so many minutes."""
    at = ago(-minutes)
    return {"next_due": at, "deadlines": [Deadline(clock, at)]}


def said(
    id: str, author: Who, text: str, minutes: float, *, type: str = "ticket.received", kind: str = "mail", **more: Any
) -> Entry:
    """Something said. ``more``: ``internal to cc auto attachments pgp``."""
    message = Message(
        id=id,
        kind=kind,
        author=author,
        subject="",
        html=None,
        to=[Recipient("", address) for address in more.get("to", [])],
        cc=[Recipient("", address) for address in more.get("cc", [])],
        auto=more.get("auto", False),
    )
    return Entry(
        id=id,
        type=type,
        at=ago(minutes),
        ticket="TW-2041",
        actor=author,
        actor_kind="agent" if author.agent else "customer",
        internal=more.get("internal", False),
        text=text,
        attachments=more.get("attachments", []),
        pgp=more.get("pgp"),
        message=message,
        version=1,
    )


def changed(id: str, type: str, actor: Who, minutes: float, /, **details: Any) -> Entry:
    """Something that happened."""
    kind = "system" if actor is SYSTEM else "agent"
    return Entry(id, type, ago(minutes), "TW-2041", actor, kind, False, "", [], None, None, details, 1)


GOOD = {
    "encrypted": False, "signature": "good", "signer": "Anna Berg <anna@example.net>",
    "key": "2F0C9A4D6E1B8A7355D07F2A91C4D0E2A6B47F2A", "covers": "all", "opened_with": None,
}  # fmt: skip

TICKETS = [
    ticket("TW-2041", "Multi Juicer 3000 stops after ten seconds", owner=MARA, priority=90, status="open",
           category="active", cc=[OLE], tags=["juicer", "cooling"], created_at=ago(124), updated_at=ago(4), messages=4,
           **promised(-120)),
    ticket("TW-2038", "Invoice 7781 charged twice", Who("person/t", "Tomás Rey", "tomas@example.net"), queue="billing",
           priority=70, updated_at=ago(25), **promised(25)),
    ticket("TW-2040", "Réfrigérateur : livraison le 24 ?", Who("person/c", "Claire Petit", "claire@example.net"),
           owner=MARA, status="open", category="active", updated_at=ago(50), **promised(50, "next_response")),
    ticket("TW-2017", "No cups with order 5512", Who("person/j", "Jan Nowak", "jan@example.net"), owner=OSKAR,
           status="open", category="active", unanswered=None, updated_at=ago(180), **promised(190, "solution")),
    ticket("TW-2035", "כמה זמן לוקח המשלוח? (order 77)", DANA, updated_at=ago(300), **promised(300)),
    ticket("TW-1990", "Replacement lid, blue, and the spare ring that was missing in the first parcel of spring",
           owner=MARA, status="pending", category="waiting", priority=30, unanswered=None, updated_at=ago(1500),
           wake_at=ago(-2000)),
    ticket("TW-1987", "", Who("person/l", "", "nobody@an-extremely-long-name-of-a-customers-own-domain.example.net"),
           owner=OSKAR, status="stalled", category="waiting", priority=10, unanswered=None, updated_at=ago(15000)),
]  # fmt: skip

TALK = [
    said("e1", ANNA, "Good morning,\n\nthe juicer stops after about ten seconds and blinks red. It is only four "
         "weeks old. I attach a picture of the plate underneath. The manual says nothing: https://example.net/manual?model=3000.\n\n"
         "-- \nAnna Berg\nBerg & Töchter, Lübeck", 124, type="ticket.opened",
         attachments=[File("plate.jpg", "image/jpeg", 214_000, "ab" * 32)], pgp=GOOD),
    changed("e2", "notification.sent", SYSTEM, 124, kind="auto_reply", recipients=["anna@example.net"], message_id="x"),
    changed("e3", "ticket.priority_changed", OSKAR, 119, before=50, after=90),
    said("e4", OSKAR, "She says juicer, she means the Multi Juicer 3000. Third one this week with the red light, "
         "see TW-2017.", 60, type="ticket.noted", internal=True, kind="page"),
    changed("e5", "ticket.owner_changed", MARA, 50, before=None, after="Mara König"),
    said("e6", MARA, "Dear Ms Berg,\n\nthank you for the picture. The red light means that the cooling is blocked; "
         "please leave the machine off until we write again today.", 40, type="ticket.replied", kind="page",
         to=["anna@example.net"], cc=["ole@example.net"]),
    said("e7", ANNA, "It is off. Please hurry, we have guests on Saturday.\n\nOn 23 Nov 2026, Mara König wrote:\n"
         "> Dear Ms Berg,\n>\n> thank you for the picture. The red light\n> means that the cooling is blocked;\n"
         "> please leave it off.", 4),
    changed("e8", "ticket.escalated", SYSTEM, 2, clock="first_response", percent=100, due_at=ago(120)),
]  # fmt: skip

JOINED = [
    ticket("TW-2050", "Two juicers, one blown fuse", owner=MARA, status="open", category="active", absorbed=["TW-2012"],
           links=[LinkTo("depends_on", "TW-2017"), LinkTo("depends_on", "TW-1970"), LinkTo("split_from", "TW-2038"),
                  LinkTo("refers_to", "https://vendor.example/fuses?a=1&b=2")], hidden_links=1, opened_by="split",
           watchers=[OSKAR], admin_cc=[OSKAR], tags=["juicer"], time_worked=85, due=ago(-3000),
           fields={"room": "214", "parts": ["lid", "ring"], "old": 3}, **promised(3000, "due_date")),
    ticket("TW-2012", "The fuse is gone again", OLE, status="merged", category="closed", merged_into="TW-2050"),
    ticket("TW-1970", "Order fuses", OLE, status="resolved", category="closed", unanswered=None),
]  # fmt: skip
"""Tickets that hang together, seen by their numbers only."""

JOINED_TALK = [
    replace(said("j1", OLE, "The fuse is gone again.", 300), ticket="TW-2012"),
    replace(changed("j2", "ticket.owner_changed", OSKAR, 290, before=None, after="Oskar Sund"), ticket="TW-2012"),
    replace(said("j3", ANNA, "Both juicers at once.", 120), ticket="TW-2050"),
    replace(changed("j4", "ticket.absorbed", MARA, 100, numbers=["TW-2012"]), ticket="TW-2050"),
    replace(changed("j5", "ticket.linked", MARA, 90, type="depends_on", target="TW-2017"), ticket="TW-2050"),
    replace(said("j6", ANNA, "", 80), ticket="TW-2050", moved=True, moved_to="TW-2017"),
    replace(said("j7", ANNA, "", 70), ticket="TW-2050", moved=True),
    replace(changed("j8", "ticket.dependency_reopened", OSKAR, 60, target=None), ticket="TW-2050"),
    replace(changed("j9", "ticket.moved", OSKAR, 50, before="billing", after="support"), ticket="TW-2050"),
    replace(changed("k1", "ticket.subject_changed", MARA, 49, before="Juicers", after="Two juicers"), ticket="TW-2050"),
    replace(changed("k2", "ticket.due_changed", MARA, 48, before=None, after=ago(-3000)), ticket="TW-2050"),
    replace(changed("k3", "ticket.people_changed", MARA, 47, role="cc", added=["Ole Sand"], removed=["Anna Berg"]),
            ticket="TW-2050"),
    replace(changed("k4", "ticket.tags_changed", MARA, 46, added=["juicer"], removed=[]), ticket="TW-2050"),
    replace(changed("k5", "ticket.fields_changed", MARA, 45,
                    changes=[{"name": "room", "before": None, "after": "214"}]), ticket="TW-2050"),
    replace(changed("k6", "ticket.time_worked", MARA, 44, minutes=85, text="on the phone", total=85), ticket="TW-2050"),
    replace(said("k7", MARA, "Do you know this fuse?", 43, type="ticket.forwarded", internal=True, kind="page",
                 to=["vendor@example.com"]), ticket="TW-2050", details={"messages": ["TW-2050.1"]}),
]  # fmt: skip

FIELDS = [
    FieldDefinition(name="room", title="Room", type="text", required=True),
    FieldDefinition(name="cups", title="Cups a day", type="number"),
    FieldDefinition(name="bought", title="Bought on", type="date"),
    FieldDefinition(name="colour", type="choice", options=["blue", "red"]),
    FieldDefinition(name="parts", title="Parts", type="several", options=["lid", "ring", "plate"]),
]

QUEUES = [
    QueueCount("support", "Support", 42, 14, 3, 2, 5, ["support@example.org"], may_create=True),
    QueueCount("billing", "Billing", 11, 6, 1, 1, 2, ["billing@example.org"], may_create=True),
    QueueCount("operations", "Operations", 0, 0, 0, 0, 0, ["operations@example.org"], may_create=True),
]


class World:
    """The parts of ``Views`` that pages use; what was asked of ``work`` is kept in ``done``."""

    def __init__(
        self, tickets: list[Ticket] | None = None, queues: list[QueueCount] | None = None, town: Town | None = None
    ) -> None:
        self.all = {one.number: one for one in (TICKETS if tickets is None else tickets)}
        self.queues = QUEUES if queues is None else queues
        self.talk = list(TALK)
        self.by_number = {one.number: one for one in JOINED if tickets is None}
        self.talks = {"TW-2050": list(JOINED_TALK)}
        self.rights = EVERYTHING
        self.done: list[tuple[str, str, dict[str, Any]]] = []
        self.refusal: Exception | None = None
        self.fields = list(FIELDS)
        self.refused_of_many: dict[str, Refused] = {}
        self.statuses = ["pending", "stalled", "resolved", "rejected"]
        self.log = log_of(ago(124), ago)
        person = Person(id=MARA.id, login="mara", name=MARA.name, agent=True)
        self.town = town
        directory = town.directory_now if town else Directory()
        self.mara = Asker(directory.viewer(person), person, "session", directory, "page")

    @property
    def views(self) -> Views:
        """The world as the pages see it."""
        part = cast(Any, self)
        administration = self.town.administration if self.town else part
        rights = self.town.rights if self.town else part
        return Views(
            entrance=part, reading=part, work=part, files=part, administration=administration, live=part, joining=part,
            rights=rights, past=self.log.past, privacy=part, upkeep=part, bulk=part,
            audit=self.town.audit if self.town else part,
        )  # fmt: skip

    # entrance
    async def asker(self, token: str | None, **_: Any) -> Asker | None:
        return self.mara if token == "mara's" else None

    async def sign_in(self, login: str, password: str, **_: Any) -> Session:
        if (login, password) != ("mara", "right"):
            raise refuse("wrong-login", title="Login or password is wrong", status=401)
        return Session("mara's", ago(-60), PersonRow(MARA.id, "mara", MARA.name, [], True, None, False, 1))

    async def sign_out(self, asker: Asker) -> None:
        self.done.append(("sign_out", "", {}))

    # reading
    async def rail(self, asker: Asker, now: datetime) -> Rail:
        return Rail(self.queues, mine=7, overdue=3, unowned=4)

    async def dashboard(self, asker: Asker, now: datetime) -> Dashboard:
        open_ones = list(self.all.values())
        mine = [one for one in open_ones if one.owner == MARA]
        unowned = [one for one in open_ones if one.owner is None]
        return Dashboard(open_ones[:6], mine, unowned, await self.rail(asker, now))

    async def tickets(
        self, asker: Asker, *, queue: str | None = None, cursor: str | None = None, **_: Any
    ) -> Page[Ticket]:
        if queue and queue not in {one.name for one in self.queues}:
            raise not_found()
        found = [one for one in self.all.values() if queue in (None, "support")]
        return Page(found if cursor is None else [], "more" if found and cursor is None else None)

    async def ticket(self, asker: Asker, number: str) -> Ticket:
        found = (self.by_number | self.all).get(number.upper())
        if found is None:
            raise not_found()
        return found

    async def timeline(self, asker: Asker, number: str, **_: Any) -> Page[Entry]:
        return Page(self.talks.get(number, self.talk))

    async def possible(self, asker: Asker, number: str) -> Possible:
        owners = [MARA, OSKAR] if "ticket.edit" in self.rights else []
        statuses = self.statuses if "ticket.edit" in self.rights else []
        return Possible(self.rights, statuses, owners)

    # upkeep and changes of many
    def fields_on(self, asker: Asker, ticket: Ticket) -> list[FieldDefinition]:
        return self.fields if ticket.queue == "support" else []

    async def set_subject(self, asker: Asker, command: str, number: str, **asked: Any) -> Ticket:
        return self._did("subject", command, number, asked)

    async def set_due(self, asker: Asker, command: str, number: str, **asked: Any) -> Ticket:
        return self._did("due", command, number, asked)

    async def change_people(self, asker: Asker, command: str, number: str, **asked: Any) -> Ticket:
        return self._did("people", command, number, asked)

    async def set_tags(self, asker: Asker, command: str, number: str, **asked: Any) -> Ticket:
        return self._did("tags", command, number, asked)

    async def set_fields(self, asker: Asker, command: str, number: str, **asked: Any) -> Ticket:
        return self._did("fields", command, number, asked)

    async def add_time(self, asker: Asker, command: str, number: str, **asked: Any) -> Ticket:
        return self._did("time", command, number, asked)

    async def forward(self, asker: Asker, command: str, number: str, **asked: Any) -> Said:
        return Said(self._did("forward", command, number, asked), None)

    async def change(self, asker: Asker, command: str, numbers: list[str], change: ManyChange) -> list[Outcome]:
        if self.refusal:
            raise self.refusal
        self.done.append(("many", form_of(command), {"numbers": numbers, "change": change}))
        outcomes = []
        for number in numbers:
            problem = self.refused_of_many[number].problem if number in self.refused_of_many else None
            told = {**problem.extra, **problem.model_dump(exclude={"extra"})} if problem else None
            outcomes.append(Outcome(number, problem is None, sorted(change.parts) if not problem else [], 2, told))
        return outcomes

    # joining
    async def links(self, asker: Asker, number: str) -> Links:
        one = await self.ticket(asker, number)
        known = self.by_number | self.all
        items = [
            Linked(link.type, link.target, other.number, other.subject, other.queue, other.status, other.category)
            if (other := known.get(link.target))
            else Linked(link.type, link.target)
            for link in one.links
        ]
        return Links(items, one.hidden_links)

    async def tree(self, asker: Asker, number: str) -> Node:
        one = await self.ticket(asker, number)
        targets = [link.target for link in one.links if link.type == "depends_on"]
        below = [await self.tree(asker, target) for target in targets]
        shown = one.category != "closed"
        return Node(one.number, one.subject, one.queue, one.status, one.category, shown, below, one.hidden_links)

    async def link(self, asker: Asker, command: str, number: str, **asked: Any) -> Ticket:
        return self._did("link", command, number, asked)

    async def unlink(self, asker: Asker, command: str, number: str, **asked: Any) -> Ticket:
        return self._did("unlink", command, number, asked)

    async def merge(self, asker: Asker, command: str, number: str, **asked: Any) -> Ticket:
        self._did("merge", command, number, asked)
        return await self.ticket(asker, asked["into"])

    async def unmerge(self, asker: Asker, command: str, number: str, **asked: Any) -> Ticket:
        return self._did("unmerge", command, number, asked)

    async def split(self, asker: Asker, command: str, number: str, **asked: Any) -> Ticket:
        return self._did("split", command, number, asked)

    async def unsplit(self, asker: Asker, command: str, number: str, **asked: Any) -> Ticket:
        return self._did("unsplit", command, number, asked)

    # work
    async def set_queue(self, asker: Asker, command: str, number: str, **asked: Any) -> Ticket:
        return self._did("queue", command, number, asked)

    def _did(self, what: str, command: str, number: str, asked: dict[str, Any]) -> Ticket:
        if self.refusal:
            raise self.refusal
        for unsaid in ("if_version", "until"):
            if asked.get(unsaid, 0) is None:
                del asked[unsaid]
        self.done.append((what, form_of(command), asked))
        return (self.by_number | self.all)[number]

    async def reply(self, asker: Asker, command: str, number: str, **asked: Any) -> Ticket:
        return self._did("reply", command, number, asked)

    async def note(self, asker: Asker, command: str, number: str, **asked: Any) -> Ticket:
        return self._did("note", command, number, asked)

    async def set_status(self, asker: Asker, command: str, number: str, **asked: Any) -> Ticket:
        return self._did("status", command, number, asked)

    async def set_owner(self, asker: Asker, command: str, number: str, **asked: Any) -> Ticket:
        return self._did("owner", command, number, asked)

    async def set_priority(self, asker: Asker, command: str, number: str, **asked: Any) -> Ticket:
        return self._did("priority", command, number, asked)

    async def open_ticket(self, asker: Asker, command: str, **asked: Any) -> Ticket:
        return self._did("open", command, next(iter(self.all)), asked)

    # files
    async def upload(self, asker: Asker, *, filename: str, content_type: str, data: bytes, now: datetime) -> File:
        return File(filename, content_type, len(data), f"digest of {filename}")
