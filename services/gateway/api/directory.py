"""``people`` and ``groups``."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from ..views.shapes import GroupRow, Page, PersonRow
from .answers import IfMatch, Json, etag
from .bodies import Joining, NewGroup, NewPassword, NewPerson, PersonChange
from .doors import Asking, Now, Shown
from .once import OnceOnly
from .problems import RESPONSES

router = APIRouter(tags=["Directory"], responses=RESPONSES)


@router.get("/people", responses={200: {"model": Page[PersonRow]}})
async def people(
    asker: Asking,
    views: Shown,
    q: Annotated[str | None, Query(max_length=100, description="Part of a login, name or address.")] = None,
    agents: Annotated[bool | None, Query(description="Only agents, or only customers.")] = None,
    cursor: Annotated[str | None, Query(max_length=500)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """Agents, by name; with `person.admin` customers too."""
    return Json(await views.administration.people(asker, words=q, agents=agents, cursor=cursor, limit=limit))


@router.post("/people", status_code=201, responses={201: {"model": PersonRow}})
async def create_person(body: NewPerson, asker: Asking, views: Shown, once: OnceOnly) -> Response:
    """Makes an agent or a customer. Needs `person.admin`."""

    async def create(command_id: str) -> Response:
        return Json(await views.administration.create_person(asker, command_id, **body.model_dump()), 201)

    return await once.do(create)


@router.get("/people/{login}", responses={200: {"model": PersonRow}})
async def person(login: str, asker: Asking, views: Shown) -> Response:
    """One person, by login, by mail address or by id (without `person/`)."""
    return _person(await views.administration.person(asker, login))


@router.put("/people/{login}", responses={200: {"model": PersonRow}})
async def change_person(
    login: str, body: PersonChange, version: IfMatch, asker: Asking, views: Shown, once: OnceOnly
) -> Response:
    """Changes what is named, of a person by login or id. Needs `person.admin`, but for one's own name and language."""

    async def change(command_id: str) -> Response:
        wanted = body.model_dump(exclude_none=True)
        return _person(await views.administration.change_person(asker, command_id, login, if_version=version, **wanted))

    return await once.do(change)


@router.post("/people/{login}/disable", responses={200: {"model": PersonRow}})
async def disable_person(login: str, asker: Asking, views: Shown, once: OnceOnly) -> Response:
    """They may do nothing any more and are logged out; their history stays. Needs `person.admin`."""

    async def disable(command_id: str) -> Response:
        return _person(await views.administration.switch_person(asker, command_id, login, disabled=True))

    return await once.do(disable)


@router.post("/people/{login}/enable", responses={200: {"model": PersonRow}})
async def enable_person(login: str, asker: Asking, views: Shown, once: OnceOnly) -> Response:
    """They may again what grants give them. Needs `person.admin`."""

    async def enable(command_id: str) -> Response:
        return _person(await views.administration.switch_person(asker, command_id, login, disabled=False))

    return await once.do(enable)


@router.post("/people/{login}/join", responses={200: {"model": PersonRow}})
async def join_persons(login: str, body: Joining, asker: Asking, views: Shown, once: OnceOnly) -> Response:
    """Joins a customer into another, who then has the addresses and tickets of both; answers with the one who
    stays. Needs `person.admin`."""

    async def join(command_id: str) -> Response:
        return _person(await views.administration.join_persons(asker, command_id, login, into=body.into))

    return await once.do(join)


@router.put("/people/{login}/password", status_code=204)
async def set_password(login: str, body: NewPassword, asker: Asking, views: Shown, now: Now) -> Response:
    """Sets one's own password, or, with `person.admin`, another agent's. Ends their other sessions."""
    await views.entrance.set_password(asker, login, body.password, current=body.current, now=now)
    return Response(status_code=204)


@router.get("/groups", responses={200: {"model": Page[GroupRow]}})
async def groups(asker: Asking, views: Shown) -> Response:
    """All groups."""
    return Json(Page(await views.administration.groups(asker)))


@router.post("/groups", status_code=201, responses={201: {"model": GroupRow}})
async def create_group(body: NewGroup, asker: Asking, views: Shown, once: OnceOnly) -> Response:
    """Makes a group. Needs `group.admin`."""

    async def create(command_id: str) -> Response:
        group = await views.administration.create_group(asker, command_id, name=body.name, title=body.title)
        return Json(group, 201, {"Location": f"/api/v1/groups/{body.name}", "ETag": etag(group.version)})

    return await once.do(create)


@router.get("/groups/{name}", responses={200: {"model": GroupRow}})
async def group(name: str, asker: Asking, views: Shown) -> Response:
    """One group."""
    return _group(await views.administration.group(asker, name))


@router.put("/groups/{name}/members/{login}", responses={200: {"model": GroupRow}})
async def add_member(name: str, login: str, version: IfMatch, asker: Asking, views: Shown, once: OnceOnly) -> Response:
    """Takes someone into a group: a login, or `group:<name>`. Needs `group.admin`."""

    async def add(command_id: str) -> Response:
        member = _member(login)
        return _group(await views.administration.add_member(asker, command_id, name, member, if_version=version))

    return await once.do(add)


@router.delete("/groups/{name}/members/{login}", responses={200: {"model": GroupRow}})
async def remove_member(
    name: str, login: str, version: IfMatch, asker: Asking, views: Shown, once: OnceOnly
) -> Response:
    """Takes someone out of a group. Needs `group.admin`."""

    async def remove(command_id: str) -> Response:
        member = _member(login)
        return _group(await views.administration.remove_member(asker, command_id, name, member, if_version=version))

    return await once.do(remove)


def _member(word: str) -> str:
    return word if word.startswith(("person:", "group:")) else f"person:{word}"


def _group(row: GroupRow) -> Response:
    return Json(row, 200, {"ETag": etag(row.version)})


def _person(row: PersonRow) -> Response:
    return Json(row, 200, {"ETag": etag(row.version)})
