"""Attachments: reading those of messages, uploading new ones."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response

from ..views.files import MAX_BYTES, too_large
from ..views.shapes import File, FileContent
from .answers import Json
from .doors import Asking, Now, Shown
from .problems import RESPONSES

router = APIRouter(tags=["Files"], responses=RESPONSES)


@router.get("/tickets/{number}/attachments/{digest}", response_class=Response)
async def attachment(number: str, digest: str, asker: Asking, views: Shown) -> Response:
    """An attachment of a message that you may see; always as a download."""
    return download(await views.reading.attachment(asker, number, digest))


@router.post(
    "/attachments",
    status_code=201,
    responses={201: {"model": File}},
    openapi_extra={"requestBody": {"content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}},
)
@router.post(
    "/tickets/{number}/attachments",
    status_code=201,
    responses={201: {"model": File}},
    openapi_extra={"requestBody": {"content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}},
)
async def upload(
    request: Request,
    asker: Asking,
    views: Shown,
    now: Now,
    filename: Annotated[str, Query(max_length=300, description="Its name.")] = "",
    content_type: Annotated[str, Header(description="Its type.")] = "application/octet-stream",
    number: str | None = None,
) -> Response:
    """Uploads a file: the octets are the body. Name its `sha256` in a reply, note or new ticket within a day."""
    if number is not None:
        await views.reading.ticket(asker, number)
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > MAX_BYTES:
            raise too_large()
    file = await views.files.upload(asker, filename=filename, content_type=content_type, data=bytes(data), now=now)
    return Json(file, 201)


def download(content: FileContent) -> Response:
    """A file that no browser opens in our name: a download, of the type it claims, in a sandbox."""
    name = content.file.filename or "file"
    plain = "".join(char if char.isascii() and char.isprintable() and char not in '"\\%' else "_" for char in name)
    return Response(
        content.data,
        headers={
            "Content-Type": content.file.content_type,
            "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )
