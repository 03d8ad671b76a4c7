"""One mail all the way: in by SMTP, a ticket, an automatic reply, an agent's answer, the customer's answer to it."""

from __future__ import annotations

import asyncio
import json
import secrets
from typing import Any

import aio_pika
import httpx
import pytest

from .stack import Stack

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def the_ticket(stack: Stack, subject: str, queue: str = "support", gateway: int = 0) -> Any:
    """The ticket of that subject, once the queue's list has it."""

    async def look() -> Any:
        rows = (await stack.get(f"queues/{queue}/tickets", gateway=gateway))["items"]
        return next((row for row in rows if row["subject"] == subject), None)

    return await stack.until(look, why=f"a ticket “{subject}” in {queue}")


async def timeline(stack: Stack, number: str) -> list[Any]:
    """The ticket's timeline, oldest first."""
    entries: list[Any] = (await stack.get(f"tickets/{number}/timeline"))["items"]
    return entries


def unique(word: str) -> str:
    """A subject that no other test uses."""
    return f"{word} {secrets.token_hex(4)}"


async def test_a_mail_is_answered_and_the_answer_to_the_answer_joins(stack: Stack) -> None:
    subject, customer = unique("Juicer"), f"{secrets.token_hex(4)}@example.net"
    first = stack.send(subject=subject, sender=f"Anna Berg <{customer}>")
    ticket = await the_ticket(stack, subject)
    number = ticket["number"]
    assert ticket["status"] == "new"
    auto = (await stack.until(lambda: stack.mails_to(customer), why="the automatic reply"))[0]
    assert number in auto["Subject"]
    assert auto["Auto-Submitted"] == "auto-replied"
    assert auto["In-Reply-To"] == first

    answer = await stack.post(f"tickets/{number}/replies", {"text": "Please leave it off."})
    assert answer
    mails = await stack.until(lambda: (m := stack.mails_to(customer)) and len(m) == 2 and m, why="the agent's reply")
    reply = next(mail for mail in mails if mail["Message-ID"] != auto["Message-ID"])
    assert reply["In-Reply-To"] == first
    assert "Please leave it off." in reply.get_content()
    assert f"[{number}]" in reply["Subject"]

    stack.send(
        subject=f"Re: {subject}",
        sender="someone.else@example.com",
        text="It is off.",
        headers={"In-Reply-To": reply["Message-ID"], "References": reply["Message-ID"]},
    )

    async def joined() -> bool:
        return any("It is off." in entry["text"] for entry in await timeline(stack, number))

    await stack.until(joined, why="the customer's answer on the same ticket")
    assert (await stack.get(f"tickets/{number}"))["status"] == "open"


async def test_a_stranger_who_writes_the_tag_does_not_join(stack: Stack) -> None:
    subject = unique("Private")
    stack.send(subject=subject)
    number = (await the_ticket(stack, subject))["number"]
    other = unique("Stranger")
    stack.send(subject=f"{other} [{number}]", sender="stranger@example.com")
    assert (await the_ticket(stack, other))["number"] != number
    assert all("stranger" not in json.dumps(entry) for entry in await timeline(stack, number))


async def test_automated_mail_is_never_answered(stack: Stack) -> None:
    subject, sender = unique("Away"), f"{secrets.token_hex(4)}@example.net"
    stack.send(subject=subject, sender=sender, headers={"Auto-Submitted": "auto-replied"})
    await the_ticket(stack, subject)
    marker, answered = unique("Marker"), f"{secrets.token_hex(4)}@example.net"
    stack.send(subject=marker, sender=answered)
    await stack.until(lambda: stack.mails_to(answered), why="the answer to the mail after it")
    assert stack.mails_to(sender) == []


async def test_mail_to_an_unknown_address_is_in_the_catch_all_queue(stack: Stack) -> None:
    subject = unique("Lost")
    stack.send(to="whoever@example.org", subject=subject)
    await the_ticket(stack, subject, queue="unsorted")


async def test_people_read_their_own_writes_at_either_gateway(stack: Stack) -> None:
    subject = unique("Both")
    stack.send(subject=subject)
    number = (await the_ticket(stack, subject, gateway=1))["number"]
    await stack.put(f"tickets/{number}/priority", {"priority": 90}, gateway=1)
    assert (await stack.get(f"tickets/{number}", gateway=1))["priority"] == 90
    await stack.put(f"tickets/{number}/status", {"status": "resolved"})
    assert (await stack.get(f"tickets/{number}"))["status"] == "resolved"
    await stack.put(f"tickets/{number}/owner", {"owner": "admin"})
    assert (await stack.get(f"tickets/{number}"))["owner"]["login"] == "admin"


