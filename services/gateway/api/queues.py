"""``queues``: what lies where."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from ..views.shapes import Page, QueueCount, QueueRow, Ticket
from .answers import IfMatch, Json, etag
from .bodies import NewQueue, QueueChange
from .doors import Asking, Now, Shown
from .once import OnceOnly
from .problems import RESPONSES
from .selection import Selected

router = APIRouter(tags=["Queues"], responses=RESPONSES)


@router.get("/queues", responses={200: {"model": Page[QueueCount] | Page[QueueRow]}})
async def queues(
    asker: Asking,
    views: Shown,
    now: Now,
    settings: Annotated[bool, Query(description="With all that is set of each, instead of counts.")] = False,
) -> Response:
    """The queues that you may see, with what is open in them. With `settings` and `queue.admin` all there are."""
    if settings:
        return Json(Page(await views.administration.queues(asker)))
    return Json(Page((await views.reading.rail(asker, now)).queues))


@router.post("/queues", status_code=201, responses={201: {"model": QueueCount}})
async def create_queue(body: NewQueue, asker: Asking, views: Shown, once: OnceOnly) -> Response:
    """Makes a queue. Needs `queue.admin`."""

    async def create(command_id: str) -> Response:
        queue = await views.administration.create_queue(asker, command_id, **body.model_dump())
        return Json(queue, 201, {"Location": f"/api/v1/queues/{body.name}/tickets"})

    return await once.do(create)


@router.get("/queues/{queue}", responses={200: {"model": QueueRow}})
async def queue(queue: str, asker: Asking, views: Shown) -> Response:
    """A queue with all that is set of it."""
    return _queue(await views.administration.queue(asker, queue))


@router.put("/queues/{queue}", responses={200: {"model": QueueRow}})
async def change_queue(
    queue: str, body: QueueChange, version: IfMatch, asker: Asking, views: Shown, once: OnceOnly
) -> Response:
    """Changes what is named. An address that it drops is free for another queue. Needs `queue.admin`."""

    async def change(command_id: str) -> Response:
        wanted = body.model_dump(exclude_none=True)
        return _queue(await views.administration.change_queue(asker, command_id, queue, if_version=version, **wanted))

    return await once.do(change)


@router.post("/queues/{queue}/disable", responses={200: {"model": QueueRow}})
async def disable_queue(queue: str, asker: Asking, views: Shown, once: OnceOnly) -> Response:
    """It takes nothing new; its tickets stay. Needs `queue.admin`."""

    async def disable(command_id: str) -> Response:
        return _queue(await views.administration.switch_queue(asker, command_id, queue, disabled=True))

    return await once.do(disable)


@router.post("/queues/{queue}/enable", responses={200: {"model": QueueRow}})
async def enable_queue(queue: str, asker: Asking, views: Shown, once: OnceOnly) -> Response:
    """It is in use again. Needs `queue.admin`."""

    async def enable(command_id: str) -> Response:
        return _queue(await views.administration.switch_queue(asker, command_id, queue, disabled=False))

    return await once.do(enable)


@router.get("/queues/{queue}/tickets", responses={200: {"model": Page[Ticket]}})
async def queue_tickets(queue: str, chosen: Selected, asker: Asking, views: Shown, now: Now) -> Response:
    """The tickets of a queue, most urgent first unless asked otherwise."""
    return Json(await views.reading.tickets(asker, queue=queue, now=now, **chosen.model_dump()))


def _queue(queue: QueueRow) -> Response:
    return Json(queue, 200, {"ETag": etag(queue.version)})
