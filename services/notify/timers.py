"""The clock's tick: mails whose next try is due, and those that a dead replica left behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Protocol

import structlog

from ticketwire_chassis.failures import what_failed

from .domain.outgoing import Outgoing

log = structlog.get_logger()

LOOK_SECONDS = 2.0
AT_ONCE = 50


class Rows(Protocol):
    """Mails on their way out."""

    async def claim(self, now: datetime, limit: int) -> list[tuple[Outgoing, str]]: ...


class Due:
    """Finds what is due and has it sent."""

    def __init__(
        self, rows: Rows, send: Callable[[Sequence[tuple[Outgoing, str]]], None], has_room: Callable[[], bool]
    ) -> None:
        self._rows = rows
        self._send = send
        self._has_room = has_room
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Something is due now."""
        self._wake.set()

    async def run(self) -> None:
        """Looks every two seconds, or when woken; for ever."""
        while True:
            self._wake.clear()
            try:
                claimed = await self._rows.claim(datetime.now(UTC), AT_ONCE) if self._has_room() else []
            except Exception as error:
                log.warning("claim_failed", error=what_failed(error))
                claimed = []
            if claimed:
                log.info("mails_due", mails=len(claimed))
                self._send(claimed)
            if len(claimed) < AT_ONCE:
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_SECONDS):
                        await self._wake.wait()
