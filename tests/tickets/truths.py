"""What must hold of tickets and their links whatever happens: the invariants of every machine that acts on a world."""

from __future__ import annotations

from typing import Any

from hypothesis.stateful import RuleBasedStateMachine, invariant

from services.tickets.domain.decision import Decision, Refusal
from services.tickets.domain.events import StatusChanged
from services.tickets.domain.state import TicketState, fold

from .world import World


def content(ticket: TicketState) -> dict[str, Any]:
    """What a ticket is, but for what counts its changes."""
    plain = ticket.model_dump(exclude={"version", "public_version", "updated_at", "resting", "fired"})
    for part in (plain, plain["own"], *plain["absorbed"]):
        if part is not None:
            part["clocks"].pop("generation")
    return plain


class Truths(RuleBasedStateMachine):
    """A machine over ``world``; who inherits makes it and acts on it."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.folded: dict[str, tuple[int, TicketState]] = {}

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

    @invariant()
    def always(self) -> None:
        """All that holds after each step; one invariant, so that a failing story is short to read."""
        self.nothing_depends_on_itself()
        self.the_log_is_the_truth()
        self.every_number_leads_somewhere_and_who_answers_knows_it()
        self.both_ends_know_each_link()

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
