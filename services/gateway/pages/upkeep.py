"""What people do to a ticket besides answering it: subject, due date, people, tags, fields, time, forwards."""

from __future__ import annotations

import math

from starlette.responses import Response

from ticketwire_contracts.tickets import FieldDefinition, FieldValue

from ..views import refuse
from ..views.shapes import Ticket
from ..views.upkeep import Role
from .acts import Act, answered, number_of, version_of
from .forms import Draft, Form, form_of, form_with_files, moment, uploaded
from .visits import Visit

ROLES: tuple[Role, ...] = ("requesters", "cc", "admin_cc", "watchers")


async def subject(visit: Visit) -> Response:
    """Sets the subject."""
    form = await form_of(visit.request)

    async def set_it() -> Ticket | None:
        return await visit.views.upkeep.set_subject(
            visit.asker, form.command, number_of(visit), subject=form.text("subject"), if_version=version_of(form)
        )

    return await answered(visit, "subject", form, set_it)


async def due(visit: Visit) -> Response:
    """Sets the due date, or takes it away."""
    form = await form_of(visit.request)

    async def set_it() -> Ticket | None:
        when = None if form.text("none") else moment(form.text("due"), visit.reader.zone)
        return await visit.views.upkeep.set_due(
            visit.asker, form.command, number_of(visit), due=when, if_version=version_of(form)
        )

    return await answered(visit, "due", form, set_it)


async def people(visit: Visit) -> Response:
    """People come into a role, others go out of it."""
    form = await form_of(visit.request)
    role = form.text("role")

    async def change() -> Ticket | None:
        if role not in ROLES:
            raise refuse("unknown-role", title="There is no such thing", status=422)
        return await visit.views.upkeep.change_people(
            visit.asker,
            form.command,
            number_of(visit),
            role=role,
            add=form.listed("add"),
            remove=form.all("remove"),
        )

    return await answered(visit, role if role in ROLES else "people", form, change)


async def tags(visit: Visit) -> Response:
    """The tags as they stand in the box; what others put on in the meantime stays."""
    form = await form_of(visit.request)
    before, after = form.listed("before"), form.listed("tags")

    async def change() -> Ticket | None:
        return await visit.views.upkeep.set_tags(
            visit.asker,
            form.command,
            number_of(visit),
            add=[tag for tag in after if tag not in before],
            remove=[tag for tag in before if tag not in after],
        )

    return await answered(visit, "tags", form, change)


async def fields(visit: Visit) -> Response:
    """Sets the custom fields that were changed."""
    form = await form_of(visit.request)
    ticket = await visit.views.reading.ticket(visit.asker, number_of(visit))
    definitions = visit.views.upkeep.fields_on(visit.asker, ticket)
    values = {one.name: value_of(one, form) for one in definitions}
    changed = {name: value for name, value in values.items() if value != ticket.fields.get(name)}

    async def change() -> Ticket | None:
        if not changed:
            return ticket
        return await visit.views.upkeep.set_fields(
            visit.asker, form.command, ticket.number, fields=changed, if_version=version_of(form)
        )

    return await answered(visit, "fields", form, change)


async def time(visit: Visit) -> Response:
    """Notes down time worked."""
    form = await form_of(visit.request)

    async def add() -> Ticket | None:
        return await visit.views.upkeep.add_time(
            visit.asker, form.command, number_of(visit), minutes=minutes_of(form), text=form.text("text")
        )

    return await answered(visit, "time", form, add)


async def forward(visit: Visit) -> Response:
    """Sends messages to someone outside; what they answer comes back internal."""
    form = await form_with_files(visit.request)

    async def send() -> Ticket | None:
        if not form.listed("to"):
            raise refuse("no-recipient", title="The forward goes to nobody", status=422, detail="Name an address.")
        if not form.all("message"):
            raise refuse("no-message", title="No message is chosen", status=422, detail="Tick the messages to forward.")
        said = await visit.views.upkeep.forward(
            visit.asker,
            form.command,
            number_of(visit),
            messages=form.all("message"),
            to=form.listed("to"),
            text=form.text("text"),
            attachments=await uploaded(form, visit.views, visit.asker, visit.now),
        )
        return said.ticket

    return await answered(visit, "forward", form, send, Draft(what="forward"))


ACTS: dict[str, Act] = {
    "subject": subject,
    "due": due,
    "people": people,
    "tags": tags,
    "fields": fields,
    "time": time,
    "forward": forward,
}
"""Last part of the address → what it does."""


def minutes_of(form: Form) -> int:
    """Minutes, perhaps with hours before them: ``90``, ``1:30``, ``-15``. ``Refused`` for anything else."""
    text = form.text("minutes")
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text)
    hours, colon, minutes = digits.rpartition(":")
    parts = [hours, minutes] if colon else [minutes]
    if not all(part.isascii() and part.isdigit() and len(part) < 5 for part in parts):
        raise refuse("no-time", title="No time at all", status=422, detail="Give the minutes worked.")
    return sign * (int(hours or 0) * 60 + int(minutes))


def value_of(definition: FieldDefinition, form: Form) -> FieldValue | None:
    """What was typed into a field; what is no number stays text, and is refused with the reason."""
    name = f"field-{definition.name}"
    if definition.type == "several":
        return [option for option in definition.options if option in form.all(name)] or None
    text = form.text(name)
    if definition.type == "number" and text:
        try:
            number = float(text.replace(",", "."))
        except ValueError:
            return text
        if not math.isfinite(number):
            return text
        return int(number) if number.is_integer() else number
    return text or None
