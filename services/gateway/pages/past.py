"""A ticket as it was at a past time: to be read, with nothing on it that would change it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

from starlette.responses import Response

from ticketwire_chassis.i18n import N_, dates
from ticketwire_contracts.base import Problem

from ..views import Refused, refuse
from ..views.reading import is_address
from ..views.shapes import Entry, Linked, Ticket
from . import ticket as present
from .forms import Draft, any_time
from .rendering import exactly
from .ticket import Joined, May
from .visits import Visit, seen
from .words import LINKS, OPENED

NOTHING = May(**dict.fromkeys(May.__dataclass_fields__, False))
"""Nobody changes what was."""
A_MOMENT = timedelta(milliseconds=1)
"""The log keeps times to the millisecond."""


@dataclass(frozen=True)
class Then:
    """The time at which the ticket is shown, and the ways from there."""

    at: datetime
    earlier: str | None
    """Before its last change up to then; none where that opened it."""
    later: str | None
    """After its next change, as far as the reader may know of it."""


async def now_or_then(visit: Visit) -> Response:
    """The page of a ticket, or the ticket as it was when a time is named."""
    named = visit.request.query_params.get("at")
    return await present.show(visit) if named is None else await show(visit, named)


async def show(visit: Visit, named: str) -> Response:
    """The ticket at that time, for whoever may see it now."""
    number = visit.request.path_params["number"]
    ticket = await visit.views.reading.ticket(visit.asker, number)
    if ticket.number != number:
        return seen(f"/tickets/{ticket.number}?at={quote(named)}")
    try:
        at = time_of(visit, named, ticket)
    except Refused as refused:
        return await missing(visit, ticket, refused.problem)
    then = await visit.views.past.ticket_at(visit.asker, ticket.number, at)
    return await page(visit, then, at)


def time_of(visit: Visit, named: str, ticket: Ticket) -> datetime:
    """The time that is named. ``Refused`` for none, for one before the ticket was there and for one to come."""
    at = any_time(named.strip(), visit.reader.zone)
    if at < ticket.created_at:
        opened = dates.exact(ticket.created_at, visit.reader.t, visit.reader.zone)
        says = visit.reader.t(N_("It was opened {when}."), when=opened)
        raise refuse("not-yet", title=N_("The ticket was not there yet"), status=404, detail=says)
    if at > visit.now:
        raise refuse(
            "to-come",
            title=N_("That time has not come yet"),
            status=422,
            detail=N_("A ticket can be shown as it was, not as it will be."),
        )
    return at


async def missing(visit: Visit, ticket: Ticket, problem: Problem) -> Response:
    """Why there is nothing to show, and the ways back to the ticket."""
    ways = [(f"/tickets/{ticket.number}", visit.reader.t(N_("Back to {ticket}"), ticket=ticket.number))]
    if "history.show" in (await visit.views.reading.possible(visit.asker, ticket.number)).rights:
        ways.append((f"/tickets/{ticket.number}/history", visit.reader.t(N_("History"))))
    return await visit.show(
        "problem.html",
        problem.status,
        current=f"/queues/{ticket.queue}",
        problem=problem,
        ways=ways,
    )


async def page(visit: Visit, then: Ticket, at: datetime) -> Response:
    """The ticket's page without forms, as it was."""

    def stood(entry: Entry) -> bool:
        return stood_there(entry, then, at)

    entries, more = await present.timeline(visit, then.number, stood, until=at)
    return await visit.show(
        "ticket.html",
        absorbed=await absorbed(visit, then),
        at_form=False,
        current=f"/queues/{then.queue}",
        draft=Draft(),
        fields=visit.views.upkeep.fields_on(visit.asker, then),
        history=False,
        links=joined(then),
        may=NOTHING,
        more=f"?{urlencode({'at': exactly(at), 'from': more})}" if more else None,
        opened=OPENED.get(then.opened_by, OPENED["page"]),
        owners=[],
        past=await around(visit, then, at),
        statuses=[],
        ticket=then,
        timeline=entries,
        waits=frozenset(),
        was=None,
        watching=False,
        whom=[],
    )


def stood_there(entry: Entry, then: Ticket, at: datetime) -> bool:
    """Whether an entry of today's timeline was on the ticket then. A message that came later from another ticket
    was not, though it was said before; nor was anything of a ticket that was merged into it later."""
    if entry.at > at:
        return False
    return entry.version <= then.version if entry.ticket == then.number else entry.ticket in then.absorbed


async def absorbed(visit: Visit, then: Ticket) -> list[Ticket]:
    """The tickets that were merged into it then, as far as the reader may see them."""
    found = []
    for number in then.absorbed[: present.AT_ONCE]:
        try:
            found.append(await visit.views.reading.ticket(visit.asker, number))
        except Refused:
            continue
    return found


def joined(then: Ticket) -> Joined:
    """Its links then. What stands at their other ends today would not be what stood there."""
    links = [Linked(link.type, link.target, None if is_address(link.target) else link.target) for link in then.links]
    known = dict.fromkeys([*LINKS, *(link.type for link in links)])
    kinds = {kind: found for kind in known if (found := [link for link in links if link.type == kind])}
    return Joined(kinds, then.hidden_links, [], 0)


async def around(visit: Visit, then: Ticket, at: datetime) -> Then:
    """The way to the state before this one, and to the next."""
    earlier = f"?at={exactly(then.updated_at - A_MOMENT)}" if then.version > 1 else None
    try:
        following = await visit.views.past.next_change(visit.asker, then.number, then.version)
    except Refused:  # without the right to its history
        following = None
    return Then(at, earlier, f"?at={exactly(following.at)}" if following else None)
