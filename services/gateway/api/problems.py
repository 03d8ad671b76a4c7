"""Every error is a problem (RFC 9457), whatever raised it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from ticketwire_chassis.failures import what_failed
from ticketwire_chassis.i18n import N_
from ticketwire_chassis.mongo import PyMongoError
from ticketwire_contracts.base import Problem

from ..views import Refused
from .answers import Json
from .limits import is_for_programs

log = structlog.get_logger()

TYPES = "https://ticketwire.example/problems/"
TITLES = {
    400: N_("Bad request"),
    404: N_("There is no such thing"),
    405: N_("Not this method"),
    413: N_("Too large"),
}


def problem_answer(problem: Problem, headers: dict[str, str] | None = None) -> Response:
    """The problem as its own media type. ``extra`` stands beside the standard members, never over them."""
    standard = {"type": TYPES + problem.type, "title": problem.title, "status": problem.status}
    if problem.detail:
        standard["detail"] = problem.detail
    sent = dict(headers or {})
    if problem.status == 401:
        sent["WWW-Authenticate"] = "Bearer"
    if "retry_after" in problem.extra:
        sent["Retry-After"] = str(problem.extra["retry_after"])
    return Json({**problem.extra, **standard}, problem.status, sent, media_type="application/problem+json")


Say = Callable[[Request, Problem], Awaitable[Response]]
"""How a problem is said to people."""


async def say(request: Request, problem: Problem, headers: dict[str, str] | None = None) -> Response:
    """The problem as it is said to programs, or on a page for people, in their language."""
    on_a_page: Say | None = getattr(request.app.state, "say", None)
    if on_a_page is None or is_for_programs(request.url.path):
        return problem_answer(problem, headers)
    answer = await on_a_page(request, problem)
    answer.headers.update(headers or {})
    return answer


async def on_refused(request: Request, error: Exception) -> Response:
    """What a use case, or the service behind it, refused."""
    assert isinstance(error, Refused)
    return await say(request, error.problem)


async def on_misshapen(_: Request, error: Exception) -> Response:
    """A request that has not the shape that is documented."""
    assert isinstance(error, RequestValidationError)
    errors = [{"field": ".".join(map(str, one["loc"])), "message": one["msg"]} for one in error.errors()]
    detail = f"{errors[0]['field']}: {errors[0]['message']}" if errors else ""
    return problem_answer(
        Problem(type="invalid", title="Not well formed", status=422, detail=detail, extra={"errors": errors})
    )


async def on_http(request: Request, error: Exception) -> Response:
    """What the framework says: no such route, not this method, more than may come."""
    assert isinstance(error, HTTPException)
    title = TITLES.get(error.status_code, str(error.detail))
    detail = str(error.detail) if error.status_code == 413 else ""
    problem = Problem(type=f"http-{error.status_code}", title=title, status=max(error.status_code, 400), detail=detail)
    return await say(request, problem, dict(error.headers or {}))


async def on_database(request: Request, error: Exception) -> Response:
    """The database is away, or does not do what it should."""
    log.error("database_failed", error=what_failed(error))
    return await say(
        request,
        Problem(
            type="service-unavailable",
            title="Not available at the moment",
            status=503,
            detail="Whether it was done is not known. Send the same again; it is done once.",
            extra={"retry_after": 2},
        ),
    )


async def on_anything(request: Request, error: Exception) -> Response:
    """A mistake of ours. Nothing of it is told to the outside."""
    log.error("request_failed", path=request.url.path, error=what_failed(error), exc_info=error)
    return await say(
        request,
        Problem(type="internal-error", title="It failed here", status=500, detail="It was written to the log."),
    )


PROBLEM_HANDLERS: dict[Any, Any] = {
    Refused: on_refused,
    RequestValidationError: on_misshapen,
    HTTPException: on_http,
    PyMongoError: on_database,
    Exception: on_anything,
}

EXAMPLE = {"type": TYPES + "not-found", "title": "There is no such thing", "status": 404, "detail": "…"}
RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {
        "description": "A problem (RFC 9457).",
        "content": {"application/problem+json": {"example": EXAMPLE}},
    }
}
"""For the documentation of every operation."""
