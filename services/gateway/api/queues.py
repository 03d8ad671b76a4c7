"""``queues``: what lies where."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from ..views.shapes import Page, QueueCount, Ticket
from .answers import Json
from .bodies import NewQueue
from .doors import Asking, Now, Shown
from .once import OnceOnly
from .problems import RESPONSES
from .selection import Selected

router = APIRouter(tags=["Queues"], responses=RESPONSES)


@router.get("/queues", responses={200: {"model": Page[QueueCount]}})
async def queues(asker: Asking, views: Shown, now: Now) -> Response:
    """The queues that you may see, with what is open in them."""
    return Json(Page((await views.reading.rail(asker, now)).queues))


@router.post("/queues", status_code=201, responses={201: {"model": QueueCount}})
async def create_queue(body: NewQueue, asker: Asking, views: Shown, once: OnceOnly) -> Response:
    """Makes a queue. Needs `queue.admin`."""

    async def create(command_id: str) -> Response:
        queue = await views.administration.create_queue(asker, command_id, **body.model_dump())
        return Json(queue, 201, {"Location": f"/api/v1/queues/{body.name}/tickets"})

    return await once.do(create)


@router.get("/queues/{queue}/tickets", responses={200: {"model": Page[Ticket]}})
async def queue_tickets(queue: str, chosen: Selected, asker: Asking, views: Shown, now: Now) -> Response:
    """The tickets of a queue, most urgent first unless asked otherwise."""
    return Json(await views.reading.tickets(asker, queue=queue, now=now, **chosen.model_dump()))
