"""One's own profile: what others read as one's name, one's language, one's password."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.responses import Response

from ticketwire_chassis.i18n import N_
from ticketwire_contracts.base import Problem

from ..views import Refused, not_found
from .forms import Form, form_of
from .visits import Visit, seen
from .words import LANGUAGE_NAMES

DONE = {"saved": N_("Your changes are saved."), "password": N_("Your password is changed. Other sessions have ended.")}


async def show(visit: Visit) -> Response:
    """The profile, with what was done last."""
    return await page(visit)


async def change(visit: Visit) -> Response:
    """Saves name and language, or sets the password."""
    form = await form_of(visit.request)
    acts: dict[str, Callable[[], Awaitable[None]]] = {
        "save": lambda: save(visit, form),
        "password": lambda: set_password(visit, form),
    }
    wish = form.text("do")
    if wish not in acts:
        raise not_found()
    try:
        await acts[wish]()
    except Refused as refused:
        return await page(visit, refused.problem, form if wish == "save" else None)
    return seen(f"/profile?done={'saved' if wish == 'save' else 'password'}")


async def save(visit: Visit, form: Form) -> None:
    """Name and language, which everyone may change of themselves."""
    await visit.views.administration.change_person(
        visit.asker, form.command, visit.asker.person.id, name=form.text("name"), language=form.text("language")
    )


async def set_password(visit: Visit, form: Form) -> None:
    """A new password, for whoever knows the present one."""
    await visit.views.entrance.set_password(
        visit.asker, visit.asker.login, form.raw("password"), current=form.raw("current"), now=visit.now
    )


async def page(visit: Visit, problem: Problem | None = None, typed: Form | None = None) -> Response:
    """The page, with the reason why something was refused; passwords never come back."""
    person = visit.asker.person
    done = DONE.get(visit.request.query_params.get("done", ""))
    return await visit.show(
        "profile.html",
        problem.status if problem else 200,
        current="/profile",
        done=visit.reader.t(done) if done and problem is None else "",
        problem=problem,
        command=typed.id if typed and problem and problem.status >= 500 else "",
        language=typed.text("language") if typed else person.language or "",
        languages_known=LANGUAGE_NAMES,
        name=typed.text("name") if typed else person.name,
        person=person,
    )
