"""``stream``: what changes, as server-sent events."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

import orjson
from fastapi import APIRouter, Header
from starlette.responses import Response, StreamingResponse

from ..views import Asker, Views
from ..views.shapes import Change
from .doors import Asking, Shown
from .problems import RESPONSES

router = APIRouter(tags=["Stream"], responses=RESPONSES)

RETRY_MILLISECONDS = 1000


@router.get("/stream", response_class=StreamingResponse)
async def stream(
    asker: Asking,
    views: Shown,
    last_event_id: Annotated[str | None, Header(max_length=40, description="Sent by browsers that come back.")] = None,
) -> Response:
    """Server-sent events: `ticket` {ticket, queue, version} when a ticket that you may see has changed, `queue` {}
    when queues, groups or rights have, `reset` {} when it is not known what you missed: read all again.

    Every change after the first line is told. A comment now and then is a sign of life.
    """
    return StreamingResponse(
        lines(views, asker, last_event_id),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def lines(views: Views, asker: Asker, last_id: str | None) -> AsyncIterator[bytes]:
    """The events as they go over the wire."""
    yield f"retry: {RETRY_MILLISECONDS}\n\n".encode()
    async for change in views.live.follow(asker, last_id):
        yield line(change) if change else b": still here\n\n"


def line(change: Change) -> bytes:
    """One event."""
    place = f"id: {change.id}\n" if change.id else ""
    return f"{place}event: {change.name}\ndata: {orjson.dumps(change.data).decode()}\n\n".encode()
