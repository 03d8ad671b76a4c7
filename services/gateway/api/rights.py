"""``rights``: who may do what where."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from ..views.shapes import GrantRow, Page
from .answers import Json
from .bodies import OneRight
from .doors import Asking, Shown
from .once import OnceOnly
from .problems import RESPONSES

router = APIRouter(tags=["Rights"], responses=RESPONSES)


@router.get("/rights", responses={200: {"model": Page[GrantRow]}})
async def rights(asker: Asking, views: Shown) -> Response:
    """All grants. Needs `right.admin`."""
    return Json(Page(await views.administration.rights(asker)))


@router.post("/rights", status_code=201, responses={201: {"model": GrantRow}})
async def give_right(body: OneRight, asker: Asking, views: Shown, once: OnceOnly) -> Response:
    """Gives a right. Needs `right.admin`."""

    async def give(command_id: str) -> Response:
        return Json(await views.administration.give_right(asker, command_id, **body.model_dump()), 201)

    return await once.do(give)


@router.delete("/rights", status_code=204)
async def take_right(chosen: Annotated[OneRight, Query()], asker: Asking, views: Shown, once: OnceOnly) -> Response:
    """Takes a right back; it is named by the same three words. Needs `right.admin`."""

    async def take(command_id: str) -> Response:
        await views.administration.take_right(asker, command_id, **chosen.model_dump())
        return Response(status_code=204)

    return await once.do(take)
