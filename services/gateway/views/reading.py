"""What is shown: lists, tickets, timelines, counts, always with the eyes of who asks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Set
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from ticketwire_contracts.rights import RIGHTS, Thing, visible_to

from ..domain.directory import Directory
from ..domain.lifecycle import categories_of, statuses, statuses_after
from ..domain.order import ORDERS
from ..domain.visibility import Filter, ticket_filter, wholly
from .asker import Asker, not_found, refuse
from .needs import Blobs, People, Selection, Tickets
from .shapes import Dashboard, Entry, FileContent, Message, Page, Possible, QueueCount, Rail, Ticket, Watcher, Who

MOST = 200
"""Rows on one page of a list, at most."""
ON_DASHBOARD = 10


class Reading:
    """Everything that only looks."""

    def __init__(self, tickets: Tickets, blobs: Blobs, people: People) -> None:
        self._tickets = tickets
        self._blobs = blobs
        self._people = people

    # ---------------------------------------------------------------------------------------------- lists

    async def rail(self, asker: Asker, now: datetime) -> Rail:
        """The queues the asker may see, with what is open in them."""
        directory = asker.directory
        counts = {
            count.queue: count for count in await self._tickets.counts(visible(asker, None), asker.person.id, now)
        }
        queues = []
        for name, queue in directory.queues.items():
            thing = directory.queue_thing(name)
            if not visible_to(asker.viewer, thing, directory.grants):
                continue
            count = counts.get(name)
            queues.append(
                QueueCount(
                    name=name,
                    title=queue.title,
                    open=count.open if count else 0,
                    new=count.new if count else 0,
                    unowned=count.unowned if count else 0,
                    overdue=count.overdue if count else 0,
                    mine=count.mine if count else 0,
                    addresses=queue.addresses,
                    disabled=queue.disabled,
                    may_create=not queue.disabled and directory.may(asker.viewer, "ticket.create", thing),
                )
            )
        return Rail(
            queues=queues,
            mine=sum(count.mine for count in counts.values()),
            overdue=sum(count.overdue for count in counts.values()),
            unowned=sum(count.unowned for count in counts.values()),
        )

    async def dashboard(self, asker: Asker, now: datetime) -> Dashboard:
        """The most urgent open tickets of all, of mine, and of nobody's, and the queues."""

        async def first(owner: str | None) -> list[Ticket]:
            return (await self.tickets(asker, owner=owner, limit=ON_DASHBOARD, now=now)).items

        urgent, mine, unowned, rail = await asyncio.gather(
            first(None), first("me"), first("none"), self.rail(asker, now)
        )
        return Dashboard(urgent, mine, unowned, rail)

    async def tickets(
        self,
        asker: Asker,
        *,
        queue: str | None = None,
        status: str = "not_closed",
        owner: str | None = None,
        requester: str | None = None,
        overdue: bool = False,
        sort: str = "urgency",
        cursor: str | None = None,
        limit: int = 50,
        now: datetime,
    ) -> Page[Ticket]:
        """Tickets by queue, status (``not_closed``, ``closed``, ``all`` or one status), owner (a login, ``me``,
        ``none``) and a requester's address."""
        where = visible(asker, queue)
        where |= _by_status(asker.directory, status)
        if owner is not None:
            where |= self._by_owner(asker, owner)
        if requester:
            where["requesters.address"] = {"$in": await self._addresses(asker, requester)}
        if overdue:
            where["due_sort"] = {"$lt": now}
        if sort not in ORDERS:
            raise refuse("unknown-sort", title="No such order", status=422, detail=f"Known are: {', '.join(ORDERS)}.")
        with cursors_checked():
            items, following = await self._tickets.find(Selection(where, sort, min(max(limit, 1), MOST), cursor))
        return Page(await veiled(self._tickets, asker, items), following)

    async def _addresses(self, asker: Asker, requester: str) -> list[str]:
        """An address, and the others of whoever has it: a customer who was joined is asked for by any.

        Whose an address is learns only who administers people, or sees it on a ticket.
        """
        person = await self._people.person_at(requester)
        if person is None:
            return [requester]
        knows = asker.directory.may(asker.viewer, "person.admin") or await self._tickets.count(
            {**visible(asker, None), "requesters.address": requester}
        )
        return list(dict.fromkeys([requester, *person.addresses])) if knows else [requester]

    def _by_owner(self, asker: Asker, owner: str) -> Filter:
        if owner == "none":
            return {"owner.id": None}
        if owner == "me":
            return {"owner.id": asker.person.id}
        person = asker.directory.by_login.get(owner)
        return {"owner.id": person.id if person else ""}

    # --------------------------------------------------------------------------------------------- tickets

    async def ticket(self, asker: Asker, number: str) -> Ticket:
        """One ticket. Not there and not visible look the same; so do the tickets that it is linked to."""
        return (await veiled(self._tickets, asker, [await self._whole(asker, number)]))[0]

    async def _whole(self, asker: Asker, number: str) -> Ticket:
        ticket = await self._tickets.get(number.upper())
        if ticket is None or not sees(asker, ticket):
            raise not_found()
        return ticket

    async def timeline(self, asker: Asker, number: str, *, cursor: str | None = None, limit: int = 100) -> Page[Entry]:
        """What happened on a ticket, oldest first; notes only for those who may see notes.

        What was said on tickets that were merged into it stands among it, with its own ticket's rights.
        """
        ticket = await self._whole(asker, number)
        parts = await together(self._tickets, asker, ticket)
        also = {one.number: audiences(asker, one) for one in parts.values() if one is not ticket}
        with cursors_checked():
            items, following = await self._tickets.timeline(
                ticket.number, audiences(asker, ticket), cursor, min(max(limit, 1), MOST), also
            )
        return Page(await told(self._tickets, asker, parts, items), following)

    async def possible(self, asker: Asker, number: str) -> Possible:
        """What the asker may do with a ticket now; tickets decides in the end."""
        ticket = await self.ticket(asker, number)
        directory = asker.directory
        thing = thing_of(asker, ticket)
        rights = frozenset(right for right in RIGHTS if directory.may(asker.viewer, right, thing))
        owners = [
            Who(agent.id, agent.name, "", agent.login, agent=True)
            for agent in directory.agents.values()
            if directory.may(directory.viewer(agent), "ticket.own", thing)
        ]
        me = asker.person.id
        mine = ticket.owner is not None and ticket.owner.id == me
        if "ticket.assign" not in rights and not ((ticket.owner is None or mine) and "ticket.edit" in rights):
            takes = "ticket.take" if ticket.owner is None else "ticket.steal"
            owners = [who for who in owners if who.id == me and takes in rights]
        following = statuses_after(directory, ticket.queue, ticket.status)
        return Possible(rights, [status for status, right in following.items() if right in rights], owners)

    async def attachment(self, asker: Asker, number: str, digest: str) -> FileContent:
        """An attachment of a message that the asker may see; the digest alone opens nothing."""
        ticket = await self._whole(asker, number)
        file = None
        for one in (await together(self._tickets, asker, ticket)).values():
            file = await self._tickets.file(one.number, digest.lower(), audiences(asker, one), list(one.moved))
            if file is not None:
                break
        data = await self._blobs.get(file.sha256) if file else None
        if file is None or data is None:
            raise not_found()
        return FileContent(file, data)


