"""After a person was erased no mail names them or goes to them, and what comes again tells what is left."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from itertools import permutations
from typing import Any

import pytest

from services.notify.domain.outgoing import ERASED, Outcome, settle
from services.notify.handlers import HEARD
from services.notify.render import about
from services.notify.store import LEASE
from services.tickets.publish import publish
from tests.tickets.test_handlers import SIGNER as TICKETS_SIGNER
from tests.tickets.test_privacy import TRACES as OF_THE_STORY
from tests.tickets.test_privacy import House as Tickets
from tests.tickets.test_privacy import story
from ticketwire_chassis.commands import Asked
from ticketwire_chassis.commits import from_doc
from ticketwire_chassis.events import stamp
from ticketwire_chassis.mongo import Doc
from ticketwire_contracts.base import ERASED as GONE
from ticketwire_contracts.base import Actor, Event, Order
from ticketwire_contracts.ingest import Address
from ticketwire_contracts.notify import ResendV1
from ticketwire_contracts.tickets import (
    CreateQueueV1,
    ErasePersonV1,
    Party,
    Person,
    PersonErasedV1,
    Ticket,
    TicketErasedV1,
    TicketEvent,
    TicketReceivedV1,
)

from .conftest import SYSTEM, House, build
from .world import (
    ANNA,
    MARA,
    NOON,
    OSKAR,
    SHOP,
    SIGNER,
    SUPPORT,
    escalated,
    file,
    forwarded,
    message,
    noted,
    opened,
    outgoing,
    owner_changed,
    party,
    quoted,
    received,
    replied,
    ticket,
)

BOB = Party(id="person/a7a7a7a7a7a7", name="Bob", address="bob@example.com")
NOBODY = Party(id=ANNA.id, name=GONE)
"""What is left of Anna where she stood."""
ERASED_AT = 20
"""The version by which it was erased."""
TRACES = ("Anna", "anna@", "fire", "Printer of Berg")
HOUR = timedelta(hours=1)
SECRET = "Printer of Berg"
"""A subject that names her."""
Hears = PersonErasedV1 | TicketErasedV1
ROOT = Actor(kind="agent", id="person/root")


def person_erased(*tickets: str) -> PersonErasedV1:
    """tickets says that Anna was erased."""
    envelope = stamp(PersonErasedV1, ANNA.id, 2, at=NOON, actor=ROOT, correlation="c", summary="A person was erased")
    return PersonErasedV1(
        **envelope,
        person=Person(id=ANNA.id, name=GONE, erased=True, disabled=True),
        erased=[ANNA.id],
        claims=[SIGNER.claim("address", ANNA.address)],
        tickets=list(tickets) or ["TW-12"],
        mails=[],
        rights_epoch=3,
    )


def ticket_erased(*events: TicketEvent, version: int = ERASED_AT, left: Ticket | None = None) -> TicketErasedV1:
    """tickets says what is left of the ticket, and of these events of it."""
    envelope = stamp(
        TicketErasedV1, "ticket/TW-12", version, at=NOON, actor=ROOT, correlation="c", summary="values were taken out"
    )
    return TicketErasedV1(
        **envelope,
        ticket=left or ticket(subject=GONE, requesters=[NOBODY], version=version),
        person=ANNA.id,
        events=[event.model_dump(mode="json", exclude={"ticket"}) for event in events],
    )


def of_berg(**change: Any) -> Ticket:
    """The ticket before, whose subject names her."""
    return ticket(**({"subject": SECRET} | change))


def blank(event: TicketReceivedV1) -> TicketReceivedV1:
    """What is left of what Anna wrote."""
    left = message(author=NOBODY, subject=GONE, text=GONE, message_id=None)
    return event.model_copy(update={"message": left})


async def rows(house: House, kind: str = "") -> list[Doc]:
    return [doc for doc in await house.docs() if not kind or doc["kind"] == kind]


async def one(house: House, address: str) -> Doc:
    """The row to an address."""
    (found,) = [doc for doc in await house.docs() if address in doc["recipients"]]
    return found


def said_in(doc: Doc) -> str:
    """A row's mail as its reader sees it."""
    mail = message_from_bytes(bytes(doc["mail"]), policy=policy.default)
    return f"{mail['Subject']}\n{mail['To']}\n{mail['Cc']}\n{mail.get_content()}"


def names_her(text: str) -> list[str]:
    return [trace for trace in TRACES if trace in text]


