"""What tickets does with each mail, each step that is due and each command: read, decide, commit, answer.

Three ways, one pattern: an ask per item, ``CommitLog.settle`` for many at once, the domain's pure function to
decide, and what the commit says as the answer. Administration goes one by one, each in a transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol

import structlog

from ticketwire_chassis.commands import Asked
from ticketwire_chassis.commits import Apart, Ask, CommitLog, Decide, Draft, Plan, Read, Settled
from ticketwire_chassis.logs import bound_correlation
from ticketwire_contracts.base import Actor, Answer
from ticketwire_contracts.escalation import EscalationDueV1
from ticketwire_contracts.ingest import MailReceivedV1
from ticketwire_contracts.tickets import CreateQueueV1, OpenTicketV1

from .domain import intake, links, opening, work
from .domain.changes import decide_change
from .domain.context import Context
from .domain.decision import Change, Decision, Refusal
from .domain.events import Adopted, Said, thin
from .domain.joining import decide_joining
from .domain.seeding import seed
from .domain.state import TicketState
from .publish import publish

log = structlog.get_logger()


class World(Protocol):
    """What a round is decided with."""

    context: Context
    newest: dict[str, Any]
    epoch: int
    earlier: dict[str, str]


class Store(Protocol):
    """What the handlers need of the store."""

    async def read_mails(self, asks: Sequence[Ask], session: Any) -> Any: ...
    async def read_escalations(self, asks: Sequence[Ask], session: Any) -> Any: ...
    async def read_commands(self, asks: Sequence[Ask], session: Any) -> Any: ...
    async def read_joining(self, asks: Sequence[Ask], session: Any) -> Any: ...
    async def read_neighbours(self, read: Read, asks: Sequence[Ask], session: Any) -> Any: ...
    async def read_administration(self, asks: Sequence[Ask], session: Any) -> Any: ...
    async def names(self, persons: Iterable[str]) -> dict[str, str]: ...


class Handlers:
    """Everything that tickets hears and obeys."""

    def __init__(self, log: CommitLog, store: Store, message_key: Callable[[str], str]) -> None:
        self._log = log
        self._store = store
        self._message_key = message_key

    async def on_mail_received(self, events: Sequence[MailReceivedV1]) -> None:
        """Each mail opens a ticket, joins one, or is refused or ignored with a reason."""
        asks = [
            Ask(
                cause=f"{event.mail}:{event.reading}",
                command="open_from_mail",
                actor=event.actor,
                at=datetime.now(UTC),
                correlation=event.correlation,
                what=event,
            )
            for event in events
            if not event.replay
        ]
        for done in await self._settle(asks, self._store.read_mails, self._decide_mail):
            with bound_correlation(done.ask.correlation):
                log.info("mail_settled", mail=done.ask.what.mail, stream=done.commit.stream, again=done.again)

    def _decide_mail(self, world: World, ask: Ask) -> Decision:
        mail: MailReceivedV1 = ask.what
        if mail.mail in world.earlier:
            return intake.decide_again(mail, world.earlier[mail.mail])
        return intake.decide_mail(world.context, mail.model_copy(update={"time": ask.at}))

    async def on_escalation_due(self, events: Sequence[EscalationDueV1]) -> None:
        """Each step that is due: whether it still counts is decided against the present state."""
        asks = [
            Ask(
                cause=event.id,
                command="escalate",
                actor=event.actor,
                at=datetime.now(UTC),
                correlation=event.correlation,
                what=event,
            )
            for event in events
            if not event.replay
        ]

        def decide(world: World, ask: Ask) -> Decision:
            return work.escalate(world.context, ask.what, ask.at)

        await self._settle(asks, self._store.read_escalations, decide)

    async def obey(self, orders: Sequence[Asked]) -> list[Answer]:
        """Commands on tickets, many at once."""
        asks = [_ask(asked) for asked in orders]

        def decide(world: World, ask: Ask) -> Decision:
            if isinstance(ask.what, OpenTicketV1):
                return opening.decide_open(world.context, ask.actor, ask.what, ask.at)
            return work.decide(world.context, ask.actor, ask.what, ask.at)

        answers = [_answer(done) for done in await self._settle(asks, self._store.read_commands, decide)]
        return await self._with_names(answers)

    async def _with_names(self, answers: list[Answer]) -> list[Answer]:
        """Says who did what a stale command had not seen. Names stand in no refusal that is kept, so that they can
        be erased."""
        changes = [change for answer in answers if answer.problem for change in answer.problem.extra.get("changes", ())]
        people = {change["actor"] for change in changes if change["actor"].startswith("person/")}
        names = await self._store.names(people) if people else {}
        for change in changes:
            change["name"] = names.get(change["actor"], "Ticketwire")
        return answers

    async def join(self, orders: Sequence[Asked]) -> list[Answer]:
        """Commands that concern several tickets (links, merging, splitting), one by one, each in a transaction."""
        return await self._with_names([await self._join(_ask(asked)) for asked in orders])

    async def _join(self, ask: Ask) -> Answer:
        def decide(world: World, ask: Ask) -> Plan:
            return self._plan(world, decide_joining(world.context, ask.actor, ask.what, ask.at))

        return _answer(await self._log.settle_alone(ask, self._store.read_joining, decide, _tickets_read))

    async def _settle(self, asks: Sequence[Ask], read: Read, decide: Callable[[World, Ask], Decision]) -> list[Settled]:
        """Many asks at once; but what closes or opens a linked ticket looks at the others, alone."""

        def together(world: World, ask: Ask) -> Plan:
            decision = decide(world, ask)
            return replace(self._plan(world, decision), apart=links.reads_others(world.context, decision))

        def alone(world: World, ask: Ask) -> Plan:
            decision = decide(world, ask)
            return self._plan(world, links.with_others(world.context, ask.actor, decision, ask.at))

        beside: Decide = alone
        apart = Apart(partial(self._store.read_neighbours, read), beside, _tickets_read)
        return await self._log.settle(asks, read, together, apart)

    async def administer(self, orders: Sequence[Asked]) -> list[Answer]:
        """Commands of administration, one by one, each in a transaction."""
        return await self._with_names([await self._administer(_ask(asked)) for asked in orders])

    async def _administer(self, ask: Ask) -> Answer:
        def decide(world: World, ask: Ask) -> Plan:
            decision = decide_change(world.context, ask.actor, ask.what, ask.cause, world.epoch)
            return self._plan(world, decision)

        return _answer(await self._log.settle_alone(ask, self._store.read_administration, decide))

    async def seed(self) -> None:
        """What is there at the beginning, made once: the default lifecycle, groups with the usual rights, and the
        catch-all queue, where mail goes to an address that no queue has."""

        def ask(name: str, command: str, what: CreateQueueV1 | None) -> Ask:
            actor = Actor(kind="system", id="system/tickets")
            return Ask(f"seed:{name}", command, actor, datetime.now(UTC), "seed", what)

        def decide(world: World, _: Ask) -> Plan:
            return self._plan(world, seed(world.context, world.epoch))

        await self._log.settle_alone(ask("beginning", "seed", None), self._store.read_administration, decide)
        catch_all = CreateQueueV1(name="unsorted", title="Unsorted", catch_all=True)
        await self._administer(ask("catch-all", CreateQueueV1.topic, catch_all))

    def _plan(self, world: World, decision: Decision) -> Plan:
        """The decision as drafts on top of what was read."""
        if isinstance(decision, Refusal):
            return Plan(problem=decision.problem, refusal=decision.details)
        actor = next((_author(change) for change in decision if change.stream.startswith("ticket/")), None)
        return Plan([self._draft(world, change) for change in decision], actor=actor)

    def _draft(self, world: World, change: Change) -> Draft:
        after = change.after.model_dump() if isinstance(change.after, TicketState) else change.after
        return Draft(
            stream=change.stream,
            base=world.newest.get(change.stream),
            events=[thin(event) for event in change.events],
            after=after,
            keys=[self._message_key(key) for key in change.keys],
            claim=change.claim,
            shared=change.shared,
        )


def _tickets_read(world: World, _: Ask) -> list[str]:
    """Every ticket that was looked at is fenced: two decisions that saw each other's past cannot both stand."""
    return [stream for stream in world.newest if stream.startswith("ticket/")]


def _ask(asked: Asked) -> Ask:
    order = asked.order
    return Ask(
        cause=order.id,
        command=order.type,
        actor=order.actor,
        at=datetime.now(UTC),
        correlation=order.correlation,
        what=asked.command,
    )


def _answer(done: Settled) -> Answer:
    if done.problem is not None:
        return Answer(order=done.ask.cause, problem=done.problem)
    events = [event.model_dump(mode="json") for commit in done.commits for event in publish(commit).internal]
    result: dict[str, Any] = {"stream": done.commit.stream, "version": done.commit.seq}
    if done.commit.stream.startswith("ticket/"):
        result["number"] = done.commit.stream.removeprefix("ticket/")
    return Answer(order=done.ask.cause, events=events, result=result)


def _author(change: Change) -> Actor | None:
    """For a mail: its sender is who did it."""
    mails = (event for event in change.events if isinstance(event, Said) and not isinstance(event, Adopted))
    said = next((event for event in mails if event.mail is not None), None)
    if said is None:
        return None
    return Actor(kind="agent" if said.author.agent else "customer", id=said.author.id, via="mail")
