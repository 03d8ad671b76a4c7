"""The relay: says what is in the log, in order, at least once; nobody publishes by hand (decisions 6, 7, 10).

One replica of a service relays, by a lease on the database's clock. It takes commits with ``pending: true``,
gives each the next place in ``positions`` (no gaps; one hash chain over all), says their events in batches,
waits for the confirm, and unsets ``pending`` in one update. A stale relay trips over a taken place and stops. Outsiders
hear beside that, from a cursor of their own (``outward.py``).

It is woken in its own process by whoever writes, and from other replicas by a transient nudge over the broker;
besides it looks every second. (A change stream did the same for more of mongod's time: ADR 0008.)
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

import orjson
import structlog

from ticketwire_contracts.base import Event
from ticketwire_contracts.tickets import PublicEvent

from . import outbox
from .broker import WAKE, Broker
from .commits import Commit, chain_after, from_doc
from .failures import what_failed
from .metrics import EVENTS_SAID, LEADING, RELAY_SILENT
from .mongo import ASCENDING, BulkWriteError, Collection, Database, Doc, DuplicateKeyError
from .outward import Outward

log = structlog.get_logger()

BATCH_EVENTS = 100
BATCH_OCTETS = 256_000
"""A batch ends before it has more than these, since no broker takes a message of any size: what cannot be said is
tried again for ever. A single event that is larger goes alone."""
AT_ONCE = 200
"""Commits taken in one turn."""
LEASE_SECONDS = 10
LOOK_SECONDS = 1.0
SILENT_SECONDS = 60.0
"""A relay that has failed for so long is a fault that somebody has to look at."""
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Said:
    """What a commit says: inside, and in public."""

    internal: Sequence[Event] = ()
    public: Sequence[PublicEvent] = ()


Publish = Callable[[Commit], Said]


@dataclass(slots=True)
class _Head:
    """Where the log's end is: the last place given, the chain there, the epoch of rights there."""

    place: int = 0
    chain: str = ""
    epoch: int = 0


@dataclass(slots=True)
class _Batch:
    """Events to be said together, and the places of the first and the last commit in it; rows have none."""

    parts: list[bytes] = field(default_factory=list)
    octets: int = 0
    first: Doc = field(default_factory=dict)
    last: Doc = field(default_factory=dict)

    def has_room(self, parts: Sequence[bytes]) -> bool:
        """Whether these fit in as well; into an empty one everything does."""
        octets = self.octets + sum(map(len, parts))
        return not self.parts or (len(self.parts) + len(parts) <= BATCH_EVENTS and octets <= BATCH_OCTETS)

    def add(self, parts: Sequence[bytes], place: Doc) -> None:
        """Takes in what one commit says, or one event of a row."""
        self.parts += parts
        self.octets += sum(map(len, parts))
        self.first = self.first or place
        self.last = place


def in_batches(sayings: Iterable[tuple[Sequence[bytes], Doc]]) -> Iterator[_Batch]:
    """Events in batches within the limits. What is given together stays together: a commit is not torn apart."""
    batch = _Batch()
    for parts, place in sayings:
        if not batch.has_room(parts):
            yield batch
            batch = _Batch()
        batch.add(parts, place)
    if batch.parts:
        yield batch


class StaleRelay(Exception):
    """Another replica has given the place that we wanted to give."""


