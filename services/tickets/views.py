"""What tickets shows of its log: a ticket's history as data, the ticket as it was, and what was done to everything
else. Nothing is committed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from ticketwire_chassis.audit import telling
from ticketwire_chassis.commands import Asked
from ticketwire_chassis.commits import Ask, Commit, CommitLog
from ticketwire_chassis.mongo import Doc
from ticketwire_chassis.private import unseal
from ticketwire_contracts.audit import AuditPage
from ticketwire_contracts.base import Actor, Answer, Problem
from ticketwire_contracts.rights import Thing, visible_to
from ticketwire_contracts.tickets import HistoryPage, Person, ShowAuditV1, ShowHistoryV1, ShowTicketAtV1

from .domain.context import Context
from .domain.events import lift
from .domain.history import Recorded, entries, numbers_in, without_hidden
from .domain.recompute import normal
from .domain.state import TicketState

NOT_FOUND = Problem(
    type="ticket-not-found",
    title="No such ticket",
    status=404,
    detail="It is not there, or was not then, or not for you.",
)
FORBIDDEN = Problem(
    type="forbidden",
    title="You may not",
    status=403,
    detail="It needs the right history.show.",
    extra={"right": "history.show"},
)
NO_AUDIT = Problem(
    type="forbidden",
    title="You may not",
    status=403,
    detail="It needs the right audit.show.",
    extra={"right": "audit.show"},
)
ADMINISTERED: Doc = {"$gte": telling.DISCLOSURE, "$lt": "queue0"}
"""Streams of disclosures, grants, groups, lifecycles, persons and queues: neighbours in the order of names, with no
other between them (claims lie before, refusals and tickets behind)."""


class Store(Protocol):
    """Who asks, and the ticket as it is now."""

    async def read_commands(self, asks: Sequence[Ask], session: Any) -> Any: ...


class History:
    """Reads of the log."""

    def __init__(self, log: CommitLog, store: Store) -> None:
        self._log = log
        self._store = store

    async def look(self, orders: Sequence[Asked]) -> list[Answer]:
        """History and past states, each with the eyes of who asks, by the rights of now."""
        asks = [
            Ask(asked.order.id, asked.order.type, asked.order.actor, datetime.now(UTC), "", asked.command)
            for asked in orders
        ]
        world = await self._store.read_commands(asks, None)
        return [await self._answer(world.context, asked) for asked in orders]

    async def _answer(self, context: Context, asked: Asked) -> Answer:
        order, command = asked.order, asked.command
        assert isinstance(command, ShowHistoryV1 | ShowTicketAtV1)
        ticket = context.tickets.get(command.ticket)
        if ticket is None or not _sees(context, order.actor, ticket):
            return Answer(order=order.id, problem=NOT_FOUND)
        if isinstance(command, ShowTicketAtV1):
            return await self._at(context, asked, command)
        if not context.may(order.actor, "history.show", context.thing(ticket)):
            return Answer(order=order.id, problem=FORBIDDEN)
        notes = context.may(order.actor, "note.show", context.thing(ticket, internal=True))
        page = await self._page(context, order.actor, command, notes)
        return Answer(order=order.id, result=page.model_dump(mode="json"))

    async def _page(self, context: Context, actor: Actor, command: ShowHistoryV1, notes: bool) -> HistoryPage:
        stream = f"ticket/{command.ticket}"
        start = max(command.after - 1, 0)  # one before the page, for the state before it
        found = await self._log.history(stream, after=start, limit=command.limit + 2)
        before = TicketState.model_validate(found[0].after) if command.after and found else None
        commits = found[1:] if command.after else found
        shown = [_recorded(commit) for commit in commits[: command.limit]]
        states = [commit.after for commit in shown] + ([before] if before else [])
        named = numbers_in([state.shown().model_dump(mode="json") for state in states])
        named |= numbers_in([event.model_dump(mode="json") for commit in shown for event in commit.events])
        hidden = await self._hidden(context, actor, named - {command.ticket})
        queues = {state.queue for state in states}
        unseen = _unseen(context, actor, context.tickets[command.ticket], queues)
        items = entries(before, shown, notes=notes, hidden=hidden, unseen=unseen)
        return HistoryPage(items=items, next=shown[-1].seq if len(commits) > len(shown) else None)

    async def _at(self, context: Context, asked: Asked, command: ShowTicketAtV1) -> Answer:
        commit = await self._log.newest_at(f"ticket/{command.ticket}", command.at)
        if commit is None:
            return Answer(order=asked.order.id, problem=NOT_FOUND)
        state = TicketState.model_validate(commit.after)
        named = numbers_in(state.shown().model_dump(mode="json"))
        hidden = await self._hidden(context, asked.order.actor, named - {command.ticket})
        told = without_hidden(state, hidden)
        if _unseen(context, asked.order.actor, context.tickets[command.ticket], {told["queue"]}):
            told["queue"] = ""
        return Answer(order=asked.order.id, result={"ticket": told})

    async def _hidden(self, context: Context, actor: Actor, numbers: set[str]) -> frozenset[str]:
        """Which of these tickets whoever asks may not see."""
        if not numbers:
            return frozenset()
        newest = await self._log.newest_of_each(f"ticket/{number}" for number in numbers)
        states = [TicketState.model_validate(commit.after) for commit in newest.values()]
        return frozenset(numbers - {state.number for state in states if _sees(context, actor, state)})


class Audit:
    """What was done to queues, lifecycles, persons, groups and grants."""

    def __init__(self, log: CommitLog, store: Store) -> None:
        self._log = log
        self._store = store

    async def prepare(self) -> None:
        """Makes its index."""
        await telling.prepare(self._log, ADMINISTERED)

    async def look(self, orders: Sequence[Asked]) -> list[Answer]:
        """Changes, newest first, for those who may read all of them: values of all queues and people stand there."""
        asks = [
            Ask(asked.order.id, asked.order.type, asked.order.actor, datetime.now(UTC), "", asked.command)
            for asked in orders
        ]
        context = (await self._store.read_commands(asks, None)).context
        return [await self._answer(context, asked) for asked in orders]

    async def _answer(self, context: Context, asked: Asked) -> Answer:
        order, command = asked.order, asked.command
        assert isinstance(command, ShowAuditV1)
        if not context.may(order.actor, "audit.show", Thing()):
            return Answer(order=order.id, problem=NO_AUDIT)
        page = await telling.told(self._log, command, _streams_of(command), normal, _granted)
        return Answer(order=order.id, result=(await self._named(page)).model_dump(mode="json"))

    async def _named(self, page: AuditPage) -> AuditPage:
        """With what the people are called who stand there: as they are now, so that who is erased stays so."""
        ids = persons_in([one.model_dump(mode="json") for one in page.items])
        newest = await self._log.newest_of_each(ids)
        names = {stream: _name(Person.model_validate(commit.after)) for stream, commit in newest.items()}
        items = [
            one.model_copy(
                update={
                    "actor": one.actor.model_copy(update={"name": names.get(one.actor.id, "Ticketwire")}),
                    "thing": one.thing.model_copy(update={"name": names.get(one.thing.id, one.thing.name)}),
                }
            )
            for one in page.items
        ]
        return page.model_copy(update={"items": items, "names": names})


def persons_in(value: Any) -> set[str]:
    """The ids of persons that stand in a value."""
    if isinstance(value, str):
        return {value} if value.startswith("person/") else set()
    if isinstance(value, dict):
        return persons_in(list(value.values()))
    return set().union(*map(persons_in, value)) if isinstance(value, list) else set()


def _name(person: Person) -> str:
    return person.name or person.login or next(iter(person.addresses), "")


def _streams_of(command: ShowAuditV1) -> list[Doc]:
    """What must hold of the name of a stream. Of a queue, person or group also the grants on it or to it."""
    found: list[Doc] = [ADMINISTERED]
    if command.kind == "person":
        found.append({"$regex": f"^(person/|{telling.DISCLOSURE})"})
    elif command.kind is not None:
        found.append({"$gte": f"{command.kind}/", "$lt": f"{command.kind}0"})
    if command.thing is not None:
        looked = command.thing.replace("person/", telling.DISCLOSURE, 1)
        found.append({"$in": [command.thing, looked, re.compile(rf"^grant/.*\|{re.escape(command.thing)}(\||$)")]})
    return found


def _granted(event: Doc) -> Doc:
    """What is told of an event besides the difference that it made: which grant it was about."""
    grant = event.get("grant")
    return {name: grant[name] for name in ("right", "grantee", "scope")} if isinstance(grant, dict) else {}


def _recorded(commit: Commit) -> Recorded:
    return Recorded(
        seq=commit.seq,
        at=commit.at,
        actor=commit.actor,
        cause=commit.cause,
        command=commit.command,
        correlation=commit.correlation,
        events=[lift(event) for event in unseal(commit.body, commit.private)],
        after=TicketState.model_validate(commit.after),
    )


def _unseen(context: Context, actor: Actor, ticket: TicketState, queues: set[str]) -> frozenset[str]:
    """Which of these queues the actor may not know of; the one in which they see the ticket they do."""
    viewer = context.viewer(actor)
    if actor.kind == "system" or viewer is None:
        return frozenset()
    grants = context.directory.grants
    others = queues - {ticket.queue}
    return frozenset(name for name in others if not visible_to(viewer, context.queue_thing(name), grants))


def _sees(context: Context, actor: Actor, ticket: TicketState) -> bool:
    if actor.kind == "system":
        return True
    viewer = context.viewer(actor)
    return viewer is not None and visible_to(viewer, context.thing(ticket), context.directory.grants)
