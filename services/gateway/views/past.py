"""What the log says of a ticket: its history as data, and the ticket as it was. tickets decides who may."""

from __future__ import annotations

import uuid
from datetime import datetime

from ticketwire_contracts.tickets import HistoryPage, Party, ShowHistoryV1, ShowTicketAtV1
from ticketwire_contracts.tickets import Ticket as Truth

from .asker import Asker, not_found
from .shapes import LinkTo, Ticket, Who
from .work import Orders


class Past:
    """Looks into the log."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders

    async def history(self, asker: Asker, number: str, *, after: int = 0, limit: int = 100) -> HistoryPage:
        """Every change with who, when, why, before and after. Needs ``history.show``; notes need ``note.show``."""
        command = ShowHistoryV1(ticket=_known(number), after=after, limit=limit)
        answer = await self._orders.give(asker, uuid.uuid4().hex, command)
        return HistoryPage.model_validate(answer.result)

    async def ticket_at(self, asker: Asker, number: str, at: datetime) -> Ticket:
        """The ticket at a past time, for who may see it now; promises are of the present, so none stand there."""
        answer = await self._orders.give(asker, uuid.uuid4().hex, ShowTicketAtV1(ticket=_known(number), at=at))
        return _shown(Truth.model_validate(answer.result["ticket"]))


def _known(number: str) -> str:
    if len(number) > 30:
        raise not_found()
    return number.upper()


def _shown(ticket: Truth) -> Ticket:
    return Ticket(
        number=ticket.number,
        subject=ticket.subject,
        queue=ticket.queue,
        status=ticket.status,
        category=ticket.category,
        priority=ticket.priority,
        owner=_who(ticket.owner) if ticket.owner else None,
        requesters=[_who(party) for party in ticket.requesters],
        cc=[_who(party) for party in ticket.cc],
        admin_cc=[_who(party) for party in ticket.admin_cc],
        due=ticket.due,
        next_due=None,
        deadlines=[],
        unanswered=ticket.clocks.oldest_unanswered_at,
        wake_at=ticket.wake_at,
        tags=ticket.tags,
        fields=ticket.fields,
        links=[LinkTo(link.type, link.target) for link in ticket.links],
        merged_into=ticket.merged_into,
        opened_by=ticket.opened_by,
        language=ticket.language,
        messages=ticket.messages,
        version=ticket.version,
        created_at=ticket.created_at,
        updated_at=ticket.updated_at,
    )


def _who(party: Party) -> Who:
    return Who(party.id, party.name, party.address, party.login, party.agent)
