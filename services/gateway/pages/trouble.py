"""A page that says why not, where no other can: an address that is none, the database away, a mistake of ours."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

from ticketwire_contracts.base import Problem

from .carried import carried_of
from .reader import reader_of
from .refusals import said
from .rendering import Templates

Say = Callable[[Request, Problem], Awaitable[Response]]


def trouble(templates: Templates) -> Say:
    """What says a problem on a page, in the reader's language, and offers what was sent once more where that helps."""

    async def page(request: Request, problem: Problem) -> Response:
        reader = reader_of(request, datetime.now(UTC))
        carried = await carried_of(request) if problem.status >= 500 else None
        shown = {"carried": carried, "problem": said(problem, reader.t)}
        answer = templates.page("trouble.html", reader, shown, problem.status)
        if "retry_after" in problem.extra:
            answer.headers["Retry-After"] = str(problem.extra["retry_after"])
        return answer

    return page
