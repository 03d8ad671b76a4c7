"""What is left of a ticket since personal values were taken out of it, and of the events of before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ticketwire_contracts.base import Event
from ticketwire_contracts.catalogue import told_again
from ticketwire_contracts.tickets import Ticket, TicketErasedV1, TicketEvent

from .outgoing import Outgoing


@dataclass(frozen=True, slots=True)
class Left:
    """The ticket as of the greatest version; of each event the newest word, as not every erasure tells of each."""

    stream: str
    version: int
    ticket: Ticket
    events: Mapping[str, Event]
    """Those that said what was taken out, by id; all others of before said nothing of it but by their ``ticket``."""

    def of(self, event: TicketEvent) -> TicketEvent:
        """An event as it is from now on, whenever it comes again."""
        if event.version > self.version:
            return event
        again = self.events.get(event.id)
        return again if isinstance(again, TicketEvent) else event.model_copy(update={"ticket": self.ticket})

    def concerns(self, row: Outgoing) -> bool:
        """Whether a mail follows from an event of before."""
        stream, version, _ = row.cause.rsplit(":", 2)
        return stream == self.stream and int(version) <= self.version


def left_of(event: TicketErasedV1) -> Left:
    """What an erasure says is left, together with what those before it said. Types that nobody here knows tell nobody
    anything."""
    return Left(event.subject, event.version, event.ticket, {one.id: one for one in told_again(event)})