def hand_back(house: House) -> None:
    """What was to be sent at once is not: it stands in its row alone."""
    while not house.sender._arrived.empty():
        house.sender._arrived.get_nowait()


async def wait_for_later(house: House) -> None:
    """Each row was tried, and the next server did not have it then: no lease, the mail is kept."""
    hand_back(house)
    await house.db["outgoing"].update_many(
        {}, {"$unset": {"lease": ""}, "$set": {"due_at": datetime.now(UTC) + HOUR, "tries": 1}}
    )


async def fail(house: House) -> None:
    """Each row was given up by the next server."""
    hand_back(house)
    for doc in await house.docs():
        failed: Doc = {"state": "failed", "failed": doc["recipients"], "tries": 1, "rev": 1}
        await house.db["outgoing"].update_one(
            {"_id": doc["_id"]}, {"$set": failed, "$unset": {"lease": "", "due_at": ""}}
        )


async def erase(house: House, *events: Hears) -> None:
    for event in events:
        if isinstance(event, PersonErasedV1):
            await house.forgetting.on_person_erased([event])
        else:
            await house.forgetting.on_ticket_erased([event])


async def resend(house: House, row: str) -> None:
    command = ResendV1(notification=row)
    order = Order(
        id="o-1", type=command.topic, actor=SYSTEM, correlation="c-9", not_after=NOON, command=command.model_dump()
    )
    (answer,) = await house.handlers.obey([Asked(order, command)])
    assert answer.problem is None


# ------------------------------------------------------------------------------------------------ by address


async def test_no_row_names_them_and_nothing_goes_to_them_any_more(house: House) -> None:
    mixed = outgoing(id="mixed", to=("Anna@example.net", BOB.address))
    other = outgoing(id="other", ticket="TW-9")
    await house.rows.add([outgoing(id="hers"), mixed, other], NOON)
    for _ in range(2):
        await erase(house, person_erased())
    docs = {doc["_id"]: doc for doc in await house.docs()}
    assert (docs["hers"]["recipients"], docs["hers"]["open"]) == ([GONE], [GONE])
    assert "mail" not in docs["hers"]
    left = docs["mixed"]
    assert (left["recipients"], left["open"], left["state"]) == ([GONE, BOB.address], [BOB.address], "waiting")
    assert docs["other"]["recipients"] == [ANNA.address], "a ticket of whoever has the address now"
    assert (await house.directories.current()).epoch == 3


async def test_a_mail_that_is_left_to_nobody_is_given_up_and_it_is_said(house: House) -> None:
    await house.rows.add([outgoing()], NOON)
    await wait_for_later(house)
    await erase(house, person_erased())
    house.start()
    await house.settled("failed")
    (event,) = await house.said()
    assert (event["type"], event["recipients"], event["reason"]) == ("notification.failed.v1", [GONE], ERASED)
    await resend(house, "row-1")
    await house.until(lambda: _said_twice(house))
    assert house.postbox.mails == []
    assert (await house.docs())[0]["state"] == "failed"


async def _said_twice(house: House) -> bool:
    return [event["type"] for event in await house.said()] == ["notification.failed.v1"] * 2


async def test_an_old_event_that_comes_again_writes_them_nothing(house: House) -> None:
    elsewhere = build(house.db, house.postbox)
    await elsewhere.hear(noted())  # its memory is of before
    await house.db["outgoing"].delete_many({})
    await erase(house, person_erased())
    for replica in (house, elsewhere):
        await replica.hear(replied(to=[Address(address=ANNA.address), Address(address=BOB.address)]))
        (doc,) = await rows(replica, "reply")
        assert doc["recipients"] == [BOB.address]
        await replica.hear(replied(to=[Address(address=ANNA.address)], number="TW-13"))
        assert [doc["ticket"] for doc in await rows(replica, "reply") if ANNA.address in doc["recipients"]] == ["TW-13"]
        await replica.db["outgoing"].delete_many({})


async def test_colleagues_hear_of_a_ticket_whose_owner_was_erased(house: House) -> None:
    left = Person(id=OSKAR.id, name=GONE, agent=True, erased=True, disabled=True)
    await erase(house, person_erased().model_copy(update={"person": left}))
    await house.hear(received(ticket=ticket(owner=Party(id=OSKAR.id, name=GONE, agent=True), watchers=[party(MARA)])))
    assert [doc["recipients"] for doc in await house.docs()] == [MARA.addresses]


# --------------------------------------------------------------------------------------- by what a mail tells


