"""A person is found and forgotten: nothing of them is left in the log, others stay, and the chain still verifies."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from services.tickets.cli import STATES
from services.tickets.privacy import Privacy
from services.tickets.publish import publish
from ticketwire_chassis.audit.walk import Report, Walk
from ticketwire_chassis.commands import Asked
from ticketwire_chassis.commits import from_doc
from ticketwire_chassis.mongo import Database, open_database
from ticketwire_chassis.relay import Relay
from ticketwire_contracts.base import Actor, Answer, Order
from ticketwire_contracts.ingest import Address, MailReceivedV1
from ticketwire_contracts.tickets import (
    AddNoteV1,
    ChangePersonV1,
    CreateQueueV1,
    ErasePersonV1,
    FindPersonDataV1,
    ForwardMessagesV1,
    JoinPersonsV1,
    PersonData,
    PersonErasedV1,
    ReplyToTicketV1,
    TicketErasedV1,
)

from .test_handlers import SIGNER, Replica, mail
from .world import ANNA

NAME = "Anna Svensson"
TRACES = (ANNA, "Svensson", "Meine Nummer ist 0815", "anna.old@example.net", "Meine Akte")


class Deaf:
    """In the broker's place."""

    async def say(self, _: bytes) -> None:
        """Nobody hears."""

    async def say_publicly(self, _: Any) -> None:
        """Nobody hears."""


@pytest.fixture(params=["motor", "pymongo"])
async def db(request: pytest.FixtureRequest, mongo_url: str, database_name: str) -> AsyncIterator[Database]:
    database = open_database(mongo_url, database_name, request.param)
    yield database
    await database.drop()
    await database.close()


class House(Replica):
    """tickets with its privacy."""

    def __init__(self, db: Database) -> None:
        super().__init__(db)
        self.privacy = Privacy(db, self.log, self.handlers._store, SIGNER)

    async def private(self, command: FindPersonDataV1 | ErasePersonV1, actor: Actor, order: str = "p1") -> Answer:
        """A command of privacy."""
        envelope = Order(
            id=order,
            type=command.topic,
            actor=actor,
            correlation="c",
            not_after=datetime.now(UTC) + timedelta(seconds=10),
            command={},
        )
        obey = self.privacy.find if isinstance(command, FindPersonDataV1) else self.privacy.erase
        return (await obey([Asked(envelope, command)]))[0]

    async def verify(self) -> Report:
        """Everything gets its place, and the log is walked."""
        relay = Relay(self.db, "tickets", Deaf(), publish)  # type: ignore[arg-type]
        await relay.prepare()
        head = await relay._read_head()
        while await relay._turn(head, known=False):
            pass
        return await Walk(self.db, "tickets", STATES).run()

    async def stored(self) -> str:
        """All that is in the database."""
        kept = []
        for name in ("commits", "positions", "erasures", "counters", "fences"):
            kept += await self.db[name].find({})
        return orjson.dumps(kept, default=str).decode()


@pytest.fixture
async def house(db: Database) -> House:
    """Anna asks on one ticket, is cc on Bob's and writes there; Mara answers and notes; a mail is refused."""
    house = House(db)
    await house.log.prepare()
    await house.handlers.seed()
    await house.ask(CreateQueueV1(name="support", addresses=["support@example.org"], follow_up="refuse"))
    return house


def written(n: int, sender: Address, **reading: Any) -> MailReceivedV1:
    """A mail with a name in its From."""
    return mail(n, **(reading | {"from": sender}))


async def story(house: House) -> tuple[Actor, str, str, str]:
    """Gives Mara, Anna's id, the number of Anna's ticket and that of Bob's."""
    mara = await house.agent("mara", "superuser")
    anna = Address(name=NAME, address=ANNA)
    await house.handlers.on_mail_received([written(1, anna, subject="Meine Akte", text="Meine Nummer ist 0815.")])
    person = str((await house.log.newest(SIGNER.claim("address", ANNA))).after["owner"])  # type: ignore[union-attr]
    bob = Address(name="Bob Bauer", address="bob@example.net")
    await house.handlers.on_mail_received([written(2, bob, cc=[anna], text=f"I ask for {NAME} and me.")])
    streams = {
        commit.after["requesters"][0]["address"]: stream
        for stream, commit in (await house.log.newest_of_kind("ticket/")).items()
    }
    hers, his = (streams[address].removeprefix("ticket/") for address in (ANNA, "bob@example.net"))
    await house.handlers.on_mail_received(
        [written(3, anna, text="Meine Nummer ist 0815, hier auch.", references=["m2@example.net"])]
    )
    await house.ask(ReplyToTicketV1(ticket=hers, text=f"Dear {NAME}, it is done."), mara)
    await house.ask(ReplyToTicketV1(ticket=his, text=f"Dear Bob, dear {NAME} <{ANNA.upper()}>, it is done."), mara)
    await house.ask(AddNoteV1(ticket=hers, text="Anna called again, from her mobile."), mara)
    await house.ask(ChangePersonV1(person=person, addresses=[ANNA, "anna.old@example.net"]))
    return mara, person, hers, his


