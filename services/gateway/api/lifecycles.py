"""``lifecycles``: statuses, what may follow what, and where a ticket's status goes when it moves."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from ..views.shapes import LifecycleRow, Page
from .answers import IfMatch, Json, etag
from .bodies import LifecycleChange, NewLifecycle
from .doors import Asking, Shown
from .once import OnceOnly
from .problems import RESPONSES

router = APIRouter(tags=["Lifecycles"], responses=RESPONSES)


@router.get("/lifecycles", responses={200: {"model": Page[LifecycleRow]}})
async def lifecycles(asker: Asking, views: Shown) -> Response:
    """All lifecycles."""
    return Json(Page(await views.administration.lifecycles(asker)))


@router.post("/lifecycles", status_code=201, responses={201: {"model": LifecycleRow}})
async def create_lifecycle(body: NewLifecycle, asker: Asking, views: Shown, once: OnceOnly) -> Response:
    """Makes a lifecycle. Needs `queue.admin`."""

    async def create(command_id: str) -> Response:
        made = await views.administration.create_lifecycle(asker, command_id, **body.model_dump())
        return Json(made, 201, {"Location": f"/api/v1/lifecycles/{made.name}", "ETag": etag(made.version)})

    return await once.do(create)


@router.get("/lifecycles/{name}", responses={200: {"model": LifecycleRow}})
async def lifecycle(name: str, asker: Asking, views: Shown) -> Response:
    """One lifecycle."""
    found = await views.administration.lifecycle(asker, name)
    return Json(found, 200, {"ETag": etag(found.version)})


@router.put("/lifecycles/{name}", responses={200: {"model": LifecycleRow}})
async def change_lifecycle(
    name: str, body: LifecycleChange, version: IfMatch, asker: Asking, views: Shown, once: OnceOnly
) -> Response:
    """Changes what is named. A status of a lifecycle in use stays: take away the transitions that lead to it.
    Needs `queue.admin`."""

    async def change(command_id: str) -> Response:
        wanted = body.model_dump(exclude_none=True)
        made = await views.administration.change_lifecycle(asker, command_id, name, if_version=version, **wanted)
        return Json(made, 200, {"ETag": etag(made.version)})

    return await once.do(change)
