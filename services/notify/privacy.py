"""What notify does when a person was erased: they leave the directory, and no mail names them or goes to them.

    tombstones   {_id: HMAC of an address, tickets}     nothing is written to them about these tickets any more
    left         {_id: number, version, event}          what is left of a ticket: the newest ``TicketErasedV1`` of it,
                                                        without the events that it tells again
    left_events  {_id: event id, version, event}        those, each as it was told again last

Whom a mail is for is known by ``person.erased``; what a mail tells of them by ``ticket.erased``, which says the earlier
events anew. Mails that failed or still wait are written again from those. An event of before that comes again, since
it was parked, tells what is left; nothing is written for erased addresses.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

import structlog

from ticketwire_chassis.mongo import Database, UpdateOne
from ticketwire_contracts.rights import thing_of
from ticketwire_contracts.tickets import (
    MailSettledV1,
    PersonErasedV1,
    Queue,
    Ticket,
    TicketErasedV1,
    TicketEvent,
)

from .domain.directory import Directory, Known
from .domain.left import Left, left_of
from .domain.outgoing import Outgoing, told_anew, without
from .domain.telling import BY_PEOPLE

log = structlog.get_logger()

Told = TicketEvent | MailSettledV1
About = Callable[[bytes, Ticket, Queue, bool], bytes]
"""A mail that says of the ticket what is so now; whether it is a notice."""
MailsOf = Callable[[TicketEvent, Directory, datetime], list[Outgoing]]


class Directories(Protocol):
    """Who is who."""

    async def keep(self, entries: Sequence[Known]) -> None: ...
    async def erased(self) -> None: ...
    async def current(self) -> Directory: ...


class Rows(Protocol):
    """Mails on their way out."""

    async def add(self, rows: Sequence[Outgoing], now: datetime) -> list[tuple[Outgoing, str]]: ...
    async def rewrite(self, tickets: Sequence[str], anew: Callable[[Outgoing], Outgoing], now: datetime) -> int: ...
    async def due_at_once(self, row: str, now: datetime) -> bool: ...
    async def state(self, row: str) -> str | None: ...


class Forgetting:
    """Erases rows, and stands before them: an event of before tells what is left, and erased addresses nothing."""

    def __init__(
        self,
        db: Database,
        directories: Directories,
        rows: Rows,
        claim: Callable[[str, str], str],
        mails_of: MailsOf,
        about: About,
    ) -> None:
        self._tombstones = db["tombstones"]
        self._left = db["left"]
        self._left_events = db["left_events"]
        self._directories = directories
        self._rows = rows
        self._claim = claim
        self._mails_of = mails_of
        self._about = about
        self._entombed: dict[str, frozenset[str]] = {}
        self._versions: dict[str, int] = {}
        self._seen = 0

    # ------------------------------------------------------------------------------------------- persons

    async def on_person_erased(self, events: Sequence[PersonErasedV1]) -> None:
        """First the tombstones, then what is there; again harms nothing."""
        for event in events:
            await self._tombstones.bulk_write(
                [
                    UpdateOne({"_id": claim}, {"$addToSet": {"tickets": {"$each": event.tickets}}}, upsert=True)
                    for claim in event.claims
                ]
            )
            # an agent's tombstone stays in the directory: tickets go on naming them, and it must not look behind
            left = event.person if event.person.agent else None
            await self._directories.keep([Known(event.person.id, event.version, left, event.rights_epoch)])
            await self._directories.erased()
            changed = await self._rows.rewrite(event.tickets, self._not_to(set(event.claims)), datetime.now(UTC))
            log.info("outgoing_erased", person=event.person.id, rows=changed)

    def _not_to(self, claims: set[str]) -> Callable[[Outgoing], Outgoing]:
        """A mail to them alone goes; where others hear it too, their address goes."""

        def anew(row: Outgoing) -> Outgoing:
            return without(row, [one for one in row.recipients if self._claim("address", one) in claims])

        return anew

    # ------------------------------------------------------------------------------------------- tickets

    async def on_ticket_erased(self, events: Sequence[TicketErasedV1]) -> None:
        """First what is left, of each ticket and of each event of it the newest; then the mails, written from that.
        Again harms nothing."""
        for event in events:
            told = [_newer(one["id"], event.version, json.dumps(one)) for one in event.events]
            await self._left_events.bulk_write(told)
            itself = event.model_copy(update={"events": []}).model_dump_json()
            await self._left.bulk_write([_newer(event.ticket.number, event.version, itself)])
        await self._directories.erased()
        directory, now = await self._directories.current(), datetime.now(UTC)
        for left in await self._what_is_left({event.ticket.number for event in events}):
            changed = await self._rows.rewrite([left.ticket.number], self._as_it_is(left, directory, now), now)
            log.info("outgoing_rewritten", ticket=left.ticket.number, rows=changed)

    def _as_it_is(self, left: Left, directory: Directory, now: datetime) -> Callable[[Outgoing], Outgoing]:
        """The mails of a ticket that follow from events of before, as those are now."""
        again: dict[str, Outgoing] = {}
        written: set[str] = set()

        def anew(row: Outgoing) -> Outgoing:
            if not left.concerns(row):
                return row
            event = left.events.get(row.cause)
            if event is None:
                return self._about_what_is_left(row, left.ticket, directory) if row.mail else row
            if row.mail and event.id not in written and isinstance(event, TicketEvent):
                again.update({one.id: one for one in self._mails_of(event, directory, now)})
                written.add(event.id)
            return told_anew(row, again.get(row.id))

        return anew

    def _about_what_is_left(self, row: Outgoing, ticket: Ticket, directory: Directory) -> Outgoing:
        """Nothing was taken out of what it tells: only what it says of the ticket, beside that, is of before.

        An automatic reply says nothing of that kind: the ticket was then what its first message made it.
        """
        if not row.internal and row.kind not in BY_PEOPLE:
            return row
        queue = directory.queues[ticket.queue]  # if it is not known yet, the event comes again
        mail = self._about(row.mail, ticket, queue, row.internal)
        if mail == row.mail:
            return row
        if row.thing is None:
            return replace(row, mail=mail)
        thing = thing_of(
            ticket, internal=row.thing.internal, watchers=queue.watchers, supervisors=queue.supervisors
        )  # it speaks of the ticket of now, which its recipient may not be allowed to see
        return replace(row, mail=mail, thing=thing)

    async def _what_is_left(self, numbers: Iterable[str]) -> list[Left]:
        docs = await self._left.find({"_id": {"$in": [*numbers]}})
        return [await self._with_events(TicketErasedV1.model_validate_json(doc["event"])) for doc in docs]

    async def _with_events(self, event: TicketErasedV1) -> Left:
        of_it = {"$gt": f"{event.subject}:", "$lt": f"{event.subject};"}
        told = [json.loads(doc["event"]) for doc in await self._left_events.find({"_id": of_it})]
        return left_of(event.model_copy(update={"events": told}))

    # -------------------------------------------------------------------------------------- before the rows

    async def as_left(self, events: Sequence[Told], directory: Directory) -> Sequence[Told]:
        """The events as they are now: those that say what was taken out since, and were parked till now, say it not.

        What is left of what stands in memory, read anew when the directory says so, which is read before each batch.
        So whatever one replica has heard, all know with their next batch. A batch that another has begun just then
        may still write and send what it read: as if it had been a moment earlier, when nothing was erased yet.
        """
        if directory.erasures != self._seen:
            self._entombed = {doc["_id"]: frozenset(doc["tickets"]) for doc in await self._tombstones.find({})}
            self._versions = {doc["_id"]: doc["version"] for doc in await self._left.find({}, {"version": 1})}
            self._seen = directory.erasures
        touched = {
            event.ticket.number
            for event in events
            if isinstance(event, TicketEvent) and event.version <= self._versions.get(event.ticket.number, 0)
        }
        if not touched:
            return events
        lefts = {left.ticket.number: left for left in await self._what_is_left(touched)}
        return [
            lefts[event.ticket.number].of(event)
            if isinstance(event, TicketEvent) and event.ticket.number in lefts
            else event
            for event in events
        ]

    async def add(self, rows: Sequence[Outgoing], now: datetime) -> list[tuple[Outgoing, str]]:
        """Writes new rows, but for erased people."""
        if self._entombed:
            rows = [left for row in rows if (left := self._allowed(row)) is not None]
        return await self._rows.add(rows, now)

    def _allowed(self, row: Outgoing) -> Outgoing | None:
        def may(address: str) -> bool:
            return row.ticket not in self._entombed.get(self._claim("address", address), ())

        left = tuple(one for one in row.recipients if may(one))
        if left == row.recipients:
            return row
        return replace(row, recipients=left, open=tuple(one for one in row.open if may(one))) if left else None

    async def due_at_once(self, row: str, now: datetime) -> bool:
        """Has a mail that failed tried again now."""
        return await self._rows.due_at_once(row, now)

    async def state(self, row: str) -> str | None:
        """The state of a row, or nothing."""
        return await self._rows.state(row)


def _newer(id: str, version: int, event: str) -> UpdateOne:
    """Keeps it unless something newer is there."""
    newer = {"$lt": [{"$ifNull": ["$version", 0]}, version]}
    doc = {"_id": id, "version": version, "event": event}
    return UpdateOne({"_id": id}, [{"$replaceWith": {"$cond": [newer, {"$literal": doc}, "$$ROOT"]}}], upsert=True)
