"""Many mails at once, and the question whether each became what it should.

sender = Sender(stack, [letter(stranger(), f"Mail {n}") for n in range(300)])
await sender.run()
await whole(stack, sender.accepted)
"""

from __future__ import annotations

import asyncio
import email.parser
import random
import re
import secrets
import smtplib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from email.message import EmailMessage, Message
from email.policy import SMTP
from hashlib import sha256

from ticketwire_chassis.mongo import Database, Doc

from .stack import Stack

TO = "support@example.org"
CAP = 40
"""Automatic replies to one address in a day."""
ROWS = ("mails", "outgoing")
"""What is said from rows."""
TAG = re.compile(r"\[(TW-\d+)\]")


# ------------------------------------------------------------------------------------------------------ mails


@dataclass(frozen=True)
class Letter:
    """A mail, finished: whoever sends it again sends the same octets."""

    sender: str
    message_id: str
    raw: bytes
    to: str = TO
    automated: bool = False
    """A machine wrote it: nothing answers it."""
    joins: str = ""
    """The ticket whose automatic reply it answers."""

    @property
    def digest(self) -> str:
        """By which ingest knows these octets."""
        return sha256(self.raw).hexdigest()


def stranger() -> str:
    """An address that has never written before."""
    return f"{secrets.token_hex(5)}@example.net"


def letter(
    sender: str,
    subject: str,
    text: str = "It does not work.",
    *,
    message_id: str = "",
    headers: Mapping[str, str] | None = None,
    attached: bytes = b"",
    joins: str = "",
) -> Letter:
    """Writes a mail."""
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = sender, TO, subject
    mail["Message-ID"] = message_id or f"<{secrets.token_hex(8)}@example.net>"
    for name, value in (headers or {}).items():
        mail[name] = value
    mail.set_content(text)
    if attached:
        mail.add_attachment(attached, maintype="application", subtype="octet-stream", filename="log.bin")
    return Letter(
        sender, mail["Message-ID"], mail.as_bytes(), automated="Auto-Submitted" in (headers or {}), joins=joins
    )


class Sender:
    """Sends mails one after another, as a mail server does: what was not accepted is tried again, at any replica."""

    def __init__(
        self,
        stack: Stack,
        letters: Iterable[Letter],
        pause: float = 0.02,
        patience: tuple[float, float] = (20, 20),
        dice: random.Random | None = None,
    ) -> None:
        self._stack = stack
        self._letters = letters
        self._pause = pause
        self._patience = patience
        self._dice = dice or random.Random()
        self.accepted: list[Letter] = []
        self.tries = 0

    async def run(self) -> None:
        """All of them; each until it is accepted."""
        for one in self._letters:
            await self.send(one)
            await asyncio.sleep(self._pause * self._dice.uniform(0.2, 1.8))

    async def send(self, one: Letter) -> None:
        """One, until it is accepted."""
        while not await asyncio.to_thread(self._try, one):
            await asyncio.sleep(0.2)
        self.accepted.append(one)

    def _try(self, one: Letter) -> bool:
        self.tries += 1
        port, timeout = self._dice.choice(self._stack.smtp_ports), self._dice.uniform(*self._patience)
        try:
            with smtplib.SMTP("127.0.0.1", port, timeout=timeout) as smtp:
                smtp.sendmail(one.sender, [one.to], one.raw)
        except smtplib.SMTPResponseException as error:
            if error.smtp_code >= 500:
                raise
            return False
        except (OSError, smtplib.SMTPException):
            return False
        return True


class Sink:
    """The heads of the mails that lie in a stack's sink, each read once."""

    def __init__(self, stack: Stack) -> None:
        self._folder = stack.outbox_folder
        self._seen: set[str] = set()
        self.heads: list[Message] = []

    def look(self) -> Sequence[Message]:
        """Those that came since the last look."""
        parser = email.parser.BytesHeaderParser()
        names = sorted(path.name for path in self._folder.glob("*.eml") if path.name not in self._seen)
        self._seen.update(names)
        fresh = [parser.parsebytes((self._folder / name).read_bytes()) for name in names]
        self.heads += fresh
        return fresh


def answered_ticket(head: Message) -> str:
    """The number of the ticket of an automatic reply; empty for any other mail."""
    found = TAG.search(str(head["Subject"])) if head["Auto-Submitted"] == "auto-replied" else None
    return found[1] if found else ""


# --------------------------------------------------------------------------------------------- are they whole


async def whole(stack: Stack, accepted: Sequence[Letter], seconds: float = 120) -> None:
    """Every accepted mail is one message of a ticket or a duplicate; every ticket is answered once; no gap in the log.

    What was accepted twice is one mail and counts once.
    """
    letters = {one.digest: one for one in accepted}
    ingest, tickets, notify = databases = [stack.database(name) for name in ("ingest", "tickets", "notify")]
    try:
        rows = await _settled(stack, ingest, letters, seconds)
        await stack.until(lambda: _nothing_pending(databases), seconds, "nothing pending in logs and rows")
        opened = await _each_is_one_message(tickets, letters, rows)
        await _no_gap(tickets)
        await _nothing_unsent(stack, notify, seconds)
        await _each_is_answered_once(stack, notify, opened)
    finally:
        for database in databases:
            await database.close()


