"""Who asks: a bearer token, else the session cookie that pages set."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import Depends, Request

from ..views import COOKIE, Asker, Views, refuse
from ..views.needs import Keys


def views(request: Request) -> Views:
    """The use cases; ``app.py`` put them there."""
    found: Views = request.app.state.views
    return found


async def asker(request: Request) -> Asker:
    """The logged-in person; 401 for anyone else."""
    kind, _, bearer = request.headers.get("authorization", "").partition(" ")
    programs = kind.lower() == "bearer"
    token = bearer.strip() if programs else request.cookies.get(COOKIE)
    via: Literal["api", "page"] = "api" if programs else "page"
    found = await views(request).entrance.asker(token, via=via, now=datetime.now(UTC))
    if found is None:
        raise refuse(
            "not-logged-in",
            title="Sign in first",
            status=401,
            detail="Send `Authorization: Bearer <token>` with a token from POST /api/v1/sessions.",
        )
    return found


async def _views(request: Request) -> Views:
    return views(request)


async def _keys(request: Request) -> Keys:
    found: Keys = request.app.state.keys
    return found


async def _now() -> datetime:
    return datetime.now(UTC)


# coroutines, because FastAPI would run plain functions in a thread each
Asking = Annotated[Asker, Depends(asker)]
Shown = Annotated[Views, Depends(_views)]
KnownKeys = Annotated[Keys, Depends(_keys)]
Now = Annotated[datetime, Depends(_now)]
