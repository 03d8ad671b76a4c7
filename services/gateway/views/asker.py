"""Who asks, and how a refusal comes back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from ticketwire_contracts.base import Actor, Problem
from ticketwire_contracts.rights import Viewer
from ticketwire_contracts.tickets import Person

from ..domain.directory import Directory


@dataclass(frozen=True, slots=True)
class Asker:
    """The person who is logged in, as rights see them, and by which door they came."""

    viewer: Viewer
    person: Person
    session: str
    """Id of the session (a digest, never the token)."""
    directory: Directory = field(repr=False)
    """Who there is and what they hold, as it stood when the request came."""
    via: Literal["api", "page"] = "api"

    @property
    def actor(self) -> Actor:
        """As they stand in commands and events."""
        return Actor(kind="agent", id=self.person.id, via=self.via)

    @property
    def login(self) -> str:
        """Login name; whoever can log in has one."""
        return self.person.login or ""

    @property
    def name(self) -> str:
        """What to call them."""
        return self.person.name or self.login

    @property
    def language(self) -> str | None:
        """The language they chose, if they chose one."""
        return self.person.language


class Refused(Exception):
    """It was refused, here or by the service that decides; ``problem`` says why, for people and programs."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.status} {problem.type}: {problem.detail or problem.title}")
        self.problem = problem


def refuse(type: str, *, title: str, status: int, detail: str = "", **extra: Any) -> Refused:
    """A refusal in one line: ``raise refuse("not-found", title="…", status=404)``."""
    return Refused(Problem(type=type, title=title, status=status, detail=detail, extra=extra))


def not_found() -> Refused:
    """What is not there and what one may not know of look the same."""
    return refuse("not-found", title="There is no such thing", status=404, detail="It does not exist, or not for you.")
