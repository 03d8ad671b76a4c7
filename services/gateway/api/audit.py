"""``audit``: what was done to queues, lifecycles, people, groups, rights and promises."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime
from starlette.responses import Response

from ticketwire_contracts.audit import AuditKind

from ..views.audit import Sought
from ..views.shapes import AuditRows
from .answers import Json
from .doors import Asking, Shown
from .problems import RESPONSES

router = APIRouter(tags=["Audit"], responses=RESPONSES)


@router.get("/audit", responses={200: {"model": AuditRows}})
async def audit(
    asker: Asking,
    views: Shown,
    kind: Annotated[AuditKind | None, Query(description="Only changes of such things.")] = None,
    thing: Annotated[
        str | None,
        Query(
            max_length=300,
            description="Only changes of this, e.g. `queue:support`, `person:anna`, `group:field`; with the grants to "
            "it and on it.",
        ),
    ] = None,
    person: Annotated[
        str | None, Query(max_length=254, description="Only changes by this login, address, `person/<id>` or `system`.")
    ] = None,
    since: Annotated[AwareDatetime | None, Query(alias="from", description="Only changes from this time on.")] = None,
    until: Annotated[AwareDatetime | None, Query(alias="to", description="Only changes before this time.")] = None,
    cursor: Annotated[str | None, Query(max_length=700, description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="Changes on a page.")] = 50,
) -> Response:
    """Every change of what is administered, newest first: who, when, why (command, mail, timer), of what, before and
    after. `names` says what the people are called who stand there by id. Refusals are not in it. Needs `audit.show`
    everywhere."""
    sought = Sought(kind=kind, thing=thing or None, person=person or None, since=since, until=until)
    rows = await views.audit.changes(asker, sought, cursor=cursor, limit=limit)
    items = [one.model_dump(mode="json") for one in rows.items]
    return Json({"items": items, "next": rows.next, "names": rows.names})
