"""Merging tickets, splitting messages off, and taking both back; and the tree of what a ticket depends on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from starlette.responses import Response

from ticketwire_contracts.base import Problem

from ..views import Refused, refuse
from ..views.shapes import Ticket, Who
from .acts import Act
from .forms import Draft, form_of
from .prose import clean_line
from .ticket import page, timeline
from .visits import Visit, seen

MOST = 50
"""Tickets merged into one at once, besides the first."""
HOPS = 50
CANDIDATES = 20


async def tree(visit: Visit) -> Response:
    """All that a ticket depends on, over any number of others."""
    root = await visit.views.joining.tree(visit.asker, number_of(visit))
    return await visit.show("tree.html", current=f"/queues/{root.queue}", root=root)


# ---------------------------------------------------------------------------------------------------- merging


async def merging(visit: Visit) -> Response:
    """The way to merge: first which ticket stays, then what will happen, and to whom."""
    asked = visit.request.query_params
    numbers = [visit.request.path_params.get("number", ""), *asked.getlist("ticket")]
    return await merge_page(visit, numbers, asked.get("other", "").strip() or asked.get("into", "").strip())


async def merge(visit: Visit) -> Response:
    """Merges them, and leads to the one that stays."""
    form = await form_of(visit.request)
    into = form.text("into").upper()
    sources = [number for number in distinct(form.all("ticket")) if number != into]
    try:
        if not sources:
            raise refuse("same-ticket", title="It is the same ticket", status=422, detail="Choose another one.")
        ticket = await visit.views.joining.merge(
            visit.asker, form.command, sources[0], into=into, others=sources[1 : MOST + 1]
        )
    except Refused as refused:
        again = form.id if refused.problem.status >= 500 else ""
        return await merge_page(visit, sources, into, refused.problem, again)
    return seen(f"/tickets/{ticket.number}?done=merged" if ticket else "/?done=gone")


@dataclass(frozen=True)
class Joiner:
    """Someone who comes to the ticket that stays by merging."""

    who: Who
    copied: bool
    """They are cc; else requesters."""


async def merge_page(
    visit: Visit, numbers: Iterable[str], into: str, problem: Problem | None = None, command: str = ""
) -> Response:
    """The page, at the step that was reached."""
    tickets = [await answering(visit, number) for number in distinct(numbers)[: MOST + 1]]
    if not tickets:
        raise refuse(
            "nothing-chosen", title="No ticket is chosen", status=422, detail="Choose tickets in a list first."
        )
    target = None
    if into:
        try:
            target = await answering(visit, into)
        except Refused as refused:
            problem = problem or refused.problem
        sources = [one for one in tickets if target and one.number != target.number]
        if target and not sources:
            target = None
            problem = (
                problem
                or refuse(
                    "same-ticket", title="It is the same ticket", status=422, detail="Choose another one."
                ).problem
            )
    return await visit.show(
        "merge.html",
        problem.status if problem else 200,
        candidates=tickets if len(tickets) > 1 else await others_of(visit, tickets[0]),
        command=command,
        into=into,
        joiners=joiners(target, tickets) if target else [],
        problem=problem,
        sources=[one for one in tickets if target and one.number != target.number],
        target=target,
        tickets=tickets,
    )


async def others_of(visit: Visit, ticket: Ticket) -> list[Ticket]:
    """The other open tickets of those who ask."""
    found: dict[str, Ticket] = {}
    for who in ticket.requesters[:3]:
        if who.address:
            listed = await visit.views.reading.tickets(
                visit.asker, requester=who.address, sort="newest", limit=CANDIDATES, now=visit.now
            )
            found |= {one.number: one for one in listed.items if one.number != ticket.number}
    return list(found.values())[:CANDIDATES]


def joiners(target: Ticket, tickets: Iterable[Ticket]) -> list[Joiner]:
    """Who hears of the ticket that stays from then on, and did not before."""
    here = {who.id for who in (*target.requesters, *target.cc)}
    found: dict[str, Joiner] = {}
    for ticket in tickets:
        for people, copied in ((ticket.requesters, False), (ticket.cc, True)):
            for who in people:
                if who.id not in here:
                    found.setdefault(who.id, Joiner(who, copied))
    return list(found.values())


async def unmerge(visit: Visit) -> Response:
    """Lets a merged ticket stand by itself again."""
    form = await form_of(visit.request)
    number = number_of(visit)
    since = "return" if form.text("since") == "return" else "stay"
    try:
        ticket = await visit.views.joining.unmerge(visit.asker, form.command, number, since=since)
    except Refused as refused:
        shown = await answering(visit, number)
        draft = Draft(what="unmerge", typed={**form.fields, "number": [number]})
        return await page(visit, shown, draft.refused(refused.problem, form.id), refused.problem.status)
    return seen(f"/tickets/{ticket.number}?done=unmerged" if ticket else "/?done=gone")


# -------------------------------------------------------------------------------------------------- splitting


@dataclass(frozen=True)
class Splitting:
    """What stands in the form."""

    messages: frozenset[str]
    subject: str
    queue: str
    keep: bool = False
    command: str = ""


async def splitting(visit: Visit) -> Response:
    """The conversation with a box at each message, and what the new ticket shall be."""
    ticket = await answering(visit, number_of(visit))
    chosen = frozenset(visit.request.query_params.getlist("message"))
    return await split_page(visit, ticket, Splitting(chosen, ticket.subject, ticket.queue))


async def split(visit: Visit) -> Response:
    """Makes the chosen messages a ticket of their own, and leads there."""
    form = await form_of(visit.request)
    messages, keep = form.all("message"), form.text("keep") == "1"
    try:
        if not messages:
            raise refuse(
                "no-message", title="No message is chosen", status=422, detail="Tick the messages to split off."
            )
        ticket = await visit.views.joining.split(
            visit.asker,
            form.command,
            number_of(visit),
            messages=messages,
            subject=form.text("subject") or None,
            queue=form.text("queue") or None,
            keep=keep,
        )
    except Refused as refused:
        again = form.id if refused.problem.status >= 500 else ""
        typed = Splitting(frozenset(messages), form.text("subject"), form.text("queue"), keep, again)
        return await split_page(visit, await answering(visit, number_of(visit)), typed, refused.problem)
    return seen(f"/tickets/{ticket.number}?done=split" if ticket else "/?done=gone")


async def split_page(visit: Visit, ticket: Ticket, typed: Splitting, problem: Problem | None = None) -> Response:
    """The form, with the reason when it was refused."""
    entries, more = await timeline(visit, ticket.number)
    rail = await visit.views.reading.rail(visit.asker, visit.now)
    return await visit.show(
        "split.html",
        problem.status if problem else 200,
        current=f"/queues/{ticket.queue}",
        entries=[entry for entry, _ in entries if entry.message and not entry.moved],
        form=typed,
        more=more,
        problem=problem,
        queues=[one for one in rail.queues if (one.may_create and not one.disabled) or one.name == ticket.queue],
        ticket=ticket,
    )


async def unsplit(visit: Visit) -> Response:
    """Undoes a split, and leads to the ticket that it came from."""
    form = await form_of(visit.request)
    try:
        ticket = await visit.views.joining.unsplit(visit.asker, form.command, number_of(visit))
    except Refused as refused:
        shown = await answering(visit, number_of(visit))
        draft = Draft(what="unsplit").refused(refused.problem, form.id)
        return await page(visit, shown, draft, refused.problem.status)
    return seen(f"/tickets/{ticket.number}?done=unsplit" if ticket else "/?done=gone")


ACTS: dict[str, Act] = {"unmerge": unmerge, "unsplit": unsplit}
"""Last part of the address → what it does."""


# ---------------------------------------------------------------------------------------------------- numbers


async def answering(visit: Visit, number: str) -> Ticket:
    """The ticket that answers for a number today."""
    ticket = await visit.views.reading.ticket(visit.asker, clean_line(number).upper())
    for _ in range(HOPS):
        if ticket.merged_into is None:
            break
        ticket = await visit.views.reading.ticket(visit.asker, ticket.merged_into)
    return ticket


def distinct(numbers: Iterable[str]) -> list[str]:
    """Numbers as they are written, each once."""
    return list(dict.fromkeys(number.strip().upper() for number in numbers if number.strip()))


def number_of(visit: Visit) -> str:
    """The ticket that the address names."""
    return str(visit.request.path_params["number"])
