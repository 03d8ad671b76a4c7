"""What is done with everything heard: it changes the views. The answers to our own commands do too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ticketwire_chassis.events import read_event
from ticketwire_contracts.base import Answer, Event
from ticketwire_contracts.escalation import TimersSetV1
from ticketwire_contracts.notify import NotificationFailedV1, NotificationSentV1
from ticketwire_contracts.tickets import (
    GrantGivenV1,
    GrantTakenV1,
    GroupChangedV1,
    LifecycleChangedV1,
    PersonChangedV1,
    PersonCreatedV1,
    PersonErasedV1,
    QueueChangedV1,
    QueueCreatedV1,
    QueueFieldsSetV1,
    TicketAbsorbedV1,
    TicketAdoptedV1,
    TicketDependencyReopenedV1,
    TicketDueChangedV1,
    TicketErasedV1,
    TicketEscalatedV1,
    TicketFieldsChangedV1,
    TicketForwardedV1,
    TicketLinkedV1,
    TicketMergedV1,
    TicketMessagesMovedV1,
    TicketMessagesReturnedV1,
    TicketMovedV1,
    TicketNotedV1,
    TicketOpenedV1,
    TicketOwnerChangedV1,
    TicketPartWaitsV1,
    TicketPeopleChangedV1,
    TicketPriorityChangedV1,
    TicketReceivedV1,
    TicketReleasedV1,
    TicketRepliedV1,
    TicketRequestersChangedV1,
    TicketStatusChangedV1,
    TicketSubjectChangedV1,
    TicketTagsChangedV1,
    TicketTimeWorkedV1,
    TicketUnlinkedV1,
    TicketUnmergedV1,
)

from .domain.changes import Changes, changes

SHOWN = (
    TicketOpenedV1,
    TicketReceivedV1,
    TicketRepliedV1,
    TicketNotedV1,
    TicketStatusChangedV1,
    TicketOwnerChangedV1,
    TicketPriorityChangedV1,
    TicketEscalatedV1,
    QueueCreatedV1,
    PersonCreatedV1,
    GroupChangedV1,
    GrantGivenV1,
    GrantTakenV1,
    TimersSetV1,
    NotificationSentV1,
    NotificationFailedV1,
    TicketSubjectChangedV1,
    TicketDueChangedV1,
    TicketRequestersChangedV1,
    TicketPeopleChangedV1,
    TicketTagsChangedV1,
    TicketFieldsChangedV1,
    TicketTimeWorkedV1,
    TicketForwardedV1,
    QueueFieldsSetV1,
    TicketLinkedV1,
    TicketUnlinkedV1,
    TicketDependencyReopenedV1,
    TicketMergedV1,
    TicketAbsorbedV1,
    TicketUnmergedV1,
    TicketReleasedV1,
    TicketMessagesMovedV1,
    TicketMessagesReturnedV1,
    TicketPartWaitsV1,
    TicketAdoptedV1,
    LifecycleChangedV1,
    TicketMovedV1,
    QueueChangedV1,
    PersonChangedV1,
    PersonErasedV1,
    TicketErasedV1,
)
"""What is heard: all that is shown. Mail as it came in is not; what became of it is."""


class Store(Protocol):
    """Where the views are kept."""

    async def apply(self, changes: Changes) -> None:
        """Writes them; again makes no difference."""
        ...


class Handlers:
    """The gateway decides nothing: it takes over what the others say."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def on_events(self, events: Sequence[Event]) -> None:
        """Every event about tickets, their deadlines, what was sent, queues, persons, groups and grants."""
        await self._store.apply(changes(events))

    async def apply_answer(self, answer: Answer) -> None:
        """What came of a command, before its batch comes: people read their own writes (decision 13)."""
        known = [event for event in map(read_event, answer.events) if isinstance(event, SHOWN)]
        if known:
            await self.on_events(known)
