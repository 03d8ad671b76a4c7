"""Signing in and out, and choosing a language."""

from __future__ import annotations

import secrets

from starlette.responses import RedirectResponse, Response

from ticketwire_chassis.i18n import LANGUAGES

from ..views import COOKIE, Refused
from ..views.entrance import DEVICE_COOKIE, KNOWN_FOR
from .carried import unpacked
from .forms import form_of
from .visits import Visit, Visitor, local, seen

A_YEAR = 31_536_000


async def door(visitor: Visitor) -> Response:
    """The login page; those who are signed in already are sent on."""
    next_page = local(visitor.request.query_params.get("next", "/"))
    if await visitor.views.entrance.asker(visitor.token, via="page", now=visitor.reader.now):
        return seen(next_page)
    return visitor.page("login.html", next=next_page, login="")


async def sign_in(visitor: Visitor) -> Response:
    """Takes login and password, sets the session's cookie, goes on to what was asked for, or shows what was sent
    before, to be sent now.

    The cookie ends with the browser; how long the session may rest unused is the entrance's to say.
    """
    form = await form_of(visitor.request)
    request, next_page, carried = visitor.request, local(form.text("next")), unpacked(form.raw("carried"))
    client = request.client.host if request.client else ""
    device = request.cookies.get(DEVICE_COOKIE) or secrets.token_urlsafe(32)
    try:
        session = await visitor.views.entrance.sign_in(
            form.text("login"), form.raw("password"), address=client, device=device, now=visitor.reader.now
        )
    except Refused as refused:
        problem, login = refused.problem, form.text("login")
        return visitor.page("login.html", problem.status, next=next_page, login=login, problem=problem, carried=carried)
    answer: Response = RedirectResponse(next_page, 303)
    if carried:
        answer = visitor.page("resend.html", carried=carried, name=session.person.name or session.person.login)
    secure = request.url.scheme == "https"
    answer.set_cookie(COOKIE, session.token, path="/", secure=secure, httponly=True, samesite="lax")
    lasting = int(KNOWN_FOR.total_seconds())
    answer.set_cookie(DEVICE_COOKIE, device, lasting, path="/login", secure=secure, httponly=True, samesite="lax")
    return answer


async def sign_out(visit: Visit) -> Response:
    """Ends the session, here and in the browser."""
    await visit.views.entrance.sign_out(visit.asker)
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="lax")
    return answer


async def choose_language(visitor: Visitor) -> Response:
    """Remembers the language for this browser."""
    form = await form_of(visitor.request)
    answer = RedirectResponse(local(form.text("back")), 303)
    if form.text("language") in LANGUAGES:
        answer.set_cookie("language", form.text("language"), max_age=A_YEAR, path="/", samesite="lax")
    return answer
