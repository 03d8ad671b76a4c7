"""Erasing one person leaves everyone else whole, comes to an end whatever is in the way, and leaves no record out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from services.tickets import privacy
from services.tickets.cli import STATES
from services.tickets.domain.erasure import Period, Subject, period_of
from ticketwire_chassis.audit.walk import Walk
from ticketwire_chassis.mongo import Database, OperationFailure, open_database
from ticketwire_contracts.ingest import Address
from ticketwire_contracts.tickets import (
    AddNoteV1,
    ChangePeopleV1,
    ChangePersonV1,
    CreateQueueV1,
    ErasePersonV1,
    FieldDefinition,
    FindPersonDataV1,
    ForwardMessagesV1,
    PersonData,
    PersonErasedV1,
    SetFieldsV1,
    SetOwnerV1,
    SetQueueFieldsV1,
    TicketErasedV1,
)

from .test_handlers import SIGNER
from .test_privacy import House, written

SALES = "sales@customer.example"
ANNA = Address(name="Anna Svensson", address="anna@example.net")
BOB = Address(name="Bob Bauer", address="bob@example.net")
CLEO = Address(name="Cleo Carter", address="cleo@example.net")


@pytest.fixture
async def db(mongo_url: str, database_name: str) -> AsyncIterator[Database]:
    database = open_database(mongo_url, database_name, "motor")
    yield database
    await database.drop()
    await database.close()


@pytest.fixture
async def house(db: Database) -> House:
    house = House(db)
    await house.log.prepare()
    await house.handlers.seed()
    await house.ask(CreateQueueV1(name="support", addresses=["support@example.org"]))
    return house


async def owner_of(house: House, address: str) -> str:
    """Whose an address is."""
    claim = await house.log.newest(SIGNER.claim("address", address))
    assert claim is not None
    return str(claim.after["owner"])


async def mailed(house: House, n: int, sender: Address, **reading: Any) -> str:
    """A mail comes; gives the number of its ticket."""
    await house.handlers.on_mail_received([written(n, sender, **reading)])
    return str(next(one.ticket for one in await house.said() if getattr(one, "mail", None) == f"row{n}"))


async def erased(house: House, person: str, actor: Any, order: str = "e1") -> PersonErasedV1:
    """Someone is erased; gives what every service hears of it."""
    answer = await house.private(ErasePersonV1(person=person), actor, order=order)
    assert answer.problem is None, answer.problem
    return PersonErasedV1.model_validate(answer.events[0])


# -------------------------------------------------------------------------------------------- what is others' stays


async def test_an_address_that_is_someone_else_s_by_now_is_theirs_and_what_they_wrote_stays(house: House) -> None:
    mara = await house.agent("mara", "superuser")
    hers = await mailed(house, 1, Address(name="Anna Svensson", address=SALES), text="Anna's own words")
    anna = await owner_of(house, SALES)
    assert (await house.ask(ChangePersonV1(person=anna, addresses=[ANNA.address]))).problem is None
    his = await mailed(house, 2, Address(name="Bob Bauer", address=SALES), text="Bob's own words", subject="Bob's")
    assert (await house.ask(ForwardMessagesV1(ticket=hers, messages=[f"{hers}.1"], to=["a@x.example"]), mara)).result
    assert (await house.ask(ForwardMessagesV1(ticket=his, messages=[f"{his}.1"], to=["b@x.example"]), mara)).result
    found = PersonData.model_validate((await house.private(FindPersonDataV1(person=anna), mara, order="f")).result)
    assert ([one.number for one in found.tickets], found.mails) == ([hers], ["row1"]), "Bob's are not shown as hers"

    event = await erased(house, anna, mara)
    assert (event.tickets, event.mails) == ([hers], ["row1"])
    assert SIGNER.claim("address", SALES) not in event.claims
    assert SIGNER.claim("address", ANNA.address) in event.claims
    kept = (await house.log.newest(f"ticket/{his}")).after  # type: ignore[union-attr]
    assert (kept["subject"], kept["requesters"][0]["address"]) == ("Bob's", SALES)
    stored = await house.stored()
    assert stored.count("Bob's own words") == 2, "as he wrote it, and as it was forwarded"
    for trace in ("Anna's own words", "Anna Svensson", ANNA.address):
        assert trace not in stored, trace
    assert await owner_of(house, SALES) != anna
    assert (await house.verify()).broken is None


async def test_what_was_written_from_an_address_before_it_was_theirs_stays(house: House) -> None:
    mara = await house.agent("mara", "superuser")
    his = await mailed(house, 1, Address(name="Bob Bauer", address=SALES), text="Bob's own words")
    bob = await owner_of(house, SALES)
    assert (await house.ask(ForwardMessagesV1(ticket=his, messages=[f"{his}.1"], to=["b@x.example"]), mara)).result
    assert (await house.ask(ChangePersonV1(person=bob, addresses=[BOB.address]))).problem is None
    given_up = (await house.log.newest(SIGNER.claim("address", SALES))).at  # type: ignore[union-attr]
    hers = await mailed(house, 2, Address(name="Anna Svensson", address=SALES), text="Anna's own words")
    event = await erased(house, await owner_of(house, SALES), mara)
    assert (event.tickets, event.since) == ([hers], {SIGNER.claim("address", SALES): given_up})
    stored = await house.stored()
    assert stored.count("Bob's own words") == 2
    assert "Anna's own words" not in stored
    assert (await house.verify()).broken is None


async def test_someone_of_the_same_name_keeps_it(house: House) -> None:
    mara = await house.agent("mara", "superuser")
    await mailed(house, 1, ANNA, text="The first one.")
    other = await mailed(house, 2, Address(name="Anna Svensson", address="as@example.com"), text="Yours, Anna Svensson")
    event = await erased(house, await owner_of(house, ANNA.address), mara)
    assert other not in event.tickets
    stored = await house.stored()
    assert "Yours, Anna Svensson" in stored
    assert "The first one." not in stored


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Write to Anna@Example.net.", "Write to [erased]."),
        ("mailto:anna@example.net, Anna Svensson's", "mailto:[erased], [erased]'s"),
        ("mary.anna@example.net and anna@example.net.au", "mary.anna@example.net and anna@example.net.au"),
        ("Anna Svensson-Berg, Joanna Svensson", "Anna Svensson-Berg, Joanna Svensson"),
    ],
)
def test_names_are_taken_as_words_of_their_own(text: str, left: str) -> None:
    subject = Subject(frozenset({"person/a"}), frozenset({ANNA.address}), frozenset({ANNA.name}))
    assert subject.without(text) == left


def test_a_name_is_theirs_from_when_others_gave_it_up_until_others_took_it() -> None:
    times = [datetime(2026, 11, day, tzinfo=UTC) for day in range(1, 8)]
    hers = {"person/a", "person/b"}

    def of(*owners: str) -> Period:
        return period_of(list(zip(times, owners, strict=False)), hers)

    assert of("person/a", "", "person/b") == Period()
    assert of("person/a", "", "person/x") == Period(until=times[2])
    assert of("person/x", "", "person/a", "") == Period(since=times[1])
    assert of("person/x", "person/a", "person/y", "person/b", "", "person/z") == Period(times[3], times[5])


# ------------------------------------------------------------------------------------------------ it comes to an end


async def test_a_long_ticket_is_erased_in_portions(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(privacy, "PORTION", 20_000, raising=False)
    mara = await house.agent("mara", "superuser")
    his = await mailed(house, 1, BOB, cc=[ANNA])
    text = "On Monday Anna Svensson <anna@example.net> wrote:\n" + "> a quoted line\n" * 500
    for n in range(2, 10):
        assert await mailed(house, n, BOB, text=text, references=["m1@example.net"]) == his
    await erased(house, await owner_of(house, ANNA.address), mara)
    stored = await house.stored()
    assert "Svensson" not in stored
    assert stored.count("[erased] <[erased]> wrote") >= 8
    told = [one for one in await house.said() if isinstance(one, TicketErasedV1) and one.ticket.number == his]
    assert len(told) > 2
    ids = [event["id"] for one in told for event in one.events]
    assert len(ids) == len(set(ids)) == 9, "each event is told again once"

    await erased(house, await owner_of(house, BOB.address), mara, order="e2")
    again = [one for one in await house.said() if isinstance(one, TicketErasedV1) and one.ticket.number == his]
    assert "Bauer" not in await house.stored()
    ids = [event["id"] for one in again for event in one.events]
    assert len(ids) == len(set(ids)) == 9, "and what is told once more is not told as it was before"
    assert (await house.verify()).broken is None


async def test_more_than_a_document_holds_is_erased(house: House) -> None:
    mara = await house.agent("mara", "superuser")
    his = await mailed(house, 1, BOB, cc=[ANNA])
    text = ("On Monday Anna Svensson <anna@example.net> wrote:\n" + "> a quoted line of text\n" * 40_000)[:900_000]
    for n in range(2, 22):
        assert await mailed(house, n, BOB, text=text, references=["m1@example.net"]) == his
    await erased(house, await owner_of(house, ANNA.address), mara)
    assert "Svensson" not in await house.stored()
    assert (await house.verify()).broken is None


async def test_what_fails_holds_up_nothing_else(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    mara = await house.agent("mara", "superuser")
    poison = await mailed(house, 1, BOB, cc=[ANNA], text="Anna Svensson is with me.")
    await mailed(house, 2, ANNA, text="Anna's secret.")
    await mailed(house, 3, CLEO, text="Cleo's secret.")
    real = house.log.take_out

    async def take_out(ask: Any, stream: str, decide: Any) -> Any:
        if stream == f"ticket/{poison}":
            raise OperationFailure("BSONObj size: 17715722 is invalid")
        return await real(ask, stream, decide)

    monkeypatch.setattr(house.log, "take_out", take_out)
    await erased(house, await owner_of(house, ANNA.address), mara)
    assert "Anna's secret." not in await house.stored(), "the other streams are erased"
    sweep = house.privacy._sweep

    async def dies(*_: Any) -> None:
        raise ConnectionError("the process died")

    monkeypatch.setattr(house.privacy, "_sweep", dies)
    with pytest.raises(ConnectionError):
        await house.private(ErasePersonV1(person=await owner_of(house, CLEO.address)), mara, order="e2")
    monkeypatch.setattr(house.privacy, "_sweep", sweep)
    assert await house.privacy.go_on(datetime.now(UTC)) == 1, "Cleo's is finished, Anna's not yet"
    assert "Cleo's secret." not in await house.stored()
    assert "Anna Svensson is with me." in await house.stored()
    monkeypatch.setattr(house.log, "take_out", real)
    assert await house.privacy.go_on(datetime.now(UTC)) == 1
    assert "Anna Svensson" not in await house.stored()
    assert (await house.verify()).broken is None


async def test_what_comes_while_it_is_erased_is_erased_too_with_one_look_at_what_was_before(house: House) -> None:
    mara = await house.agent("mara", "superuser")
    his = await mailed(house, 1, BOB, cc=[ANNA])
    await house.verify()
    looks = 0
    walk, trace = house.privacy._streams, house.privacy._trace

    def streams(*asked: Any, **more: Any) -> Any:
        nonlocal looks
        looks += 1
        return walk(*asked, **more)

    async def meanwhile(*asked: Any) -> Any:
        found = await trace(*asked)
        await house.ask(AddNoteV1(ticket=await mailed(house, 2, CLEO), text=f"As {ANNA.name} said."), mara)
        await house.verify()
        await mailed(house, 3, BOB, text=f"{ANNA.name} again.", references=["m1@example.net"])
        return found

    house.privacy._streams = streams  # type: ignore[method-assign]
    house.privacy._trace = meanwhile  # type: ignore[method-assign,assignment]
    await erased(house, await owner_of(house, ANNA.address), mara)
    assert "Svensson" not in await house.stored()
    assert looks == 1
    assert (await house.log.newest(f"ticket/{his}")).after["cc"][0]["name"] == "[erased]"  # type: ignore[union-attr]
    assert (await house.verify()).broken is None


# ------------------------------------------------------------------------------------------------- nothing is left


async def test_fields_notes_elsewhere_and_logins_go_too(house: House) -> None:
    mara = await house.agent("mara", "superuser")
    fields = [
        FieldDefinition(name="phone", type="text"),
        FieldDefinition(name="room", type="number"),
        FieldDefinition(name="with", type="several", options=["dog", "cat"]),
    ]
    await house.ask(SetQueueFieldsV1(queue="support", fields=fields))
    hers = await mailed(house, 1, ANNA)
    anna = await owner_of(house, ANNA.address)
    values: dict[str, Any] = {"phone": "+46 70 1234567", "room": 471100471100, "with": ["dog"]}
    assert (await house.ask(SetFieldsV1(ticket=hers, fields=values), mara)).problem is None
    his = await mailed(house, 2, BOB)
    await house.ask(AddNoteV1(ticket=his, text="Same fault as Anna Svensson, anna@example.net, has."), mara)
    await house.agent("greta.lind", "ticket.show", "queue.see")
    denied = await house.ask(SetOwnerV1(ticket=his, owner="greta.lind"), mara)
    assert "greta.lind" in str(denied.problem)

    found = PersonData.model_validate((await house.private(FindPersonDataV1(person=anna), mara, order="f")).result)
    assert {one.number: one.fields for one in found.tickets} == {hers: values, his: {}}
    await erased(house, anna, mara)
    await erased(house, "person:greta.lind", mara, order="e2")
    stored = await house.stored()
    for trace in ("70 1234567", "471100471100", "Svensson", ANNA.address, "greta.lind"):
        assert trace not in stored, trace
    assert "Same fault as [erased], [erased], has." in stored
    left = (await house.log.newest(f"ticket/{hers}")).after  # type: ignore[union-attr]
    assert left["fields"] == {"phone": "[erased]", "with": ["[erased]"]}
    assert (await house.verify()).broken is None


async def test_watchers_are_found(house: House) -> None:
    mara = await house.agent("mara", "superuser")
    greta = await house.agent("greta", "ticket.show", "queue.see", "ticket.watch")
    his = await mailed(house, 1, BOB)
    assert (await house.ask(ChangePeopleV1(ticket=his, role="watchers", add=["greta"]), mara)).problem is None
    found = PersonData.model_validate((await house.private(FindPersonDataV1(person=greta.id), mara)).result)
    assert [(one.number, one.roles) for one in found.tickets] == [(his, ["watcher"])]


# --------------------------------------------------------------------------------------------------- it is recorded


async def test_who_looked_at_a_person_s_data_stands_in_the_log_and_stays_there(house: House) -> None:
    mara = await house.agent("mara", "superuser")
    oskar = await house.agent("oskar", "person.admin")
    for n in (1, 2):
        await mailed(house, n, ANNA)
    anna = await owner_of(house, ANNA.address)
    stream = anna.replace("person/", "disclosure/")
    ask = FindPersonDataV1(person=anna, limit=1)
    first = await house.private(ask, mara, order="f1")
    again = await house.private(ask, mara, order="f1")
    assert again.result == first.result, "a retry answers the same, and is no second look"
    rest = ask.model_copy(update={"after": PersonData.model_validate(first.result).next})
    assert (await house.private(rest, mara, order="f1-2")).problem is None
    assert (await house.private(ask, mara, order="f2")).problem is None
    denied = (await house.private(ask, oskar, order="f3")).problem
    assert denied is not None
    assert (denied.type, (await house.private(rest, oskar, order="f4")).problem) == ("forbidden", denied)
    await erased(house, anna, mara)

    shown = await house.log.history(stream)
    assert [(commit.actor.id, commit.command) for commit in shown] == [(mara.id, FindPersonDataV1.topic)] * 2
    told = [(event["type"], event["person"]) for commit in shown for event in commit.body]
    assert told == [("person_data_shown", anna)] * 2
    refused = await house.log.history("refusal/f3")
    assert [commit.actor.id for commit in refused] == [oskar.id]
    assert (await house.verify()).broken is None


# ------------------------------------------------------------------------------------------- and still it is whole


async def test_verify_bears_with_an_erasing_meanwhile(house: House) -> None:
    mara = await house.agent("mara", "superuser")
    await mailed(house, 1, BOB, cc=[ANNA], text=f"{ANNA.name} is with me.")
    hers = await mailed(house, 2, ANNA)
    await house.ask(AddNoteV1(ticket=hers, text="Called."), mara)
    assert (await house.verify()).broken is None
    person = await owner_of(house, ANNA.address)

    class Meanwhile(Walk):
        """Erasing begins after the erasures were read, or in the middle of a page."""

        def __init__(self, moment: str) -> None:
            super().__init__(house.db, "tickets", STATES)
            self.moment = moment

        async def _read_erasures(self, *of: Any) -> None:
            await super()._read_erasures(*of)
            await self.erase("erasures")

        async def _page(self, place: int) -> Any:
            page = await super()._page(place)
            await self.erase("page")
            return page

        async def erase(self, moment: str) -> None:
            if moment == self.moment:
                self.moment = ""
                await erased(house, person, mara, order=moment)

    assert (await Meanwhile("erasures").run()).broken is None
    person = await owner_of(house, BOB.address)
    assert (await house.verify()).broken is None
    assert (await Meanwhile("page").run()).broken is None
    assert (await house.verify()).broken is None
    bent = {"private.0_text.value": "Called by Anna."}
    stream = {"stream": f"ticket/{hers}", "seq": 2}
    await house.db["commits"].update_one({"_id": stream}, {"$set": bent})
    broken = (await Walk(house.db, "tickets", STATES).run()).broken
    assert broken is not None
    assert (broken.stream, broken.seq) == (f"ticket/{hers}", 2)


async def test_only_a_superuser_erases_one(house: House) -> None:
    mara, oskar = await house.agent("mara", "superuser"), await house.agent("oskar", "person.erase")
    problem = (await house.private(ErasePersonV1(person=mara.id), oskar, order="e1")).problem
    assert problem is not None
    assert (problem.status, problem.extra["right"]) == (403, "superuser")
    assert (await house.private(ErasePersonV1(person=oskar.id), mara, order="e2")).problem is None
