"""What there is to administer, in the order of the rail."""

from __future__ import annotations

from dataclasses import dataclass

from ticketwire_chassis.i18n import N_

from ...views import Asker


@dataclass(frozen=True)
class Chapter:
    """A part of administration."""

    path: str
    title: str
    right: str


QUEUES = Chapter("/admin/queues", N_("Queues"), "queue.admin")
LIFECYCLES = Chapter("/admin/lifecycles", N_("Lifecycles"), "queue.admin")
PEOPLE = Chapter("/admin/people", N_("People"), "person.admin")
GROUPS = Chapter("/admin/groups", N_("Groups"), "group.admin")
RIGHTS = Chapter("/admin/rights", N_("Rights"), "right.admin")
AUDIT = Chapter("/admin/audit", N_("Audit log"), "audit.show")

CHAPTERS = (QUEUES, LIFECYCLES, PEOPLE, GROUPS, RIGHTS, AUDIT)


def chapters_of(asker: Asker) -> list[Chapter]:
    """Those for which someone holds the right."""
    return [one for one in CHAPTERS if asker.directory.may(asker.viewer, one.right)]
