"""Links between tickets, merging and splitting. The number of a merged ticket leads to the one that answers for it."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from ..views.shapes import Links, Node, Ticket
from .answers import IfMatch, Json, ticket_answer
from .bodies import NewLink, NewMerge, NewSplit, Unmerging
from .doors import Asking, Shown
from .once import OnceOnly
from .problems import RESPONSES

router = APIRouter(tags=["Links"], responses=RESPONSES)


@router.get("/tickets/{number}/links", responses={200: {"model": Links}})
async def links(number: str, asker: Asking, views: Shown) -> Response:
    """The links of a ticket with what is at their other ends; those you may not see are counted."""
    return Json(await views.joining.links(asker, number))


@router.get("/tickets/{number}/links/tree", responses={200: {"model": Node}})
async def tree(number: str, asker: Asking, views: Shown) -> Response:
    """All that a ticket depends on, over any number of others; at most 200 tickets, 20 deep."""
    return Json(await views.joining.tree(asker, number))


@router.post("/tickets/{number}/links", status_code=201, responses={201: {"model": Ticket}})
async def link(number: str, body: NewLink, version: IfMatch, asker: Asking, views: Shown, once: OnceOnly) -> Response:
    """Links two tickets; both need the right `ticket.link`. What would go round in a circle is refused."""

    async def linking(command_id: str) -> Response:
        return ticket_answer(
            await views.joining.link(asker, command_id, number, type=body.type, target=body.target, if_version=version),
            201,
        )

    return await once.do(linking)


@router.delete("/tickets/{number}/links/{type}/{target:path}", responses={200: {"model": Ticket}})
async def unlink(
    number: str, type: str, target: str, version: IfMatch, asker: Asking, views: Shown, once: OnceOnly
) -> Response:
    """Takes a link away, on both ends; an address is written percent-encoded."""

    async def unlinking(command_id: str) -> Response:
        return ticket_answer(
            await views.joining.unlink(asker, command_id, number, type=type, target=target, if_version=version)
        )

    return await once.do(unlinking)


@router.post("/tickets/{number}/merge", responses={200: {"model": Ticket}})
async def merge(number: str, body: NewMerge, version: IfMatch, asker: Asking, views: Shown, once: OnceOnly) -> Response:
    """Merges a ticket into another, and more with it; answers with the one that stays."""

    async def merging(command_id: str) -> Response:
        return ticket_answer(
            await views.joining.merge(asker, command_id, number, into=body.into, others=body.others, if_version=version)
        )

    return await once.do(merging)


@router.post("/tickets/{number}/unmerge", responses={200: {"model": Ticket}})
async def unmerge(
    number: str, body: Unmerging, version: IfMatch, asker: Asking, views: Shown, once: OnceOnly
) -> Response:
    """Undoes a merge; `number` is the ticket that was merged."""

    async def unmerging(command_id: str) -> Response:
        return ticket_answer(
            await views.joining.unmerge(asker, command_id, number, since=body.since, if_version=version)
        )

    return await once.do(unmerging)


@router.post("/tickets/{number}/split", status_code=201, responses={201: {"model": Ticket}})
async def split(number: str, body: NewSplit, version: IfMatch, asker: Asking, views: Shown, once: OnceOnly) -> Response:
    """Makes messages a new, linked ticket; answers with it. `copy` leaves them here too."""

    async def splitting(command_id: str) -> Response:
        return ticket_answer(
            await views.joining.split(asker, command_id, number, **body.model_dump(), if_version=version), 201
        )

    return await once.do(splitting)


@router.post("/tickets/{number}/unsplit", responses={200: {"model": Ticket}})
async def unsplit(number: str, version: IfMatch, asker: Asking, views: Shown, once: OnceOnly) -> Response:
    """Undoes a split; `number` is the ticket that was split off. Answers with the one it came from."""

    async def undoing(command_id: str) -> Response:
        return ticket_answer(await views.joining.unsplit(asker, command_id, number, if_version=version))

    return await once.do(undoing)
