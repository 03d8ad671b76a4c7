"""Queues: what is set of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from starlette.responses import Response

from ticketwire_contracts.base import Problem

from ...views import refuse
from ...views.shapes import QueueRow
from ..forms import Form, form_of
from ..visits import Visit
from . import names
from .chapters import QUEUES
from .counter import answered, command_after, part, show
from .words import FOLLOW_UPS


@dataclass(frozen=True)
class Typed:
    """What stands in the form."""

    name: str = ""
    title: str = ""
    description: str = ""
    addresses: str = ""
    priority: str = "50"
    lifecycle: str = "default"
    follow_up: str = "reopen"
    auto_reply: bool = True
    adopt_cc: bool = True
    catch_all: bool = False
    watchers: tuple[str, ...] = ()
    supervisors: tuple[str, ...] = ()
    command: str = ""


async def listed(visit: Visit) -> Response:
    """All queues."""
    queues = await visit.views.administration.queues(visit.asker)
    return await show(visit, QUEUES, "queues.html", queues=queues)


async def blank(visit: Visit) -> Response:
    """The form for a new queue."""
    return await form_page(visit, Typed())


async def make(visit: Visit) -> Response:
    """Makes a queue and leads to it."""
    form = await form_of(visit.request)
    typed = typed_in(form)

    async def act() -> str:
        settings = {key: value for key, value in settings_of(form, typed).items() if key != "title" or value}
        await visit.views.administration.create_queue(visit.asker, form.command, name=typed.name, **settings)
        return "made"

    async def again(problem: Problem) -> Response:
        return await form_page(visit, replace(typed, command=command_after(form, problem)), problem)

    return await answered(act, f"/admin/queues/{typed.name}", again)


async def queue(visit: Visit) -> Response:
    """One queue with its form."""
    row = await visit.views.administration.queue(visit.asker, part(visit, "queue"))
    return await form_page(visit, typed_from(row), row=row)


async def change(visit: Visit) -> Response:
    """Saves what was typed, or disables and enables."""
    name = part(visit, "queue")
    form = await form_of(visit.request)
    administration, asker = visit.views.administration, visit.asker
    row = await administration.queue(asker, name)
    wish = form.text("do")
    typed = typed_from(row) if wish in ("disable", "enable") else replace(typed_in(form), name=name)

    async def act() -> str:
        if wish in ("disable", "enable"):
            await administration.switch_queue(asker, form.command, name, disabled=wish == "disable")
            return f"{wish}d"
        version = form.number("version")
        await administration.change_queue(asker, form.command, name, if_version=version, **settings_of(form, typed))
        return "saved"

    async def again(problem: Problem) -> Response:
        return await form_page(visit, replace(typed, command=command_after(form, problem)), problem, row)

    return await answered(act, f"/admin/queues/{name}", again)


async def form_page(
    visit: Visit, typed: Typed, problem: Problem | None = None, row: QueueRow | None = None
) -> Response:
    """The form, for a new queue or for one that there is."""
    lifecycles = await visit.views.administration.lifecycles(visit.asker)
    people = await names.named_all(visit, [*typed.watchers, *typed.supervisors])
    return await show(
        visit,
        QUEUES,
        "queue.html",
        problem,
        form=typed,
        row=row,
        lifecycles=lifecycles,
        people=people,
        choices=[*names.groups(visit), *names.agents(visit)],
        follow_ups=FOLLOW_UPS,
    )


def typed_from(row: QueueRow) -> Typed:
    """The form as it is filled for a queue that there is."""
    return Typed(
        name=row.name,
        title=row.title,
        description=row.description,
        addresses="\n".join(row.addresses),
        priority=str(row.default_priority),
        lifecycle=row.lifecycle,
        follow_up=row.follow_up,
        auto_reply=row.auto_reply,
        adopt_cc=row.adopt_cc,
        catch_all=row.catch_all,
        watchers=tuple(row.watchers),
        supervisors=tuple(row.supervisors),
    )


def typed_in(form: Form) -> Typed:
    """What was typed."""
    return Typed(
        name=form.text("name"),
        title=form.text("title"),
        description=form.text("description"),
        addresses=form.text("addresses"),
        priority=form.text("priority"),
        lifecycle=form.text("lifecycle"),
        follow_up=form.text("follow_up"),
        auto_reply=form.text("auto_reply") == "yes",
        adopt_cc=form.text("adopt_cc") == "yes",
        catch_all=form.text("catch_all") == "yes",
        watchers=people_of(form, "watchers"),
        supervisors=people_of(form, "supervisors"),
    )


def people_of(form: Form, name: str) -> tuple[str, ...]:
    """Those who stay checked, and whoever was chosen to be added."""
    return tuple(dict.fromkeys(who for who in [*form.all(name), form.text(f"{name}_add")] if who))


def settings_of(form: Form, typed: Typed) -> Mapping[str, Any]:
    """The same as a use case takes it."""
    priority = form.number("priority")
    if priority is None:
        raise refuse("no-priority", title="A priority lies between 0 and 100", status=422)
    return {
        "title": typed.title,
        "description": typed.description,
        "addresses": form.listed("addresses"),
        "default_priority": priority,
        "lifecycle": typed.lifecycle,
        "follow_up": typed.follow_up,
        "auto_reply": typed.auto_reply,
        "adopt_cc": typed.adopt_cc,
        "catch_all": typed.catch_all,
        "watchers": list(typed.watchers),
        "supervisors": list(typed.supervisors),
    }