@pytest.mark.parametrize("was", [wait_for_later, fail])
async def test_a_notice_that_has_not_gone_out_tells_what_is_left(house: House, was: Callable[[House], Any]) -> None:
    told = received(ticket=of_berg(), message=message(attachments=[file("Anna.pdf")]))
    await house.hear(told)
    await was(house)
    before = await one(house, "mara@example.org")
    assert names_her(said_in(before)) == ["Anna", "fire", SECRET]
    await erase(house, ticket_erased(blank(told)))
    doc = await one(house, "mara@example.org")
    assert names_her(said_in(doc)) == []
    assert f"{GONE} wrote on ticket TW-12." in said_in(doc)
    for name in ("state", "tries", "first_at", "failed", "open", "message_id", "kind"):
        assert doc[name] == before[name], name
    assert doc.get("due_at") == before.get("due_at")


async def test_what_failed_is_resent_as_it_is_now(house: House) -> None:
    told = received(ticket=of_berg(owner=party(MARA)))
    await house.hear(told)
    await fail(house)
    await erase(house, ticket_erased(blank(told), left=ticket(subject=GONE, requesters=[NOBODY], owner=party(MARA))))
    house.start()
    (doc,) = await house.docs()
    await resend(house, doc["_id"])
    await house.settled("sent")
    (mail,) = house.postbox.mails
    assert names_her(mail.octets.decode()) == []
    assert GONE.encode() in mail.octets


async def test_a_forward_quotes_them_no_more_and_still_goes_out(house: House) -> None:
    told = forwarded(quoted(), ticket=of_berg(), attachments=[file("Anna.pdf"), file("plan.pdf")])
    await house.hear(told)
    await wait_for_later(house)
    left = told.model_copy(
        update={
            "quoted": [quoted(author=Address(name=GONE, address=""), subject=GONE, text=GONE)],
            "message": told.message.model_copy(update={"attachments": [file("plan.pdf")]}),
        }
    )
    await erase(house, ticket_erased(left))
    (doc,) = await house.docs()
    assert (doc["recipients"], doc["open"], doc["state"]) == ([SHOP], [SHOP], "waiting")
    assert names_her(said_in(doc)) == []
    assert "Can you mend it?" in said_in(doc)
    assert [one["filename"] for one in doc["attachments"]] == ["plan.pdf"]


def reply_to_both(house_ticket: Ticket) -> tuple[TicketEvent, TicketEvent]:
    """Mara's reply to Anna and Bob, and what is left of it."""
    to = [Address(name=ANNA.name, address=ANNA.address), Address(name=BOB.name, address=BOB.address)]
    told = replied("Dear Anna Berg, dear Bob, it is done.", to=to, ticket=house_ticket)
    kept = told.message.model_copy(
        update={"to": [Address(name=GONE, address=""), to[1]], "text": f"Dear {GONE}, it is done."}
    )
    return told, told.model_copy(update={"message": kept})


BOTH = of_berg(requesters=[ANNA, BOB], owner=party(MARA))
BOB_ALONE = ticket(subject="Printer", requesters=[NOBODY, BOB], owner=party(MARA), version=ERASED_AT)


@pytest.mark.parametrize("order", list(permutations(("person", "ticket", "ticket"))))
async def test_a_reply_to_two_goes_to_the_other_in_whatever_order_it_is_heard(
    house: House, order: Sequence[str]
) -> None:
    told, left = reply_to_both(BOTH)
    await house.hear(told)
    await wait_for_later(house)
    hears: dict[str, Hears] = {"person": person_erased(), "ticket": ticket_erased(left, left=BOB_ALONE)}
    await erase(house, *(hears[one] for one in order))
    (doc,) = await rows(house, "reply")
    assert (doc["recipients"], doc["open"], doc["state"]) == ([GONE, BOB.address], [BOB.address], "waiting")
    assert names_her(said_in(doc)) == []
    assert f"Dear {GONE}, it is done." in said_in(doc)
    house.start()
    await house.come_due()
    await house.settled(*["sent"] * len(await house.docs()))
    assert [mail.recipients for mail in house.postbox.mails if mail.sender != "<>"] == [[BOB.address]]


