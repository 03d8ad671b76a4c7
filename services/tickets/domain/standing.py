"""A ticket's standing while others are merged into it: its own part and theirs, joined and kept apart (decision 15).

    own ─┬─▶ requesters, cc, admin cc, watchers, links, clocks, time worked of the state: what everyone reads and counts
    absorbed ┘

The joined ones are what the rest of the domain sees. Whatever happens to the ticket happens to its own part as if it
stood alone; ``followed`` says what of it concerns the others. So unmerging gives each ticket what is its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from ticketwire_contracts.tickets import Absorbed, ClockFacts, Link, Party, Standing, Ticket

from .events import DueChanged, PartWaits, PeopleChanged, Replied, RequestersChanged, Thin, Unlinked

if TYPE_CHECKING:
    from .state import TicketState

Item = TypeVar("Item", Party, Link)

PEOPLE = ("requesters", "cc", "admin_cc")


def of(ticket: Ticket) -> Standing:
    """A ticket's standing as it is."""
    return Standing.model_construct(**{name: getattr(ticket, name) for name in Standing.model_fields})


def alone(ticket: TicketState) -> TicketState:
    """The ticket as it would be if nothing were merged into it."""
    if ticket.own is None:
        return ticket
    return ticket.model_copy(update={**_known(ticket.own), "due": ticket.own.clocks.due, "own": None, "absorbed": []})


def own_of(ticket: TicketState) -> Standing:
    """A ticket's own part."""
    return of(alone(ticket))


def joined(number: str, own: Standing, absorbed: Sequence[Absorbed], generation: int) -> dict[str, Any]:
    """The fields of a state whose own part and absorbed parts are these."""
    if not absorbed:
        clocks = own.clocks.model_copy(update={"generation": generation})
        return {**_known(own), "clocks": clocks, "due": clocks.due, "own": None, "absorbed": []}
    absorbed = [_beside(own, part) for part in absorbed]
    clocks = _clocks(own.clocks, absorbed, generation)
    return {
        **_people(own, absorbed),
        **_work(own, absorbed),
        "links": _links(number, own, absorbed),
        "clocks": clocks,
        "due": clocks.due,
        "own": own,
        "absorbed": absorbed,
    }


def followed(before: TicketState, after: TicketState, own: Standing, event: Thin, at: datetime) -> dict[str, Any]:
    """What is joined after an event that made the ticket's own part ``own``."""
    absorbed = [part.model_copy(update=_concerned(part, event, at)) for part in before.absorbed]
    own, absorbed = _settled(own, absorbed)
    moved = after.clocks.generation != before.clocks.generation
    if _clocks(own.clocks, absorbed, before.clocks.generation) != before.clocks:
        moved = True
    return joined(before.number, own, absorbed, before.clocks.generation + moved)


def _concerned(part: Absorbed, event: Thin, at: datetime) -> dict[str, Any]:
    """What an event on the joined ticket does to a part: who or what goes is gone from all, a reply answers all that
    is in it, another due date takes the place of all."""
    match event:
        case RequestersChanged() | PeopleChanged():
            role = event.role if isinstance(event, PeopleChanged) else "requesters"
            gone = {one.id for one in event.removed}
            present = getattr(part, role)
            return {role: [one for one in present if one.id not in gone]} if present else {}
        case Unlinked():
            ends = {(event.link.type, target) for target in event.targets}
            return {"links": [link for link in part.links if key(link) not in ends]}
        case Replied():
            first = part.clocks.first_answered_at or at
            return _with(part, first_answered_at=first, oldest_unanswered_at=None)
        case DueChanged():
            return _with(part, due=event.after)
        case PartWaits() if event.number == part.number:
            return _with(part, oldest_unanswered_at=event.unanswered)
    return {}


def _with(part: Absorbed, **change: Any) -> dict[str, ClockFacts]:
    return {"clocks": part.clocks.model_copy(update=change)}


