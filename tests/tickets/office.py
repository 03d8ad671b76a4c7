"""The world of the tests and who administers it: queues, lifecycles, groups, grants and persons change under it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from services.tickets.domain.changes import decide_change
from services.tickets.domain.context import Context, Directory
from services.tickets.domain.decision import Decision, Refusal
from ticketwire_contracts.base import Actor
from ticketwire_contracts.tickets import (
    AdministrationCommand,
    CreateLifecycleV1,
    Grant,
    Group,
    Lifecycle,
    Person,
    Queue,
    Transition,
)

from .world import SYSTEM as TICKETS
from .world import World

SYSTEM = Actor(kind="system", id="system/gateway")

REPAIRS = CreateLifecycleV1(
    name="repairs",
    statuses={"received": "new", "open": "active", "parts": "waiting", "done": "closed"},
    initial="received",
    active="open",
    transitions=[
        Transition(before="received", after="open"),
        Transition(before="open", after="parts", right="ticket.assign"),
        Transition(before="open", after="done"),
        Transition(before="done", after="open"),
    ],
    maps={"default": {"received": "new", "done": "resolved"}},
)


class Office(World):
    """The world, and who administers it."""

    def __init__(self, *, catch_all: bool = True) -> None:
        super().__init__(catch_all=catch_all)
        self.epoch = 1
        self.seqs: Counter[str] = Counter()
        """Commits of each stream so far."""

    def administer(self, command: AdministrationCommand, actor: Actor = SYSTEM) -> Decision:
        """Someone administers; what is accepted takes effect."""
        self.epoch += 1
        decision = decide_change(self.context(), actor, command, f"cause{self.epoch}", self.epoch)
        if not isinstance(decision, Refusal):
            self._apply(decision, actor)
        return decision

    def take(self, decision: Decision) -> None:
        """What was decided elsewhere takes effect."""
        self._apply(decision)

    def _apply(self, decision: Decision, actor: Actor = TICKETS) -> None:
        super()._apply(decision, actor)
        assert not isinstance(decision, Refusal)
        queues, groups = dict(self.directory.queues), dict(self.directory.groups)
        lifecycles, grants = dict(self.directory.lifecycles), list(self.directory.grants)
        for change in decision:
            self.seqs[change.stream] += 1
            after: Any = change.after
            kind, _, name = change.stream.partition("/")
            if kind == "queue":
                queues[name] = Queue.model_validate(after)
            elif kind == "group":
                groups[name] = Group.model_validate(after)
            elif kind == "lifecycle":
                lifecycles[name] = Lifecycle.model_validate(after)
            elif kind == "grant":
                grant = Grant.model_validate(after["grant"])
                grants = [*(one for one in grants if one != grant), *([grant] if after["given"] else [])]
            elif kind == "claim" and not after["owner"]:
                self.claims.pop(change.stream, None)
        self.directory = Directory(queues, groups, tuple(grants), self.epoch, lifecycles)

    def context(self) -> Context:
        freed = {name: n for name, n in self.seqs.items() if name.startswith("claim/") and name not in self.claims}
        return replace(super().context(), freed=freed)

    def customer(self, address: str) -> Person:
        """Who has claimed an address."""
        return self.persons[self.claims[self.context().claim("address", address)]]
