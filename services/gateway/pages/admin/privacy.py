"""What is kept of a person: looked at, taken away as a file, erased."""

from __future__ import annotations

from starlette.responses import Response

from ticketwire_chassis.i18n import N_
from ticketwire_contracts.base import Problem

from ...views import Refused, refuse
from ...views.privacy import Found
from ..forms import form_of
from ..visits import Visit, seen
from .chapters import PEOPLE
from .counter import command_after, show
from .people import path_of, person_of
from .words import ROLES

SHOWN = 100
"""So many tickets stand on the page; the file has all."""


async def kept(visit: Visit) -> Response:
    """Where they stand and what they wrote, before anything is erased."""
    return await page(visit)


async def erase(visit: Visit) -> Response:
    """Erases them, once it was confirmed."""
    form = await form_of(visit.request)
    row = await person_of(visit)
    try:
        if form.text("sure") != "yes":
            raise refuse(
                "not-confirmed",
                title="Nothing was erased",
                status=422,
                detail="Confirm that you want it: it cannot be undone.",
            )
        await visit.views.privacy.erase(visit.asker, form.command, row.id)
    except Refused as refused:
        return await page(visit, refused.problem, command_after(form, refused.problem))
    return seen("/admin/people?done=erased")


async def page(visit: Visit, problem: Problem | None = None, command: str = "") -> Response:
    """What there is, and the form that takes it away."""
    row = await person_of(visit)
    found: Found = await visit.views.privacy.data(visit.asker, row.id)
    return await show(
        visit,
        PEOPLE,
        "kept.html",
        problem,
        form={"command": command},
        found=found,
        messages=sum(len(ticket["messages"]) for ticket in found.tickets),
        myself=row.id == visit.asker.person.id,
        path=path_of(row),
        roles=ROLES | {"watcher": N_("Watchers")},
        row=row,
        shown=found.tickets[:SHOWN],
    )
