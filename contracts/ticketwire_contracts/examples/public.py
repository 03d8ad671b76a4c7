"""Examples of what outside subscribers hear on ``ticketwire.events``: one message per public event."""

from __future__ import annotations

from ..tickets import (
    Message,
    Party,
    PublicEvent,
    PublicMessage,
    PublicParty,
    PublicTicket,
    TicketEvent,
)
from .changes import CHANGE_EXAMPLES
from .tickets import TICKET_EXAMPLES
from .work import WORK_EXAMPLES


def party(who: Party) -> PublicParty:
    """A person as outsiders hear of them: an agent's address is nobody's business."""
    return PublicParty(name=who.name, address="" if who.agent else who.address, agent=who.agent)


def public(event: TicketEvent) -> PublicEvent:
    """The public form of an example."""
    ticket, message = event.ticket, getattr(event, "message", None)
    return PublicEvent(
        id=f"{event.subject}:p{ticket.public_version}",
        type=event.topic,
        subject=event.subject,
        time=event.time,
        dataschema=PublicEvent.schema_address(),
        public_version=ticket.public_version,
        correlation=event.correlation,
        summary=event.summary,
        ticket=PublicTicket(
            number=ticket.number,
            subject=ticket.subject,
            queue=ticket.queue,
            status=ticket.status,
            category=ticket.category,
            priority=ticket.priority,
            owner=party(ticket.owner) if ticket.owner else None,
            requesters=[party(who) for who in ticket.requesters],
            created_at=ticket.created_at,
        ),
        message=_message(message) if isinstance(message, Message) else None,
    )


def _message(said: Message) -> PublicMessage:
    return PublicMessage(
        author=party(said.author),
        text=said.text,
        attachments=[attachment.filename for attachment in said.attachments],
        at=said.at,
    )


PUBLIC = tuple(
    public(event)
    for event in (*TICKET_EXAMPLES, *CHANGE_EXAMPLES, *WORK_EXAMPLES)
    if isinstance(event, TicketEvent) and event.public
)
