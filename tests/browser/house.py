"""The pages on a port, over the made-up world of the pages' tests: for what only a browser can tell."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import uvicorn

from services.gateway.api import front
from services.gateway.pages import pages, say_on_a_page
from services.gateway.views import Asker
from services.gateway.views.shapes import Change, Entry
from tests.gateway.pages_world import World


class House(World):
    """The world, with something happening in it."""

    base_url = ""

    def __init__(self, **world: Any) -> None:
        super().__init__(**world)
        self.listeners: list[asyncio.Queue[Change | None]] = []
        self.streams = 0

    async def follow(self, asker: Asker, last_id: str | None) -> AsyncIterator[Change | None]:
        """What happens, as ``Views.live`` tells it; ends when the house closes."""
        mine: asyncio.Queue[Change | None] = asyncio.Queue()
        self.listeners.append(mine)
        self.streams += 1
        try:
            while (change := await mine.get()) is not None:
                yield change
        finally:
            self.listeners.remove(mine)

    def tell(self, number: str = "TW-2041") -> None:
        """Tells every browser that a ticket changed."""
        change = Change("", "ticket", {"ticket": number, "queue": "support", "version": 9})
        for listener in self.listeners:
            listener.put_nowait(change)

    def says(self, entry: Entry) -> None:
        """Something is said on the ticket, and browsers are told."""
        self.talk.append(entry)
        self.tell()

    def close(self) -> None:
        """Ends all streams."""
        for listener in self.listeners:
            listener.put_nowait(None)


@asynccontextmanager
async def served(house: House) -> AsyncIterator[House]:
    """The house on a port of its own, with the gateway's own guard, API and pages around it."""
    app = front(house.views, cast(Any, None), pages(house.views), say=say_on_a_page())
    with socket.create_server(("127.0.0.1", 0)) as door:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=2))
        running = asyncio.create_task(server.serve(sockets=[door]))
        house.base_url = f"http://127.0.0.1:{door.getsockname()[1]}"
        try:
            yield house
        finally:
            house.close()
            server.should_exit = True
            await running


def marked(house: House) -> list[dict[str, Any]]:
    """The cookie of Mara, who is signed in."""
    return [{"name": "ticketwire_session", "value": "mara's", "url": house.base_url}]
