"""Answers: JSON straight from the views' values, versions as ``ETag`` and ``If-Match``."""

from __future__ import annotations

import re
from typing import Annotated, Any

import orjson
from fastapi import Depends, Header
from starlette.responses import Response

from ..views import refuse
from ..views.shapes import Ticket

_TAG = re.compile(r'\s*(?:W/)?"(\d{1,18})"\s*')


class Json(Response):
    """A value as JSON; dataclasses and times are written as they are."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The bytes."""
        return orjson.dumps(content, option=orjson.OPT_UTC_Z)


def ticket_answer(ticket: Ticket | None, status: int = 200) -> Response:
    """A ticket with its version as ETag; 204 when it was changed out of the asker's sight."""
    if ticket is None:
        return Response(status_code=204)
    headers = {"ETag": etag(ticket.version)}
    if status == 201:
        headers["Location"] = f"/api/v1/tickets/{ticket.number}"
    return Json(ticket, status, headers)


def etag(version: int) -> str:
    """A version as HTTP writes it."""
    return f'"{version}"'


async def expected_version(
    if_match: Annotated[
        str | None,
        Header(description='Version that you have seen, e.g. `"7"`; another one answers 412.', examples=['"7"']),
    ] = None,
) -> int | None:
    """The version named by ``If-Match``; none without it or for ``*``."""
    if if_match is None or if_match.strip() == "*":
        return None
    tag = _TAG.fullmatch(if_match)
    if tag is None:
        raise refuse(
            "bad-if-match",
            title="Not a version of ours",
            status=412,
            detail='Send one ETag as you got it, e.g. If-Match: "7".',
        )
    return int(tag[1])


IfMatch = Annotated[int | None, Depends(expected_version)]
