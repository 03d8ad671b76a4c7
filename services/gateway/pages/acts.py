"""What people do to a ticket by forms. Each form carries its command's id, so sending it twice does it once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

from starlette.responses import Response

from ..views import Refused, refuse
from ..views.shapes import Ticket
from .forms import Draft, Form, form_of, form_with_files, moment, uploaded, whole
from .ticket import page, waiting
from .visits import Visit, seen

Act = Callable[[Visit], Awaitable[Response]]
EMPTY = Draft()


async def reply(visit: Visit) -> Response:
    """Writes to the customers: to exactly those who stood on the page."""
    form = await form_with_files(visit.request)
    to = [*form.all("to"), *form.listed("also")]
    draft = Draft(
        what="reply",
        reply=form.text("text"),
        also=form.text("also"),
        then_status=form.text("then_status"),
        to=form.all("to"),
        cc=form.all("cc"),
    )

    async def send() -> Ticket | None:
        if not to:
            raise refuse(
                "no-recipient",
                title="The reply goes to nobody",
                status=422,
                detail="Choose a recipient below the text.",
            )
        return await visit.views.work.reply(
            visit.asker,
            form.command,
            number_of(visit),
            text=with_text(form),
            to=to,
            cc=[address for address in form.all("cc") if address not in to],
            attachments=await uploaded(form, visit.views, visit.asker, visit.now),
            then_status=form.text("then_status") or None,
        )

    return await answered(visit, "reply", form, send, draft)


async def note(visit: Visit) -> Response:
    """Adds an internal note."""
    form = await form_with_files(visit.request)

    async def add() -> Ticket | None:
        return await visit.views.work.note(
            visit.asker,
            form.command,
            number_of(visit),
            text=with_text(form),
            attachments=await uploaded(form, visit.views, visit.asker, visit.now),
        )

    return await answered(visit, "note", form, add, Draft(what="note", note=form.text("text")))


async def status(visit: Visit) -> Response:
    """Sets the status."""
    form = await form_of(visit.request)

    async def set_it() -> Ticket | None:
        return await visit.views.work.set_status(
            visit.asker,
            form.command,
            number_of(visit),
            status=form.text("status"),
            until=until_of(form, visit),
            if_version=version_of(form),
        )

    return await answered(visit, "status", form, set_it)


async def owner(visit: Visit) -> Response:
    """Sets the owner; an empty choice leaves the ticket without one."""
    form = await form_of(visit.request)

    async def set_it() -> Ticket | None:
        return await visit.views.work.set_owner(
            visit.asker, form.command, number_of(visit), owner=form.text("owner") or None, if_version=version_of(form)
        )

    return await answered(visit, "owner", form, set_it)


async def priority(visit: Visit) -> Response:
    """Sets the priority."""
    form = await form_of(visit.request)

    async def set_it() -> Ticket | None:
        chosen = form.number("priority")
        if chosen is None:
            raise refuse("no-priority", title="A priority lies between 0 and 100", status=422)
        return await visit.views.work.set_priority(
            visit.asker, form.command, number_of(visit), priority=chosen, if_version=version_of(form)
        )

    return await answered(visit, "priority", form, set_it)


async def queue(visit: Visit) -> Response:
    """Moves it into another queue."""
    form = await form_of(visit.request)

    async def move() -> Ticket | None:
        return await visit.views.work.set_queue(visit.asker, form.command, number_of(visit), queue=form.text("queue"))

    return await answered(visit, "queue", form, move)


async def link(visit: Visit) -> Response:
    """Links it to another ticket, or to an address."""
    form = await form_of(visit.request)

    async def link_them() -> Ticket | None:
        if not form.text("target"):
            raise refuse(
                "no-target", title="No ticket is named", status=422, detail="Write the number of the other ticket."
            )
        return await visit.views.joining.link(
            visit.asker, form.command, number_of(visit), type=form.text("type"), target=form.text("target")
        )

    return await answered(visit, "link", form, link_them)


async def unlink(visit: Visit) -> Response:
    """Takes a link away."""
    form = await form_of(visit.request)

    async def unlink_them() -> Ticket | None:
        return await visit.views.joining.unlink(
            visit.asker, form.command, number_of(visit), type=form.text("type"), target=form.text("target")
        )

    return await answered(visit, "unlink", form, unlink_them)


ACTS: dict[str, Act] = {
    "reply": reply,
    "note": note,
    "status": status,
    "owner": owner,
    "priority": priority,
    "queue": queue,
    "link": link,
    "unlink": unlink,
}
"""Last part of the address → what it does."""


async def answered(
    visit: Visit,
    name: str,
    form: Form,
    act: Callable[[], Awaitable[Ticket | None]],
    draft: Draft = EMPTY,
) -> Response:
    """Does it and leads back to the ticket; refused, it shows the page with the reason and all that was typed."""
    try:
        whole(form)
        ticket = await act()
    except Refused as refused:
        # refused here too when it is not there or not theirs: then there is no page to show the reason on
        shown = await visit.views.reading.ticket(visit.asker, number_of(visit))
        kept = replace(draft, what=name, typed=form.fields)
        return await page(visit, shown, kept.refused(refused.problem, form.id), refused.problem.status)
    if ticket is None:
        return seen("/?done=gone")
    return seen(f"/tickets/{ticket.number}?done={name}" + ("#end" if name in ("reply", "note", "forward") else ""))


def number_of(visit: Visit) -> str:
    """The ticket that the address names."""
    return str(visit.request.path_params["number"])


def version_of(form: Form) -> int | None:
    """The version that stood on the page, where the form would overwrite what others did since."""
    return form.number("version")


def until_of(form: Form, visit: Visit) -> datetime | None:
    """When a ticket opens again that is set to wait. For any other status nobody sees the field: it does not count."""
    waits = form.text("status") in waiting(visit, None)
    return moment(form.text("until"), visit.reader.zone) if waits and form.text("until") else None


def with_text(form: Form) -> str:
    """What was typed. ``Refused`` when nothing was."""
    text = form.text("text")
    if not text:
        raise refuse("no-text", title="Nothing is written yet", status=422, detail="Write something first.")
    return text
