"""Mail by HTTP: ``POST /mail`` with a raw mail, or with the form that ``rt-mailgate`` posts.

2xx only once the mail is in the database; else 503, and whoever brought it comes again. Errors are problem
details (RFC 9457).
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import parse_qs

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from .domain import recipients_of
from .domain.arrivals import Arrival, arrivals, well_formed
from .domain.forms import fields_of_form

log = structlog.get_logger()

RECIPIENTS = 100


class Place(Protocol):
    """Room in memory for one mail that is coming, given back at the end."""

    def reach(self, octets: int, *, coming: bool = False) -> bool: ...
    def leave(self) -> None: ...
    def __enter__(self) -> Place: ...
    def __exit__(self, *error: Any) -> None: ...


class Taker(Protocol):
    """Who keeps mail."""

    async def take(self, mails: Sequence[Arrival]) -> None: ...
    def place(self) -> Place: ...


class Store(Protocol):
    """What is known of queues."""

    async def addresses_of(self, queue: str) -> list[str]: ...
    async def ours(self, addresses: Sequence[str]) -> list[str]: ...


class Refused(Exception):
    """The request is answered with a problem."""

    def __init__(self, status: int, kind: str, title: str, detail: str) -> None:
        super().__init__(title)
        self.status, self.kind, self.title, self.detail = status, kind, title, detail


class Api:
    """The HTTP edge."""

    def __init__(self, taker: Taker, store: Store, largest: int) -> None:
        self._taker = taker
        self._store = store
        self._largest = largest
        self.routes = [
            Route("/mail", self.post, methods=["POST"]),
            # rt-mailgate adds this path to the address that it is given.
            Route("/REST/1.0/NoAuth/mail-gateway", self.post, methods=["POST"]),
        ]

    async def post(self, request: Request) -> Response:
        """Takes one mail."""
        try:
            with self._taker.place() as place:
                return await self._post(request, place)
        except Refused as refused:
            return _problem(refused)

    async def _post(self, request: Request, place: Place) -> Response:
        body = await self._body(request, place)
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        # `curl --data-binary` calls everything urlencoded; a form in that shape has no line ends, a mail has.
        urlencoded = kind == "application/x-www-form-urlencoded" and b"\n" not in body.strip()
        if kind == "multipart/form-data" or urlencoded:
            return await self._form(request, kind, body, place)
        mails = await self._take(request, body, request.query_params.getlist("to"), place)
        return JSONResponse(
            {"mails": [mail.row for mail in mails], "correlation": mails[0].correlation}, status_code=201
        )

    async def _form(self, request: Request, kind: str, body: bytes, place: Place) -> Response:
        """As RT answers: ``rt-mailgate`` looks for the word ``ok``."""
        if kind == "multipart/form-data":
            # A form of many megabytes takes its time, and the loop has others to serve.
            fields = await asyncio.to_thread(fields_of_form, request.headers["content-type"], body)
        else:
            pairs = parse_qs(body.decode("latin-1"), keep_blank_values=True, max_num_fields=50)
            fields = {name: values[0].encode("latin-1") for name, values in pairs.items()}
        raw = fields.get("message", b"")
        if not raw:
            raise Refused(422, "no-message", "No mail in the form", "The field `message` holds the raw mail.")
        action = fields.get("action", b"correspond").decode("utf-8", "replace") or "correspond"
        if action != "correspond":
            # Taken as ordinary mail, a comment could reach a customer.
            raise Refused(422, "unknown-action", "Only `correspond` can be done", f"`{action[:40]}` was asked for.")
        recipients = request.query_params.getlist("to")
        queue = fields.get("queue", b"").decode("utf-8", "replace").strip()
        if not recipients and queue:
            recipients = (await self._store.addresses_of(queue))[:1]
            if not recipients:
                raise Refused(422, "unknown-queue", "No such queue", f"No queue `{queue[:40]}` has an address.")
        await self._take(request, raw, recipients, place)
        return PlainTextResponse("ok\n")

    async def _take(self, request: Request, raw: bytes, recipients: list[str], place: Place) -> list[Arrival]:
        if not raw.strip():
            raise Refused(422, "no-message", "No mail in the request", "The body is the raw mail.")
        recipients = recipients or await self._recipients(raw)
        wrong = [one for one in recipients if not well_formed(one)]
        if wrong or not recipients or len(recipients) > RECIPIENTS:
            detail = f"`{wrong[0][:80]}` is no mail address." if wrong else "Name up to 100 as `?to=`."
            raise Refused(422, "no-recipient", "No recipient", detail)
        sender = request.query_params.get("from")  # not named, it is unknown: only a named empty one is a bounce's
        mails = arrivals(raw, recipients, sender, datetime.now(UTC), uuid.uuid4().hex)
        place.leave()  # nothing comes between here and there: the whole mail takes the same room again
        try:
            await self._taker.take(mails)
        except Exception as error:
            log.warning("mail_not_taken", why=str(error), size=len(raw), correlation=mails[0].correlation)
            raise cannot_keep() from error
        return mails

    async def _recipients(self, raw: bytes) -> list[str]:
        """From the headers: those of To and Cc that are a queue's, else the first."""
        named = [one.address for one in recipients_of(raw) if well_formed(one.address)]
        return await self._store.ours(named) or named[:1]

    async def _body(self, request: Request, place: Place) -> bytes:
        limit = self._largest + 64 * 1024  # a form has its own lines around the mail
        pieces: list[bytes] = []
        size = 0
        try:
            async for piece in request.stream():
                size += len(piece)
                if size > limit:
                    raise Refused(413, "too-large", "Too large", f"At most {self._largest} octets.")
                if not place.reach(size, coming=True):
                    raise cannot_keep()
                pieces.append(piece)
        except ClientDisconnect as error:
            raise Refused(400, "cut-off", "Cut off", "The request ended early.") from error
        return b"".join(pieces)


def cannot_keep() -> Refused:
    """There is no room for it, or it could not be written."""
    return Refused(503, "cannot-keep", "Cannot keep it now", "Nothing was taken. Come again.")


def _problem(refused: Refused) -> Response:
    body = {"type": refused.kind, "title": refused.title, "status": refused.status, "detail": refused.detail}
    headers = {"Retry-After": "30"} if refused.status == 503 else None
    return JSONResponse(body, refused.status, headers, media_type="application/problem+json")
