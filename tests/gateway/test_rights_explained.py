"""Explaining agrees with holding, previewing with what then is: over worlds of any shape."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.domain.directory import Directory
from services.gateway.domain.explaining import Remedy, explain
from services.gateway.domain.previewing import (
    ANYONE,
    ON_TICKETS,
    Change,
    GrantChange,
    MemberChange,
    changed,
    customers_named,
    shifts,
)
from services.gateway.domain.visibility import ROLE_FIELDS, ticket_filter
from services.gateway.store import TicketRows
from ticketwire_chassis.mongo import Database, open_database
from ticketwire_contracts.rights import AGENTS_ONLY, RIGHTS, Thing, Viewer, covers, holds, viewer_of
from ticketwire_contracts.tickets import Grant, Group, Person, Queue

PEOPLE = [f"person/{name}" for name in ("a", "b", "c", "d", "old")]
GROUPS = ["one", "two", "three"]
QUEUES = ["support", "billing"]
NUMBERS = [f"TW-{n}" for n in range(1, 9)]
ROLES = ["owner", "requester", "cc", "admin_cc", "watcher", "supervisor"]
SOME_RIGHTS = ["ticket.show", "ticket.reply", "note.show", "queue.see", "ticket.create", "queue.admin", "superuser"]

people = st.sampled_from(PEOPLE)
names = people | st.sampled_from(GROUPS).map("group/{}".format)
grantees = names | st.sampled_from(ROLES).map("role/{}".format) | st.just("everyone")
scopes = st.sampled_from(["all", *(f"queue/{name}" for name in QUEUES), "ticket/TW-1", "ticket/TW-2"])
grants = st.lists(st.builds(Grant, right=st.sampled_from(SOME_RIGHTS), grantee=grantees, scope=scopes), max_size=8)
groups = st.lists(
    st.builds(Group, name=st.sampled_from(GROUPS), members=st.lists(names, max_size=4)),
    max_size=3,
    unique_by=lambda group: group.name,
)
persons = st.builds(
    Person,
    id=people,
    agent=st.booleans(),
    disabled=st.booleans(),
    aliases=st.sampled_from([[], ["person/old"]]),
)
things = st.builds(
    Thing,
    queue=st.sampled_from([None, *QUEUES]),
    ticket=st.sampled_from([None, "TW-1", "TW-2"]),
    roles=st.dictionaries(st.sampled_from(ROLES), st.frozensets(names, max_size=3), max_size=4),
)
rights = st.sampled_from([right for right in SOME_RIGHTS if right != "superuser"])


@given(persons, groups, grants, things, rights)
def test_there_is_a_chain_exactly_where_the_right_is_held(
    person: Person, groups: list[Group], grants: list[Grant], thing: Thing, right: str
) -> None:
    viewer = viewer_of(person, groups)
    explained = explain(viewer, right, thing, grants, groups)
    assert explained.holds == holds(viewer, right, thing, grants)
    members = {f"group/{group.name}": group.members for group in groups}
    for chain in explained.chains:
        assert chain.grant.right in (right, "superuser")
        assert covers(chain.grant.scope, thing)
        assert chain.steps[0].name == person.id
        assert chain.steps[-1].name == chain.grant.grantee
        for before, step in zip(chain.steps, chain.steps[1:], strict=False):
            if step.by == "member":
                assert before.name in members[step.name]
            if step.by == "joined":
                assert step.name in person.aliases
            if step.by == "role":
                assert before.name in thing.roles[step.name.removeprefix("role/")]


@given(persons, groups, grants, things, rights)
def test_each_remedy_gives_the_right_and_without_one_nothing_would(
    person: Person, groups: list[Group], grants: list[Grant], thing: Thing, right: str
) -> None:
    viewer = viewer_of(person, groups)
    explained = explain(viewer, right, thing, grants, groups)
    for remedy in explained.remedies:
        assert not explained.holds
        assert helped(remedy, person, groups, grants, thing, right)
    everything = [*grants, Grant(right=right, grantee="everyone", scope="all")]
    barred = not holds(viewer, right, thing, everything)
    assert (explained.barred is not None) == barred
    assert bool(explained.remedies) == (not barred and not explained.holds)


def helped(remedy: Remedy, person: Person, groups: list[Group], grants: list[Grant], thing: Thing, right: str) -> bool:
    if remedy.do == "give":
        return holds(viewer_of(person, groups), right, thing, [*grants, remedy.grant])
    if remedy.do == "join":
        into = remedy.grant.grantee.removeprefix("group/")
        known = next((group for group in groups if group.name == into), Group(name=into))
        joined = known.model_copy(update={"members": [*known.members, person.id]})
        others = [group for group in groups if group.name != into]
        return holds(viewer_of(person, [*others, joined]), right, thing, grants)
    role = remedy.grant.grantee.removeprefix("role/")
    standing = thing.model_copy(update={"roles": {**thing.roles, role: frozenset({person.id})}})
    return holds(viewer_of(person, groups), right, standing, grants)


# ----------------------------------------------------------------------------------------------- preview


@pytest.fixture
async def db(mongo_url: str, database_name: str) -> AsyncIterator[Database]:
    database = open_database(mongo_url, database_name)
    yield database
    await database.drop()
    await database.close()


class Made:
    """A world made by chance, and one change of it."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        agents = {one: Person(id=one, name=one, agent=True, login=one[-1]) for one in PEOPLE[:3]}
        agents[PEOPLE[2]] = agents[PEOPLE[2]].model_copy(update={"disabled": chance.random() < 0.3})
        self.customers = {
            "person/x": Person(id="person/x", name="X", aliases=["person/old"]),
            "person/y": Person(id="person/y", name="Y"),
        }
        self.everyone = [*agents, *self.customers]
        groups = {
            name: Group(name=name, members=self.some([*self.everyone, *(f"group/{one}" for one in GROUPS)], 3))
            for name in GROUPS
        }
        queues = {
            name: Queue(
                name=name, title=name, watchers=self.some(self.names(), 2), supervisors=self.some(self.names(), 2)
            )
            for name in QUEUES
        }
        self.directory = Directory(queues, agents, groups, tuple({self.grant() for _ in range(chance.randint(0, 7))}))
        self.rows = [self.row(number) for number in NUMBERS]

    def some(self, of: list[str], most: int) -> list[str]:
        return self.chance.sample(of, self.chance.randint(0, min(most, len(of))))

    def names(self) -> list[str]:
        return [*self.everyone, *(f"group/{name}" for name in GROUPS)]

    def grant(self) -> Grant:
        grantee = self.chance.choice([*self.names(), *(f"role/{role}" for role in ROLES), "everyone"])
        scope = self.chance.choice(["all", "queue/support", "queue/billing", "ticket/TW-1", "ticket/TW-2"])
        return Grant(right=self.chance.choice(SOME_RIGHTS), grantee=grantee, scope=scope)

    def change(self) -> Change:
        if self.chance.random() < 0.5:
            taken = self.chance.choice([None, *self.directory.grants])
            return GrantChange(taken, given=False) if taken else GrantChange(self.grant(), given=True)
        group = self.chance.choice(GROUPS)
        return MemberChange(group, self.chance.choice(self.names()), joins=self.chance.random() < 0.5)

    def row(self, number: str) -> dict[str, Any]:
        inside = [*self.everyone, "person/old", "person/stranger"]
        owner = self.chance.choice([None, *inside])
        row: dict[str, Any] = {"_id": number, "version": 1, "queue": self.chance.choice(QUEUES)}
        row["owner"] = {"id": owner} if owner else None
        for field in ("requesters", "cc", "admin_cc"):
            row[field] = [{"id": one} for one in self.some(inside, 2)]
        return row


