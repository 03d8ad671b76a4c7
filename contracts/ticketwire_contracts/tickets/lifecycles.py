"""Lifecycles as data: which statuses there are, which may follow which and by which right; and moving a ticket.

    status ──transition (a right)──▶ status          each status has a category: new, active, waiting, closed
    queue ──lifecycle──▶ statuses      a ticket that moves takes its status along: by the map, or by the same name

``merged`` is no status of any lifecycle: a ticket comes there by merging only.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, StringConstraints

from ..base import Event, Value, Word
from .administration import AdministrationCommand
from .commands import TicketCommand
from .events import TicketEvent
from .values import Category

StatusName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
LifecycleName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]


class Transition(Value):
    """One status may follow another, for whoever holds the right."""

    before: StatusName = Field(description="From this status.")
    after: StatusName = Field(description="To this one.")
    right: str | None = Field(
        default=None, description="The right it needs; without one `ticket.close` to close, else `ticket.edit`."
    )


class Lifecycle(Value):
    """The statuses of a queue's tickets and how they follow each other."""

    name: LifecycleName = Field(description="Short name.")
    title: str = Field(default="", max_length=200, description="Name to show.")
    statuses: dict[StatusName, Category] = Field(description="Status → category, in the order to show.")
    initial: StatusName = Field(description="Status of a new ticket; of category new or active.")
    active: StatusName = Field(description="Status that replies and reopening lead to; of category active.")
    transitions: list[Transition] = Field(default_factory=list, description="What may follow what.")
    maps: dict[LifecycleName, dict[StatusName, StatusName]] = Field(
        default_factory=dict,
        description="Other lifecycle → status here → status there, for tickets that move. Equal names need none.",
    )
    version: int = Field(default=0, description="Commits so far.")

    def after(self, before: str) -> dict[str, str]:
        """Statuses that may follow ``before``, each with the right it needs."""
        return {one.after: self.right_of(one) for one in self.transitions if one.before == before}

    def right_of(self, transition: Transition) -> str:
        """The right that a transition needs."""
        closes = self.statuses.get(transition.after) == "closed"
        return transition.right or ("ticket.close" if closes else "ticket.edit")


DEFAULT_LIFECYCLE = Lifecycle(
    name="default",
    title="Default",
    statuses={
        "new": "new",
        "open": "active",
        "pending": "waiting",
        "stalled": "waiting",
        "resolved": "closed",
        "rejected": "closed",
    },
    initial="new",
    active="open",
    transitions=[
        Transition(before=before, after=after)
        for before, following in {
            "new": ("open", "pending", "stalled", "resolved", "rejected"),
            "open": ("pending", "stalled", "resolved", "rejected"),
            "pending": ("open", "stalled", "resolved", "rejected"),
            "stalled": ("open", "pending", "resolved", "rejected"),
            "resolved": ("open", "rejected"),
            "rejected": ("open", "resolved"),
        }.items()
        for after in following
    ],
)
"""What every queue has unless it is given another; seeded at the beginning, then data like any other."""


class CreateLifecycleV1(AdministrationCommand):
    """Asks for a new lifecycle."""

    topic: ClassVar[str] = "create_lifecycle.v1"
    name: LifecycleName = Field(description="Short name.")
    title: str = Field(default="", max_length=200, description="Name to show; else the short name.")
    statuses: dict[StatusName, Category] = Field(
        min_length=2, max_length=50, description="Status → category, in the order to show."
    )
    initial: StatusName = Field(description="Status of a new ticket.")
    active: StatusName = Field(description="Status that replies and reopening lead to.")
    transitions: list[Transition] = Field(max_length=2500, description="What may follow what.")
    maps: dict[LifecycleName, dict[StatusName, StatusName]] = Field(
        default_factory=dict, max_length=50, description="Other lifecycle → status here → status there."
    )


class ChangeLifecycleV1(AdministrationCommand):
    """Asks for a lifecycle to be other than it was; what is not named stays."""

    topic: ClassVar[str] = "change_lifecycle.v1"
    name: LifecycleName = Field(description="Which lifecycle.")
    if_version: int | None = Field(default=None, description="Refused (412) unless it has this version.")
    title: str | None = Field(default=None, max_length=200, description="Name to show.")
    statuses: dict[StatusName, Category] | None = Field(
        default=None, min_length=2, max_length=50, description="All statuses; those of a lifecycle in use stay."
    )
    initial: StatusName | None = Field(default=None, description="Status of a new ticket.")
    active: StatusName | None = Field(default=None, description="Status that replies and reopening lead to.")
    transitions: list[Transition] | None = Field(default=None, max_length=2500, description="What may follow what.")
    maps: dict[LifecycleName, dict[StatusName, StatusName]] | None = Field(
        default=None, max_length=50, description="All maps."
    )


class LifecycleChangedV1(Event):
    """Sent when a lifecycle was made or changed."""

    topic: ClassVar[str] = "lifecycle.changed.v1"
    publisher: ClassVar[str] = "tickets"
    lifecycle: Lifecycle = Field(description="The lifecycle.")


class SetQueueV1(TicketCommand):
    """Asks for a ticket to be moved into another queue; its status is mapped if the lifecycle is another."""

    topic: ClassVar[str] = "set_queue.v1"
    queue: Word = Field(description="Name of the queue.")


class TicketMovedV1(TicketEvent):
    """Sent when a ticket was moved into another queue."""

    topic: ClassVar[str] = "ticket.moved.v1"
    before: str = Field(description="Queue before.")
    after: str = Field(description="Queue after.")
    status_before: str = Field(description="Status before; another one where the lifecycles differ.")
