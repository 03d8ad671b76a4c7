"""``people/{login}/data``, ``…/export`` and ``…/erase``: what is kept of a person, and that it is kept no more."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from ..views.privacy import Found
from .answers import Json
from .bodies import Body
from .doors import Asking, Shown
from .once import OnceOnly
from .problems import RESPONSES

router = APIRouter(tags=["Privacy"], responses=RESPONSES)


@router.get("/people/{login}/data", responses={200: {"model": Found}})
async def data(login: str, asker: Asking, views: Shown) -> Response:
    """All that is kept of a person, by login or by id (without `person/`). Needs `person.erase`."""
    return Json(await views.privacy.data(asker, login))


@router.get("/people/{login}/export", responses={200: {"model": Found}})
async def export(login: str, asker: Asking, views: Shown) -> Response:
    """The same as a file. Needs `person.erase`."""
    found = await views.privacy.data(asker, login)
    name = str(found.person["id"]).replace("/", "-")
    return Json(found, 200, {"Content-Disposition": f'attachment; filename="{name}.json"', "Cache-Control": "no-store"})


@router.post("/people/{login}/erase", status_code=204)
async def erase(login: str, _: Body, asker: Asking, views: Shown, once: OnceOnly) -> Response:
    """Forgets a person: their names, addresses, what they wrote, their mails, in all services and for good. The
    history says that it was done, and by whom. Needs `person.erase`."""

    async def forget(command_id: str) -> Response:
        await views.privacy.erase(asker, command_id, login)
        return Response(status_code=204)

    return await once.do(forget)