async def test_all_of_a_person_s_data_is_found(house: House) -> None:
    mara, person, hers, his = await story(house)
    answer = await house.private(FindPersonDataV1(person=person), mara)
    data = PersonData.model_validate(answer.result)
    assert data.person.addresses == [ANNA, "anna.old@example.net"]
    found = {ticket.number: ticket for ticket in data.tickets}
    assert found[hers].roles == ["requester"]
    assert found[his].roles == ["cc"]
    assert [message.text for message in found[his].messages] == ["Meine Nummer ist 0815, hier auch."]
    assert data.mails == ["row1", "row3"]
    first = PersonData.model_validate((await house.private(FindPersonDataV1(person=person, limit=1), mara)).result)
    assert first.next is not None
    rest = PersonData.model_validate(
        (await house.private(FindPersonDataV1(person=person, limit=1, after=first.next), mara)).result
    )
    assert {one.number for one in (*first.tickets, *rest.tickets)} == {hers, his}
    assert rest.next is None


async def test_it_needs_its_right(house: House) -> None:
    _, person, _, _ = await story(house)
    oskar = await house.agent("oskar", "person.admin", "ticket.show")
    for command in (FindPersonDataV1(person=person), ErasePersonV1(person=person)):
        problem = (await house.private(command, oskar, order=command.topic)).problem
        assert problem is not None
        assert (problem.status, problem.extra["right"]) == (403, "person.erase")
    assert NAME in await house.stored()
    mara = await house.agent("mona", "superuser")
    problem = (await house.private(ErasePersonV1(person="person:mona"), mara, order="self")).problem
    assert problem is not None
    assert problem.type == "yourself"


async def test_nothing_of_an_erased_person_is_left_others_stay_and_the_chain_verifies(house: House) -> None:
    mara, person, hers, his = await story(house)
    before = await house.verify()
    assert before.broken is None
    answer = await house.private(ErasePersonV1(person=person), mara)
    assert answer.problem is None
    assert answer.events[0]["type"] == PersonErasedV1.topic
    stored = await house.stored()
    for trace in (*TRACES, *(trace.upper() for trace in TRACES), "from her mobile", "Dear Anna"):
        assert trace not in stored, trace
    assert "bob@example.net" in stored
    assert "Bob Bauer" in stored
    report = await house.verify()
    assert report.broken is None, str(report.broken)
    assert report.erased > 5

    erased = (await house.log.newest(person)).after  # type: ignore[union-attr]
    assert (erased["erased"], erased["disabled"], erased["addresses"]) == (True, True, [])
    own = (await house.log.newest(f"ticket/{hers}")).after  # type: ignore[union-attr]
    assert (own["subject"], own["requesters"][0]["id"], own["requesters"][0]["name"]) == (
        "[erased]",
        person,
        "[erased]",
    )
    other = (await house.log.newest(f"ticket/{his}")).after  # type: ignore[union-attr]
    assert other["requesters"][0]["address"] == "bob@example.net"
    assert [party["name"] for party in other["cc"]] == ["[erased]"]
    history = await house.log.history(f"ticket/{his}")
    assert history[-1].actor.id == mara.id, "who did it stands in the log"
    texts = [value["value"] for commit in history for key, value in commit.private.items() if key.endswith("_text")]
    assert texts == [
        "I ask for [erased] and me.",
        "[erased]",
        "Dear Bob, dear [erased] <[erased]>, it is done.",
    ]


async def test_every_service_hears_what_is_other_than_it_was(house: House) -> None:
    mara, person, hers, his = await story(house)
    await house.private(ErasePersonV1(person=person), mara)
    docs = await house.db["commits"].find({}, sort=[("at", 1)])
    events = [event for doc in docs for event in publish(from_doc(doc)).internal]
    erased = [event for event in events if isinstance(event, PersonErasedV1)]
    assert len(erased) == 1
    assert (erased[0].tickets, erased[0].mails) == (sorted([hers, his]), ["row1", "row3"])
    assert SIGNER.claim("address", ANNA) in erased[0].claims
    for event in events:
        assert not any(trace in event.model_dump_json() for trace in TRACES), "said again, it says nothing of them"
    told = {event.ticket.number: event for event in events if isinstance(event, TicketErasedV1)}
    assert set(told) == {hers, his}
    again = {one["id"].rpartition(":")[0]: one for one in told[his].events}
    assert again[f"ticket/{his}:2"]["message"]["text"] == "[erased]"
    assert not any(publish(from_doc(doc)).public for doc in docs if doc["body"][0]["type"] == "erased")


async def test_whoever_writes_from_the_address_afterwards_is_someone_new(house: House) -> None:
    mara, person, _, _ = await story(house)
    await house.private(ErasePersonV1(person=person), mara)
    await house.handlers.on_mail_received([mail(9)])
    claim = await house.log.newest(SIGNER.claim("address", ANNA))
    assert claim is not None
    assert claim.after["owner"].startswith("person/")
    assert claim.after["owner"] != person
    assert (await house.verify()).broken is None


