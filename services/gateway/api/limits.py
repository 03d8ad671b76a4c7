"""How much a request may carry: it is counted while it comes in, so that nobody fills the memory, least of all who
has not said yet who they are."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope

from ..views.files import MAX_BYTES

DOOR = 64_000
"""Login and password, or a language."""
CARRIED = 1_000_000
"""At the login page also what someone wrote before they were signed out."""
JSON = 2_500_000
"""A text of 200 000 characters, each written as twelve octets, as JSON may."""
UPLOAD = MAX_BYTES + 100_000
"""A little more than a file has, so that the reason is given where files are taken."""
FORM = 64_000_000
"""A form of a page with its files."""
POURED_AWAY = 256_000_000
"""So much more is taken in and thrown away: a browser reads no answer before it has sent everything."""

DOORS = {"/login": CARRIED, "/language": DOOR, "/api/v1/sessions": DOOR}


def is_for_programs(path: str) -> bool:
    """Whether a path is of the API rather than of a page."""
    return path == "/api" or path.startswith("/api/")


def most_of(path: str) -> int:
    """How many octets may be sent there at once."""
    if path in DOORS:
        return DOORS[path]
    if not is_for_programs(path):
        return FORM
    return UPLOAD if path.endswith("/attachments") else JSON


class Intake:
    """What comes in with one request."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        headers = dict(scope["headers"])
        declared = headers.get(b"content-length", b"")
        self._declared = int(declared) if declared.isdigit() else 0
        self._most = most_of(scope["path"])
        self._receive = receive
        # what someone wrote on a page is read as far as it may go, so that it is not lost
        self._read_on = not is_for_programs(scope["path"]) and scope["path"] not in DOORS
        self._came = 0
        self._more = bool(self._declared or b"transfer-encoding" in headers) and b"expect" not in headers

    async def receive(self) -> Message:
        """The next part. Raises ``HTTPException`` 413 when it is too much."""
        if self._declared > self._most and not self._read_on:
            raise self._too_large()
        message = await self._next()
        if self._came > self._most:
            raise self._too_large()
        return message

    async def pour_away(self) -> None:
        """Takes in what nobody wants, before the answer."""
        while self._more and self._came < POURED_AWAY:
            await self._next()

    async def _next(self) -> Message:
        message = await self._receive()
        self._came += len(message.get("body", b""))
        self._more = bool(message.get("more_body", False))
        return message

    def _too_large(self) -> HTTPException:
        return HTTPException(413, f"At most {in_words(self._most)} go at once.")


def in_words(octets: int) -> str:
    """A size with its unit, in thousands."""
    return f"{octets // 1000} kB" if octets < 1_000_000 else f"{octets / 1_000_000:.3g} MB"
