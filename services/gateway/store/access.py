"""Who there is, who is logged in, and what they may: read together, since every request asks for both.

The directory (queues, agents, groups, grants) is small and kept in memory. Its *stamp*, a row beside the
sessions, moves with every change, and comes along with each session that is looked up: so a right taken away
counts from the next request on, on every replica, at no extra call.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from ticketwire_chassis.mongo import Database, Doc
from ticketwire_contracts.tickets import DEFAULT_LIFECYCLE, Grant, Group, Lifecycle, Person, Queue

from ..domain.directory import Directory
from ..domain.order import Key
from ..views.needs import SessionRow
from ..views.shapes import PersonRow
from .cursors import beyond, read_cursor, write_cursor
from .rows import person_row_of
from .writing import STAMP

BY_NAME = (Key("name"), Key("_id"))


class Access:
    """The collections ``access`` (sessions, the stamp), ``credentials``, ``attempts``, and the directory's views."""

    def __init__(self, db: Database) -> None:
        self._access = db["access"]
        self._credentials = db["credentials"]
        self._attempts = db["attempts"]
        self._people = db["people"]
        self._queues = db["queues"]
        self._groups = db["groups"]
        self._grants = db["grants"]
        self._lifecycles = db["lifecycles"]
        self._known: tuple[int, Directory] | None = None

    async def prepare(self) -> None:
        """Indexes; sessions and attempts end by themselves."""
        await self._access.create_index([("expires_at", 1)], expireAfterSeconds=0)
        await self._access.create_index([("person", 1)], partialFilterExpression={"person": {"$exists": True}})
        await self._attempts.create_index([("expires_at", 1)], expireAfterSeconds=0)
        await self._people.create_index([("login", 1)], partialFilterExpression={"login": {"$type": "string"}})
        await self._people.create_index([("addresses", 1)])
        await self._people.create_index([("name", 1), ("_id", 1)])
        await self._people.create_index([("agent", 1)], partialFilterExpression={"agent": True})

    # -------------------------------------------------------------------------------------------- directory

    async def directory(self) -> Directory:
        """As it stands now."""
        row = await self._access.find_one({"_id": STAMP})
        return await self._at(row["stamp"] if row else 0)

    async def come_in(self, session: str) -> tuple[SessionRow | None, Directory]:
        """A session and the directory, in one look."""
        rows = {row["_id"]: row for row in await self._access.find({"_id": {"$in": [session, STAMP]}})}
        stamp = rows.get(STAMP, {}).get("stamp", 0)
        return _session(rows.get(session)), await self._at(stamp)

    async def _at(self, stamp: int) -> Directory:
        if self._known is None or self._known[0] != stamp:
            # the stamp is read before its content: what comes in between is read again at the next stamp
            self._known = (stamp, await self._read())
        return self._known[1]

    async def _read(self) -> Directory:
        queues = [Queue.model_validate(row) for row in await self._queues.find({}, sort=[("title", 1)])]
        agents = [person_of(row) for row in await self._people.find({"agent": True}, sort=[("name", 1)])]
        groups = [Group.model_validate(row) for row in await self._groups.find({}, sort=[("_id", 1)])]
        grants = [Grant.model_validate(row) for row in await self._grants.find({"given": True}, sort=[("_id", 1)])]
        lifecycles = [Lifecycle.model_validate(row) for row in await self._lifecycles.find({}, sort=[("_id", 1)])]
        return Directory(
            queues={queue.name: queue for queue in queues},
            agents={agent.id: agent for agent in agents},
            groups={group.name: group for group in groups},
            grants=tuple(grants),
            lifecycles={one.name: one for one in (DEFAULT_LIFECYCLE, *lifecycles)},
        )

    # ----------------------------------------------------------------------------------------------- people

    async def person(self, id: str) -> Person | None:
        """By id."""
        row = await self._people.find_one({"_id": id})
        return person_of(row) if row else None

    async def person_of_login(self, login: str) -> Person | None:
        """By login name."""
        row = await self._people.find_one({"login": login})
        return person_of(row) if row else None

    async def person_at(self, address: str) -> Person | None:
        """By mail address."""
        row = await self._people.find_one({"addresses": address})
        return person_of(row) if row else None

    async def persons(self, ids: Sequence[str]) -> list[Person]:
        """Those who are there, by id."""
        return [person_of(row) for row in await self._people.find({"_id": {"$in": list(ids)}}, sort=[("_id", 1)])]

    async def people(
        self, agents: bool | None, words: str | None, cursor: str | None, limit: int, addresses: bool = True
    ) -> tuple[list[PersonRow], str | None]:
        """Agents, customers or both, by name; ``words`` is looked for in login, name and, if ``addresses``, addresses.

        Who is shown no addresses finds nobody by theirs either.
        """
        if words and "\0" in words:
            return [], None  # stands in nobody's name, and the database takes no such pattern
        ways: list[Doc] = []
        if agents is not None:
            ways.append({"agent": True} if agents else {"agent": {"$ne": True}})
        if words:
            sought = {"$regex": re.escape(words), "$options": "i"}
            ways.append({"$or": [{name: sought} for name in ("login", "name", *(("addresses",) if addresses else ()))]})
        if cursor:
            ways.append(beyond(BY_NAME, read_cursor("people", cursor, len(BY_NAME))))
        order = [(key.field, 1) for key in BY_NAME]
        rows = await self._people.find({"$and": ways} if ways else {}, sort=order, limit=limit + 1)
        shown = rows[:limit]
        last = [shown[-1].get(key.field, "") for key in BY_NAME] if len(rows) > len(shown) else None
        return [person_row_of(row) for row in shown], write_cursor("people", last) if last else None

    # ---------------------------------------------------------------------------------- passwords, sessions

    async def credential(self, person: str) -> str | None:
        """The hash of a person's password."""
        row = await self._credentials.find_one({"_id": person})
        return row["hash"] if row else None

    async def keep_credential(self, person: str, hash: str, now: datetime) -> None:
        """Keeps the hash of a new password."""
        change = {"$set": {"hash": hash, "changed_at": now}}
        await self._credentials.update_one({"_id": person}, change, upsert=True)

    async def keep_session(self, session: SessionRow) -> None:
        """Begins one."""
        fields = {"person": session.person, "expires_at": session.expires_at}
        await self._access.update_one({"_id": session.id}, {"$set": fields}, upsert=True)

    async def prolong_session(self, session: SessionRow) -> None:
        """Prolongs one that is there still: what was ended meanwhile does not come back to life."""
        still = {"_id": session.id, "person": session.person}
        await self._access.update_one(still, {"$set": {"expires_at": session.expires_at}})

    async def end_session(self, session: str) -> None:
        """Ends one."""
        await self._access.delete_one({"_id": session, "person": {"$exists": True}})

    async def end_sessions(self, person: str, but: str | None = None) -> None:
        """Ends all of a person's, but perhaps one."""
        await self._access.delete_many({"person": person, "_id": {"$ne": but}})

    # --------------------------------------------------------------------------------------------- attempts

    async def attempt(self, key: str, now: datetime, seconds: int) -> int:
        """Counts an attempt; how many there were since the first within these seconds.

        One atomic update, so that attempts side by side are counted one after the other. A row whose time is
        over begins again, whether or not the database has swept it yet.
        """
        over = {"$lte": [{"$ifNull": ["$expires_at", now]}, now]}
        counted: Sequence[Doc] = [
            {
                "$set": {
                    "count": {"$cond": [over, 1, {"$add": ["$count", 1]}]},
                    "expires_at": {"$cond": [over, now + timedelta(seconds=seconds), "$expires_at"]},
                }
            }
        ]
        row = await self._attempts.find_one_and_update({"_id": key}, counted, upsert=True)
        return int(row["count"]) if row else 1

    async def take_back(self, key: str) -> None:
        """Takes one off; below nothing it does not go, since a row may have begun again meanwhile."""
        await self._attempts.update_one({"_id": key, "count": {"$gt": 0}}, {"$inc": {"count": -1}})

    async def forgive(self, key: str) -> None:
        """Forgets attempts."""
        await self._attempts.delete_one({"_id": key})

    async def remember(self, key: str, until: datetime) -> None:
        """A row beside the attempts, which goes by itself as they do."""
        await self._attempts.update_one({"_id": key}, {"$set": {"expires_at": until}}, upsert=True)

    async def remembers(self, key: str, now: datetime) -> bool:
        """Whether it is there and its time is not over."""
        return await self._attempts.find_one({"_id": key, "expires_at": {"$gt": now}}) is not None


def person_of(row: Doc) -> Person:
    """A person's row."""
    return Person.model_validate(row)


def _session(row: Doc | None) -> SessionRow | None:
    return SessionRow(row["_id"], row["person"], row["expires_at"]) if row and "person" in row else None
