"""``sessions``: logging in and out."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from ..views.shapes import PersonRow, Session
from .answers import Json
from .bodies import LogIn
from .doors import Asking, Now, Shown
from .problems import RESPONSES

router = APIRouter(tags=["Sessions"], responses=RESPONSES)


@router.post("/sessions", status_code=201, responses={201: {"model": Session}})
async def log_in(body: LogIn, request: Request, views: Shown, now: Now) -> Response:
    """Gives a token for login and password. Send it as `Authorization: Bearer <token>`."""
    address = request.client.host if request.client else ""
    session = await views.entrance.sign_in(body.login, body.password, address=address, now=now)
    return Json(session, 201, {"Cache-Control": "no-store"})


@router.delete("/sessions", status_code=204)
async def log_out(asker: Asking, views: Shown) -> Response:
    """Ends the session of the token that is sent."""
    await views.entrance.sign_out(asker)
    return Response(status_code=204)


@router.get("/sessions", responses={200: {"model": PersonRow}})
async def who_am_i(asker: Asking) -> Response:
    """The person that the token belongs to."""
    return Json(PersonRow(**asker.person.model_dump()))
