"""A ticket's standing while others are merged into it: its own part and theirs, joined and kept apart (decision 15).

    own ─┬─▶ requesters, cc, admin cc, links, clocks of the state: what everyone reads and what counts
    absorbed ┘

The joined lists are what the rest of the domain sees and changes. After each event ``followed`` carries what
changed in them back to the parts, so that unmerging gives each ticket what is its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

from ticketwire_contracts.tickets import Absorbed, ClockFacts, Link, Party, Standing, Ticket

Item = TypeVar("Item")

PEOPLE = ("requesters", "cc", "admin_cc")


def of(ticket: Ticket) -> Standing:
    """A ticket's standing as it is."""
    return Standing(
        requesters=ticket.requesters,
        cc=ticket.cc,
        admin_cc=ticket.admin_cc,
        links=ticket.links,
        clocks=ticket.clocks,
    )


def joined(ticket: Ticket, own: Standing, absorbed: Sequence[Absorbed]) -> dict[str, Any]:
    """The fields of a state whose own part and absorbed parts are these. Clocks take the next generation."""
    generation = ticket.clocks.generation + 1
    if not absorbed:
        clocks = own.clocks.model_copy(update={"generation": generation})
        parts = {name: getattr(own, name) for name in (*PEOPLE, "links")}
        return {**parts, "clocks": clocks, "due": clocks.due, "own": None, "absorbed": []}
    clocks = _clocks(own.clocks, absorbed, generation)
    return {
        **_people(own, absorbed),
        "links": _links(ticket.number, own, absorbed),
        "clocks": clocks,
        "due": clocks.due,
        "own": own,
        "absorbed": list(absorbed),
    }


def followed(before: Ticket, after: Ticket, own: Standing) -> dict[str, Any]:
    """The parts after an event that changed what is joined: what came is this ticket's own, what went is gone."""
    change: dict[str, Any] = {}
    theirs: list[dict[str, Any]] = [{} for _ in after.absorbed]
    for name in (*PEOPLE, "links"):
        key: Callable[[Any], Any] = _key_of_link if name == "links" else _key_of_party
        was, now = getattr(before, name), getattr(after, name)
        gone = {key(one) for one in was} - {key(one) for one in now}
        new = [one for one in now if key(one) not in {key(old) for old in was}]
        if gone or new:
            change[name] = [*(one for one in getattr(own, name) if key(one) not in gone), *new]
            for part, updated in zip(after.absorbed, theirs, strict=True):
                updated[name] = [one for one in getattr(part, name) if key(one) not in gone]
    if after.clocks != before.clocks:
        change["clocks"] = _followed_clocks(before.clocks, after.clocks, own.clocks)
        for part, updated in zip(after.absorbed, theirs, strict=True):
            updated["clocks"] = _answered_too(before.clocks, after.clocks, part.clocks)
    if not change:
        return {}
    absorbed = [part.model_copy(update=updated) for part, updated in zip(after.absorbed, theirs, strict=True)]
    own = own.model_copy(update=change)
    clocks = _clocks(own.clocks, absorbed, after.clocks.generation)
    return {
        **_people(own, absorbed),
        "links": _links(after.number, own, absorbed),
        "clocks": clocks,
        "due": clocks.due,
        "own": own,
        "absorbed": absorbed,
    }


def _people(own: Standing, absorbed: Sequence[Absorbed]) -> dict[str, list[Party]]:
    parts: list[Standing] = [own, *absorbed]
    requesters = _once((party for part in parts for party in part.requesters), _key_of_party)
    both = {_key_of_party(party) for party in own.requesters} & {_key_of_party(party) for party in own.cc}
    asking = {_key_of_party(party) for party in requesters} - both
    copies = _once((party for part in parts for party in part.cc), _key_of_party)
    return {
        "requesters": requesters,
        "cc": [party for party in copies if _key_of_party(party) not in asking],
        "admin_cc": _once((party for part in parts for party in part.admin_cc), _key_of_party),
    }


def _links(number: str, own: Standing, absorbed: Sequence[Absorbed]) -> list[Link]:
    """All links, but for those between tickets that are one now."""
    inside = {number, *(part.number for part in absorbed)}
    parts: list[Standing] = [own, *absorbed]
    outward = (link for part in parts for link in part.links if link.target not in inside)
    return _once(outward, _key_of_link)


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


def _followed_clocks(before: ClockFacts, after: ClockFacts, own: ClockFacts) -> ClockFacts:
    change = {
        name: getattr(after, name) for name in type(after).model_fields if getattr(after, name) != getattr(before, name)
    }
    wrote = after.last_customer_at != before.last_customer_at and after.oldest_unanswered_at is not None
    if wrote and own.oldest_unanswered_at is None:
        change["oldest_unanswered_at"] = after.last_customer_at
    return _answered_too(before, after, own.model_copy(update=change))


def _answered_too(before: ClockFacts, after: ClockFacts, part: ClockFacts) -> ClockFacts:
    """A reply on the joined ticket answers all that is in it; another due date takes the place of all."""
    change: dict[str, Any] = {}
    if after.last_agent_at != before.last_agent_at and after.oldest_unanswered_at is None:
        change["first_answered_at"] = part.first_answered_at or after.last_agent_at
        change["oldest_unanswered_at"] = None
    if after.due != before.due:
        change["due"] = after.due
    return part.model_copy(update=change) if change else part


def _once(items: Any, key: Callable[[Any], Any]) -> list[Any]:
    first: dict[Any, Any] = {}
    for item in items:
        first.setdefault(key(item), item)
    return list(first.values())


def _key_of_party(party: Party) -> str:
    return party.id


def _key_of_link(link: Link) -> tuple[str, str]:
    return link.type, link.target


def _earliest(times: Any) -> datetime | None:
    return min((at for at in times if at is not None), default=None)


def _latest(times: Any) -> datetime | None:
    return max((at for at in times if at is not None), default=None)
