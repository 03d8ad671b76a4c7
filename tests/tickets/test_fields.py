"""Custom fields: which value fits which type, and what a queue may ask."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.tickets.domain.administration import decide_administration
from services.tickets.domain.decision import Decision, Refusal
from ticketwire_contracts.base import Actor
from ticketwire_contracts.tickets import (
    FieldDefinition,
    Queue,
    ReplyToTicketV1,
    SetFieldsV1,
    SetQueueFieldsV1,
    SetStatusV1,
)

from .world import MARA, NEWBIE, SUPPORT, World, agent, kinds, status

mara = agent(MARA)

FIELDS = [
    FieldDefinition(name="room", type="text"),
    FieldDefinition(name="size", type="number"),
    FieldDefinition(name="bought", type="date"),
    FieldDefinition(name="cause", type="choice", options=["toner", "drum"]),
    FieldDefinition(name="parts", type="several", options=["lid", "ring", "cup"]),
]


def opened(fields: list[FieldDefinition] | None = None) -> World:
    """A ticket in a queue with fields."""
    world = World()
    world.mail()
    define(world, FIELDS if fields is None else fields)
    return world


def define(world: World, fields: list[FieldDefinition]) -> None:
    """The queue's fields are these from now on."""
    queue = SUPPORT.model_copy(update={"fields": fields})
    world.directory = replace(world.directory, queues={**world.directory.queues, "support": queue})


def put(world: World, **fields: Any) -> Decision:
    """Mara fills fields."""
    return world.do(mara, SetFieldsV1(ticket="TW-1", fields=fields))


@pytest.mark.parametrize(
    ("name", "given", "kept"),
    [
        ("room", " 214 ", "214"),
        ("size", 3, 3),
        ("size", -2.5, -2.5),
        ("bought", "2024-02-29", "2024-02-29"),
        ("cause", "drum", "drum"),
        ("parts", ["cup", "lid", "cup"], ["lid", "cup"]),
    ],
)
def test_a_value_that_fits_is_kept(name: str, given: Any, kept: Any) -> None:
    world = opened()
    assert kinds(put(world, **{name: given})) == ["fields_changed"]
    assert world.tickets["TW-1"].fields == {name: kept}
    assert kinds(put(world, **{name: given})) == ["no-change"]
    put(world, **{name: None})
    assert world.tickets["TW-1"].fields == {}


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("room", 5),
        ("room", "x" * 1001),
        ("room", "   "),
        ("room", ["a"]),
        ("size", "3"),
        ("size", float("nan")),
        ("size", float("inf")),
        ("size", 1e16),
        ("bought", "2023-02-29"),
        ("bought", "20240229"),
        ("bought", "yesterday"),
        ("bought", 5),
        ("cause", "gremlins"),
        ("cause", ["drum"]),
        ("parts", "lid"),
        ("parts", ["lid", "motor"]),
        ("colour", "red"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_its_field(name: str, given: Any) -> None:
    world = opened()
    decision = put(world, **{name: given})
    assert isinstance(decision, Refusal)
    assert (decision.problem.type, decision.problem.status) == ("invalid-fields", 422)
    assert [error["field"] for error in decision.problem.extra["errors"]] == [f"fields.{name}"]
    assert world.tickets["TW-1"].fields == {}


def test_every_wrong_field_is_named_and_none_is_kept_when_one_is_wrong() -> None:
    world = opened()
    decision = put(world, room="214", size="big", cause="gremlins")
    assert isinstance(decision, Refusal)
    assert [error["field"] for error in decision.problem.extra["errors"]] == ["fields.size", "fields.cause"]
    assert world.tickets["TW-1"].fields == {}


def test_fields_not_named_stay_as_they_are() -> None:
    world = opened()
    put(world, room="214", size=3)
    put(world, size=4)
    assert world.tickets["TW-1"].fields == {"room": "214", "size": 4}


def test_a_required_field_cannot_be_emptied_and_is_filled_before_closing() -> None:
    world = opened([FieldDefinition(name="room", title="Room", type="text", required=True)])
    decision = world.do(mara, SetStatusV1(ticket="TW-1", status="resolved"))
    assert isinstance(decision, Refusal)
    assert (decision.problem.type, decision.problem.status) == ("fields-missing", 409)
    assert decision.problem.extra["fields"] == ["room"]
    reply = ReplyToTicketV1(ticket="TW-1", text="x", then_status="resolved")
    assert kinds(world.do(mara, reply)) == ["fields-missing"]
    assert kinds(world.do(mara, SetStatusV1(ticket="TW-1", status="pending"))) == ["status_changed"]
    put(world, room="214")
    assert kinds(put(world, room="")) == ["invalid-fields"]
    assert kinds(world.do(mara, SetStatusV1(ticket="TW-1", status="resolved"))) == ["status_changed"]


def test_the_system_may_close_without_them() -> None:
    world = opened([FieldDefinition(name="room", type="text", required=True)])
    system = Actor(kind="system", id="system/escalation")
    assert status(world.do(system, SetStatusV1(ticket="TW-1", status="resolved"))) == 200


def test_a_value_whose_definition_went_stays_until_it_is_emptied() -> None:
    world = opened()
    put(world, room="214")
    define(world, [])
    assert world.tickets["TW-1"].fields == {"room": "214"}
    assert kinds(put(world, room="215")) == ["invalid-fields"]
    assert kinds(put(world, room=None)) == ["fields_changed"]
    assert kinds(put(world, room=None)) == ["invalid-fields"]


def test_fields_need_the_right_to_edit() -> None:
    world = opened()
    world.grant("ticket.show", NEWBIE.id)
    assert status(world.do(agent(NEWBIE), SetFieldsV1(ticket="TW-1", fields={"room": "1"}))) == 403


def ask(world: World, fields: list[FieldDefinition], queue: str = "support") -> Decision:
    """Mara, who may, says which fields a queue has."""
    command = SetQueueFieldsV1(queue=queue, fields=fields)
    return decide_administration(world.context(), mara, command, "c", 7)


def test_a_queue_gets_its_fields_with_a_new_version() -> None:
    world = opened([])
    assert status(ask(world, FIELDS)) == 403
    world.grant("queue.admin", MARA.id, "queue/support")
    decision = ask(world, FIELDS)
    assert not isinstance(decision, Refusal)
    after = decision[0].after
    assert isinstance(after, dict)
    assert decision[0].stream == "queue/support"
    assert Queue.model_validate(after).fields == FIELDS
    assert after["version"] == SUPPORT.version + 1
    assert "rights_epoch" not in after, "notify would wait for an epoch that no event brings it"
    define(world, FIELDS)
    assert kinds(ask(world, FIELDS)) == ["no-change"]
    assert status(ask(world, FIELDS, "nowhere")) == 403, "which queues there are learns only who administers all"
    world.grant("queue.admin", MARA.id)
    assert status(ask(world, FIELDS, "nowhere")) == 404


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ([FIELDS[0], FIELDS[0]], "field-twice"),
        ([FieldDefinition(name="a", type="choice")], "field-options"),
        ([FieldDefinition(name="a", type="several")], "field-options"),
        ([FieldDefinition(name="a", type="text", options=["x"])], "field-options"),
        ([FieldDefinition(name="a", type="choice", options=["x", "x"])], "field-options"),
        ([FieldDefinition(name="a", type="choice", options=["x", " "])], "field-options"),
    ],
)
def test_fields_that_make_no_sense_are_refused(fields: list[FieldDefinition], why: str) -> None:
    world = opened([])
    world.grant("queue.admin", MARA.id)
    assert kinds(ask(world, fields)) == [why]
