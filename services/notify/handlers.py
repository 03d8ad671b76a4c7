"""What notify does with what it hears: keeps the directory, writes a row for each mail that an event calls for.

The directory's events of a batch go first. A batch that was said under an epoch of rights which this directory has
not reached is held back (decision 14): it fails, waits a second and comes again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol, TypeGuard

import structlog
from prometheus_client import Counter

from ticketwire_chassis.commands import Asked
from ticketwire_chassis.logs import bound_correlation
from ticketwire_contracts.base import Actor, Answer, Batch, Event, Problem
from ticketwire_contracts.notify import ResendV1
from ticketwire_contracts.rights import Thing
from ticketwire_contracts.tickets import (
    GrantGivenV1,
    GrantTakenV1,
    GroupChangedV1,
    MailSettledV1,
    PersonChangedV1,
    PersonCreatedV1,
    Queue,
    QueueChangedV1,
    QueueCreatedV1,
    TicketDependencyReopenedV1,
    TicketEscalatedV1,
    TicketEvent,
    TicketForwardedV1,
    TicketNotedV1,
    TicketOpenedV1,
    TicketOwnerChangedV1,
    TicketReceivedV1,
    TicketRepliedV1,
    TicketStatusChangedV1,
)

from .domain.addresses import spelled
from .domain.directory import Directory, Known
from .domain.letter import Letter
from .domain.outgoing import Outgoing, row_id
from .domain.telling import BY_PEOPLE, Recipient, Telling, agents_in, refusal_of, who_hears

log = structlog.get_logger()

UNREACHABLE = Counter("ticketwire_recipients_unreachable", "Recipients to whom no mail can be addressed")

HEARD = (
    QueueCreatedV1,
    QueueChangedV1,
    PersonCreatedV1,
    PersonChangedV1,
    GroupChangedV1,
    GrantGivenV1,
    GrantTakenV1,
    TicketOpenedV1,
    TicketReceivedV1,
    TicketRepliedV1,
    TicketNotedV1,
    TicketOwnerChangedV1,
    TicketEscalatedV1,
    TicketForwardedV1,
    TicketStatusChangedV1,
    TicketDependencyReopenedV1,
    MailSettledV1,
)
FORBIDDEN = Problem(type="forbidden", title="You may not", status=403, detail="It needs the right mail.admin.")
UNKNOWN = Problem(type="notification-not-found", title="No such mail", status=404)
NOT_FAILED = Problem(type="not-failed", title="It has not failed", status=409, detail="Only failed mails are resent.")

Told = TicketEvent | MailSettledV1
Write = Callable[[Told, Telling, Queue], tuple[Letter, bytes]]


class DirectoryBehind(Exception):
    """The directory does not know yet what the event was said under; it is tried again in a moment."""


class Directories(Protocol):
    """Who is who."""

    async def keep(self, entries: Sequence[Known]) -> None: ...
    async def current(self) -> Directory: ...


class Rows(Protocol):
    """Mails on their way out."""

    async def as_left(self, events: Sequence[Told], directory: Directory) -> Sequence[Told]: ...
    async def add(self, rows: Sequence[Outgoing], now: datetime) -> list[tuple[Outgoing, str]]: ...
    async def due_at_once(self, row: str, now: datetime) -> bool: ...
    async def state(self, row: str) -> str | None: ...


class Handlers:
    """Everything that notify hears and obeys."""

    def __init__(
        self,
        directories: Directories,
        rows: Rows,
        write: Write,
        send: Callable[[Sequence[tuple[Outgoing, str]]], None],
        wake: Callable[[], None],
    ) -> None:
        self._directories = directories
        self._rows = rows
        self._write = write
        self._send = send
        self._wake = wake
        self._epoch = 0

    def on_batches(self, batches: Sequence[Batch]) -> None:
        """Notes under which rights the events that come next were said."""
        self._epoch = max(batch.rights_epoch for batch in batches)

    async def on_events(self, events: Sequence[Event]) -> None:
        """The directory first, then a row for each mail that the tickets' events call for."""
        entries = [entry for event in events if (entry := known(event)) is not None]
        if entries:
            await self._directories.keep(entries)
        told = [event for event in events if not event.replay and _may_tell(event)]
        if not told:
            return
        directory = await self._directories.current()
        if directory.epoch < self._epoch:
            raise DirectoryBehind(f"at epoch {directory.epoch}, said under {self._epoch}")
        now = datetime.now(UTC)
        left = await self._rows.as_left(told, directory)
        rows = [row for event in left for row in mails_of(self._write, event, directory, now)]
        fresh = await self._rows.add(rows, now)
        for row, _ in fresh:
            with bound_correlation(row.correlation):
                log.info("mail_to_send", row=row.id, kind=row.kind, ticket=row.ticket)
        if fresh:
            self._send(fresh)

    async def obey(self, orders: Sequence[Asked]) -> list[Answer]:
        """Resends mails, one by one: it is rare. Whoever asks needs ``mail.admin``."""
        return [await self._obey(asked) for asked in orders]

    async def _obey(self, asked: Asked) -> Answer:
        command = asked.command
        if not isinstance(command, ResendV1):
            raise TypeError(f"{type(command).__name__} is no order for notify")
        if not await self._may(asked.order.actor):
            return Answer(order=asked.order.id, problem=FORBIDDEN)
        if await self._rows.due_at_once(command.notification, datetime.now(UTC)):
            self._wake()
            return Answer(order=asked.order.id, result={"notification": command.notification})
        there = await self._rows.state(command.notification) is not None
        return Answer(order=asked.order.id, problem=NOT_FAILED if there else UNKNOWN)

    async def _may(self, actor: Actor) -> bool:
        if actor.kind == "system":
            return True
        directory = await self._directories.current()
        person = directory.persons.get(actor.id)
        return person is not None and directory.may(person, "mail.admin", Thing())