def thing_of(row: dict[str, Any], directory: Directory) -> Thing:
    return directory.ticket_thing(
        row["_id"],
        row["queue"],
        owner=row["owner"]["id"] if row["owner"] else None,
        requesters=[one["id"] for one in row["requesters"]],
        cc=[one["id"] for one in row["cc"]],
        admin_cc=[one["id"] for one in row["admin_cc"]],
    )


Found = dict[tuple[str, str, bool], tuple[int, tuple[str, ...], bool]]


def by_hand(made: Made, change: Change) -> Found:
    """Everyone, every right, every ticket, one by one, before and after."""
    after = changed(made.directory, change)
    found: Found = {}
    looked_at = [*made.directory.agents.values(), *made.customers.values()]
    if isinstance(change, GrantChange) and change.grant.grantee == "everyone" and change.grant.right not in AGENTS_ONLY:
        looked_at.append(Person(id=ANYONE.person))
    for person in looked_at:
        sides = [(one.viewer(person), one) for one in (made.directory, after)]
        for right in RIGHTS:
            for gains in (True, False):

                def flips(thing: Thing, gains: bool = gains, right: str = right, sides: Any = sides) -> bool:
                    old, new = (holds(viewer, right, thing, one.grants) for viewer, one in sides)
                    return bool(new and not old) if gains else bool(old and not new)

                tickets = sum(flips(thing_of(row, made.directory)) for row in made.rows) if right in ON_TICKETS else 0
                queues = tuple(name for name in QUEUES if flips(made.directory.queue_thing(name)))
                if tickets or queues or flips(Thing()):
                    who = "customers" if person.id == ANYONE.person else person.id
                    found[who, right, gains] = (tickets, queues, flips(Thing()))
    return found


