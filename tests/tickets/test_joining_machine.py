"""Random links, merges, splits, closings and mails by several people, against what must hold whatever happens."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from services.tickets.domain.decision import Decision, Refusal
from services.tickets.domain.events import DependencyReopened, PartWaits
from ticketwire_contracts.base import Actor
from ticketwire_contracts.tickets import (
    LinkTicketsV1,
    MergeTicketsV1,
    ReplyToTicketV1,
    SetStatusV1,
    SplitTicketV1,
    TicketCommand,
    UnlinkTicketsV1,
    UnmergeTicketV1,
    UnsplitTicketV1,
)

from .truths import Chains
from .world import BILLING, MARA, NEWBIE, OSKAR, World, agent

NUMBERS = st.integers(1, 5).map(lambda n: f"TW-{n}")
PAIRS = st.permutations([1, 2, 3, 4]).map(lambda several: (f"TW-{several[0]}", f"TW-{several[1]}"))
TYPES = st.sampled_from(["depends_on", "needed_by", "parent", "child", "refers_to", "duplicates"])
ACTORS = st.sampled_from([agent(OSKAR), agent(OSKAR), agent(MARA), agent(MARA), agent(NEWBIE)])
SENDERS = st.sampled_from([f"c{n}@example.net" for n in range(4)])
NEEDS = {
    LinkTicketsV1: "ticket.link",
    UnlinkTicketsV1: "ticket.link",
    MergeTicketsV1: "ticket.merge",
    UnmergeTicketV1: "ticket.merge",
    SplitTicketV1: "ticket.split",
    UnsplitTicketV1: "ticket.split",
}


class Joining(Chains):
    """The house at work: Mara in support, Oskar everywhere, Newbie without any right."""

    @initialize()
    def begin(self) -> None:
        self.world = World()
        self.world.grant("superuser", OSKAR.id)
        for n in range(4):
            self.world.mail(sender=f"c{n}@example.net")
        self.world.mail(to=BILLING.addresses[0], sender="c0@example.net")

    def do(self, actor: Actor, command: TicketCommand) -> Decision:
        """Asks, and checks what must hold of each answer."""
        before = dict(self.world.tickets)
        context = self.world.context()
        decision = self.world.do(actor, command)
        if isinstance(decision, Refusal):
            assert self.world.tickets == before
            return decision
        assert actor.id != NEWBIE.id, "no command passes without its right"
        self.check_closings(before, decision)
        self.check_told(before, decision)
        if right := NEEDS.get(type(command)):
            for change in decision:
                number = change.stream.removeprefix("ticket/")
                told = all(isinstance(event, DependencyReopened | PartWaits) for event in change.events)
                if number in before and not told and before[number].merged_into is None:
                    assert context.may(actor, right, context.thing(before[number])), (number, right)
        return decision

    def boundlessly(self, command: TicketCommand) -> Decision:
        return self.do(agent(OSKAR), command)

    # ------------------------------------------------------------------------------------------ what happens

    @rule(actor=ACTORS, ticket=NUMBERS, type=TYPES, other=NUMBERS)
    def link(self, actor: Actor, ticket: str, type: str, other: str) -> None:
        self.do(actor, LinkTicketsV1.model_validate({"ticket": ticket, "type": type, "target": other}))

    @rule(actor=ACTORS, pair=PAIRS, type=st.sampled_from(["depends_on", "depends_on", "parent"]))
    def depend(self, actor: Actor, pair: tuple[str, str], type: str) -> None:
        self.do(actor, LinkTicketsV1.model_validate({"ticket": pair[0], "type": type, "target": pair[1]}))

    @rule(actor=ACTORS, ticket=NUMBERS, status=st.sampled_from(["resolved", "resolved", "open"]))
    def close_or_open(self, actor: Actor, ticket: str, status: str) -> None:
        self.do(actor, SetStatusV1(ticket=ticket, status=status))

    @rule(actor=ACTORS, pair=PAIRS)
    def merge_two(self, actor: Actor, pair: tuple[str, str]) -> None:
        self.do(actor, MergeTicketsV1(ticket=pair[0], into=pair[1]))

    @rule(actor=ACTORS, ticket=NUMBERS, type=TYPES, other=NUMBERS)
    def unlink(self, actor: Actor, ticket: str, type: str, other: str) -> None:
        self.do(actor, UnlinkTicketsV1.model_validate({"ticket": ticket, "type": type, "target": other}))

    @rule(actor=ACTORS, ticket=NUMBERS, into=NUMBERS, others=st.lists(NUMBERS, max_size=2))
    def merge(self, actor: Actor, ticket: str, into: str, others: list[str]) -> None:
        self.do(actor, MergeTicketsV1(ticket=ticket, into=into, others=others))

    @rule(actor=ACTORS, ticket=NUMBERS, since=st.sampled_from(["stay", "return"]))
    def unmerge(self, actor: Actor, ticket: str, since: Any) -> None:
        self.do(actor, UnmergeTicketV1(ticket=ticket, since=since))

    @rule(actor=ACTORS, ticket=NUMBERS, status=st.sampled_from(["open", "resolved", "rejected", "stalled"]))
    def set_status(self, actor: Actor, ticket: str, status: str) -> None:
        self.do(actor, SetStatusV1(ticket=ticket, status=status))

    @rule(actor=ACTORS, ticket=NUMBERS, then=st.sampled_from([None, "resolved"]))
    def reply(self, actor: Actor, ticket: str, then: str | None) -> None:
        self.do(actor, ReplyToTicketV1(ticket=ticket, text="An answer.", then_status=then))

    @rule(sender=SENDERS, ticket=NUMBERS)
    def mail(self, sender: str, ticket: str) -> None:
        if ticket in self.world.tickets:
            self.world.mail(sender=sender, subject=f"Re: [{ticket}] more")

    @precondition(lambda self: len(self.world.tickets) < 8)
    @rule(actor=ACTORS, ticket=NUMBERS, n=st.integers(1, 3), keep=st.booleans())
    def split(self, actor: Actor, ticket: str, n: int, keep: bool) -> None:
        self.do(actor, SplitTicketV1(ticket=ticket, messages=[f"{ticket}.{n}"], keep=keep))

    @rule(actor=ACTORS, ticket=NUMBERS)
    def unsplit(self, actor: Actor, ticket: str) -> None:
        self.do(actor, UnsplitTicketV1(ticket=ticket))


TestJoining = Joining.TestCase
TestJoining.settings = settings(max_examples=80, stateful_step_count=25, deadline=None)
