"""One ticket: its conversation, its facts, and the forms that change it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlencode

from starlette.responses import Response

from ticketwire_chassis.i18n import N_

from ..views.shapes import Entry, Linked, Links, Possible, Ticket
from .forms import Draft
from .happenings import Line, line
from .prose import clean_line
from .visits import Visit, seen
from .words import LINKS, OPENED, ROLES

AT_ONCE = 100
PAGES = 10
"""So many pages of the timeline are shown together; a longer one goes on behind a link."""

DONE = {
    "reply": N_("Your reply is on its way."),
    "note": N_("Your note stands below."),
    "status": N_("The status is set."),
    "owner": N_("The owner is set."),
    "priority": N_("The priority is set."),
    "forward": N_("The forward is on its way. What they answer comes back internal."),
    "subject": N_("The subject is set."),
    "due": N_("The due date is set."),
    "requesters": N_("The requesters are set."),
    "cc": N_("The copies are set."),
    "admin_cc": N_("The internal copies are set."),
    "watchers": N_("The watchers are set."),
    "tags": N_("The tags are set."),
    "fields": N_("The fields are set."),
    "time": N_("The time is written down."),
    "queue": N_("The ticket is in its new queue."),
    "link": N_("The link is made, on both tickets."),
    "unlink": N_("The link is gone, on both tickets."),
    "merged": N_("Merged. Everything said on the other tickets stands below, each with its own number."),
    "unmerged": N_("Unmerged. It stands by itself again."),
    "split": N_("Split off. This is the new ticket."),
    "unsplit": N_("The split is undone. The messages stand here again."),
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
    link: bool
    merge: bool
    split: bool
    move: bool
    forward: bool
    watch: bool


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
    was = visit.request.query_params.get("was", number.upper())
    if ticket.merged_into:
        return seen(f"/tickets/{ticket.merged_into}?was={quote(was)}")
    if ticket.number != number:
        return seen(f"/tickets/{ticket.number}")
    return await page(visit, ticket, Draft())


async def back(visit: Visit) -> Response:
    """Where only forms go: whoever reloads or types such an address is shown the ticket."""
    return seen(f"/tickets/{quote(visit.request.path_params['number'])}")


async def page(visit: Visit, ticket: Ticket, draft: Draft, status: int = 200) -> Response:
    """The page, with what stands in its forms."""
    reading, asker = visit.views.reading, visit.asker
    possible = await reading.possible(asker, ticket.number)
    entries, more = await timeline(visit, ticket.number)
    done = DONE.get(visit.request.query_params.get("done", ""))
    was = visit.request.query_params.get("was")
    may_do = may(ticket, possible, visit.asker.person.id)
    return await visit.show(
        "ticket.html",
        status,
        absorbed=await absorbed(visit, ticket),
        at_form=draft.what in offered(may_do, possible, ticket),
        current=f"/queues/{ticket.queue}",
        done=visit.reader.t(done) if done else "",
        draft=draft,
        fields=visit.views.upkeep.fields_on(asker, ticket),
        history="history.show" in possible.rights,
        links=await joined(visit, ticket),
        may=may_do,
        more=f"?{urlencode({'from': more})}" if more else None,
        opened=OPENED.get(ticket.opened_by, OPENED["page"]),
        owners=possible.owners,
        past=None,
        problem=draft.problem,
        statuses=settable(ticket, possible),
        ticket=ticket,
        timeline=entries,
        waits=waiting(visit, ticket.queue),
        was=was if was in ticket.absorbed else None,
        watching=any(who.id == asker.person.id for who in ticket.watchers),
        whom=whom(ticket, draft),
    )


@dataclass(frozen=True)
class Joined:
    """How a ticket hangs together with others."""

    kinds: dict[str, list[Linked]]
    """By kind of link, in the order in which they are shown."""
    hidden: int
    """Links to tickets that the reader may not see."""
    holding: list[Linked]
    """Open tickets that it depends on: while one is open it is not closed."""
    unseen: int
    """More that it depends on, and that the reader may not see."""


async def joined(visit: Visit, ticket: Ticket) -> Joined:
    """The links of a ticket, and what holds it open."""
    joining, asker = visit.views.joining, visit.asker
    links = await joining.links(asker, ticket.number) if ticket.links or ticket.hidden_links else Links([], 0)
    unseen = (await joining.tree(asker, ticket.number)).hidden if links.hidden else 0
    known = [*LINKS, *(link.type for link in links.items)]
    kinds = {kind: found for kind in known if (found := [link for link in links.items if link.type == kind])}
    holding = [link for link in kinds.get("depends_on", ()) if link.category != "closed"]
    return Joined(kinds, links.hidden, holding, unseen)


async def absorbed(visit: Visit, ticket: Ticket) -> list[Ticket]:
    """The tickets that were merged into it, as far as the reader may see them."""
    numbers = ticket.absorbed[:AT_ONCE]
    return list(await asyncio.gather(*(visit.views.reading.ticket(visit.asker, number) for number in numbers)))


def settable(ticket: Ticket, possible: Possible) -> list[str]:
    """The statuses that may be set; a waiting one also again, to wait until another time."""
    again = ticket.category == "waiting" and "ticket.edit" in possible.rights
    return [*possible.statuses, *([ticket.status] if again and ticket.status not in possible.statuses else [])]


def waiting(visit: Visit, queue: str | None) -> frozenset[str]:
    """The statuses in which a ticket waits, and may have a time at which it opens again: of a queue, or of all."""
    directory = visit.asker.directory
    lifecycles = [directory.lifecycle_of(queue)] if queue else list(directory.lifecycles.values())
    return frozenset(status for one in lifecycles for status, category in one.statuses.items() if category == "waiting")


def every(entry: Entry) -> bool:
    """No entry is left out."""
    return True


async def timeline(
    visit: Visit, number: str, shown: Callable[[Entry], bool] = every, until: datetime | None = None
) -> tuple[list[tuple[Entry, Line | None]], str | None]:
    """The entries to show, oldest first, each with its sentence unless something was said; and what comes next.

    ``until`` ends it: what is later is not looked at.
    """
    cursor = visit.request.query_params.get("from")
    found: list[tuple[Entry, Line | None]] = []
    for _ in range(PAGES):
        part = await visit.views.reading.timeline(visit.asker, number, cursor=cursor, limit=AT_ONCE)
        for entry in filter(shown, part.items):
            said = None if entry.message else line(entry, visit.reader)
            if said or (entry.message and not blank(entry)):
                found.append((entry, said))
        cursor = part.next
        if until is not None and part.items and part.items[-1].at > until:
            cursor = None
        if cursor is None:
            break
    return found, cursor


def blank(entry: Entry) -> bool:
    """Whether it only opens a ticket and says nothing, as a split does: its messages follow."""
    return entry.type == "ticket.opened" and entry.actor_kind == "agent" and not entry.text and not entry.attachments


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
        link="ticket.link" in rights,
        merge="ticket.merge" in rights,
        split="ticket.split" in rights,
        move="ticket.move" in rights,
        forward="ticket.forward" in rights,
        watch="ticket.watch" in rights,
    )


def offered(may: May, possible: Possible, ticket: Ticket) -> set[str]:
    """The forms on the page that say themselves why they were refused."""
    forms = {
        "reply": may.reply,
        "note": may.note,
        "status": bool(settable(ticket, possible)),
        "owner": bool(possible.owners),
        "priority": may.edit,
        "queue": may.move,
        "link": may.link,
        "unlink": may.link,
        **dict.fromkeys(("subject", "due", "tags", "fields", "time", *ROLES), may.edit),
        "watchers": may.edit or may.watch,
        "forward": may.forward,
        "unmerge": may.merge and bool(ticket.absorbed),
    }
    return {name for name, there in forms.items() if there}


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
