"""Examples of what tickets is asked about tickets, and what it says of them."""

from __future__ import annotations

from datetime import datetime

from ..ingest import Address
from ..tickets import (
    AddNoteV1,
    MailSettledV1,
    Message,
    OpenTicketV1,
    Party,
    ReplyToTicketV1,
    SetOwnerV1,
    SetPriorityV1,
    SetStatusV1,
    TicketEscalatedV1,
    TicketNotedV1,
    TicketOpenedV1,
    TicketOwnerChangedV1,
    TicketPriorityChangedV1,
    TicketReceivedV1,
    TicketRepliedV1,
    TicketStatusChangedV1,
)
from .story import (
    ANNA,
    ANSWERED,
    BY_ANNA,
    BY_CLOCK,
    BY_MAJA,
    FIRST_MESSAGE,
    MAIL_ID,
    MAIL_ROW,
    MAJA,
    MAJA_FROM,
    NOTED,
    NUMBER,
    OUR_ID,
    SECOND_ID,
    SECOND_ROW,
    STREAM,
    SUBJECT,
    THANKED,
    at,
    envelope,
    ticket,
)


def said(n: int, author: Party, text: str, when: datetime, **more: object) -> Message:
    """The ticket's ``n``-th message, written on a page unless ``more`` says otherwise."""
    fields = {
        "id": f"{NUMBER}.{n}",
        "ticket": NUMBER,
        "kind": "page",
        "author": author,
        "text": text,
        "at": when,
    }
    return Message.model_validate(fields | more)


ANSWER = said(
    3,
    ANNA,
    ANSWERED,
    at(9, 2, 11),
    to=[MAJA_FROM],
    cc=[Address(name="Tomás Ferreira", address="tomas@example.net")],
)
THANKS = said(
    4,
    MAJA,
    THANKED,
    at(9, 47, 31),
    kind="mail",
    subject=f"Re: [{NUMBER}] {SUBJECT}",
    to=[Address(address="support@example.org")],
    message_id=SECOND_ID,
    references=[MAIL_ID, OUR_ID],
    mail=SECOND_ROW,
)

OWNED = {"owner": ANNA, "updated_at": at(8, 58)}
ANSWERED_FACTS = {
    "oldest_unanswered_at": None,
    "first_answered_at": at(9, 2, 11),
    "last_agent_at": at(9, 2, 11),
    "started_at": at(9, 2, 11),
    "generation": 2,
}
OPEN = OWNED | {"status": "open", "category": "active"}

TICKET_COMMANDS = (
    OpenTicketV1(
        queue="support",
        subject=SUBJECT,
        requesters=["maja@example.net"],
        text="Calls because the printer next to room 214 prints blank pages.",
        kind="phone",
    ),
    ReplyToTicketV1(ticket=NUMBER, if_version=3, text=ANSWERED, then_status="open"),
    AddNoteV1(ticket=NUMBER, text=NOTED),
    SetStatusV1(ticket=NUMBER, status="pending", until=at(15, 0)),
    SetOwnerV1(ticket=NUMBER, owner="anna"),
    SetPriorityV1(ticket=NUMBER, if_version=7, priority=70),
)

TICKET_EXAMPLES = (
    TicketOpenedV1(
        **envelope(TicketOpenedV1, STREAM, 1, at(8, 14, 5), BY_MAJA, "TW-1042 was opened in support"),
        ticket=ticket(1, 1),
        message=FIRST_MESSAGE,
        new_requester=True,
    ),
    TicketOwnerChangedV1(
        **envelope(TicketOwnerChangedV1, STREAM, 2, at(8, 58), BY_ANNA, "TW-1042 has another owner"),
        ticket=ticket(2, 2, **OWNED),
        before=None,
        after=ANNA,
    ),
    TicketNotedV1(
        **envelope(TicketNotedV1, STREAM, 3, at(9, 0), BY_ANNA, "A note on TW-1042"),
        ticket=ticket(3, 2, **OWNED, messages=2),
        message=said(2, ANNA, NOTED, at(9, 0), internal=True),
    ),
    TicketRepliedV1(
        **envelope(TicketRepliedV1, STREAM, 4, at(9, 2, 11), BY_ANNA, "TW-1042 was answered"),
        ticket=ticket(4, 3, **OPEN, messages=3, clocks=ANSWERED_FACTS),
        message=ANSWER,
        reply_references=[MAIL_ID],
        in_reply_to=MAIL_ID,
    ),
    TicketStatusChangedV1(
        **envelope(TicketStatusChangedV1, STREAM, 4, at(9, 2, 11), BY_ANNA, "TW-1042 went from new to open", 1),
        ticket=ticket(4, 4, **OPEN, messages=3, clocks=ANSWERED_FACTS),
        before="new",
        after="open",
    ),
    TicketReceivedV1(
        **envelope(TicketReceivedV1, STREAM, 5, at(9, 47, 31), BY_MAJA, "A mail joined TW-1042"),
        ticket=ticket(5, 5, **OPEN, messages=4, clocks=ANSWERED_FACTS | {"last_customer_at": at(9, 47, 31)}),
        message=THANKS,
    ),
    TicketEscalatedV1(
        **envelope(TicketEscalatedV1, STREAM, 6, at(12, 14, 6), BY_CLOCK, "TW-1042 escalated: first_response 100 %"),
        ticket=ticket(6, 5, **OPEN, messages=4),
        clock="first_response",
        percent=100,
        due_at=at(12, 14, 5),
        actions=["tell_supervisors"],
    ),
    TicketPriorityChangedV1(
        **envelope(TicketPriorityChangedV1, STREAM, 7, at(13, 0), BY_ANNA, "TW-1042 went from priority 50 to 70"),
        ticket=ticket(7, 6, **OPEN, messages=4, priority=70),
        before=50,
        after=70,
    ),
    MailSettledV1(
        **envelope(MailSettledV1, STREAM, 1, at(8, 14, 5), BY_MAJA, "A mail is on TW-1042", 1),
        mail=MAIL_ROW,
        reading=1,
        outcome="ticketed",
        why="opened",
        ticket=NUMBER,
    ),
)
