"""``tickets``: lists, one ticket, its timeline."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from ticketwire_contracts.base import Moment

from ..views.shapes import Entry, Page, Ticket
from .answers import Json, ticket_answer
from .doors import Asking, Now, Shown
from .problems import RESPONSES
from .selection import Selected

router = APIRouter(tags=["Tickets"], responses=RESPONSES)


@router.get("/tickets", responses={200: {"model": Page[Ticket]}})
async def tickets(
    chosen: Selected,
    asker: Asking,
    views: Shown,
    now: Now,
    queue: Annotated[str | None, Query(description="Name of a queue.")] = None,
) -> Response:
    """The tickets that you may see, most urgent first unless asked otherwise."""
    return Json(await views.reading.tickets(asker, queue=queue, now=now, **chosen.model_dump()))


@router.get("/tickets/{number}", responses={200: {"model": Ticket}})
async def ticket(
    number: str,
    asker: Asking,
    views: Shown,
    at: Annotated[Moment | None, Query(description="As it was at this time, e.g. `2026-03-02T09:00:00Z`.")] = None,
) -> Response:
    """One ticket; `ETag` is its version. With `at` it is read from the log, for whoever may see it now."""
    if at is not None:
        return Json(await views.past.ticket_at(asker, number, at))
    return ticket_answer(await views.reading.ticket(asker, number))


@router.get("/tickets/{number}/timeline", responses={200: {"model": Page[Entry]}})
async def timeline(
    number: str,
    asker: Asking,
    views: Shown,
    cursor: Annotated[str | None, Query(max_length=500, description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="Entries on a page.")] = 100,
) -> Response:
    """What happened on a ticket, oldest first, as far as you may see it."""
    return Json(await views.reading.timeline(asker, number, cursor=cursor, limit=limit))
