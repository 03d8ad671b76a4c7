"""One change for many tickets: each its own commands and its own result, some at once.

The ids of the commands come from the one id of the request, the ticket and the part: sent again after an answer was
lost, what was done is answered as then and only the rest is done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ticketwire_contracts.tickets import FieldValue

from .asker import Asker, Refused
from .shapes import Outcome, Ticket
from .upkeep import Role, Upkeep
from .work import Work

AT_ONCE = 8
"""Tickets worked on at the same time: tickets takes commands in batches, so a few are enough."""
UNKNOWN = frozenset({500, 503})
"""Nobody knows whether it was done: the whole request is to be sent again."""

Part = Callable[[str, str], Awaitable[Ticket | None]]


@dataclass(frozen=True, slots=True)
class ManyChange:
    """What to change; ``parts`` names what is asked for, since an owner or due date may be asked to be none."""

    parts: frozenset[str]
    owner: str | None = None
    priority: int = 50
    due: datetime | None = None
    people: Mapping[Role, tuple[Sequence[str], Sequence[str]]] = field(default_factory=dict)
    tags: tuple[Sequence[str], Sequence[str]] = ((), ())
    fields: Mapping[str, FieldValue | None] = field(default_factory=dict)
    note: str = ""
    queue: str = ""
    status: str = ""
    until: datetime | None = None


class Bulk:
    """Changes many tickets."""

    def __init__(self, work: Work, upkeep: Upkeep) -> None:
        self._work = work
        self._upkeep = upkeep

    async def change(self, asker: Asker, command_id: str, numbers: Sequence[str], change: ManyChange) -> list[Outcome]:
        """What became of each ticket, in the order in which they were named.

        Raises what a service did not answer (503), after the other tickets are done.
        """
        room = asyncio.Semaphore(AT_ONCE)
        parts = self._parts(asker, change)

        async def one(number: str) -> Outcome | Refused:
            async with room:
                return await self._one(command_id, number, parts)

        asked = list(dict.fromkeys(number.upper() for number in numbers))
        outcomes = await asyncio.gather(*(one(number) for number in asked))
        for outcome in outcomes:
            if isinstance(outcome, Refused):
                raise outcome
        return [outcome for outcome in outcomes if isinstance(outcome, Outcome)]

    async def _one(self, command_id: str, number: str, parts: Mapping[str, Part]) -> Outcome | Refused:
        done: list[str] = []
        ticket: Ticket | None = None
        for name, part in parts.items():
            try:
                ticket = await part(number, f"{command_id} {number} {name}")
            except Refused as refused:
                problem = refused.problem
                if problem.status in UNKNOWN:
                    return refused
                told = {**problem.extra, **problem.model_dump(exclude={"extra"})}
                return Outcome(number, False, done, ticket.version if ticket else None, told)
            done.append(name)
        return Outcome(number, True, done, ticket.version if ticket else None)

    def _parts(self, asker: Asker, change: ManyChange) -> dict[str, Part]:
        """The commands for a ticket, in their order: the status last, so that closing finds the fields filled."""
        work, upkeep = self._work, self._upkeep

        def people(role: Role) -> Part:
            add, remove = change.people[role]
            return lambda number, key: upkeep.change_people(asker, key, number, role=role, add=add, remove=remove)

        offered: dict[str, Part] = {
            "owner": lambda number, key: work.set_owner(asker, key, number, owner=change.owner),
            "priority": lambda number, key: work.set_priority(asker, key, number, priority=change.priority),
            "due": lambda number, key: upkeep.set_due(asker, key, number, due=change.due),
            **{role: people(role) for role in change.people},
            "tags": lambda number, key: upkeep.set_tags(asker, key, number, add=change.tags[0], remove=change.tags[1]),
            "fields": lambda number, key: upkeep.set_fields(asker, key, number, fields=change.fields),
            "note": lambda number, key: work.note(asker, key, number, text=change.note),
            "queue": lambda number, key: work.set_queue(asker, key, number, queue=change.queue),
            "status": lambda number, key: work.set_status(asker, key, number, status=change.status, until=change.until),
        }
        return {name: part for name, part in offered.items() if name in change.parts}
