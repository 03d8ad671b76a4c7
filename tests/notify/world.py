"""What the tests of notify share: a desk, a queue, people, rights, and events as tickets says them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, TypeVar

from services.notify.domain.directory import Directory
from services.notify.domain.letter import Letter
from services.notify.domain.outgoing import Outgoing
from services.notify.domain.telling import Telling
from services.notify.render import Desk, letter, octets
from ticketwire_chassis.events import stamp
from ticketwire_chassis.signing import Signer
from ticketwire_contracts.base import Actor
from ticketwire_contracts.ingest import Address, Attachment, AutoVerdict
from ticketwire_contracts.rights import AGENT_RIGHTS
from ticketwire_contracts.tickets import (
    ClockFacts,
    Grant,
    Group,
    Message,
    MessageEvent,
    Party,
    Person,
    Queue,
    Ticket,
    TicketEscalatedV1,
    TicketEvent,
    TicketNotedV1,
    TicketOpenedV1,
    TicketOwnerChangedV1,
    TicketReceivedV1,
    TicketRepliedV1,
)

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SIGNER = Signer("a secret of the tests, long enough")
DESK = Desk(SIGNER, "https://tickets.example.org", "example.org", "tickets@example.org")

MARA = Person(id="person/a0a0a0a0a0a0", login="mara", name="Mara", addresses=["mara@example.org"], agent=True)
OSKAR = Person(
    id="person/b1b1b1b1b1b1", login="oskar", name="Oskar", addresses=["oskar@example.org"], agent=True, language="de"
)
SUE = Person(id="person/c2c2c2c2c2c2", login="sue", name="Sue", addresses=["sue@example.org"], agent=True)
STRANGER = Person(id="person/d3d3d3d3d3d3", login="dan", name="Dan", addresses=["dan@example.org"], agent=True)
ANNA = Party(id="person/e4e4e4e4e4e4", name="Anna Berg", address="anna@example.net")

SUPPORT = Queue(
    name="support",
    title="Support",
    addresses=["support@example.org"],
    watchers=["group/field"],
    supervisors=[SUE.id],
)
FIELD = Group(name="field", members=[MARA.id, OSKAR.id])
GRANTS = (
    *(Grant(right=right, grantee="group/field", scope="queue/support") for right in AGENT_RIGHTS),
    Grant(right="ticket.show", grantee=SUE.id, scope="queue/support"),
)

Said = TypeVar("Said", bound=TicketEvent)


def party(person: Person) -> Party:
    """An agent as they stand on a ticket."""
    return Party(
        id=person.id, name=person.name, address=person.addresses[0], login=person.login, agent=True,
        language=person.language,
    )  # fmt: skip


def directory(queue: Queue = SUPPORT, *more: Person, grants: tuple[Grant, ...] = GRANTS) -> Directory:
    """Everybody."""
    people = (MARA, OSKAR, SUE, STRANGER, *more)
    return Directory(
        queues={queue.name: queue},
        persons={person.id: person for person in people},
        groups={"field": FIELD},
        grants=grants,
        epoch=3,
    )


def ticket(**change: Any) -> Ticket:
    """A ticket that Anna's mail has opened."""
    facts = ClockFacts(opened_at=NOON, priority=50, queue="support", category="new", generation=1)
    begin: dict[str, Any] = {
        "number": "TW-12",
        "subject": "Printer",
        "queue": "support",
        "status": "new",
        "category": "new",
        "priority": 50,
        "requesters": [ANNA],
        "clocks": facts,
        "opened_by": "mail",
        "created_at": NOON,
        "updated_at": NOON,
        "version": 1,
        "public_version": 1,
        "messages": 1,
    }
    return Ticket.model_validate(begin | change)


def message(**change: Any) -> Message:
    """Anna's first mail."""
    begin: dict[str, Any] = {
        "id": "TW-12.1",
        "ticket": "TW-12",
        "kind": "mail",
        "author": ANNA,
        "subject": "Printer",
        "text": "It is on fire.",
        "message_id": "first@example.net",
        "at": NOON,
    }
    return Message.model_validate(begin | change)


