"""Custom fields: what a queue asks of its tickets, and whether a value fits.

    text      up to 1 000 letters            number    any finite one
    date      a day, 2026-11-24              choice    one of the options
    several   some of the options, kept in their order

A required field cannot be emptied, and a person closes a ticket only when it is filled: mail opens tickets and can
fill none. A value whose definition has gone stays on the ticket until someone empties it.
"""

from __future__ import annotations

import math
from datetime import date

from ticketwire_contracts.base import Actor
from ticketwire_contracts.rights import Thing
from ticketwire_contracts.tickets import (
    FieldChange,
    FieldDefinition,
    FieldValue,
    SetFieldsV1,
    SetQueueFieldsV1,
)

from .acting import forbidden, lacks
from .context import Context
from .decision import Change, Decision, Refusal, refused
from .events import FieldsChanged, QueueFieldsSet, Thin
from .happened import stale
from .state import TicketState

TEXT = 1000


class Unfit(ValueError):
    """A value that its field does not take; says why."""


def set_fields(context: Context, actor: Actor, ticket: TicketState, command: SetFieldsV1) -> list[Thin] | Refusal:
    """Values of custom fields; each that does not fit is named with its reason."""
    if missing := lacks(context, actor, "ticket.edit", ticket):
        return missing
    definitions = definitions_of(context, ticket)
    errors: list[dict[str, str]] = []
    changes: list[FieldChange] = []
    for name, value in command.fields.items():
        before = ticket.fields.get(name)
        try:
            after = _checked(definitions.get(name), value, before)
        except Unfit as unfit:
            errors.append({"field": f"fields.{name}", "message": str(unfit)})
            continue
        if after != before:
            changes.append(FieldChange(name=name, before=before, after=after))
    if errors:
        detail = f"{errors[0]['field'].removeprefix('fields.')}: {errors[0]['message']}"
        return refused("invalid-fields", "Not what the fields take", 422, detail, errors=errors)
    if not changes:
        return refused("no-change", "It is so already", 409, "The fields are the same.")
    return [FieldsChanged(changes=changes)]


def definitions_of(context: Context, ticket: TicketState) -> dict[str, FieldDefinition]:
    """The fields of a ticket's queue, by name."""
    queue = context.directory.queues.get(ticket.queue)
    return {definition.name: definition for definition in (queue.fields if queue else ())}


def unfilled(context: Context, ticket: TicketState) -> Refusal | None:
    """The refusal to close a ticket whose required fields are not filled."""
    empty = [one for one in definitions_of(context, ticket).values() if one.required and one.name not in ticket.fields]
    if not empty:
        return None
    names = ", ".join(one.title or one.name for one in empty)
    return refused(
        "fields-missing",
        "Required fields are empty",
        409,
        f"Fill in first: {names}.",
        fields=[one.name for one in empty],
    )


def set_queue_fields(context: Context, actor: Actor, command: SetQueueFieldsV1) -> Decision:
    """The custom fields of a queue, all of them, in this order. No epoch of rights begins: nobody sees more by it."""
    # the right is asked first, so that nobody learns which queues there are by whether it is 403 or 404
    if not context.may(actor, "queue.admin", Thing(queue=command.queue)):
        return forbidden("queue.admin")
    queue = context.directory.queues.get(command.queue)
    if queue is None:
        return refused("queue-not-found", "No such queue", 404, f"There is no queue {command.queue}.")
    if wrong := stale(context, f"queue/{queue.name}", queue.version, command.if_version):
        return wrong
    names = [one.name for one in command.fields]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        return refused("field-twice", "The same field twice", 422, f"{twice[0]} is there twice.")
    for one in command.fields:
        chooses = one.type in ("choice", "several")
        if chooses != bool(one.options):
            detail = f"{one.name}: {'name what may be chosen' if chooses else 'only a choice has options'}."
            return refused("field-options", "Options do not fit the type", 422, detail)
        if len(set(one.options)) < len(one.options) or not all(option.strip() for option in one.options):
            return refused("field-options", "Options do not fit", 422, f"{one.name}: each option once, none empty.")
    if command.fields == queue.fields:
        return refused("no-change", "It is so already", 409, "The fields are the same.")
    changed = queue.model_copy(update={"fields": command.fields, "version": queue.version + 1})
    event = QueueFieldsSet(queue=queue.name, fields=command.fields)
    return [Change(f"queue/{queue.name}", [event], changed.model_dump())]


def _checked(definition: FieldDefinition | None, value: FieldValue | None, before: object) -> FieldValue | None:
    """The value as it is kept; ``Unfit`` when the field does not take it."""
    if value is None or value in ("", []):
        if definition is None and before is None:
            raise Unfit("the queue has no such field")
        if definition is not None and definition.required:
            raise Unfit("required, it cannot be empty")
        return None
    if definition is None:
        raise Unfit("the queue has no such field")
    match definition.type:
        case "text":
            return _text(value)
        case "number":
            return _number(value)
        case "date":
            return _day(value)
        case "choice":
            return _choice(value, definition.options)
        case "several":
            return _several(value, definition.options)


def _text(value: FieldValue) -> str:
    if not isinstance(value, str):
        raise Unfit("a text is wanted")
    text = value.strip()
    if not text or len(text) > TEXT:
        raise Unfit(f"a text of 1 to {TEXT} letters is wanted")
    return text


def _number(value: FieldValue) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or abs(value) > 1e15:
        raise Unfit("a number is wanted")
    return value


def _day(value: FieldValue) -> str:
    try:
        day = date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        day = None
    if day is None or day.isoformat() != value:
        raise Unfit("a day is wanted, as 2026-11-24")
    return day.isoformat()


def _choice(value: FieldValue, options: list[str]) -> str:
    if not isinstance(value, str) or value not in options:
        raise Unfit(f"one of {', '.join(options)} is wanted")
    return value


def _several(value: FieldValue, options: list[str]) -> list[str]:
    if not isinstance(value, list) or not set(value) <= set(options):
        raise Unfit(f"some of {', '.join(options)} are wanted")
    return [option for option in options if option in value]
