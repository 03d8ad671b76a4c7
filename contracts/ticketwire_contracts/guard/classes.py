"""Names and descriptions: a class says in one look what it is, and the catalogue knows it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from .. import base, escalation, ingest, notify, rights, tickets
from ..base import Command, Event, Value
from ..catalogue import COMMANDS, EVENTS
from .finding import Finding

MODULES = {"ingest": ingest, "tickets": tickets, "escalation": escalation, "notify": notify}
SHARED = (base, rights)
TOPIC = re.compile(r"[a-z_]+(\.[a-z_]+)?\.v[1-9]\d*")


def unruly_classes() -> Iterator[Finding]:
    """Every class of the contract that is misnamed, undescribed or left out of the catalogue."""
    for shared in SHARED:
        for kind in values_of(shared):
            yield from undescribed(kind)
    for service, module in MODULES.items():
        for kind in values_of(module):
            yield from undescribed(kind)
            if issubclass(kind, (Event, Command)) and "topic" in vars(kind):
                yield from misplaced(service, kind)


def values_of(module: ModuleType) -> Iterator[type[Value]]:
    """The contract's classes that a module defines itself, or, where it is a folder, in its files."""
    for file in (module, *files_of(module)):
        for kind in vars(file).values():
            if inspect.isclass(kind) and issubclass(kind, Value) and kind.__module__ == file.__name__:
                yield kind


def files_of(module: ModuleType) -> Iterator[ModuleType]:
    """The files of a folder, whether or not its front names them."""
    for found in iter_modules(getattr(module, "__path__", ())):
        yield import_module(f"{module.__name__}.{found.name}")


def undescribed(kind: type[Value]) -> Iterator[Finding]:
    """A class without docstring, or a field without description: outsiders would see a bare name."""
    if not vars(kind).get("__doc__"):
        yield Finding(kind.__name__, "has no docstring", "Say in a line what it is.")
    for name, field in kind.model_fields.items():
        if name in inspect.get_annotations(kind) and not field.description:
            yield Finding(kind.__name__, f"field `{name}` has no description", 'Give it one: `Field(description="…")`.')


def misplaced(service: str, kind: type[Event] | type[Command]) -> Iterator[Finding]:
    """A topic that does not follow from the class, or a class that the catalogue does not list."""
    name, topic = kind.__name__, kind.topic
    if not TOPIC.fullmatch(topic) or name != class_name(topic):
        yield Finding(name, f"its topic is `{topic}`", f"Class and topic go together: `{class_name(topic)}`.")
    is_event = issubclass(kind, Event)
    catalogue: dict[str, type[Event]] | dict[str, type[Command]] = EVENTS if is_event else COMMANDS
    if catalogue.get(topic) is not kind:
        yield Finding(name, "is not in the catalogue", "Add it in contracts/ticketwire_contracts/catalogue.py.")
    speaks = kind.publisher if issubclass(kind, Event) else kind.obeyed_by
    if speaks != service:
        yield Finding(name, f"stands in `{service}` and belongs to `{speaks}`", f"Move it to {speaks}.py.")
    opening = "Sent " if is_event else "Asks for "
    if not (vars(kind).get("__doc__") or "").startswith(opening):
        yield Finding(name, f"its docstring does not begin with `{opening.strip()}`", "Say when, or what for.")


def class_name(topic: str) -> str:
    """``ticket.status_changed.v1`` → ``TicketStatusChangedV1``."""
    return "".join(word.capitalize() for word in re.split(r"[._]", topic))
