"""Lifecycles as data: which statuses there are, which may follow which, and the right that needs.

A lifecycle holds together (``flaw`` names what does not): it begins somewhere, replies lead to an active status,
transitions and maps name what is there, and no map closes or reopens a ticket on its way into another queue.
``merged`` belongs to none of them: a ticket comes there by merging only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ticketwire_contracts.rights import RIGHTS
from ticketwire_contracts.tickets import DEFAULT_LIFECYCLE, Category
from ticketwire_contracts.tickets import Lifecycle as Described

MERGED = "merged"
"""The status that merging sets, in every lifecycle, and nothing else may."""


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """Statuses by category, and transitions."""

    name: str
    initial: str
    active: str
    statuses: dict[str, Category]
    transitions: dict[str, frozenset[str]]
    rights: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """(before, after) → the right that a transition names for itself."""
    maps: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Other lifecycle → status here → status there."""

    def allows(self, before: str, after: str) -> bool:
        """Whether ``after`` may follow ``before``."""
        return after in self.transitions.get(before, frozenset())

    def opened_from(self, before: str) -> str | None:
        """The status in which work begins from here: the active one, or the first of its category that may follow."""
        active = [self.active, *(name for name, category in self.statuses.items() if category == "active")]
        return next((name for name in active if self.allows(before, name)), None)

    def right_for(self, after: str, before: str | None = None) -> str:
        """The transition's own right; without one, closing needs ``ticket.close``, anything else ``ticket.edit``."""
        own = self.rights.get((before, after)) if before is not None else None
        return own or ("ticket.close" if self.statuses[after] == "closed" else "ticket.edit")

    def status_in(self, other: Lifecycle, status: str) -> str | None:
        """What becomes of a status in another lifecycle: by the map, else by the same name; none when unmapped.

        Moving neither closes a ticket nor opens it again: that has rights and rules of its own.
        """
        if other.name == self.name:
            return status
        there = self.maps.get(other.name, {}).get(status, status)
        known = status in self.statuses and there in other.statuses
        closed = known and (self.statuses[status] == "closed") == (other.statuses[there] == "closed")
        return there if closed else None


def lifecycle_of(described: Described) -> Lifecycle:
    """A lifecycle to decide with, from how it is described."""
    following: dict[str, set[str]] = {}
    for one in described.transitions:
        following.setdefault(one.before, set()).add(one.after)
    return Lifecycle(
        name=described.name,
        initial=described.initial,
        active=described.active,
        statuses=dict(described.statuses),
        transitions={before: frozenset(after) for before, after in following.items()},
        rights={(one.before, one.after): one.right for one in described.transitions if one.right},
        maps=described.maps,
    )


def flaw(described: Described, others: Mapping[str, Described]) -> str | None:
    """The first thing that does not hold together, in words; none when all does."""
    statuses = described.statuses
    if MERGED in statuses:
        return f"{MERGED} is set by merging; no lifecycle names it."
    if described.initial not in statuses:
        return f"The initial status {described.initial} is not among the statuses."
    if statuses[described.initial] not in ("new", "active"):
        return f"The initial status {described.initial} must be of category new or active."
    if described.active not in statuses:
        return f"The active status {described.active} is not among the statuses."
    if statuses[described.active] != "active":
        return f"The active status {described.active} must be of category active."
    if "closed" not in statuses.values():
        return "At least one status must be of category closed."
    pairs = [(one.before, one.after) for one in described.transitions]
    unknown = _unknown(status for pair in pairs for status in pair if status not in statuses)
    if unknown:
        return f"A transition names {unknown}, which is not among the statuses."
    if len(set(pairs)) < len(pairs) or any(before == after for before, after in pairs):
        return "A transition leads from one status to another, and is named once."
    if wrong := _unknown(one.right for one in described.transitions if one.right and one.right not in RIGHTS):
        return f"There is no right {wrong}."
    return _flaw_of_maps(described, others)


def _flaw_of_maps(described: Described, others: Mapping[str, Described]) -> str | None:
    statuses = described.statuses
    for name, pairs in described.maps.items():
        other = others.get(name)
        if other is None or name == described.name:
            return f"There is no other lifecycle {name} to map to."
        for here, there in pairs.items():
            if here not in statuses or there not in other.statuses:
                return f"The map to {name} leads from {here} to {there}; both must be statuses, here and there."
            if (statuses[here] == "closed") != (other.statuses[there] == "closed"):
                return f"The map to {name} leads from {here} to {there}: moving neither closes nor reopens a ticket."
    return None


def _unknown(words: Iterable[str | None]) -> str | None:
    return next(iter(words), None)


DEFAULT: Lifecycle = lifecycle_of(DEFAULT_LIFECYCLE)

LIFECYCLES: dict[str, Lifecycle] = {DEFAULT.name: DEFAULT}
