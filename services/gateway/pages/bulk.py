"""One change for many tickets of a list, and what became of each."""

from __future__ import annotations

from dataclasses import dataclass, replace

from starlette.responses import Response

from ticketwire_contracts.base import Problem

from ..domain.lifecycle import statuses
from ..views import Refused, refuse
from ..views.bulk import ManyChange
from ..views.shapes import Outcome, Who
from .forms import Form, form_of
from .refusals import said
from .visits import Visit, local, seen

MOST = 200
SET_BY_MERGING = "merged"


@dataclass(frozen=True)
class Choices:
    """What may be chosen for all tickets of a list; tickets decides for each."""

    statuses: list[str]
    owners: list[Who]


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
    return Choices([one for one in known if one != SET_BY_MERGING], owners)


async def change(visit: Visit) -> Response:
    """Changes them; leads back to the list when all is done, else says what was refused, and why."""
    form = await form_of(visit.request)
    back = local(form.text("back"))
    numbers = form.all("ticket")[:MOST]
    try:
        wanted = change_of(form)
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


def change_of(form: Form) -> ManyChange:
    """What was chosen; whatever was left alone stays as it is."""
    change = ManyChange(parts=frozenset())
    parts: set[str] = set()
    if form.text("owner"):
        parts.add("owner")
        change = replace(change, owner=form.text("owner").removeprefix("=") or None)
    priority = form.number("priority")
    if priority is not None:
        parts.add("priority")
        change = replace(change, priority=priority)
    for name in ("queue", "status"):
        if form.text(name):
            parts.add(name)
    return replace(change, parts=frozenset(parts), queue=form.text("queue"), status=form.text("status"))


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
        again={name: form.text(name) for name in ("status", "owner", "priority", "queue")} if unsure else {},
        back=back,
        command=form.command,
        count=sum(outcome.ok for outcome in outcomes),
        numbers=form.all("ticket") if unsure else [],
        problem=problem,
        unchanged=[await unchanged(visit, outcome) for outcome in outcomes if not outcome.ok],
    )


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
