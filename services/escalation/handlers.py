"""What escalation does with states of tickets, with new queues and with new policies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

import structlog

from ticketwire_chassis.audit.telling import told
from ticketwire_chassis.commands import Asked
from ticketwire_chassis.commits import Ask, CommitLog, Draft, Look, Plan, Settled
from ticketwire_chassis.mongo import Doc, Session
from ticketwire_contracts.base import Answer, Problem
from ticketwire_contracts.escalation import SetPolicyV1, ShowPolicyAuditV1
from ticketwire_contracts.tickets import QueueCreatedV1, TicketEscalatedV1, TicketEvent

from .domain import Policy, Row, Timer, confirm, decide_policy, first_policy, follow
from .publish import CLOCKWORK, publish

log = structlog.get_logger()

Now = Callable[[], datetime]

FORBIDDEN = Problem(type="forbidden", title="You may not", status=403, detail="It needs the right policy.admin.")
NO_AUDIT = Problem(type="forbidden", title="You may not", status=403, detail="It needs the right audit.show.")
ROUNDS = 20
"""Tries to write a batch's rows when other replicas write them too."""


class Rows(Protocol):
    """What the handlers need of the rows."""

    async def read(self, tickets: Sequence[str]) -> dict[str, Row]: ...
    async def write(
        self,
        changes: Sequence[tuple[Row | None, Row]],
        now: datetime,
        saying: Mapping[str, Sequence[Timer]] | None = None,
    ) -> set[str]: ...


class Kept(Protocol):
    """What the handlers need of the policies."""

    async def current(self, fresh: bool = False) -> dict[str, Policy]: ...


class Clockwork(Protocol):
    """What the handlers tell the timers."""

    def heard(self, due: datetime | None) -> None: ...
    def policy_changed(self, queue: str) -> None: ...


class Handlers:
    """Everything that escalation hears and obeys."""

    def __init__(
        self,
        log: CommitLog,
        rows: Rows,
        policies: Kept,
        clockwork: Clockwork,
        nudge: Callable[[], None],
        first_minutes: int,
        now: Now = lambda: datetime.now(UTC),
    ) -> None:
        self._log = log
        self._rows = rows
        self._policies = policies
        self._clockwork = clockwork
        self._nudge = nudge
        self._first_minutes = first_minutes
        self._now = now

    async def on_ticket_event(self, events: Sequence[TicketEvent]) -> None:
        """Computes the clocks of each ticket anew where its facts moved; one read and one write for all of them.

        Said again (replay) it rebuilds the rows, and nothing goes out that is not due by the facts: steps long past
        are due once more only for tickets that still wait for their first reply, and tickets decides.
        """
        waiting = {event.ticket.number for event in events}
        for _ in range(ROUNDS):
            rows = await self._rows.read(sorted(waiting))
            policies = await self._policies.current()
            changes: list[tuple[Row | None, Row]] = []
            for number in waiting:
                before = rows.get(number)
                after = _after(before, [event for event in events if event.ticket.number == number], policies)
                if after is not before:
                    changes.append((before, after))
            waiting = await self._rows.write(changes, self._now()) if changes else set()
            written = [after for _, after in changes if after.ticket not in waiting]
            if written:
                self._nudge()
                dues = [due for row in written if (due := row.next_due) is not None]
                self._clockwork.heard(min(dues, default=None))
            if not waiting:
                return
        raise RuntimeError(f"rows not written in {ROUNDS} rounds: {sorted(waiting)[:5]}")

    async def on_queue_created(self, events: Sequence[QueueCreatedV1]) -> None:
        """Gives a new queue the promises that the settings say, unless someone has already set its own."""
        asks = [
            Ask(
                cause=event.id,
                command=SetPolicyV1.topic,
                actor=CLOCKWORK,
                at=self._now(),
                correlation=event.correlation,
                what=SetPolicyV1(queue=event.queue.name, clocks=first_policy(self._first_minutes)),
            )
            for event in events
        ]
        await self._settle(asks, _first)

    async def obey(self, orders: Sequence[Asked]) -> list[Answer]:
        """Sets policies.

        escalation keeps no grants: the gateway, the only one who asks on behalf of people, checks ``policy.admin``
        before it asks; here an order of a customer is refused, whatever led to it.
        """
        asks = [
            Ask(
                cause=asked.order.id,
                command=asked.order.type,
                actor=asked.order.actor,
                at=self._now(),
                correlation=asked.order.correlation,
                what=asked.command,
            )
            for asked in orders
        ]
        return [_answer(done) for done in await self._settle(asks, _decide)]

    async def audit(self, orders: Sequence[Asked]) -> list[Answer]:
        """What was done to policies. The gateway asks for ``audit.show`` first, as for ``policy.admin`` above."""
        return [await self._told(asked) for asked in orders]

    async def _told(self, asked: Asked) -> Answer:
        command = asked.command
        assert isinstance(command, ShowPolicyAuditV1)
        if asked.order.actor.kind == "customer":
            return Answer(order=asked.order.id, problem=NO_AUDIT)
        streams: list[Doc] = [{"$gte": "policy/", "$lt": "policy0"}]
        if command.thing is not None:
            streams.append({"$eq": command.thing})
        page = await told(self._log, command, streams, lambda _, after: after, lambda _: {})
        return Answer(order=asked.order.id, result=page.model_dump(mode="json"))

    async def _settle(self, asks: Sequence[Ask], decide: Callable[[Look, Ask], Plan]) -> list[Settled]:
        async def read(asks: Sequence[Ask], session: Session) -> Look:
            streams = {f"policy/{ask.what.queue}" for ask in asks}
            return await self._log.look(streams, [f"{ask.cause}:0" for ask in asks], session)

        settled = await self._log.settle(asks, read, decide)
        for done in settled:
            if not done.commit.refused:
                log.info("policy_set", queue=done.ask.what.queue, version=done.commit.seq)
                self._clockwork.policy_changed(done.ask.what.queue)
        return settled


def _after(before: Row | None, events: Sequence[TicketEvent], policies: Mapping[str, Policy]) -> Row:
    newest = max(events, key=lambda event: event.version)
    ticket = newest.ticket
    policy = policies.get(ticket.queue) or Policy(ticket.queue)
    row = follow(before, ticket.number, ticket.clocks, newest.version, newest.correlation, policy)
    for event in events:
        if isinstance(event, TicketEscalatedV1):
            row = confirm(row, event.clock, event.percent)
    return row


def _first(look: Look, ask: Ask) -> Plan:
    if f"policy/{ask.what.queue}" in look.newest:
        return Plan(problem=Problem(type="policy-there", title="It has promises already", status=409))
    return _draft(look, ask)


def _decide(look: Look, ask: Ask) -> Plan:
    if ask.actor.kind == "customer":
        return Plan(problem=FORBIDDEN)
    problem = decide_policy(ask.what, known=f"policy/{ask.what.queue}" in look.newest)
    return Plan(problem=problem) if problem else _draft(look, ask)


def _draft(look: Look, ask: Ask) -> Plan:
    command: SetPolicyV1 = ask.what
    state = command.model_dump(mode="json")
    stream = f"policy/{command.queue}"
    return Plan([Draft(stream, look.newest.get(stream), [{"type": "policy_set", "v": 1, **state}], state)])


def _answer(done: Settled) -> Answer:
    if done.problem is not None:
        return Answer(order=done.ask.cause, problem=done.problem)
    events = [event.model_dump(mode="json") for event in publish(done.commit).internal]
    return Answer(order=done.ask.cause, events=events, result={"version": done.commit.seq})
