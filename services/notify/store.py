"""Mongo: who is who, and one row per mail on its way out.

    directory  {_id: "queue/support", version, value}, and a stamp that moves whenever one of them does; beside it
               ``erasures``, which moves when something was erased (``privacy.py``)
    outgoing   {_id: uuid5 of event and recipient, state, open, mail, due_at, lease, tries, rev, outbox, pending}
    caps       {_id: "<day> <digest>", n, until}      automatic mails by address and day

A row is inserted with a lease of the replica that will send it at once; ``due_at`` is the time from which any
replica may take it: after the lease, or at the next try. A row that is there already was heard of before.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from ticketwire_chassis.mongo import (
    ASCENDING,
    BulkWriteError,
    Database,
    Doc,
    InsertOne,
    UpdateMany,
    UpdateOne,
    duplicate_key,
)
from ticketwire_chassis.outbox import said
from ticketwire_contracts.ingest import Attachment
from ticketwire_contracts.rights import Thing
from ticketwire_contracts.tickets import Grant, Group, Person, Queue

from .domain.directory import Directory, Known
from .domain.outgoing import Outgoing, Settled, cap_key
from .publish import of_settled

LEASE = timedelta(minutes=1)
"""Renewed while a mail is being sent; a replica that dies leaves its rows to the others after it."""
STAMP = "stamp"


class DirectoryStore:
    """The directory, in memory as long as its stamp stands still."""

    def __init__(self, db: Database) -> None:
        self._rows = db["directory"]
        self._kept = Directory()
        self._stamp = -1

    async def keep(self, entries: Iterable[Known]) -> None:
        """Takes entries in, the greatest version of each; then the stamp moves."""
        newest: dict[str, Known] = {}
        for entry in entries:
            if entry.key not in newest or newest[entry.key].version < entry.version:
                newest[entry.key] = entry
        writes = []
        for entry in newest.values():
            fields = {"version": entry.version, "value": entry.value.model_dump() if entry.value else None}
            newer = {"$lt": [{"$ifNull": ["$version", 0]}, entry.version]}
            replaced = {"$mergeObjects": ["$$ROOT", {"$literal": fields}]}
            change = [{"$replaceWith": {"$cond": [newer, replaced, "$$ROOT"]}}]
            writes.append(UpdateOne({"_id": entry.key}, change, upsert=True))
        if writes:
            await self._rows.bulk_write(writes)
            epoch = max(entry.epoch for entry in newest.values())
            await self._rows.update_one(
                {"_id": STAMP}, {"$inc": {"n": 1}, "$max": {"epoch": epoch}}, upsert=True
            )  # after the entries: whoever sees the stamp sees them

    async def erased(self) -> None:
        """Says to all replicas that something was erased: they read the stamp before they write a mail."""
        change: Doc = {"$inc": {"erasures": 1, "n": 0}, "$max": {"epoch": 0}}
        await self._rows.update_one({"_id": STAMP}, change, upsert=True)

    async def current(self) -> Directory:
        """The directory of now, whichever replica has heard of it."""
        stamp = await self._rows.find_one({"_id": STAMP})
        if stamp is None:
            return self._kept
        if stamp["n"] != self._stamp:
            self._kept = _directory(await self._rows.find({"_id": {"$ne": STAMP}}), int(stamp["epoch"]))
            self._stamp = stamp["n"]
        if (erasures := int(stamp.get("erasures", 0))) != self._kept.erasures:
            self._kept = replace(self._kept, erasures=erasures)
        return self._kept


def _directory(rows: Iterable[Doc], epoch: int) -> Directory:
    values: dict[str, dict[str, Any]] = {"queue": {}, "person": {}, "group": {}, "grant": {}}
    for row in rows:
        kind, _, name = row["_id"].partition("/")
        if row["value"] is not None:
            values[kind][name] = row["value"]
    persons = [Person.model_validate(value) for value in values["person"].values()]
    return Directory(
        queues={name: Queue.model_validate(value) for name, value in values["queue"].items()},
        persons={person.id: person for person in persons},
        groups={name: Group.model_validate(value) for name, value in values["group"].items()},
        grants=tuple(Grant.model_validate(value) for value in values["grant"].values()),
        epoch=epoch,
    )


class OutgoingStore:
    """Mails on their way out."""

    def __init__(self, db: Database) -> None:
        self._rows = db["outgoing"]
        self._caps = db["caps"]
        self._day = date.min
        self._begun: set[str] = set()
        """Today's keys of which it is known that they are there."""

    async def prepare(self) -> None:
        """Makes the indexes; the first holds only what is still to be sent."""
        await self._rows.create_index([("due_at", ASCENDING)], partialFilterExpression={"due_at": {"$exists": True}})
        await self._rows.create_index([("ticket", ASCENDING)])
        await self._caps.create_index([("until", ASCENDING)], expireAfterSeconds=0)

    async def add(self, rows: Sequence[Outgoing], now: datetime) -> list[tuple[Outgoing, str]]:
        """Writes new rows; gives those that were not there, each with the lease under which this replica sends it."""
        leased = [(row, uuid.uuid4().hex) for row in rows]
        docs = [_doc(row) | {"lease": lease, "due_at": now + LEASE} for row, lease in leased]
        if not docs:
            return []
        try:
            await self._rows.bulk_write([InsertOne(doc) for doc in docs])
        except BulkWriteError as error:
            failures = error.details["writeErrors"]
            if any(not duplicate_key(failure) for failure in failures):
                raise
            there = {failure["index"] for failure in failures}
            return [pair for index, pair in enumerate(leased) if index not in there]
        return leased

    async def count(self, rows: Sequence[Outgoing], now: datetime) -> Counter[str]:
        """Counts new automatic mails against their caps; gives how many each key has had today, these included.

        What another replica counts in the same moment may be in it too: a cap is never passed, at times not reached.
        """
        wanted = Counter(key for row in rows if (key := cap_key(row, now.date())) is not None)
        if not wanted:
            return wanted
        if now.date() != self._day:
            self._day, self._begun = now.date(), set()
        begun = wanted.keys() & self._begun
        if late := await self._add_to_caps(begun, wanted.keys() - begun, wanted, now):
            await self._add_to_caps(late, (), wanted, now)
        counts = Counter({doc["_id"]: int(doc["n"]) for doc in await self._caps.find({"_id": {"$in": [*wanted]}})})
        self._begun = (self._begun - wanted.keys()) | counts.keys()  # what someone took away is begun anew
        return counts

    async def _add_to_caps(
        self, begun: Collection[str], new: Collection[str], wanted: Mapping[str, int], now: datetime
    ) -> set[str]:
        """Counts; gives those of the new keys that were begun already: by another replica, or before our start."""
        # of many, though each is one: so the server keeps no record for a retry, which would cost as much again
        writes: list[Any] = [UpdateMany({"_id": key}, {"$inc": {"n": wanted[key]}}) for key in begun]
        first = [{"_id": key, "n": wanted[key], "until": now + timedelta(days=2)} for key in new]
        try:
            await self._caps.bulk_write([*writes, *(InsertOne(doc) for doc in first)])
        except BulkWriteError as error:
            failures = error.details["writeErrors"]
            if any(not duplicate_key(failure) for failure in failures):
                raise
            return {str(first[failure["index"] - len(writes)]["_id"]) for failure in failures}
        return set()

    async def claim(self, now: datetime, limit: int) -> list[tuple[Outgoing, str]]:
        """Takes rows that are due: a further try, or left behind by a replica that died."""
        due: Doc = {"due_at": {"$lte": now}}
        found = await self._rows.find(due, {"_id": 1}, sort=[("due_at", ASCENDING)], limit=limit)
        if not found:
            return []
        lease = uuid.uuid4().hex
        ids = [doc["_id"] for doc in found]
        await self._rows.update_many({"_id": {"$in": ids}, **due}, {"$set": {"lease": lease, "due_at": now + LEASE}})
        return [(_row(doc), lease) for doc in await self._rows.find({"_id": {"$in": ids}, "lease": lease})]

    async def renew(self, row: str, lease: str, now: datetime) -> bool:
        """Holds a row that had to wait for longer; false if another replica has taken it meanwhile."""
        return bool(await self._rows.update_one({"_id": row, "lease": lease}, {"$set": {"due_at": now + LEASE}}))

    async def release(self, pairs: Sequence[tuple[str, str]], now: datetime) -> None:
        """Gives rows back that were not begun; whoever looks next takes them."""
        change: Doc = {"$set": {"due_at": now}, "$unset": {"lease": ""}}
        await self._rows.bulk_write([UpdateOne({"_id": row, "lease": lease}, change) for row, lease in pairs])

    async def settle(self, outcomes: Sequence[tuple[Settled, str]], now: datetime) -> None:
        """Writes what became of tries, and what is to be said of it, in one go."""
        writes = []
        for settled, lease in outcomes:
            row = settled.row
            change: Doc = {"state": row.state, "open": list(row.open), "failed": list(row.failed)}
            change |= {"tries": row.tries, "rev": row.rev}
            gone: Doc = {"lease": ""}
            if settled.due_at is not None:
                change["due_at"] = settled.due_at
            else:
                gone["due_at"] = ""
            if row.state == "sent":
                gone["mail"] = ""  # what was said stands on the ticket
            update: Doc = {"$set": change, "$unset": gone}
            if entries := [said(event) for event in of_settled(settled, now)]:
                change["pending"] = True
                update["$push"] = {"outbox": {"$each": entries}}
            # of many, though it is one: so the server keeps no record for a retry; the lease is what guards it
            writes.append(UpdateMany({"_id": row.id, "lease": lease}, update))
        await self._rows.bulk_write(writes)

    async def due_at_once(self, row: str, now: datetime) -> bool:
        """Has a mail that failed tried again now; false if there is no such row."""
        failed: Doc = {"_id": row, "state": "failed"}
        change: Doc = {"$set": {"state": "waiting", "due_at": now, "first_at": now, "tries": 0, "failed": []}}
        return bool(await self._rows.update_one(failed, change))

    async def state(self, row: str) -> str | None:
        """The state of a row, or nothing."""
        found = await self._rows.find_one({"_id": row}, {"state": 1})
        return str(found["state"]) if found else None

    async def rewrite(self, tickets: Sequence[str], anew: Callable[[Outgoing], Outgoing], now: datetime) -> int:
        """Makes rows of tickets what they are from now on; gives how many changed.

        One that something else changes in the same moment is looked at again.
        """
        changed = 0
        where: Doc = {"ticket": {"$in": [*tickets]}}
        while docs := await self._rows.find(where):
            missed = []
            for doc in docs:
                before = _row(doc)
                after = anew(before)
                if after == before:
                    continue
                if await self._rows.update_one(_as_read(doc), _rewritten(doc, before, after, now)):
                    changed += 1
                else:
                    missed.append(doc["_id"])
            where = {"_id": {"$in": missed}}
        return changed


