"""What each ticket owes and who watches it, reckoned from the log deed by deed, without the fold: message by message,
and each ticket by itself, whatever it is merged into."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import groupby

from services.tickets.domain.events import (
    Adopted,
    Merged,
    MessagesMoved,
    MessagesReturned,
    Opened,
    PeopleChanged,
    Received,
    Replied,
    Thin,
    TimeWorked,
    Unmerged,
)
from services.tickets.domain.state import TicketState
from ticketwire_contracts.tickets import ClockFacts

Log = Mapping[str, list[tuple[datetime, list[Thin]]]]


class Owed:
    """The reckoning so far."""

    def __init__(self) -> None:
        self.waiting: dict[str, dict[str, datetime]] = defaultdict(dict)
        """Ticket → messages of customers that stand there without an answer → since when."""
        self.first: dict[str, datetime] = {}
        """Ticket → when it was answered first."""
        self.into: dict[str, str] = {}
        """Merged ticket → the one it was merged into."""
        self.watching: dict[str, set[str]] = defaultdict(set)
        """Ticket → who was put on as watcher there."""
        self.taken_off: set[str] = set()
        """Whoever was ever taken off anywhere: whether they hear by a merged ticket, no simple rule says."""
        self.worked = 0
        """Minutes on all tickets."""
        self._copies: dict[str, str] = {}
        self._read: dict[str, int] = {}

    def read(self, log: Log) -> None:
        """Takes in what is new in the log. Each deed has a time of its own."""
        new = [
            (at, number, events) for number, all_of in log.items() for at, events in all_of[self._read.get(number, 0) :]
        ]
        self._read = {number: len(all_of) for number, all_of in log.items()}
        for at, group in groupby(sorted(new, key=lambda one: one[0]), key=lambda one: one[0]):
            deed = [(number, event) for _, number, events in group for event in events]
            waited = {message: since for ticket in self.waiting.values() for message, since in ticket.items()}
            leaving = {message for _, event in deed if isinstance(event, MessagesMoved) for message in event.messages}
            back = {self._copies[one]: waited[one] for one in leaving & waited.keys() & self._copies.keys()}
            for number, event in deed:
                self._happened(number, event, at, waited, back)

    def _happened(
        self, number: str, event: Thin, at: datetime, waited: Mapping[str, datetime], back: Mapping[str, datetime]
    ) -> None:
        """``waited``: what waited before the deed; ``back``: of what goes where it came from, what waited as copy."""
        match event:
            case Adopted():
                here = f"{number}.{event.n}"
                self._copies[here] = event.origin
                if event.origin in waited:
                    self.waiting[number][here] = event.said_at
                if event.spoke == "agent":
                    self.first[number] = min(self.first.get(number, event.said_at), event.said_at)
            case Opened() if event.kind == "mail" or event.opened_by == "phone":
                if not event.author.agent and not event.auto.is_auto:
                    self.waiting[number][f"{number}.{event.n}"] = at
            case Received() if not event.auto.is_auto:
                self.waiting[number][f"{number}.{event.n}"] = at
            case Replied():
                for one in self.inside(number):
                    self.waiting[one].clear()
                    self.first.setdefault(one, at)
            case MessagesMoved() if not event.copied:
                for message in event.messages:
                    self.waiting[number].pop(message, None)
            case MessagesReturned():
                self.waiting[number] |= {message: back[message] for message in event.messages if message in back}
            case Merged():
                self.into[number] = event.into
            case Unmerged():
                del self.into[number]
            case PeopleChanged() if event.role == "watchers":
                gone = {one.id for one in event.removed}
                self.watching[number] = (self.watching[number] - gone) | {one.id for one in event.added}
                self.taken_off |= gone
            case TimeWorked():
                self.worked += event.minutes

    def inside(self, number: str) -> set[str]:
        """A ticket and all that is merged into it."""
        parts = [self.inside(one) for one, into in self.into.items() if into == number]
        return {number}.union(*parts)

    def check(self, tickets: Mapping[str, TicketState]) -> None:
        """The states say the same."""
        alone = [one for one in tickets.values() if one.merged_into is None]
        for ticket in alone:
            for number, clocks in facts_of(ticket):
                since = min(self.waiting[number].values(), default=None)
                assert clocks.oldest_unanswered_at == since, f"{number} waits since {since}"
                first = self.first.get(number)
                assert clocks.first_answered_at == first, f"{number} was answered first at {first}"
            inside = set().union(*(self.watching[number] for number in self.inside(ticket.number)))
            watchers = {one.id for one in ticket.watchers}
            assert inside - self.taken_off <= watchers <= inside
            assert self.watching[ticket.number] <= watchers
        assert sum(one.time_worked for one in alone) == self.worked


def facts_of(ticket: TicketState) -> Iterable[tuple[str, ClockFacts]]:
    """The clocks of a ticket and of each that is merged into it."""
    yield ticket.number, ticket.own.clocks if ticket.own else ticket.clocks
    for part in ticket.absorbed:
        yield part.number, part.clocks
