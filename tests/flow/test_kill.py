"""Kill -9 of each service in turn while mails flow: every accepted mail is exactly one ticket message."""

from __future__ import annotations

import asyncio
import secrets
import smtplib
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.servers import Rabbit
from ticketwire_chassis.mongo import open_database

from .stack import SERVICES, Stack

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(600)]

MAILS = 300


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack(mongo_url: str, broker_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """A stack of its own, to be mistreated."""
    folder: Path = tmp_path_factory.mktemp("kill")
    running = Stack(mongo_url, broker_url, folder, replicas={"tickets": 2, "gateway": 2})
    try:
        await running.start()
        await running.make_queues()
        yield running
    finally:
        await running.stop()


class Sender:
    """Sends mails one after another, as a mail server does: what was not accepted is tried again."""

    def __init__(self, stack: Stack, count: int) -> None:
        self.stack = stack
        self.count = count
        self.accepted = 0
        self.tag = secrets.token_hex(4)

    def subject(self, number: int) -> str:
        """The subject of the n-th mail."""
        return f"Flood {self.tag} {number}"

    async def run(self) -> None:
        """All of them; each until it is accepted."""
        for number in range(self.count):
            while not await asyncio.to_thread(self._try, number):
                await asyncio.sleep(0.2)
            self.accepted += 1
            await asyncio.sleep(0.02)

    def _try(self, number: int) -> bool:
        try:
            self.stack.send(
                subject=self.subject(number),
                sender=f"{self.tag}-{number}@example.net",
                message_id=f"<{self.tag}.{number}@example.net>",
            )
        except (OSError, smtplib.SMTPException):
            return False
        return True


async def whole(stack: Stack, sender: Sender) -> None:
    """Every accepted mail is one ticket, answered once; the log has no gap."""

    def addresses() -> Counter[str]:
        mine = (mail["To"] for mail in stack.outbox() if sender.tag in str(mail["To"]))
        return Counter(str(to).strip("<>") for to in mine)

    expected = {f"{sender.tag}-{number}@example.net" for number in range(sender.count)}
    await stack.until(
        lambda: {a.split("<")[-1].strip(">") for a in addresses()} >= expected, 120, "an answer to each mail"
    )
    tickets = open_database(stack.mongo_url, f"tw{stack.tag}_tickets", "pymongo")
    try:
        subjects = await tickets["commits"].aggregate(
            [
                {"$match": {"_id.seq": 1, "after.subject": {"$regex": f"^Flood {sender.tag} "}}},
                {"$project": {"s": "$after.subject"}},
            ]
        )
        assert Counter(row["s"] for row in subjects) == Counter(sender.subject(n) for n in range(sender.count))

        async def all_said() -> bool:
            return await tickets["commits"].count({"pending": True}) == 0

        await stack.until(all_said, 30, "nothing pending in the log")
        places = [row["_id"] for row in await tickets["positions"].find({}, sort=[("_id", 1)])]
        assert places == list(range(1, len(places) + 1))
        assert len(places) == await tickets["commits"].count({})
    finally:
        await tickets.close()
    ids: dict[str, set[str]] = {}
    for mail in stack.outbox():
        if sender.tag in str(mail["To"]):
            ids.setdefault(str(mail["To"]), set()).add(str(mail["Message-ID"]))
    assert all(len(different) == 1 for different in ids.values()), (
        "one automatic reply has one id, however often it came"
    )


async def test_kill_minus_nine_of_each_service_loses_and_doubles_nothing(stack: Stack) -> None:
    sender = Sender(stack, MAILS)
    sending = asyncio.create_task(sender.run())
    for name in SERVICES:
        seen = sender.accepted
        await stack.until(lambda seen=seen: sender.accepted >= min(seen + 25, MAILS), 60, "mails flow")  # type: ignore[misc]
        stack.kill(name)
        await asyncio.sleep(0.6)
        stack.start_one(name)
    await sending
    await stack.ready(90)
    await whole(stack, sender)


async def test_a_restart_of_the_broker_loses_and_doubles_nothing(stack: Stack, rabbit: Rabbit) -> None:
    sender = Sender(stack, 80)
    sending = asyncio.create_task(sender.run())
    await stack.until(lambda: sender.accepted >= 25, 60, "mails flow")
    await asyncio.to_thread(rabbit.restart, True)
    await sending
    await stack.ready(120)
    await whole(stack, sender)
