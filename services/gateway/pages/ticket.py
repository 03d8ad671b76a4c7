"""One ticket: its conversation, its facts, and the forms that change it."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from ticketwire_chassis.i18n import N_

from ..views.shapes import Entry, Possible, Ticket
from .forms import Draft
from .happenings import Line, line
from .prose import clean_line
from .visits import Visit, seen
from .words import OPENED

AT_ONCE = 100
PAGES = 10
"""So many pages of the timeline are shown together; a longer one goes on behind a link."""

DONE = {
    "reply": N_("Your reply is on its way."),
    "note": N_("Your note stands below."),
    "status": N_("The status is set."),
    "owner": N_("The owner is set."),
    "priority": N_("The priority is set."),
    "opened": N_("The ticket is open."),
    "written": N_("The ticket is open, and your mail is on its way."),
}
"""What is said once after a form was done."""


@dataclass(frozen=True)
class May:
    """Which forms the reader gets."""

    reply: bool
    note: bool
    edit: bool
    take: bool


@dataclass(frozen=True)
class Whom:
    """Someone who may get the reply, and whether they will."""

    name: str
    address: str
    to: bool
    cc: bool


async def show(visit: Visit) -> Response:
    """The page of a ticket. One that was merged leads to the one that took it in."""
    number = visit.request.path_params["number"]
    ticket = await visit.views.reading.ticket(visit.asker, number)
    if ticket.merged_into:
        return seen(f"/tickets/{ticket.merged_into}")
    if ticket.number != number:
        return seen(f"/tickets/{ticket.number}")
    return await page(visit, ticket, Draft())


async def page(visit: Visit, ticket: Ticket, draft: Draft, status: int = 200) -> Response:
    """The page, with what stands in its forms."""
    reading, asker = visit.views.reading, visit.asker
    possible = await reading.possible(asker, ticket.number)
    entries, more = await timeline(visit, ticket.number)
    done = DONE.get(visit.request.query_params.get("done", ""))
    return await visit.show(
        "ticket.html",
        status,
        current=f"/queues/{ticket.queue}",
        done=visit.reader.t(done) if done else "",
        draft=draft,
        may=may(ticket, possible, visit.asker.person.id),
        more=more,
        opened=OPENED.get(ticket.opened_by, OPENED["page"]),
        owners=possible.owners,
        problem=draft.problem,
        statuses=possible.statuses,
        ticket=ticket,
        timeline=entries,
        whom=whom(ticket, draft),
    )


async def timeline(visit: Visit, number: str) -> tuple[list[tuple[Entry, Line | None]], str | None]:
    """The entries to show, oldest first, each with its sentence unless something was said; and what comes next."""
    cursor = visit.request.query_params.get("from")
    found: list[tuple[Entry, Line | None]] = []
    for _ in range(PAGES):
        part = await visit.views.reading.timeline(visit.asker, number, cursor=cursor, limit=AT_ONCE)
        for entry in part.items:
            said = None if entry.message else line(entry, visit.reader)
            if entry.message or said:
                found.append((entry, said))
        cursor = part.next
        if cursor is None:
            break
    return found, cursor


def may(ticket: Ticket, possible: Possible, person: str) -> May:
    """Which forms to show; tickets decides again when one is sent."""
    rights = possible.rights
    mine = ticket.owner is not None and ticket.owner.id == person
    takes = "ticket.take" if ticket.owner is None else "ticket.steal"
    return May(
        reply="ticket.reply" in rights,
        note="note.add" in rights,
        edit="ticket.edit" in rights,
        take=not mine and (takes in rights or "ticket.assign" in rights),
    )


def whom(ticket: Ticket, draft: Draft) -> list[Whom]:
    """Everyone a reply may go to: requesters get it, cc get copies, unless the draft says otherwise."""
    found: dict[str, Whom] = {}
    for people, to in ((ticket.requesters, True), (ticket.cc, False)):
        for person in people:
            address = clean_line(person.address)
            if address and address not in found:
                goes = to if draft.to is None else address in draft.to
                copied = not to if draft.cc is None else address in draft.cc
                found[address] = Whom(person.name, address, goes, copied)
    return list(found.values())