@pytest.mark.parametrize("order", list(permutations(("person", "ticket"))))
async def test_a_reply_that_only_they_have_not_got_is_given_up(house: House, order: Sequence[str]) -> None:
    told, left = reply_to_both(BOTH)
    await house.hear(told)
    await wait_for_later(house)
    await house.db["outgoing"].update_many({"kind": "reply"}, {"$set": {"open": [ANNA.address]}})
    hears: dict[str, Hears] = {"person": person_erased(), "ticket": ticket_erased(left, left=BOB_ALONE)}
    await erase(house, *(hears[one] for one in order))
    (doc,) = await rows(house, "reply")
    assert (doc["recipients"], doc["open"], doc["forbidden"]) == ([GONE, BOB.address], [GONE], ERASED)
    assert "mail" not in doc


async def test_the_automatic_reply_to_another_requester_names_them_no_more(house: House) -> None:
    told = opened(ticket=BOTH)
    await house.hear(told)
    await wait_for_later(house)
    assert SECRET in said_in(await one(house, BOB.address))
    kept = told.model_copy(update={"message": message(author=NOBODY, subject=GONE, text=GONE)})
    await erase(house, ticket_erased(kept, left=BOB_ALONE.model_copy(update={"subject": GONE})))
    doc = await one(house, BOB.address)
    assert names_her(said_in(doc)) == []
    assert f"ticket TW-12: {GONE}" in said_in(doc)
    (hers,) = [doc for doc in await rows(house, "auto_reply") if BOB.address not in doc["recipients"]]
    assert (hers["recipients"], "mail" in hers) == ([GONE], False)


async def test_who_is_told_nothing_of_it_any_more_gets_no_mail_and_it_is_said(house: House) -> None:
    told = received(ticket=of_berg(owner=party(OSKAR)))
    await house.hear(told)
    await wait_for_later(house)
    await erase(house, ticket_erased(blank(told), left=ticket(subject=GONE, requesters=[NOBODY], owner=party(MARA))))
    (doc,) = await house.docs()
    assert "mail" not in doc
    house.start()
    await house.settled("failed")
    (event,) = await house.said()
    assert (event["type"], event["recipients"], event["reason"]) == (
        "notification.failed.v1", ["oskar@example.org"], ERASED,
    )  # fmt: skip
    assert house.postbox.mails == []


@pytest.mark.parametrize("order", sorted(set(permutations((0, 1, 2, 1)))))
async def test_what_is_left_is_told_in_portions_in_whatever_order(house: House, order: Sequence[int]) -> None:
    first = received(version=2, ticket=of_berg(owner=party(MARA)))
    second = received(version=3, ticket=of_berg(owner=party(MARA)))
    await house.hear(first, second)
    await wait_for_later(house)
    left = ticket(subject=GONE, requesters=[NOBODY], owner=party(MARA))
    half = first.model_copy(update={"message": message(author=NOBODY, subject=GONE, text="It is on fire no more.")})
    portions = [
        ticket_erased(half, version=ERASED_AT, left=left.model_copy(update={"version": ERASED_AT})),
        ticket_erased(blank(second), version=ERASED_AT + 1, left=left.model_copy(update={"version": ERASED_AT + 1})),
        ticket_erased(blank(first), version=ERASED_AT + 2, left=left.model_copy(update={"version": ERASED_AT + 2})),
    ]
    await erase(house, *(portions[one] for one in order))
    docs = await house.docs()
    assert len(docs) == 2
    assert [names_her(said_in(doc)) for doc in docs] == [[], []]
    assert not any("no more" in said_in(doc) for doc in docs)
    await house.db["outgoing"].delete_many({})
    await house.hear(first, second)
    assert [names_her(said_in(doc)) for doc in await house.docs()] == [[], []], "nor when it comes again"


# ------------------------------------------------------------- mails of which only the ticket in them is other


async def test_an_agents_reply_in_which_nothing_of_theirs_stands_keeps_its_words(house: House) -> None:
    told = replied("Dear Bob, it is done.", to=[Address(name="Bob", address=BOB.address)], ticket=BOTH)
    await house.hear(told)
    await wait_for_later(house)
    assert SECRET in said_in((await rows(house, "reply"))[0])
    await erase(house, ticket_erased(left=BOB_ALONE))
    (doc,) = await rows(house, "reply")
    assert said_in(doc).startswith("Re: [TW-12] Printer\n")
    assert (names_her(said_in(doc)), "Dear Bob, it is done." in said_in(doc)) == ([], True)
    house.start()
    await house.come_due()
    await house.settled(*["sent"] * len(await house.docs()))
    assert [BOB.address] in [mail.recipients for mail in house.postbox.mails]


