"""Changes of queues, lifecycles and persons through handlers, store and log on a real replica set."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from services.tickets.domain.events import PERSONAL
from services.tickets.handlers import Handlers
from services.tickets.publish import publish
from services.tickets.store import TicketStore, message_key
from ticketwire_chassis.commands import Asked
from ticketwire_chassis.commits import CommitLog, from_doc
from ticketwire_chassis.mongo import Database, open_database
from ticketwire_chassis.signing import Signer
from ticketwire_contracts.base import Actor, Answer, Command, Order
from ticketwire_contracts.ingest import MailReceivedV1
from ticketwire_contracts.tickets import (
    AdministrationCommand,
    ChangeLifecycleV1,
    ChangePersonV1,
    ChangeQueueV1,
    CreateLifecycleV1,
    CreatePersonV1,
    CreateQueueV1,
    DisablePersonV1,
    GiveRightV1,
    JoinPersonsV1,
    MailSettledV1,
    OpenTicketV1,
    PersonChangedV1,
    SetOwnerV1,
    SetQueueV1,
    SetStatusV1,
    Transition,
)

from .world import World

SIGNER = Signer("s" * 32)
SYSTEM = Actor(kind="system", id="system/gateway")
ORDERS = count(1)


class Replica:
    """One replica of tickets, without broker."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.log = CommitLog(db, PERSONAL)
        self.handlers = Handlers(self.log, TicketStore(db, self.log, SIGNER), message_key)

    async def ask(self, command: Command, actor: Actor = SYSTEM, order: str | None = None) -> Answer:
        """One command, as it comes over RPC."""
        now = datetime.now(UTC)
        envelope = Order(
            id=order or f"o{next(ORDERS)}",
            type=command.topic,
            actor=actor,
            correlation="c",
            not_after=now + timedelta(seconds=10),
            command={},
        )
        administers = isinstance(command, AdministrationCommand)
        obey = self.handlers.administer if administers else self.handlers.obey
        return (await obey([Asked(envelope, command)]))[0]

    async def done(self, command: Command, actor: Actor = SYSTEM) -> Answer:
        """One command that is accepted."""
        answer = await self.ask(command, actor)
        assert answer.problem is None, answer.problem
        return answer

    async def said(self) -> list[Any]:
        """All events that the log says."""
        docs = await self.db["commits"].find({}, sort=[("at", 1)])
        return [event for doc in docs for event in publish(from_doc(doc)).internal]

    async def ticket(self, number: str) -> dict[str, Any]:
        """A ticket as it is now."""
        newest = await self.log.newest(f"ticket/{number}")
        assert newest is not None
        return newest.after


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
    await replica.done(CreateQueueV1(name="support", addresses=["support@example.org"]))
    return replica


def mail(n: int, sender: str = "anna@example.net", to: str = "support@example.org", **reading: Any) -> MailReceivedV1:
    made = World().make_mail(to, sender, message_id=f"m{n}@example.net", **reading)
    return made.model_copy(update={"mail": f"row{n}"})


async def settled(tickets: Replica) -> dict[str, MailSettledV1]:
    return {event.mail: event for event in await tickets.said() if isinstance(event, MailSettledV1)}


async def test_what_is_seeded_is_seeded_once_by_however_many_replicas(tickets: Replica) -> None:
    before = await tickets.db["commits"].count({})
    await asyncio.gather(*(Replica(tickets.db).handlers.seed() for _ in range(3)))
    assert await tickets.db["commits"].count({}) == before
    assert (await tickets.log.newest_of_kind("lifecycle/")).keys() == {"lifecycle/default"}


async def test_an_address_passes_from_queue_to_queue_and_mail_follows_it_at_once(tickets: Replica) -> None:
    other = Replica(tickets.db)
    await tickets.done(CreateQueueV1(name="billing"))
    await other.handlers.on_mail_received([mail(1)])
    take = ChangeQueueV1(name="billing", addresses=["support@example.org"])
    refused = await tickets.ask(take)
    assert refused.problem is not None
    assert refused.problem.type == "taken"
    await tickets.done(ChangeQueueV1(name="support", addresses=[]))
    await other.handlers.on_mail_received([mail(2)])
    await tickets.done(take)
    await other.handlers.on_mail_received([mail(3)])
    numbers = await settled(tickets)
    queues = [(await tickets.ticket(numbers[f"row{n}"].ticket or ""))["queue"] for n in (1, 2, 3)]
    assert queues == ["support", "unsorted", "billing"]
    # and back again: the claim is one stream with a history
    await tickets.done(ChangeQueueV1(name="billing", addresses=[]))
    await tickets.done(ChangeQueueV1(name="support", addresses=["Support@example.org"]))
    history = await tickets.log.history(SIGNER.claim("queue-address", "support@example.org"))
    assert [commit.after["owner"] for commit in history] == [
        "queue/support", "", "queue/billing", "", "queue/support",
    ]  # fmt: skip


async def test_two_who_want_one_free_name_at_once_get_one_answer_each(tickets: Replica) -> None:
    for login in ("ada", "bea"):
        await tickets.done(CreatePersonV1(login=login, agent=True, addresses=[f"{login}@example.org"]))
    await tickets.done(ChangePersonV1(person="person:ada", login="ada2", addresses=["ada2@example.org"]))
    await tickets.done(CreatePersonV1(login="cid", agent=True))
    answers = await asyncio.gather(
        tickets.ask(ChangePersonV1(person="person:bea", login="ada")),
        Replica(tickets.db).ask(ChangePersonV1(person="person:cid", login="ada")),
    )
    assert sorted(answer.problem.type if answer.problem else "" for answer in answers) == ["", "taken"]


