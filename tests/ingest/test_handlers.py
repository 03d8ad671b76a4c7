"""What ingest does with what it hears and with orders, and how a mail becomes an event."""

from __future__ import annotations

import base64
from datetime import timedelta

import orjson
import pytest

from services.ingest import publish
from services.ingest.domain import read_mail, unread_mail
from services.ingest.domain.arrivals import known
from services.ingest.handlers import RAW_OCTETS, Handlers
from ticketwire_chassis.commands import Asked
from ticketwire_chassis.events import stamp
from ticketwire_contracts.base import Actor, Answer, Command, Order
from ticketwire_contracts.ingest import (
    MailBouncedV1,
    MailIgnoredV1,
    MailReceivedV1,
    ReadRawV1,
    RereadMailsV1,
    ShowAccountV1,
)
from ticketwire_contracts.tickets import Queue, QueueCreatedV1

from .conftest import House
from .mails import BOUNCE, FILE, NOON, TEXT, arrival, mail, with_parts
from .test_store import accept, settled


def asked(command: Command) -> Asked:
    """An order with that command."""
    order = Order(
        id="o-1",
        type=command.topic,
        actor=Actor(kind="system", id="system/operator"),
        correlation="c-1",
        not_after=NOON + timedelta(days=36500),
        command=command.model_dump(mode="json"),
    )
    return Asked(order, command)


async def obey(house: House, command: Command) -> Answer:
    """The one answer."""
    (answer,) = await Handlers(house.store, lambda: None).obey([asked(command)])
    return answer


async def test_settling_wakes_the_reader_when_a_mail_waits(house: House) -> None:
    woken: list[bool] = []
    handlers = Handlers(house.store, lambda: woken.append(True))
    first = arrival()
    await accept(house, first)
    await handlers.on_mail_settled([settled(first.row)])
    assert woken == []
    assert (await house.row(first.row))["outcome"] == "ticketed"


async def test_a_new_queue_makes_its_addresses_ours(house: House) -> None:
    envelope = stamp(
        QueueCreatedV1, "queue/support", 1, at=NOON, actor=publish.ACTOR, correlation="c", summary="a queue"
    )
    queue = Queue(name="support", title="Support", addresses=["support@example.org"])
    await Handlers(house.store, lambda: None).on_queue_created([QueueCreatedV1(**envelope, queue=queue)])
    assert await house.store.addresses_of("support") == ["support@example.org"]


async def test_the_raw_mail_is_given_to_those_who_ask(house: House) -> None:
    one = arrival()
    await accept(house, one)
    answer = await obey(house, ReadRawV1(mail=one.row))
    assert base64.b64decode(answer.result["raw"]) == one.raw
    missing = await obey(house, ReadRawV1(mail="nothing"))
    assert missing.problem is not None
    assert missing.problem.status == 404


async def test_a_raw_mail_too_large_for_an_answer_is_not_given(house: House) -> None:
    one = arrival(mail("x" * RAW_OCTETS))
    await house.store.keep_raw(one)
    await house.store.accept_mails([(one, None)], NOON)
    answer = await obey(house, ReadRawV1(mail=one.row))
    assert answer.problem is not None
    assert answer.problem.status == 413


async def test_rereading_and_the_account_are_obeyed(house: House) -> None:
    one = arrival()
    await accept(house, one)
    assert (await obey(house, RereadMailsV1(mails=[one.row, "nothing"]))).result == {"reread": 1}
    account = (await obey(house, ShowAccountV1())).result
    assert (account["received"], account["under_way"], account["balances"]) == (1, 1, True)


async def test_what_is_no_order_for_ingest_is_an_error(house: House) -> None:
    class DanceV1(Command):
        """Nobody obeys this."""

        topic = "dance.v1"
        obeyed_by = "nobody"

    with pytest.raises(TypeError, match="DanceV1"):
        await obey(house, DanceV1())


@pytest.mark.parametrize("raw", [mail(), mail("Grüße"), with_parts(TEXT, FILE), BOUNCE, b"", b"\xff" * 50])
def test_a_reading_becomes_an_event_of_the_contract(raw: bytes) -> None:
    one = arrival(raw)
    read = read_mail(raw, one.envelope_from)
    entries = publish.received(one, known(read), reading=3, rev=7, now=NOON)
    event = MailReceivedV1.model_validate_json(entries[0]["event"])
    assert event.mail_read == read.reading
    assert (event.id, event.version, event.reading) == (f"mail/{one.row}:7:0", 7, 3)
    assert (event.raw_sha256, event.size, event.recipient) == (one.digest, len(raw), "support@example.org")
    assert entries[0]["id"] == event.id
    assert "anna" not in event.summary
    assert set(orjson.loads(entries[0]["event"])) == set(event.model_dump(by_alias=True))
    for entry in entries[1:]:
        assert MailBouncedV1.model_validate_json(entry["event"]).bounce == read.reading.bounce
    assert len(entries) == (2 if read.reading.bounce else 1)


def test_an_unread_mail_is_said_to_be_unread() -> None:
    one = arrival()
    read = known(unread_mail(one.raw, one.envelope_from, "timeout"), unparsed=True)
    event = MailReceivedV1.model_validate_json(publish.received(one, read, 1, 1, NOON)[0]["event"])
    assert event.unparsed
    assert event.mail_read.attachments[0].filename == "mail.eml"


def test_a_repeated_mail_is_said_to_be_ignored() -> None:
    (entry,) = publish.ignored(arrival(), "row-1", NOON)
    event = MailIgnoredV1.model_validate_json(entry["event"])
    assert (event.reason, event.same_as) == ("duplicate", "row-1")