async def test_asked_again_it_is_so_already_and_a_retry_answers_as_then(house: House) -> None:
    mara, person, _, _ = await story(house)
    first = await house.private(ErasePersonV1(person=person), mara, order="e1")
    again = await house.private(ErasePersonV1(person=person), mara, order="e1")
    assert again.events == first.events
    count = await house.db["commits"].count({})
    other = await house.private(ErasePersonV1(person=person), mara, order="e2")
    assert other.problem is not None
    assert other.problem.type == "no-change"
    assert await house.db["commits"].count({}) == count + 1, "but for the refusal nothing was written"


async def test_what_a_crash_left_is_gone_on_with(house: House) -> None:
    mara, person, _, _ = await story(house)

    async def dies(*_: Any) -> None:
        raise ConnectionError("the process died")

    privacy = house.privacy
    privacy._sweep = dies  # type: ignore[method-assign,assignment]
    with pytest.raises(ConnectionError):
        await house.private(ErasePersonV1(person=person), mara)
    assert NAME in await house.stored()
    await house.db["erasures"].delete_many({})  # it died even earlier
    assert await House(house.db).privacy.go_on(datetime.now(UTC)) == 1
    stored = await house.stored()
    assert not any(trace in stored for trace in TRACES)
    assert await House(house.db).privacy.go_on(datetime.now(UTC)) == 0
    assert (await house.verify()).broken is None


async def test_what_was_forwarded_of_them_goes_too(house: House) -> None:
    mara, person, hers, his = await story(house)
    carl = Address(name="Carl", address="carl@example.net")
    await house.handlers.on_mail_received([written(8, carl)])
    number = next(one.ticket for one in await house.said() if getattr(one, "mail", None) == "row8")
    await house.ask(ReplyToTicketV1(ticket=number, text="To Carl alone."), mara)
    for ticket, n in ((hers, 1), (hers, 2), (his, 1), (his, 2), (number, 2)):
        message = f"{ticket}.{n}"
        done = await house.ask(ForwardMessagesV1(ticket=ticket, messages=[message], to=["shop@example.com"]), mara)
        assert done.problem is None, done.problem
    answer = await house.private(ErasePersonV1(person=person), mara)
    assert answer.problem is None
    stored = await house.stored()
    for trace in (*TRACES, *(trace.upper() for trace in TRACES), "Dear Anna"):
        assert trace not in stored, trace
    assert "and me" in stored, "what Bob wrote was forwarded, and stays"
    assert (await house.verify()).broken is None


async def test_two_erased_one_after_the_other_leave_nothing_of_either(house: House) -> None:
    mara, person, _, his = await story(house)
    await house.private(ErasePersonV1(person=person), mara, order="e1")
    bob = str((await house.log.newest(SIGNER.claim("address", "bob@example.net"))).after["owner"])  # type: ignore[union-attr]
    await house.private(ErasePersonV1(person=bob), mara, order="e2")
    stored = await house.stored()
    for trace in (*TRACES, "bob@example.net", "Bauer", "and me"):
        assert trace not in stored, trace
    assert (await house.log.newest(f"ticket/{his}")).after["subject"] == "[erased]"  # type: ignore[union-attr]
    assert (await house.verify()).broken is None


async def test_who_was_joined_into_them_goes_with_them(house: House) -> None:
    mara, person, _, _ = await story(house)
    twin = Address(name="Annchen Svensson-Berg", address="annchen@example.com")
    await house.handlers.on_mail_received([written(7, twin, text="Ich bin auch Anna.")])
    other = str((await house.log.newest(SIGNER.claim("address", twin.address))).after["owner"])  # type: ignore[union-attr]
    joined = await house.ask(JoinPersonsV1(person=other, into=person))
    assert joined.problem is None
    await house.private(ErasePersonV1(person=person), mara)
    stored = await house.stored()
    for trace in (*TRACES, "annchen@example.com", "Annchen", "Ich bin auch"):
        assert trace not in stored, trace
    assert (await house.verify()).broken is None


async def test_a_value_put_back_or_taken_without_its_commit_is_a_break(house: House) -> None:
    mara, person, _, his = await story(house)
    stream = f"ticket/{his}"
    old = await house.db["commits"].find_one({"_id": {"stream": stream, "seq": 2}})
    await house.private(ErasePersonV1(person=person), mara)
    assert old is not None
    new = await house.db["commits"].find_one({"_id": {"stream": stream, "seq": 2}})
    assert new is not None
    assert (await house.verify()).broken is None
    await house.db["commits"].update_one({"_id": old["_id"]}, {"$set": {"private": old["private"]}})
    broken = (await house.verify()).broken
    assert broken is not None
    assert (broken.stream, broken.seq) == (stream, 2)
    assert "since it was erased" in broken.what
    gone = {"private": {**new["private"]}}
    del gone["private"]["0_text"]
    await house.db["commits"].update_one({"_id": old["_id"]}, {"$set": gone})
    broken = (await house.verify()).broken
    assert broken is not None
    assert "no commit says so" in broken.what
