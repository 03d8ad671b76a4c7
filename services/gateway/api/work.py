"""What is done to tickets. `If-Match` with the version you have seen refuses what has changed since."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from ..views.shapes import Entry, Ticket
from ..views.work import Said
from .answers import IfMatch, Json, etag, ticket_answer
from .bodies import NewNote, NewOwner, NewPriority, NewReply, NewStatus, NewTicket, OtherQueue
from .doors import Asking, Shown
from .once import OnceOnly
from .problems import RESPONSES

router = APIRouter(tags=["Work"], responses=RESPONSES)


@router.post("/tickets", status_code=201, responses={201: {"model": Ticket}})
async def open_ticket(body: NewTicket, asker: Asking, views: Shown, once: OnceOnly) -> Response:
    """Opens a ticket by hand: for a caller (`phone`), or to write to someone first (`mail`)."""

    async def opening(command_id: str) -> Response:
        opened = await views.work.open_ticket(asker, command_id, **body.model_dump())
        return ticket_answer(opened, 201)

    return await once.do(opening)


@router.post("/tickets/{number}/replies", status_code=201, responses={201: {"model": Entry}})
async def reply(number: str, body: NewReply, version: IfMatch, asker: Asking, views: Shown, once: OnceOnly) -> Response:
    """Replies to the customers; answers with the entry. The default goes to requesters and cc."""

    async def replying(command_id: str) -> Response:
        said = await views.work.say_reply(
            asker,
            command_id,
            number,
            text=body.text,
            to=body.to,
            cc=body.cc,
            attachments=body.attachments,
            then_status=body.status,
            if_version=version,
        )
        return said_answer(said)

    return await once.do(replying)


@router.post("/tickets/{number}/notes", status_code=201, responses={201: {"model": Entry}})
async def note(number: str, body: NewNote, version: IfMatch, asker: Asking, views: Shown, once: OnceOnly) -> Response:
    """Adds an internal note; answers with the entry."""

    async def noting(command_id: str) -> Response:
        said = await views.work.say_note(
            asker, command_id, number, text=body.text, attachments=body.attachments, if_version=version
        )
        return said_answer(said)

    return await once.do(noting)


@router.put("/tickets/{number}/status", responses={200: {"model": Ticket}})
async def set_status(
    number: str, body: NewStatus, version: IfMatch, asker: Asking, views: Shown, once: OnceOnly
) -> Response:
    """Sets the status; `until` says when a waiting ticket opens again by itself."""

    async def setting(command_id: str) -> Response:
        return ticket_answer(
            await views.work.set_status(
                asker, command_id, number, status=body.status, until=body.until, if_version=version
            )
        )

    return await once.do(setting)


@router.put("/tickets/{number}/owner", responses={200: {"model": Ticket}})
async def set_owner(
    number: str, body: NewOwner, version: IfMatch, asker: Asking, views: Shown, once: OnceOnly
) -> Response:
    """Sets the owner by login; null for nobody."""

    async def setting(command_id: str) -> Response:
        return ticket_answer(
            await views.work.set_owner(asker, command_id, number, owner=body.owner, if_version=version)
        )

    return await once.do(setting)


@router.put("/tickets/{number}/priority", responses={200: {"model": Ticket}})
async def set_priority(
    number: str, body: NewPriority, version: IfMatch, asker: Asking, views: Shown, once: OnceOnly
) -> Response:
    """Sets the priority, 0 to 100."""

    async def setting(command_id: str) -> Response:
        return ticket_answer(
            await views.work.set_priority(asker, command_id, number, priority=body.priority, if_version=version)
        )

    return await once.do(setting)


@router.put("/tickets/{number}/queue", responses={200: {"model": Ticket}})
async def set_queue(
    number: str, body: OtherQueue, version: IfMatch, asker: Asking, views: Shown, once: OnceOnly
) -> Response:
    """Moves the ticket into another queue. Its status goes along where the lifecycles say how (else 409
    `status-unmapped`). Needs `ticket.move` here and `ticket.create` there."""

    async def setting(command_id: str) -> Response:
        return ticket_answer(
            await views.work.set_queue(asker, command_id, number, queue=body.queue, if_version=version)
        )

    return await once.do(setting)


def said_answer(said: Said) -> Response:
    """The entry of what was said; 204 when it is out of the asker's sight."""
    if said.ticket is None or said.entry is None:
        return Response(status_code=204)
    return Json(said.entry, 201, {"ETag": etag(said.ticket.version)})
