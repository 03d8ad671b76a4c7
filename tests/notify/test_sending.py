"""Mails on their way to a real SMTP server that takes, refuses, stumbles and goes away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes, policy
from hashlib import sha256
from typing import Any

import pytest

from services.notify import mail as sending
from services.notify import timers
from services.notify.domain.directory import Known
from services.notify.domain.outgoing import Outgoing
from services.notify.store import LEASE

from .conftest import House, Postbox, build, grant_taken, knows
from .world import ANNA, GRANTS, OSKAR, file, message, noted, opened, outgoing, party, received, replied, ticket

NOTE_SHOW = next(n for n, grant in enumerate(GRANTS) if grant.right == "note.show")


def only(verb: str, answer: str, about: str = "") -> Callable[[str, str], str | None]:
    """The server answers so to one command (about one address), to all else that it is fine."""
    return lambda said, what: answer if said == verb and about in what else None


def replies(n: int, **change: Any) -> list[Outgoing]:
    """So many rows."""
    return [outgoing(id=f"row-{one:02}", to=(f"anna{one}@example.net",), first_at=now(), **change) for one in range(n)]


def now() -> datetime:
    """The clock of the wall: rows are tried by it."""
    return datetime.now(UTC)


async def begin(house: House, *rows: Outgoing) -> None:
    """Rows come, and are sent."""
    house.sender.send(await house.rows.add(rows or [outgoing(first_at=now())], now()))
    if not house.tasks:
        house.start()


async def test_a_mail_goes_out_and_it_is_said(house: House) -> None:
    house.start()
    await house.hear(replied("Hello.\n.\nBye."))
    await house.settled("sent", "sent")
    (mail,) = [mail for mail in house.postbox.mails if mail.recipients == ["anna@example.net"]]
    assert mail.sender == "support@example.org"
    assert message_from_bytes(mail.octets, policy=policy.default).get_content().splitlines() == ["Hello.", ".", "Bye."]
    assert {event["type"] for event in await house.said()} == {"notification.sent.v1"}
    (notice,) = [mail for mail in house.postbox.mails if mail.recipients == ["oskar@example.org"]]
    assert notice.sender == "<>"  # the empty one: nothing bounces to us what a machine wrote


async def test_many_mails_go_over_few_connections_in_order(house: House) -> None:
    house.sender._server = sending.Server("127.0.0.1", house.postbox.port, "none", "", "", 5.0, 1)
    await begin(house, *replies(30))
    await house.settled(*["sent"] * 30)
    assert house.postbox.connections == 1
    assert [mail.recipients[0] for mail in house.postbox.mails] == [f"anna{n}@example.net" for n in range(30)]


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
async def test_not_now_means_later(house: House, verb: str) -> None:
    house.postbox.answer = only(verb, "451 4.7.1 Greylisted")
    await begin(house)
    await house.tried()
    (doc,) = await house.docs()
    assert (doc["state"], doc["tries"]) == ("waiting", 1)
    assert await house.said() == []
    house.postbox.answer = only("", "")
    await house.come_due()
    await house.settled("sent")
    assert len(house.postbox.mails) == 1
    assert (await house.docs())[0]["tries"] == 2


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
async def test_never_means_failed_with_the_servers_words(house: House, verb: str) -> None:
    house.postbox.answer = only(verb, "550 5.1.1 No such person")
    await begin(house)
    await house.settled("failed")
    (event,) = await house.said()
    assert event["type"] == "notification.failed.v1"
    assert event["recipients"] == ["anna@example.net"]
    assert "550 5.1.1 No such person" in event["reason"]
    assert (await house.docs())[0]["mail"]  # it may be resent


async def test_a_refusal_of_us_is_not_one_of_the_mail(house: House) -> None:
    house.postbox.answer = only("MAIL", "530 5.7.0 Authentication required")
    await begin(house)
    await house.tried()
    assert (await house.docs())[0]["state"] == "waiting"


async def test_each_recipient_has_a_fate_of_their_own(house: House) -> None:
    house.postbox.answer = lambda verb, what: {"b@x.net": "550 never", "c@x.net": "450 later"}.get(what)
    await begin(house, outgoing(to=("a@x.net", "b@x.net", "c@x.net"), first_at=now()))
    await house.tried()
    sent, failed = await house.said()
    assert (sent["type"], sent["recipients"]) == ("notification.sent.v1", ["a@x.net"])
    assert (failed["type"], failed["recipients"]) == ("notification.failed.v1", ["b@x.net"])
    assert (await house.docs())[0]["open"] == ["c@x.net"]
    house.postbox.answer = only("", "")
    await house.come_due()
    await house.settled("failed")  # one was given up, and may be resent to
    assert [mail.recipients for mail in house.postbox.mails] == [["a@x.net"], ["c@x.net"]]
    assert (await house.docs())[0]["open"] == ["b@x.net"]


async def test_a_connection_that_was_dropped_is_opened_anew(house: House) -> None:
    house.sender._server = sending.Server("127.0.0.1", house.postbox.port, "none", "", "", 5.0, 1)
    first, second = replies(2)
    await begin(house, first)
    await house.settled("sent")
    dropped: list[str] = []

    def answer(verb: str, what: str) -> str | None:
        if verb == "MAIL" and not dropped:
            dropped.append(what)
            return "drop"
        return None

    house.postbox.answer = answer
    await begin(house, second)
    await house.settled("sent", "sent")
    assert len(dropped) == 1
    assert house.postbox.connections == 2
    assert [doc["tries"] for doc in await house.docs()] == [1, 1]


async def test_a_server_that_always_hangs_up_gets_the_mail_later(house: House) -> None:
    house.postbox.answer = only("DATA", "drop")
    await begin(house)
    await house.tried()
    assert (await house.docs())[0]["state"] == "waiting"


async def test_a_server_that_says_goodbye_gets_the_next_mail_on_a_new_connection(house: House) -> None:
    house.postbox.answer = only("MAIL", "421 4.3.2 Shutting down")
    await begin(house)
    await house.tried()
    house.postbox.answer = only("", "")
    await house.come_due()
    await house.settled("sent")


async def test_while_the_server_is_away_mails_wait(house: House) -> None:
    await house.postbox.stop()
    await begin(house, *replies(5))
    await house.tried()
    assert {doc["state"] for doc in await house.docs()} == {"waiting"}
    await house.postbox.start()
    await house.come_due()
    await house.settled(*["sent"] * 5)
    assert len(house.postbox.mails) == 5


async def test_a_server_that_does_not_answer_is_left_after_a_while(house: House) -> None:
    house.sender._server = sending.Server("127.0.0.1", house.postbox.port, "none", "", "", 0.3, 2)
    house.postbox.pause = 3.0
    await begin(house)
    await house.tried()
    assert (await house.docs())[0]["state"] == "waiting"


async def test_a_row_keeps_its_lease_while_it_is_being_sent(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    assert LEASE.total_seconds() > sending.FRESH_SECONDS + 2 * sending.KEEP_SECONDS
    monkeypatch.setattr(sending, "KEEP_SECONDS", 0.1)
    house.postbox.pause = 2.0
    await begin(house)
    await house.until(lambda: house.postbox.open == 1)
    before = (await house.docs())[0]["due_at"]

    async def renewed() -> bool:
        return bool((await house.docs())[0].get("due_at", before) > before)

    await house.until(renewed)
    await house.settled("sent")


async def test_a_try_that_takes_for_ever_is_given_up(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "TRY_SECONDS", 0.3)
    house.postbox.pause = 3.0
    await begin(house)
    await house.tried()
    assert (await house.docs())[0]["state"] == "waiting"


# ---------------------------------------------------------------------------------------------- caps and rights


async def test_forty_automatic_replies_a_day_reach_an_address_and_no_more(house: House) -> None:
    house.start()
    for part in range(5):
        await house.hear(*(opened(number=f"TW-{part * 10 + n}") for n in range(10)))
    replies = [doc for doc in await house.docs() if doc["kind"] == "auto_reply"]
    assert len(replies) == 50

    async def done() -> bool:
        docs = [doc for doc in await house.docs() if doc["kind"] == "auto_reply"]
        return all("due_at" not in doc for doc in docs)

    await house.until(done)
    states = [doc["state"] for doc in await house.docs() if doc["kind"] == "auto_reply"]
    assert (states.count("sent"), states.count("failed")) == (40, 10)
    assert sum(mail.recipients == ["anna@example.net"] for mail in house.postbox.mails) == 40
    reasons = {event["reason"] for event in await house.said() if event["type"] == "notification.failed.v1"}
    assert reasons == {"over the cap of automatic mails a day"}


async def test_a_cap_holds_over_two_replicas_and_a_further_try_does_not_count(house: House) -> None:
    house.sender._caps["auto_reply"] = 5
    other = build(house.db, house.postbox, cap=5)
    house.postbox.answer = only("RCPT", "450 later")
    try:
        for n, one in enumerate([house, other] * 4):
            await begin(one, outgoing(id=f"row-{n}", kind="auto_reply", first_at=now()))
        await house.tried()
        house.postbox.answer = only("", "")
        await house.come_due()

        async def done() -> bool:
            return not any("due_at" in doc for doc in await house.docs())

        await house.until(done)
    finally:
        await other.stop()
    sent = [doc for doc in await house.docs() if doc["state"] == "sent"]
    # never more; two replicas that count in the same moment may both stand back
    assert 1 <= len(sent) == len(house.postbox.mails) <= 5
    assert [doc["n"] for doc in await house.db["caps"].find({})] == [8]


async def test_replies_of_agents_have_no_cap(house: House) -> None:
    house.sender._caps["auto_reply"] = house.sender._notices = 1
    await begin(house, *(outgoing(id=f"row-{n}", first_at=now()) for n in range(5)))
    await house.settled(*["sent"] * 5)


async def test_a_right_taken_back_between_row_and_sending_withholds_the_mail(house: House) -> None:
    await house.hear(noted("The secret of the house.", ticket=ticket(owner=party(OSKAR))))
    ((_, kind),) = [(doc["_id"], doc["kind"]) for doc in await house.docs()]
    assert kind == "owner"
    gone = OSKAR.model_copy(update={"disabled": True})
    await house.directories.keep([Known(OSKAR.id, 9, gone)])
    house.start()
    await house.settled("failed")
    assert house.postbox.mails == []
    (event,) = await house.said()
    assert event["reason"] == "the recipient may not see it any more"


async def test_a_right_taken_back_between_two_tries_withholds_the_mail(house: House) -> None:
    house.postbox.answer = only("RCPT", "450 later")
    house.start()
    await house.hear(noted("The secret of the house."))
    await house.tried()
    house.postbox.answer = only("", "")
    await house.directories.keep(knows([grant_taken(NOTE_SHOW)]))
    await house.come_due()
    await house.settled("failed")
    assert house.postbox.mails == []


async def test_what_waited_long_is_asked_for_anew_before_it_goes(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "FRESH_SECONDS", -1.0)
    mine, theirs = replies(2)
    pairs = await house.rows.add([mine, theirs], now())
    await house.db["outgoing"].update_one({"_id": theirs.id}, {"$set": {"lease": "another's"}})
    house.sender.send(pairs)
    house.start()

    async def sent() -> bool:
        return {doc["_id"] for doc in await house.docs() if doc["state"] == "sent"} == {mine.id}

    await house.until(sent)
    assert [mail.recipients for mail in house.postbox.mails] == [list(mine.recipients)]


async def test_what_waited_long_is_withheld_if_the_right_is_gone(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await house.hear(noted())
    monkeypatch.setattr(sending, "FRESH_SECONDS", -1.0)
    current = house.directories.current
    asked = 0

    async def moves() -> Any:
        nonlocal asked
        asked += 1
        if asked == 2:  # after the row was cleared, before it is sent
            await house.directories.keep(knows([grant_taken(NOTE_SHOW)]))
        return await current()

    monkeypatch.setattr(house.directories, "current", moves)
    house.start()
    await house.settled("failed")
    assert house.postbox.mails == []


async def test_no_more_wait_in_memory_than_there_is_room_for(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    assert timers.AT_ONCE <= sending.BACKLOG // 2  # what is claimed finds room
    monkeypatch.setattr(sending, "BACKLOG", 4)
    monkeypatch.setattr(timers, "AT_ONCE", 2)
    pairs = await house.rows.add(replies(10), now())
    house.sender.send(pairs)
    assert not house.sender.has_room()
    house.start()
    await house.until(lambda: len(house.postbox.mails) == 4)
    await house.until(house.sender.has_room)
    await house.come_due()
    await house.settled(*["sent"] * 10)


# --------------------------------------------------------------------------------------------------- attachments


async def test_files_go_along(house: House) -> None:
    data = bytes(range(256)) * 5000
    name = await house.blobs.put(data, "tickets:TW-12.1")
    house.start()
    await house.hear(replied(attachments=[file("Übersicht.bin", "application/x-thing", name, len(data))]))
    await house.settled("sent", "sent")
    (mail,) = [mail for mail in house.postbox.mails if mail.recipients == ["anna@example.net"]]
    _, part = message_from_bytes(mail.octets, policy=policy.default).iter_parts()
    assert part.get_filename() == "Übersicht.bin"
    assert part.get_payload(decode=True) == data
    (notice,) = [mail for mail in house.postbox.mails if mail.recipients == ["oskar@example.org"]]
    assert "Übersicht.bin" in message_from_bytes(notice.octets, policy=policy.default).get_content()


async def test_a_file_that_is_not_there_yet_keeps_the_mail_back(house: House) -> None:
    data = b"late"
    digest = sha256(data).hexdigest()
    await begin(house, outgoing(first_at=now(), attachments=(file(digest=digest),)))
    await house.tried()
    assert house.postbox.mails == []
    await house.blobs.put(data, "tickets:TW-12.1")
    await house.come_due()
    await house.settled("sent")


# --------------------------------------------------------------------------------------------- stop, and again


async def test_a_stop_finishes_what_was_begun_and_frees_the_rest(house: House) -> None:
    house.postbox.pause = 0.5
    await begin(house, *replies(10))
    await house.until(lambda: house.postbox.open == 2)
    await asyncio.sleep(0.2)
    await house.stop()
    docs = await house.docs()
    sent = [doc for doc in docs if doc["state"] == "sent"]
    assert len(sent) == len(house.postbox.mails) > 0
    assert all("lease" not in doc and doc["due_at"] <= now() for doc in docs if doc["state"] == "waiting")
    house.postbox.pause = 0.0
    await house.until(lambda: house.postbox.open == 0)
    other = build(house.db, house.postbox)
    other.start()
    await house.settled(*["sent"] * 10)
    await other.stop()
    assert len({mail.recipients[0] for mail in house.postbox.mails}) == len(house.postbox.mails) == 10


async def test_a_stop_with_nothing_to_do_waits_for_nothing(house: House) -> None:
    await begin(house)
    await house.settled("sent")
    began = time.monotonic()
    await house.stop()
    assert time.monotonic() - began < sending.STOP_SECONDS
    await house.until(lambda: house.postbox.open == 0)


async def test_a_stop_does_not_wait_for_a_server_that_hangs(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "STOP_SECONDS", 0.3)
    house.postbox.pause = 2.0
    await begin(house)
    await house.until(lambda: house.postbox.open == 1)
    await house.stop()
    assert (await house.docs())[0]["state"] == "waiting"


async def test_what_a_dead_replica_left_is_sent_by_another(house: House) -> None:
    await house.hear(replied())  # rows under a lease of a replica that never sends
    await house.come_due()
    other = build(house.db, house.postbox)
    other.start()
    await house.settled("sent", "sent")
    await other.stop()


async def test_an_unused_connection_is_closed_and_the_next_mail_opens_another(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "IDLE_SECONDS", 0.2)
    first, second = replies(2)
    await begin(house, first)
    await house.settled("sent")
    await house.until(lambda: house.postbox.open == 0)
    await begin(house, second)
    await house.settled("sent", "sent")


async def test_outcomes_are_written_when_mongo_is_back(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    settle = house.rows.settle
    failures = 2

    async def stumbles(*arguments: Any) -> None:
        nonlocal failures
        if failures:
            failures -= 1
            raise ConnectionError("away")
        await settle(*arguments)

    monkeypatch.setattr(house.rows, "settle", stumbles)
    await begin(house)
    await house.until(lambda: failures < 2 and not house.sender.has_room())  # what has gone out must not be claimed
    await house.settled("sent")
    await house.until(house.sender.has_room)
    assert len(house.postbox.mails) == 1


async def test_a_notice_of_each_kind_goes_out(house: House) -> None:
    house.start()
    await house.hear(received(message=message(author=ANNA)))
    await house.settled("sent", "sent")
    assert sorted(mail.recipients[0] for mail in house.postbox.mails) == ["mara@example.org", "oskar@example.org"]


def test_the_server_of_these_tests_can_refuse() -> None:
    assert only("RCPT", "550", "a@")("RCPT", "a@x") == "550"
    assert Postbox().answer("RCPT", "a@x") is None
