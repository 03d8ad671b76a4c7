"""What changes while someone looks: one change stream of the view for all who follow on this replica.

    tickets' rows ──change stream──▶ Live ──what each may see──▶ a bounded queue per follower ──▶ SSE

The stream opens with the first follower and closes a while after the last. Every change has a place, the
cluster's clock, which is the same on every replica: so a browser that comes back, here or elsewhere, names the
last it has seen and gets what it missed, or is told to read all again when nobody remembers so far back.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from ticketwire_chassis.failures import what_failed

from ..domain.directory import Directory
from .asker import Asker
from .entrance import Entrance
from .needs import People, Tickets
from .reading import sees
from .shapes import Change, Ticket

log = structlog.get_logger()

Place = tuple[int, int]

HEARTBEAT_SECONDS = 15.0
LINGER_SECONDS = 60.0
"""How long the change stream stays open after the last follower left."""
LOOK_SECONDS = 2.0
"""How often rights are looked at when no ticket changes; and how long a session is taken to last without a look
before a change is told."""
REMEMBERED = 2000
"""Changes that are kept for who comes back."""
WAITING = 500
"""Changes that wait for one follower; who is slower than that reads all again."""


END = Change("", "end", {})


@dataclass(eq=False, slots=True)
class Follower:
    """One open browser or program."""

    asker: Asker
    waiting: asyncio.Queue[Change] = field(default_factory=asyncio.Queue)

    def put(self, change: Change) -> None:
        """Adds a change; when too many wait they give way to one word: read all again."""
        if self.waiting.qsize() >= WAITING:
            while not self.waiting.empty():
                self.waiting.get_nowait()
            change = Change(change.id, "reset", {})
        self.waiting.put_nowait(change)

    def end(self) -> None:
        """There will be nothing more."""
        self.waiting.put_nowait(END)

    async def next(self, seconds: float) -> Change | None:
        """The next change; None when so long nothing came."""
        try:
            async with asyncio.timeout(seconds):
                return await self.waiting.get()
        except TimeoutError:
            return None


class Live:
    """Followers, and the one stream that feeds them."""

    def __init__(
        self,
        tickets: Tickets,
        people: People,
        entrance: Entrance,
        stopping: asyncio.Event,
        clock: Callable[[], datetime],
    ) -> None:
        self._tickets = tickets
        self._people = people
        self._entrance = entrance
        self._stopping = stopping
        self._clock = clock
        self._followers: set[Follower] = set()
        self._remembered: deque[tuple[Place, str]] = deque(maxlen=REMEMBERED)
        self._pending: dict[str, Place] = {}
        self._wake = asyncio.Event()
        self._opened = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._directory: Directory | None = None

    async def follow(self, asker: Asker, last_id: str | None = None) -> AsyncIterator[Change | None]:
        """What changes from now on, for ever; None now and then as a sign of life, first once it listens.

        Ends when the service stops or the session does. Whoever fails to keep up gets a ``reset``.
        """
        follower = Follower(asker)
        self._followers.add(follower)
        try:
            if not await self._listening():
                return
            yield None
            for missed in await self._missed(asker, last_id):
                yield missed
            checked = self._clock()
            while not self._stopping.is_set():
                change = await follower.next(HEARTBEAT_SECONDS)
                if change is END:
                    return
                known_for = HEARTBEAT_SECONDS * 0.9 if change is None else LOOK_SECONDS
                if (self._clock() - checked).total_seconds() >= known_for:
                    checked = self._clock()
                    if await self._entrance.still(follower.asker, checked) is None:
                        return
                yield change
        finally:
            self._followers.discard(follower)

    # ----------------------------------------------------------------------------------------- the stream

    async def _listening(self) -> bool:
        """Starts the stream if need be; waits until it is open, so that no change falls between."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="gateway:live")
        opened = asyncio.create_task(self._opened.wait())
        stopped = asyncio.create_task(self._stopping.wait())
        done, rest = await asyncio.wait({opened, stopped}, return_when=asyncio.FIRST_COMPLETED)
        for task in rest:
            task.cancel()
        return opened in done

    async def _run(self) -> None:
        tasks = [
            asyncio.create_task(self._gather(), name="gateway:live gathering"),
            asyncio.create_task(self._spread(), name="gateway:live spreading"),
        ]
        try:
            await self._until_nobody_follows()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            self._opened.clear()
            self._remembered.clear()
            self._pending.clear()
            for follower in self._followers:
                follower.end()

    async def _until_nobody_follows(self) -> None:
        alone = 0.0
        while alone < LINGER_SECONDS:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await self._stopping.wait()
                return
            alone = 0.0 if self._followers else alone + 1.0

    async def _gather(self) -> None:
        """Takes changes in. When the stream breaks nobody knows what was missed: all read again."""
        while True:
            try:
                async for place, number in self._tickets.changes(self._opened.set):
                    self._remembered.append((place, number))
                    self._pending[number] = place
                    self._wake.set()
            except Exception as error:
                log.warning("change_stream_broke", error=what_failed(error))
            self._remembered.clear()
            for follower in self._followers:
                follower.put(Change("", "reset", {}))
            await asyncio.sleep(0.5)

    async def _spread(self) -> None:
        """Hands out what has gathered: while one lot is looked up, the next gathers."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._wake.wait()
            self._wake.clear()
            try:
                await self._look_at_rights()
                pending, self._pending = self._pending, {}
                if pending and self._followers:
                    for ticket in await self._in_order(pending):
                        self._tell(_ticket_change(pending[ticket.number], ticket), ticket)
            except Exception as error:
                log.warning("changes_not_told", error=what_failed(error))
                for follower in self._followers:
                    follower.put(Change("", "reset", {}))

    async def _look_at_rights(self) -> None:
        """When the directory has changed, each follower goes on with today's rights, or not at all."""
        directory = await self._people.directory()
        if directory is self._directory:
            return
        known, self._directory = self._directory, directory
        for follower in list(self._followers):
            person = directory.agents.get(follower.asker.person.id)
            if person is None or person.disabled:
                follower.end()
                continue
            asker = follower.asker
            follower.asker = Asker(directory.viewer(person), person, asker.session, directory, asker.via)
            if known is not None:
                follower.put(Change("", "queue", {}))

    async def _in_order(self, places: dict[str, Place]) -> Sequence[Ticket]:
        tickets = await self._tickets.get_many(list(places))
        return sorted(tickets, key=lambda ticket: places[ticket.number])

    def _tell(self, change: Change, ticket: Ticket) -> None:
        for follower in self._followers:
            if sees(follower.asker, ticket):
                follower.put(change)

    # ------------------------------------------------------------------------------------------ coming back

    async def _missed(self, asker: Asker, last_id: str | None) -> list[Change]:
        """What came after the last that was seen; a single ``reset`` when that is not known here."""
        if not last_id:
            return []
        last = read_place(last_id)
        if last is None or not self._remembered or self._remembered[0][0] > last:
            return [Change("", "reset", {})]
        places = {number: place for place, number in self._remembered if place > last}
        tickets = await self._in_order(places)
        return [_ticket_change(places[ticket.number], ticket) for ticket in tickets if sees(asker, ticket)]


def write_place(place: Place) -> str:
    """A place as an event's id."""
    return f"{place[0]}.{place[1]}"


def read_place(word: str) -> Place | None:
    """The place that an id names."""
    seconds, _, counter = word.partition(".")
    plain = word.isascii() and seconds.isdigit() and counter.isdigit() and len(word) < 40
    return (int(seconds), int(counter)) if plain else None


def _ticket_change(place: Place, ticket: Ticket) -> Change:
    return Change(
        write_place(place), "ticket", {"ticket": ticket.number, "queue": ticket.queue, "version": ticket.version}
    )