def _settled(own: Standing, absorbed: Sequence[Absorbed]) -> tuple[Standing, list[Absorbed]]:
    """Of time that is taken back, what is more than the ticket's own comes off the parts, one after the other."""
    owed = -(own.time_worked or 0)
    if owed <= 0:
        return own, list(absorbed)
    rest = []
    for part in absorbed:
        less = min(owed, part.time_worked or 0)
        owed -= less
        rest.append(part.model_copy(update={"time_worked": part.time_worked - less}) if part.time_worked else part)
    return own.model_copy(update={"time_worked": 0}), rest


def _known(own: Standing) -> dict[str, Any]:
    """The fields of a part, but for what did not come along when it was merged: that is the ticket's still."""
    return {name: value for name in Standing.model_fields if (value := getattr(own, name)) is not None}


def _beside(own: Standing, part: Absorbed) -> Absorbed:
    """A part whose watchers are those who hear of the ticket by it alone, so that they can be told from its own."""
    if not own.watchers or not part.watchers:
        return part
    here = {party.id for party in own.watchers}
    return part.model_copy(update={"watchers": [one for one in part.watchers if one.id not in here]})


def _work(own: Standing, absorbed: Sequence[Absorbed]) -> dict[str, Any]:
    """Who watches, and the time worked. Where none is known of the own part, the ticket was merged by v 1."""
    if own.watchers is None:
        return {}
    parts: list[Standing] = [own, *absorbed]
    return {
        "watchers": _once(party for part in parts for party in part.watchers or ()),
        "time_worked": sum(part.time_worked or 0 for part in parts),
    }


def _people(own: Standing, absorbed: Sequence[Absorbed]) -> dict[str, list[Party]]:
    parts: list[Standing] = [own, *absorbed]
    requesters = _once(party for part in parts for party in part.requesters)
    both = {party.id for party in own.requesters} & {party.id for party in own.cc}
    asking = {party.id for party in requesters} - both
    copies = _once(party for part in parts for party in part.cc)
    return {
        "requesters": requesters,
        "cc": [party for party in copies if party.id not in asking],
        "admin_cc": _once(party for part in parts for party in part.admin_cc),
    }


def _links(number: str, own: Standing, absorbed: Sequence[Absorbed]) -> list[Link]:
    """All links, but for those between tickets that are one now."""
    inside = {number, *(part.number for part in absorbed)}
    parts: list[Standing] = [own, *absorbed]
    outward = (link for part in parts for link in part.links if link.target not in inside)
    return _once(outward)


def _clocks(own: ClockFacts, absorbed: Sequence[Absorbed], generation: int) -> ClockFacts:
    """Facts from which the earliest deadline of all the parts follows; what was closed before owes nothing."""
    all_of = [own, *(part.clocks for part in absorbed)]
    owing = [own, *(part.clocks for part in absorbed if part.clocks.category != "closed")]
    unanswered = [facts for facts in owing if facts.first_answered_at is None]
    answered = None if unanswered else _earliest(facts.first_answered_at for facts in owing)
    return own.model_copy(
        update={
            "opened_at": min(facts.opened_at for facts in unanswered or owing),
            "first_answered_at": answered,
            "oldest_unanswered_at": _earliest(facts.oldest_unanswered_at for facts in owing),
            "last_customer_at": _latest(facts.last_customer_at for facts in all_of),
            "last_agent_at": _latest(facts.last_agent_at for facts in all_of),
            "due": _earliest(facts.due for facts in owing),
            "generation": generation,
        }
    )


def key(one: Party | Link) -> str | tuple[str, str]:
    """By what a party, or a link, is the same as another."""
    return one.id if isinstance(one, Party) else (one.type, one.target)


def _once(items: Iterable[Item]) -> list[Item]:
    first: dict[Any, Item] = {}
    for item in items:
        first.setdefault(key(item), item)
    return list(first.values())


def _earliest(times: Any) -> datetime | None:
    return min((at for at in times if at is not None), default=None)


def _latest(times: Any) -> datetime | None:
    return max((at for at in times if at is not None), default=None)
