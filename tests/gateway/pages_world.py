"""A small made-up world for the tests and pictures of pages: the views' parts, in memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from services.gateway.domain.directory import Directory
from services.gateway.views import Asker, Views, not_found, refuse
from services.gateway.views.shapes import (
    Dashboard,
    Deadline,
    Entry,
    File,
    Message,
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
from ticketwire_contracts.rights import Viewer
from ticketwire_contracts.tickets import Person

NOW = datetime.now(UTC)

MARA = Who("person/mara", "Mara König", "", "mara", agent=True)
OSKAR = Who("person/oskar", "Oskar Sund", "", "oskar", agent=True)
ANNA = Who("person/anna", "Anna Berg", "anna@example.net")
OLE = Who("person/ole", "Ole Sand", "ole@example.net")
DANA = Who("person/dana", "דנה לוי", "dana@example.net")
SYSTEM = Who("system/notify", "Ticketwire")

EVERYTHING = frozenset(
    {"ticket.show", "ticket.reply", "ticket.edit", "ticket.take", "ticket.close", "note.show", "note.add"}
)


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


def changed(id: str, type: str, actor: Who, minutes: float, **details: Any) -> Entry:
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

QUEUES = [
    QueueCount("support", "Support", 42, 14, 3, 2, 5, ["support@example.org"], may_create=True),
    QueueCount("billing", "Billing", 11, 6, 1, 1, 2, ["billing@example.org"], may_create=True),
    QueueCount("operations", "Operations", 0, 0, 0, 0, 0, ["operations@example.org"], may_create=True),
]


class World:
    """The parts of ``Views`` that pages use; what was asked of ``work`` is kept in ``done``."""

    def __init__(self, tickets: list[Ticket] | None = None, queues: list[QueueCount] | None = None) -> None:
        self.all = {one.number: one for one in (TICKETS if tickets is None else tickets)}
        self.queues = QUEUES if queues is None else queues
        self.talk = list(TALK)
        self.rights = EVERYTHING
        self.done: list[tuple[str, str, dict[str, Any]]] = []
        self.refusal: Exception | None = None
        person = Person(id=MARA.id, login="mara", name=MARA.name, agent=True)
        self.mara = Asker(Viewer(person=MARA.id, agent=True), person, "session", Directory(), "page")

    @property
    def views(self) -> Views:
        """The world as the pages see it."""
        part = cast(Any, self)
        return Views(
            entrance=part, reading=part, work=part, files=part, administration=part, live=part, joining=part,
            rights=part, past=part, privacy=part, upkeep=part, bulk=part,
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
        if number.upper() not in self.all:
            raise not_found()
        return self.all[number.upper()]

    async def timeline(self, asker: Asker, number: str, **_: Any) -> Page[Entry]:
        return Page(self.talk)

    async def possible(self, asker: Asker, number: str) -> Possible:
        owners = [MARA, OSKAR] if "ticket.edit" in self.rights else []
        statuses = ["pending", "stalled", "resolved", "rejected"] if "ticket.edit" in self.rights else []
        return Possible(self.rights, statuses, owners)

    # work
    def _did(self, what: str, command: str, number: str, asked: dict[str, Any]) -> Ticket:
        if self.refusal:
            raise self.refusal
        self.done.append((what, command, asked))
        return self.all[number]

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
