"""``tickets/{number}/history``: every change as data."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from ticketwire_contracts.base import Moment
from ticketwire_contracts.tickets import HistoryPage

from ..domain.recorded import Kind, Wanted
from .answers import Json
from .doors import Asking, Shown
from .problems import RESPONSES

router = APIRouter(tags=["History"], responses=RESPONSES)

MOST_CHANGES = 2**53
"""No ticket has had so many; what is more, not every program can count so far."""


@router.get("/tickets/{number}/history", responses={200: {"model": HistoryPage}})
async def history(
    number: str,
    asker: Asking,
    views: Shown,
    after: Annotated[int, Query(ge=0, le=MOST_CHANGES, description="`next` of the page before.")] = 0,
    limit: Annotated[int, Query(ge=1, le=500, description="Changes on a page.")] = 100,
    kind: Annotated[Kind | None, Query(description="Only changes of this kind.")] = None,
    person: Annotated[
        str | None, Query(max_length=254, description="Only changes by this login, address, `person/<id>` or `system`.")
    ] = None,
    since: Annotated[Moment | None, Query(description="Only changes from this time on.")] = None,
    until: Annotated[Moment | None, Query(description="Only changes before this time.")] = None,
) -> Response:
    """Every change, oldest first: who, when, why (mail, command, timer), what happened, before and after. Needs
    `history.show`; notes are there for those with `note.show`. While `next` is set there may be more, even where a
    page has fewer changes than `limit`."""
    wanted = Wanted(kind=kind, person=person or None, since=since, until=until)
    page = await views.past.history(asker, number, after=after, limit=limit, wanted=wanted)
    return Json(page.model_dump(mode="json"))
