"""Rows of mails on a real MongoDB: from arrival to what became of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

import orjson
import pytest

from services.ingest.domain import read_mail
from services.ingest.domain.arrivals import Arrival, Known, known
from services.ingest.store import LEASE, PATIENCE, ROW_OCTETS, TRIES
from ticketwire_chassis import outbox
from ticketwire_chassis.events import stamp
from ticketwire_chassis.mongo import BulkWriteError, Doc
from ticketwire_contracts.base import Actor
from ticketwire_contracts.tickets import MailSettledV1, Queue

from .conftest import House
from .mails import BOUNCE, FILE, NOON, TEXT, arrival, mail, with_parts


def read(one: Arrival) -> Known:
    """What a worker makes of it."""
    return known(read_mail(one.raw, one.envelope_from))


async def accept(house: House, *mails: Arrival, now: datetime = NOON) -> None:
    """A round in which all were read in time."""
    await house.store.accept_mails([(one, read(one)) for one in mails], now)


def settled(
    row: str, outcome: Literal["ticketed", "ignored", "refused"] = "ticketed", reading: int = 1
) -> MailSettledV1:
    """tickets has decided."""
    envelope = stamp(
        MailSettledV1,
        f"mail/{row}",
        reading,
        at=NOON,
        actor=Actor(kind="system", id="system/tickets"),
        correlation="c-1",
        summary="settled",
    )
    return MailSettledV1(**envelope, mail=row, reading=reading, outcome=outcome, why="new", ticket="TW-1")


def said(row: Doc) -> list[Doc]:
    """The events in a row's outbox."""
    return [orjson.loads(entry["event"]) for entry in row["outbox"]]


async def test_a_round_that_cannot_be_written_says_why_and_nothing_of_its_mails(house: House) -> None:
    one = arrival()
    await accept(house, one)
    with pytest.raises(BulkWriteError, match="E11000") as failed:
        await accept(house, replace(arrival(mail(message_id="other@x.test")), row=one.row))
    assert "Printer" not in f"{failed.value!r} {failed.value} {failed.value.details}"


async def test_a_mail_read_in_time_is_one_row_with_its_event(house: House) -> None:
    one = arrival()
    accepted = await house.store.accept_mails([(one, read(one))], NOON)
    assert (accepted.said, accepted.leased, accepted.duplicates) == (1, [], 0)
    row = await house.row(one.row)
    assert (row["state"], row["pending"], row["open"], bytes(row["raw"])) == ("read", True, True, one.raw)
    (event,) = said(row)
    assert event["type"] == "mail.received.v1"
    assert event["id"] == f"mail/{one.row}:1:0"
    assert event["mail_read"]["subject"] == "Printer"


async def test_what_was_said_leaves_the_row_and_only_that(house: House) -> None:
    one = arrival()
    await accept(house, one)
    waiting = await outbox.waiting(house.db["mails"])
    await house.db["mails"].update_one({"_id": one.row}, {"$push": {"outbox": {"id": "later", "event": "{}"}}})
    await outbox.was_said(house.db["mails"], waiting)
    row = await house.row(one.row)
    assert [entry["id"] for entry in row["outbox"]] == ["later"]
    assert row["pending"] is True


async def test_a_mail_not_read_in_time_is_ours_all_the_same_and_read_later(house: House) -> None:
    one = arrival()
    accepted = await house.store.accept_mails([(one, None)], NOON)
    assert (await house.row(one.row))["state"] == "accepted"
    assert await house.store.claim(NOON, 10) == []  # this replica has it in hand
    ((leased, unread),) = accepted.leased
    assert unread is None
    assert await house.store.finish([(leased, read(one))], NOON) == 0
    row = await house.row(one.row)
    assert (row["state"], row["rev"]) == ("read", 2)
    assert said(row)[0]["id"] == f"mail/{one.row}:2:0"
    assert "lease" not in row
    assert "due_at" not in row


async def test_another_replica_takes_over_when_the_lease_is_over(house: House) -> None:
    one = arrival()
    accepted = await house.store.accept_mails([(one, None)], NOON)
    later = NOON + LEASE
    (taken,) = await house.store.claim(later, 10)
    assert taken.mail == one
    assert taken.tries == 1
    # The first one wakes up again: it holds nothing any more, and says nothing.
    await house.store.finish([(accepted.leased[0][0], read(one))], later)
    assert (await house.row(one.row))["state"] == "accepted"
    await house.store.finish([(taken, read(one))], later)
    assert len((await house.row(one.row))["outbox"]) == 1


