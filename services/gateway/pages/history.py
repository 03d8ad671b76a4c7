"""The history of a ticket: every change, by whom, by what it came, and what is different since."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import get_args
from urllib.parse import urlencode

from starlette.responses import Response

from ticketwire_chassis.i18n import N_
from ticketwire_contracts.base import Problem
from ticketwire_contracts.tickets import HistoryPage

from ..domain.recorded import SYSTEM, Kind, Wanted
from ..views import Refused
from ..views.shapes import Ticket
from .forms import moment
from .prose import clean_line
from .recorded import Teller
from .visits import Visit, seen

A_PAGE = 50
A_DAY = len("2026-11-24")

KINDS: dict[Kind, str] = {
    "conversation": N_("Conversation"),
    "changes": N_("Changes"),
    "people": N_("People"),
    "links": N_("Links"),
    "escalations": N_("Escalations"),
    "privacy": N_("Privacy"),
}


@dataclass(frozen=True)
class Typed:
    """What stands in the form that looks for changes."""

    kind: str = ""
    person: str = ""
    since: str = ""
    until: str = ""

    @property
    def query(self) -> dict[str, str]:
        """What of it is not empty, as an address carries it."""
        return {name: value for name, value in vars(self).items() if value}


async def show(visit: Visit) -> Response:
    """A page of the history, oldest first. Needs ``history.show``."""
    number = visit.request.path_params["number"]
    ticket = await visit.views.reading.ticket(visit.asker, number)
    if ticket.number != number:
        return seen(f"/tickets/{ticket.number}/history")
    typed, after = typed_in(visit), place_in(visit)
    try:
        wanted = wanted_by(typed, visit.reader.zone)
    except Refused as refused:
        return await history_page(visit, ticket, typed, after, HistoryPage(items=[]), refused.problem)
    page = await visit.views.past.history(visit.asker, ticket.number, after=after, limit=A_PAGE, wanted=wanted)
    return await history_page(visit, ticket, typed, after, page)


async def history_page(
    visit: Visit, ticket: Ticket, typed: Typed, after: int, page: HistoryPage, problem: Problem | None = None
) -> Response:
    """The page, with what was found."""
    rail = await visit.views.reading.rail(visit.asker, visit.now)
    teller = Teller(
        visit.reader,
        visit.asker.directory,
        {queue.name: queue.title for queue in rail.queues},
        visit.views.upkeep.fields_on(visit.asker, ticket),
    )
    here = f"/tickets/{ticket.number}/history"
    going_on = typed.query | {"after": str(page.next)}
    return await visit.show(
        "history.html",
        problem.status if problem else 200,
        current=f"/queues/{ticket.queue}",
        changes=teller.told(page.items),
        first=here + (f"?{urlencode(typed.query)}" if typed.query else "") if after else None,
        further=f"{here}?{urlencode(going_on)}" if page.next is not None else None,
        kinds=KINDS,
        people=suggestions(visit, ticket),
        problem=problem,
        ticket=ticket,
        typed=typed,
    )


def typed_in(visit: Visit) -> Typed:
    """What the address carries of the form."""
    asked = visit.request.query_params
    return Typed(**{name: asked.get(name, "").strip()[:254] for name in ("kind", "person", "since", "until")})


def place_in(visit: Visit) -> int:
    """After which version the page begins."""
    after = visit.request.query_params.get("after", "")
    return int(after) if after.isascii() and after.isdigit() and len(after) < 10 else 0


def wanted_by(typed: Typed, zone: tzinfo) -> Wanted:
    """What is looked for; days are the reader's, and the last one counts as a whole. ``Refused`` for no time."""
    return Wanted(
        kind=next((kind for kind in get_args(Kind) if kind == typed.kind), None),
        person=typed.person or None,
        since=moment(typed.since, zone) if typed.since else None,
        until=end_of(typed.until, zone) if typed.until else None,
    )


def end_of(text: str, zone: tzinfo) -> datetime:
    """The end of a day, or a time itself where one was named."""
    when = moment(text, zone)
    return when + timedelta(days=1) if len(text) == A_DAY else when


def suggestions(visit: Visit, ticket: Ticket) -> dict[str, str]:
    """Who may have acted: who stands on the ticket, and the agents; what to look for → what to call them."""
    on_it = [*([ticket.owner] if ticket.owner else []), *ticket.requesters, *ticket.cc, *ticket.admin_cc]
    found = {who.login or who.address: who.name for who in on_it}
    found |= {agent.login or "": agent.name for agent in visit.asker.directory.agents.values() if not agent.disabled}
    found[SYSTEM] = "Ticketwire"
    return {clean_line(key): clean_line(name or key) for key, name in found.items() if key}
