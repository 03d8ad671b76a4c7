"""What the log says of a ticket: its history as data, and the ticket as it was. tickets decides who may."""

from __future__ import annotations

import uuid
from datetime import datetime

from ticketwire_contracts.tickets import HistoryEntry, HistoryPage, Party, ShowHistoryV1, ShowTicketAtV1
from ticketwire_contracts.tickets import Ticket as Truth

from ..domain.recorded import EVERYTHING, Wanted, is_wanted
from .asker import Asker, not_found
from .shapes import LinkTo, Ticket, Watcher, Who
from .work import Orders

PART = 200
"""Changes that are read at once while some are looked for."""
PARTS = 10
"""So many parts are looked through for one answer; what lies further is behind its ``next``."""


class Past:
    """Looks into the log."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders

    async def history(
        self, asker: Asker, number: str, *, after: int = 0, limit: int = 100, wanted: Wanted = EVERYTHING
    ) -> HistoryPage:
        """The changes that are wanted, with who, when, why, before and after. Needs ``history.show``; notes need
        ``note.show``. With ``next`` there may be more, even where fewer came than were asked for."""
        if not wanted:
            return await self._part(asker, number, after, limit)
        found: list[HistoryEntry] = []
        place: int | None = after
        for _ in range(PARTS):
            part = await self._part(asker, number, place or 0, PART)
            found += [change for change in part.items if is_wanted(change, wanted, asker.directory)]
            place = part.next
            if len(found) > limit:
                return HistoryPage(items=found[:limit], next=found[limit - 1].version)
            if place is None:
                break
        return HistoryPage(items=found, next=place)

    async def next_change(self, asker: Asker, number: str, version: int) -> HistoryEntry | None:
        """The first change after a version that the asker may read of. Needs ``history.show``."""
        part = await self._part(asker, number, version, PART)
        return part.items[0] if part.items else None

    async def _part(self, asker: Asker, number: str, after: int, limit: int) -> HistoryPage:
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
        watchers=[_watcher(party, ticket) for party in ticket.watchers],
        due=ticket.due,
        next_due=None,
        deadlines=[],
        unanswered=ticket.clocks.oldest_unanswered_at,
        wake_at=ticket.wake_at,
        tags=ticket.tags,
        fields=ticket.fields,
        time_worked=ticket.time_worked,
        links=[LinkTo(link.type, link.target) for link in ticket.links],
        merged_into=ticket.merged_into,
        absorbed=[part.number for part in ticket.absorbed],
        moved={moved.message: moved.to for moved in ticket.moved},
        opened_by=ticket.opened_by,
        language=ticket.language,
        messages=ticket.messages,
        version=ticket.version,
        created_at=ticket.created_at,
        updated_at=ticket.updated_at,
    )


def _watcher(party: Party, ticket: Truth) -> Watcher:
    by = [part.number for part in ticket.absorbed for one in part.watchers or () if one.id == party.id]
    return Watcher(party.id, party.name, party.address, party.login, party.agent, by)


def _who(party: Party) -> Who:
    return Who(party.id, party.name, party.address, party.login, party.agent)