async def test_the_same_mail_twice_is_ignored_with_a_reference(house: House) -> None:
    first, again = arrival(), arrival()
    await accept(house, first)
    accepted = await house.store.accept_mails([(again, read(again))], NOON)
    assert accepted.duplicates == 1
    row = await house.row(again.row)
    assert (row["state"], row["outcome"], row["same_as"]) == ("ignored", "ignored", first.row)
    (event,) = said(row)
    assert (event["type"], event["reason"], event["same_as"]) == ("mail.ignored.v1", "duplicate", first.row)
    assert await house.store.raw(again.row) == first.raw


async def test_the_same_mail_twice_in_one_round_is_one(house: House) -> None:
    first, again = arrival(), arrival()
    await accept(house, first, again)
    assert sorted(row["state"] for row in await house.rows()) == ["ignored", "read"]


async def test_a_forged_message_id_swallows_no_mail(house: House) -> None:
    first, other = arrival(), arrival(mail("Something else.\r\n"))
    await accept(house, first)
    await accept(house, other)
    row = await house.row(other.row)
    assert row["state"] == "read"
    (event,) = said(row)
    assert "message_id_seen_before" in event["mail_read"]["warnings"]
    again = arrival(mail("Something else.\r\n"))
    await accept(house, again)
    assert (await house.row(again.row))["same_as"] == other.row


async def test_a_mark_survives_reading_later(house: House) -> None:
    other = arrival(mail("Something else.\r\n"))
    await accept(house, arrival())
    accepted = await house.store.accept_mails([(other, None)], NOON)
    await house.store.finish([(accepted.leased[0][0], read(other))], NOON)
    assert "message_id_seen_before" in said(await house.row(other.row))[0]["mail_read"]["warnings"]


async def test_the_same_mail_to_two_queues_is_two(house: House) -> None:
    await accept(house, arrival(), arrival(recipient="billing@example.org"))
    assert [row["state"] for row in await house.rows()] == ["read", "read"]


async def test_without_message_id_a_mail_may_double(house: House) -> None:
    raw = mail(message_id="")
    await accept(house, arrival(raw), arrival(raw))
    assert [row["state"] for row in await house.rows()] == ["read", "read"]


async def test_files_go_to_the_blob_store_before_the_event(house: House) -> None:
    one = arrival(with_parts(TEXT, FILE))
    accepted = await house.store.accept_mails([(one, read(one))], NOON)
    assert accepted.said == 0
    ((leased, unfinished),) = accepted.leased
    assert unfinished is not None
    await house.store.finish([(leased, unfinished)], NOON)
    (file,) = said(await house.row(one.row))[0]["mail_read"]["attachments"]
    assert await house.blobs.get(file["sha256"]) == b"%PDF-1.4\n"


async def test_a_large_mail_lies_in_the_blob_store(house: House) -> None:
    one = arrival(mail("x" * ROW_OCTETS))
    await house.store.keep_raw(one)
    await house.store.accept_mails([(one, None)], NOON)
    assert "raw" not in await house.row(one.row)
    assert await house.store.raw(one.row) == one.raw
    (leased,) = await house.store.claim(NOON + LEASE, 10)
    assert leased.mail.raw == one.raw


async def test_a_bounce_is_said_as_one_too(house: House) -> None:
    one = arrival(BOUNCE, sender="")
    accepted = await house.store.accept_mails([(one, None)], NOON)
    await house.store.finish([(accepted.leased[0][0], read(one))], NOON)
    row = await house.row(one.row)
    received, bounced = said(row)
    assert (received["type"], bounced["type"]) == ("mail.received.v1", "mail.bounced.v1")
    assert received["id"] != bounced["id"]
    assert bounced["bounce"]["original_message_id"] == "ours@example.org"


async def test_a_quick_second_mail_waits_for_the_first(house: House) -> None:
    first = arrival()
    second = arrival(mail(message_id="second@example.net", headers="In-Reply-To: <first@example.net>"))
    await accept(house, first)
    await accept(house, second)
    row = await house.row(second.row)
    assert (row["state"], row["awaits"]) == ("accepted", [first.row])
    assert await house.store.claim(NOON, 10) == []
    assert await house.store.settle([settled(first.row)], NOON) is True
    (leased,) = await house.store.claim(NOON, 10)
    assert leased.mail.row == second.row
    assert await house.store.finish([(leased, read(second))], NOON) == 0
    assert (await house.row(second.row))["state"] == "read"


async def test_it_waits_for_one_in_the_same_round_too(house: House) -> None:
    first = arrival()
    second = arrival(mail(message_id="second@example.net", headers="References: <first@example.net>"))
    await accept(house, second, first)
    assert (await house.row(second.row))["awaits"] == [first.row]