async def test_the_same_key_does_it_once_and_another_body_is_refused(stack: Stack) -> None:
    subject = unique("Key")
    stack.send(subject=subject)
    number = (await the_ticket(stack, subject))["number"]
    key = {"Idempotency-Key": secrets.token_hex(8)}
    for gateway in (0, 1):
        await stack.call("POST", f"tickets/{number}/notes", {"text": "once"}, headers=key, gateway=gateway)
    other = await stack.call("POST", f"tickets/{number}/notes", {"text": "twice"}, headers=key, check=False)
    assert other.status_code == 422
    assert sum(entry["text"] == "once" for entry in await timeline(stack, number)) == 1


async def test_a_stale_if_match_is_refused(stack: Stack) -> None:
    subject = unique("Stale")
    stack.send(subject=subject)
    number = (await the_ticket(stack, subject))["number"]
    seen = (await stack.call("GET", f"tickets/{number}")).headers["ETag"]
    await stack.put(f"tickets/{number}/priority", {"priority": 10}, headers={"If-Match": seen})
    stale = await stack.call(
        "PUT", f"tickets/{number}/priority", {"priority": 20}, headers={"If-Match": seen}, check=False
    )
    assert stale.status_code == 412
    assert stale.headers["Content-Type"].startswith("application/problem+json")


async def test_an_outsider_hears_no_note_and_no_hole(stack: Stack) -> None:
    heard: list[tuple[str, dict[str, Any]]] = []
    connection = await aio_pika.connect(stack.broker_url)
    async with connection:
        channel = await connection.channel()
        queue = await channel.declare_queue("outsider", exclusive=True)
        await queue.bind("ticketwire.events", "#")

        async def hear(message: Any) -> None:
            heard.append((message.routing_key, json.loads(message.body)))

        await queue.consume(hear, no_ack=True)
        subject, secret = unique("Public"), f"psst-{secrets.token_hex(6)}"
        stack.send(subject=subject)
        number = (await the_ticket(stack, subject))["number"]
        await stack.post(f"tickets/{number}/notes", {"text": secret})
        await stack.post(f"tickets/{number}/replies", {"text": "An answer."})
        await stack.post(f"tickets/{number}/notes", {"text": secret})
        await stack.put(f"tickets/{number}/status", {"status": "resolved"})
        mine = [(key, event) for key, event in heard if event["subject"] == f"ticket/{number}"]

        def complete() -> bool:
            nonlocal mine
            mine = [(key, event) for key, event in heard if event["subject"] == f"ticket/{number}"]
            return len(mine) >= 4

        await stack.until(complete, why="four public events")
    assert sorted(event["public_version"] for _, event in mine) == [1, 2, 3, 4]
    assert secret not in json.dumps(heard)
    assert all("chain" not in event and "seq" not in event and "cause" not in event for _, event in heard)
    assert {key for key, _ in mine} == {
        "ticket.opened.v1.support",
        "ticket.replied.v1.support",
        "ticket.status_changed.v1.support",
    }


async def test_the_stream_tells_of_a_new_ticket(stack: Stack) -> None:
    url, headers = f"{stack.base_url}/api/v1/stream", {"Authorization": f"Bearer {stack.token}"}
    async with httpx.AsyncClient(timeout=30) as client, client.stream("GET", url, headers=headers) as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        await asyncio.sleep(0.5)
        subject = unique("Live")
        stack.send(subject=subject)
        async with asyncio.timeout(10):
            async for line in stream.aiter_lines():
                if line.startswith("data:") and '"ticket"' in line:
                    number = json.loads(line[5:])["ticket"]
                    if (await stack.get(f"tickets/{number}"))["subject"] == subject:
                        break


async def test_the_account_balances(stack: Stack) -> None:
    async def balanced() -> bool:
        account = await stack.account()
        parts = [account[name] for name in ("ticketed", "ignored", "refused", "parked", "under_way")]
        return account["received"] == sum(parts) and account["under_way"] == 0 and account["received"] > 0

    await stack.until(balanced, why="received = ticketed + ignored + refused")
