"""Queues, persons, groups, rights: seen in the directory, changed by commands; tickets decides who may."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ticketwire_contracts.base import Answer
from ticketwire_contracts.rights import visible_to
from ticketwire_contracts.tickets import (
    AddMemberV1,
    ChangeLifecycleV1,
    ChangePersonV1,
    ChangeQueueV1,
    CreateGroupV1,
    CreateLifecycleV1,
    CreatePersonV1,
    CreateQueueV1,
    DisablePersonV1,
    DisableQueueV1,
    EnablePersonV1,
    EnableQueueV1,
    GiveRightV1,
    Group,
    JoinPersonsV1,
    Lifecycle,
    Person,
    RemoveMemberV1,
    TakeRightV1,
)

from ..domain.directory import Directory
from .asker import Asker, not_found, refuse
from .needs import People, Secrets
from .reading import MOST, cursors_checked
from .shapes import GrantRow, GroupRow, LifecycleRow, Page, PersonRow, QueueCount, QueueRow, TransitionRow
from .work import Orders, shapes_checked


class Administration:
    """What administrators do."""

    def __init__(self, orders: Orders, people: People, secrets: Secrets) -> None:
        self._orders = orders
        self._people = people
        self._secrets = secrets

    # ------------------------------------------------------------------------------------------------ look

    async def people(
        self,
        asker: Asker,
        *,
        words: str | None = None,
        agents: bool | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page[PersonRow]:
        """Agents; with ``person.admin`` customers too. Addresses are for those who administer.

        ``agents`` asks for agents only, or for customers only.
        """
        admin = asker.directory.may(asker.viewer, "person.admin")
        if not admin and agents is False:
            return Page([])
        kind = agents if admin else True
        with cursors_checked():
            found, following = await self._people.people(kind, words, cursor, min(max(limit, 1), MOST), admin)
        return Page([_without_addresses(row, admin, asker) for row in found], following)

    async def person(self, asker: Asker, who: str) -> PersonRow:
        """One person, by login, mail address or id."""
        person = await self._called(asker, who)
        admin = asker.directory.may(asker.viewer, "person.admin")
        return _without_addresses(_person_row(person), admin, asker)

    async def queue(self, asker: Asker, name: str) -> QueueRow:
        """One queue with all that is set of it, for those who see it or administer queues."""
        return _queue_row(asker, asker.directory, name)

    async def queues(self, asker: Asker) -> list[QueueRow]:
        """The queues with all that is set of them: those one sees; all, for those who administer queues."""
        directory = asker.directory
        admin = directory.may(asker.viewer, "queue.admin")
        seen = [
            name
            for name in directory.queues
            if admin or visible_to(asker.viewer, directory.queue_thing(name), directory.grants)
        ]
        return [_queue_row(asker, directory, name) for name in seen]

    async def lifecycles(self, asker: Asker) -> list[LifecycleRow]:
        """All lifecycles: agents work by them."""
        return [_lifecycle_row(one, asker) for one in asker.directory.lifecycles.values()]

    async def lifecycle(self, asker: Asker, name: str) -> LifecycleRow:
        """One lifecycle."""
        known = asker.directory.lifecycles.get(name)
        if known is None:
            raise not_found()
        return _lifecycle_row(known, asker)

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
        description: str = "",
        follow_up: str = "reopen",
        lifecycle: str = "default",
    ) -> QueueCount:
        """A queue; watchers and supervisors as ``person:<login>`` or ``group:<name>``."""
        with shapes_checked():
            command = CreateQueueV1.model_validate(
                {
                    "name": name,
                    "title": title,
                    "addresses": list(addresses),
                    "default_priority": default_priority,
                    "watchers": list(watchers),
                    "supervisors": list(supervisors),
                    "auto_reply": auto_reply,
                    "adopt_cc": adopt_cc,
                    "catch_all": catch_all,
                    "description": description,
                    "follow_up": follow_up,
                    "lifecycle": lifecycle,
                }
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
        return _person_row(person)

    async def change_person(
        self, asker: Asker, command_id: str, who: str, *, if_version: int | None = None, **wanted: Any
    ) -> PersonRow:
        """A person is other than they were; what is not named stays."""
        person = await self._called(asker, who)
        with shapes_checked():
            command = ChangePersonV1.model_validate({"person": person.id, "if_version": if_version, **wanted})
        await self._orders.give(asker, command_id, command)
        return await self._person_now(asker, person.id)

    async def switch_person(self, asker: Asker, command_id: str, who: str, *, disabled: bool) -> PersonRow:
        """A person may do nothing any more, their sessions end; or they may again."""
        person = await self._called(asker, who)
        command = DisablePersonV1(person=person.id) if disabled else EnablePersonV1(person=person.id)
        await self._orders.give(asker, command_id, command)
        if disabled:
            await self._secrets.end_sessions(person.id)
        return await self._person_now(asker, person.id)

    async def join_persons(self, asker: Asker, command_id: str, who: str, *, into: str) -> PersonRow:
        """Two customers become one; gives the one who stays."""
        person, stays = await self._called(asker, who), await self._called(asker, into)
        await self._orders.give(asker, command_id, JoinPersonsV1(person=person.id, into=stays.id))
        return await self._person_now(asker, stays.id)

    async def _called(self, asker: Asker, who: str) -> Person:
        """A person to look at or to change. Customers are there for those only who administer persons, and only they
        may ask by an address that is not their own: whose it is they alone are told."""
        person = await person_called(self._people, who)
        admin = asker.directory.may(asker.viewer, "person.admin")
        told = person is not None and ((person.agent and "@" not in who) or person.id == asker.person.id)
        if person is None or not (admin or told):
            raise not_found()
        return person

    async def _person_now(self, asker: Asker, id: str) -> PersonRow:
        person = await self._people.person(id)
        if person is None:
            raise not_found()
        admin = asker.directory.may(asker.viewer, "person.admin")
        return _without_addresses(_person_row(person), admin, asker)

    async def change_queue(
        self, asker: Asker, command_id: str, name: str, *, if_version: int | None = None, **wanted: Any
    ) -> QueueRow:
        """A queue is other than it was; what is not named stays."""
        with shapes_checked():
            command = ChangeQueueV1.model_validate({"name": name, "if_version": if_version, **wanted})
        await self._orders.give(asker, command_id, command)
        return _queue_row(asker, await self._people.directory(), name)

    async def switch_queue(self, asker: Asker, command_id: str, name: str, *, disabled: bool) -> QueueRow:
        """A queue takes nothing new, or does again."""
        command = DisableQueueV1(name=name) if disabled else EnableQueueV1(name=name)
        await self._orders.give(asker, command_id, command)
        return _queue_row(asker, await self._people.directory(), name)

    async def create_lifecycle(self, asker: Asker, command_id: str, **wanted: Any) -> LifecycleRow:
        """A lifecycle."""
        with shapes_checked():
            command = CreateLifecycleV1.model_validate(wanted)
        await self._orders.give(asker, command_id, command)
        return await self._lifecycle_now(asker, command.name)

    async def change_lifecycle(
        self, asker: Asker, command_id: str, name: str, *, if_version: int | None = None, **wanted: Any
    ) -> LifecycleRow:
        """A lifecycle is other than it was; what is not named stays."""
        with shapes_checked():
            command = ChangeLifecycleV1.model_validate({"name": name, "if_version": if_version, **wanted})
        await self._orders.give(asker, command_id, command)
        return await self._lifecycle_now(asker, name)

    async def _lifecycle_now(self, asker: Asker, name: str) -> LifecycleRow:
        directory = await self._people.directory()
        if name not in directory.lifecycles:
            raise not_found()
        return _lifecycle_row(directory.lifecycles[name], replace(asker, directory=directory))

    async def create_group(self, asker: Asker, command_id: str, *, name: str, title: str = "") -> GroupRow:
        """A group without members yet."""
        with shapes_checked():
            command = CreateGroupV1(name=name, title=title)
        await self._orders.give(asker, command_id, command)
        return await self._group_now(name)

    async def add_member(
        self, asker: Asker, command_id: str, group: str, member: str, *, if_version: int | None = None
    ) -> GroupRow:
        """Someone comes into a group: ``person:<login>`` or ``group:<name>``."""
        command = AddMemberV1(group=group, member=member, if_version=if_version)
        await self._orders.give(asker, command_id, command)
        return await self._group_now(group)

    async def remove_member(
        self, asker: Asker, command_id: str, group: str, member: str, *, if_version: int | None = None
    ) -> GroupRow:
        """Someone goes out of a group."""
        command = RemoveMemberV1(group=group, member=member, if_version=if_version)
        await self._orders.give(asker, command_id, command)
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


async def person_called(people: People, who: str) -> Person | None:
    """A person by what they are called: ``anna`` or ``person:anna`` (login), ``anna@example.net`` (mail address),
    ``person/7f…`` or ``7f…`` (id)."""
    if "@" in who:
        return await people.person_at(who) or await people.person_at(who.casefold())
    by_login = None if who.startswith("person/") else await people.person_of_login(who.removeprefix("person:"))
    return by_login or await people.person(who if who.startswith("person/") else f"person/{who}")


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


def _person_row(person: Person) -> PersonRow:
    return PersonRow(**person.model_dump())


def _queue_row(asker: Asker, directory: Directory, name: str) -> QueueRow:
    queue = directory.queues.get(name)
    admin = directory.may(asker.viewer, "queue.admin")
    if queue is None or not (admin or visible_to(asker.viewer, directory.queue_thing(name), directory.grants)):
        raise not_found()
    people = {
        "watchers": [spoken(who, directory) for who in queue.watchers],
        "supervisors": [spoken(who, directory) for who in queue.supervisors],
    }
    return QueueRow(**(queue.model_dump() | people))


def _lifecycle_row(lifecycle: Lifecycle, asker: Asker) -> LifecycleRow:
    directory = asker.directory
    admin = directory.may(asker.viewer, "queue.admin")
    queues = [
        name
        for name, queue in directory.queues.items()
        if queue.lifecycle == lifecycle.name
        and (admin or visible_to(asker.viewer, directory.queue_thing(name), directory.grants))
    ]
    transitions = [TransitionRow(one.before, one.after, lifecycle.right_of(one)) for one in lifecycle.transitions]
    return LifecycleRow(**(lifecycle.model_dump() | {"transitions": transitions, "queues": queues}))