async def test_a_preview_says_what_looking_at_everyone_and_everything_says(db: Database) -> None:
    tickets = TicketRows(db)
    differences = 0
    for seed in range(60):
        made = Made(random.Random(seed))
        await db["tickets"].delete_many({})
        await db["tickets"].insert_many(made.rows)
        for _ in range(4):
            change = made.change()
            named = customers_named(made.directory, change)
            customers = [made.customers[one] for one in named if one in made.customers]
            found: Found = {}
            for shift in shifts(made.directory, change, customers):
                count = await tickets.count(shift.tickets)
                if not shift.who.startswith("role/") and (count or shift.queues or shift.everywhere):
                    key = (shift.who, shift.right, shift.gains)
                    assert key not in found
                    found[key] = (count, shift.queues, shift.everywhere)
            expected = by_hand(made, change)
            unnamed = {
                key
                for key in expected
                if key[0] in made.customers
                and key[0] not in named
                # whom the change does not name is told of as one of all customers, or by their role
                and isinstance(change, GrantChange)
                and (change.grant.grantee == "everyone" or change.grant.grantee.startswith("role/"))
            }
            assert found == {key: value for key, value in expected.items() if key not in unnamed}, (seed, change)
            differences += len(found)
    assert differences > 200


async def test_whoever_stands_in_a_role_is_counted_by_ticket(db: Database) -> None:
    tickets = TicketRows(db)
    counted = 0
    for seed in range(60):
        made = Made(random.Random(1000 + seed))
        await db["tickets"].delete_many({})
        await db["tickets"].insert_many(made.rows)
        role, right = made.chance.choice(list(ROLE_FIELDS)), made.chance.choice(["ticket.show", "ticket.reply"])
        grant = Grant(right=right, grantee=f"role/{role}", scope=made.chance.choice(["all", "queue/support"]))
        change = GrantChange(grant, given=True)
        after = changed(made.directory, change)
        # someone of whom nothing is known but that they stand in the role there
        who = Viewer(person="person/nobody-else")
        expected = 0
        for row in made.rows:
            thing = thing_of(row, made.directory)
            if thing.roles[role]:
                standing = thing.model_copy(update={"roles": {role: frozenset({who.person})}})
                expected += holds(who, right, standing, after.grants) and not holds(
                    who, right, standing, made.directory.grants
                )
        rows = [shift for shift in shifts(made.directory, change, []) if shift.who == f"role/{role}"]
        assert sum([await tickets.count(shift.tickets) for shift in rows]) == expected
        counted += expected
    assert counted > 0


async def test_the_filter_of_what_is_visible_agrees_with_the_rule_for_those_who_were_joined_too(db: Database) -> None:
    tickets = TicketRows(db)
    seen = 0
    for seed in range(60):
        made = Made(random.Random(2000 + seed))
        await db["tickets"].delete_many({})
        await db["tickets"].insert_many(made.rows)
        directory = made.directory
        for person in (*directory.agents.values(), *made.customers.values()):
            viewer = directory.viewer(person)
            for right in ("ticket.show", "ticket.reply", "note.show"):
                count = await tickets.count(ticket_filter(viewer, directory, right))
                expected = sum(holds(viewer, right, thing_of(row, directory), directory.grants) for row in made.rows)
                assert count == expected
                seen += count
    assert seen > 100
