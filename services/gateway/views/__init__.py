"""What pages and API both show and do: use cases over protocols, each part one concept.

asker           who asks, and how a refusal comes back
shapes          what is shown
needs           what is needed from outside
entrance        passwords and sessions
reading         lists, tickets, timelines, counts
work            what is done to tickets: opening, answering, status, owner, priority
upkeep          the rest of it: subject, due date, people, tags, fields, time, forwards
bulk            one change for many tickets
files           attachments on their way into a message
administration  queues, lifecycles, persons, groups, grants
rights          why someone may do something; what a change would open or close
live            what changes while someone looks
beginning       the first user
past            what the log says of a ticket
audit           what the logs say of what is administered
privacy         a person's data, found, exported, erased
joining         links, merging, splitting
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from .administration import Administration
from .asker import Asker, Refused, not_found, refuse
from .audit import Audit
from .bulk import Bulk
from .entrance import COOKIE, Entrance, Hasher
from .files import Files
from .joining import Joining
from .live import Live
from .needs import Apply, Blobs, Commands, People, Secrets, Tickets, Uploads
from .past import Past
from .privacy import Privacy
from .reading import Reading
from .rights import Rights
from .upkeep import Upkeep
from .work import Orders, Work

__all__ = [
    "COOKIE",
    "Administration",
    "Asker",
    "Audit",
    "Bulk",
    "Entrance",
    "Files",
    "Joining",
    "Live",
    "Past",
    "Privacy",
    "Reading",
    "Refused",
    "Rights",
    "Upkeep",
    "Views",
    "Work",
    "not_found",
    "refuse",
    "views_over",
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
    upkeep: Upkeep
    bulk: Bulk
    joining: Joining
    rights: Rights
    past: Past
    privacy: Privacy
    audit: Audit


class PeopleAndSecrets(People, Secrets, Protocol):
    """One store keeps both."""


def views_over(
    *,
    tickets: Tickets,
    access: PeopleAndSecrets,
    uploads: Uploads,
    blobs: Blobs,
    commands: Commands,
    apply: Apply,
    hasher: Hasher,
    stopping: asyncio.Event,
    clock: Callable[[], datetime],
) -> Views:
    """The views over their stores and services."""
    orders = Orders(commands, apply)
    entrance = Entrance(access, access, hasher)
    work = Work(orders, tickets, uploads)
    upkeep = Upkeep(orders, work, access)
    return Views(
        entrance=entrance,
        reading=Reading(tickets, blobs, access),
        work=work,
        files=Files(uploads, blobs),
        administration=Administration(orders, access, access),
        live=Live(tickets, access, entrance, stopping, clock),
        upkeep=upkeep,
        bulk=Bulk(work, upkeep),
        joining=Joining(orders, tickets),
        rights=Rights(access, tickets),
        past=Past(orders),
        privacy=Privacy(orders, access, tickets, clock),
        audit=Audit(orders, access),
    )
