"""Mongo: one row per mail and recipient, from its arrival to what became of it.

    accepted ──▶ read ──▶ settled            state; `open: true` until settled
        └──(given up)──▶ parked              an operator has it read again
    ignored                                  the same mail was there already

A mail that its worker has read in time is inserted with its reading and its event: one write. Any other is
inserted as `accepted` with `due_at`, the time from which any replica may take it; taking it is a lease.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import orjson

from ticketwire_chassis.blobs import BlobStore
from ticketwire_chassis.mongo import (
    ASCENDING,
    DESCENDING,
    BulkWriteError,
    Database,
    Doc,
    UpdateMany,
    UpdateOne,
    duplicate_key,
)
from ticketwire_contracts.tickets import MailSettledV1, Queue

from . import publish
from .domain import arrivals
from .domain.arrivals import Arrival, Known

ROW_OCTETS = 256 * 1024
"""Raw mail up to this size lies in its row, larger in the blob store."""
LEASE = timedelta(seconds=90)
PATIENCE = timedelta(seconds=10)
"""How long a mail waits for one that it refers to."""
LATE = timedelta(minutes=15)
NAMED = 20
"""Mails given up on that the account names."""
TRIES = 6
FILES_AT_ONCE = 4
STATES = {"accepted": "under_way", "read": "under_way", "parked": "parked"}
OUTCOMES = ("ticketed", "ignored", "refused")


@dataclass(slots=True)
class Entry:
    """A mail to be written, and what its worker made of it in time (nothing if it did not)."""

    mail: Arrival
    read: Known | None = None
    doc: Doc = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Leased:
    """A row that this replica reads now."""

    mail: Arrival
    lease: str
    reading: int
    rev: int
    tries: int
    seen_before: bool = False


@dataclass(slots=True)
class Accepted:
    """What became of a round: what is still to be read or to be said by this replica, and how many were known."""

    leased: list[tuple[Leased, Known | None]] = field(default_factory=list)
    duplicates: int = 0
    said: int = 0


class MailStore:
    """The mails collection, and the addresses of queues."""

    def __init__(self, db: Database, blobs: BlobStore) -> None:
        self._mails = db["mails"]
        self._addresses = db["addresses"]
        self._blobs = blobs
        self._waited_at: datetime | None = None

    async def prepare(self) -> None:
        """Makes the indexes. All but the first hold only rows under way."""
        make = self._mails.create_index
        await make([("once", ASCENDING)], unique=True, partialFilterExpression={"once": {"$exists": True}})
        await make([("message_id", ASCENDING)], name="open", partialFilterExpression={"open": True})
        await make([("due_at", ASCENDING)], partialFilterExpression={"due_at": {"$exists": True}})
        await make([("awaits", ASCENDING)], partialFilterExpression={"awaits": {"$exists": True}})

    # ------------------------------------------------------------------------------------------------ accepting

    async def keep_raw(self, mail: Arrival) -> None:
        """Puts a mail that is too large for its row into the blob store; before the row is written."""
        if len(mail.raw) > ROW_OCTETS:
            await self._blobs.put(mail.raw, _ref(mail.row))

    async def accept_mails(self, mails: Sequence[tuple[Arrival, Known | None]], now: datetime) -> Accepted:
        """Writes a round of mails; after it they are ours. Raises what the driver raises, and then none is sure.

        With each mail comes what its worker made of it in time, or nothing.
        """
        entries = [Entry(mail, read) for mail, read in mails]
        accepted = Accepted()
        waits = await self._waits([(entry.mail, entry.read) for entry in entries if entry.read], now)
        for entry in entries:
            self._draft(entry, waits.get(entry.mail.row, []), now)
        left = await self._insert(entries)
        if left:
            accepted.duplicates = await self._settle_twins(left, now)
        for entry in entries:
            accepted.said += entry.doc.get("pending", False)
            if "lease" in entry.doc:
                seen = "seen_before" in entry.doc and entry.read is None  # else its reading says so already
                leased = Leased(entry.mail, entry.doc["lease"], 1, entry.doc["rev"], 0, seen)
                accepted.leased.append((leased, entry.read))
        return accepted

    def _draft(self, entry: Entry, awaits: list[str], now: datetime) -> None:
        mail, read = entry.mail, entry.read
        message_id = arrivals.message_id(mail, read)
        doc: Doc = {
            "_id": mail.row,
            "recipient": mail.recipient,
            "envelope_from": mail.envelope_from,
            "at": mail.at,
            "size": len(mail.raw),
            "sha256": mail.digest,
            "correlation": mail.correlation,
            "message_id": message_id,
            "reading": 1,
            "rev": 1,
            "open": True,
        }
        if len(mail.raw) <= ROW_OCTETS:
            doc["raw"] = mail.raw
        if message_id:
            doc["once"] = arrivals.once(mail.recipient, message_id)
        if awaits:
            doc |= {"state": "accepted", "awaits": awaits, "due_at": mail.at + PATIENCE, "tries": 0}
        elif read is None or read.files:
            # To be read, or its files to be put away, by this replica; by another if this one dies.
            doc |= {"state": "accepted", "due_at": now + LEASE, "lease": uuid.uuid4().hex, "tries": 0}
        else:
            doc |= self._saying(mail, read, 1, 1, now)
        entry.doc = doc

    def _saying(self, mail: Arrival, read: Known, reading: int, rev: int, now: datetime) -> Doc:
        doc: Doc = {"state": "read", "pending": True, "outbox": publish.received(mail, read, reading, rev, now)}
        if read.unparsed:
            doc["unparsed"] = True
        return doc

    async def _insert(self, entries: Sequence[Entry]) -> list[Entry]:
        """Inserts; gives those whose Message-ID this recipient has had before."""
        try:
            await self._mails.insert_many([entry.doc for entry in entries], ordered=False)
        except BulkWriteError as error:
            errors = error.details["writeErrors"]
            if any(duplicate_key(one) != {"once"} for one in errors):
                raise
            return [entries[one["index"]] for one in errors]
        return []

    async def _settle_twins(self, entries: Sequence[Entry], now: datetime) -> int:
        """Same Message-ID again: the same octets are ignored, other octets are a mail of their own, marked."""
        other: list[Entry] = []
        same: list[Entry] = []
        firsts = await self._by_key([entry.doc["once"] for entry in entries])
        for entry in entries:
            first = firsts.get(entry.doc["once"])
            (same if first and first["sha256"] == entry.mail.digest else other).append(entry)
        for entry in other:
            self._mark(entry, now)
        left = await self._insert(other) if other else []
        firsts |= await self._by_key([entry.doc["once"] for entry in left])
        for entry in [*same, *left]:
            first = firsts.get(entry.doc["once"])
            if first is None:
                raise RuntimeError("a Message-ID is taken by no row")  # the row was erased meanwhile: try again
            entry.doc = _ignored(entry.mail, first["_id"], now)
            if len(entry.mail.raw) > ROW_OCTETS:
                await self._blobs.drop(_ref(entry.mail.row))
        twins = [entry.doc for entry in entries if entry.doc["state"] == "ignored"]
        if twins:
            await self._mails.insert_many(twins, ordered=False)
        return len(twins)

    def _mark(self, entry: Entry, now: datetime) -> None:
        entry.doc["once"] = arrivals.once(entry.mail.recipient, entry.doc["message_id"], entry.mail.digest)
        entry.doc["seen_before"] = True
        if entry.read:
            entry.read = warned(entry.read)
            if "outbox" in entry.doc:
                entry.doc |= self._saying(entry.mail, entry.read, 1, 1, now)

    async def _by_key(self, keys: Sequence[str]) -> dict[str, Doc]:
        rows = await self._mails.find({"once": {"$in": list(keys)}}, {"once": 1, "sha256": 1}) if keys else []
        return {row["once"]: row for row in rows}

    async def _waits(self, pairs: Sequence[tuple[Arrival, Known]], now: datetime) -> dict[str, list[str]]:
        """For each mail that refers to mails not settled yet: their rows. One look for the whole round."""
        referring = {
            mail.row: set(read.refers_to) for mail, read in pairs if read.refers_to and now < mail.at + PATIENCE
        }
        if not referring:
            return {}
        ids: set[str] = set().union(*referring.values())
        # Those that arrive in the same round are not written yet.
        beside = [(read.message_id, mail.row) for mail, read in pairs if read.message_id in ids]
        rows = await self._mails.find({"open": True, "message_id": {"$in": list(ids)}}, {"message_id": 1}, limit=200)
        known = [*beside, *((row["message_id"], row["_id"]) for row in rows)]
        self._waited_at = now
        waits = {
            row: [other for message_id, other in known if message_id in ids and other != row]
            for row, ids in referring.items()
        }
        return {row: others for row, others in waits.items() if others}

    # -------------------------------------------------------------------------------------------------- reading

    async def claim(self, now: datetime, limit: int) -> list[Leased]:
        """Takes rows that are due to be read: not read in time, left by a replica that died, done with waiting."""
        due: Doc = {"state": "accepted", "due_at": {"$lte": now}}
        rows = await self._mails.find(due, {"_id": 1}, sort=[("due_at", ASCENDING)], limit=limit)
        if not rows:
            return []
        lease = uuid.uuid4().hex
        ids = [row["_id"] for row in rows]
        change: Doc = {"$set": {"lease": lease, "due_at": now + LEASE}, "$unset": {"awaits": ""}, "$inc": {"tries": 1}}
        await self._mails.update_many({"_id": {"$in": ids}, **due}, change)
        return [await self._leased(row) for row in await self._mails.find({"_id": {"$in": ids}, "lease": lease})]

    async def _leased(self, row: Doc) -> Leased:
        raw = row.get("raw")
        if raw is None:
            raw = await self._blobs.get(row["sha256"])
        mail = Arrival(
            row["_id"],
            row["recipient"],
            row["envelope_from"],
            bytes(raw or b""),
            row["at"],
            row["correlation"],
            row["sha256"],
        )
        return Leased(mail, row["lease"], row["reading"], row["rev"], row["tries"], row.get("seen_before", False))

    async def finish(self, pairs: Iterable[tuple[Leased, Known]], now: datetime) -> int:
        """Puts files away, then one write sets state and event of all; gives how many must wait for another mail."""
        done = [(leased, warned(read) if leased.seen_before else read) for leased, read in pairs]
        waits = await self._waits([(leased.mail, read) for leased, read in done], now)
        await self._put_files([(leased.mail.row, data) for leased, read in done for data in read.files])
        writes = []
        for leased, read in done:
            if leased.mail.row in waits:
                wait: Doc = {"awaits": waits[leased.mail.row], "due_at": leased.mail.at + PATIENCE, "tries": 0}
                writes.append(UpdateOne(_held(leased), {"$set": wait, "$unset": {"lease": ""}}))
                continue
            rev = leased.rev + 1
            change = {"rev": rev} | self._saying(leased.mail, read, leased.reading, rev, now)
            entries = change.pop("outbox")
            gone: Doc = {"due_at": "", "lease": "", "tries": "", "why": ""}
            writes.append(
                UpdateOne(_held(leased), {"$set": change, "$push": {"outbox": {"$each": entries}}, "$unset": gone})
            )
        await self._mails.bulk_write(writes)
        return len(waits)

    async def _put_files(self, files: Sequence[tuple[str, bytes]]) -> None:
        places = asyncio.Semaphore(FILES_AT_ONCE)

        async def put(row: str, data: bytes) -> None:
            async with places:
                await self._blobs.put(data, _ref(row))

        await asyncio.gather(*(put(row, data) for row, data in files))

    async def put_back(self, leased: Leased, why: str, now: datetime) -> bool:
        """Finishing failed: another try later, or the row is parked; true if it was parked."""
        if leased.tries < TRIES:
            later = now + timedelta(seconds=2.0 ** min(leased.tries, 6))
            await self._mails.update_one(_held(leased), {"$set": {"due_at": later, "why": why}})
            return False
        gone: Doc = {"due_at": "", "lease": "", "open": ""}
        await self._mails.update_one(_held(leased), {"$set": {"state": "parked", "why": why}, "$unset": gone})
        return True

    async def reread(self, rows: Sequence[str], now: datetime) -> int:
        """Has rows read again by the parser of today; gives how many there are."""
        readable = {"state": {"$in": ["read", "settled", "parked"]}, "erased": {"$exists": False}}
        again: Doc = {"_id": {"$in": list(rows)}, **readable}
        change: Doc = {
            "$set": {"state": "accepted", "due_at": now, "tries": 0, "open": True, "reread_at": now},
            "$inc": {"reading": 1, "rev": 1},
        }
        return await self._mails.update_many(again, change)

    async def raw(self, row: str) -> bytes | None:
        """The octets of a mail as they came, or nothing if there is no such row."""
        found = await self._mails.find_one({"_id": row}, {"raw": 1, "sha256": 1, "same_as": 1})
        if found and "same_as" in found:
            return await self.raw(found["same_as"])
        if found is None:
            return None
        return bytes(found["raw"]) if "raw" in found else await self._blobs.get(found["sha256"])

    # -------------------------------------------------------------------------------------------------- account

    async def settle(self, events: Sequence[MailSettledV1], now: datetime) -> bool:
        """What became of mails, and the end of the wait for them; whether a mail that this replica knows waits.

        What is said of an older reading changes nothing.
        """
        # of many, though each is one: so the server keeps no record for a retry, and to say it twice changes nothing
        writes: list[Any] = [
            UpdateMany(
                {"_id": event.mail, "reading": event.reading, "state": "read"},
                {
                    "$set": {
                        "state": "settled",
                        "outcome": event.outcome,
                        "why": event.why,
                        "ticket": event.ticket,
                        "settled_at": now,
                    },
                    "$unset": {"open": ""},
                },
            )
            for event in events
        ]
        waiting: Doc = {"awaits": {"$in": [event.mail for event in events]}}
        writes.append(UpdateMany(waiting, {"$set": {"due_at": now}, "$unset": {"awaits": ""}}))
        await self._mails.bulk_write(writes)
        return self._waited_at is not None and now < self._waited_at + PATIENCE

    async def account(self, since: datetime | None, now: datetime) -> dict[str, Any]:
        """Received, and where each went; ``late`` are those under way for more than a quarter of an hour."""
        match: Doc = {"_id": {"$gte": arrivals.first_row(since)}} if since else {}
        groups = await self._mails.aggregate(
            [
                {"$match": match},
                {"$group": {"_id": {"state": "$state", "outcome": "$outcome"}, "count": {"$sum": 1}}},
            ]
        )
        parts = dict.fromkeys((*OUTCOMES, "parked", "under_way"), 0)
        received = 0
        for group in groups:
            state, outcome = group["_id"].get("state"), group["_id"].get("outcome")
            received += group["count"]
            name = outcome if state in ("settled", "ignored") else STATES.get(state)
            if name in parts:
                parts[name] += group["count"]
        late = await self.late(now, match)
        balances = received == sum(parts.values())
        named = await self._given_up(match) if parts["parked"] else []
        return {"received": received, **parts, "late": late, "balances": balances, "given_up": named}

    async def _given_up(self, match: Doc) -> list[Doc]:
        """The newest of the mails that are parked: their rows, and why."""
        parked: Doc = {**match, "state": "parked"}
        rows = await self._mails.find(parked, {"why": 1}, sort=[("_id", DESCENDING)], limit=NAMED)
        return [{"mail": row["_id"], "why": row.get("why", "")} for row in rows]

    async def late(self, now: datetime, match: Doc | None = None) -> int:
        """Mails under way for too long, since they came or were last to be read again."""
        since = now - LATE
        late: Doc = {"open": True, **(match or {}), "at": {"$lt": since}, "reread_at": {"$not": {"$gte": since}}}
        rows = await self._mails.find(late, {"_id": 1}, hint="open")
        return len(rows)

    # ------------------------------------------------------------------------------------------ queue addresses

    async def know_queue(self, queue: Queue) -> None:
        """Remembers which addresses are a queue's."""
        for address in queue.addresses:
            row: Doc = {"queue": queue.name}
            await self._addresses.update_one({"_id": address.lower()}, {"$set": row}, upsert=True)

    async def addresses_of(self, queue: str) -> list[str]:
        """The addresses of a queue, by its name."""
        return [row["_id"] for row in await self._addresses.find({"queue": queue.lower()}, sort=[("_id", ASCENDING)])]

    async def ours(self, addresses: Sequence[str]) -> list[str]:
        """Those of the addresses that are a queue's, in the order given."""
        lower = [address.lower() for address in addresses]
        known = {row["_id"] for row in await self._addresses.find({"_id": {"$in": lower}})}
        return [address for address in addresses if address.lower() in known]


def warned(read: Known) -> Known:
    """The reading with the warning that its Message-ID was there before with other octets."""
    reading = orjson.loads(read.reading)
    reading["warnings"] = [*reading["warnings"], "message_id_seen_before"]
    return replace(read, reading=orjson.dumps(reading).decode())


def _ignored(mail: Arrival, same_as: str, now: datetime) -> Doc:
    return {
        "_id": mail.row,
        "recipient": mail.recipient,
        "envelope_from": mail.envelope_from,
        "at": mail.at,
        "size": len(mail.raw),
        "sha256": mail.digest,
        "correlation": mail.correlation,
        "reading": 1,
        "rev": 1,
        "state": "ignored",
        "outcome": "ignored",
        "why": "duplicate",
        "same_as": same_as,
        "settled_at": now,
        "pending": True,
        "outbox": publish.ignored(mail, same_as, now),
    }


def _ref(row: str) -> str:
    return f"ingest:{row}"


def _held(leased: Leased) -> Doc:
    return {"_id": leased.mail.row, "lease": leased.lease}
