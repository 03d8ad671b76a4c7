"""Worker processes that read mails: started when needed, limited, replaced when one dies or takes too long."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from contextlib import suppress

import structlog

from ..domain.arrivals import Arrival, Known
from . import frames

log = structlog.get_logger()

Outcome = Known | str
"""What was read, or the word for why it could not be."""


class Pool:
    """Up to ``size`` workers. Idle workers cost nothing; the second starts when the first is busy."""

    def __init__(self, size: int, seconds: float, megabytes: int) -> None:
        self._seconds = seconds
        self._megabytes = megabytes
        self._free: list[Process] = []
        self._places = asyncio.Semaphore(size)

    async def read(self, mails: Sequence[Arrival], outcomes: list[Outcome] | None = None) -> list[Outcome]:
        """Has mails read by one worker. A worker that dies takes with it what it had not answered yet.

        ``outcomes`` is filled as they come, for those who will not wait for the end.
        """
        outcomes = [] if outcomes is None else outcomes
        async with self._places:
            worker = await self._worker()
            try:
                await self._ask(worker, mails, outcomes)
            except BaseException as error:
                await end(worker)
                if not isinstance(error, (asyncio.IncompleteReadError, OSError, TimeoutError, ValueError)):
                    raise
                reason = "timeout" if isinstance(error, TimeoutError) else "crashed"
                log.warning("reader_replaced", reason=reason, exit=worker.returncode, unread=len(mails) - len(outcomes))
                outcomes += [reason] * (len(mails) - len(outcomes))
                return outcomes
            self._free.append(worker)
            return outcomes

    async def _ask(self, worker: Process, mails: Sequence[Arrival], outcomes: list[Outcome]) -> None:
        if worker.stdin is None or worker.stdout is None:
            raise OSError("a worker without pipes")
        worker.stdin.write(frames.request(mails))
        for _ in mails:
            # CPU seconds are the worker's own limit; this one also ends a worker that merely waits.
            async with asyncio.timeout(self._seconds * 2 + 1):
                outcomes.append(await frames.replied(worker.stdout))

    async def _worker(self) -> Process:
        while self._free:
            worker = self._free.pop()
            if worker.returncode is None:
                return worker
            await end(worker)
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            f"{__package__}.worker",
            str(self._seconds),
            str(self._megabytes),
            stdin=PIPE,
            stdout=PIPE,
            limit=2**20,
            start_new_session=True,  # Ctrl-C is for the service
            env={name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LANG") if name in os.environ},
        )

    async def close(self) -> None:
        """Ends the workers that wait for work."""
        while self._free:
            await end(self._free.pop())


async def end(worker: Process) -> None:
    """Ends a worker and cleans up after it."""
    if worker.stdin is not None:
        worker.stdin.close()
    with suppress(ProcessLookupError):
        worker.kill()
    await worker.wait()
