"""What outsiders hear of a log: said from a cursor of its own, so that nobody outside holds up anybody inside.

The relay hands on what it says inside; what was not handed on, or not said by the relay before, is read from the log.
A queue outside that takes nothing, and does not refuse either, is waited for here alone. At least once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

import orjson
import structlog

from ticketwire_contracts.tickets import PublicEvent

from .commits import Commit, from_doc
from .failures import what_failed
from .metrics import PUBLIC_BEHIND
from .mongo import ASCENDING, Database, DuplicateKeyError

log = structlog.get_logger()

AT_ONCE = 200
"""Places said together."""
NEAR = 2000
"""Places kept at hand; beyond it they are read again."""
PAUSE_SECONDS = 1.0
KEEP_SECONDS = 1.0
"""So often the cursor is written while there is something to say: each time would be a write for every few mails. What
was said since may be said again after a crash, under the same ids."""
SAY_SECONDS = 60.0
"""So often it is said that outsiders keep us waiting."""

Message = tuple[str, str, str, str, bytes]
"""Key, type, id, correlation, body."""


class Speaker(Protocol):
    """What brings public events to the broker; returns when they are safe there or refused."""

    async def say_publicly(self, events: Sequence[Message]) -> None: ...


class Outward:
    """Says one log's public events. Only the replica that relays the log runs it."""

    def __init__(self, db: Database, broker: Speaker, public: Callable[[Commit], Sequence[PublicEvent]]) -> None:
        self._commits = db["commits"].with_majority_reads()
        self._positions = db["positions"].with_majority_reads()
        self._cursors = db["cursors"]
        self._broker = broker
        self._public = public
        self._near: deque[tuple[int, list[Message]]] = deque()
        self._wake = asyncio.Event()
        self._place = 0
        self._kept = 0
        self._kept_at = 0.0
        self._unkept = False
        self._late = False

    async def prepare(self) -> None:
        """The cursor begins after what was said before there was one."""
        newest = await self._positions.find({}, sort=[("_id", -1)], limit=AT_ONCE)
        ids = [row["commit"] for row in newest]
        waiting = {orjson.dumps(doc["_id"]) for doc in await self._commits.find({"_id": {"$in": ids}, "pending": True})}
        unsaid = [row["_id"] for row in newest if orjson.dumps(row["commit"]) in waiting]
        place = min(unsaid) - 1 if unsaid else max((row["_id"] for row in newest), default=0)
        with suppress(DuplicateKeyError):
            await self._cursors.insert_one({"_id": "public", "place": place})

    def hand_on(self, place: int, events: Sequence[PublicEvent]) -> None:
        """What stands at a place, in the order of places."""
        if len(self._near) >= NEAR:
            self._near.clear()
        self._near.append((place, [_message(event) for event in events]))
        PUBLIC_BEHIND.set(place - self._place)
        self._wake.set()

    async def run(self) -> None:
        """Says what is to be said, for ever."""
        self._near.clear()
        while True:
            try:
                await self._read_on()
                while True:
                    self._wake.clear()
                    await self._say_near()
                    await self._keep_in_time()
            except asyncio.CancelledError:
                if self._unkept:
                    with suppress(Exception):
                        await self._keep()
                raise
            except Exception as error:
                log.warning("outsiders_not_told", error=what_failed(error))
                await asyncio.sleep(PAUSE_SECONDS)

    async def _read_on(self) -> None:
        """From where the cursor stands to the end of the log."""
        cursor = await self._cursors.find_one({"_id": "public"})
        self._place = self._kept = cursor["place"] if cursor else 0
        while read := await self._read():
            await self._say(read)

    async def _say_near(self) -> None:
        while self._near or self._late:
            if self._late or self._near[0][0] > self._place + 1:  # some were let go when there were too many
                self._late = False
                self._near.clear()
                await self._read_on()
                continue
            several = [self._near.popleft() for _ in range(min(len(self._near), AT_ONCE))]
            await self._say([one for one in several if one[0] > self._place])

    async def _read(self) -> list[tuple[int, list[Message]]]:
        rows = await self._positions.find({"_id": {"$gt": self._place}}, sort=[("_id", ASCENDING)], limit=AT_ONCE)
        docs = await self._commits.find({"_id": {"$in": [row["commit"] for row in rows]}}) if rows else []
        commits = {orjson.dumps(doc["_id"]): from_doc(doc) for doc in docs}
        return [
            (row["_id"], [_message(event) for event in self._public(commits[orjson.dumps(row["commit"])])])
            for row in rows
        ]

    async def _say(self, several: Sequence[tuple[int, list[Message]]]) -> None:
        if not several:
            return
        messages = [message for _, events in several for message in events]
        if messages:
            await self._patiently(messages)
        self._place = several[-1][0]
        PUBLIC_BEHIND.set(self._near[-1][0] - self._place if self._near else 0)
        self._unkept = self._unkept or bool(messages)
        if self._place - self._kept >= AT_ONCE:
            await self._keep()

    async def _keep_in_time(self) -> None:
        """Waits for more; keeps the cursor when nothing came for a moment, or when it was not kept for one. Where
        nothing is public it seldom moves."""
        try:
            async with asyncio.timeout_at(self._kept_at + KEEP_SECONDS if self._unkept else None):
                await self._wake.wait()
        except TimeoutError:
            await self._keep()

    async def _keep(self) -> None:
        await self._cursors.update_one({"_id": "public"}, {"$max": {"place": self._place}}, upsert=True)
        self._kept, self._kept_at, self._unkept = self._place, asyncio.get_running_loop().time(), False

    async def _patiently(self, messages: Sequence[Message]) -> None:
        """Waits as long as it takes: said again, it would only stand in line twice. A lost connection ends the wait.

        After a long wait what comes next is read from the log again: someone may have been erased from it meanwhile.
        """
        saying = asyncio.create_task(self._broker.say_publicly(messages))
        try:
            while not (await asyncio.wait([saying], timeout=SAY_SECONDS))[0]:
                log.error("outsiders_keep_us_waiting", events=len(messages), place=self._place)
                self._late = True
            await saying
        finally:
            saying.cancel()


def _message(event: PublicEvent) -> Message:
    key = f"{event.type}.{event.ticket.queue}"
    return key, event.type, event.id, event.correlation, event.model_dump_json().encode()
