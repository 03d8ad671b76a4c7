"""Who comes to stand on a ticket, in which role, and who may say so."""

from __future__ import annotations

from typing import Literal

import pytest

from services.tickets.domain.decision import Refusal
from ticketwire_contracts.ingest import Address
from ticketwire_contracts.tickets import AddNoteV1, ChangePeopleV1, Person, ReplyToTicketV1, Ticket

from .world import ANNA, MARA, NEWBIE, OSKAR, World, agent, kinds, status

mara, oskar, newbie = agent(MARA), agent(OSKAR), agent(NEWBIE)
Role = Literal["requesters", "cc", "admin_cc", "watchers"]
ROLES: list[Role] = ["requesters", "cc", "admin_cc", "watchers"]


def opened() -> World:
    """Anna has written, with Ole in cc."""
    world = World()
    world.mail(cc=[Address(address="ole@example.net", name="Ole")])
    return world


def change(role: Role, add: list[str] | None = None, remove: list[str] | None = None) -> ChangePeopleV1:
    """The command."""
    return ChangePeopleV1(ticket="TW-1", role=role, add=add or [], remove=remove or [])


def there(world: World, role: Role) -> list[str]:
    """Addresses in a role."""
    return [one.address for one in getattr(world.tickets["TW-1"], role)]


@pytest.mark.parametrize("role", ["requesters", "cc"])
def test_an_unknown_address_becomes_a_customer_once(role: Role) -> None:
    world = opened()
    decision = world.do(mara, change(role, ["new@example.net", "NEW@example.net"]))
    assert not isinstance(decision, Refusal)
    assert [one.stream.split("/")[0] for one in decision] == ["ticket", "claim", "person"]
    assert there(world, role)[-1] == "new@example.net"
    world.mail(sender="new@example.net")
    assert world.tickets["TW-2"].requesters[0].id == getattr(world.tickets["TW-1"], role)[-1].id


def test_an_agent_is_named_by_login_or_by_address() -> None:
    world = opened()
    world.do(mara, change("cc", ["oskar"]))
    assert kinds(world.do(mara, change("cc", ["OSKAR@example.org"]))) == ["no-change"]
    world.do(mara, change("cc", remove=["Oskar@example.org"]))
    assert there(world, "cc") == ["ole@example.net"]
    assert kinds(world.do(mara, change("cc", ["nobody"]))) == ["unknown-person"]


def test_someone_is_removed_by_any_address_of_theirs() -> None:
    world = opened()
    ole = world.tickets["TW-1"].cc[0]
    world.persons[ole.id] = world.persons[ole.id].model_copy(
        update={"addresses": ["ole@example.net", "ole@private.example"]}
    )
    world.claims["claim/address/ole@private.example"] = ole.id
    assert kinds(world.do(mara, change("cc", remove=["OLE@private.example"]))) == ["people_changed"]
    assert there(world, "cc") == []


def test_as_in_rt_the_last_requester_may_go_and_then_nobody_is_written_to() -> None:
    world = World()
    world.mail()
    assert kinds(world.do(mara, change("requesters", remove=[ANNA]))) == ["requesters_changed"]
    assert kinds(world.do(mara, ReplyToTicketV1(ticket="TW-1", text="x"))) == ["no-recipient"]
    assert status(world.do(mara, ReplyToTicketV1(ticket="TW-1", text="x", to=[ANNA]))) == 200


def test_one_command_may_replace_someone_and_a_name_in_both_lists_stays() -> None:
    world = opened()
    world.do(mara, change("cc", ["kai@example.net"], ["ole@example.net"]))
    assert there(world, "cc") == ["kai@example.net"]
    assert kinds(world.do(mara, change("cc", ["kai@example.net"], ["kai@example.net"]))) == ["no-change"]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    ("who", "why"),
    [
        ("support@example.org", "own-address"),
        ("no@address@", "bad-address"),
        ("a@example.net\nBcc: b@example.net", "bad-address"),
        ("gone@example.net", "unknown-person"),
        ("gone", "unknown-person"),
    ],
)
def test_nobody_stands_there_who_cannot_be_told(role: Role, who: str, why: str) -> None:
    world = opened()
    gone = Person(id="person/gone", login="gone", name="G", addresses=["gone@example.net"], agent=True, disabled=True)
    world.persons[gone.id] = gone
    world.claims |= {"claim/login/gone": gone.id, "claim/address/gone@example.net": gone.id}
    before = world.tickets["TW-1"]
    assert kinds(world.do(mara, change(role, ["oskar", who]))) == [why]
    assert world.tickets["TW-1"] == before


