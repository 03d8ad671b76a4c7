"""Lifecycles as data: which statuses there are, which may follow which, and the right that needs."""

from __future__ import annotations

from dataclasses import dataclass

from ticketwire_contracts.tickets import Category


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """Statuses by category, and transitions."""

    name: str
    initial: str
    active: str
    statuses: dict[str, Category]
    transitions: dict[str, frozenset[str]]

    def allows(self, before: str, after: str) -> bool:
        """Whether ``after`` may follow ``before``."""
        return after in self.transitions.get(before, frozenset())

    def right_for(self, after: str) -> str:
        """Closing needs ``ticket.close``, anything else ``ticket.edit``."""
        return "ticket.close" if self.statuses[after] == "closed" else "ticket.edit"


DEFAULT = Lifecycle(
    name="default",
    initial="new",
    active="open",
    statuses={
        "new": "new",
        "open": "active",
        "pending": "waiting",
        "stalled": "waiting",
        "resolved": "closed",
        "rejected": "closed",
    },
    transitions={
        "new": frozenset({"open", "pending", "stalled", "resolved", "rejected"}),
        "open": frozenset({"pending", "stalled", "resolved", "rejected"}),
        "pending": frozenset({"open", "stalled", "resolved", "rejected"}),
        "stalled": frozenset({"open", "pending", "resolved", "rejected"}),
        "resolved": frozenset({"open", "rejected"}),
        "rejected": frozenset({"open", "resolved"}),
    },
)

LIFECYCLES: dict[str, Lifecycle] = {DEFAULT.name: DEFAULT}