async def test_nobody_waits_longer_than_ten_seconds(house: House) -> None:
    second = arrival(mail(message_id="second@example.net", headers="In-Reply-To: <first@example.net>"))
    await accept(house, arrival())
    await accept(house, second)
    late = NOON + PATIENCE
    (leased,) = await house.store.claim(late, 10)
    assert await house.store.finish([(leased, read(second))], late) == 0
    assert (await house.row(second.row))["state"] == "read"


async def test_two_mails_that_name_each_other_wait_for_neither_for_ever(house: House) -> None:
    first = arrival(mail(headers="In-Reply-To: <second@example.net>"))
    second = arrival(mail(message_id="second@example.net", headers="In-Reply-To: <first@example.net>"))
    await accept(house, first, second)
    late = NOON + PATIENCE
    taken = await house.store.claim(late, 10)
    assert len(taken) == 2
    assert await house.store.finish([(one, read(one.mail)) for one in taken], late) == 0


async def test_a_mail_that_cannot_be_finished_is_parked_in_the_end(house: House) -> None:
    one = arrival()
    await house.store.accept_mails([(one, None)], NOON)
    now, parked = NOON + LEASE, False
    for _ in range(TRIES):
        (leased,) = await house.store.claim(now, 1)
        parked = await house.store.put_back(leased, "no room", now)
        now += timedelta(minutes=2)
    assert parked
    row = await house.row(one.row)
    assert (row["state"], row["why"]) == ("parked", "no room")
    assert await house.store.claim(now, 1) == []
    assert await house.store.reread([one.row], now) == 1
    (leased,) = await house.store.claim(now, 1)
    assert (leased.reading, leased.tries) == (2, 1)


async def test_an_older_reading_settles_nothing(house: House) -> None:
    one = arrival()
    await accept(house, one)
    await house.store.reread([one.row], NOON)
    (leased,) = await house.store.claim(NOON, 1)
    await house.store.finish([(leased, read(one))], NOON)
    assert said(await house.row(one.row))[-1]["reading"] == 2
    await house.store.settle([settled(one.row, "ignored", reading=1)], NOON)
    assert (await house.row(one.row))["state"] == "read"
    await house.store.settle([settled(one.row, reading=2)], NOON)
    row = await house.row(one.row)
    assert (row["state"], row["outcome"], row["ticket"]) == ("settled", "ticketed", "TW-1")
    assert "open" not in row


async def test_settling_twice_changes_nothing(house: House) -> None:
    one = arrival()
    await accept(house, one)
    await house.store.settle([settled(one.row)], NOON)
    await house.store.settle([settled(one.row, "refused")], NOON)
    assert (await house.row(one.row))["outcome"] == "ticketed"


async def test_the_account_balances(house: House) -> None:
    mails = [arrival(mail(message_id=f"m{n}@x.test")) for n in range(6)]
    await accept(house, *mails, arrival(mails[0].raw))
    for one, outcome in zip(mails, ("ticketed", "ticketed", "ignored", "refused"), strict=False):
        await house.store.settle([settled(one.row, outcome)], NOON)  # type: ignore[arg-type]
    parked = {"state": "parked", "why": "no room"}
    await house.db["mails"].update_one({"_id": mails[4].row}, {"$set": parked, "$unset": {"open": ""}})
    expected = {"ticketed": 2, "ignored": 2, "refused": 1, "parked": 1, "under_way": 1}
    given_up = [{"mail": mails[4].row, "why": "no room"}]
    account = {"received": 7, **expected, "late": 0, "balances": True, "given_up": given_up}
    assert await house.store.account(None, NOON) == account
    late = await house.store.account(None, NOON + timedelta(minutes=16))
    assert late["late"] == 1
    assert (await house.store.account(NOON + timedelta(hours=1), NOON))["received"] == 0


async def test_an_account_with_a_row_in_no_known_state_does_not_balance(house: House) -> None:
    await accept(house, arrival())
    await house.db["mails"].update_one({}, {"$set": {"state": "lost"}})
    assert (await house.store.account(None, NOON))["balances"] is False


async def test_the_addresses_of_queues_are_known(house: House) -> None:
    await house.store.know_queue(Queue(name="support", title="Support", addresses=["Support@example.org", "b@x.test"]))
    assert await house.store.addresses_of("Support") == ["b@x.test", "support@example.org"]
    assert await house.store.addresses_of("billing") == []
    assert await house.store.ours(["who@x.test", "SUPPORT@example.org"]) == ["SUPPORT@example.org"]


async def test_an_old_mail_that_is_read_again_is_not_late_at_once(house: House) -> None:
    one = arrival()
    await accept(house, one)
    now = NOON + timedelta(days=1)
    assert await house.store.late(now) == 1
    await house.store.reread([one.row], now)
    assert await house.store.late(now) == 0
    assert await house.store.late(now + timedelta(minutes=16)) == 1
