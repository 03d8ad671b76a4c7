"""A change of rights is looked at before it is made: who gains, who loses, on how many tickets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, cast
from urllib.parse import urlencode

from starlette.responses import Response

from ticketwire_contracts.base import Problem

from ...views import Refused, not_found
from ...views.rights import Wanted
from ...views.shapes import Difference
from ..forms import form_of
from ..visits import Visit
from . import names
from .chapters import GROUPS, RIGHTS, Chapter
from .counter import answered, command_after, part, show
from .groups import group_page
from .names import Named
from .rights import rights_page, typed_of

GrantWord = Literal["give_right", "take_right"]
MemberWord = Literal["add_member", "remove_member"]


@dataclass(frozen=True)
class Extent:
    """Rights that are gained or lost on the same tickets and queues."""

    rights: list[str]
    tickets: int
    queues: list[str]
    everywhere: bool


@dataclass(frozen=True)
class Shifted:
    """What someone gains or loses."""

    who: Named
    gains: bool
    extents: list[Extent]


async def look_at_grant(visit: Visit) -> Response:
    """What giving or taking a right would change; refused, the list of rights with the reason."""
    asked = visit.request.query_params
    typed = typed_of(asked)
    word = cast(GrantWord, one_of(asked.get("change", ""), "give_right", "take_right"))
    wanted = Wanted(change=word, right=typed.right, grantee=typed.grantee, scope=typed.where)

    async def again(problem: Problem) -> Response:
        return await rights_page(visit, typed, problem)

    return await look(visit, RIGHTS, wanted, again)


async def change_grant(visit: Visit) -> Response:
    """Gives or takes the right."""
    form = await form_of(visit.request)
    typed = typed_of(form)
    word = cast(GrantWord, one_of(form.text("change"), "give_right", "take_right"))
    administration = visit.views.administration
    do = administration.give_right if word == "give_right" else administration.take_right

    async def act() -> str:
        await do(visit.asker, form.command, right=typed.right, grantee=typed.grantee, scope=typed.where)
        return "given" if word == "give_right" else "taken"

    async def again(problem: Problem) -> Response:
        if problem.status < 500:
            return await rights_page(visit, typed, problem)
        wanted = Wanted(change=word, right=typed.right, grantee=typed.grantee, scope=typed.where)
        return await page(visit, RIGHTS, wanted, [], 0, {}, problem, command_after(form, problem))

    return await answered(act, "/admin/rights", again)


async def look_at_member(visit: Visit) -> Response:
    """What someone's coming or going would change; refused, the group's page with the reason."""
    asked, name = visit.request.query_params, part(visit, "group")
    word = cast(MemberWord, one_of(asked.get("change", ""), "add_member", "remove_member"))
    member = asked.get("member", "")[:200]

    async def again(problem: Problem) -> Response:
        return await group_page(visit, name, problem, member)

    return await look(visit, GROUPS, Wanted(change=word, group=name, member=member), again, version_of(visit, name))


async def change_member(visit: Visit) -> Response:
    """Takes someone into the group, or out of it."""
    form, name = await form_of(visit.request), part(visit, "group")
    word = cast(MemberWord, one_of(form.text("change"), "add_member", "remove_member"))
    member, version = form.text("member"), form.number("version")
    administration = visit.views.administration
    do = administration.add_member if word == "add_member" else administration.remove_member

    async def act() -> str:
        await do(visit.asker, form.command, name, member, if_version=version)
        return "member"

    async def again(problem: Problem) -> Response:
        if problem.status < 500:
            return await group_page(visit, name, problem, member)
        wanted = Wanted(change=word, group=name, member=member)
        return await page(visit, GROUPS, wanted, [], 0, {}, problem, command_after(form, problem), version)

    return await answered(act, f"/admin/groups/{name}", again)


def version_of(visit: Visit, group: str) -> int | None:
    """The version of a group that stood on the page from which someone comes, else the one that is looked at."""
    named = visit.request.query_params.get("version", "")
    if named.isascii() and named.isdigit() and len(named) < 10:
        return int(named)
    known = visit.asker.directory.groups.get(group)
    return known.version if known else None


def one_of(word: str, *known: str) -> str:
    """A word that must be one of these."""
    if word not in known:
        raise not_found()
    return word


async def look(
    visit: Visit,
    chapter: Chapter,
    wanted: Wanted,
    again: Callable[[Problem], Awaitable[Response]],
    version: int | None = None,
) -> Response:
    """Asks for the preview and shows it."""
    try:
        preview = await visit.views.rights.preview(visit.asker, wanted)
    except Refused as refused:
        return await again(refused.problem)
    people = await names.named_all(visit, [one.who for one in preview.differences])
    return await page(visit, chapter, wanted, preview.differences, preview.more, people, version=version)


async def page(
    visit: Visit,
    chapter: Chapter,
    wanted: Wanted,
    differences: list[Difference],
    more: int,
    people: dict[str, Named],
    problem: Problem | None = None,
    command: str = "",
    version: int | None = None,
) -> Response:
    """The change in words, what it opens and closes, and the form that makes it."""
    fields = {
        name: value
        for name in ("change", "right", "grantee", "scope", "member")
        if (value := getattr(wanted, name)) is not None
    } | ({} if version is None else {"version": str(version)})
    group = f"group:{wanted.group}"
    words = [wanted.grantee or "", wanted.scope or "", wanted.member or "", group]
    called = await names.named_all(visit, words)
    back = (
        f"/admin/groups/{wanted.group}" if wanted.group else f"/admin/rights?{urlencode({'grantee': wanted.grantee})}"
    )
    return await show(
        visit,
        chapter,
        "changing.html",
        problem,
        back=back,
        called=called,
        fields=fields,
        form={"command": command},
        group=group,
        looked=problem is None,
        more=more,
        shifts=together(visit, differences, people),
        wanted=wanted,
    )


def together(visit: Visit, differences: list[Difference], people: dict[str, Named]) -> list[Shifted]:
    """What each one gains, and what each loses: those who gain first, rights that go as far as each other together."""
    found: dict[tuple[bool, str], dict[tuple[int, tuple[str, ...], bool], list[str]]] = {}
    for one in differences:
        reach = (one.tickets, tuple(one.queues), one.everywhere)
        found.setdefault((one.gains, one.who), {}).setdefault(reach, []).append(one.right)
    return [
        Shifted(
            people[who],
            gains,
            [
                Extent(rights, tickets, [names.named(visit, f"queue:{queue}").text for queue in queues], everywhere)
                for (tickets, queues, everywhere), rights in reaches.items()
            ],
        )
        for (gains, who), reaches in sorted(found.items(), key=lambda pair: (not pair[0][0], people[pair[0][1]].text))
    ]
