"""Groups: who is in them, and what they hold."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from starlette.responses import Response

from ticketwire_contracts.base import Problem

from ..forms import form_of
from ..visits import Visit, seen
from . import names
from .chapters import GROUPS, RIGHTS
from .counter import answered, command_after, part, show
from .rights import bundles


async def listed(visit: Visit) -> Response:
    """All groups."""
    groups = await visit.views.administration.groups(visit.asker)
    return await show(visit, GROUPS, "groups.html", groups=groups)


async def blank(visit: Visit) -> Response:
    """The form for a new one."""
    return await show(visit, GROUPS, "new_group.html", form={"name": "", "title": "", "command": ""})


async def make(visit: Visit) -> Response:
    """Makes a group and leads to it."""
    form = await form_of(visit.request)
    name, title = form.text("name"), form.text("title")

    async def act() -> str:
        await visit.views.administration.create_group(visit.asker, form.command, name=name, title=title)
        return "made"

    async def again(problem: Problem) -> Response:
        typed = {"name": name, "title": title, "command": command_after(form, problem)}
        return await show(visit, GROUPS, "new_group.html", problem, form=typed)

    return await answered(act, f"/admin/groups/{name}", again)


async def into(visit: Visit) -> Response:
    """From a person's page: to the look at what joining the chosen group would change."""
    asked = visit.request.query_params
    group = quote(asked.get("into", "").removeprefix("group:"), safe="")
    member = urlencode({"change": "add_member", "member": asked.get("member", "")})
    return seen(f"/admin/groups/{group}/change?{member}")


async def group(visit: Visit) -> Response:
    """One group."""
    return await group_page(visit, part(visit, "group"))


async def group_page(visit: Visit, name: str, problem: Problem | None = None, member: str = "") -> Response:
    """Its members, the form to take someone in, and what it holds (for those who may know all grants)."""
    row = await visit.views.administration.group(visit.asker, name)
    people = await names.named_all(visit, row.members)
    choices = [*names.groups(visit), *names.agents(visit)]
    may_right = visit.asker.directory.may(visit.asker.viewer, RIGHTS.right)
    grants = await visit.views.administration.rights(visit.asker) if may_right else []
    held = bundles(visit, [grant for grant in grants if grant.grantee == f"group:{name}"], people)
    within = [
        other for other in await visit.views.administration.groups(visit.asker) if f"group:{name}" in other.members
    ]
    return await show(
        visit,
        GROUPS,
        "group.html",
        problem,
        choices=[one for one in choices if one.value not in (*row.members, f"group:{name}")],
        held=held,
        may_right=may_right,
        member=member,
        members=[people[one] for one in row.members],
        row=row,
        within=within,
    )
