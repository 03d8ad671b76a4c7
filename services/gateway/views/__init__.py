"""What pages and API both show and do: use cases over protocols, each part one concept."""

from __future__ import annotations

from dataclasses import dataclass

from .administration import Administration
from .asker import Asker, Refused, not_found, refuse
from .entrance import COOKIE, Entrance
from .files import Files
from .live import Live
from .reading import Reading
from .work import Work

__all__ = [
    "COOKIE",
    "Administration",
    "Asker",
    "Entrance",
    "Files",
    "Live",
    "Reading",
    "Refused",
    "Views",
    "Work",
    "not_found",
    "refuse",
]


@dataclass(frozen=True, slots=True)
class Views:
    """All of it."""

    entrance: Entrance
    reading: Reading
    work: Work
    files: Files
    administration: Administration
    live: Live