@dataclass
class Relay:
    """Says one service's log and rows."""

    db: Database
    service: str
    broker: Broker
    publish: Publish | None = None
    rows: list[Collection] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._me = uuid.uuid4().hex
        self._commits = self.db["commits"]
        self._positions = self.db["positions"]
        self._leases = self.db["leases"]
        self._wake = asyncio.Event()
        self._leading = False
        self._silent_since: float | None = None
        self._told = 0.0
        self._telling: asyncio.Task[None] | None = None
        self._outward = Outward(self.db, self.broker, self._public)

    def _public(self, commit: Commit) -> Sequence[PublicEvent]:
        return self.publish(commit).public if self.publish is not None else ()

    @property
    def leading(self) -> bool:
        """Whether this replica relays."""
        return self._leading

    async def speaks(self) -> bool:
        """For readiness: whether it says what there is to say, or has failed at it for less than a minute."""
        return self._silence() < SILENT_SECONDS

    def _silence(self) -> float:
        return 0.0 if self._silent_since is None else time.monotonic() - self._silent_since

    def _spoke(self) -> None:
        self._silent_since = None
        RELAY_SILENT.set(0)

    def _failed(self, error: Exception) -> None:
        if self._silent_since is None:
            self._silent_since = time.monotonic()
        silent = self._silence()
        RELAY_SILENT.set(silent)
        if silent < SILENT_SECONDS:
            log.warning("relay_failed", error=what_failed(error), exc_info=error)
        else:
            log.error("relay_silent", seconds=round(silent), error=what_failed(error), exc_info=error)

    def nudge(self) -> None:
        """Something was written: look at once, here or at the replica that relays."""
        self._wake.set()
        if not self._leading and self._telling is None:
            self._telling = asyncio.create_task(self._tell())

    async def _tell(self) -> None:
        try:
            await asyncio.sleep(max(0.0, self._told + 0.005 - time.monotonic()))  # many writes, one nudge
            self._told = time.monotonic()
            await self.broker.wake()
        except Exception as error:
            log.debug("nudge_lost", error=what_failed(error))  # the leader looks every second anyway
        finally:
            self._telling = None

    async def prepare(self) -> None:
        """Makes the indexes."""
        await self._positions.create_index([("commit", ASCENDING)], unique=True)
        with suppress(DuplicateKeyError):
            await self._leases.insert_one({"_id": "relay", "holder": "", "until": LONG_AGO})
        if self.publish is not None:
            await self._outward.prepare()
        for rows in self.rows:
            await outbox.prepare(rows)

    async def run(self) -> None:
        """Takes the lease when it is free, and relays while it holds it; for ever."""
        try:
            while True:
                try:
                    if await self._hold_lease():
                        await self._lead()
                    else:
                        self._spoke()  # another replica does
                        await asyncio.sleep(LOOK_SECONDS)
                except StaleRelay:
                    log.warning("relay_stale")
                except Exception as error:
                    self._failed(error)
                    await asyncio.sleep(LOOK_SECONDS)
                finally:
                    self._leading = False
                    LEADING.set(0)
        finally:
            await self._leave()

    async def _hold_lease(self) -> bool:
        free: Doc = {"$or": [{"holder": self._me}, {"$expr": {"$lt": ["$until", "$$NOW"]}}]}
        until: Doc = {"$add": ["$$NOW", LEASE_SECONDS * 1000]}
        return bool(
            await self._leases.update_one({"_id": "relay", **free}, [{"$set": {"holder": self._me, "until": until}}])
        )

    async def _leave(self) -> None:
        """Gives the lease back, so that another replica need not wait for its end."""
        try:
            async with asyncio.timeout(2):
                await self._leases.update_one({"_id": "relay", "holder": self._me}, {"$set": {"until": LONG_AGO}})
        except Exception as error:
            log.debug("lease_kept", error=what_failed(error))

    async def _lead(self) -> None:
        self._leading = True
        LEADING.set(1)
        head = await self._read_head()
        ears = await self._listen()
        log.info("relay_leads", place=head.place)
        outside = asyncio.create_task(self._outward.run()) if self.publish is not None else None
        try:
            fresh = False
            renewed = time.monotonic()
            while True:
                self._wake.clear()
                while await self._turn(head, known=fresh) or await self._say_rows():
                    fresh = True
                    if time.monotonic() - renewed > LEASE_SECONDS / 3:
                        break
                fresh = True
                self._spoke()
                if time.monotonic() - renewed > LEASE_SECONDS / 3:
                    if not await self._hold_lease():
                        return
                    renewed = time.monotonic()
                    continue
                with suppress(TimeoutError):
                    # not wait_for: before Python 3.12 it can swallow a cancellation, and the stop would wait for us
                    async with asyncio.timeout(LOOK_SECONDS):
                        await self._wake.wait()
        finally:
            if outside is not None:
                outside.cancel()
            await ears()

    async def _listen(self) -> Callable[[], Awaitable[None]]:
        channel = await self.broker.connection.channel(publisher_confirms=False)
        queue = await channel.declare_queue(f"wake.{self.service}.{self._me}", exclusive=True, auto_delete=True)
        await queue.bind(WAKE, self.service)

        async def on_nudge(_: object) -> None:
            self._wake.set()

        await queue.consume(on_nudge, no_ack=True)

        async def stop_listening() -> None:
            await channel.close()

        return stop_listening

    async def _read_head(self) -> _Head:
        last = await self._positions.find_one({}, sort=[("_id", -1)])
        return _Head(last["_id"], last["chain"], last.get("epoch", 0)) if last else _Head()

    async def _turn(self, head: _Head, known: bool) -> int:
        """Says the next commits; gives how many. Unless ``known``, some may have places from a relay before."""
        if self.publish is None:
            return 0
        async with self.db.snapshot() as session:
            docs = await self._commits.find(
                {"pending": True}, sort=[("at", ASCENDING), ("_id", ASCENDING)], limit=AT_ONCE, session=session
            )
        if not docs:
            return 0
        placed: dict[bytes, Doc] = {}
        if not known:
            rows = await self._positions.find({"commit": {"$in": [doc["_id"] for doc in docs]}})
            placed = {orjson.dumps(row["commit"]): row for row in rows}
        places = await self._place(docs, placed, head)
        docs = sorted(docs, key=lambda doc: places[orjson.dumps(doc["_id"])]["_id"])
        await self._say(docs, places)
        await self._commits.update_many({"_id": {"$in": [doc["_id"] for doc in docs]}}, {"$unset": {"pending": ""}})
        return len(docs)

    async def _place(self, docs: Sequence[Doc], placed: dict[bytes, Doc], head: _Head) -> dict[bytes, Doc]:
        fresh: list[Doc] = []
        for doc in docs:
            key = orjson.dumps(doc["_id"])
            if key in placed:
                continue
            head.place += 1
            head.chain = chain_after(head.chain, doc["hash"])
            head.epoch = max(head.epoch, int(doc["after"].get("rights_epoch", 0)))
            placed[key] = {"_id": head.place, "commit": doc["_id"], "chain": head.chain, "epoch": head.epoch}
            fresh.append(placed[key])
        if fresh:
            try:
                await self._positions.insert_many(fresh, ordered=True)
            except BulkWriteError as error:
                raise StaleRelay from error
        return placed

    async def _say(self, docs: Sequence[Doc], places: dict[bytes, Doc]) -> None:
        publish = self.publish
        if publish is None:
            return
        public: list[tuple[int, Sequence[PublicEvent]]] = []

        def sayings() -> Iterator[tuple[list[bytes], Doc]]:
            for doc in docs:
                saying, place = publish(from_doc(doc)), places[orjson.dumps(doc["_id"])]
                public.append((place["_id"], saying.public))
                yield [event.model_dump_json().encode() for event in saying.internal], place

        await self._say_batches(sayings())
        for at, events in public:
            self._outward.hand_on(at, events)

    async def _say_batches(self, sayings: Iterable[tuple[Sequence[bytes], Doc]]) -> None:
        for batch in in_batches(sayings):
            envelope = {"source": self.service, "first": batch.first.get("_id")}
            if batch.last:
                envelope |= {
                    "last": batch.last["_id"],
                    "chain": batch.last["chain"],
                    "rights_epoch": batch.last["epoch"],
                }
            body = orjson.dumps(envelope)[:-1] + b',"events":[' + b",".join(batch.parts) + b"]}"
            await self.broker.say(body)
            EVENTS_SAID.inc(len(batch.parts))

    async def _say_rows(self) -> int:
        total = 0
        for rows in self.rows:
            docs = await outbox.waiting(rows)
            if not docs:
                continue
            await self._say_batches(([entry["event"].encode()], {}) for doc in docs for entry in doc.get("outbox", ()))
            await outbox.was_said(rows, docs)
            total += len(docs)
        return total