def mails_of(write: Write, event: Told, directory: Directory, now: datetime) -> list[Outgoing]:
    """The mails that an event calls for, as rows: the same, with the same ids, whenever it is asked."""
    _, queue = _about(event)
    if queue not in directory.queues:
        raise DirectoryBehind(f"queue {queue} is not known yet")
    if isinstance(event, TicketEvent) and (missing := agents_in(event) - directory.persons.keys()):
        raise DirectoryBehind(f"{len(missing)} agents are not known yet")
    return [
        _row(write, event, telling, lost, directory, now)
        for telling, lost in (reachable(telling) for telling in who_hears(event, directory))
        if telling.to or telling.kind in BY_PEOPLE
    ]


def _row(
    write: Write, event: Told, telling: Telling, lost: Sequence[str], directory: Directory, now: datetime
) -> Outgoing:
    ticket, queue = _about(event)
    letter, mail = write(event, telling, directory.queues[queue])
    recipients = tuple(dict.fromkeys([*(one.address for one in (*letter.to, *letter.cc)), *lost]))
    return Outgoing(
        id=row_id(event.id, telling),
        kind=telling.kind,
        ticket=ticket,
        cause=event.id,
        correlation=event.correlation,
        sender=letter.sender.address if telling.kind in BY_PEOPLE else "",  # nothing answers what a machine wrote
        recipients=recipients,
        open=recipients,
        message_id=letter.message_id,
        mail=b"" if telling.forbidden else mail,
        first_at=now,
        internal=telling.internal,
        person=telling.to[0].person if telling.internal else "",
        thing=telling.thing,
        attachments=letter.attachments,
        forbidden=telling.forbidden,
    )


def _may_tell(event: Event) -> TypeGuard[Told]:
    return isinstance(event, TicketEvent) or (isinstance(event, MailSettledV1) and refusal_of(event) is not None)


def _about(event: Told) -> tuple[str, str]:
    """Number of the ticket and name of the queue."""
    if isinstance(event, TicketEvent):
        return event.ticket.number, event.ticket.queue
    return event.ticket or "", event.notice.queue if event.notice else ""


def known(event: Event) -> Known | None:
    """What an event adds to the directory. Customers do not stand in it: they come with their tickets."""
    match event:
        case QueueCreatedV1() | QueueChangedV1():
            return Known(f"queue/{event.queue.name}", event.version, event.queue, event.rights_epoch)
        case PersonCreatedV1() if event.person.agent:
            return Known(event.person.id, event.version, event.person)
        case PersonChangedV1():
            agent = event.person if event.person.agent else None
            return Known(event.person.id, event.version, agent, event.rights_epoch)
        case GroupChangedV1():
            return Known(f"group/{event.group.name}", event.version, event.group, event.rights_epoch)
        case GrantGivenV1():
            return Known(event.subject, event.version, event.grant, event.rights_epoch)
        case GrantTakenV1():
            return Known(event.subject, event.version, None, event.rights_epoch)
    return None


def reachable(telling: Telling) -> tuple[Telling, list[str]]:
    """The telling with its addresses as SMTP wants them, and the addresses that no mail can reach.

    What a person wrote keeps those in its row, so that they fail and the agent hears of it; nobody misses a notice.
    """
    to, cc = _spelled(telling.to), _spelled(telling.cc)
    lost = [one.address for one in (*telling.to, *telling.cc) if spelled(one.address) is None]
    UNREACHABLE.inc(len(lost))
    if not to:
        to, cc = cc, ()
    return replace(telling, to=to, cc=cc), lost if telling.kind in BY_PEOPLE else []


def _spelled(people: Sequence[Recipient]) -> tuple[Recipient, ...]:
    return tuple(
        Recipient(address, one.name, one.person, one.language)
        for one in people
        if (address := spelled(one.address)) is not None
    )