async def _settled(stack: Stack, ingest: Database, letters: Mapping[str, Letter], seconds: float) -> dict[str, Doc]:
    """The one row of each mail that is no duplicate, once nothing is under way."""

    async def nothing_open() -> bool:
        return await ingest["mails"].count({"state": {"$in": ["accepted", "read"]}}) == 0

    await stack.until(nothing_open, seconds, "every mail settled")
    kept: dict[str, Doc] = {}
    for row in await ingest["mails"].find({"sha256": {"$in": list(letters)}}, {"raw": 0}):
        if row["state"] == "ignored":
            assert (row["outcome"], row["why"]) == ("ignored", "duplicate"), row
            continue
        assert (row["state"], row["outcome"]) == ("settled", "ticketed"), row
        assert row["sha256"] not in kept, f"one mail, two rows: {row['_id']} and {kept[row['sha256']]['_id']}"
        kept[row["sha256"]] = row
    lost = letters.keys() - kept.keys()
    assert not lost, f"{len(lost)} accepted mails have no row, e.g. {letters[lost.pop()].message_id}"
    return kept


async def _nothing_pending(databases: Iterable[Database]) -> bool:
    waiting = [await database[name].count({"pending": True}) for database in databases for name in ("commits", *ROWS)]
    return sum(waiting) == 0


async def _each_is_one_message(
    tickets: Database, letters: Mapping[str, Letter], rows: Mapping[str, Doc]
) -> dict[str, Letter]:
    """Each row is a message exactly once, where its row says. Gives the mails that opened tickets, by number."""
    where: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for doc in await tickets["commits"].find({"body.mail": {"$exists": True}}, {"body": 1}):
        for event in doc["body"]:
            if event.get("mail") and event["type"] != "adopted":
                where[event["mail"]].append((doc["_id"]["stream"].removeprefix("ticket/"), doc["_id"]["seq"]))
    newest = await newest_tickets(tickets)
    opened: dict[str, Letter] = {}
    for digest, row in rows.items():
        found = where[row["_id"]]
        assert len(found) == 1, f"mail {row['_id']} is {len(found)} messages: {found}"
        number, seq = found[0]
        assert number == row["ticket"], f"mail {row['_id']} is on {number}, ingest heard {row['ticket']}"
        if wanted := letters[digest].joins:
            assert number in _answering(newest, wanted), f"an answer about {wanted} is on {number}"
        elif seq == 1:
            opened[number] = letters[digest]
    strangers = [digest for digest, one in letters.items() if not one.joins]
    assert len(opened) == len(strangers), f"{len(strangers)} mails opened {len(opened)} tickets"
    return opened


def _answering(newest: Mapping[str, Doc], number: str) -> list[str]:
    """The ticket, and those it was merged into one after the other: at its time any of them answered for it."""
    chain = [number]
    while (into := newest[chain[-1]]["merged_into"]) is not None:
        chain.append(into)
    return chain


async def newest_tickets(tickets: Database) -> dict[str, Doc]:
    """The truth: each ticket as its newest commit says, by number."""
    found = await tickets["commits"].aggregate(
        [
            {"$match": {"_id.stream": {"$regex": "^ticket/"}}},
            {"$sort": {"_id.stream": 1, "_id.seq": 1}},
            {"$group": {"_id": "$_id.stream", "after": {"$last": "$after"}}},
        ]
    )
    return {doc["after"]["number"]: doc["after"] for doc in found}


async def _no_gap(tickets: Database) -> None:
    """Places follow each other, one for each commit; versions follow each other in each stream."""
    places = [row["_id"] for row in await tickets["positions"].find({}, {"_id": 1}, sort=[("_id", 1)])]
    assert places == list(range(1, len(places) + 1))
    assert len(places) == await tickets["commits"].count({})
    streams = await tickets["commits"].aggregate(
        [{"$group": {"_id": "$_id.stream", "n": {"$sum": 1}, "last": {"$max": "$_id.seq"}}}]
    )
    assert [one for one in streams if one["n"] != one["last"]] == []


async def _nothing_unsent(stack: Stack, notify: Database, seconds: float) -> None:
    """Until every mail has gone out or is given up. What waits for its next try need not wait to the end."""

    async def all_gone() -> bool:
        again: Doc = {"state": "waiting", "tries": {"$gt": 0}, "lease": {"$exists": False}}
        await notify["outgoing"].update_many(again, [{"$set": {"due_at": {"$min": ["$due_at", "$$NOW"]}}}])
        return await notify["outgoing"].count({"$or": [{"state": "waiting"}, {"pending": True}]}) == 0

    await stack.until(all_gone, seconds, "no mail waits to be sent")


async def _each_is_answered_once(stack: Stack, notify: Database, opened: Mapping[str, Letter]) -> None:
    """An automatic reply for each opened ticket, up to the cap, and none to a machine; one id for each mail sent."""
    sink = Sink(stack)
    sink.look()
    ids: dict[str, set[str]] = defaultdict(set)
    for head in sink.heads:
        if number := answered_ticket(head):
            ids[number].add(_id(head))
    wrote = Counter(one.sender for one in opened.values() if not one.automated)
    for number, one in opened.items():
        if one.automated:
            assert not ids[number], f"{number} was opened by a machine and answered"
        elif wrote[one.sender] <= CAP:
            assert len(ids[number]) == 1, f"{number} has {len(ids[number])} automatic replies"
        else:
            assert len(ids[number]) <= 1, f"{number} has {len(ids[number])} automatic replies"
    rows = await notify["outgoing"].find({}, {"mail": 0})
    at_sink = {_id(head) for head in sink.heads}
    sent = {row["message_id"] for row in rows if row["state"] == "sent"}
    assert len(sent) == sum(row["state"] == "sent" for row in rows), "two mails have one id"
    assert sent <= at_sink, f"{len(sent - at_sink)} mails are sent and did not arrive"
    given_up = [row for row in rows if row["state"] == "failed"]
    assert all(wrote[row["recipients"][0]] > CAP and row["kind"] == "auto_reply" for row in given_up), given_up[:3]
    assert at_sink <= sent, f"{len(at_sink - sent)} mails arrived that nobody sent"


def _id(head: Message) -> str:
    return str(head["Message-ID"]).strip().strip("<>")
