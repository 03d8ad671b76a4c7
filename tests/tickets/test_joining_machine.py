"""Random links, merges, splits, closings and mails by several people, against what must hold whatever happens."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.tickets.domain.decision import Decision, Refusal
from services.tickets.domain.events import DependencyReopened, StatusChanged
from services.tickets.domain.state import TicketState, fold
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

from .world import BILLING, MARA, NEWBIE, OSKAR, World, agent

NUMBERS = st.integers(1, 5).map(lambda n: f"TW-{n}")
PAIRS = st.permutations([1, 2, 3, 4]).map(lambda several: (f"TW-{several[0]}", f"TW-{several[1]}"))
TYPES = st.sampled_from(["depends_on", "needed_by", "parent", "child", "refers_to", "duplicates"])
THREE = st.permutations([1, 2, 3, 4]).map(lambda several: (f"TW-{several[0]}", f"TW-{several[1]}", f"TW-{several[2]}"))
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


def content(ticket: TicketState) -> dict[str, Any]:
    """What a ticket is, but for what counts its changes."""
    plain = ticket.model_dump(exclude={"version", "public_version", "updated_at", "resting", "fired"})
    for part in (plain, plain["own"], *plain["absorbed"]):
        if part is not None:
            part["clocks"].pop("generation")
    return plain


class Joining(RuleBasedStateMachine):
    """The house at work: Mara in support, Oskar everywhere, Newbie without any right."""

    @initialize()
    def begin(self) -> None:
        self.world = World()
        self.folded: dict[str, tuple[int, TicketState]] = {}
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
        if right := NEEDS.get(type(command)):
            for change in decision:
                number = change.stream.removeprefix("ticket/")
                told = all(isinstance(event, DependencyReopened) for event in change.events)
                if number in before and not told and before[number].merged_into is None:
                    assert context.may(actor, right, context.thing(before[number])), (number, right)
        return decision

    def check_closings(self, before: dict[str, TicketState], decision: Decision) -> None:
        """No closing is accepted while anything that the ticket depends on is open."""
        assert not isinstance(decision, Refusal)
        for change in decision:
            for event in change.events:
                if isinstance(event, StatusChanged) and event.category == "closed" and event.after != "merged":
                    after = change.after
                    assert isinstance(after, TicketState)
                    was = before[after.number]
                    if "closed" in (was.category, was.resting.category if was.resting else ""):
                        continue  # another word for closed; or closed already when it was merged
                    for other in self.dependencies(after):
                        assert other.number == after.number or other.category == "closed"

    def dependencies(self, ticket: TicketState, kind: str = "depends_on") -> list[TicketState]:
        """What a ticket's links lead to today, looked up without the domain's own help."""
        found = []
        for link in ticket.links:
            if link.type == kind:
                found.append(self.answering(link.target))
        return found

    def answering(self, number: str) -> TicketState:
        """The ticket that a number leads to."""
        ticket = self.world.tickets[number]
        while ticket.merged_into is not None:
            ticket = self.world.tickets[ticket.merged_into]
        return ticket

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

    @rule(three=THREE)
    def merge_the_ends_of_a_chain(self, three: tuple[str, str, str]) -> None:
        """Short ways to where circles would come from; the invariants say whether one did."""
        first, middle, last = three
        self.do(agent(OSKAR), LinkTicketsV1(ticket=first, type="depends_on", target=middle))
        self.do(agent(OSKAR), LinkTicketsV1(ticket=middle, type="depends_on", target=last))
        self.do(agent(OSKAR), MergeTicketsV1(ticket=first, into=last))

    @rule(three=THREE)
    def take_one_out_of_a_merged_chain(self, three: tuple[str, str, str]) -> None:
        first, middle, last = three
        self.do(agent(OSKAR), LinkTicketsV1(ticket=first, type="depends_on", target=middle))
        self.do(agent(OSKAR), LinkTicketsV1(ticket=middle, type="depends_on", target=last))
        self.do(agent(OSKAR), MergeTicketsV1(ticket=middle, into=last))
        self.do(agent(OSKAR), MergeTicketsV1(ticket=first, into=last))
        self.do(agent(OSKAR), UnmergeTicketV1(ticket=middle))

    @rule(three=THREE)
    def unlink_while_merged(self, three: tuple[str, str, str]) -> None:
        first, middle, last = three
        self.do(agent(OSKAR), LinkTicketsV1(ticket=first, type="depends_on", target=middle))
        self.do(agent(OSKAR), MergeTicketsV1(ticket=first, into=last))
        self.do(agent(OSKAR), UnlinkTicketsV1(ticket=last, type="depends_on", target=middle))
        self.do(agent(OSKAR), UnmergeTicketV1(ticket=first))

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

    @rule(pair=PAIRS)
    def merge_and_think_better_of_it(self, pair: tuple[str, str]) -> None:
        """Merge and then unmerge gives back the content of both, and of every other ticket."""
        before = {number: content(one) for number, one in self.world.tickets.items()}
        if isinstance(self.do(agent(OSKAR), MergeTicketsV1(ticket=pair[0], into=pair[1])), Refusal):
            return
        undone = self.do(agent(OSKAR), UnmergeTicketV1(ticket=pair[0]))
        assert not isinstance(undone, Refusal)
        assert {number: content(one) for number, one in self.world.tickets.items()} == before

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

    # ------------------------------------------------------------------------------------- what always holds

    @invariant()
    def nothing_depends_on_itself(self) -> None:
        for kind in ("depends_on", "parent"):
            for start in self.world.tickets.values():
                if start.merged_into is not None:
                    continue
                seen: set[str] = set()
                waiting = [one for one in self.dependencies(start, kind) if one.number != start.number]
                while waiting:
                    here = waiting.pop()
                    assert here.number != start.number, f"{start.number} goes round over {kind}"
                    if here.number not in seen:
                        seen.add(here.number)
                        waiting += self.dependencies(here, kind)

    @invariant()
    def the_log_is_the_truth(self) -> None:
        for number, commits in self.world.log.items():
            done, state = self.folded.get(number, (0, None))
            for version, (at, events) in enumerate(commits[done:], start=done + 1):
                state = fold(state, events, at)
                assert state.version == version
            assert state is not None
            assert state == self.world.tickets[number]
            self.folded[number] = len(commits), state

    @invariant()
    def every_number_leads_somewhere_and_who_answers_knows_it(self) -> None:
        for ticket in self.world.tickets.values():
            answering = self.answering(ticket.number)
            if ticket.merged_into is None:
                assert answering.number == ticket.number
                assert (ticket.own is None) == (not ticket.absorbed)
            else:
                part = next(part for part in answering.absorbed if part.number == ticket.number)
                assert (part.into, ticket.status) == (ticket.merged_into, "merged")
        for ticket in self.world.tickets.values():
            for part in ticket.absorbed if ticket.merged_into is None else []:
                assert self.world.tickets[part.number].merged_into == part.into

    @invariant()
    def both_ends_know_each_link(self) -> None:
        back = {"depends_on": "needed_by", "needed_by": "depends_on", "parent": "child", "child": "parent"}
        for ticket in self.world.tickets.values():
            if ticket.merged_into is not None:
                continue
            for link in ticket.links:
                if link.type in back:
                    other = self.answering(link.target)
                    ends = [self.answering(one.target) for one in other.links if one.type == back[link.type]]
                    assert ticket.number in [end.number for end in ends] or other.number == ticket.number


TestJoining = Joining.TestCase
TestJoining.settings = settings(max_examples=80, stateful_step_count=25, deadline=None)
