"""What the pages of administration share: the right is asked for, a form is done or shown again with the reason."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.responses import Response

from ticketwire_chassis.i18n import N_
from ticketwire_contracts.base import Problem

from ...views import Refused, refuse
from ..forms import Form
from ..visits import Visit, seen
from .chapters import Chapter

Page = Callable[[Visit], Awaitable[Response]]

DONE = {
    "made": N_("It is made."),
    "saved": N_("Your changes are saved."),
    "disabled": N_("It is disabled."),
    "enabled": N_("It is in use again."),
    "shut": N_("They may do nothing any more and are signed out."),
    "back": N_("They may come in again."),
    "password": N_("The password is set. Their other sessions have ended."),
    "joined": N_("The two are one now."),
    "erased": N_("The person is erased. In other services it may take a moment."),
    "member": N_("The members are changed."),
    "given": N_("The right is given."),
    "taken": N_("The right is taken away."),
}
"""What is said once after a form was done."""


def held(chapter: Chapter, page: Page) -> Page:
    """The page for those who hold the chapter's right."""

    async def asked(visit: Visit) -> Response:
        if not visit.asker.directory.may(visit.asker.viewer, chapter.right):
            detail = f"It needs the right {chapter.right}."
            raise refuse("forbidden", title="You may not", status=403, detail=detail, right=chapter.right)
        return await page(visit)

    return asked


async def show(
    visit: Visit, chapter: Chapter, template: str, problem: Problem | None = None, **values: Any
) -> Response:
    """A page of a chapter; with what was done last, or with the reason why it was not."""
    done = DONE.get(visit.request.query_params.get("done", ""))
    return await visit.show(
        f"admin/{template}",
        problem.status if problem else 200,
        current=chapter.path,
        done=visit.reader.t(done) if done and problem is None else "",
        problem=problem,
        **values,
    )


async def answered(
    act: Callable[[], Awaitable[str]], path: str, again: Callable[[Problem], Awaitable[Response]]
) -> Response:
    """Does it and leads to ``path`` with the word that it gives; refused, it shows the page again."""
    try:
        done = await act()
    except Refused as refused:
        return await again(refused.problem)
    return seen(f"{path}?done={done}")


def command_after(form: Form, problem: Problem) -> str:
    """What may have been done after all keeps its command's id; a refusal is final, so the next try gets its own."""
    return form.id if problem.status >= 500 else ""


def part(visit: Visit, name: str) -> str:
    """A part of the address."""
    return str(visit.request.path_params[name])
