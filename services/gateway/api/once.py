"""``Idempotency-Key``: the same request sent again gets the same answer, and is done once."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated

from fastapi import Depends, Header, Request
from starlette.responses import Response

from ..views import refuse
from ..views.needs import Keys
from .doors import Asking, KnownKeys

Act = Callable[[str], Awaitable[Response]]


class Once:
    """Does something under the request's key. Without a key each request is one of its own."""

    def __init__(self, request: Request, person: str, keys: Keys, key: str | None) -> None:
        self._request = request
        self._keys = keys
        self._key = key
        self._row = f"{person} {key}"

    async def do(self, act: Act) -> Response:
        """Does ``act`` with the command id that the key stands for, or gives the answer of the first time.

        Key and request together become the command's id: so even when an answer was lost before it could be kept,
        the service that obeys knows that it was done; and a key that comes with something else when its answer is
        kept no more is not answered with what it stood for once. Refusals are kept there, not here.
        """
        if self._key is None:
            return await act(uuid.uuid4().hex)
        digest = await self._digest()
        known = await self._keys.claim(self._row, digest, datetime.now(UTC))
        if known is not None and known.digest != digest:
            raise refuse(
                "idempotency-key-reused",
                title="This key was used for something else",
                status=422,
                detail="Take a new Idempotency-Key for a new request.",
            )
        if known is not None and known.status is not None:
            return _again(known.status, known.body or b"", known.etag)
        answer = await act(f"key {self._key} {digest}")
        await self._keys.settle(self._row, answer.status_code, bytes(answer.body), answer.headers.get("etag"))
        return answer

    async def _digest(self) -> str:
        asked = f"{self._request.method} {self._request.url.path}?{self._request.url.query}\n".encode()
        return sha256(asked + await self._request.body()).hexdigest()


def _again(status: int, body: bytes, etag: str | None) -> Response:
    headers = {"Idempotent-Replayed": "true"} | ({"ETag": etag} if etag else {})
    return Response(body, status, headers, media_type="application/json" if body else None)


async def once_only(
    request: Request,
    asker: Asking,
    keys: KnownKeys,
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=200,
            description="Any word of your own; the same word with the same request is done once.",
        ),
    ] = None,
) -> Once:
    """The request's key."""
    return Once(request, asker.person.id, keys, idempotency_key)


OnceOnly = Annotated[Once, Depends(once_only)]
