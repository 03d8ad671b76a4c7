"""What tickets shows of its log: a ticket's history as data, and the ticket as it was. Nothing is committed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

from ticketwire_chassis.commands import Asked
from ticketwire_chassis.commits import Ask, Commit, CommitLog
from ticketwire_chassis.private import unseal
from ticketwire_contracts.base import Actor, Answer, Problem
from ticketwire_contracts.rights import visible_to
from ticketwire_contracts.tickets import HistoryPage, ShowHistoryV1, ShowTicketAtV1

from .domain.context import Context
from .domain.events import lift
from .domain.history import Recorded, entries, numbers_in, without_hidden
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
        items = entries(before, shown, notes=notes, hidden=hidden)
        return HistoryPage(items=items, next=shown[-1].seq if len(commits) > len(shown) else None)

    async def _at(self, context: Context, asked: Asked, command: ShowTicketAtV1) -> Answer:
        commit = await self._log.newest_at(f"ticket/{command.ticket}", command.at)
        if commit is None:
            return Answer(order=asked.order.id, problem=NOT_FOUND)
        state = TicketState.model_validate(commit.after)
        named = numbers_in(state.shown().model_dump(mode="json"))
        hidden = await self._hidden(context, asked.order.actor, named - {command.ticket})
        return Answer(order=asked.order.id, result={"ticket": without_hidden(state, hidden)})

    async def _hidden(self, context: Context, actor: Actor, numbers: set[str]) -> frozenset[str]:
        """Which of these tickets whoever asks may not see."""
        if not numbers:
            return frozenset()
        newest = await self._log.newest_of_each(f"ticket/{number}" for number in numbers)
        states = [TicketState.model_validate(commit.after) for commit in newest.values()]
        return frozenset(numbers - {state.number for state in states if _sees(context, actor, state)})


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


def _sees(context: Context, actor: Actor, ticket: TicketState) -> bool:
    if actor.kind == "system":
        return True
    viewer = context.viewer(actor)
    return viewer is not None and visible_to(viewer, context.thing(ticket), context.directory.grants)
