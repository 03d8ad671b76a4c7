"""People: agents and customers, found and changed, shut out and let in, joined."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from starlette.responses import Response

from ticketwire_chassis.i18n import N_
from ticketwire_contracts.base import Problem
from ticketwire_contracts.tickets import Person

from ...views import Refused, not_found, refuse
from ...views.entrance import unfit
from ...views.shapes import PersonRow
from ..forms import Form, form_of
from ..visits import Visit, seen
from ..words import LANGUAGE_NAMES
from . import names
from .chapters import GROUPS, PEOPLE
from .counter import answered, command_after, part, show

KINDS = {"": N_("All"), "agents": N_("Agents"), "customers": N_("Customers")}
AGENTS = {"agents": True, "customers": False}
A_PAGE = 50


@dataclass(frozen=True)
class Typed:
    """What stands in the form."""

    name: str = ""
    login: str = ""
    addresses: str = ""
    language: str = ""
    agent: bool = True
    command: str = ""


async def listed(visit: Visit) -> Response:
    """People by name; those in whose name, login or address the words stand."""
    asked = visit.request.query_params
    words = asked.get("q", "").strip()[:100]
    kind = asked.get("kind", "") if asked.get("kind") in AGENTS else ""
    cursor = asked.get("cursor")
    page = await visit.views.administration.people(
        visit.asker, words=words or None, agents=AGENTS.get(kind), cursor=cursor, limit=A_PAGE
    )

    def here_with(**changed: str) -> str:
        kept = {name: value for name, value in ({"q": words, "kind": kind} | changed).items() if value}
        return "/admin/people" + (f"?{urlencode(kept)}" if kept else "")

    return await show(
        visit,
        PEOPLE,
        "people.html",
        here_with=here_with,
        kind=kind,
        kinds=KINDS,
        page=page,
        paged=cursor is not None,
        words=words,
    )


async def blank(visit: Visit) -> Response:
    """The form for someone new."""
    return await show(visit, PEOPLE, "new_person.html", form=Typed(), languages_known=LANGUAGE_NAMES)


async def make(visit: Visit) -> Response:
    """Makes an agent or a customer; an agent with a password, if one was typed."""
    form = await form_of(visit.request)
    typed = typed_in(form)
    try:
        password = form.raw("password")
        if typed.agent and password and (wrong := unfit(Person(id="", agent=True), password)):
            raise wrong
        made = await visit.views.administration.create_person(
            visit.asker,
            form.command,
            login=typed.login or None,
            name=typed.name,
            addresses=form.listed("addresses"),
            agent=typed.agent,
            language=typed.language or None,
        )
        if typed.agent and password:
            await visit.views.entrance.set_password(visit.asker, made.login or "", password, now=visit.now)
    except Refused as refused:
        again = replace(typed, command=command_after(form, refused.problem))
        return await show(visit, PEOPLE, "new_person.html", refused.problem, form=again, languages_known=LANGUAGE_NAMES)
    return seen(f"{path_of(made)}?done=made")


async def person(visit: Visit) -> Response:
    """One person with their forms."""
    row = await person_of(visit)
    return await person_page(visit, row, typed_from(row))


async def change(visit: Visit) -> Response:
    """Saves what was typed, sets a password, disables or enables."""
    form = await form_of(visit.request)
    row = await person_of(visit)
    wish = form.text("do")
    typed = replace(typed_in(form), agent=form.text("agent") == "yes") if wish == "save" else typed_from(row)
    acts: dict[str, Callable[[], Awaitable[str]]] = {
        "save": lambda: save(visit, form, row, typed),
        "password": lambda: set_password(visit, form, row),
        "disable": lambda: switch(visit, form, row, disabled=True),
        "enable": lambda: switch(visit, form, row, disabled=False),
    }
    if wish not in acts:
        raise not_found()

    async def again(problem: Problem) -> Response:
        return await person_page(visit, row, replace(typed, command=command_after(form, problem)), problem)

    return await answered(acts[wish], path_of(row), again)


async def save(visit: Visit, form: Form, row: PersonRow, typed: Typed) -> str:
    """What was typed; a login stays when the field is empty, since nobody loses theirs."""
    await visit.views.administration.change_person(
        visit.asker,
        form.command,
        row.id,
        if_version=form.number("version"),
        name=typed.name,
        addresses=form.listed("addresses"),
        language=typed.language,
        agent=typed.agent,
        **({"login": typed.login} if typed.login else {}),
    )
    return "saved"


async def set_password(visit: Visit, form: Form, row: PersonRow) -> str:
    """A new password for an agent."""
    await visit.views.entrance.set_password(visit.asker, row.login or "", form.raw("password"), now=visit.now)
    return "password"


async def switch(visit: Visit, form: Form, row: PersonRow, *, disabled: bool) -> str:
    """Shuts someone out, or lets them in again."""
    await visit.views.administration.switch_person(visit.asker, form.command, row.id, disabled=disabled)
    return "shut" if disabled else "back"


async def joining(visit: Visit) -> Response:
    """Says what joining would do, before it is done."""
    row = await person_of(visit)
    return await joining_page(visit, row, visit.request.query_params.get("into", "").strip()[:254])


async def join(visit: Visit) -> Response:
    """Joins, and leads to the one who stays."""
    form = await form_of(visit.request)
    row = await person_of(visit)
    into = form.text("into")
    try:
        stays = await visit.views.administration.join_persons(visit.asker, form.command, row.id, into=into)
    except Refused as refused:
        return await joining_page(visit, row, into, refused.problem, command_after(form, refused.problem))
    return seen(f"{path_of(stays)}?done=joined")


async def joining_page(
    visit: Visit, row: PersonRow, into: str, problem: Problem | None = None, command: str = ""
) -> Response:
    """Who goes, who stays, and what passes. Whoever cannot be found is said at the field."""
    stays = None
    if into and problem is None:
        try:
            stays = await visit.views.administration.person(visit.asker, into)
            if stays.id == row.id:
                raise refuse("same-person", title="It is the same person", status=409, detail="Name two persons.")
        except Refused as refused:
            stays = None
            problem = refused.problem
            if problem.status == 404:
                problem = problem.model_copy(update={"title": NOBODY, "detail": NOBODY_FOUND})
    return await show(visit, PEOPLE, "join.html", problem, row=row, into=into, stays=stays, form={"command": command})


NOBODY = N_("Nobody was found")
NOBODY_FOUND = N_("Write the mail address of the customer who stays, exactly as it stands at that person.")


async def person_page(visit: Visit, row: PersonRow, typed: Typed, problem: Problem | None = None) -> Response:
    """One person with their forms, and the groups that they are in."""
    directory = visit.asker.directory
    inside = [group for group in directory.groups.values() if row.id in group.members]
    groups = [option for option in names.groups(visit) if option.value not in {f"group:{one.name}" for one in inside}]
    joined = [names.named(visit, alias) for alias in row.aliases]
    return await show(
        visit,
        PEOPLE,
        "person.html",
        problem,
        form=typed,
        groups=groups,
        inside=inside,
        into=names.named(visit, row.joined_into) if row.joined_into else None,
        joined=joined,
        languages_known=LANGUAGE_NAMES,
        may_group=directory.may(visit.asker.viewer, GROUPS.right),
        may_erase=directory.may(visit.asker.viewer, "person.erase"),
        member=f"person:{row.login}" if row.agent and row.login else row.id,
        myself=row.id == visit.asker.person.id,
        row=row,
    )


async def person_of(visit: Visit) -> PersonRow:
    """The person whom the address names by their id."""
    return await visit.views.administration.person(visit.asker, f"person/{part(visit, 'person')}")


def path_of(row: PersonRow) -> str:
    """Where a person's page is."""
    return f"/admin/people/{row.id.removeprefix('person/')}"


def typed_from(row: PersonRow) -> Typed:
    """The form as it is filled for a person."""
    return Typed(row.name, row.login or "", "\n".join(row.addresses), row.language or "", row.agent)


def typed_in(form: Form) -> Typed:
    """What was typed."""
    return Typed(
        name=form.text("name"),
        login=form.text("login").casefold(),
        addresses=form.text("addresses"),
        language=form.text("language"),
        agent=form.text("kind") != "customer",
    )
