"""Who there is and what they hold: queues, agents, groups and grants, as one value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from ticketwire_contracts.rights import Thing, Viewer, holds, viewer_of
from ticketwire_contracts.tickets import DEFAULT_LIFECYCLE, Grant, Group, Lifecycle, Person, Queue


@dataclass(frozen=True)
class Directory:
    """All that decides who may see what. Small: customers are not in it."""

    queues: dict[str, Queue] = field(default_factory=dict)
    agents: dict[str, Person] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    grants: tuple[Grant, ...] = ()
    lifecycles: dict[str, Lifecycle] = field(default_factory=lambda: {DEFAULT_LIFECYCLE.name: DEFAULT_LIFECYCLE})

    @cached_property
    def _viewers(self) -> dict[str, Viewer]:
        return {}

    def viewer(self, person: Person) -> Viewer:
        """The viewer a person is."""
        known = self._viewers.get(person.id)
        if known is None:
            known = self._viewers[person.id] = viewer_of(person, self.groups.values())
        return known

    @cached_property
    def by_login(self) -> dict[str, Person]:
        """Agents by login name."""
        return {agent.login: agent for agent in self.agents.values() if agent.login}

    def may(self, viewer: Viewer, right: str, thing: Thing | None = None) -> bool:
        """Whether someone holds a right, on a thing or everywhere."""
        return holds(viewer, right, thing or Thing(), self.grants)

    def lifecycle_of(self, queue: str) -> Lifecycle:
        """The lifecycle of a queue."""
        known = self.queues.get(queue)
        return self.lifecycles.get(known.lifecycle if known else "", DEFAULT_LIFECYCLE)

    def queue_thing(self, queue: str) -> Thing:
        """A queue as the rule of visibility sees it."""
        return Thing(queue=queue, roles=self._queue_roles(queue))

    def ticket_thing(
        self,
        number: str,
        queue: str,
        *,
        owner: str | None = None,
        requesters: Iterable[str] = (),
        cc: Iterable[str] = (),
        admin_cc: Iterable[str] = (),
        internal: bool = False,
    ) -> Thing:
        """A ticket as the rule of visibility sees it."""
        return Thing(
            queue=queue,
            ticket=number,
            internal=internal,
            roles={
                "owner": frozenset([owner] if owner else ()),
                "requester": frozenset(requesters),
                "cc": frozenset(cc),
                "admin_cc": frozenset(admin_cc),
                **self._queue_roles(queue),
            },
        )

    def _queue_roles(self, name: str) -> dict[str, frozenset[str]]:
        queue = self.queues.get(name)
        if queue is None:
            return {}
        return {"watcher": frozenset(queue.watchers), "supervisor": frozenset(queue.supervisors)}