async def test_a_notice_of_which_nothing_was_taken_says_of_the_ticket_what_is_left(house: House) -> None:
    before = owner_changed(party(OSKAR)).model_copy(update={"ticket": of_berg(owner=party(OSKAR))})
    await house.hear(before)
    await wait_for_later(house)
    (doc,) = await house.docs()
    assert names_her(said_in(doc)) == ["Anna", SECRET]
    await erase(house, ticket_erased(left=ticket(subject="Drücker", requesters=[NOBODY, BOB], owner=party(MARA))))
    (doc,) = await house.docs()
    assert names_her(said_in(doc)) == []
    assert said_in(doc).startswith("[TW-12] Drücker\n")
    assert "Ticket TW-12 gehört jetzt Ihnen." in said_in(doc)
    assert f"{GONE}, Bob" in said_in(doc)
    assert doc["thing"]["roles"]["owner"] == [MARA.id], "asked again before it is sent: whether they may see that"


async def test_mails_of_after_and_of_other_tickets_are_left_alone(house: House) -> None:
    later = received(version=ERASED_AT + 1, ticket=of_berg())
    other = received(number="TW-13", ticket=of_berg(number="TW-13"))
    await house.hear(later, other)
    before = await house.docs()
    await erase(house, ticket_erased(blank(received())))
    assert await house.docs() == before


@pytest.mark.parametrize(
    "told",
    [replied("Ümlaut\n" + "x" * 2000), forwarded(), noted("One\r\ntwo\n\n\n"), escalated("tell_owner"), received()],
    ids=["reply", "forward", "note", "escalation", "received"],
)
async def test_a_mail_about_the_ticket_as_it_was_is_the_same_mail(house: House, told: TicketEvent) -> None:
    now = told.ticket.model_copy(update={"owner": party(OSKAR), "subject": "Ein langer Betreff über Drücker " * 5})
    await house.hear(told.model_copy(update={"ticket": now}))
    docs = await house.docs()
    assert docs
    for doc in docs:
        assert about(bytes(doc["mail"]), now, SUPPORT, doc["internal"]) == bytes(doc["mail"])


# ---------------------------------------------------------------------------------------- in the same moment


async def test_what_comes_of_a_try_under_way_undoes_nothing(house: House) -> None:
    told, left = reply_to_both(BOTH)
    await house.hear(told)
    (doc,) = await rows(house, "reply")
    await house.db["outgoing"].update_many({}, {"$set": {"due_at": NOON}})
    trying = {row.kind: (row, lease) for row, lease in await house.rows.claim(NOON, 10)}
    await erase(house, person_erased(), ticket_erased(left, left=BOB_ALONE))
    row, lease = trying["reply"]
    busy = Outcome(deferred=dict.fromkeys(row.open, "450 busy"))
    assert not await house.rows.renew(row.id, lease, NOON)
    await house.rows.settle([(settle(row, busy, NOON), lease)], NOON)
    (doc,) = await rows(house, "reply")
    assert (doc["recipients"], doc["open"]) == ([GONE, BOB.address], [BOB.address])
    assert names_her(said_in(doc)) == []
    ((again, _),) = [pair for pair in await house.rows.claim(datetime.now(UTC) + LEASE, 10) if pair[0].kind == "reply"]
    assert again.open == (BOB.address,)


