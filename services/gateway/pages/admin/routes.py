"""The addresses of administration."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ...views import not_found
from ..visits import Desk, Visit, seen
from . import audit, changing, groups, lifecycles, people, privacy, queues, rights
from .chapters import AUDIT, GROUPS, LIFECYCLES, PEOPLE, QUEUES, RIGHTS, Chapter, chapters_of
from .counter import Page, held

PAGES: tuple[tuple[str, Chapter, Page, Page | None], ...] = (
    ("/admin/queues", QUEUES, queues.listed, None),
    ("/admin/new/queue", QUEUES, queues.blank, queues.make),
    ("/admin/queues/{queue}", QUEUES, queues.queue, queues.change),
    ("/admin/lifecycles", LIFECYCLES, lifecycles.listed, None),
    ("/admin/new/lifecycle", LIFECYCLES, lifecycles.blank, lifecycles.make),
    ("/admin/lifecycles/{lifecycle}", LIFECYCLES, lifecycles.lifecycle, lifecycles.change),
    ("/admin/people", PEOPLE, people.listed, None),
    ("/admin/new/person", PEOPLE, people.blank, people.make),
    ("/admin/people/{person}", PEOPLE, people.person, people.change),
    ("/admin/people/{person}/join", PEOPLE, people.joining, people.join),
    ("/admin/people/{person}/data", PEOPLE, privacy.kept, privacy.erase),
    ("/admin/groups", GROUPS, groups.listed, None),
    ("/admin/new/group", GROUPS, groups.blank, groups.make),
    ("/admin/new/member", GROUPS, groups.into, None),
    ("/admin/groups/{group}", GROUPS, groups.group, None),
    ("/admin/groups/{group}/change", GROUPS, changing.look_at_member, changing.change_member),
    ("/admin/rights", RIGHTS, rights.listed, None),
    ("/admin/rights/change", RIGHTS, changing.look_at_grant, changing.change_grant),
    ("/admin/explain", RIGHTS, rights.explained, None),
    ("/admin/audit", AUDIT, audit.show, None),
)
"""Address, chapter, what is shown, what its form does."""


def administration(desk: Desk) -> list[BaseRoute]:
    """All of them."""
    routes: list[BaseRoute] = [Route("/admin", desk.visited(first))]
    for path, chapter, shown, done in PAGES:
        routes.append(Route(path, desk.visited(held(chapter, shown))))
        if done is not None:
            routes.append(Route(path, desk.visited(held(chapter, done)), methods=["POST"]))
    return routes


async def first(visit: Visit) -> Response:
    """To the first chapter that the visitor may open."""
    chapters = chapters_of(visit.asker)
    if not chapters:
        raise not_found()
    return seen(chapters[0].path)
