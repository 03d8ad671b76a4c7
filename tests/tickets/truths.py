"""What must hold of tickets and their links whatever happens: the invariants of every machine that acts on a world."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from services.tickets.domain.decision import Decision, Refusal
from services.tickets.domain.events import StatusChanged
from services.tickets.domain.state import TicketState, fold
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

from .owed import Owed
from .world import World


def content(ticket: TicketState) -> dict[str, Any]:
    """What a ticket is, but for what counts its changes."""
    plain = ticket.model_dump(exclude={"version", "public_version", "updated_at", "resting", "fired"})
    for part in (plain, plain["own"], *plain["absorbed"]):
        if part is not None:
            part["clocks"].pop("generation")
    return plain


def answering(tickets: Mapping[str, TicketState], number: str) -> TicketState:
    """The ticket that a number leads to, among these."""
    ticket = tickets[number]
    while ticket.merged_into is not None:
        ticket = tickets[ticket.merged_into]
    return ticket


CROWDED = 8
"""With so many tickets, ways no longer make more."""
THREE = st.permutations([1, 2, 3, 4]).map(lambda several: (f"TW-{several[0]}", f"TW-{several[1]}", f"TW-{several[2]}"))


class Truths(RuleBasedStateMachine):
    """A machine over ``world``; who inherits makes it and acts on it."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.folded: dict[str, tuple[int, TicketState]] = {}
        self.owed = Owed()

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

    def check_told(self, before: dict[str, TicketState], decision: Decision) -> None:
        """What a closed ticket depends on does not open again without its saying so."""
        assert not isinstance(decision, Refusal)
        states = {one.after.number: one.after for one in decision if isinstance(one.after, TicketState)}
        after = {**before, **states}
        changed = {change.stream for change in decision}
        for ticket in before.values():
            if ticket.category != "closed" or ticket.merged_into or f"ticket/{ticket.number}" in changed:
                continue
            for link in ticket.links:
                if link.type == "depends_on":
                    was, now = answering(before, link.target), answering(after, link.target)
                    silent = was.category == "closed" and now.category != "closed"
                    assert not silent, f"nobody told {ticket.number} that {link.target} is open again"

    def dependencies(self, ticket: TicketState, kind: str = "depends_on") -> list[TicketState]:
        """What a ticket's links lead to today, looked up without the domain's own help."""
        found = []
        for link in ticket.links:
            if link.type == kind:
                found.append(self.answering(link.target))
        return found

    def answering(self, number: str) -> TicketState:
        """The ticket that a number leads to."""
        return answering(self.world.tickets, number)

    @invariant()
    def always(self) -> None:
        """All that holds after each step; one invariant, so that a failing story is short to read."""
        self.nothing_depends_on_itself()
        self.the_log_is_the_truth()
        self.every_number_leads_somewhere_and_who_answers_knows_it()
        self.both_ends_know_each_link()
        self.each_ticket_owes_what_it_owes()

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

    def the_log_is_the_truth(self) -> None:
        for number, commits in self.world.log.items():
            done, state = self.folded.get(number, (0, None))
            for version, (at, events) in enumerate(commits[done:], start=done + 1):
                state = fold(state, events, at)
                assert state.version == version
            assert state is not None
            assert state == self.world.tickets[number]
            self.folded[number] = len(commits), state

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

    def each_ticket_owes_what_it_owes(self) -> None:
        """Its answers, its watchers and its time, whatever it is merged into and whatever was merged into it."""
        self.owed.read(self.world.log)
        self.owed.check(self.world.tickets)


class Chains(Truths):
    """Ways over several tickets that chance would hardly find, for who may do everything."""

    boundlessly: Callable[[TicketCommand], Decision]
    """Does a command as someone who may do everything; each machine has its own way."""

    @rule(way=st.sampled_from(["better", "ends", "out", "unlink", "back", "answered"]), three=THREE)
    def go_a_long_way(self, way: str, three: tuple[str, str, str]) -> None:
        """One rule for all, so that they take their share and no more of a machine's stories."""
        match way:
            case "better":
                self.merge_and_think_better_of_it(three[0], three[1])
            case "ends":
                self.merge_the_ends_of_a_chain(*three)
            case "out":
                self.take_one_out_of_a_merged_chain(*three)
            case "unlink":
                self.unlink_while_merged(*three)
            case "back":
                self.undo_a_split_that_was_closed(three[0], three[1])
            case "answered":
                self.split_off_what_was_answered(three[0], three[1])

    def merge_and_think_better_of_it(self, ticket: str, into: str) -> None:
        """Merge and then unmerge gives back the content of both, and of every other ticket."""
        before = {number: content(one) for number, one in self.world.tickets.items()}
        if isinstance(self.boundlessly(MergeTicketsV1(ticket=ticket, into=into)), Refusal):
            return
        undone = self.boundlessly(UnmergeTicketV1(ticket=ticket))
        assert not isinstance(undone, Refusal)
        assert {number: content(one) for number, one in self.world.tickets.items()} == before

    def merge_the_ends_of_a_chain(self, first: str, middle: str, last: str) -> None:
        """Short ways to where circles would come from; the invariants say whether one did."""
        self.boundlessly(LinkTicketsV1(ticket=first, type="depends_on", target=middle))
        self.boundlessly(LinkTicketsV1(ticket=middle, type="depends_on", target=last))
        self.boundlessly(MergeTicketsV1(ticket=first, into=last))

    def take_one_out_of_a_merged_chain(self, first: str, middle: str, last: str) -> None:
        self.boundlessly(LinkTicketsV1(ticket=first, type="depends_on", target=middle))
        self.boundlessly(LinkTicketsV1(ticket=middle, type="depends_on", target=last))
        self.boundlessly(MergeTicketsV1(ticket=middle, into=last))
        self.boundlessly(MergeTicketsV1(ticket=first, into=last))
        self.boundlessly(UnmergeTicketV1(ticket=middle))

    def unlink_while_merged(self, first: str, middle: str, last: str) -> None:
        self.boundlessly(LinkTicketsV1(ticket=first, type="depends_on", target=middle))
        self.boundlessly(MergeTicketsV1(ticket=first, into=last))
        self.boundlessly(UnlinkTicketsV1(ticket=last, type="depends_on", target=middle))
        self.boundlessly(UnmergeTicketV1(ticket=first))

    def split_off_what_was_answered(self, ticket: str, into: str) -> None:
        """A merged ticket's message goes to one of its own, after the ticket that answers was answered."""
        if len(self.world.tickets) < CROWDED:
            self.boundlessly(MergeTicketsV1(ticket=ticket, into=into))
            self.boundlessly(ReplyToTicketV1(ticket=into, text="All of you."))
            self.boundlessly(SplitTicketV1(ticket=into, messages=[f"{ticket}.1"]))

    def undo_a_split_that_was_closed(self, ticket: str, dependent: str) -> None:
        """Whoever depends on the part was closed with it; what it goes back into is open."""
        if len(self.world.tickets) >= CROWDED:
            return
        split = self.boundlessly(SplitTicketV1(ticket=ticket, messages=[f"{ticket}.1"]))
        if isinstance(split, Refusal):
            return
        part = split[0].stream.removeprefix("ticket/")
        self.boundlessly(LinkTicketsV1(ticket=dependent, type="depends_on", target=part))
        for number in (part, dependent):
            self.boundlessly(SetStatusV1(ticket=number, status="resolved"))
        self.boundlessly(UnsplitTicketV1(ticket=part))
