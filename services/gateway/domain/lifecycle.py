"""Which statuses there are and which may follow, as they are offered and searched for. tickets decides."""

from __future__ import annotations

from ticketwire_contracts.tickets import Category

from .directory import Directory


def categories_of(directory: Directory, status: str) -> set[Category]:
    """The categories in which lifecycles have a status; empty for one that none has."""
    return {one.statuses[status] for one in directory.lifecycles.values() if status in one.statuses}


def statuses(directory: Directory) -> list[str]:
    """All statuses of all lifecycles, each once, in their order."""
    return list(dict.fromkeys(status for one in directory.lifecycles.values() for status in one.statuses))


def statuses_after(directory: Directory, queue: str, status: str) -> dict[str, str]:
    """Statuses that may follow one in a queue, each with the right it needs."""
    return directory.lifecycle_of(queue).after(status)
