"""Stale writes on the log as it is stored: of what is administered, of merged tickets, of commands that join."""

from __future__ import annotations

from typing import Any

import pytest

from ticketwire_chassis.mongo import Database, open_database
from ticketwire_contracts.tickets import (
    AddMemberV1,
    AddNoteV1,
    ChangeLifecycleV1,
    ChangePersonV1,
    ChangeQueueV1,
    CreateGroupV1,
    CreatePersonV1,
    FieldDefinition,
    LinkTicketsV1,
    MergeTicketsV1,
    RemoveMemberV1,
    SetPriorityV1,
    SetQueueFieldsV1,
)

from .replica import Replica


@pytest.fixture
async def tickets(mongo_url: str, database_name: str) -> Any:
    database: Database = open_database(mongo_url, database_name)
    replica = Replica(database)
    await replica.begin("support")
    yield replica
    await database.drop()
    await database.close()


async def test_stale_writes_are_told_what_changed_and_by_whom(tickets: Replica) -> None:
    mara = await tickets.agent("mara", "superuser")
    await tickets.must(CreatePersonV1(login="oskar", name="Oskar", agent=True))
    await tickets.must(CreateGroupV1(name="field"))
    await tickets.must(ChangeQueueV1(name="support", title="Help desk"), mara)
    await tickets.must(SetQueueFieldsV1(queue="support", fields=[FieldDefinition(name="room", type="text")]), mara)
    await tickets.must(ChangeLifecycleV1(name="default", title="Usual"), mara)
    await tickets.must(ChangePersonV1(person="person:oskar", name="Oskar Sund"), mara)
    await tickets.must(AddMemberV1(group="field", member="person:mara"), mara)
    late: list[tuple[Any, str, list[str]]] = [
        (ChangeQueueV1(name="support", title="x", if_version=1), "queue.changed", ["title"]),
        (SetQueueFieldsV1(queue="support", fields=[], if_version=2), "queue.fields_set", ["fields"]),
        (ChangeLifecycleV1(name="default", title="x", if_version=1), "lifecycle.changed", ["title"]),
        (ChangePersonV1(person="person:oskar", name="x", if_version=1), "person.changed", ["name"]),
        (AddMemberV1(group="field", member="person:oskar", if_version=1), "group.changed", ["members"]),
        (RemoveMemberV1(group="field", member="person:mara", if_version=1), "group.changed", ["members"]),
    ]
    for command, happened, fields in late:
        problem = (await tickets.ask(command)).problem
        assert problem is not None, command
        assert (problem.type, problem.status) == ("changed-since", 412)
        changes = problem.extra["changes"]
        assert len(changes) == problem.extra["version"] - command.if_version
        assert (changes[0]["what"], changes[0]["fields"]) == ([happened], fields)
        assert (changes[0]["actor"], changes[0]["name"]) == (mara.id, "Mara")
        assert changes[-1]["version"] == problem.extra["version"]
        now = command.model_copy(update={"if_version": problem.extra["version"]})
        assert (await tickets.ask(now)).problem is None, "with the version that is there it is done"


async def test_what_no_person_changed_is_told_as_of_ticketwire_and_a_refusal_keeps_no_names(tickets: Replica) -> None:
    await tickets.must(ChangeQueueV1(name="support", title="Help desk"))
    late = await tickets.ask(ChangeQueueV1(name="support", title="x", if_version=1), order="late")
    again = await tickets.ask(ChangeQueueV1(name="support", title="x", if_version=1), order="late")
    assert late.problem is not None
    assert [one["name"] for one in late.problem.extra["changes"]] == ["Ticketwire"]
    assert again.problem == late.problem, "a lost answer is given again"
    kept = str(await tickets.db["commits"].find({"_id.stream": "refusal/late"}))
    assert "Ticketwire" not in kept
    assert "Help desk" not in kept


async def test_far_behind_the_newest_changes_only_are_told(tickets: Replica) -> None:
    for n in range(60):
        await tickets.must(ChangeQueueV1(name="support", title=f"Desk {n}"))
    problem = (await tickets.ask(ChangeQueueV1(name="support", title="x", if_version=1))).problem
    assert problem is not None
    assert [one["version"] for one in problem.extra["changes"]] == list(range(12, 62))
    assert {tuple(one["fields"]) for one in problem.extra["changes"]} == {("title",)}


async def test_who_writes_on_a_ticket_that_was_merged_is_told_by_whom(tickets: Replica) -> None:
    mara = await tickets.agent("mara", "superuser")
    one, other = await tickets.open(mara), await tickets.open(mara)
    await tickets.must(MergeTicketsV1(ticket=one, into=other), mara)
    problem = (await tickets.ask(AddNoteV1(ticket=one, text="x", if_version=1), mara)).problem
    assert problem is not None
    assert (problem.type, problem.status, problem.extra["merged_into"]) == ("ticket-merged", 412, other)
    assert [(one["what"], one["name"]) for one in problem.extra["changes"]] == [
        (["ticket.merged", "ticket.status_changed"], "Mara")
    ]


async def test_commands_that_join_tickets_are_told_it_too(tickets: Replica) -> None:
    mara = await tickets.agent("mara", "superuser")
    one, other = await tickets.open(mara), await tickets.open(mara)
    await tickets.must(SetPriorityV1(ticket=one, priority=90), mara)
    for command in (
        MergeTicketsV1(ticket=one, into=other, if_version=1),
        LinkTicketsV1(ticket=one, type="refers_to", target=other, if_version=1),
    ):
        problem = (await tickets.ask(command, mara)).problem
        assert problem is not None
        assert (problem.type, problem.status) == ("ticket-changed", 412)
        assert [(one["what"], one["name"]) for one in problem.extra["changes"]] == [
            (["ticket.priority_changed"], "Mara")
        ]
