"""The people, the queue, the ticket and the mails that all examples speak of."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from ..base import Actor, Event
from ..ingest import Address, Attachment, AutoVerdict, Reading
from ..tickets import ClockFacts, Message, Party, Queue, Ticket

NUMBER = "TW-1042"
STREAM = f"ticket/{NUMBER}"
CORRELATION = "c-7d1f04b2a96e4c58"

MAIL_ROW = "01j0m4x2c7-support"
SECOND_ROW = "01j0m6a9fd-support"
MAIL_ID = "20260302081402.4711@mail.example.net"
SECOND_ID = "20260302094730.4712@mail.example.net"
OUR_ID = "t.TW-1042.c.5f0c6a1be0d95d3d8c1f7a94b26e03d7.b1946ac92492d2347c62@example.org"
SENT_NOTE_ID = "t.TW-1042.i.91d0c7702e3b5c0f9a6e4d1b8f27ac35.591785b794601e212b26@example.org"


def at(hour: int, minute: int, second: int = 0) -> datetime:
    """A time on the day of the story, UTC."""
    return datetime(2026, 3, 2, hour, minute, second, tzinfo=UTC)


MAJA_FROM = Address(name="Maja Lindqvist", address="maja@example.net")
MAJA = Party(id="person/3f9c1e7ab2d04c58", name="Maja Lindqvist", address="maja@example.net", language="en")
ANNA = Party(
    id="person/a41b66e0c9d24f7e",
    name="Anna Berger",
    address="anna@example.org",
    login="anna",
    agent=True,
    language="de",
)
TOMAS = Party(id="person/77d2089be15a4c31", name="Tomás Ferreira", address="tomas@example.net", language="en")

BY_MAJA = Actor(kind="customer", id=MAJA.id, via="mail")
BY_ANNA = Actor(kind="agent", id=ANNA.id, via="page")
BY_CLOCK = Actor(kind="system", id="system/escalation", via="timer")
BY_INGEST = Actor(kind="system", id="system/ingest", via="mail")
BY_NOTIFY = Actor(kind="system", id="system/notify", via="mail")

SUPPORT = Queue(
    name="support",
    title="Support",
    addresses=["support@example.org"],
    watchers=["group/field"],
    supervisors=["person/a41b66e0c9d24f7e"],
    version=1,
)

PHOTO_BYTES = b"a made-up picture of a blank page"
PHOTO = Attachment(
    filename="blank-page.jpg",
    content_type="image/jpeg",
    size=len(PHOTO_BYTES),
    sha256=sha256(PHOTO_BYTES).hexdigest(),
)

SUBJECT = "Printer on the second floor prints blank pages"
ASKED = "Hello,\n\nsince this morning the printer next to room 214 prints blank pages only.\n\nMaja\n"
ANSWERED = "Hello Maja,\n\nplease turn the toner cartridge once and print a test page. Does that help?\n\nAnna\n"
THANKED = "That did it, thank you!\n\nMaja\n"
NOTED = "Third time this year. Let us order a spare drum."

READING = Reading.model_validate(
    {
        "from": MAJA_FROM,
        "to": [Address(address="support@example.org")],
        "cc": [Address(name="Tomás Ferreira", address="tomas@example.net")],
        "subject": SUBJECT,
        "date": at(8, 14, 2),
        "message_id": MAIL_ID,
        "auto": AutoVerdict(is_auto=False),
        "text": ASKED,
        "attachments": [PHOTO],
        "language": "en",
    }
)

FIRST_MESSAGE = Message(
    id=f"{NUMBER}.1",
    ticket=NUMBER,
    kind="mail",
    author=MAJA,
    subject=SUBJECT,
    text=ASKED,
    attachments=[PHOTO],
    to=[Address(address="support@example.org")],
    cc=[Address(name="Tomás Ferreira", address="tomas@example.net")],
    message_id=MAIL_ID,
    mail=MAIL_ROW,
    at=at(8, 14, 5),
)


def ticket(version: int, public_version: int, **changed: Any) -> Ticket:
    """The ticket as it stood after ``version`` commits; ``changed`` is what differs from its opening."""
    facts = {"priority", "category"} & changed.keys()
    clocks = ClockFacts.model_validate(
        {
            "opened_at": at(8, 14, 5),
            "oldest_unanswered_at": at(8, 14, 5),
            "last_customer_at": at(8, 14, 5),
            "priority": 50,
            "queue": SUPPORT.name,
            "category": "new",
            "generation": 1,
        }
        | {name: changed[name] for name in facts}
        | changed.pop("clocks", {})
    )
    whole = {
        "number": NUMBER,
        "subject": SUBJECT,
        "queue": SUPPORT.name,
        "status": "new",
        "category": "new",
        "priority": 50,
        "requesters": [MAJA],
        "cc": [TOMAS],
        "clocks": clocks,
        "opened_by": "mail",
        "created_at": at(8, 14, 5),
        "updated_at": at(8, 14, 5),
        "version": version,
        "public_version": public_version,
        "messages": 1,
        "language": "en",
    }
    return Ticket.model_validate(whole | changed)


def envelope(
    kind: type[Event], stream: str, version: int, time: datetime, actor: Actor, summary: str, index: int = 0
) -> dict[str, Any]:
    """The envelope's fields, to be spread into an event."""
    return {
        "id": f"{stream}:{version}:{index}",
        "source": kind.publisher,
        "type": kind.topic,
        "subject": stream,
        "time": time,
        "dataschema": kind.schema_address(),
        "version": version,
        "actor": actor,
        "correlation": CORRELATION,
        "summary": summary,
    }
