"""Whoever writes over what they have not seen is told what it was, by whom, and nothing that is not for them."""

from __future__ import annotations

from typing import Any

import pytest

from services.tickets.domain.decision import Refusal
from ticketwire_contracts.tickets import (
    AddNoteV1,
    AddTimeWorkedV1,
    ForwardMessagesV1,
    ReplyToTicketV1,
    SetPriorityV1,
    SetSubjectV1,
    SetTagsV1,
)

from .world import MARA, NEWBIE, OSKAR, SYSTEM, World, agent, status

mara, oskar, newbie = agent(MARA), agent(OSKAR), agent(NEWBIE)


def busy() -> World:
    """A ticket at version 6: opened, priority, note, subject, time, forward."""
    world = World()
    world.mail()
    world.grant("ticket.forward", MARA.id)
    for command in (
        SetPriorityV1(ticket="TW-1", priority=70),
        AddNoteV1(ticket="TW-1", text="psst, secret"),
        SetSubjectV1(ticket="TW-1", subject="Another secret"),
        AddTimeWorkedV1(ticket="TW-1", minutes=10),
        ForwardMessagesV1(ticket="TW-1", messages=["TW-1.1"], to=["shop@example.com"], text="secret too"),
    ):
        assert status(world.do(mara, command)) == 200
    return world


def refused(world: World, version: int, actor: Any = oskar) -> dict[str, Any]:
    """What a stale write is told."""
    decision = world.do(actor, SetTagsV1(ticket="TW-1", add=["x"], if_version=version))
    assert isinstance(decision, Refusal)
    assert (decision.problem.type, decision.problem.status) == ("ticket-changed", 412)
    return decision.problem.extra


def test_it_is_told_the_version_and_each_change_since_with_who_and_when() -> None:
    world = busy()
    told = refused(world, 1)
    assert told["version"] == 6
    assert [(one["version"], one["what"]) for one in told["changes"]] == [
        (2, ["ticket.priority_changed"]),
        (3, ["ticket.noted"]),
        (4, ["ticket.subject_changed"]),
        (5, ["ticket.time_worked"]),
        (6, ["ticket.forwarded"]),
    ]
    assert {one["actor"] for one in told["changes"]} == {MARA.id}
    assert all(one["at"].endswith("Z") and "command" in one for one in told["changes"])
    assert "secret" not in str(told)


def test_only_what_came_after_the_seen_version_is_told() -> None:
    assert [one["version"] for one in refused(busy(), 4)["changes"]] == [5, 6]


def test_notes_and_forwards_are_hidden_from_those_who_may_not_see_notes() -> None:
    world = busy()
    for right in ("ticket.show", "ticket.edit"):
        world.grant(right, NEWBIE.id)
    told = refused(world, 1, newbie)
    assert [one["version"] for one in told["changes"]] == [2, 4, 5]
    assert told["version"] == 6


def test_a_customer_is_told_only_what_is_public() -> None:
    world = busy()
    requester = world.tickets["TW-1"].requesters[0]
    customer = SYSTEM.model_copy(update={"kind": "customer", "id": requester.id})
    decision = world.do(customer, ReplyToTicketV1(ticket="TW-1", text="x", if_version=1))
    assert isinstance(decision, Refusal)
    assert [one["version"] for one in decision.problem.extra["changes"]] == [2, 4]


@pytest.mark.parametrize("version", [0, 7, 99])
def test_a_version_that_never_was_is_stale_too(version: int) -> None:
    told = refused(busy(), version)
    assert [one["version"] for one in told["changes"]] == ([] if version else [1, 2, 3, 4, 5, 6])


def test_the_present_version_is_accepted() -> None:
    world = busy()
    assert status(world.do(oskar, SetTagsV1(ticket="TW-1", add=["x"], if_version=6))) == 200
