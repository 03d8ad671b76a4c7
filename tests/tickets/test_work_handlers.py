"""Work on a ticket through handlers, store and log on a real replica set, with both drivers and several replicas."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from services.tickets.domain.events import lift
from services.tickets.domain.state import TicketState, fold
from ticketwire_chassis.commands import CommandServer
from ticketwire_chassis.events import stamp
from ticketwire_chassis.mongo import Database, open_database
from ticketwire_chassis.private import unseal
from ticketwire_contracts.base import Actor, Answer, Order
from ticketwire_contracts.escalation import EscalationDueV1
from ticketwire_contracts.tickets import (
    AddNoteV1,
    AddTimeWorkedV1,
    ChangePeopleV1,
    CreateQueueV1,
    FieldDefinition,
    ForwardMessagesV1,
    SetDueV1,
    SetFieldsV1,
    SetPriorityV1,
    SetQueueFieldsV1,
    SetStatusV1,
    SetSubjectV1,
    SetTagsV1,
    Ticket,
    TicketCommand,
)

from .test_handlers import SIGNER, Replica, mail

NUMBER = "TW-1"


@pytest.fixture(params=["motor", "pymongo"])
async def db(request: pytest.FixtureRequest, mongo_url: str, database_name: str) -> AsyncIterator[Database]:
    database = open_database(mongo_url, database_name, request.param)
    yield database
    await database.drop()
    await database.close()


@pytest.fixture
async def tickets(db: Database) -> Replica:
    """A replica with one ticket by mail."""
    replica = Replica(db)
    await replica.log.prepare()
    await replica.handlers.seed()
    await replica.ask(CreateQueueV1(name="support", addresses=["support@example.org"]))
    await replica.handlers.on_mail_received([mail(1)])
    return replica


async def now_is(replica: Replica) -> Ticket:
    """The ticket as it stands."""
    newest = await replica.log.newest(f"ticket/{NUMBER}")
    assert newest is not None
    return Ticket.model_validate(newest.after)


def good(answer: Answer) -> Answer:
    """It was done."""
    assert answer.problem is None, answer.problem
    return answer


async def test_every_deed_changes_the_ticket_and_says_its_event(tickets: Replica) -> None:
    mara = await tickets.agent("mara", "superuser")
    field = FieldDefinition(name="room", type="text")
    good(await tickets.ask(SetQueueFieldsV1(queue="support", fields=[field]), mara))
    due = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    deeds: list[tuple[TicketCommand, str]] = [
        (SetSubjectV1(ticket=NUMBER, subject="Other"), "ticket.subject_changed.v1"),
        (SetDueV1(ticket=NUMBER, due=due), "ticket.due_changed.v1"),
        (SetTagsV1(ticket=NUMBER, add=["VIP"]), "ticket.tags_changed.v1"),
        (SetFieldsV1(ticket=NUMBER, fields={"room": "214"}), "ticket.fields_changed.v1"),
        (AddTimeWorkedV1(ticket=NUMBER, minutes=15, text="call"), "ticket.time_worked.v1"),
        (ChangePeopleV1(ticket=NUMBER, role="requesters", add=["bob@example.net"]), "ticket.requesters_changed.v1"),
        (ChangePeopleV1(ticket=NUMBER, role="watchers", add=["mara"]), "ticket.people_changed.v1"),
        (ForwardMessagesV1(ticket=NUMBER, messages=["TW-1.1"], to=["shop@example.com"]), "ticket.forwarded.v1"),
    ]
    for command, topic in deeds:
        answer = good(await tickets.ask(command, mara))
        assert [event["type"] for event in answer.events if event["type"].startswith("ticket")] == [topic]
    ticket = await now_is(tickets)
    assert (ticket.subject, ticket.due, ticket.tags, ticket.fields) == ("Other", due, ["vip"], {"room": "214"})
    assert (ticket.time_worked, ticket.messages, ticket.version) == (15, 2, 1 + len(deeds))
    assert [one.address for one in ticket.requesters] == ["anna@example.net", "bob@example.net"]
    assert [one.login for one in ticket.watchers] == ["mara"]


async def test_queue_fields_count_at_once_in_every_replica(tickets: Replica) -> None:
    mara = await tickets.agent("mara", "superuser")
    other = Replica(tickets.db)
    fill = SetFieldsV1(ticket=NUMBER, fields={"room": "214"})
    problem = (await other.ask(fill, mara)).problem
    assert problem is not None
    assert problem.status == 422
    set_up = SetQueueFieldsV1(queue="support", fields=[FieldDefinition(name="room", type="text")])
    answer = good(await tickets.ask(set_up, mara))
    assert answer.events[0]["queue"]["fields"][0]["name"] == "room"
    assert answer.events[0]["queue"]["addresses"] == ["support@example.org"]
    good(await other.ask(fill, mara))


async def test_two_replicas_that_add_one_new_address_make_one_customer(tickets: Replica) -> None:
    mara = await tickets.agent("mara", "superuser")
    await tickets.handlers.on_mail_received([mail(n) for n in range(2, 8)])
    replicas = [tickets, Replica(tickets.db), Replica(tickets.db)]
    answers = await asyncio.gather(
        *(
            replicas[n % 3].ask(ChangePeopleV1(ticket=f"TW-{n}", role="cc", add=["new@example.net"]), mara, f"o{n}")
            for n in range(1, 8)
        )
    )
    assert [answer.problem for answer in answers] == [None] * 7
    assert (
        await tickets.db["commits"].count({"_id.stream": {"$regex": "^person/"}, "after.addresses": "new@example.net"})
        == 1
    )


async def test_a_forward_brings_the_messages_text_and_files_and_its_answer_is_internal(tickets: Replica) -> None:
    mara = await tickets.agent("mara", "superuser")
    good(await tickets.ask(AddNoteV1(ticket=NUMBER, text="psst"), mara))
    refused = await tickets.ask(
        ForwardMessagesV1(ticket=NUMBER, messages=["TW-1.1", "TW-1.2"], to=["shop@example.com"]), mara
    )
    assert refused.problem is not None
    assert refused.problem.type == "internal-message"
    answer = good(
        await tickets.ask(
            ForwardMessagesV1(ticket=NUMBER, messages=["TW-1.1"], to=["shop@example.com"], text="Hi"), mara
        )
    )
    (event,) = answer.events
    assert event["message"]["internal"] is True
    assert [one["address"] for one in event["message"]["to"]] == ["shop@example.com"]
    assert [(one["id"], one["text"]) for one in event["quoted"]] == [("TW-1.1", "It does not work.")]

    token = SIGNER.reply_token(NUMBER, "note", "person/0")
    ours = SIGNER.message_id(NUMBER, event["id"], "shop@example.com", "example.org", internal=True)
    await tickets.handlers.on_mail_received(
        [
            mail(2, "shop@example.com", to=f"support+{token}@example.org"),
            mail(3, "boss@example.com", in_reply_to=[ours]),
        ]
    )
    noted = [one for one in await tickets.said() if one.type == "ticket.noted.v1"]
    assert [one.message.author.address for one in noted] == ["", "shop@example.com", "boss@example.com"]
    assert all(one.message.internal for one in noted)


async def test_a_stale_write_is_told_what_changed_and_by_whom_and_names_are_not_kept(tickets: Replica) -> None:
    mara = await tickets.agent("mara", "superuser")
    kim = await tickets.agent("kim", "superuser")
    good(await tickets.ask(SetPriorityV1(ticket=NUMBER, priority=90), mara))
    good(await tickets.ask(AddNoteV1(ticket=NUMBER, text="psst"), kim))
    stale = SetTagsV1(ticket=NUMBER, add=["x"], if_version=1)
    answers = [await replica.ask(stale, kim, "stale") for replica in (tickets, Replica(tickets.db))]
    for answer in answers:
        assert answer.problem is not None
        assert (answer.problem.status, answer.problem.extra["version"]) == (412, 3)
        assert [(one["version"], one["name"], one["what"]) for one in answer.problem.extra["changes"]] == [
            (2, "Mara", ["ticket.priority_changed"]),
            (3, "Kim", ["ticket.noted"]),
        ]
        assert answer.problem.extra["changes"][0]["command"] == "set_priority.v1"
    refusals = await tickets.db["commits"].find({"_id.stream": "refusal/stale"})
    assert len(refusals) == 1
    assert "Mara" not in str(refusals)


async def test_a_stale_write_far_behind_is_told_the_newest_only(tickets: Replica) -> None:
    mara = await tickets.agent("mara", "superuser")
    for n in range(60):
        good(await tickets.ask(AddTimeWorkedV1(ticket=NUMBER, minutes=1), mara, f"t{n}"))
    answer = await tickets.ask(SetTagsV1(ticket=NUMBER, add=["x"], if_version=1), mara)
    assert answer.problem is not None
    assert [one["version"] for one in answer.problem.extra["changes"]] == list(range(12, 62))


async def test_of_many_who_write_upon_the_same_version_one_wins(tickets: Replica) -> None:
    mara = await tickets.agent("mara", "superuser")
    replicas = [tickets, Replica(tickets.db)]
    answers = await asyncio.gather(
        *(replicas[n % 2].ask(SetPriorityV1(ticket=NUMBER, priority=n, if_version=1), mara, f"p{n}") for n in range(10))
    )
    assert sorted(answer.problem.status if answer.problem else 200 for answer in answers) == [200, *[412] * 9]


async def test_a_command_that_comes_again_after_a_restart_is_done_once(tickets: Replica) -> None:
    mara = await tickets.agent("mara", "superuser")
    commands: list[TicketCommand] = [
        AddTimeWorkedV1(ticket=NUMBER, minutes=15),
        ForwardMessagesV1(ticket=NUMBER, messages=["TW-1.1"], to=["shop@example.com"]),
        ChangePeopleV1(ticket=NUMBER, role="cc", add=["new@example.net"]),
        SetTagsV1(ticket=NUMBER, add=["no, tag"]),
    ]
    first = [await tickets.ask(command, mara, f"k{n}") for n, command in enumerate(commands)]
    restarted = Replica(tickets.db)
    again = [await restarted.ask(command, mara, f"k{n}") for n, command in enumerate(commands)]
    both = await asyncio.gather(*(one.ask(commands[0], mara, "k9") for one in (tickets, restarted)))
    for before, after in zip(first, again, strict=True):
        assert before.problem == after.problem
        assert [e for e in before.events if e["subject"] == "ticket/TW-1"] == [
            e for e in after.events if e["subject"] == "ticket/TW-1"
        ]
    assert both[0].events == both[1].events
    ticket = await now_is(restarted)
    assert (ticket.time_worked, ticket.messages, len(ticket.cc), ticket.version) == (30, 2, 1, 5)


async def test_a_late_command_is_refused_and_not_done(tickets: Replica) -> None:
    mara = await tickets.agent("mara", "superuser")
    server = CommandServer("tickets", broker=None)  # type: ignore[arg-type]
    server.obeys([AddTimeWorkedV1], tickets.handlers.obey)
    running = asyncio.create_task(server.run())

    async def order(seconds: float) -> Answer:
        command = AddTimeWorkedV1(ticket=NUMBER, minutes=15)
        sent = Order(
            id="late-or-not",
            type=command.topic,
            actor=mara,
            correlation="c",
            not_after=datetime.now(UTC) + timedelta(seconds=seconds),
            command=command.model_dump(mode="json"),
        )
        return await server._obey(sent.model_dump_json().encode())

    try:
        late = await order(-1)
        assert late.problem is not None
        assert (late.problem.type, late.problem.status) == ("command-late", 503)
        assert (await now_is(tickets)).version == 1
        good(await order(30))
        assert (await now_is(tickets)).time_worked == 15, "a late refusal is not remembered: the same id may try again"
    finally:
        running.cancel()


async def test_escalation_wakes_a_ticket_once_and_the_system_is_named_as_cause(tickets: Replica) -> None:
    mara = await tickets.agent("mara", "superuser")
    until = datetime.now(UTC) + timedelta(hours=1)
    good(await tickets.ask(SetStatusV1(ticket=NUMBER, status="pending", until=until), mara))
    asleep = await now_is(tickets)
    assert asleep.wake_at is not None
    clockwork = Actor(kind="system", id="system/escalation", via="timer")

    def due(n: int, at: Any) -> EscalationDueV1:
        envelope = stamp(
            EscalationDueV1, "timer/TW-1", n, at=at, actor=clockwork, correlation="c", summary="TW-1: wake at 100 %"
        )
        return EscalationDueV1(
            **envelope, ticket=NUMBER, clock="wake", percent=100, due_at=at, generation=asleep.clocks.generation,
            policy_version=1, actions=["wake"],
        )  # fmt: skip

    await tickets.handlers.on_escalation_due([due(1, asleep.wake_at - timedelta(minutes=1))])
    assert (await now_is(tickets)).status == "pending"
    await asyncio.gather(
        tickets.handlers.on_escalation_due([due(2, asleep.wake_at)]),
        Replica(tickets.db).handlers.on_escalation_due([due(2, asleep.wake_at), due(3, asleep.wake_at)]),
    )
    awake = await now_is(tickets)
    assert (awake.status, awake.wake_at, awake.version) == ("open", None, asleep.version + 1)
    newest = await tickets.log.newest(f"ticket/{NUMBER}")
    assert newest is not None
    assert (newest.actor.kind, newest.actor.id, newest.command) == ("system", "system/escalation", "escalate")


async def test_the_state_in_the_log_is_the_fold_of_its_bodies_to_the_last_millisecond(tickets: Replica) -> None:
    mara = await tickets.agent("mara", "superuser")
    odd = datetime.now(UTC).replace(microsecond=123_456) + timedelta(hours=1)
    for command in (
        SetStatusV1(ticket=NUMBER, status="pending", until=odd),
        SetDueV1(ticket=NUMBER, due=odd.astimezone(timezone(timedelta(hours=9)))),
        ChangePeopleV1(ticket=NUMBER, role="admin_cc", add=["mara"]),
        ForwardMessagesV1(ticket=NUMBER, messages=["TW-1.1"], to=["shop@example.com"]),
        AddTimeWorkedV1(ticket=NUMBER, minutes=3),
    ):
        good(await tickets.ask(command, mara))
    state = None
    for commit in await tickets.log.history(f"ticket/{NUMBER}"):
        state = fold(state, [lift(event) for event in unseal(commit.body, commit.private)], commit.at)
        assert state == TicketState.model_validate(commit.after)


async def test_what_is_personal_in_these_deeds_stands_apart_from_the_hashed_body(tickets: Replica) -> None:
    mara = await tickets.agent("mara", "superuser")
    field = FieldDefinition(name="room", type="text")
    good(await tickets.ask(SetQueueFieldsV1(queue="support", fields=[field]), mara))
    for command in (
        SetSubjectV1(ticket=NUMBER, subject="secret subject"),
        SetFieldsV1(ticket=NUMBER, fields={"room": "secret room"}),
        AddTimeWorkedV1(ticket=NUMBER, minutes=1, text="secret call"),
        ChangePeopleV1(ticket=NUMBER, role="cc", add=["secret@example.net"]),
        ForwardMessagesV1(ticket=NUMBER, messages=["TW-1.1"], to=["secret@example.com"], text="secret text"),
    ):
        good(await tickets.ask(command, mara))
    for doc in await tickets.db["commits"].find({"_id.stream": f"ticket/{NUMBER}"}):
        for word in ("secret", "It does not work", "anna@example.net"):
            assert word not in str(doc["body"]), doc["body"]
