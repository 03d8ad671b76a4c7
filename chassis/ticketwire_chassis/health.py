"""Is it alive, is it ready: ``/livez`` says that the loop turns, ``/readyz`` that work can be done now.

Ready looks at what is real: Mongo has a primary, this very replica consumes each of its queues and the broker
itself counts a consumer there (a client may believe in one that the server has cancelled), the relay says what there
is to say, and whatever else a service names.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

from .failures import what_failed

Check = Callable[[], Awaitable[bool]]
KEEP_SECONDS = 1.0


class Health:
    """The conditions of one service."""

    def __init__(self) -> None:
        self._checks: dict[str, Check] = {}
        self._last: tuple[float, dict[str, str]] = (-1e9, {})
        self.routes = [Route("/livez", self.livez), Route("/readyz", self.readyz)]

    def ready_when(self, name: str, check: Check) -> None:
        """Adds a condition."""
        self._checks[name] = check

    async def livez(self, _: Request) -> PlainTextResponse:
        """The process answers."""
        return PlainTextResponse("alive\n")

    async def readyz(self, _: Request) -> JSONResponse:
        """200 when every condition holds, else 503; says which do not."""
        results = await self.look()
        ready = all(word == "ok" for word in results.values())
        return JSONResponse({"ready": ready, "checks": results}, status_code=200 if ready else 503)

    async def look(self) -> dict[str, str]:
        """Each condition's word, at most a second old."""
        at, results = self._last
        if time.monotonic() - at < KEEP_SECONDS:
            return results
        words = await asyncio.gather(*(self._one(check) for check in self._checks.values()))
        results = dict(zip(self._checks, words, strict=True))
        self._last = (time.monotonic(), results)
        return results

    async def _one(self, check: Check) -> str:
        try:
            async with asyncio.timeout(5):
                return "ok" if await check() else "not yet"
        except Exception as error:
            return what_failed(error)