def event(kind: type[Said], number: str = "TW-12", version: int = 1, actor: str = ANNA.id, **fields: Any) -> Said:
    """An event as tickets says it."""
    envelope = stamp(
        kind,
        f"ticket/{number}",
        version,
        at=NOON,
        actor=Actor(kind="customer" if actor == ANNA.id else "agent", id=actor),
        correlation="c-1",
        summary="said",
        replay=fields.pop("replay", False),
    )
    fields.setdefault("ticket", ticket(number=number))
    if issubclass(kind, MessageEvent):
        fields.setdefault("message", message())
    return kind.model_validate(envelope | fields)


def opened(**fields: Any) -> TicketOpenedV1:
    """Anna's mail has opened a ticket."""
    return event(TicketOpenedV1, **fields)


def received(**fields: Any) -> TicketReceivedV1:
    """Anna has written again."""
    begin: dict[str, Any] = {"version": 2}
    return event(TicketReceivedV1, **(begin | fields))


def replied(text: str = "Please leave it off.", to: list[Address] | None = None, **fields: Any) -> TicketRepliedV1:
    """Mara has replied."""
    said = {
        "kind": "page", "author": party(MARA), "text": text, "message_id": None, "cc": fields.pop("cc", []),
        "to": [Address(name=ANNA.name, address=ANNA.address)] if to is None else to,
        "attachments": fields.pop("attachments", []),
    }  # fmt: skip
    begin: dict[str, Any] = {
        "version": 3, "actor": MARA.id, "message": message(**said), "in_reply_to": "first@example.net",
        "reply_references": ["first@example.net"],
    }  # fmt: skip
    return event(TicketRepliedV1, **(begin | fields))


def noted(
    text: str = "A secret of ours.", author: Party | None = None, auto: bool = False, **fields: Any
) -> TicketNotedV1:
    """Mara has noted something."""
    said = message(kind="page", author=author or party(MARA), text=text, internal=True, auto=AutoVerdict(is_auto=auto))
    begin: dict[str, Any] = {"version": 4, "actor": said.author.id, "message": said}
    return event(TicketNotedV1, **(begin | fields))


def owner_changed(after: Party | None, actor: str = MARA.id) -> TicketOwnerChangedV1:
    """Mara has given the ticket to someone."""
    return event(TicketOwnerChangedV1, version=5, actor=actor, ticket=ticket(owner=after), before=None, after=after)


def escalated(*actions: str, **fields: Any) -> TicketEscalatedV1:
    """A promise broke."""
    begin: dict[str, Any] = {"version": 6, "actor": "system/tickets", "clock": "first_response", "percent": 100}
    return event(TicketEscalatedV1, **(begin | fields), due_at=NOON, actions=list(actions))


def file(name: str = "plan.pdf", kind: str = "application/pdf", digest: str = "0" * 64, size: int = 5) -> Attachment:
    """An attachment."""
    return Attachment(filename=name, content_type=kind, size=size, sha256=digest)


def write(said: TicketEvent, telling: Telling, queue: Queue) -> tuple[Letter, bytes]:
    """A letter and its octets, as app.py joins them."""
    written = letter(said, telling, queue, DESK)
    return written, octets(written)


def outgoing(**change: Any) -> Outgoing:
    """A reply on its way to Anna."""
    to = change.pop("to", ("anna@example.net",))
    begin: dict[str, Any] = {
        "id": "row-1",
        "kind": "reply",
        "ticket": "TW-12",
        "cause": "ticket/TW-12:3:0",
        "correlation": "c-1",
        "sender": "support@example.org",
        "recipients": tuple(to),
        "open": tuple(to),
        "message_id": "ours@example.org",
        "mail": b"Subject: Re: Printer\r\nMessage-ID: <ours@example.org>\r\n\r\nHello\r\n",
        "first_at": NOON,
    }
    return Outgoing(**(begin | change))
