"""Queues, persons, groups, rights: seen in the directory, changed by commands; tickets decides who may."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ticketwire_contracts.base import Answer
from ticketwire_contracts.rights import visible_to
from ticketwire_contracts.tickets import (
    AddMemberV1,
    CreateGroupV1,
    CreatePersonV1,
    CreateQueueV1,
    GiveRightV1,
    Group,
    RemoveMemberV1,
    TakeRightV1,
)

from ..domain.directory import Directory
from .asker import Asker, not_found, refuse
from .needs import People
from .reading import MOST, cursors_checked
from .shapes import GrantRow, GroupRow, Page, PersonRow, QueueCount
from .work import Orders, shapes_checked


class Administration:
    """What administrators do."""

    def __init__(self, orders: Orders, people: People) -> None:
        self._orders = orders
        self._people = people

    # ------------------------------------------------------------------------------------------------ look

    async def people(
        self, asker: Asker, *, words: str | None = None, cursor: str | None = None, limit: int = 50
    ) -> Page[PersonRow]:
        """Agents; with ``person.admin`` customers too. Addresses are for those who administer."""
        admin = asker.directory.may(asker.viewer, "person.admin")
        with cursors_checked():
            found, following = await self._people.people(not admin, words, cursor, min(max(limit, 1), MOST))
        return Page([_without_addresses(row, admin, asker) for row in found], following)

    async def person(self, asker: Asker, login: str) -> PersonRow:
        """One person by login."""
        admin = asker.directory.may(asker.viewer, "person.admin")
        person = await self._people.person_of_login(login)
        if person is None or not (person.agent or admin):
            raise not_found()
        row = PersonRow(**person.model_dump())
        return _without_addresses(row, admin, asker)

    async def groups(self, asker: Asker) -> list[GroupRow]:
        """All groups: agents work with them."""
        return [_group_row(group, asker.directory) for group in asker.directory.groups.values()]

    async def group(self, asker: Asker, name: str) -> GroupRow:
        """One group."""
        group = asker.directory.groups.get(name)
        if group is None:
            raise not_found()
        return _group_row(group, asker.directory)

    async def rights(self, asker: Asker) -> list[GrantRow]:
        """All grants, for those who give rights."""
        if not asker.directory.may(asker.viewer, "right.admin"):
            raise refuse(
                "forbidden",
                title="You may not",
                status=403,
                detail="It needs the right right.admin.",
                right="right.admin",
            )
        directory = asker.directory
        return [
            GrantRow(grant.right, spoken(grant.grantee, directory), spoken(grant.scope, directory))
            for grant in directory.grants
        ]

    # -------------------------------------------------------------------------------------------------- do

    async def create_queue(
        self,
        asker: Asker,
        command_id: str,
        *,
        name: str,
        title: str = "",
        addresses: Sequence[str] = (),
        default_priority: int = 50,
        watchers: Sequence[str] = (),
        supervisors: Sequence[str] = (),
        auto_reply: bool = True,
        adopt_cc: bool = True,
        catch_all: bool = False,
    ) -> QueueCount:
        """A queue; watchers and supervisors as ``person:<login>`` or ``group:<name>``."""
        with shapes_checked():
            command = CreateQueueV1(
                name=name,
                title=title,
                addresses=list(addresses),
                default_priority=default_priority,
                watchers=list(watchers),
                supervisors=list(supervisors),
                auto_reply=auto_reply,
                adopt_cc=adopt_cc,
                catch_all=catch_all,
            )
        await self._orders.give(asker, command_id, command)
        directory = await self._people.directory()
        queue = directory.queues.get(name)
        if queue is None:
            raise not_found()
        thing = directory.queue_thing(name)
        return QueueCount(
            name=name,
            title=queue.title,
            addresses=queue.addresses,
            disabled=queue.disabled,
            may_create=directory.may(asker.viewer, "ticket.create", thing)
            and visible_to(asker.viewer, thing, directory.grants),
        )

    async def create_person(
        self,
        asker: Asker,
        command_id: str,
        *,
        login: str | None = None,
        name: str = "",
        addresses: Sequence[str] = (),
        agent: bool = False,
        language: str | None = None,
    ) -> PersonRow:
        """An agent or a customer; a password is given apart."""
        with shapes_checked():
            command = CreatePersonV1(login=login, name=name, addresses=list(addresses), agent=agent, language=language)
        answer = await self._orders.give(asker, command_id, command)
        person = await self._people.person(made_person(answer))
        if person is None:
            raise not_found()
        return PersonRow(**person.model_dump())

    async def create_group(self, asker: Asker, command_id: str, *, name: str, title: str = "") -> GroupRow:
        """A group without members yet."""
        with shapes_checked():
            command = CreateGroupV1(name=name, title=title)
        await self._orders.give(asker, command_id, command)
        return await self._group_now(name)

    async def add_member(self, asker: Asker, command_id: str, group: str, member: str) -> GroupRow:
        """Someone comes into a group: ``person:<login>`` or ``group:<name>``."""
        await self._orders.give(asker, command_id, AddMemberV1(group=group, member=member))
        return await self._group_now(group)

    async def remove_member(self, asker: Asker, command_id: str, group: str, member: str) -> GroupRow:
        """Someone goes out of a group."""
        await self._orders.give(asker, command_id, RemoveMemberV1(group=group, member=member))
        return await self._group_now(group)

    async def give_right(self, asker: Asker, command_id: str, *, right: str, grantee: str, scope: str) -> GrantRow:
        """A grant, in words: ``person:anna``, ``group:field``, ``role:owner``, ``everyone``; ``queue:support``."""
        await self._orders.give(asker, command_id, GiveRightV1(right=right, grantee=grantee, scope=scope))
        return GrantRow(right, grantee, scope)

    async def take_right(self, asker: Asker, command_id: str, *, right: str, grantee: str, scope: str) -> GrantRow:
        """Takes a grant back."""
        await self._orders.give(asker, command_id, TakeRightV1(right=right, grantee=grantee, scope=scope))
        return GrantRow(right, grantee, scope)

    async def _group_now(self, name: str) -> GroupRow:
        directory = await self._people.directory()
        if name not in directory.groups:
            raise not_found()
        return _group_row(directory.groups[name], directory)


def made_person(answer: Answer) -> str:
    """The id of the person that an answer speaks of."""
    made = (event["person"]["id"] for event in answer.events if event.get("type") == "person.created.v1")
    return str(next(made, answer.result.get("person", "")))


def spoken(name: str, directory: Directory) -> str:
    """An id in the words in which people write it: ``person/7f…`` is ``person:anna``."""
    kind, _, rest = name.partition("/")
    if kind == "person":
        agent = directory.agents.get(name)
        return f"person:{agent.login}" if agent and agent.login else name
    return f"{kind}:{rest}" if rest else name


def _group_row(group: Group, directory: Directory) -> GroupRow:
    return GroupRow(group.name, group.title, [spoken(member, directory) for member in group.members], group.version)


def _without_addresses(row: PersonRow, admin: bool, asker: Asker) -> PersonRow:
    return row if admin or row.id == asker.person.id else replace(row, addresses=[])
