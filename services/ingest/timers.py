"""Mails that are still to be read: not read in time, left by a replica that died, or done with waiting.

The clock's tick finds them, whoever knows of one says so; a mail that nothing can read goes on unread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Protocol

import structlog
from prometheus_client import Counter, Gauge, Histogram

from ticketwire_chassis.failures import what_failed

from .domain import unread_mail
from .domain.arrivals import Arrival, Known, known

log = structlog.get_logger()

LATER = Counter("ticketwire_mails_read_later", "Mails read after they were accepted", ["outcome"])
SECONDS = Histogram("ticketwire_mail_read_seconds", "From the worker's being asked to its answer, for mails read later")
LATE = Gauge("ticketwire_mails_late", "Mails under way for more than a quarter of an hour")
PARKED = Counter("ticketwire_mails_parked", "Mails given up on")

LOOK_SECONDS = 1.0
AUDIT_SECONDS = 60.0
AT_ONCE = 16
STOP_SECONDS = 3.0
READ_TRIES = 2
"""So often a reader may die over a mail before the mail goes on unread."""


class Leased(Protocol):
    """A row that this replica reads now."""

    @property
    def mail(self) -> Arrival: ...
    @property
    def tries(self) -> int: ...


class Store(Protocol):
    """What the timers need of the store."""

    async def claim(self, now: datetime, limit: int) -> Sequence[Any]: ...
    async def finish(self, pairs: Iterable[tuple[Any, Known]], now: datetime) -> int: ...
    async def put_back(self, leased: Any, why: str, now: datetime) -> bool: ...
    async def late(self, now: datetime) -> int: ...


class Pool(Protocol):
    """Who reads."""

    async def read(self, mails: Sequence[Arrival]) -> list[Known | str]: ...
    async def close(self) -> None: ...


class Unfinished(Protocol):
    """What is left of a round: rows, and their reading if only their files are to be put away."""

    @property
    def leased(self) -> Sequence[tuple[Any, Known | None]]: ...


class Reader:
    """Reads what is due, each mail by itself."""

    def __init__(self, store: Store, pool: Pool, said: Callable[[], None]) -> None:
        self._store = store
        self._pool = pool
        self._said = said
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """Something may be due: look at once."""
        self._wake.set()

    def take(self, left: Unfinished) -> None:
        """Goes on with rows that this replica has just accepted."""
        for leased, read in left.leased:
            self._start(self._work(leased, read))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def run(self) -> None:
        """Looks every second, or when woken; for ever."""
        try:
            while True:
                try:
                    claimed = await self._store.claim(datetime.now(UTC), AT_ONCE)
                except Exception as error:
                    log.warning("claim_failed", error=what_failed(error))
                    claimed = []
                if claimed:
                    # The next are claimed when these are done, so that a lease does not run out in a queue.
                    await asyncio.gather(*(self._work(leased, None) for leased in claimed))
                    continue
                self._wake.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_SECONDS):
                        await self._wake.wait()
        finally:
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=STOP_SECONDS)
            await self._pool.close()

    async def _work(self, leased: Leased, read: Known | None) -> None:
        """Reads one mail (unless it is read) and writes what came of it; never raises."""
        try:
            read = read or await self._read(leased)
            if read is None:
                await self._give_back(leased, "reader")
                return
            await self._store.finish([(leased, read)], datetime.now(UTC))
            self._said()
            LATER.labels("unread" if read.unparsed else "read").inc()
            log.info("mail_read", row=leased.mail.row, unparsed=read.unparsed, correlation=leased.mail.correlation)
        except Exception as error:
            log.warning("mail_not_finished", row=leased.mail.row, error=what_failed(error), exc_info=True)
            await self._give_back(leased, what_failed(error))

    async def _read(self, leased: Leased) -> Known | None:
        mail = leased.mail
        with SECONDS.time():
            outcome = (await self._pool.read([mail]))[0]
        if isinstance(outcome, Known):
            return outcome
        log.warning("mail_unreadable", row=mail.row, why=outcome, tries=leased.tries, correlation=mail.correlation)
        if leased.tries < READ_TRIES:
            return None
        return known(unread_mail(mail.raw, mail.envelope_from, outcome), unparsed=True)

    async def _give_back(self, leased: Leased, why: str) -> None:
        try:
            if await self._store.put_back(leased, why, datetime.now(UTC)):
                PARKED.inc()
                log.error("mail_parked", row=leased.mail.row, why=why)
        except Exception as error:
            log.warning("mail_not_put_back", row=leased.mail.row, error=what_failed(error))  # its lease runs out

    async def audit(self) -> None:
        """Counts mails that are late, every minute, for ever."""
        while True:
            with suppress(Exception):
                late = await self._store.late(datetime.now(UTC))
                LATE.set(late)
                if late:
                    log.error("mails_late", mails=late)
            await asyncio.sleep(AUDIT_SECONDS)
