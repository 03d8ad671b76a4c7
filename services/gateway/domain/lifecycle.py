"""Which statuses there are and which may follow, as the pages offer them. tickets decides; a test compares."""

from __future__ import annotations

STATUSES: dict[str, str] = {
    "new": "new",
    "open": "active",
    "pending": "waiting",
    "stalled": "waiting",
    "resolved": "closed",
    "rejected": "closed",
}
"""Status → category."""

_AFTER: dict[str, tuple[str, ...]] = {
    "new": ("open", "pending", "stalled", "resolved", "rejected"),
    "open": ("pending", "stalled", "resolved", "rejected"),
    "pending": ("open", "stalled", "resolved", "rejected"),
    "stalled": ("open", "pending", "resolved", "rejected"),
    "resolved": ("open", "rejected"),
    "rejected": ("open", "resolved"),
}


def statuses_after(status: str) -> tuple[str, ...]:
    """Statuses that may follow one."""
    return _AFTER.get(status, ())


def right_for(status: str) -> str:
    """The right that a change to the status needs."""
    return "ticket.close" if STATUSES.get(status) == "closed" else "ticket.edit"
