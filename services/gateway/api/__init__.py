"""HTTP for programs: REST under ``/api/v1``, its documentation under ``/api/docs``, events at ``/api/v1/stream``.

doors       who asks: bearer token or session cookie
problems    every error as RFC 9457 problem details
answers     JSON, versions as ETag and If-Match
once        idempotency keys
guard       what holds for every response and request, pages included: headers, same origin
limits      how much a request may carry
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from ..views import Views
from ..views.needs import Keys
from . import (
    audit,
    directory,
    files,
    history,
    joining,
    lifecycles,
    privacy,
    queues,
    rights,
    sessions,
    stream,
    tickets,
    upkeep,
    work,
)
from .docs import docs
from .guard import Guard
from .problems import PROBLEM_HANDLERS, Say


class Front(FastAPI):
    """A FastAPI with the guard around everything, answers to our own mistakes included."""

    def build_middleware_stack(self) -> ASGIApp:
        """The guard outermost."""
        return Guard(super().build_middleware_stack())


def front(
    views: Views, keys: Keys, routes: Sequence[BaseRoute] = (), lifespan: Any = None, say: Say | None = None
) -> Front:
    """The application: REST, its documentation, and what else is joined (pages, health). ``say`` is how a problem
    is said to people rather than to programs."""
    app = Front(
        title="Ticketwire",
        version="1",
        description="Trouble tickets.",
        routes=[*routes, *REST],
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        exception_handlers=PROBLEM_HANDLERS,
    )
    app.state.views = views
    app.state.keys = keys
    app.state.say = say
    app.router.routes.extend(docs(app.openapi))
    return app


def rest() -> Sequence[BaseRoute]:
    """Everything under ``/api/v1``. It holds nothing of one application, so all may share it: see ``REST``."""
    router = APIRouter()
    for part in (
        sessions,
        queues,
        tickets,
        work,
        files,
        directory,
        rights,
        stream,
        lifecycles,
        joining,
        history,
        privacy,
        upkeep,
        audit,
    ):
        router.include_router(part.router, prefix="/api/v1")
    return router.routes


REST = rest()
"""Made once: what FastAPI works out of the signatures of a hundred routes takes the better part of a second."""
