"""Examples of work on the ticket of the story: another subject, a due date, people, tags, fields, time, a forward."""

from __future__ import annotations

from ..ingest import Address
from ..tickets import (
    AddTimeWorkedV1,
    ChangePeopleV1,
    FieldChange,
    FieldDefinition,
    ForwardMessagesV1,
    Message,
    Party,
    QueueFieldsSetV1,
    QuotedMessage,
    SetDueV1,
    SetFieldsV1,
    SetQueueFieldsV1,
    SetSubjectV1,
    SetTagsV1,
    TicketDueChangedV1,
    TicketFieldsChangedV1,
    TicketForwardedV1,
    TicketPeopleChangedV1,
    TicketRequestersChangedV1,
    TicketSubjectChangedV1,
    TicketTagsChangedV1,
    TicketTimeWorkedV1,
)
from .story import ANNA, ASKED, BY_ANNA, MAJA, MAJA_FROM, NUMBER, PHOTO, STREAM, SUBJECT, SUPPORT, TOMAS, at, envelope
from .story import ticket as as_it_stood

NEW_SUBJECT = "Printer next to room 214 prints blank pages"
WORKSHOP = "workshop@example.com"
ASKING = "Good day, is a spare drum for this model in stock?\n\nAnna\n"
FIELDS = [
    FieldDefinition(name="room", title="Room", type="text", required=True),
    FieldDefinition(name="cause", title="Cause", type="choice", options=["toner", "drum", "paper"]),
]
OLE = Party(id="person/0b7d6c21a94e4f38", name="Ole Hansen", address="ole@example.net", language="en")
NOW = {"status": "open", "category": "active", "owner": ANNA, "messages": 4, "priority": 70}
AT_THREE = at(15, 0)

WORK_EXAMPLES = (
    SetSubjectV1(ticket=NUMBER, subject=NEW_SUBJECT),
    SetDueV1(ticket=NUMBER, due=AT_THREE),
    ChangePeopleV1(ticket=NUMBER, role="cc", add=["ole@example.net"], remove=["tomas@example.net"]),
    SetTagsV1(ticket=NUMBER, add=["printer"], remove=[]),
    SetFieldsV1(ticket=NUMBER, fields={"room": "214", "cause": "drum"}),
    AddTimeWorkedV1(ticket=NUMBER, minutes=20, text="On the telephone"),
    ForwardMessagesV1(ticket=NUMBER, messages=[f"{NUMBER}.1"], to=[WORKSHOP], text=ASKING),
    SetQueueFieldsV1(queue=SUPPORT.name, fields=FIELDS),
    TicketSubjectChangedV1(
        **envelope(TicketSubjectChangedV1, STREAM, 9, at(14, 5), BY_ANNA, "TW-1042 has another subject"),
        ticket=as_it_stood(9, 8, **NOW, subject=NEW_SUBJECT),
        before=SUBJECT,
        after=NEW_SUBJECT,
    ),
    TicketDueChangedV1(
        **envelope(TicketDueChangedV1, STREAM, 10, at(14, 6), BY_ANNA, "TW-1042 has another due date"),
        ticket=as_it_stood(10, 8, **NOW, due=AT_THREE, clocks={"due": AT_THREE}),
        before=None,
        after=AT_THREE,
    ),
    TicketRequestersChangedV1(
        **envelope(TicketRequestersChangedV1, STREAM, 11, at(14, 7), BY_ANNA, "TW-1042 has other requesters"),
        ticket=as_it_stood(11, 9, **NOW, requesters=[MAJA, OLE]),
        added=[OLE],
    ),
    TicketPeopleChangedV1(
        **envelope(TicketPeopleChangedV1, STREAM, 12, at(14, 8), BY_ANNA, "TW-1042 has other cc"),
        ticket=as_it_stood(12, 9, **NOW, cc=[]),
        role="cc",
        removed=[TOMAS],
    ),
    TicketTagsChangedV1(
        **envelope(TicketTagsChangedV1, STREAM, 13, at(14, 9), BY_ANNA, "TW-1042 has other tags"),
        ticket=as_it_stood(13, 9, **NOW, tags=["printer"]),
        added=["printer"],
    ),
    TicketFieldsChangedV1(
        **envelope(TicketFieldsChangedV1, STREAM, 14, at(14, 10), BY_ANNA, "Fields of TW-1042 changed"),
        ticket=as_it_stood(14, 9, **NOW, fields={"room": "214"}),
        changes=[FieldChange(name="room", before=None, after="214")],
    ),
    TicketTimeWorkedV1(
        **envelope(TicketTimeWorkedV1, STREAM, 15, at(14, 30), BY_ANNA, "20 minutes on TW-1042"),
        ticket=as_it_stood(15, 9, **NOW, time_worked=20),
        minutes=20,
        text="On the telephone",
        total=20,
    ),
    TicketForwardedV1(
        **envelope(TicketForwardedV1, STREAM, 16, at(14, 40), BY_ANNA, "TW-1042 was forwarded"),
        ticket=as_it_stood(16, 9, **NOW | {"messages": 5}),
        message=Message(
            id=f"{NUMBER}.5",
            ticket=NUMBER,
            kind="page",
            author=ANNA,
            internal=True,
            subject=SUBJECT,
            text=ASKING,
            attachments=[PHOTO],
            to=[Address(address=WORKSHOP)],
            at=at(14, 40),
        ),
        quoted=[
            QuotedMessage(
                id=f"{NUMBER}.1",
                author=MAJA_FROM,
                to=[Address(address="support@example.org")],
                subject=SUBJECT,
                at=at(8, 14, 5),
                text=ASKED,
            )
        ],
    ),
    QueueFieldsSetV1(
        **envelope(QueueFieldsSetV1, "queue/support", 2, at(7, 5), BY_ANNA, "Fields of queue support changed"),
        queue=SUPPORT.model_copy(update={"fields": FIELDS, "version": 2}),
    ),
)
