"""The audit log: what was done to queues, lifecycles, people, groups, rights and promises, by whom and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args
from urllib.parse import urlencode

from starlette.responses import Response

from ticketwire_chassis.i18n import N_
from ticketwire_contracts.audit import AuditKind

from ...views import Refused
from ...views.audit import SYSTEM, Sought
from ...views.shapes import AuditRows
from .. import history
from ..forms import moment
from ..prose import clean_line
from ..visits import Visit
from . import names
from .chapters import AUDIT
from .counter import show as shown
from .told import Teller

A_PAGE = 50
HERE = AUDIT.path

KINDS: dict[AuditKind, str] = {
    "queue": N_("Queues"),
    "lifecycle": N_("Lifecycles"),
    "person": N_("People"),
    "group": N_("Groups"),
    "grant": N_("Rights"),
    "policy": N_("Promises"),
}


@dataclass(frozen=True)
class Typed(history.Typed):
    """What stands in the form that looks for changes."""

    thing: str = ""


async def show(visit: Visit) -> Response:
    """A page of it, newest first. Needs ``audit.show``."""
    asked = visit.request.query_params
    typed = Typed(**{name: asked.get(name, "").strip()[:254] for name in Typed.__dataclass_fields__})
    cursor = asked.get("cursor")
    rows, problem = AuditRows([], None, {}), None
    try:
        sought = sought_by(visit, typed)
        rows = await visit.views.audit.changes(visit.asker, sought, cursor=cursor, limit=A_PAGE)
    except Refused as refused:
        if refused.problem.status not in (412, 422):
            raise
        problem = refused.problem
    teller = Teller(visit, rows.names)
    return await shown(
        visit,
        AUDIT,
        "audit.html",
        problem,
        changes=[teller.told(one) for one in rows.items],
        first=HERE + (f"?{urlencode(typed.query)}" if typed.query else "") if cursor else None,
        further=f"{HERE}?{urlencode(typed.query | {'cursor': rows.next})}" if rows.next else None,
        kinds=KINDS,
        people=suggestions(visit),
        things=[*names.queues(visit), *names.groups(visit), *names.agents(visit)],
        typed=typed,
    )


def sought_by(visit: Visit, typed: Typed) -> Sought:
    """What is looked for; days are the reader's, and the last one counts as a whole. ``Refused`` for no time."""
    zone = visit.reader.zone
    return Sought(
        kind=next((kind for kind in get_args(AuditKind) if kind == typed.kind), None),
        thing=typed.thing or None,
        person=typed.person or None,
        since=moment(typed.since, zone) if typed.since else None,
        until=history.end_of(typed.until, zone) if typed.until else None,
    )


def suggestions(visit: Visit) -> dict[str, str]:
    """Who may have done it: the agents, and Ticketwire; what to look for → what to call them."""
    agents = visit.asker.directory.agents.values()
    found = {agent.login: agent.name or agent.login for agent in agents if agent.login} | {SYSTEM: "Ticketwire"}
    return {login: clean_line(name) for login, name in found.items()}
