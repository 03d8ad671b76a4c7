"""Links: both ends have theirs, nothing depends on itself by any way, and what waits is not closed.

    TW-1 ──depends_on──▶ TW-2          the same as          TW-2 ──needed_by──▶ TW-1

Which tickets are one by merging counts as one: the graph in which cycles are looked for, and in which
dependencies are open or closed, is the one after contraction. A link names the other end as it was when it was
made; ``context.ticket`` finds who answers for it today.

Closing looks at other tickets, and so does opening again: such decisions are made alone, in a transaction, with
all of them read (decision 4). ``reads_others`` says which those are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from ticketwire_contracts.base import Actor
from ticketwire_contracts.tickets import Link, LinkTicketsV1, UnlinkTicketsV1

from .acting import answering, lacks, not_found, sees, unseen
from .context import Context
from .decision import Change, Decision, Refusal, refused
from .events import DependencyReopened, Linked, Thin, Unlinked
from .state import TicketState, fold

MOST = 200
"""Links of one ticket."""
ACYCLIC = ("depends_on", "parent")

REVERSE = {
    "depends_on": "needed_by",
    "needed_by": "depends_on",
    "parent": "child",
    "child": "parent",
    "refers_to": "referred_to_by",
    "referred_to_by": "refers_to",
    "duplicates": "duplicated_by",
    "duplicated_by": "duplicates",
    "split_from": "split_into",
    "split_into": "split_from",
}
"""What the ticket is to its target, when the target is this to the ticket."""

_ADDRESS = re.compile(r"https?://[^\s<>\"\x00-\x1f\x7f]+", re.IGNORECASE)


class BeyondReach(Exception):
    """A ticket that a decision has to look at was not read: there are too many."""


# ---------------------------------------------------------------------------------------------- link, unlink


def decide_link(context: Context, actor: Actor, command: LinkTicketsV1, now: datetime) -> Decision:
    """A link; both ends need the right and get the event."""
    ticket = context.ticket(command.ticket)
    if refusal := unseen(context, actor, ticket, command):
        return refusal
    assert ticket is not None
    if is_address(command.target):
        return _link_outside(context, actor, ticket, command, now)
    other = answering(context, actor, number_of(command.target))
    if other is None:
        return not_found(command.target)
    if missing := lacks(context, actor, "ticket.link", ticket) or lacks(context, actor, "ticket.link", other):
        return missing
    if other.number == ticket.number:
        return refused("same-ticket", "It is the same ticket", 409, "A ticket is not linked to itself.")
    if any(link.type == command.type and answers(context, link.target, other) for link in ticket.links):
        return refused("no-change", "It is so already", 409, f"{ticket.number} is linked to {other.number} so already.")
    if max(len(ticket.links), len(other.links)) >= MOST:
        return refused("too-many-links", "Too many links", 409, f"A ticket has at most {MOST}.")
    reverse = REVERSE[command.type]
    kind = reverse if reverse in ACYCLIC else command.type
    begin, end = (other, ticket) if reverse in ACYCLIC else (ticket, other)
    try:
        if kind in ACYCLIC and reaches(context, kind, end, begin):
            return circular(begin.number, end.number)
    except BeyondReach:
        return too_far()
    return [
        on(ticket, [Linked(link=Link(type=command.type, target=other.number))], now),
        on(other, [Linked(link=Link.model_validate({"type": reverse, "target": ticket.number}))], now),
    ]


def decide_unlink(context: Context, actor: Actor, command: UnlinkTicketsV1, now: datetime) -> Decision:
    """A link goes, on both ends, by whatever numbers they know each other."""
    ticket = context.ticket(command.ticket)
    if refusal := unseen(context, actor, ticket, command):
        return refusal
    assert ticket is not None
    if missing := lacks(context, actor, "ticket.link", ticket):
        return missing
    if is_address(command.target):
        gone = Link(type=command.type, target=command.target)
        if gone not in ticket.links:
            return _not_linked(ticket.number, command.target)
        return [on(ticket, [Unlinked(link=gone, targets=[gone.target])], now)]
    other = answering(context, actor, number_of(command.target))
    if other is None:
        return not_found(command.target)
    if missing := lacks(context, actor, "ticket.link", other):
        return missing
    here = unlinked(context, ticket, command.type, other)
    there = unlinked(context, other, REVERSE[command.type], ticket)
    if here is None:
        return _not_linked(ticket.number, other.number)
    return [on(ticket, [here], now), *([on(other, [there], now)] if there else [])]


def unlinked(context: Context, ticket: TicketState, kind: str, other: TicketState) -> Unlinked | None:
    """The end of a link on one of its tickets."""
    targets = [link.target for link in ticket.links if link.type == kind and answers(context, link.target, other)]
    if not targets:
        return None
    return Unlinked(link=Link.model_validate({"type": kind, "target": other.number}), targets=targets)


def _link_outside(
    context: Context, actor: Actor, ticket: TicketState, command: LinkTicketsV1, now: datetime
) -> Decision:
    if missing := lacks(context, actor, "ticket.link", ticket):
        return missing
    if command.type != "refers_to":
        return refused("not-a-ticket", "Not a ticket", 422, "An address outside can only be referred to.")
    link = Link(type="refers_to", target=command.target)
    if link in ticket.links:
        return refused("no-change", "It is so already", 409, "The ticket refers to it already.")
    if len(ticket.links) >= MOST:
        return refused("too-many-links", "Too many links", 409, f"A ticket has at most {MOST}.")
    return [on(ticket, [Linked(link=link)], now)]


# ---------------------------------------------------------------------------------- closing and opening again


def reads_others(context: Context, decision: Decision) -> bool:
    """Whether a decision closes a ticket that depends on others, opens one that others depend on, writes on two, or
    came to its ticket through one that is merged into it: by then that could stand by itself again."""
    if isinstance(decision, Refusal):
        return False
    written = {change.after.number for change in decision if isinstance(change.after, TicketState)}
    if len(written) > 1 or any(_answers(context, one) in written for one in context.tickets.values()):
        return True
    return any(
        (_closes(before, after) and any(link.type == "depends_on" for link in after.links))
        or (_opens(before, after) and any(link.type == "needed_by" for link in after.links))
        for before, after in _moves(context, decision)
    )


def with_others(context: Context, actor: Actor, decision: Decision, now: datetime) -> Decision:
    """The decision in view of the other tickets: refused while a dependency is open; dependents are told."""
    if isinstance(decision, Refusal):
        return decision
    for before, after in _moves(context, decision):
        if _closes(before, after) and (refusal := held_open(context, actor, after)):
            return refusal
    changes = list(decision)
    for before, after in _moves(context, decision):
        if _opens(before, after):
            changes += told(context, after, after.number, changes, now)
    return changes


def held_open(context: Context, actor: Actor, ticket: TicketState) -> Refusal | None:
    """Why a ticket is not closed: what it depends on is open. All of it counts, also what the actor may not see."""
    waiting = {
        other.number: other
        for other in _others(context, ticket, "depends_on")
        if other.category != "closed" and other.number != ticket.number
    }
    if not waiting:
        return None
    seen = sorted(number for number, other in waiting.items() if sees(context, actor, other))
    hidden = len(waiting) - len(seen)
    named = ", ".join(seen) + (f", {hidden} more that you may not see" if seen and hidden else "")
    return refused(
        "dependencies-open",
        "Something it depends on is open",
        409,
        f"Still open: {named or f'{hidden} that you may not see'}.",
        dependencies=seen,
        hidden=hidden,
    )


def told(context: Context, opened: TicketState, number: str, changes: Iterable[Change], now: datetime) -> list[Change]:
    """On each closed ticket that depends on one that is open now (under ``number``): that this is so."""
    busy = {change.stream for change in changes}
    dependents = {other.number: other for other in _others(context, opened, "needed_by")}
    return [
        on(other, [DependencyReopened(dependency=number)], now)
        for name, other in sorted(dependents.items())
        if other.category == "closed" and name not in (number, opened.number) and f"ticket/{name}" not in busy
    ]


def _moves(context: Context, decision: Iterable[Change]) -> list[tuple[TicketState, TicketState]]:
    return [
        (before, change.after)
        for change in decision
        if isinstance(change.after, TicketState) and (before := context.tickets.get(change.after.number))
    ]


def _answers(context: Context, ticket: TicketState) -> str | None:
    """The number of the ticket into which one is merged, by however many steps."""
    if ticket.merged_into is None:
        return None
    answering = context.ticket(ticket.number)
    return answering.number if answering else None


def _closes(before: TicketState, after: TicketState) -> bool:
    return before.category != "closed" and after.category == "closed" and after.merged_into is None


def _opens(before: TicketState, after: TicketState) -> bool:
    return before.category == "closed" and after.category != "closed"


# ------------------------------------------------------------------------------------------------- the graph


def reaches(context: Context, kind: str, begin: TicketState, goal: TicketState) -> bool:
    """Whether links of a kind lead from one ticket to another, over any others, merged ones taken as one."""
    seen = {begin.number}
    waiting = [begin]
    while waiting:
        here = waiting.pop()
        if here.number == goal.number:
            return True
        for other in _others(context, here, kind):
            if other.number not in seen:
                seen.add(other.number)
                waiting.append(other)
    return False


def goes_round(context: Context, ticket: TicketState) -> bool:
    """Whether a ticket depends on itself, or is its own parent, over others."""
    return any(
        reaches(context, kind, other, ticket)
        for kind in ACYCLIC
        for other in _others(context, ticket, kind)
        if other.number != ticket.number
    )


def answers(context: Context, number: str, ticket: TicketState) -> bool:
    """Whether a ticket is the one that answers for a number."""
    found = context.ticket(number)
    return found is not None and found.number == ticket.number


def circular(begin: str, end: str) -> Refusal:
    """It would depend on itself, or be its own parent."""
    return refused("circular-link", "It would go round in a circle", 409, f"{end} leads to {begin} already.")


def too_far() -> Refusal:
    """More tickets hang together than are looked at."""
    return refused("too-many-links", "Too many tickets hang together", 409, "Undo some links first.")


def is_address(target: str) -> bool:
    """Whether a link's target is an address outside."""
    return _ADDRESS.fullmatch(target) is not None


def number_of(target: str) -> str:
    """A ticket's number as it is written."""
    return target.strip().upper()


def on(ticket: TicketState, events: list[Thin], now: datetime) -> Change:
    """What happens on a ticket."""
    return Change(f"ticket/{ticket.number}", events, fold(ticket, events, max(now, ticket.updated_at)))


def _others(context: Context, ticket: TicketState, kind: str) -> list[TicketState]:
    found = []
    for link in ticket.links:
        if link.type == kind:
            other = context.ticket(link.target)
            if other is None:
                raise BeyondReach(link.target)
            found.append(other)
    return found


def _not_linked(number: str, target: str) -> Refusal:
    return refused("no-change", "It is so already", 409, f"{number} is not linked to {target} so.")