def visible(asker: Asker, queue: str | None) -> Filter:
    """The filter of what the asker sees, in one queue or in all; 404 for a queue that they do not see.

    All queues are named even where that excludes nothing: so the index by queue and urgency serves every list,
    in its order, instead of a sort.
    """
    directory = asker.directory
    where = ticket_filter(asker.viewer, directory)
    if queue is None:
        return {"queue": {"$in": list(directory.queues)}, **where}
    known = queue in directory.queues
    if not known or not visible_to(asker.viewer, directory.queue_thing(queue), directory.grants):
        raise not_found()
    return {"queue": queue} if wholly(where, queue) else {"queue": queue, **where}


def thing_of(asker: Asker, ticket: Ticket, *, internal: bool = False) -> Thing:
    """A ticket as the rule of visibility sees it."""
    return asker.directory.ticket_thing(
        ticket.number,
        ticket.queue,
        owner=ticket.owner.id if ticket.owner else None,
        requesters=[who.id for who in ticket.requesters],
        cc=[who.id for who in ticket.cc],
        admin_cc=[who.id for who in ticket.admin_cc],
        internal=internal,
    )


def sees(asker: Asker, ticket: Ticket) -> bool:
    """Whether the asker may see the ticket."""
    return visible_to(asker.viewer, thing_of(asker, ticket), asker.directory.grants)


