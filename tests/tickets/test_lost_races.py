"""Tries that lose a race half-way: nothing is lost by them, and nobody goes missing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from ticketwire_chassis.mongo import Database, open_database
from ticketwire_contracts.ingest import Address
from ticketwire_contracts.tickets import (
    CreateQueueV1,
    MailSettledV1,
    MergeTicketsV1,
    OpenTicketV1,
    ReplyToTicketV1,
    SetStatusV1,
    UnmergeTicketV1,
)

from .test_handlers import SIGNER, Replica, mail


@pytest.fixture
async def db(mongo_url: str, database_name: str) -> AsyncIterator[Database]:
    database = open_database(mongo_url, database_name)
    yield database
    await database.drop()
    await database.close()


@pytest.fixture
async def tickets(db: Database) -> Replica:
    replica = Replica(db)
    await replica.log.prepare()
    await replica.handlers.seed()
    await replica.ask(CreateQueueV1(name="support", addresses=["support@example.org"], follow_up="new_linked_ticket"))
    return replica


def after_its_claims(replica: Replica, happens: Callable[[], Awaitable[Any]]) -> None:
    """Something happens once, after the replica's first write of a try: that of its claims."""
    real, waiting = replica.log._insert, [happens]

    async def insert(items: Any, *rest: Any, **named: Any) -> set[str]:
        lost = await real(items, *rest, **named)
        if items and waiting:
            await waiting.pop()()
        return lost

    replica.log._insert = insert  # type: ignore[method-assign]


async def people(db: Database) -> set[str]:
    rows = await db["commits"].find({"_id.stream": {"$regex": "^person/"}})
    return {address for row in rows for address in row["after"]["addresses"]}


async def settled(replica: Replica) -> dict[str, str | None]:
    return {event.mail: event.ticket for event in await replica.said() if isinstance(event, MailSettledV1)}


async def test_a_mail_whose_ticket_is_closed_meanwhile_is_not_lost(tickets: Replica) -> None:
    await tickets.handlers.on_mail_received([mail(1)])
    number = (await settled(tickets))["row1"] or ""
    second = Replica(tickets.db)

    async def closes() -> None:
        answer = await tickets.ask(SetStatusV1(ticket=number, status="resolved"))
        assert answer.problem is None, answer.problem

    after_its_claims(second, closes)
    ours = SIGNER.message_id(number, "e", "anna@example.net", "example.org")
    await second.handlers.on_mail_received([mail(2, "bob@example.net", in_reply_to=[ours])])
    found = await settled(tickets)
    assert found["row2"] not in (None, number), "a ticket of its own, linked to the closed one"
    assert await people(tickets.db) == {"anna@example.net", "bob@example.net"}


async def test_a_crash_between_claim_and_person_is_finished_when_the_mail_comes_again(tickets: Replica) -> None:
    async def dies() -> None:
        raise RuntimeError("the process dies here")

    first = Replica(tickets.db)
    after_its_claims(first, dies)
    with pytest.raises(RuntimeError):
        await first.handlers.on_mail_received([mail(1)])
    assert await people(tickets.db) == set()
    await tickets.handlers.on_mail_received([mail(1)])
    assert await people(tickets.db) == {"anna@example.net"}
    assert (await settled(tickets))["row1"] is not None


async def test_replicas_that_meet_at_a_new_cc_make_every_customer(tickets: Replica) -> None:
    common = [Address(address="common@example.net")]
    other, second = Replica(tickets.db), Replica(tickets.db)
    real, waiting = second.log._insert, [None]

    async def insert(items: Any, *rest: Any, **named: Any) -> set[str]:
        if waiting:
            waiting.pop()
            await other.handlers.on_mail_received([mail(1, "anna@example.net", cc=common)])
        return await real(items, *rest, **named)

    second.log._insert = insert  # type: ignore[method-assign]
    await second.handlers.on_mail_received([mail(2, "bob@example.net", cc=common)])
    assert await people(tickets.db) == {"anna@example.net", "bob@example.net", "common@example.net"}


async def test_a_lost_answer_names_everyone_who_was_made(tickets: Replica) -> None:
    mara = await tickets.agent("mara", "superuser")
    asked = OpenTicketV1(queue="support", subject="x", requesters=["zoe@example.net", "abe@example.net"], text="y")
    opened = await tickets.ask(asked, mara, order="k0")
    assert [event["type"] for event in opened.events].count("person.created.v1") == 2
    assert await Replica(tickets.db).ask(asked, mara, order="k0") == opened


async def test_a_reply_by_a_number_that_stands_by_itself_again_goes_to_its_own_people(tickets: Replica) -> None:
    mara = await tickets.agent("mara", "superuser")
    await tickets.handlers.on_mail_received([mail(1), mail(2, "bob@example.net")])
    found = await settled(tickets)
    annas, bobs = found["row1"] or "", found["row2"] or ""
    merged = await tickets.ask(MergeTicketsV1(ticket=bobs, into=annas), mara)
    assert merged.problem is None, merged.problem
    second = Replica(tickets.db)
    real, waiting = second.handlers._store._answering, [None]  # type: ignore[attr-defined]

    async def answering(*args: Any) -> None:
        if waiting:
            waiting.pop()
            answer = await tickets.ask(UnmergeTicketV1(ticket=bobs, since="stay"), mara)
            assert answer.problem is None, answer.problem
        await real(*args)

    second.handlers._store._answering = answering  # type: ignore[attr-defined]
    answer = await second.ask(ReplyToTicketV1(ticket=bobs, text="Dear Bob, for you alone"), mara)
    assert answer.problem is None, answer.problem
    assert answer.result["number"] == bobs
    replied = next(event for event in answer.events if event["type"] == "ticket.replied.v1")
    assert [one["address"] for one in replied["message"]["to"]] == ["bob@example.net"]
