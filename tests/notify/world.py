"""What the tests of notify share: a desk, a queue, people, rights, and events as tickets says them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
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
    MailSettledV1,
    Message,
    MessageEvent,
    Party,
    Person,
    Queue,
    QuotedMessage,
    RefusalNotice,
    Ticket,
    TicketDependencyReopenedV1,
    TicketEscalatedV1,
    TicketEvent,
    TicketForwardedV1,
    TicketNotedV1,
    TicketOpenedV1,
    TicketOwnerChangedV1,
    TicketReceivedV1,
    TicketRepliedV1,
    TicketStatusChangedV1,
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
SHOP = "shop@example.com"
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


def quoted(n: int = 1, encrypted: bool = False, **change: Any) -> QuotedMessage:
    """A message of Anna's as it is forwarded."""
    begin: dict[str, Any] = {
        "id": f"TW-12.{n}", "author": Address(name=ANNA.name, address=ANNA.address), "at": NOON + timedelta(hours=n),
        "to": [Address(address="support@example.org")], "subject": "Printer", "text": f"It is on fire, {n}.",
        "encrypted": encrypted,
    }  # fmt: skip
    return QuotedMessage.model_validate(begin | change)


def forwarded(*messages: QuotedMessage, to: tuple[str, ...] = (SHOP,), **fields: Any) -> TicketForwardedV1:
    """Mara has forwarded messages to a shop."""
    said = message(
        id="TW-12.3", kind="page", author=party(MARA), text="Can you mend it?", internal=True, message_id=None,
        to=[Address(address=address) for address in to], attachments=fields.pop("attachments", []),
    )  # fmt: skip
    begin: dict[str, Any] = {"version": 7, "actor": MARA.id, "message": said}
    return event(TicketForwardedV1, **(begin | fields), quoted=list(messages) or [quoted()])


def status_changed(actor: str, owner: Person | None = OSKAR) -> TicketStatusChangedV1:
    """A ticket that waited is open again."""
    open_again = ticket(status="open", category="active", owner=party(owner) if owner else None)
    return event(TicketStatusChangedV1, version=8, actor=actor, ticket=open_again, before="pending", after="open")


def dependency_reopened(owner: Person | None = OSKAR, **fields: Any) -> TicketDependencyReopenedV1:
    """What Oskar's closed ticket depends on is open again."""
    closed = ticket(status="resolved", category="closed", owner=party(owner) if owner else None)
    begin: dict[str, Any] = {"version": 9, "actor": MARA.id, "ticket": closed}
    return event(TicketDependencyReopenedV1, **(begin | fields), dependency="TW-77")


def refused(to: str = ANNA.address, why: str = "follow_up_refused", **change: Any) -> MailSettledV1:
    """Anna has written on a ticket that is closed for good."""
    notice = RefusalNotice(
        to=Address(name="Anna Berg", address=to), queue="support", subject="Re: [TW-12] Printer",
        message_id="again@example.net", references=["first@example.net"], language=change.pop("language", None),
    )  # fmt: skip
    envelope = stamp(
        MailSettledV1, "refusal/m-1", 1, at=NOON, actor=Actor(kind="customer", id=ANNA.id), correlation="c-1",
        summary="A mail was refused", replay=change.pop("replay", False),
    )  # fmt: skip
    begin: dict[str, Any] = {
        "mail": "m-1", "reading": 1, "outcome": "refused", "why": why, "ticket": "TW-12", "notice": notice,
    }  # fmt: skip
    return MailSettledV1.model_validate(envelope | begin | change)


def file(name: str = "plan.pdf", kind: str = "application/pdf", digest: str = "0" * 64, size: int = 5) -> Attachment:
    """An attachment."""
    return Attachment(filename=name, content_type=kind, size=size, sha256=digest)


def write(said: TicketEvent | MailSettledV1, telling: Telling, queue: Queue) -> tuple[Letter, bytes]:
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