@pytest.mark.parametrize("role", ["admin_cc", "watchers"])
def test_customers_and_strangers_are_never_told_what_agents_are(role: Role) -> None:
    world = opened()
    for who in (ANNA, "stranger@example.net"):
        assert kinds(world.do(mara, change(role, [who]))) == ["not-an-agent"]


def test_a_watcher_must_see_the_ticket_and_gains_nothing_by_watching() -> None:
    world = opened()
    assert kinds(world.do(mara, change("watchers", ["newbie"]))) == ["may-not-see"]
    world.grant("ticket.show", NEWBIE.id, "ticket/TW-1")
    assert kinds(world.do(mara, change("watchers", ["newbie"]))) == ["people_changed"]
    assert status(world.do(newbie, ReplyToTicketV1(ticket="TW-1", text="x"))) == 403


def test_an_admin_cc_must_see_the_ticket_and_sees_its_notes_by_that_role() -> None:
    world = opened()
    assert kinds(world.do(mara, change("admin_cc", ["newbie"]))) == ["may-not-see"]
    world.grant("ticket.show", NEWBIE.id, "ticket/TW-1")
    assert status(world.do(newbie, AddNoteV1(ticket="TW-1", text="x"))) == 403
    assert kinds(world.do(mara, change("admin_cc", ["newbie"]))) == ["people_changed"]
    assert status(world.do(newbie, AddNoteV1(ticket="TW-1", text="x"))) == 200


def test_who_may_edit_but_sees_no_notes_gives_neither_themselves_nor_others_the_sight_of_them() -> None:
    world = opened()
    for right in ("ticket.show", "ticket.edit"):
        world.grant(right, NEWBIE.id)
    for who in ("newbie", "oskar"):
        refusal = world.do(newbie, change("admin_cc", [who]))
        assert isinstance(refusal, Refusal)
        assert (refusal.problem.status, refusal.problem.extra) == (403, {"right": "note.show"})
    world.do(mara, change("admin_cc", ["oskar"]))
    assert kinds(world.do(newbie, change("admin_cc", remove=["oskar"]))) == ["people_changed"]


MAY = [
    # right, role, who, allowed
    *[("ticket.edit", role, who, role != "admin_cc") for role in ROLES for who in ("newbie", "oskar")],
    ("ticket.watch", "watchers", "newbie", True),
    ("ticket.watch", "watchers", "oskar", False),
    *[("ticket.watch", role, "newbie", False) for role in ("requesters", "cc", "admin_cc")],
    *[("ticket.reply", role, "newbie", False) for role in ROLES],
]


@pytest.mark.parametrize(("right", "role", "who", "allowed"), MAY)
def test_who_may_change_which_role(right: str, role: Role, who: str, allowed: bool) -> None:
    world = opened()
    world.grant("ticket.show", NEWBIE.id)
    world.grant(right, NEWBIE.id)
    assert status(world.do(newbie, change(role, [who]))) == (200 if allowed else 403)
    if allowed:
        assert status(world.do(newbie, change(role, remove=[who]))) == 200


def test_a_role_has_room_for_a_hundred() -> None:
    world = opened()
    for start in (0, 50):
        decision = world.do(mara, change("cc", [f"c{n}@example.net" for n in range(start, start + 49)]))
        assert kinds(decision) == ["people_changed"]
    assert kinds(world.do(mara, change("cc", ["x@example.net"]))) == ["people_changed"]
    assert kinds(world.do(mara, change("cc", ["y@example.net"]))) == ["too-many-people"]


def test_the_fields_are_those_of_the_contract() -> None:
    assert set(ROLES) <= set(Ticket.model_fields)
