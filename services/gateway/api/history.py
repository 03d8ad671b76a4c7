"""``tickets/{number}/history``: every change as data."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from ticketwire_contracts.tickets import HistoryPage

from .answers import Json
from .doors import Asking, Shown
from .problems import RESPONSES

router = APIRouter(tags=["History"], responses=RESPONSES)


@router.get("/tickets/{number}/history", responses={200: {"model": HistoryPage}})
async def history(
    number: str,
    asker: Asking,
    views: Shown,
    after: Annotated[int, Query(ge=0, description="`next` of the page before.")] = 0,
    limit: Annotated[int, Query(ge=1, le=500, description="Changes on a page.")] = 100,
) -> Response:
    """Every change, oldest first: who, when, why (mail, command, timer), what happened, before and after. Needs
    `history.show`; notes are there for those with `note.show`."""
    return Json((await views.past.history(asker, number, after=after, limit=limit)).model_dump(mode="json"))
