"""What a decision comes to: changes of streams, the first of which remembers the cause, or a refusal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ticketwire_contracts.base import Problem
from ticketwire_contracts.tickets import Person

from .events import Claimed, PersonCreated, Thin
from .state import TicketState


@dataclass(frozen=True, slots=True)
class Change:
    """What happened on one stream, and its whole state after it."""

    stream: str
    events: Sequence[Thin]
    after: TicketState | dict[str, Any]
    keys: Sequence[str] = ()
    claim: bool = False
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not. ``details`` stand in the refusal's commit, e.g. which mail it was about."""

    problem: Problem
    details: dict[str, Any] = field(default_factory=dict)


Decision = Sequence[Change] | Refusal


def refused(type: str, title: str, status: int, detail: str = "", **extra: Any) -> Refusal:
    """A refusal in one line."""
    return Refusal(Problem(type=type, title=title, status=status, detail=detail, extra=extra))


def claimed(stream: str, owner: str) -> Change:
    """A name is taken."""
    return Change(stream, [Claimed(owner=owner)], {"owner": owner}, claim=True)


def released(stream: str) -> Change:
    """A name is given up; whoever wants it may have it."""
    return Change(stream, [Claimed(owner="")], {"owner": ""}, claim=True)


def person_made(person: Person) -> Change:
    """A person is made; whoever finds the claim without its person makes the same one."""
    made = person.model_copy(update={"version": 1})
    return Change(person.id, [PersonCreated(person=made)], made.model_dump(), shared=True)
