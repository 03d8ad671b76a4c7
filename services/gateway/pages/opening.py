"""A new ticket by hand: for someone who called, or to write to a customer first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from starlette.responses import Response

from ticketwire_contracts.base import Problem

from ..views import Refused
from .forms import Form, form_with_files, uploaded, whole
from .visits import Visit, seen


@dataclass(frozen=True)
class Opening:
    """What stands in the form."""

    kind: Literal["phone", "mail"] = "phone"
    queue: str = ""
    priority: int | None = None
    requesters: str = ""
    subject: str = ""
    text: str = ""
    command: str = ""


async def blank(visit: Visit) -> Response:
    """The empty form, for the queue that one comes from."""
    return await page(visit, Opening(queue=visit.request.query_params.get("queue", "")))


async def open_ticket(visit: Visit) -> Response:
    """Opens it and leads to it."""
    form = await form_with_files(visit.request)
    typed = opening_of(form)
    try:
        whole(form)
        ticket = await visit.views.work.open_ticket(
            visit.asker,
            form.command,
            queue=typed.queue,
            subject=typed.subject,
            requesters=form.listed("requesters"),
            text=typed.text,
            kind=typed.kind,
            priority=typed.priority,
            attachments=await uploaded(form, visit.views, visit.asker, visit.now),
        )
    except Refused as refused:
        unsure = refused.problem.status >= 500  # it may have been done: the same id again does it once
        return await page(visit, replace(typed, command=form.id if unsure else ""), refused.problem)
    if ticket is None:
        return seen("/?done=gone")
    return seen(f"/tickets/{ticket.number}?done={'written' if typed.kind == 'mail' else 'opened'}")


def opening_of(form: Form) -> Opening:
    """What was typed."""
    return Opening(
        kind="mail" if form.text("kind") == "mail" else "phone",
        queue=form.text("queue"),
        priority=form.number("priority"),
        requesters=form.text("requesters"),
        subject=form.text("subject"),
        text=form.text("text"),
    )


async def page(visit: Visit, typed: Opening, problem: Problem | None = None) -> Response:
    """The form, with the reason when it was refused."""
    rail = await visit.views.reading.rail(visit.asker, visit.now)
    queues = [queue for queue in rail.queues if queue.may_create and not queue.disabled]
    return await visit.show("new.html", problem.status if problem else 200, form=typed, problem=problem, queues=queues)
