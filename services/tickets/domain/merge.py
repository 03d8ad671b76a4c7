"""Merging tickets and undoing it: two or three marks in one transaction, no message copied or moved (decision 15).

    TW-2 ──merged_into──▶ TW-1      TW-1 absorbed: TW-2's people, links and clocks, which count there

The old number leads to the ticket that stays: mails, replies by address, commands. Only unmerging is addressed to
the ticket that was merged. Merging into a ticket that is merged itself means merging into the one that answers
for it; so chains come about only by merging the one that stays, and unmerging takes along what was in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from ticketwire_contracts.base import Actor
from ticketwire_contracts.tickets import Absorbed, MergeTicketsV1, UnmergeTicketV1

from . import standing
from .acting import answering, lacks, not_found, sees, unseen
from .context import Context, Spoken
from .decision import Change, Decision, Refusal, refused
from .events import Kept, LetGo, Merged, MessagesMoved, PartWaits, Received, StatusChanged, Thin, TookIn, Unmerged
from .lifecycle import MERGED
from .links import BeyondReach, goes_round, number_of, on, told, too_far
from .messages import adopted, clocks_of, part_waits, unanswered
from .state import TicketState

MOST = 200
"""Tickets in one."""


# ----------------------------------------------------------------------------------------------------- merge


def decide_merge(context: Context, actor: Actor, command: MergeTicketsV1, now: datetime) -> Decision:
    """One or several tickets into another."""
    addressed = context.tickets.get(command.ticket)
    if refusal := unseen(context, actor, addressed, command):
        return refusal
    target = answering(context, actor, number_of(command.into))
    if target is None:
        return not_found(command.into)
    sources: list[TicketState] = []
    for number in dict.fromkeys([command.ticket, *map(number_of, command.others)]):
        source = context.tickets.get(number)
        if source is None or not sees(context, actor, source):
            return not_found(number)
        if refusal := _not_mergeable(context, actor, source, target, number_of(command.into)):
            return refusal
        sources.append(source)
    if missing := lacks(context, actor, "ticket.merge", target):
        return missing
    try:
        return merged(context, sources, target, now)
    except BeyondReach:
        return too_far()


def merged(context: Context, sources: Sequence[TicketState], target: TicketState, now: datetime) -> Decision:
    """The marks on all of them, or why not: it must not close a circle, and a closed one takes in nothing open."""
    if target.category == "closed" and any(source.category != "closed" for source in sources):
        return refused(
            "target-closed",
            "The ticket that stays is closed",
            409,
            f"Open {target.number} first, or merge it into the other.",
        )
    parts = [part for source in sources for part in _parts(source, target.number, now)]
    if len(target.absorbed) + len(parts) > MOST:
        return refused("too-many-merged", "Too many tickets in one", 409, f"At most {MOST}.")
    changes = [on(source, into(source, target.number), now) for source in sources]
    took = on(target, [TookIn(numbers=[part.number for part in parts], parts=parts)], now)
    if refusal := circle(context, [took, *changes]):
        return refusal
    changes.insert(0, took)
    return [*changes, *reopened(context, sources, target, changes, now)]


def reopened(
    context: Context, sources: Sequence[TicketState], target: TicketState, changes: Sequence[Change], now: datetime
) -> list[Change]:
    """On what depends on closed tickets that go into an open one: that it depends on something open again."""
    done = list(changes)
    for source in sources:
        if source.category == "closed" and target.category != "closed":
            done += told(context, source, target.number, done, now)
    return done[len(changes) :]


def into(source: TicketState, number: str) -> list[Thin]:
    """What happens on a ticket that is merged."""
    return [Merged(into=number), StatusChanged(before=source.status, after=MERGED, category="closed")]


def circle(context: Context, changes: Sequence[Change]) -> Refusal | None:
    """Whether any ticket would depend on itself once these changes are made."""
    after = {change.after.number: change.after for change in changes if isinstance(change.after, TicketState)}
    then = replace(context, tickets={**context.tickets, **after})
    for ticket in after.values():
        if ticket.merged_into is None and goes_round(then, ticket):
            return refused(
                "circular-link",
                "It would go round in a circle",
                409,
                f"{ticket.number} would depend on itself, or be its own parent, over other tickets.",
            )
    return None


def _not_mergeable(
    context: Context, actor: Actor, source: TicketState, target: TicketState, into: str
) -> Refusal | None:
    if source.merged_into is not None:
        answering = context.ticket(source.number)
        seen = answering is not None and sees(context, actor, answering)
        return refused(
            "merged-already",
            "It is merged already",
            409,
            f"{source.number} is merged into {answering.number if answering and seen else 'another ticket'}.",
            merged_into=answering.number if answering and seen else None,
        )
    if source.number == target.number:
        return _one_already(source, into)
    return lacks(context, actor, "ticket.merge", source)


def _one_already(target: TicketState, into: str) -> Refusal:
    """Someone merges two tickets while another has just merged them the other way round; or means one twice."""
    if into == target.number:
        return refused("same-ticket", "It is the same ticket", 409, "A ticket is not merged into itself.")
    return refused(
        "merged-already",
        "It is merged already",
        409,
        f"{into} is merged into {target.number}, so they are one already.",
        merged_into=target.number,
    )


def _parts(source: TicketState, target: str, now: datetime) -> list[Absorbed]:
    own = standing.own_of(source)
    fields = {name: getattr(own, name) for name in type(own).model_fields}
    return [Absorbed(number=source.number, into=target, at=now, **fields), *source.absorbed]


# --------------------------------------------------------------------------------------------------- unmerge


def decide_unmerge(context: Context, actor: Actor, command: UnmergeTicketV1, now: datetime) -> Decision:
    """The ticket stands by itself again, with what was in it before; what came since stays or returns."""
    ticket = context.tickets.get(command.ticket)
    if refusal := unseen(context, actor, ticket, command):
        return refusal
    assert ticket is not None
    if ticket.merged_into is None or ticket.resting is None:
        return refused("not-merged", "It is not merged", 409, f"{ticket.number} stands by itself.")
    chain = chain_of(context, ticket)
    for one in (ticket, chain[-1]):
        if missing := lacks(context, actor, "ticket.merge", one):
            return missing
    try:
        return unmerged(context, ticket, chain, now, returning=command.since == "return")
    except BeyondReach:
        return too_far()


def unmerged(
    context: Context, ticket: TicketState, chain: Sequence[TicketState], now: datetime, *, returning: bool
) -> Decision:
    """The marks taken away again on all that had them."""
    assert ticket.resting is not None
    gone = _within(chain[-1].absorbed, ticket.number)
    kept = [Kept(number=one.number, links=one.links, clocks=one.clocks, time_worked=one.time_worked) for one in gone]
    back = ticket.resting
    events: list[Thin] = [
        Unmerged(out_of=chain[0].number, kept=kept),
        StatusChanged(before=ticket.status, after=back.status, category=back.category, wake_at=back.wake_at),
    ]
    numbers = {one.number for one in gone}
    n = ticket.messages
    changes: list[Change] = []
    waits: list[PartWaits] = []
    for holder in chain:
        let_go: list[Thin] = [LetGo(numbers=[one.number for one in holder.absorbed if one.number in numbers])]
        if holder is chain[-1]:
            let_go += waits
        chosen = _theirs(context, holder, numbers) if returning else []
        clocks = clocks_of(context, holder.number)
        for spoken in chosen:
            n += 1
            events.append(adopted(spoken, n, clocks))
        if chosen:
            ids = [spoken.id for spoken in chosen]
            rest = unanswered(context, holder.number, clocks.oldest_unanswered_at, ids)
            let_go.append(MessagesMoved(messages=ids, to=ticket.number, unanswered=rest))
            waits += part_waits(context, holder.number, rest)
        changes.append(on(holder, let_go, now))
    changes.insert(0, on(ticket, events, now))
    if refusal := circle(context, changes):
        return refusal
    after = changes[0].after
    assert isinstance(after, TicketState)
    if after.category != "closed":
        changes += told(context, after, after.number, changes, now)
    return changes


def chain_of(context: Context, ticket: TicketState) -> list[TicketState]:
    """The tickets that a merged one is in, nearest first."""
    chain: list[TicketState] = []
    while ticket.merged_into is not None:
        ticket = context.tickets[ticket.merged_into]
        chain.append(ticket)
    return chain


def _within(absorbed: Sequence[Absorbed], number: str) -> list[Absorbed]:
    """A merged ticket's part, and the parts of those that had been merged into it before."""
    found = [part for part in absorbed if part.number == number]
    for part in absorbed:
        if part.into == number:
            found += _within(absorbed, part.number)
    return found


def _theirs(context: Context, holder: TicketState, numbers: set[str]) -> list[Spoken]:
    """What came since by their number, or from people who are here only because of them."""
    since = min(part.at for part in holder.absorbed if part.number in numbers)
    others = [holder.own or standing.of(holder), *(part for part in holder.absorbed if part.number not in numbers)]
    here = {party.id for part in others for party in (*part.requesters, *part.cc, *part.admin_cc)}
    parts = [part for part in holder.absorbed if part.number in numbers]
    them = {party.id for part in parts for party in (*part.requesters, *part.cc)} - here
    away = {one.message for one in holder.moved}
    return [
        spoken
        for spoken in sorted(context.said.values(), key=lambda one: (one.at, one.said.n))
        if spoken.ticket == holder.number and spoken.at >= since and spoken.id not in away
        if spoken.said.through in numbers or (isinstance(spoken.said, Received) and spoken.said.author.id in them)
    ]
