"""The dashboard, and lists of tickets."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlencode

from starlette.responses import Response

from ticketwire_chassis.i18n import N_

from .bulk import choices
from .visits import Visit, seen

LISTS = {
    "me": N_("My tickets"),
    "none": N_("Unowned"),
    "": N_("All tickets"),
}
OVERDUE = N_("Overdue")
DONE = {"gone": N_("It is done. The ticket is where you do not see it.")}
ORDERS: dict[str, Literal["urgency", "newest"]] = {"open": "urgency", "all": "newest"}
A_PAGE = 50


async def dashboard(visit: Visit) -> Response:
    """What matters now."""
    board = await visit.views.reading.dashboard(visit.asker, visit.now)
    done = DONE.get(visit.request.query_params.get("done", ""))
    return await visit.show("dashboard.html", board=board, done=visit.reader.t(done) if done else "")


async def queue(visit: Visit) -> Response:
    """The tickets of one queue."""
    name = visit.request.path_params["queue"]
    return await listed(visit, {}, queue=name)


async def tickets(visit: Visit) -> Response:
    """Tickets of all queues: one's own, those without an owner, those overdue, or all."""
    asked = visit.request.query_params
    owner = asked.get("owner", "") if asked.get("owner") in ("me", "none") else ""
    overdue = bool(asked.get("overdue"))
    chosen = {"owner": owner} if owner else {"overdue": "1"} if overdue else {}
    return await listed(visit, chosen, owner=owner or None, overdue=overdue, title=OVERDUE if overdue else LISTS[owner])


async def listed(
    visit: Visit,
    chosen: dict[str, str],
    *,
    queue: str | None = None,
    owner: str | None = None,
    overdue: bool = False,
    title: str = "",
) -> Response:
    """A page of a list: what is open by urgency, or everything, newest first."""
    asked = visit.request.query_params
    shown = "all" if asked.get("status") == "all" else "open"
    cursor = asked.get("cursor")
    page = await visit.views.reading.tickets(
        visit.asker,
        queue=queue,
        status="all" if shown == "all" else "not_closed",
        owner=owner,
        overdue=overdue,
        sort=ORDERS[shown],
        cursor=cursor,
        limit=A_PAGE,
        now=visit.now,
    )
    path = visit.request.url.path

    def here_with(**changed: str) -> str:
        kept = chosen | ({"status": "all"} if shown == "all" else {}) | changed
        kept = {name: value for name, value in kept.items() if (name, value) != ("status", "open")}
        return path + (f"?{urlencode(kept)}" if kept else "")

    return await visit.show(
        "list.html",
        current=path + (f"?{urlencode(chosen)}" if chosen else ""),
        here_with=here_with,
        page=page,
        paged=cursor is not None,
        queue=queue,
        choices=choices(visit, queue),
        done=changed(visit),
        shown=shown,
        title=title,
    )


async def back(visit: Visit) -> Response:
    """Where only the form of a list goes."""
    return seen("/tickets")


def changed(visit: Visit) -> str:
    """What is said once after tickets of the list were changed together."""
    what, _, n = visit.request.query_params.get("done", "").partition("-")
    if what != "changed" or not n.isascii() or not n.isdigit() or len(n) > 4:
        return ""
    return visit.reader.t.ngettext("{n} ticket is changed.", "{n} tickets are changed.", int(n))
