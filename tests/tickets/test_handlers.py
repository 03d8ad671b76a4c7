"""Mails and commands through handlers, store and log on a real replica set, with both drivers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.tickets.domain.events import PERSONAL
from services.tickets.handlers import Handlers
from services.tickets.publish import publish
from services.tickets.store import TicketStore, message_key
from ticketwire_chassis.commands import Asked
from ticketwire_chassis.commits import CommitLog
from ticketwire_chassis.mongo import Database, open_database
from ticketwire_chassis.signing import Signer
from ticketwire_contracts.base import Actor, Answer, Command, Order
from ticketwire_contracts.ingest import MailReceivedV1
from ticketwire_contracts.tickets import (
    AddMemberV1,
    AddNoteV1,
    AdministrationCommand,
    CreateGroupV1,
    CreatePersonV1,
    CreateQueueV1,
    GiveRightV1,
    MailSettledV1,
    OpenTicketV1,
    ReplyToTicketV1,
    SetOwnerV1,
    TakeRightV1,
)

from .world import JOINING, World

SIGNER = Signer("s" * 32)
GATEWAY = Actor(kind="system", id="system/gateway")


class Replica:
    """One replica of tickets, without broker."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.log = CommitLog(db, PERSONAL)
        self.handlers = Handlers(self.log, TicketStore(db, self.log, SIGNER), message_key)

    async def ask(self, command: Command, actor: Actor = GATEWAY, order: str | None = None) -> Answer:
        """One command, as it comes over RPC."""
        now = datetime.now(UTC)
        asked = Asked(
            Order(
                id=order or f"o{now.timestamp()}{id(command)}",
                type=command.topic,
                actor=actor,
                correlation="c",
                not_after=now + timedelta(seconds=10),
                command={},
            ),
            command,
        )
        administers = isinstance(command, AdministrationCommand)
        joins = isinstance(command, JOINING)
        obey = self.handlers.administer if administers else self.handlers.join if joins else self.handlers.obey
        return (await obey([asked]))[0]

    async def agent(self, login: str, *rights: str) -> Actor:
        """A new agent with rights everywhere."""
        made = await self.ask(CreatePersonV1(login=login, name=login.title(), agent=True))
        assert made.problem is None, made.problem
        for right in rights:
            given = await self.ask(GiveRightV1(right=right, grantee=f"person:{login}", scope="all"))
            assert given.problem is None, given.problem
        return Actor(kind="agent", id=made.result["stream"], via="api")

    async def said(self) -> list[Any]:
        """All events that the log says."""
        from ticketwire_chassis.commits import from_doc

        docs = await self.db["commits"].find({}, sort=[("at", 1)])
        return [event for doc in docs for event in publish(from_doc(doc)).internal]


@pytest.fixture(params=["motor", "pymongo"])
async def db(request: pytest.FixtureRequest, mongo_url: str, database_name: str) -> AsyncIterator[Database]:
    database = open_database(mongo_url, database_name, request.param)
    yield database
    await database.drop()
    await database.close()


@pytest.fixture
async def tickets(db: Database) -> Replica:
    replica = Replica(db)
    await replica.log.prepare()
    await replica.handlers.seed()
    await replica.ask(CreateQueueV1(name="support", addresses=["support@example.org"]))
    return replica


def mail(n: int, sender: str = "anna@example.net", to: str = "support@example.org", **reading: Any) -> MailReceivedV1:
    made = World().make_mail(to, sender, message_id=f"m{n}@example.net", **reading)
    return made.model_copy(update={"mail": f"row{n}"})


async def test_each_mail_is_one_ticket_however_often_it_comes(tickets: Replica) -> None:
    mails = [mail(n, f"c{n % 7}@example.net") for n in range(20)]
    other = Replica(tickets.db)
    await asyncio.gather(
        tickets.handlers.on_mail_received(mails),
        other.handlers.on_mail_received(mails[5:]),
        other.handlers.on_mail_received(list(reversed(mails))),
    )
    settled = [event for event in await tickets.said() if isinstance(event, MailSettledV1)]
    assert sorted(event.mail for event in settled) == sorted(f"row{n}" for n in range(20))
    assert {event.outcome for event in settled} == {"ticketed"}
    people = await tickets.db["commits"].count({"_id.stream": {"$regex": "^person/"}})
    assert people == 7, "two replicas do not make one customer twice"


async def test_a_crash_between_claim_and_person_is_finished_by_the_next_mail(tickets: Replica) -> None:
    await tickets.handlers.on_mail_received([mail(1)])
    await tickets.db["commits"].delete_many({"_id.stream": {"$regex": "^(person|ticket)/"}})
    await tickets.handlers.on_mail_received([mail(2)])
    commits = await tickets.db["commits"].find({"_id.stream": {"$regex": "^person/"}})
    assert len(commits) == 1


async def test_a_later_reading_of_a_ticketed_mail_opens_no_second_ticket(tickets: Replica) -> None:
    await tickets.handlers.on_mail_received([mail(1)])
    await tickets.handlers.on_mail_received([mail(1).model_copy(update={"reading": 2})])
    assert await tickets.db["commits"].count({"_id.stream": {"$regex": "^ticket/"}}) == 1
    settled = [event for event in await tickets.said() if isinstance(event, MailSettledV1)]
    assert [(event.reading, event.outcome, event.ticket) for event in settled] == [
        (1, "ticketed", settled[0].ticket),
        (2, "ticketed", settled[0].ticket),
    ]


