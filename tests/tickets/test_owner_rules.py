"""RT's owner rules with our names: every owner before and after, under every set of rights.

RT: whoever shall own needs OwnTicket; ReassignTicket gives from anyone to anyone; ModifyTicket does while the ticket
is unowned or one's own; TakeTicket takes what nobody owns; StealTicket takes what another owns.
"""

from __future__ import annotations

from itertools import chain, combinations

import pytest

from ticketwire_contracts.base import Actor
from ticketwire_contracts.tickets import Grant, Person, SetOwnerV1

from .world import NEWBIE, SYSTEM, World, agent, kinds, status

ACTOR = NEWBIE
OTHER = Person(id="person/olga", login="olga", name="Olga", agent=True)
THIRD = Person(id="person/theo", login="theo", name="Theo", agent=True)
WHO = {"nobody": None, "self": ACTOR.login, "other": OTHER.login, "third": THIRD.login}
RIGHTS = ("ticket.assign", "ticket.edit", "ticket.take", "ticket.steal")
SETS = list(chain.from_iterable(combinations(RIGHTS, size) for size in range(len(RIGHTS) + 1)))

TABLE = {
    # before → after: any one of these rights is enough
    ("nobody", "self"): {"ticket.assign", "ticket.edit", "ticket.take"},
    ("nobody", "other"): {"ticket.assign", "ticket.edit"},
    ("self", "nobody"): {"ticket.assign", "ticket.edit"},
    ("self", "other"): {"ticket.assign", "ticket.edit"},
    ("other", "self"): {"ticket.assign", "ticket.steal"},
    ("other", "nobody"): {"ticket.assign"},
    ("other", "third"): {"ticket.assign"},
}


def world(before: str, rights: tuple[str, ...], *, owns: tuple[Person, ...] = (ACTOR, OTHER, THIRD)) -> World:
    """A ticket with that owner, and the actor with those rights; what the owner's role gives is taken away."""
    made = World()
    for person in (OTHER, THIRD):
        made.persons[person.id] = person
        made.claims[f"claim/login/{person.login}"] = person.id
    made.mail()
    for person in (ACTOR, OTHER, THIRD):
        made.grant("ticket.own", person.id)
    if WHO[before] is not None:
        made.do(SYSTEM, SetOwnerV1(ticket="TW-1", owner=WHO[before]))
    made.directory = type(made.directory)(queues=made.directory.queues, groups=made.directory.groups, grants=())
    for person in owns:
        made.grant("ticket.own", person.id)
    for right in ("ticket.show", *rights):
        made.grant(right, ACTOR.id, "queue/support")
    return made


@pytest.mark.parametrize("rights", SETS, ids=lambda rights: "+".join(rights) or "none")
@pytest.mark.parametrize(("before", "after"), TABLE)
def test_who_may_make_whom_owner(before: str, after: str, rights: tuple[str, ...]) -> None:
    held = set(rights)
    if before == "self":
        held.add("ticket.edit")  # an owner may edit their ticket: the role says so from the start
    decision = world(before, rights).do(agent(ACTOR), SetOwnerV1(ticket="TW-1", owner=WHO[after]))
    assert status(decision) == (200 if held & TABLE[before, after] else 403)


@pytest.mark.parametrize(("before", "after"), [pair for pair in TABLE if pair[1] != "nobody"])
def test_whoever_may_not_own_cannot_be_made_owner_even_by_someone_with_all_rights(before: str, after: str) -> None:
    new = {"self": ACTOR, "other": OTHER, "third": THIRD}[after]
    others = tuple(person for person in (ACTOR, OTHER, THIRD) if person is not new)
    decision = world(before, RIGHTS, owns=others).do(agent(ACTOR), SetOwnerV1(ticket="TW-1", owner=new.login))
    assert kinds(decision) == ["may-not-own"]


@pytest.mark.parametrize("who", ["nobody", "self", "other"])
def test_the_same_owner_again_is_no_change(who: str) -> None:
    decision = world(who, RIGHTS).do(agent(ACTOR), SetOwnerV1(ticket="TW-1", owner=WHO[who]))
    assert kinds(decision) == ["no-change"]


def test_a_customer_is_never_owner_whatever_grant_says_so() -> None:
    made = world("nobody", RIGHTS)
    made.persons["person/c"] = Person(id="person/c", login="cust", name="C", addresses=["c@example.net"])
    made.claims["claim/login/cust"] = "person/c"
    made.grant("ticket.own", "person/c")
    assert kinds(made.do(agent(ACTOR), SetOwnerV1(ticket="TW-1", owner="cust"))) == ["may-not-own"]


def test_a_disabled_agent_is_not_made_owner() -> None:
    made = world("nobody", RIGHTS)
    made.persons[OTHER.id] = OTHER.model_copy(update={"disabled": True})
    assert kinds(made.do(agent(ACTOR), SetOwnerV1(ticket="TW-1", owner="olga"))) == ["unknown-person"]


def test_a_grant_to_a_group_and_to_a_role_counts_like_one_to_the_person() -> None:
    made = world("other", ())
    made.grant("ticket.steal", "group/field", "queue/support")
    steal = SetOwnerV1(ticket="TW-1", owner=ACTOR.login)
    assert status(made.do(agent(ACTOR), steal)) == 403
    field = made.directory.groups["field"]
    groups = {"field": field.model_copy(update={"members": [ACTOR.id]})}
    made.directory = type(made.directory)(
        queues=made.directory.queues,
        groups=groups,
        grants=(*made.directory.grants, Grant(right="ticket.own", grantee="role/owner", scope="all")),
    )
    assert status(made.do(agent(ACTOR), steal)) == 200


def test_the_system_may_give_a_ticket_to_whoever_may_own_it() -> None:
    made = world("other", ())
    assert status(made.do(Actor(kind="system", id="system/x"), SetOwnerV1(ticket="TW-1", owner="theo"))) == 200