def audiences(asker: Asker, ticket: Ticket) -> list[str]:
    """Whose entries the asker may read on a ticket that they see."""
    seen = ["all"]
    if asker.viewer.agent:
        seen.append("agents")
        if visible_to(asker.viewer, thing_of(asker, ticket, internal=True), asker.directory.grants):
            seen.append("notes")
    return seen


async def together(tickets: Tickets, asker: Asker, ticket: Ticket) -> dict[str, Ticket]:
    """A ticket and those merged into it that the asker may see by those tickets' own rights."""
    absorbed = await tickets.get_many(ticket.absorbed) if ticket.absorbed else []
    return {ticket.number: ticket} | {one.number: one for one in absorbed if sees(asker, one)}


async def veiled(tickets: Tickets, asker: Asker, items: list[Ticket]) -> list[Ticket]:
    """Tickets without a word of others that the asker may not see, nor of who watches by those alone; links to those
    are only counted."""
    named_there = {number for ticket in items for number in _others(ticket)}
    if not named_there:
        return items
    seen = {one.number for one in await tickets.get_many(sorted(named_there)) if sees(asker, one)}
    shown = []
    for ticket in items:
        links = [link for link in ticket.links if link.target in seen or is_address(link.target)]
        into = ticket.merged_into if ticket.merged_into in seen else None
        absorbed = [number for number in ticket.absorbed if number in seen]
        moved = {message: to if to in seen else None for message, to in ticket.moved.items()}
        hidden = len(ticket.links) - len(links)
        watchers = _veiled_watchers(ticket.watchers, seen, asker)
        shown.append(
            replace(
                ticket, links=links, hidden_links=hidden, merged_into=into, absorbed=absorbed, moved=moved,
                watchers=watchers,
            )
        )  # fmt: skip
    return shown


def _veiled_watchers(watchers: list[Watcher], seen: Set[str], asker: Asker) -> list[Watcher]:
    """Those who watch the ticket itself, or by a merged one that the asker sees; and the asker, who hears of it."""
    return [
        replace(one, by=by) if one.by else one
        for one in watchers
        if (by := [number for number in one.by if number in seen]) or not one.by or one.id == asker.person.id
    ]


async def told(tickets: Tickets, asker: Asker, parts: dict[str, Ticket], entries: list[Entry]) -> list[Entry]:
    """Entries as the asker reads them: named, moved messages as marks only, nothing of tickets out of sight."""
    others = {number for entry in entries for number in _named_in(entry)}
    others |= {to for part in parts.values() for to in part.moved.values() if to}
    unknown = sorted(others - parts.keys())
    known = await tickets.get_many(unknown) if unknown else []
    seen = parts.keys() | {one.number for one in known if sees(asker, one)}
    shown = []
    for entry in entries:
        part = parts[entry.ticket]
        to = part.moved.get(entry.message.id) if entry.message else None
        if to in parts and to != entry.ticket:
            continue  # it stands in this very timeline
        entry = named(asker, part, entry)
        if to is not None:
            entry = _mark(entry, to if to in seen else None)
        message = _veiled_message(entry.message, seen) if entry.message else None
        details = _veiled_details(entry.details, seen)
        if entry.type == "ticket.moved":
            details |= {side: None for side in ("before", "after") if not knows_queue(asker, part, details[side])}
        shown.append(replace(entry, details=details, message=message))
    return shown


