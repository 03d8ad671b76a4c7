"""Postfix on both sides: it relays mail to ingest, and it is the next mail server of notify."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import smtplib
from email.message import EmailMessage
from typing import Any

import httpx
import pytest

from ..flow.stack import Stack
from .conftest import LARGEST
from .kept import rows_with, stays_one, ticket_with
from .postfix import Postfix

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]


def hand_in(
    relay: Postfix, raw: bytes, sender: str = "anna@example.net", *to: str, options: tuple[str, ...] = ()
) -> None:
    """A customer's program gives a mail to its server."""
    with smtplib.SMTP("127.0.0.1", relay.port, timeout=60) as smtp:
        smtp.ehlo("customer.example.net")
        smtp.sendmail(sender, list(to) or ["support@example.org"], raw.replace(b"\n", b"\r\n"), mail_options=options)


def plain(mark: bytes, text: bytes = b"It hums.") -> bytes:
    """An ordinary mail."""
    head = b"From: anna@example.net\nTo: support@example.org\nSubject: Relay %s\nMessage-ID: <%s@example.net>\n"
    return head % (mark, mark) + b"\n" + text + b"\n"


def a_mark() -> bytes:
    """A word that stands in no other mail."""
    return secrets.token_hex(6).encode()


def body(row: dict[str, Any]) -> bytes:
    """What follows the head, of which Postfix has a line in front of ours."""
    return bytes(row["raw"]).partition(b"\r\n\r\n")[2]


async def until_waiting(stack: Stack, relay: Postfix, why: str) -> None:
    """Until a mail waits in Postfix's queue for a reason."""

    def waits() -> bool:
        reasons = [to.get("delay_reason", "") for one in relay.waiting() for to in one["recipients"]]
        return any(re.search(why, reason) for reason in reasons)

    await stack.until(waits, 60, f"a mail waits because of {why}")


async def until_delivered(stack: Stack, relay: Postfix) -> None:
    """Until nothing waits any more. Left alone, Postfix takes its time for the next try."""
    await stack.ready(120)

    async def nothing_waits() -> bool:
        relay.flush()
        await asyncio.sleep(1)
        return relay.waiting() == []

    await stack.until(nothing_waits, 120, "an empty queue")


# ------------------------------------------------------------------------------------------------ to ingest


async def test_a_relayed_mail_arrives_by_a_pipelined_dialogue(stack: Stack, relay: Postfix) -> None:
    mark = a_mark()
    hand_in(relay, plain(mark))
    row = await ticket_with(stack, mark)
    assert row["envelope_from"] == "anna@example.net"
    assert body(row) == b"It hums.\r\n"
    assert "Using ESMTP PIPELINING" in relay.log()
    await stays_one(stack, mark)


async def test_many_mails_to_several_recipients_arrive_once_each(stack: Stack, relay: Postfix) -> None:
    marks = [a_mark() for _ in range(20)]
    both = ("support@example.org", "billing@example.org")
    await asyncio.gather(*(asyncio.to_thread(hand_in, relay, plain(mark), "anna@example.net", *both) for mark in marks))

    async def all_there() -> bool:
        found = [await rows_with(stack, mark) for mark in marks]
        return all(sorted(row["recipient"] for row in rows) == sorted(both) for rows in found)

    await stack.until(all_there, 60, "each mail for both queues")
    await until_delivered(stack, relay)


async def test_a_mail_waits_while_ingest_is_down_and_arrives_once(stack: Stack, relay: Postfix) -> None:
    mark = a_mark()
    stack.kill("ingest")
    hand_in(relay, plain(mark))
    await until_waiting(stack, relay, "Connection refused")
    stack.start_one("ingest")
    await until_delivered(stack, relay)
    await ticket_with(stack, mark)
    await stays_one(stack, mark)


