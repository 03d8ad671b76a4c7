"""``rights``: who may do what where."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from ..views.rights import Wanted
from ..views.shapes import Explanation, GrantRow, Page, Preview
from .answers import Json
from .bodies import OneRight, RightsChange
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


@router.get("/rights/explain", responses={200: {"model": Explanation}})
async def explain(
    asker: Asking,
    views: Shown,
    right: Annotated[str, Query(max_length=100, description="E.g. `ticket.reply`.")],
    person: Annotated[str | None, Query(max_length=200, description="Login, mail address or id; else you.")] = None,
    ticket: Annotated[str | None, Query(max_length=30, description="Number of a ticket that you see.")] = None,
    queue: Annotated[str | None, Query(max_length=40, description="Or name of a queue.")] = None,
) -> Response:
    """Whether someone holds a right there: with the chains of grants that give it, or with what would give it.
    About others it needs `right.admin`."""
    return Json(await views.rights.explain(asker, person=person, right=right, ticket=ticket, queue=queue))


@router.post("/rights/preview", responses={200: {"model": Preview}})
async def preview(body: RightsChange, asker: Asking, views: Shown) -> Response:
    """Who would gain or lose which right, on how many tickets. Nothing is changed. Needs `right.admin` for a
    grant, `group.admin` for members."""
    return Json(await views.rights.preview(asker, Wanted(**body.model_dump())))
