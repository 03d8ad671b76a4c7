"""Lifecycles: statuses by category, and what may follow what.

A new one begins as a copy. On its page each row of the form is a status, by the number of its row; the matrix names
rows, so that a status can be renamed and keep its transitions (where no queue uses it: tickets decides).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from starlette.responses import Response

from ticketwire_contracts.base import Problem
from ticketwire_contracts.rights import RIGHTS

from ...views.shapes import LifecycleRow
from ..forms import Form, form_of
from ..visits import Visit
from .chapters import LIFECYCLES
from .counter import answered, command_after, part, show
from .words import CATEGORIES

SPARE = 3
"""Empty rows for new statuses; each saving gives new ones."""
MOST_FIELDS = 6000
CHOICES = tuple(right for right in RIGHTS if right.startswith("ticket."))
"""Rights that a transition can need."""

Pair = tuple[int, int]


@dataclass(frozen=True)
class Row:
    """A status as it stands in the form."""

    status: str
    category: str


@dataclass(frozen=True)
class Typed:
    """What stands in the form; numbers are rows."""

    title: str = ""
    rows: tuple[Row, ...] = ()
    initial: int = 0
    active: int = 0
    transitions: dict[Pair, str] = field(default_factory=dict)
    """From row to row → the right of its own, empty for the usual one."""
    maps: dict[str, dict[int, str]] = field(default_factory=dict)
    """Other lifecycle → row here → status there."""
    command: str = ""


async def listed(visit: Visit) -> Response:
    """All lifecycles."""
    lifecycles = await visit.views.administration.lifecycles(visit.asker)
    return await show(visit, LIFECYCLES, "lifecycles.html", lifecycles=lifecycles)


async def blank(visit: Visit) -> Response:
    """The form for a new one."""
    return await new_page(visit, {"name": "", "title": "", "like": "default", "command": ""})


async def make(visit: Visit) -> Response:
    """Makes a copy of another one, and leads to it."""
    form = await form_of(visit.request)
    typed = {name: form.text(name) for name in ("name", "title", "like")}

    async def act() -> str:
        like = await visit.views.administration.lifecycle(visit.asker, typed["like"])
        await visit.views.administration.create_lifecycle(
            visit.asker, form.command, name=typed["name"], title=typed["title"], **copied(like)
        )
        return "made"

    async def again(problem: Problem) -> Response:
        return await new_page(visit, typed | {"command": command_after(form, problem)}, problem)

    return await answered(act, f"/admin/lifecycles/{typed['name']}", again)


async def new_page(visit: Visit, typed: dict[str, str], problem: Problem | None = None) -> Response:
    """The form for a new lifecycle."""
    lifecycles = await visit.views.administration.lifecycles(visit.asker)
    return await show(visit, LIFECYCLES, "new_lifecycle.html", problem, form=typed, lifecycles=lifecycles)


async def lifecycle(visit: Visit) -> Response:
    """One lifecycle with its form."""
    row = await visit.views.administration.lifecycle(visit.asker, part(visit, "lifecycle"))
    return await form_page(visit, row, typed_from(row))


async def change(visit: Visit) -> Response:
    """Saves what was typed."""
    form = await form_of(visit.request, MOST_FIELDS)
    administration, name = visit.views.administration, part(visit, "lifecycle")
    row = await administration.lifecycle(visit.asker, name)
    typed = typed_in(form)

    async def act() -> str:
        wanted, version = settings_of(typed), form.number("version")
        await administration.change_lifecycle(visit.asker, form.command, name, if_version=version, **wanted)
        return "saved"

    async def again(problem: Problem) -> Response:
        return await form_page(visit, row, replace(typed, command=command_after(form, problem)), problem)

    return await answered(act, f"/admin/lifecycles/{name}", again)


async def form_page(visit: Visit, row: LifecycleRow, typed: Typed, problem: Problem | None = None) -> Response:
    """The form. Rows that are named are in the matrix; a new status comes into it when it is saved."""
    others = [one for one in await visit.views.administration.lifecycles(visit.asker) if one.name != row.name]
    known = [number for number, one in enumerate(typed.rows) if one.status]
    spare = tuple(Row("", "active") for _ in range(SPARE))
    return await show(
        visit,
        LIFECYCLES,
        "lifecycle.html",
        problem,
        categories=CATEGORIES,
        form=replace(typed, rows=typed.rows + spare),
        known=known,
        others=others,
        rights=CHOICES,
        row=row,
        usual={number: usual(typed.rows[number].category) for number in known},
    )


def usual(category: str) -> str:
    """The right that a transition into a category needs, unless it names another."""
    return "ticket.close" if category == "closed" else "ticket.edit"


def typed_from(row: LifecycleRow) -> Typed:
    """The form as it is filled for a lifecycle that there is."""
    places = {status: number for number, status in enumerate(row.statuses)}
    return Typed(
        title=row.title,
        rows=tuple(Row(status, category) for status, category in row.statuses.items()),
        initial=places[row.initial],
        active=places[row.active],
        transitions={
            (places[one.before], places[one.after]): "" if one.right == usual(row.statuses[one.after]) else one.right
            for one in row.transitions
        },
        maps={name: {places[here]: there for here, there in pairs.items()} for name, pairs in row.maps.items()},
    )


def typed_in(form: Form) -> Typed:
    """What was typed."""
    rows = tuple(
        Row(status.strip(), category if category in CATEGORIES else "active")
        for status, category in zip(form.all("status"), form.all("category"), strict=False)
    )
    while rows and not rows[-1].status:
        rows = rows[:-1]
    rights = {pair: right_of(place) for place in form.all("right") if (pair := pair_of(place))}
    pairs = [pair for place in form.all("go") if (pair := pair_of(place)) and max(pair) < len(rows)]
    return Typed(
        title=form.text("title"),
        rows=rows,
        initial=form.number("initial") or 0,
        active=form.number("active") or 0,
        transitions={pair: rights.get(pair, "") for pair in pairs},
        maps=maps_in(form),
    )


def pair_of(place: str) -> Pair | None:
    """``2-3`` and ``2-3 ticket.close`` are from row 2 to row 3."""
    before, _, after = place.partition(" ")[0].partition("-")
    plain = before.isascii() and before.isdigit() and after.isascii() and after.isdigit()
    return (int(before[:3]), int(after[:3])) if plain else None


def right_of(place: str) -> str:
    """``2-3 ticket.close`` names a right."""
    return place.partition(" ")[2]


def maps_in(form: Form) -> dict[str, dict[int, str]]:
    """Each choice is ``<lifecycle> <row here> <status there>``."""
    maps: dict[str, dict[int, str]] = {}
    for choice in form.all("map"):
        lifecycle, here, there = (*choice.split(" "), "", "", "")[:3]
        if there and here.isascii() and here.isdigit():
            maps.setdefault(lifecycle, {})[int(here[:3])] = there
    return maps


def settings_of(typed: Typed) -> dict[str, Any]:
    """The same as a use case takes it: statuses in the order of their categories."""
    order = list(CATEGORIES)
    rows = sorted((row for row in typed.rows if row.status), key=lambda row: order.index(row.category))
    names = {number: row.status for number, row in enumerate(typed.rows) if row.status}
    return {
        "title": typed.title,
        "statuses": {row.status: row.category for row in rows},
        "initial": names.get(typed.initial, ""),
        "active": names.get(typed.active, ""),
        "transitions": [
            {"before": names[before], "after": names[after], "right": right or None}
            for (before, after), right in typed.transitions.items()
            if before in names and after in names
        ],
        "maps": {
            name: {names[here]: there for here, there in pairs.items() if here in names}
            for name, pairs in typed.maps.items()
        },
    }


def copied(like: LifecycleRow) -> dict[str, Any]:
    """What a copy takes over; not where its tickets' statuses go when they move."""
    wanted = settings_of(typed_from(like))
    return {key: wanted[key] for key in ("statuses", "initial", "active", "transitions")}
