"""What holds for everything that goes out of this door and comes in: security headers, the same origin, and how
much may come.

Raw ASGI: it costs a few microseconds a request.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ticketwire_contracts.base import Problem

from ..views import COOKIE
from .limits import Intake, is_for_programs
from .problems import say

HEADERS = {
    b"content-security-policy": (
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        b"connect-src 'self'; manifest-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    b"cache-control": b"private, no-store",
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"same-origin",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"camera=(), geolocation=(), microphone=()",
}
STRICT_TRANSPORT = (b"strict-transport-security", b"max-age=31536000")

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
NO_CREDENTIALS_NEEDED = frozenset({"/login"})
"""Forms that change something without a cookie."""

FOREIGN = Problem(
    type="foreign-origin",
    title="This came from another site",
    status=403,
    detail="Requests that carry a session cookie must come from our own pages. Programs send a bearer token.",
)


class Guard:
    """Around the whole application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuses what another site's page sent in someone's name, and what is too large; dresses every response."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        secure = scope.get("scheme") == "https"
        intake = Intake(scope, receive)

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                await intake.pour_away()
                headers = message["headers"] = list(message["headers"])
                present = {name.lower() for name, _ in headers}
                headers += [pair for pair in HEADERS.items() if pair[0] not in present]
                if secure:
                    headers.append(STRICT_TRANSPORT)
            await send(message)

        if scope["method"] not in SAFE and comes_from_elsewhere(scope):
            answer = await say(Request(scope), FOREIGN)
            await answer(scope, intake.receive, dressed)
        else:
            await self._app(scope, intake.receive, dressed)


def comes_from_elsewhere(scope: Scope) -> bool:
    """Whether a request that a cookie speaks for, or a form of a page, was not made by a page of ours.

    Browsers say where a request comes from, in ``Sec-Fetch-Site`` or at least in ``Origin``. A request with a
    session cookie and neither of them is refused as well: no browser of today sends such a one. Forms count without
    a cookie too: a stranger's page must not log someone in as someone else, nor have the login page carry what it
    sent along until someone has signed in.
    """
    headers: dict[str, str] = {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
    }
    if headers.get("authorization", "").lower().startswith("bearer "):
        return False  # no page of another site can send that, and then the cookie does not count
    has_session = _has_session(headers.get("cookie", ""))
    if is_for_programs(scope["path"]) and not has_session:
        return False
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    if origin is None:
        return has_session and scope["path"] not in NO_CREDENTIALS_NEEDED
    return urlsplit(origin).netloc.lower() != headers.get("host", "").lower()


def _has_session(cookies: str) -> bool:
    return any(part.partition("=")[0].strip() == COOKIE for part in cookies.split(";"))
