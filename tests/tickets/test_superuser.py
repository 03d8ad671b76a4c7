"""By persons and groups nobody becomes more than they were given."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.tickets.domain.changes import decide_change
from services.tickets.domain.decision import Refusal
from ticketwire_contracts.tickets import (
    AddMemberV1,
    AdministrationCommand,
    ChangePersonV1,
    DisablePersonV1,
    GiveRightV1,
    Group,
    RemoveMemberV1,
    TakeRightV1,
)

from .world import MARA, NEWBIE, OSKAR, World, agent


def house(right: str = "") -> World:
    """Mara is superuser by a group in a group; Oskar administers; the desk is a group like any other."""
    world = World()
    groups = {
        "inner": Group(name="inner", members=[MARA.id], version=1),
        "outer": Group(name="outer", members=["group/inner"], version=1),
        "desk": Group(name="desk", members=[], version=1),
    }
    world.directory = replace(world.directory, groups=groups, grants=())
    world.grant("superuser", "group/outer")
    if right:
        world.grant(right, OSKAR.id)
    return world


RISING: list[tuple[str, AdministrationCommand]] = [
    ("group.admin", AddMemberV1(group="outer", member=f"person:{OSKAR.login}")),
    ("group.admin", AddMemberV1(group="inner", member=f"person:{OSKAR.login}")),
    ("group.admin", RemoveMemberV1(group="inner", member=f"person:{MARA.login}")),
    ("person.admin", ChangePersonV1(person=MARA.id, addresses=["oskars@example.net"])),
    ("person.admin", ChangePersonV1(person=MARA.id, login="other")),
    ("person.admin", DisablePersonV1(person=MARA.id)),
    ("right.admin", GiveRightV1(right="superuser", grantee=f"person:{OSKAR.login}", scope="all")),
    ("right.admin", GiveRightV1(right="superuser", grantee=f"person:{OSKAR.login}", scope="queue:support")),
    ("right.admin", TakeRightV1(right="superuser", grantee="group:outer", scope="all")),
]
PLAIN: list[tuple[str, AdministrationCommand]] = [
    ("group.admin", AddMemberV1(group="desk", member=f"person:{OSKAR.login}")),
    ("person.admin", ChangePersonV1(person=NEWBIE.id, name="Nora")),
    ("person.admin", DisablePersonV1(person=NEWBIE.id)),
    ("right.admin", GiveRightV1(right="ticket.show", grantee=f"person:{OSKAR.login}", scope="all")),
]


def asked(world: World, command: AdministrationCommand, who: str) -> Refusal | None:
    """Why not, if not."""
    person = MARA if who == "mara" else OSKAR
    decision = decide_change(world.context(), agent(person), command, "c", 1)
    return decision if isinstance(decision, Refusal) else None


@pytest.mark.parametrize(("right", "command"), RISING)
def test_who_administers_touches_no_superuser(right: str, command: AdministrationCommand) -> None:
    refusal = asked(house(right), command, "oskar")
    assert refusal is not None
    assert (refusal.problem.status, refusal.problem.extra["right"]) == (403, "superuser")


@pytest.mark.parametrize(("right", "command"), PLAIN)
def test_and_everyone_else_as_before(right: str, command: AdministrationCommand) -> None:
    assert asked(house(right), command, "oskar") is None


@pytest.mark.parametrize("command", [command for _, command in RISING if "Mara" not in str(command)])
def test_a_superuser_may(command: AdministrationCommand) -> None:
    refusal = asked(house(), command, "mara")
    assert refusal is None or refusal.problem.status != 403, refusal
