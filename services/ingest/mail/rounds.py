"""Accepting mail in rounds: mails that arrive at once are read by one worker and written by one insert.

A round waits for the worker only a moment: accepting never depends on reading. What is not read in time is
written unread, and read later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

import structlog
from prometheus_client import Counter, Histogram

from ticketwire_chassis.failures import what_failed

from ..domain.arrivals import Arrival, Known
from .pool import Outcome, Pool
from .room import Place, Room

log = structlog.get_logger()

ACCEPTED = Counter("ticketwire_mails_accepted", "Mails accepted, per recipient of ours")
DUPLICATES = Counter("ticketwire_mails_duplicate", "Mails that were there already")
OCTETS = Counter("ticketwire_mails_octets", "Octets of the mails accepted")
ROUND = Histogram("ticketwire_mail_round", "Mails accepted by one write", buckets=(1, 2, 5, 10, 20, 50, 100))
UNREAD = Counter("ticketwire_mails_unread_in_time", "Mails accepted before they were read")

ROUND_MAILS = 64
QUICK_OCTETS = 128 * 1024
"""Only mails up to this size are read before they are accepted."""
TAKE_SECONDS = 25.0
"""Longer than this nobody waits for an answer to DATA."""


class Unavailable(Exception):
    """The mail could not be kept now; whoever brought it keeps it and comes again."""


class Result(Protocol):
    """What the store says of a round."""

    @property
    def leased(self) -> Sequence[tuple[Any, Known | None]]: ...
    @property
    def duplicates(self) -> int: ...
    @property
    def said(self) -> int: ...


class Store(Protocol):
    """What rounds need of the store."""

    async def keep_raw(self, mail: Arrival) -> None: ...
    async def accept_mails(self, mails: Sequence[tuple[Arrival, Known | None]], now: datetime) -> Result: ...


class Rounds:
    """The door through which every mail comes in, whatever brought it."""

    def __init__(
        self,
        store: Store,
        pool: Pool,
        said: Callable[[], None],
        unfinished: Callable[[Result], None],
        patience: float,
        in_flight: int,
    ) -> None:
        self._store = store
        self._pool = pool
        self._said = said
        self._unfinished = unfinished
        self._patience = patience
        self._room = Room(in_flight)
        self._waiting: list[tuple[Arrival, asyncio.Future[None]]] = []
        self._wake = asyncio.Event()
        self._reading: set[asyncio.Task[list[Outcome]]] = set()

    def place(self) -> Place:
        """Room for a mail that is still coming; to be left before it is taken, since whole mails have theirs here."""
        return self._room.place()

    async def take(self, mails: Sequence[Arrival]) -> None:
        """Returns once every one of these is in the database for good; else raises Unavailable."""
        with self.place() as place:
            if not place.reach(sum(len(mail.raw) for mail in mails)):
                raise Unavailable("too much mail at once")
            try:
                async with asyncio.timeout(TAKE_SECONDS):
                    for mail in mails:
                        await self._store.keep_raw(mail)
                    await asyncio.gather(*(self._join(mail) for mail in mails))
            except Unavailable:
                raise
            except Exception as error:
                raise Unavailable(f"{type(error).__name__}") from error

    def _join(self, mail: Arrival) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((mail, future))
        self._wake.set()
        return future

    async def run(self) -> None:
        """Holds rounds, for ever."""
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._waiting:
                    members, self._waiting = self._waiting[:ROUND_MAILS], self._waiting[ROUND_MAILS:]
                    await self._round(members)
        finally:
            for _, future in self._waiting:
                _fail(future, Unavailable("stopping"))

    async def _round(self, members: Sequence[tuple[Arrival, asyncio.Future[None]]]) -> None:
        mails = [mail for mail, _ in members]
        try:
            reads = await self._read(mails)
            now = datetime.now(UTC)
            result = await self._store.accept_mails([(mail, reads.get(mail.row)) for mail in mails], now)
        except BaseException as error:
            for _, future in members:
                _fail(future, Unavailable(type(error).__name__))
            if not isinstance(error, Exception):
                raise
            log.warning("mails_not_accepted", mails=len(mails), error=what_failed(error))
            return
        for mail, future in members:
            if not future.done():
                future.set_result(None)
            log.info("mail_accepted", row=mail.row, size=len(mail.raw), correlation=mail.correlation)
        ACCEPTED.inc(len(mails))
        OCTETS.inc(sum(len(mail.raw) for mail in mails))
        DUPLICATES.inc(result.duplicates)
        ROUND.observe(len(mails))
        if result.said:
            self._said()
        if result.leased:
            self._unfinished(result)

    async def _read(self, mails: Sequence[Arrival]) -> dict[str, Known]:
        """What is read in time, by row."""
        quick = [mail for mail in mails if len(mail.raw) <= QUICK_OCTETS]
        if not quick:
            return {}
        outcomes: list[Outcome] = []
        task = asyncio.create_task(self._pool.read(quick, outcomes))
        self._reading.add(task)
        task.add_done_callback(self._was_read)
        await asyncio.wait([task], timeout=self._patience)
        reads = {mail.row: read for mail, read in zip(quick, outcomes, strict=False) if isinstance(read, Known)}
        UNREAD.inc(len(mails) - len(reads))
        return reads

    def _was_read(self, task: asyncio.Task[list[Outcome]]) -> None:
        self._reading.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.warning("quick_reading_failed", error=what_failed(error))


def _fail(future: asyncio.Future[None], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