async def test_a_moved_ticket_has_its_status_there_and_an_owner_who_may(tickets: Replica) -> None:
    await tickets.done(
        CreateLifecycleV1(
            name="repairs",
            statuses={"received": "new", "open": "active", "done": "closed"},
            initial="received",
            active="open",
            transitions=[Transition(before="received", after="open"), Transition(before="open", after="done")],
        )
    )
    await tickets.done(CreateQueueV1(name="bench", lifecycle="repairs"))
    made = await tickets.done(CreatePersonV1(login="mara", name="Mara", agent=True))
    mara = Actor(kind="agent", id=made.result["stream"], via="api")
    for right, scope in {"ticket.show": "all", "ticket.create": "all", "queue.see": "all", "ticket.move": "all",
                         "ticket.own": "queue:support", "ticket.edit": "all"}.items():  # fmt: skip
        await tickets.done(GiveRightV1(right=right, grantee="person:mara", scope=scope))
    opened = await tickets.done(
        OpenTicketV1(queue="support", subject="x", requesters=["bob@example.net"], text="y", owner="mara"), mara
    )
    number = opened.result["number"]
    other = Replica(tickets.db)
    refused = await other.ask(SetQueueV1(ticket=number, queue="bench"), mara)
    assert refused.problem is not None
    assert (refused.problem.type, refused.problem.status) == ("status-unmapped", 409)
    await tickets.done(ChangeLifecycleV1(name="default", maps={"repairs": {"new": "received"}}))
    moved = await other.done(SetQueueV1(ticket=number, queue="bench"), mara)
    assert [event["type"] for event in moved.events] == ["ticket.moved.v1", "ticket.owner_changed.v1"]
    after = await tickets.ticket(number)
    assert (after["queue"], after["status"], after["owner"]) == ("bench", "received", None)
    await tickets.done(SetStatusV1(ticket=number, status="open"), mara)
    await tickets.done(SetQueueV1(ticket=number, queue="support"), mara)
    await tickets.done(SetOwnerV1(ticket=number, owner="mara"), mara)
    await tickets.done(CreateQueueV1(name="second"))
    await tickets.done(GiveRightV1(right="ticket.own", grantee="person:mara", scope="queue:second"))
    kept = await tickets.done(SetQueueV1(ticket=number, queue="second"), mara)
    assert [event["type"] for event in kept.events] == ["ticket.moved.v1"]


async def test_joined_customers_write_as_one_and_a_given_up_address_is_someone_new(tickets: Replica) -> None:
    await tickets.handlers.on_mail_received([mail(1), mail(2, "anna@home.example.net")])
    people = await tickets.log.newest_of_kind("person/")
    by_address = {commit.after["addresses"][0]: stream for stream, commit in people.items()}
    home, work = by_address["anna@home.example.net"], by_address["anna@example.net"]
    joined = await tickets.done(JoinPersonsV1(person=home, into=work))
    assert [event["person"]["id"] for event in joined.events] == [work, home]
    other = Replica(tickets.db)
    await other.handlers.on_mail_received(
        [mail(3, "anna@home.example.net", references=["m1@example.net"]), mail(4, references=["m2@example.net"])]
    )
    numbers = await settled(tickets)
    assert numbers["row3"].ticket == numbers["row1"].ticket
    assert numbers["row4"].ticket == numbers["row2"].ticket
    await tickets.done(ChangePersonV1(person=work, addresses=["anna@example.net"]))
    await other.handlers.on_mail_received([mail(5, "anna@home.example.net")])
    third = await tickets.ticket((await settled(tickets))["row5"].ticket or "")
    assert third["requesters"][0]["id"] not in (home, work)
    assert len(await tickets.log.newest_of_kind("person/")) == 3


async def test_a_refused_follow_up_says_whom_to_tell_and_keeps_them_erasable(tickets: Replica) -> None:
    await tickets.done(ChangeQueueV1(name="support", follow_up="refuse"))
    await tickets.handlers.on_mail_received([mail(1)])
    number = (await settled(tickets))["row1"].ticket or ""
    await tickets.done(SetStatusV1(ticket=number, status="resolved"))
    await tickets.handlers.on_mail_received([mail(2, references=["m1@example.net"], subject="Still broken, Anna")])
    event = (await settled(tickets))["row2"]
    assert (event.outcome, event.why, event.ticket) == ("refused", "follow_up_refused", number)
    assert event.notice is not None
    assert event.notice.to.address == "anna@example.net"
    assert event.notice.subject == "Still broken, Anna"
    refusal = await tickets.db["commits"].find_one({"_id.stream": {"$regex": "^refusal/row2"}})
    assert refusal is not None
    assert "anna@example.net" not in str(refusal["body"])
    assert "Still broken" not in str(refusal["body"])


async def test_disabling_takes_the_next_epoch_and_counts_at_once_in_every_replica(tickets: Replica) -> None:
    made = await tickets.done(CreatePersonV1(login="mara", agent=True))
    mara = Actor(kind="agent", id=made.result["stream"], via="api")
    await tickets.done(GiveRightV1(right="superuser", grantee="person:mara", scope="all"))
    other = Replica(tickets.db)
    await tickets.handlers.on_mail_received([mail(1)])
    number = (await settled(tickets))["row1"].ticket or ""
    await other.done(SetStatusV1(ticket=number, status="open"), mara)
    before = max(event.rights_epoch for event in await tickets.said() if hasattr(event, "rights_epoch"))
    await tickets.done(DisablePersonV1(person="person:mara"))
    refused = await other.ask(SetStatusV1(ticket=number, status="pending"), mara)
    assert refused.problem is not None
    assert refused.problem.status == 404
    changed = [event for event in await tickets.said() if isinstance(event, PersonChangedV1)]
    assert [event.person.disabled for event in changed] == [True]
    assert changed[0].rights_epoch > before
