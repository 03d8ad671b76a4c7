"""One change for many tickets of a list, and what became of each."""

from __future__ import annotations

from dataclasses import dataclass, replace

from starlette.responses import Response

from ticketwire_chassis.i18n import N_
from ticketwire_contracts.base import Problem
from ticketwire_contracts.tickets import FieldDefinition, FieldValue

from ..domain.lifecycle import statuses
from ..views import Refused, refuse
from ..views.bulk import ManyChange
from ..views.shapes import Outcome, Who
from .acts import until_of
from .forms import Form, form_of, moment
from .refusals import said
from .ticket import waiting
from .upkeep import ROLES, value_of
from .visits import Visit, local, seen
from .words import ROLES as ROLE_TITLES

MOST = 200
SET_BY_MERGING = "merged"
ASKED = (
    "status", "until", "owner", "priority", "queue", "due", "due_none", "role", "people_add", "people_remove",
    "tags_add", "tags_remove", "note", "fields_of",
)  # fmt: skip
"""The fields of the form, but for the tickets and their custom fields."""

PARTS = {
    "owner": N_("Owner"),
    "priority": N_("Priority"),
    "due": N_("Due date"),
    **ROLE_TITLES,
    "tags": N_("Tags"),
    "fields": N_("Fields"),
    "note": N_("Internal note"),
    "queue": N_("Queue"),
    "status": N_("Status"),
}
"""What can be changed → what it is called where it was done."""


@dataclass(frozen=True)
class Choices:
    """What may be chosen for all tickets of a list; tickets decides for each."""

    statuses: list[str]
    owners: list[Who]
    waits: frozenset[str]
    """Statuses that may have a time at which the ticket opens again."""
    fields: list[FieldDefinition]
    """Custom fields, where all tickets of the list are of one queue."""


def choices(visit: Visit, queue: str | None) -> Choices:
    """The statuses of the list's lifecycles, and who may own there."""
    directory = visit.asker.directory
    known = directory.lifecycle_of(queue).statuses if queue else statuses(directory)
    thing = directory.queue_thing(queue) if queue else None
    owners = [
        Who(agent.id, agent.name, "", agent.login, agent=True)
        for agent in directory.agents.values()
        if not agent.disabled and (thing is None or directory.may(directory.viewer(agent), "ticket.own", thing))
    ]
    known_queue = directory.queues.get(queue) if queue else None
    return Choices(
        [one for one in known if one != SET_BY_MERGING],
        owners,
        waiting(visit, queue),
        known_queue.fields if known_queue else [],
    )


async def change(visit: Visit) -> Response:
    """Changes them; leads back to the list when all is done, else says what was refused, and why."""
    form = await form_of(visit.request)
    back = local(form.text("back"))
    numbers = form.all("ticket")[:MOST]
    try:
        wanted = change_of(form, visit)
        if not numbers:
            raise refuse("nothing-chosen", title="No ticket is chosen", status=422, detail="Tick tickets in the list.")
        if not wanted.parts:
            raise refuse("nothing-to-do", title="Nothing is to be changed", status=422, detail="Choose what to set.")
        outcomes = await visit.views.bulk.change(visit.asker, form.command, numbers, wanted)
    except Refused as refused:
        return await result(visit, form, [], back, refused.problem)
    if all(outcome.ok for outcome in outcomes):
        return seen(back + ("&" if "?" in back else "?") + f"done=changed-{len(outcomes)}")
    return await result(visit, form, outcomes, back)


def change_of(form: Form, visit: Visit) -> ManyChange:
    """What was chosen; whatever was left alone stays as it is. ``Refused`` for what is no time."""
    change = ManyChange(parts=frozenset())
    parts = {name for name in ("queue", "status", "note") if form.text(name)}
    if form.text("owner"):
        parts.add("owner")
        change = replace(change, owner=form.text("owner").removeprefix("=") or None)
    priority = form.number("priority")
    if priority is not None:
        parts.add("priority")
        change = replace(change, priority=priority)
    if form.text("due") or form.text("due_none"):
        parts.add("due")
        due = None if form.text("due_none") else moment(form.text("due"), visit.reader.zone)
        change = replace(change, due=due)
    tags = form.listed("tags_add"), form.listed("tags_remove")
    if any(tags):
        parts.add("tags")
        change = replace(change, tags=tags)
    people = form.listed("people_add"), form.listed("people_remove")
    role = next((role for role in ROLES if role == form.text("role")), None)
    if role and any(people):
        parts.add(role)
        change = replace(change, people={role: people})
    fields = fields_of(form, visit)
    if fields:
        parts.add("fields")
        change = replace(change, fields=fields)
    return replace(
        change,
        parts=frozenset(parts),
        note=form.text("note"),
        queue=form.text("queue"),
        status=form.text("status"),
        until=until_of(form, visit),
    )


def fields_of(form: Form, visit: Visit) -> dict[str, FieldValue]:
    """The custom fields that were filled in; an empty one stays as it is on each ticket."""
    queue = visit.asker.directory.queues.get(form.text("fields_of"))
    values = {one.name: value_of(one, form) for one in queue.fields} if queue else {}
    return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True)
class Unchanged:
    """A ticket for which it was refused."""

    number: str
    subject: str
    problem: Problem
    done: list[str]


async def result(
    visit: Visit, form: Form, outcomes: list[Outcome], back: str, problem: Problem | None = None
) -> Response:
    """What became of each."""
    unsure = problem is not None and problem.status >= 500
    return await visit.show(
        "bulk.html",
        problem.status if problem else 200,
        again=again(form) if unsure else [],
        back=back,
        command=form.id,
        count=sum(outcome.ok for outcome in outcomes),
        note=form.text("note") if problem or any("note" not in one.done for one in outcomes) else "",
        numbers=form.all("ticket") if unsure else [],
        parts=PARTS,
        problem=problem,
        unchanged=[await unchanged(visit, outcome) for outcome in outcomes if not outcome.ok],
    )


def again(form: Form) -> list[tuple[str, str]]:
    """Everything that was sent, to be sent again as it was."""
    return [(name, value) for name in form.fields if name in ASKED or is_field(name) for value in form.all(name)]


def is_field(name: str) -> bool:
    """Whether it is a custom field."""
    return name.startswith("field-")


async def unchanged(visit: Visit, outcome: Outcome) -> Unchanged:
    """A ticket with its subject, and the reason in the reader's language."""
    told = dict(outcome.problem or {})
    known = {name: told.pop(name) for name in ("type", "title", "status", "detail") if name in told}
    problem = said(Problem(**known, extra=told), visit.reader.t)
    try:
        subject = (await visit.views.reading.ticket(visit.asker, outcome.number)).subject
    except Refused:
        subject = ""
    return Unchanged(outcome.number, subject, problem, outcome.done)