async def test_threads_by_signed_id_known_id_and_tag(tickets: Replica) -> None:
    await tickets.handlers.on_mail_received([mail(1)])
    number = (await tickets.log.newest_of_kind("ticket/")).popitem()[0].removeprefix("ticket/")
    ours = SIGNER.message_id(number, "e", "anna@example.net", "example.org")
    token = SIGNER.reply_token(number, "note", "person/0")
    await tickets.handlers.on_mail_received(
        [
            mail(2, "x@example.com", in_reply_to=[ours]),
            mail(3, references=["m1@example.net"]),
            mail(4, subject=f"Re: [{number}] x"),
            mail(5, "y@example.com", to=f"support+{token}@example.org"),
            mail(6, "z@example.com", subject=f"[{number}] stranger"),
        ]
    )
    newest = await tickets.log.newest(f"ticket/{number}")
    assert newest is not None
    assert newest.after["messages"] == 5
    why = {event.mail: event.why for event in await tickets.said() if isinstance(event, MailSettledV1)}
    assert why == {
        "row1": "opened",
        "row2": "signed_id",
        "row3": "known_id",
        "row4": "subject_tag",
        "row5": "reply_address",
        "row6": "opened",
    }


async def test_commands_are_done_once_and_answer_with_their_events(tickets: Replica) -> None:
    mara = await tickets.agent("mara", "superuser")
    asked = OpenTicketV1(queue="support", subject="x", requesters=["bob@example.net"], text="y")
    opened = await tickets.ask(asked, mara, order="k0")
    assert [event["type"] for event in opened.events] == ["ticket.opened.v1", "person.created.v1"]
    assert await Replica(tickets.db).ask(asked, mara, order="k0") == opened, "a lost answer is given again, all of it"
    number = opened.result["number"]
    first = await tickets.ask(ReplyToTicketV1(ticket=number, text="hello"), mara, order="k1")
    again = await Replica(tickets.db).ask(ReplyToTicketV1(ticket=number, text="hello"), mara, order="k1")
    assert [event["type"] for event in first.events] == ["ticket.replied.v1", "ticket.status_changed.v1"]
    assert again.events == first.events
    refused = await tickets.ask(SetOwnerV1(ticket=number, owner="nobody"), mara, order="k2")
    assert refused.problem is not None
    assert (await tickets.ask(SetOwnerV1(ticket=number, owner="nobody"), mara, order="k2")).problem == refused.problem


async def test_rights_given_and_taken_count_at_once_in_every_replica(tickets: Replica) -> None:
    other = Replica(tickets.db)
    newbie = await tickets.agent("newbie")
    await tickets.handlers.on_mail_received([mail(1)])
    note = AddNoteV1(ticket="TW-1", text="x")
    for replica in (tickets, other):
        problem = (await replica.ask(note, newbie)).problem
        assert problem is not None
        assert problem.status == 404
    await tickets.ask(CreateGroupV1(name="field"))
    await tickets.ask(AddMemberV1(group="field", member="person:newbie"))
    for right in ("ticket.show", "note.add"):
        await tickets.ask(GiveRightV1(right=right, grantee="group:field", scope="queue:support"))
    for replica in (tickets, other):
        assert (await replica.ask(note, newbie)).problem is None
    await other.ask(TakeRightV1(right="note.add", grantee="group:field", scope="queue:support"))
    for replica in (tickets, other):
        problem = (await replica.ask(note, newbie)).problem
        assert problem is not None
        assert problem.status == 403


async def test_names_are_unique_even_when_asked_for_at_once(tickets: Replica) -> None:
    other = Replica(tickets.db)
    answers = await asyncio.gather(
        *(
            replica.ask(CreatePersonV1(login="kim", agent=True), order=f"o{n}")
            for n, replica in enumerate((tickets, other))
        )
    )
    assert sorted(answer.problem.type if answer.problem else "" for answer in answers) == ["", "taken"]
    queue = CreateQueueV1(name="second", addresses=["Support@example.org"])
    problem = (await tickets.ask(queue)).problem
    assert problem is not None
    assert problem.type == "taken"


async def test_an_agent_without_the_right_administers_nothing(tickets: Replica) -> None:
    newbie = await tickets.agent("newbie")
    for command in (
        CreateQueueV1(name="mine"),
        CreatePersonV1(login="friend", agent=True),
        CreateGroupV1(name="mine"),
        GiveRightV1(right="superuser", grantee="person:newbie", scope="all"),
    ):
        problem = (await tickets.ask(command, newbie)).problem
        assert problem is not None
        assert problem.status == 403


async def test_groups_never_contain_each_other_in_a_circle(tickets: Replica) -> None:
    for name in ("a", "b", "c"):
        await tickets.ask(CreateGroupV1(name=name))
    assert (await tickets.ask(AddMemberV1(group="a", member="group:b"))).problem is None
    assert (await tickets.ask(AddMemberV1(group="b", member="group:c"))).problem is None
    problem = (await tickets.ask(AddMemberV1(group="c", member="group:a"))).problem
    assert problem is not None
    assert problem.type == "circular-group"


async def test_personal_values_stand_apart_from_the_hashed_body(tickets: Replica) -> None:
    await tickets.handlers.on_mail_received([mail(1, text="my secret story", subject="About me")])
    for doc in await tickets.db["commits"].find({}):
        for word in ("secret story", "anna@example.net", "About me"):
            assert word not in str(doc["body"])
            assert word not in str(doc["_id"])