async def test_a_mail_waits_while_ingest_cannot_keep_it_and_arrives_once(stack: Stack, relay: Postfix) -> None:
    mark = a_mark()
    stack.kill("ingest")
    stack.extra["INGEST_IN_FLIGHT_OCTETS"] = "1024"
    stack.start_one("ingest")
    await stack.ready(120)
    hand_in(relay, plain(mark, b"long " * 500))
    await until_waiting(stack, relay, "451 4.3.0")
    assert await rows_with(stack, mark) == []
    stack.kill("ingest")
    del stack.extra["INGEST_IN_FLIGHT_OCTETS"]
    stack.start_one("ingest")
    await until_delivered(stack, relay)
    await ticket_with(stack, mark)
    await stays_one(stack, mark)


@pytest.mark.parametrize("to", ["support@example.org", "support@unsized.example"])
async def test_a_mail_that_is_too_large_comes_back_with_the_reason(stack: Stack, relay: Postfix, to: str) -> None:
    """By the size that we announce; and by our refusal, where the sender does not look at it."""
    mark = a_mark()
    sender = f"{mark.decode()}@example.net"
    hand_in(relay, plain(mark, b"x" * 70 + b"\n" + (b"y" * 70 + b"\n") * (LARGEST // 70)), sender, to)
    bounce = (await stack.until(lambda: stack.mails_to(sender), 60, "a bounce"))[0]
    report = next(part for part in bounce.walk() if part.get_content_type() == "message/delivery-status")
    told = str(report)
    assert "Action: failed" in told
    assert "Status: 5.3.4" in told
    if "unsized" in to:
        assert "552 5.3.4" in told
    assert await rows_with(stack, mark) == []
    await until_delivered(stack, relay)


async def test_lines_of_any_length_arrive_whole(stack: Stack, relay: Postfix) -> None:
    mark = a_mark()
    text = b"<p>" + b"word " * 20_000 + b"</p>\n" + b"short"
    hand_in(relay, plain(mark, text))
    assert body(await ticket_with(stack, mark)) == text.replace(b"\n", b"\r\n") + b"\r\n"


async def test_dots_at_the_beginning_of_lines_arrive_as_they_were(stack: Stack, relay: Postfix) -> None:
    mark = a_mark()
    hand_in(relay, plain(mark, b".\n..\n.text\n."))
    assert body(await ticket_with(stack, mark)) == b".\r\n..\r\n.text\r\n.\r\n"


async def test_eight_bits_arrive_as_they_were(stack: Stack, relay: Postfix) -> None:
    mark = a_mark()
    kind = b"MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n"
    head, _, _ = plain(mark).partition(b"\n\n")
    text = "Grüße aus Kraków, ☃".encode()
    hand_in(relay, head + b"\n" + kind + b"\n" + text + b"\n", options=("BODY=8BITMIME",))
    row = await ticket_with(stack, mark)
    assert body(row) == text + b"\r\n"
    entries = (await stack.get(f"tickets/{row['ticket']}/timeline"))["items"]
    assert entries[0]["text"].strip() == text.decode()


async def test_addresses_beyond_ascii_arrive(stack: Stack, relay: Postfix) -> None:
    mark = a_mark()
    head = f"From: Zoë <zoë@example.net>\nTo: kümmerer@example.org\nSubject: Grüße {mark.decode()}\n\nHallo.\n"
    with smtplib.SMTP("127.0.0.1", relay.port, timeout=60) as smtp:
        smtp.ehlo("customer.example.net")
        assert smtp.has_extn("smtputf8")
        raw = head.replace("\n", "\r\n").encode()
        smtp.sendmail("zoë@example.net", ["kümmerer@example.org"], raw, mail_options=("SMTPUTF8", "BODY=8BITMIME"))
    row = await ticket_with(stack, mark)
    assert (row["envelope_from"], row["recipient"]) == ("zoë@example.net", "kümmerer@example.org")
    ticket = await stack.get(f"tickets/{row['ticket']}")
    assert ticket["requesters"][0]["address"] == "zoë@example.net"
    assert ticket["subject"] == f"Grüße {mark.decode()}"
    await until_delivered(stack, relay)


# --------------------------------------------------------------------------------------------- from notify


async def ticket_of(stack: Stack, relay: Postfix, sender: str, subject: str = "Help") -> str:
    """A ticket whose requester is a customer beyond both Postfixes."""
    mark = a_mark()
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, "support@example.org", subject
    mail["Message-ID"] = f"<{mark.decode()}@example.net>"
    mail.set_content("It hums.")
    hand_in(relay, mail.as_bytes(), sender)
    return str((await ticket_with(stack, mark))["ticket"])


def as_it_came(stack: Stack, mark: str) -> list[bytes]:
    """The lines of the one mail in the sink that has a word in it."""
    (raw,) = [raw for path in stack.outbox_folder.glob("*.eml") if mark.encode() in (raw := path.read_bytes())]
    return raw.split(b"\r\n")


async def test_postfix_takes_our_mails_as_strict_as_it_is(stack: Stack, relay: Postfix) -> None:
    customer = f"{secrets.token_hex(5)}@example.net"
    subject = "Überlange Betreffzeile mit Grüßen " + "und noch mehr davon " * 12
    number = await ticket_of(stack, relay, f"Zoë Müller-Lüdenscheidt <{customer}>", subject)
    auto = (await stack.until(lambda: stack.mails_to(customer), 60, "the automatic reply"))[0]
    assert auto["Return-Path"] == "<>"
    assert number in auto["Subject"]
    word = secrets.token_hex(8)
    text = f"Grüße, {word}\n.\nFrom here on\n" + "ein sehr langer Satz ohne Umbruch " * 100
    upload = b"\x00\xff" * 3000
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {stack.token}"}) as client:
        where = f"{stack.base_url}/api/v1/attachments"
        uploaded = await client.post(where, params={"filename": "Übersicht.bin"}, content=upload, timeout=60)
    file = uploaded.json()["sha256"]
    await stack.post(f"tickets/{number}/replies", {"text": text, "attachments": [file]})

    def replies() -> list[EmailMessage]:
        return [mail for mail in stack.mails_to(customer) if mail["Auto-Submitted"] is None]

    reply = (await stack.until(replies, 60, "the agent's reply"))[0]
    said, attached = reply.get_body(("plain",)), list(reply.iter_attachments())
    assert said is not None
    assert " ".join(said.get_content().split()).startswith(" ".join(text.split()))
    assert [one.get_content() for one in attached] == [upload]
    assert [one.get_filename() for one in attached] == ["Übersicht.bin"]
    assert reply["Return-Path"].startswith("<support")
    for mark in (str(auto["Message-ID"]), str(reply["Message-ID"])):
        lines = as_it_came(stack, f"Message-ID: {mark}")
        head = lines[: lines.index(b"")]
        assert all(len(line) <= 998 for line in lines)
        assert all(line.isascii() for line in head)
        assert not any(b"\n" in line or b"\r" in line for line in lines)


async def entries_of(stack: Stack, number: str, kind: str) -> list[dict[str, Any]]:
    """What a ticket's timeline has of a kind."""
    entries = (await stack.get(f"tickets/{number}/timeline"))["items"]
    return [entry for entry in entries if entry["type"] == kind]


async def test_what_postfix_refuses_at_once_is_told_on_the_ticket(stack: Stack, relay: Postfix) -> None:
    number = await ticket_of(stack, relay, f"{secrets.token_hex(5)}@example.net")
    await stack.post(f"tickets/{number}/replies", {"text": "Here it is.", "to": ["gone@nowhere.example"]})
    (failed,) = await stack.until(lambda: entries_of(stack, number, "notification.failed"), 60, "that it failed")
    assert "gone@nowhere.example" in json.dumps(failed["details"])
    assert "5.1.1" in json.dumps(failed["details"])


async def test_what_postfix_cannot_deliver_comes_back_to_the_ticket(stack: Stack, relay: Postfix) -> None:
    number = await ticket_of(stack, relay, f"{secrets.token_hex(5)}@example.net")
    await stack.post(f"tickets/{number}/replies", {"text": "Here it is.", "to": ["gone@later.example"]})
    (bounce,) = await stack.until(lambda: entries_of(stack, number, "ticket.noted"), 60, "the bounce as a note")
    assert bounce["internal"]
    assert "gone@later.example" in bounce["text"]
    assert bounce["message"]["auto"]