def _as_read(doc: Doc) -> Doc:
    return {"_id": doc["_id"], "rev": doc["rev"], "state": doc["state"], "lease": doc.get("lease")}


def _rewritten(doc: Doc, before: Outgoing, after: Outgoing, now: datetime) -> Doc:
    """What differs. Who is sending it in this moment knows words and addresses of before, so the lease is taken away.

    What comes of that try is not written, nor does it begin if it has waited for long (``mail.py``). When the lease
    would have run out, whoever finds the row sends what it holds now: sending cannot be exactly once, and this is one
    more window in which a mail may arrive twice, with the same Message-ID.
    """
    old, new = _doc(before), _doc(after)
    change = {name: value for name, value in new.items() if value != old[name]} | {"rev": before.rev + 1}
    gone: Doc = {}
    if not after.mail:
        change.pop("mail", None)
        gone["mail"] = ""
    if "lease" in doc:
        gone["lease"] = ""
        change["due_at"] = now + LEASE
    elif after.forbidden and after.state == "waiting":
        change["due_at"] = now  # it is given up, and that is said without waiting for the next try
    return {"$set": change} | ({"$unset": gone} if gone else {})


def _doc(row: Outgoing) -> Doc:
    doc = {one.name: getattr(row, one.name) for one in fields(Outgoing)}
    doc["_id"] = doc.pop("id")
    doc["recipients"], doc["open"], doc["failed"] = list(row.recipients), list(row.open), list(row.failed)
    doc["thing"] = row.thing.model_dump() if row.thing else None
    if row.thing is not None:
        doc["thing"]["roles"] = {role: sorted(holders) for role, holders in row.thing.roles.items()}
    doc["attachments"] = [file.model_dump() for file in row.attachments]
    return doc


def _row(doc: Doc) -> Outgoing:
    row = Outgoing(
        **{
            name: doc[name]
            for name in (
                "kind", "ticket", "cause", "correlation", "sender", "message_id", "first_at", "internal", "person",
                "tries", "rev", "state",
            )
        },
        id=doc["_id"],
        recipients=tuple(doc["recipients"]),
        open=tuple(doc["open"]),
        failed=tuple(doc.get("failed", ())),
        mail=bytes(doc.get("mail", b"")),
        thing=Thing.model_validate(doc["thing"]) if doc["thing"] else None,
        attachments=tuple(Attachment.model_validate(file) for file in doc["attachments"]),
        forbidden=doc.get("forbidden", ""),
    )  # fmt: skip
    return replace(row, first_at=row.first_at.astimezone(UTC))