def knows_queue(asker: Asker, ticket: Ticket, name: str) -> bool:
    """Whether the asker may read a queue's name on a ticket's timeline: of a queue that they see, or of the one in
    which they see the ticket."""
    directory = asker.directory
    return name == ticket.queue or visible_to(asker.viewer, directory.queue_thing(name), directory.grants)


def is_address(target: str) -> bool:
    """Whether a link leads to an address outside."""
    return target.lower().startswith(("http://", "https://"))


def _others(ticket: Ticket) -> set[str]:
    linked = {link.target for link in ticket.links if not is_address(link.target)}
    moved = {to for to in ticket.moved.values() if to}
    return linked | moved | set(ticket.absorbed) | ({ticket.merged_into} if ticket.merged_into else set())


def _named_in(entry: Entry) -> set[str]:
    target = entry.details.get("target")
    named = {target} if isinstance(target, str) and not is_address(target) else set()
    if entry.message is not None:
        named |= {number for number in (entry.message.through, _ticket_of(entry.message.origin)) if number}
    return named | set(entry.details.get("numbers", ()))


def _ticket_of(message: str | None) -> str | None:
    return message.rpartition(".")[0] if message else None


def _veiled_message(message: Message, seen: Set[str]) -> Message:
    through = message.through if message.through in seen else None
    origin = message.origin if _ticket_of(message.origin) in seen else None
    return replace(message, through=through, origin=origin)


def _veiled_details(details: dict[str, Any], seen: Set[str]) -> dict[str, Any]:
    shown = dict(details)
    target = shown.get("target")
    if isinstance(target, str) and not is_address(target) and target not in seen:
        shown["target"] = None
    if "numbers" in shown:
        shown["numbers"] = [number for number in shown["numbers"] if number in seen]
    return shown


def _mark(entry: Entry, to: str | None) -> Entry:
    message = replace(entry.message, html=None, subject="") if entry.message else None
    return replace(entry, text="", attachments=[], pgp=None, message=message, moved=True, moved_to=to)


def _by_status(directory: Directory, status: str) -> Filter:
    if status == "all":
        return {"open": {"$in": [True, False]}}
    if status in ("not_closed", "closed"):
        return {"open": status == "not_closed"}
    categories = categories_of(directory, status)
    if not categories:
        known = ", ".join(["not_closed", "closed", "all", *statuses(directory)])
        raise refuse("unknown-status", title="No such status", status=422, detail=f"Known are: {known}.")
    return {"open": {"$in": sorted({category != "closed" for category in categories})}, "status": status}


@contextmanager
def cursors_checked() -> Iterator[None]:
    """A cursor that is none of ours is the asker's mistake."""
    try:
        yield
    except ValueError as error:
        raise refuse(
            "bad-cursor", title="Not a cursor", status=422, detail="Take the cursor from `next` of this very list."
        ) from error


def named(asker: Asker, ticket: Ticket, entry: Entry) -> Entry:
    """The entry with its actor's name: from the directory, or from the ticket's own people."""
    actor = entry.actor
    if actor.name or actor.address:
        return entry
    if actor.id.startswith("system/"):
        return replace(entry, actor=Who(actor.id, "Ticketwire"))
    agent = asker.directory.agents.get(actor.id)
    if agent is not None:
        return replace(entry, actor=Who(agent.id, agent.name, "", agent.login, agent=True))
    known = next((who for who in (*ticket.requesters, *ticket.cc) if who.id == actor.id), None)
    return replace(entry, actor=known) if known else entry