async def test_what_another_replica_writes_meanwhile_is_not_lost(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await house.rows.add([outgoing(to=(ANNA.address, BOB.address))], NOON)
    await wait_for_later(house)
    elsewhere = build(house.db, house.postbox)
    read = house.rows._rows.find
    looks: list[Doc] = []

    async def find(where: Doc) -> list[Doc]:
        """Between the look and the write another replica tries to send it."""
        found = await read(where)
        looks.extend(found)
        if len(looks) == 1:
            ((row, lease),) = await elsewhere.rows.claim(datetime.now(UTC) + 2 * HOUR, 1)
            half = Outcome(accepted=(BOB.address,), deferred={ANNA.address: "450"})
            await elsewhere.rows.settle([(settle(row, half, NOON), lease)], NOON)
        return found

    monkeypatch.setattr(house.rows._rows, "find", find)
    await erase(house, person_erased())
    assert [doc["tries"] for doc in looks] == [1, 2]
    (doc,) = await house.docs()
    assert (doc["recipients"], doc["open"], doc["tries"]) == ([GONE, BOB.address], [GONE], 2)
    assert [event["recipients"] for event in await house.said()] == [[BOB.address]]


# --------------------------------------------------------------------------------------- and comes again


async def test_an_event_that_was_parked_tells_what_is_left_on_every_replica(house: House) -> None:
    told = received(ticket=of_berg())
    other = owner_changed(party(OSKAR)).model_copy(update={"ticket": of_berg(owner=party(OSKAR))})
    elsewhere = build(house.db, house.postbox)
    await elsewhere.hear(noted())
    await erase(house, person_erased(), ticket_erased(blank(told)))
    for replica in (house, elsewhere):
        await house.db["outgoing"].delete_many({})
        await replica.hear(told, other, received(version=ERASED_AT + 1))
        docs = [doc for doc in await house.docs() if doc["cause"] in (told.id, other.id)]
        assert sorted(doc["kind"] for doc in docs) == ["owner", "watcher", "watcher"]
        assert [names_her(said_in(doc)) for doc in docs] == [[]] * 3
        new = [doc for doc in await house.docs() if doc not in docs]
        for text in map(said_in, new):
            assert text.startswith("[TW-12] Printer\n"), "what is new is told as it is"
            assert "fire" in text


async def test_a_reply_that_was_parked_goes_to_the_other_alone(house: House) -> None:
    told, left = reply_to_both(BOTH)
    await erase(house, ticket_erased(left, left=BOB_ALONE))
    await house.hear(told)
    (doc,) = await rows(house, "reply")
    assert (doc["recipients"], names_her(said_in(doc))) == ([BOB.address], [])


async def test_the_greatest_version_wins_and_is_what_rows_are_written_from(house: House) -> None:
    told = received(ticket=of_berg())
    newer = ticket_erased(blank(told), left=ticket(subject="Newer", requesters=[NOBODY], version=ERASED_AT + 5))
    newer = newer.model_copy(update={"version": ERASED_AT + 5})
    await erase(house, newer)
    await house.hear(received(version=ERASED_AT + 5, ticket=of_berg()))
    await erase(house, ticket_erased(blank(told)))
    docs = await house.docs()
    assert {said_in(doc).splitlines()[0] for doc in docs} == {"[TW-12] Newer"}
    (kept,) = await house.db["left"].find({})
    assert (kept["_id"], kept["version"]) == ("TW-12", ERASED_AT + 5)
    await erase(house, newer, ticket_erased(blank(told)))
    assert await house.docs() == docs, "heard again it changes nothing"
    assert await house.db["left"].find({}) == [kept]


async def test_where_nothing_was_erased_nothing_is_asked(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    for collection in (house.forgetting._left, house.forgetting._tombstones):

        async def find(*_: Any) -> list[Doc]:
            asked.append("asked")
            return []

        monkeypatch.setattr(collection, "find", find)
    await house.hear(received(), replied(), noted())
    assert await house.docs()
    assert asked == []
    await house.directories.erased()
    await house.hear(received(version=3))
    assert len(asked) == 2
    await house.hear(received(version=4))
    assert len(asked) == 2, "only when something was erased since"


# ------------------------------------------------------------------------------------ as tickets really says it


async def test_what_tickets_takes_out_stands_in_no_mail(house: House) -> None:
    log = Tickets(house.db)
    await log.log.prepare()
    await log.handlers.seed()
    await log.ask(CreateQueueV1(name="support", addresses=["support@example.org"], follow_up="refuse"))
    house.forgetting._claim = TICKETS_SIGNER.claim
    mara, person, hers, his = await story(log)

    async def events(*kinds: type[Event]) -> list[Any]:
        docs = await house.db["commits"].find({}, sort=[("at", 1)])
        said = [event for doc in docs for event in publish(from_doc(doc)).internal]
        return [event for event in said if isinstance(event, kinds)]

    told = await events(*HEARD)
    await house.hear(*told)
    await wait_for_later(house)
    written = [said_in(doc) for doc in await house.docs()]
    assert {trace for trace in OF_THE_STORY for text in written if trace in text} >= {"Svensson", "Meine Akte"}
    await log.private(ErasePersonV1(person=person), mara)
    await erase(house, *await events(PersonErasedV1, TicketErasedV1))
    for _ in range(2):
        docs = await house.docs()
        assert {doc["ticket"] for doc in docs} == {hers, his}
        assert not [trace for trace in OF_THE_STORY for doc in docs if trace in str(doc["recipients"])]
        left = [said_in(doc) for doc in docs if "mail" in doc]
        assert not [trace for trace in OF_THE_STORY for text in left if trace in text]
        assert "Dear Bob, dear [erased]" in "".join(left), "Bob gets his reply"
        await house.db["outgoing"].delete_many({})
        await house.hear(*told)
