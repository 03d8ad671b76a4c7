"""The clock's tick: sleeps until the next step is due, and says what is.

Asks Mongo for the soonest step, then sleeps; a batch that brings a sooner one wakes it. Once a second it compares
that time with the clock on the wall, in memory only, so a jump of the clock is noticed within a second; it asks
Mongo again every ``LOOK_SECONDS``, for rows whose replica died before it could sleep for them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Protocol

import structlog

from ticketwire_chassis.failures import what_failed
from ticketwire_chassis.mongo import PyMongoError

from .domain import Policy, Row, Timer, say, under

log = structlog.get_logger()

LOOK_SECONDS = 20.0
TICK_SECONDS = 1.0
AGAIN_SECONDS = 5.0
"""After a change of policy its rows are looked at once more, for those written meanwhile from an older one."""


class Rows(Protocol):
    """What the timers need of the rows."""

    async def due(self, now: datetime, limit: int = 200) -> list[Row]: ...
    async def soonest(self) -> datetime | None: ...
    async def outdated(self, policy: Policy, limit: int = 200) -> list[Row]: ...
    async def write(
        self,
        changes: Sequence[tuple[Row | None, Row]],
        now: datetime,
        saying: Mapping[str, Sequence[Timer]] | None = None,
    ) -> set[str]: ...


class Kept(Protocol):
    """What the timers need of the policies."""

    async def current(self, fresh: bool = False) -> dict[str, Policy]: ...


class Timers:
    """Says what is due, and computes rows anew when a policy changed."""

    def __init__(
        self,
        rows: Rows,
        policies: Kept,
        nudge: Callable[[], None],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._rows = rows
        self._policies = policies
        self._nudge = nudge
        self._now = now
        self._wake = asyncio.Event()
        self._soonest: datetime | None = None
        self._look_at = 0.0
        self._changed: dict[str, list[float]] = {}

    def heard(self, due: datetime | None) -> None:
        """A batch was written whose soonest step is due then."""
        if due is not None and (self._soonest is None or due < self._soonest):
            self._soonest = due
            self._wake.set()

    def policy_changed(self, queue: str) -> None:
        """The rows of a queue are to be computed anew: now, and once more a little later."""
        now = time.monotonic()
        self._changed[queue] = [now, now + AGAIN_SECONDS]
        self._wake.set()

    async def run(self) -> None:
        """For ever. Looks at every queue once at the start, for changes of policy that no replica lived to apply."""
        for queue in await self._policies.current(fresh=True):
            self._changed[queue] = [time.monotonic()]
        while True:
            self._wake.clear()
            try:
                await self._turn()
            except PyMongoError as error:
                log.warning("timers_failed", error=what_failed(error))
                self._look_at = 0.0
                await asyncio.sleep(TICK_SECONDS)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pause()):
                    await self._wake.wait()

    async def _turn(self) -> None:
        for queue, times in list(self._changed.items()):
            if times and times[0] <= time.monotonic():
                await self.apply_policy(queue)
                times.pop(0)
            if not times:
                del self._changed[queue]
        if self._is_due() or time.monotonic() >= self._look_at:
            while await self.fire():
                pass
            self._soonest = None  # what is heard while we ask counts too
            asked = await self._rows.soonest()
            self._look_at = time.monotonic() + LOOK_SECONDS
            self.heard(asked)

    def _is_due(self) -> bool:
        return self._soonest is not None and self._soonest <= self._now()

    def _pause(self) -> float:
        if self._soonest is None:
            return TICK_SECONDS
        return min(TICK_SECONDS, max(0.0, (self._soonest - self._now()).total_seconds()))

    async def fire(self) -> int:
        """Says the steps that are due; gives how many rows it wrote, 0 when nothing is left to say."""
        now = self._now()
        rows = await self._rows.due(now)
        saying = {row.ticket: steps for row in rows if (steps := row.due(now))}
        changes: list[tuple[Row | None, Row]] = [
            (row, say(row, saying[row.ticket], now)) for row in rows if row.ticket in saying
        ]
        if not changes:
            return 0
        taken = await self._rows.write(changes, now, saying)
        for _, row in changes:
            if row.ticket not in taken:
                log.info("steps_due", ticket=row.ticket, steps=len(saying[row.ticket]), correlation=row.correlation)
        self._nudge()
        return len(changes)

    async def apply_policy(self, queue: str) -> None:
        """Computes the live rows of a queue anew from its present policy."""
        policy = (await self._policies.current(fresh=True)).get(queue)
        if policy is None:
            return
        while rows := await self._rows.outdated(policy):
            now = self._now()
            changes: list[tuple[Row | None, Row]] = [(row, under(row, policy)) for row in rows]
            await self._rows.write(changes, now)
            self._nudge()
            self.heard(min((due for _, row in changes if (due := row.next_due) is not None), default=None))
