"""A visit: who is at the door, in which language they read, and how to answer them with a page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ticketwire_chassis.i18n import N_
from ticketwire_contracts.base import Problem

from ..views import COOKIE, Asker, Refused, Views
from .admin.chapters import chapters_of
from .carried import NOT_CARRIED, carried_of
from .reader import Reader, reader_of
from .refusals import said
from .rendering import Templates
from .words import LANGUAGE_NAMES

SIGNED_OUT = Problem(
    type="signed-out",
    title=N_("You have been signed out"),
    status=401,
    detail=N_("What you sent was not done. Sign in: then you see it again and can send it."),
)
SIGNED_OUT_FOR_GOOD = SIGNED_OUT.model_copy(
    update={"detail": N_("What you sent was not done. Sign in and do it again.")}
)

Endpoint = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Visitor:
    """Someone at a page that is open to all, and what answers them."""

    request: Request
    views: Views
    templates: Templates
    reader: Reader

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """A page without the frame of those who are signed in."""
        shown = {"carried": None, "languages": LANGUAGE_NAMES, "problem": None, **values}
        if shown["problem"] is not None:
            shown["problem"] = said(shown["problem"], self.reader.t)
        return self.templates.page(template, self.reader, shown, status)

    @property
    def token(self) -> str | None:
        """The session's token as the browser sent it."""
        return self.request.cookies.get(COOKIE)


@dataclass(frozen=True)
class Visit(Visitor):
    """Someone who is signed in."""

    asker: Asker

    @property
    def now(self) -> datetime:
        """When they came."""
        return self.reader.now

    @property
    def here(self) -> str:
        """Path and query of this page, without what is said once only."""
        kept = [(name, value) for name, value in self.request.query_params.multi_items() if name != "done"]
        return self.request.url.path + (f"?{urlencode(kept)}" if kept else "")

    async def show(self, template: str, status: int = 200, current: str = "", **values: Any) -> Response:
        """A page in the frame; ``current`` is the entry of the rail that it belongs to."""
        rail = await self.views.reading.rail(self.asker, self.now)
        frame: Mapping[str, Any] = {
            "asker": self.asker,
            "current": current or self.here,
            "done": "",
            "here": self.here,
            "languages": LANGUAGE_NAMES,
            "problem": None,
            "rail": rail,
            "titles": {queue.name: queue.title or queue.name for queue in rail.queues},
            "chapters": chapters_of(self.asker),
        }
        shown = {**frame, **values}
        if shown["problem"] is not None:
            shown["problem"] = said(shown["problem"], self.reader.t)
        return self.templates.page(template, self.reader, shown, status)

    async def refuse(self, refused: Refused) -> Response:
        """A page that says why not, and leaves the way to everywhere else."""
        problem = refused.problem
        return await self.show("problem.html", problem.status, current="none", problem=problem)


class Desk:
    """Takes requests in and makes visits of them."""

    def __init__(self, views: Views, templates: Templates) -> None:
        self._views = views
        self._templates = templates

    def open_to_all(self, page: Callable[[Visitor], Awaitable[Response]]) -> Endpoint:
        """An endpoint that anyone may ask."""

        async def endpoint(request: Request) -> Response:
            reader = reader_of(request, datetime.now(UTC))
            return await page(Visitor(request, self._views, self._templates, reader))

        return endpoint

    def visited(self, page: Callable[[Visit], Awaitable[Response]]) -> Endpoint:
        """An endpoint for those who are signed in; others are shown the door and then come back."""

        async def endpoint(request: Request) -> Response:
            now = datetime.now(UTC)
            asker = await self._views.entrance.asker(request.cookies.get(COOKIE), via="page", now=now)
            if asker is None:
                return await self._to_the_door(request, now)
            visit = Visit(request, self._views, self._templates, reader_of(request, now, asker.language), asker)
            try:
                return await page(visit)
            except Refused as refused:
                return await self._refused(visit, refused)

        return endpoint

    async def _to_the_door(self, request: Request, now: datetime) -> Response:
        """To the login page; what was asked for by GET is remembered, and what was sent is carried along."""
        if request.method != "POST" or request.url.path in NOT_CARRIED:
            return to_the_door(request)
        visitor = Visitor(request, self._views, self._templates, reader_of(request, now))
        carried = await carried_of(request)
        problem = SIGNED_OUT if carried else SIGNED_OUT_FOR_GOOD
        return visitor.page("login.html", 401, next=request.url.path, login="", problem=problem, carried=carried)

    async def _refused(self, visit: Visit, refused: Refused) -> Response:
        try:
            return await visit.refuse(refused)
        except Refused:  # not even the frame can be shown
            return visit.page("trouble.html", refused.problem.status, problem=refused.problem)


def to_the_door(request: Request) -> Response:
    """To the login page; what was asked for by GET is remembered."""
    asked = str(request.url.path) + (f"?{request.url.query}" if request.url.query else "")
    known = request.method == "GET" and asked != "/"
    return RedirectResponse("/login" + (f"?next={quote(asked, safe='')}" if known else ""), 303)


def seen(path: str) -> Response:
    """To another page after a form was done, so that reloading does not send it again."""
    return RedirectResponse(path, 303)


def local(path: str, default: str = "/") -> str:
    """A path of ours to go on to; ``default`` for anything that could lead elsewhere."""
    plain = path.startswith("/") and not path.startswith("//") and path.isprintable() and "\\" not in path
    return path if plain else default
