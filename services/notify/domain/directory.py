"""Queues, agents, groups and grants at one moment, and the questions that notify asks of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel

from ticketwire_contracts.rights import Thing, Viewer, holds, viewer_of, visible_to
from ticketwire_contracts.tickets import Grant, Group, Person, Queue

from .addresses import plain


@dataclass(frozen=True, slots=True)
class Known:
    """One entry of the directory: a queue, an agent, a group, a grant (taken back: no value)."""

    key: str
    version: int
    value: BaseModel | None
    epoch: int = 0


@dataclass(frozen=True)
class Directory:
    """A snapshot. Customers do not stand in it: they come with their events."""

    queues: Mapping[str, Queue] = field(default_factory=dict)
    persons: Mapping[str, Person] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    grants: tuple[Grant, ...] = ()
    epoch: int = 0
    """The newest epoch of rights in it."""
    erasures: int = 0
    """Moves whenever something was erased: whoever remembers what is left of what looks again."""
    _viewers: dict[str, Viewer] = field(default_factory=dict, compare=False, repr=False)
    _named: dict[str, tuple[Person, ...]] = field(default_factory=dict, compare=False, repr=False)
    _ours: set[str] = field(default_factory=set, compare=False, repr=False)

    def __post_init__(self) -> None:
        self._ours.update(plain(address) for queue in self.queues.values() for address in queue.addresses)

    def is_ours(self, address: str) -> bool:
        """Whether it is the address of a queue, with or without a token."""
        return plain(address) in self._ours

    def viewer(self, person: Person) -> Viewer:
        """The viewer that an agent is."""
        if person.id not in self._viewers:
            self._viewers[person.id] = viewer_of(person, self.groups.values())
        return self._viewers[person.id]

    def sees(self, person: Person, thing: Thing) -> bool:
        """Whether an agent may see a thing now."""
        return visible_to(self.viewer(person), thing, self.grants)

    def may(self, person: Person, right: str, thing: Thing) -> bool:
        """Whether an agent has a right on a thing now."""
        return holds(self.viewer(person), right, thing, self.grants)

    def people(self, names: Iterable[str]) -> list[Person]:
        """The agents whom names of persons and groups mean; groups in groups are opened, cycles do no harm."""
        found: dict[str, Person] = {}
        for name in names:
            if name not in self._named:
                self._named[name] = tuple(self._open(name, set()))
            found |= {person.id: person for person in self._named[name]}
        return list(found.values())

    def _open(self, name: str, seen: set[str]) -> Iterable[Person]:
        if name in seen:
            return
        seen.add(name)
        if name in self.persons:
            yield self.persons[name]
        group = self.groups.get(name.removeprefix("group/")) if name.startswith("group/") else None
        for member in group.members if group else ():
            yield from self._open(member, seen)
