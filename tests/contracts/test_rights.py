"""Who may see and do what: the one rule of visibility (ADR 0014)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ticketwire_contracts.rights import (
    AGENT_RIGHTS,
    AGENTS_ONLY,
    RIGHTS,
    SEEDED,
    Thing,
    Viewer,
    granting,
    holds,
    thing_of,
    viewer_of,
    visible_to,
)
from ticketwire_contracts.tickets import ClockFacts, Grant, Group, Party, Person, Ticket

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)

ANNA = Viewer(person="person/a1", agent=True, groups=frozenset({"group/field"}))
BEN = Viewer(person="person/b2", agent=True)
MAJA = Viewer(person="person/c3")
TOM = Viewer(person="person/d4")

QUEUE = Thing(queue="support")
SAID = Thing(queue="support", ticket="TW-7", roles={"owner": frozenset(), "requester": frozenset({MAJA.person})})
NOTE = SAID.model_copy(update={"internal": True})
ELSEWHERE = Thing(queue="billing", ticket="TW-8")
ELSEWHERE_NOTE = ELSEWHERE.model_copy(update={"internal": True})


def grant(right: str, grantee: str, scope: str) -> Grant:
    return Grant(right=right, grantee=grantee, scope=scope)


FIELD_ON_SUPPORT = tuple(grant(right, "group/field", "queue/support") for right in AGENT_RIGHTS)


@pytest.mark.parametrize(
    ("who", "thing", "grants", "sees"),
    [
        # an agent by queue
        (ANNA, QUEUE, FIELD_ON_SUPPORT, True),
        (ANNA, SAID, FIELD_ON_SUPPORT, True),
        (ANNA, NOTE, FIELD_ON_SUPPORT, True),
        (ANNA, ELSEWHERE, FIELD_ON_SUPPORT, False),
        (ANNA, Thing(queue="billing"), FIELD_ON_SUPPORT, False),
        # an agent without a grant sees nothing
        (BEN, QUEUE, FIELD_ON_SUPPORT, False),
        (BEN, SAID, FIELD_ON_SUPPORT, False),
        (BEN, NOTE, FIELD_ON_SUPPORT, False),
        # the ticket without its notes
        (BEN, SAID, (grant("ticket.show", "person/b2", "queue/support"),), True),
        (BEN, NOTE, (grant("ticket.show", "person/b2", "queue/support"),), False),
        # notes alone open nothing
        (BEN, NOTE, (grant("note.show", "person/b2", "queue/support"),), False),
        # one ticket only
        (BEN, SAID, (grant("ticket.show", "person/b2", "ticket/TW-7"),), True),
        (BEN, ELSEWHERE, (grant("ticket.show", "person/b2", "ticket/TW-7"),), False),
        (BEN, QUEUE, (grant("queue.see", "person/b2", "ticket/TW-7"),), False),
        # everything
        (BEN, ELSEWHERE_NOTE, (grant("superuser", "person/b2", "all"),), True),
        (BEN, Thing(queue="billing"), (grant("superuser", "person/b2", "all"),), True),
        (BEN, ELSEWHERE_NOTE, (grant("superuser", "person/b2", "queue/support"),), False),
        # everyone
        (TOM, SAID, (grant("ticket.show", "everyone", "queue/support"),), True),
        (TOM, NOTE, (grant("ticket.show", "everyone", "all"), grant("note.show", "everyone", "all")), False),
        # a customer by role, and never a note
        (MAJA, SAID, (), True),
        (MAJA, NOTE, (), False),
        (MAJA, ELSEWHERE, (), False),
        (MAJA, QUEUE, (), False),
        (MAJA, NOTE, (grant("note.show", "person/c3", "all"), grant("superuser", "person/c3", "all")), False),
        (TOM, SAID, (), False),
    ],
)
def test_who_sees_what(who: Viewer, thing: Thing, grants: tuple[Grant, ...], sees: bool) -> None:
    assert visible_to(who, thing, grants) is sees


@pytest.mark.parametrize(
    ("role", "agent", "sees_said", "sees_note"),
    [
        ("owner", True, True, True),
        ("admin_cc", True, True, True),
        ("requester", True, True, False),
        ("cc", True, True, False),
        ("watcher", True, False, False),
        ("supervisor", True, True, True),
        ("owner", False, True, False),
        ("admin_cc", False, True, False),
        ("requester", False, True, False),
        ("cc", False, True, False),
        ("watcher", False, False, False),
        ("supervisor", False, True, False),
    ],
)
def test_what_a_role_gives_by_itself(role: str, agent: bool, sees_said: bool, sees_note: bool) -> None:
    who = Viewer(person="person/e5", agent=agent)
    said = Thing(queue="support", ticket="TW-7", roles={role: frozenset({who.person})})
    assert visible_to(who, said, ()) is sees_said
    assert visible_to(who, said.model_copy(update={"internal": True}), ()) is sees_note


def test_a_group_that_watches_reaches_its_members() -> None:
    watched = Thing(queue="support", ticket="TW-7", roles={"watcher": frozenset({"group/field"})})
    given_to_watchers = (grant("ticket.show", "role/watcher", "all"),)
    assert visible_to(ANNA, watched, given_to_watchers)
    assert not visible_to(BEN, watched, given_to_watchers)


def test_the_disabled_may_do_nothing() -> None:
    gone = ANNA.model_copy(update={"disabled": True})
    everything = (grant("superuser", "everyone", "all"),)
    assert not any(holds(gone, right, SAID, everything) for right in RIGHTS)


def test_the_grant_that_gives_a_right_is_named() -> None:
    giving = grant("ticket.reply", "group/field", "queue/support")
    assert granting(ANNA, "ticket.reply", SAID, (grant("ticket.reply", "person/b2", "all"), giving)) == giving
    assert granting(BEN, "ticket.reply", SAID, (giving,)) is None


def test_the_thing_of_a_ticket_knows_its_people() -> None:
    anna = Party(id="person/a1", agent=True)
    maja, tom = Party(id="person/c3"), Party(id="person/d4")
    ticket = Ticket(
        number="TW-7",
        subject="s",
        queue="support",
        status="open",
        category="active",
        priority=50,
        owner=anna,
        requesters=[maja],
        cc=[tom],
        clocks=ClockFacts(opened_at=NOW, priority=50, queue="support", category="active", generation=1),
        opened_by="mail",
        created_at=NOW,
        updated_at=NOW,
        version=1,
        public_version=1,
        messages=1,
    )
    thing = thing_of(ticket, internal=True, watchers=["group/field"], supervisors=["person/b2"])
    assert thing.roles == {
        "owner": {"person/a1"},
        "requester": {"person/c3"},
        "cc": {"person/d4"},
        "admin_cc": frozenset(),
        "watcher": {"group/field"},
        "supervisor": {"person/b2"},
    }
    assert visible_to(viewer_of(Person(id="person/a1", agent=True), ()), thing, ())
    assert not visible_to(viewer_of(Person(id="person/c3"), ()), thing, ())


# ------------------------------------------------------------------------------------------------- groups


def test_groups_within_groups_are_closed() -> None:
    groups = [
        Group(name="north", members=["person/a1"]),
        Group(name="field", members=["group/north"]),
        Group(name="all-agents", members=["group/field", "person/b2"]),
        Group(name="sales", members=["person/b2"]),
    ]
    assert viewer_of(Person(id="person/a1"), groups).groups == {"group/north", "group/field", "group/all-agents"}
    assert viewer_of(Person(id="person/b2"), groups).groups == {"group/all-agents", "group/sales"}
    assert viewer_of(Person(id="person/c3"), groups).groups == frozenset()


def test_a_cycle_of_groups_does_no_harm() -> None:
    ring = [
        Group(name="a", members=["group/c", "person/a1"]),
        Group(name="b", members=["group/a"]),
        Group(name="c", members=["group/b"]),
        Group(name="itself", members=["group/itself"]),
    ]
    assert viewer_of(Person(id="person/a1"), ring).groups == {"group/a", "group/b", "group/c"}
    assert viewer_of(Person(id="person/b2"), ring).groups == frozenset()


# --------------------------------------------------------------------------------------------- properties

people = st.sampled_from(["person/a1", "person/b2", "person/c3"])
names = st.sampled_from(["a", "b", "c", "d"])
members = st.lists(people | names.map("group/{}".format), max_size=4)
groups_of_any_shape = st.lists(st.builds(Group, name=names, members=members), max_size=6)
roles = st.sampled_from(["owner", "requester", "cc", "admin_cc", "watcher", "supervisor"])
holders = st.frozensets(people | names.map("group/{}".format), max_size=3)
things = st.builds(
    Thing,
    queue=st.sampled_from(["support", "billing"]),
    ticket=st.sampled_from([None, "TW-7", "TW-8"]),
    internal=st.booleans(),
    roles=st.dictionaries(roles, holders, max_size=6),
)
grantees = st.one_of(people, names.map("group/{}".format), roles.map("role/{}".format), st.just("everyone"))
scopes = st.sampled_from(["all", "queue/support", "queue/billing", "ticket/TW-7", "ticket/TW-8"])
rights = st.sampled_from(sorted(RIGHTS))
grants_of_any_kind = st.lists(st.builds(Grant, right=rights, grantee=grantees, scope=scopes), max_size=8)
viewers = st.builds(
    lambda person, agent, disabled, groups: viewer_of(Person(id=person, agent=agent, disabled=disabled), groups),
    people,
    st.booleans(),
    st.booleans(),
    groups_of_any_shape,
)


@given(viewers, things, grants_of_any_kind, st.builds(Grant, right=rights, grantee=grantees, scope=scopes), rights)
def test_another_grant_never_takes_anything_away(
    who: Viewer, thing: Thing, grants: list[Grant], more: Grant, right: str
) -> None:
    assert holds(who, right, thing, [*grants, more]) >= holds(who, right, thing, grants)
    assert visible_to(who, thing, [*grants, more]) >= visible_to(who, thing, grants)


@given(viewers, things, grants_of_any_kind, rights)
def test_the_order_of_grants_does_not_matter(who: Viewer, thing: Thing, grants: list[Grant], right: str) -> None:
    assert holds(who, right, thing, grants) == holds(who, right, thing, grants[::-1])


@given(things, grants_of_any_kind, groups_of_any_shape, people, st.sampled_from(sorted(AGENTS_ONLY)))
def test_a_customer_never_gets_a_right_of_agents(
    thing: Thing, grants: list[Grant], groups: list[Group], person: str, right: str
) -> None:
    customer = viewer_of(Person(id=person, agent=False), groups)
    assert not holds(customer, right, thing, [*grants, grant(right, "everyone", "all")])
    assert not (thing.internal and thing.ticket and visible_to(customer, thing, grants))


@given(viewers, things, grants_of_any_kind)
def test_whoever_sees_the_note_sees_the_ticket(who: Viewer, thing: Thing, grants: list[Grant]) -> None:
    note = thing.model_copy(update={"internal": True})
    said = thing.model_copy(update={"internal": False})
    assert visible_to(who, said, grants) >= visible_to(who, note, grants)


@given(viewers, things, grants_of_any_kind, rights)
def test_a_right_has_a_grant_that_explains_it(who: Viewer, thing: Thing, grants: list[Grant], right: str) -> None:
    giving = granting(who, right, thing, grants)
    assert (giving is not None) == holds(who, right, thing, grants)
    if giving is not None:
        assert giving in (*SEEDED, *grants)
        assert giving.right in (right, "superuser")


@given(people, groups_of_any_shape, people | names.map("group/{}".format), names)
def test_another_member_never_takes_a_group_away(person: str, groups: list[Group], member: str, into: str) -> None:
    before = viewer_of(Person(id=person), groups).groups
    unique = {group.name: group for group in groups}
    merged = [*unique.values()]
    before = viewer_of(Person(id=person), merged).groups
    old = unique.get(into, Group(name=into))
    unique[into] = old.model_copy(update={"members": [*old.members, member]})
    assert viewer_of(Person(id=person), unique.values()).groups >= before


def test_every_seeded_and_usual_right_has_a_meaning() -> None:
    assert {seeded.right for seeded in SEEDED} <= RIGHTS.keys()
    assert set(AGENT_RIGHTS) <= RIGHTS.keys()
    assert RIGHTS.keys() > AGENTS_ONLY
