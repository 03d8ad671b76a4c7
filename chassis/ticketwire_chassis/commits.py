"""The commit log: a thing is its newest commit, and what was asked once happens once (decisions 1, 3, 4, 5).

    commit   {_id: {stream, seq}, cause, command, actor, at, correlation, body, private, keys, after, hash, pending}

``_id`` is the optimistic lock, ``cause`` the memory of what was already done. ``CommitLog.settle`` takes many
asks at once through the same few steps, in rounds:

    read      newest commits and known causes, in one aggregate
    decide    by the caller's pure function; what is already done leaves before anything is decided
    claim     names that must be unique go in first (decision 5)
    insert    the rest, at most one commit per stream and round

Two duplicate keys, opposite reactions: ``_id`` taken means that someone was faster, so read and decide again;
``cause`` taken means that it is already done, so answer as then.

    cause    <what was asked>:0           the first commit of a plan: it is done when this one is there
             <what was asked>:<n>         its other commits, which stand or fall with the first
             <what was asked>:<stream>    what goes in by itself: claims, and what is derived from them

A try that lost its race leaves its claims behind, and the next one plans without them. So these are named by their
stream: a number would be another's in the next try, and its cause would be taken by the wrong commit.
"""

from __future__ import annotations

import asyncio
import random
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any

import structlog
from bson import MaxKey, MinKey

from ticketwire_contracts.base import Actor, Problem

from .metrics import COMMITS, CONFLICTS
from .mongo import ASCENDING, BulkWriteError, Collection, Database, Doc, Session, UpdateOne, duplicate_key, is_transient
from .private import REDACTION, canonical, reseal, seal

log = structlog.get_logger()

READ_AT_ONCE = 60
"""Streams read in one aggregate; more go in several."""
REFUSED = frozenset({"problem"})
"""A refusal's words can name an address or a login, so they can be erased like any other personal value."""
SEEN = 2000
"""Newest commits that are kept at hand, those of the streams last asked for."""
TRIES = 40
"""Rounds without any progress until we say that something is wrong rather than contended."""


@dataclass(frozen=True, slots=True)
class Commit:
    """One accepted (or refused) command on one stream, with the whole state after it."""

    stream: str
    seq: int
    cause: str
    command: str
    actor: Actor
    at: datetime
    correlation: str
    body: list[Doc]
    private: Doc
    after: Doc
    hash: str
    keys: list[str] = field(default_factory=list)

    @property
    def refused(self) -> bool:
        """Whether it records a refusal."""
        return self.stream.startswith("refusal/")


@dataclass(frozen=True, slots=True)
class Draft:
    """What a decision wants written on one stream, on top of ``base``."""

    stream: str
    base: Commit | None
    events: Sequence[Doc]
    after: Doc
    keys: Sequence[str] = ()
    claim: bool = False
    """Goes in before the rest of its plan; if the name is taken, the plan is made again."""
    shared: bool = False
    """Derived from a claim, so whoever writes it writes the same: being second is no conflict."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a decision comes to: commits, the first of which remembers the cause; or a refusal."""

    drafts: Sequence[Draft] = ()
    problem: Problem | None = None
    refusal: Doc = field(default_factory=dict)
    """What a refusal's commit should say besides the problem."""
    actor: Actor | None = None
    """Who did it, when only the decision could tell (a mail's sender)."""
    apart: bool = False
    """What was read is not enough: it has to be decided alone, in a transaction (``Apart``)."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """What is taken out of a stream's history, and what stands there from now on."""

    values: Mapping[tuple[int, str], Any]
    """By commit and key in its ``private``: what is there instead."""
    afters: Mapping[int, Doc]
    """By commit: the states that follow from what is left."""
    event: Doc
    """The thin event of the commit that says so; what it takes is added."""
    after: Doc
    """The state after it."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One thing asked of the log: by whom, why, when; ``what`` is the caller's."""

    cause: str
    command: str
    actor: Actor
    at: datetime
    correlation: str
    what: Any

    def __post_init__(self) -> None:
        """Milliseconds are what Mongo keeps; a state with finer times would not be the same after a read."""
        at = self.at.astimezone(UTC)
        object.__setattr__(self, "at", at.replace(microsecond=at.microsecond // 1000 * 1000))

    def later_than(self, commits: Iterable[Commit]) -> Ask:
        """The same, asked after these were written: places follow the time, and what was looked at comes first."""
        newest = max((commit.at for commit in commits), default=None)
        if newest is None or self.at > newest:
            return self
        return replace(self, at=newest + timedelta(milliseconds=1))


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of an ask."""

    ask: Ask
    commit: Commit
    commits: Sequence[Commit]
    again: bool = False
    """It had been done before."""

    @property
    def problem(self) -> Problem | None:
        """Why it was refused, if it was."""
        return Problem.model_validate(self.commit.after["problem"]) if self.commit.refused else None


@dataclass(frozen=True, slots=True)
class Look:
    """What one read found."""

    newest: dict[str, Commit]
    done: dict[str, Commit]
    epoch: int


Read = Callable[[Sequence[Ask], Session], Awaitable[Any]]
Decide = Callable[[Any, Ask], Plan]


Fences = Callable[[Any, Ask], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Apart:
    """How an ask is settled whose decision reads or writes other streams: alone, with all of them fenced."""

    read: Read
    decide: Decide
    fences: Fences


class CommitLog:
    """The log of one service."""

    def __init__(self, db: Database, personal: dict[str, frozenset[str]] | None = None) -> None:
        self._db = db
        self._commits = db["commits"]
        self._fences = db["fences"]
        self._seen: OrderedDict[str, Commit] = OrderedDict()
        self._personal = dict(personal or {})
        self._personal["refused"] = self._personal.get("refused", frozenset()) | REFUSED
        self.nudge: Callable[[], None] = lambda: None
        """Called after each write, so that the relay looks at once."""

    @property
    def collection(self) -> Collection:
        """The commits themselves, for reading."""
        return self._commits

    async def prepare(self) -> None:
        """Makes the indexes."""
        await self._commits.create_index([("cause", ASCENDING)], unique=True)
        await self._commits.create_index(
            [("pending", ASCENDING), ("at", ASCENDING), ("_id", ASCENDING)],
            partialFilterExpression={"pending": True},
        )
        await self._commits.create_index([("keys", ASCENDING)], partialFilterExpression={"keys": {"$exists": True}})

    # ------------------------------------------------------------------------------------------ reading

    async def look(self, streams: Iterable[str], causes: Iterable[str] = (), session: Session = None) -> Look:
        """Newest commits of ``streams``, commits by ``causes``, and the directory's epoch."""
        wanted, asked = sorted(set(streams)), list(causes)
        if session is not None:
            return await self._look_in_transaction(wanted, asked, session)
        newest, unknown = await self._still_newest(wanted)
        done: dict[str, Commit] = {}
        epoch = 0
        pipeline: list[Doc] = [{"$match": {"cause": {"$in": asked}}}, {"$set": {"as": "done"}}]
        pipeline.append({"$unionWith": {"coll": "counters", "pipeline": [{"$match": {"_id": "epoch"}}]}})
        pipeline += [_newest_of(stream) for stream in unknown[:READ_AT_ONCE]]
        for doc in await self._commits.aggregate(pipeline):
            if doc["_id"] == "epoch":
                epoch = doc["n"]
            elif doc.get("as") == "done":
                done[doc["cause"]] = from_doc(doc)
            else:
                newest[doc["_id"]["stream"]] = from_doc(doc)
        newest |= await self._read_newest(unknown[READ_AT_ONCE:])
        self._remember(newest)
        return Look(newest=newest, done=done, epoch=epoch)

    async def newest_of_each(self, streams: Iterable[str], session: Session = None) -> dict[str, Commit]:
        """Newest commits of ``streams``, of those that there are."""
        wanted = sorted(set(streams))
        if session is not None:
            return await self._newest_in_transaction(wanted, session)
        newest, unknown = await self._still_newest(wanted)
        newest |= await self._read_newest(unknown)
        self._remember(newest)
        return newest

    async def _read_newest(self, streams: Sequence[str]) -> dict[str, Commit]:
        newest: dict[str, Commit] = {}
        for start in range(0, len(streams), READ_AT_ONCE):
            unions = [_newest_of(stream) for stream in streams[start : start + READ_AT_ONCE]]
            for doc in await self._commits.aggregate([{"$match": {"_id": None}}, *unions]):
                newest[doc["_id"]["stream"]] = from_doc(doc)
        return newest

    async def _still_newest(self, streams: Sequence[str]) -> tuple[dict[str, Commit], list[str]]:
        """Of the commits seen before, those that are still the newest of their streams: there, and none follows them.
        And the streams of which another commit is the newest; those that are not there at all are in neither.

        Numbers have no gaps and nothing is changed without a further commit (an erasure is one too), so to look for
        the next number is enough, or for the first; and it costs the server a tenth of looking for the greatest. That
        it is still there is asked too: what was read before a majority held it can be gone after a change of primary.
        """
        seen = {stream: self._seen.get(stream) for stream in streams}
        ids = [
            {"stream": stream, "seq": seq}
            for stream, commit in seen.items()
            for seq in ((commit.seq, commit.seq + 1) if commit else (1,))
        ]
        rows = await self._commits.find({"_id": {"$in": ids}}, {"hash": 1}) if ids else []
        found = {(doc["_id"]["stream"], doc["_id"]["seq"]): doc["hash"] for doc in rows}
        newest = {
            stream: commit
            for stream, commit in seen.items()
            if commit and found.get((stream, commit.seq)) == commit.hash and (stream, commit.seq + 1) not in found
        }
        nowhere = {stream for stream, commit in seen.items() if commit is None and (stream, 1) not in found}
        return newest, [stream for stream in streams if stream not in newest and stream not in nowhere]

    def _remember(self, newest: Mapping[str, Commit]) -> None:
        for stream, commit in newest.items():
            self._seen[stream] = commit
            self._seen.move_to_end(stream)
        while len(self._seen) > SEEN:
            self._seen.popitem(last=False)

    async def _look_in_transaction(self, streams: Sequence[str], causes: Sequence[str], session: Session) -> Look:
        # $unionWith is refused inside a transaction (MongoDB 6 to 8), so the same in single reads.
        known = await self._commits.find({"cause": {"$in": list(causes)}}, session=session) if causes else []
        counter = await self._db["counters"].find_one({"_id": "epoch"}, session=session)
        newest = await self._newest_in_transaction(streams, session)
        done = {doc["cause"]: from_doc(doc) for doc in known}
        return Look(newest=newest, done=done, epoch=counter["n"] if counter else 0)

    async def _newest_in_transaction(self, streams: Sequence[str], session: Session) -> dict[str, Commit]:
        return {stream: commit for stream in streams if (commit := await self.newest(stream, session))}

    async def newest(self, stream: str, session: Session = None) -> Commit | None:
        """The newest commit of a stream: what the thing is now."""
        found = await self._commits.find({"_id": _range(stream)}, sort=[("_id", -1)], limit=1, session=session)
        return from_doc(found[0]) if found else None

    async def newest_of_kind(self, prefix: str, session: Session = None) -> dict[str, Commit]:
        """Newest commits of all streams that begin with ``prefix``, e.g. ``queue/``; for kinds that are few."""
        last = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        span = {"$gte": {"stream": prefix, "seq": MinKey()}, "$lt": {"stream": last, "seq": MinKey()}}
        found = await self._commits.find(
            {"_id": span}, {"body": 0, "private": 0}, sort=[("_id", ASCENDING)], session=session
        )
        return {doc["_id"]["stream"]: from_doc(doc) for doc in found}

    async def streams_with_keys(self, keys: Sequence[str], session: Session = None) -> dict[str, str]:
        """Which stream holds which key (a Message-ID's digest); the oldest wins."""
        if not keys:
            return {}
        found = await self._commits.find(
            {"keys": {"$in": list(keys)}}, {"keys": 1, "at": 1}, sort=[("at", -1)], session=session
        )
        return {key: doc["_id"]["stream"] for doc in found for key in doc["keys"]}

    async def search(self, stream: str, filter: Doc, limit: int = 0, session: Session = None) -> list[Commit]:
        """Commits of a stream that match, oldest first; it is the stream's own length that is walked."""
        where = {**filter, "_id": _range(stream)}
        found = await self._commits.find(where, sort=[("_id", ASCENDING)], limit=limit, session=session)
        return [from_doc(doc) for doc in found]

    async def history(self, stream: str, session: Session = None, *, after: int = 0, limit: int = 0) -> list[Commit]:
        """The commits of a stream after a version, oldest first; all of them unless there is a limit."""
        span = {"$gte": {"stream": stream, "seq": after + 1}, "$lte": {"stream": stream, "seq": MaxKey()}}
        found = await self._commits.find({"_id": span}, sort=[("_id", ASCENDING)], limit=limit, session=session)
        return [from_doc(doc) for doc in found]

    async def newest_at(self, stream: str, at: datetime) -> Commit | None:
        """What a thing was at a past time: its newest commit up to then."""
        where = {"_id": _range(stream), "at": {"$lte": at}}
        found = await self._commits.find(where, sort=[("_id", -1)], limit=1)
        return from_doc(found[0]) if found else None

    async def part_of(
        self, stream: str, *, after: int = 0, limit: int = 0, where: Doc | None = None, session: Session = None
    ) -> list[Commit]:
        """Commits of a stream after a number, oldest first, of which ``where`` holds; without their states."""
        span = {"$gt": {"stream": stream, "seq": after}, "$lte": {"stream": stream, "seq": MaxKey()}}
        found = await self._commits.find(
            {"_id": span, **(where or {})}, {"after": 0}, sort=[("_id", ASCENDING)], limit=limit, session=session
        )
        return [from_doc(doc) for doc in found]

    # ------------------------------------------------------------------------------------------ writing

    async def settle(
        self, asks: Sequence[Ask], read: Read, decide: Decide, apart: Apart | None = None
    ) -> list[Settled]:
        """Takes asks through read, decide, claim and insert until each is written or was written before.

        A plan that says ``apart`` is not written: its ask is settled alone, by the way that ``apart`` names.
        """
        settled: dict[str, Settled] = {}
        waiting = list({ask.cause: ask for ask in asks}.values())
        idle = 0
        while waiting:
            before = len(waiting)
            world, done = await self._read(waiting, read)
            for ask in waiting:
                if commit := done.get(f"{ask.cause}:0"):
                    all_of_it = [commit] if commit.refused else await self._done(ask.cause, None)
                    settled[ask.cause] = Settled(ask, commit, all_of_it, again=True)
            waiting = [ask for ask in waiting if ask.cause not in settled]
            chosen, rest = _one_commit_per_stream(waiting, partial(decide, world))
            for ask in [ask for ask, plan in chosen if plan.apart]:
                if apart is None:
                    raise ValueError("no way is named to decide it alone")
                settled[ask.cause] = await self.settle_alone(ask, apart.read, apart.decide, apart.fences)
            chosen = [(ask, plan) for ask, plan in chosen if not plan.apart]
            written = await self._write(chosen)
            for ask, _ in chosen:
                if commits := written.get(ask.cause):
                    settled[ask.cause] = Settled(ask, commits[0], _in_order(ask.cause, commits))
            waiting = [ask for ask in waiting if ask.cause not in settled]
            CONFLICTS.inc(max(0, len(waiting) - len(rest)))
            idle = idle + 1 if len(waiting) == before else 0
            if idle > TRIES:
                raise RuntimeError(f"not settled in {TRIES} rounds: {[ask.cause for ask in waiting][:5]}")
        return [settled[ask.cause] for ask in asks]

    async def settle_alone(self, ask: Ask, read: Read, decide: Decide, fences: Fences = lambda *_: ()) -> Settled:
        """Takes one ask through in a transaction: for decisions that write or read several streams (decision 4).

        It is written as later than all it was decided by, though it may have been asked before that: so in the
        order of places nobody reads it before what it rests on.
        """
        for attempt in range(TRIES):
            try:
                async with self._db.transaction() as session:
                    if done := await self._done(ask.cause, session):
                        return Settled(ask, done[0], done, again=True)
                    world = await read([ask], session)
                    then = ask.later_than(world.newest.values())
                    plan = decide(world, then)
                    await self._touch({draft.stream for draft in plan.drafts} | set(fences(world, then)), session)
                    commits = self._commits_of(then, plan)
                    await self._commits.insert_many([to_doc(commit) for commit in commits], session=session)
                COMMITS.inc(len(commits))
                self.nudge()
                return Settled(ask, commits[0], _in_order(ask.cause, commits))
            except Exception as error:
                if not (is_transient(error) or _lost_race(error)):
                    raise
                CONFLICTS.inc()
                # Whoever lost steps back for a moment, the longer the more often: else the same two meet again.
                await asyncio.sleep(random.random() * min(0.002 * 2**attempt, 0.1))
        raise RuntimeError(f"not settled after {TRIES} tries: {ask.cause}")

    async def take_out(
        self, ask: Ask, stream: str, decide: Callable[[Sequence[Commit]], Erasure | None]
    ) -> Commit | None:
        """Takes personal values out of a stream's history; none if there is nothing to take.

        In one transaction: a commit that names what it takes and vouches for what stands there from now on, the
        values themselves, and the states that followed from them.
        """
        for _ in range(TRIES):
            try:
                async with self._db.transaction() as session:
                    commit = await self._take_out(ask, await self.history(stream, session), decide, session)
                if commit is not None:
                    COMMITS.inc()
                    self.nudge()
                return commit
            except Exception as error:
                if not (is_transient(error) or _lost_race(error)):
                    raise
                CONFLICTS.inc()
        raise RuntimeError(f"not erased after {TRIES} tries: {stream}")

    async def _take_out(
        self,
        ask: Ask,
        history: Sequence[Commit],
        decide: Callable[[Sequence[Commit]], Erasure | None],
        session: Session,
    ) -> Commit | None:
        erasure = decide(history) if history else None
        if erasure is None:
            return None
        takes: dict[str, str] = {}
        private: dict[int, Doc] = {commit.seq: dict(commit.private) for commit in history}
        for (seq, key), value in erasure.values.items():
            private[seq][key], takes[f"{seq}:{key}"] = reseal(value)
        event = {**erasure.event, "takes": takes}
        draft = Draft(history[-1].stream, history[-1], [event], erasure.after, keys=[REDACTION])
        cause = replace(ask, cause=f"{ask.cause}/{draft.stream}/{history[-1].seq + 1}")
        made = self._commit(cause, Plan([draft]), "0", draft)
        await self._commits.insert_many([to_doc(made)], session=session)
        for commit in history:
            after = erasure.afters.get(commit.seq, commit.after)
            if private[commit.seq] != commit.private or after != commit.after:
                await self._commits.update_one(
                    {"_id": {"stream": commit.stream, "seq": commit.seq}},
                    {"$set": {"private": private[commit.seq], "after": after}},
                    session=session,
                )
        return made

    async def _done(self, cause: str, session: Session) -> list[Commit]:
        """All commits of an ask that was settled before, in order; none while only its claims are there."""
        span = {"$gte": f"{cause}:", "$lt": f"{cause};"}
        commits = [from_doc(doc) for doc in await self._commits.find({"cause": span}, session=session)]
        found = _in_order(cause, commits)
        return found if found and found[0].cause == f"{cause}:0" else []

    async def _touch(self, fences: set[str], session: Session) -> None:
        await self._fences.bulk_write(
            [UpdateOne({"_id": fence}, {"$inc": {"n": 1}}, upsert=True) for fence in sorted(fences)],
            ordered=True,
            session=session,
        )

    async def _read(self, asks: Sequence[Ask], read: Read) -> tuple[Any, dict[str, Commit]]:
        world = await read(asks, None)
        return world, world.done

    async def _write(self, chosen: Sequence[tuple[Ask, Plan]]) -> dict[str, list[Commit]]:
        plans = {ask.cause: (plan, self._commits_of(ask, plan)) for ask, plan in chosen}
        claims = [
            (cause, commit)
            for cause, (plan, commits) in plans.items()
            for draft, commit in _pairs(plan, commits)
            if draft is not None and draft.claim
        ]
        lost = await self._insert(claims)
        rest = [
            (cause, commit)
            for cause, (plan, commits) in plans.items()
            if cause not in lost
            for draft, commit in _pairs(plan, commits)
            if draft is None or not draft.claim
        ]
        shared = {
            (commit.stream, commit.seq)
            for plan, commits in plans.values()
            for draft, commit in _pairs(plan, commits)
            if draft is not None and draft.shared
        }
        lost |= await self._insert(rest, forgive=shared)
        if claims or rest:
            self.nudge()
        return {cause: commits for cause, (_, commits) in plans.items() if cause not in lost}

    async def _insert(
        self,
        items: Sequence[tuple[str, Commit]],
        forgive: set[tuple[str, int]] | frozenset[tuple[str, int]] = frozenset(),
    ) -> set[str]:
        """Inserts; gives the causes of those asks that have to be decided again."""
        if not items:
            return set()
        lost: set[str] = set()
        failed = 0
        try:
            await self._commits.insert_many([to_doc(commit) for _, commit in items], ordered=False)
        except BulkWriteError as error:
            for failure in error.details["writeErrors"]:
                taken = duplicate_key(failure)
                if not taken:
                    raise
                failed += 1
                cause, commit = items[failure["index"]]
                if "_id" not in taken or (commit.stream, commit.seq) not in forgive:
                    lost.add(cause)
        COMMITS.inc(len(items) - failed)
        return lost

    def _commits_of(self, ask: Ask, plan: Plan) -> list[Commit]:
        if plan.problem is not None:
            problem = plan.problem.model_dump(mode="json")
            event = {"type": "refused", "v": 1, "problem": problem, **plan.refusal}
            after = {"problem": problem, **plan.refusal}
            return [self._commit(ask, plan, "0", Draft(f"refusal/{ask.cause}", None, [event], after))]
        return [self._commit(ask, plan, _place_in(n, draft), draft) for n, draft in enumerate(plan.drafts)]

    def _commit(self, ask: Ask, plan: Plan, place: str, draft: Draft) -> Commit:
        at = ask.at
        if draft.base is not None:
            at = max(at, draft.base.at)  # time never runs backwards in a stream: the relay's order rests on it
        body, private = seal(draft.events, self._personal)
        commit = Commit(
            stream=draft.stream,
            seq=draft.base.seq + 1 if draft.base else 1,
            cause=f"{ask.cause}:{place}",
            command=ask.command,
            actor=plan.actor or ask.actor,
            at=at,
            correlation=ask.correlation,
            body=body,
            private=private,
            after=draft.after,
            hash="",
            keys=list(draft.keys),
        )
        return _with_hash(commit)


def hash_of(commit: Commit) -> str:
    """What vouches for a commit: everything in it but ``private``, ``after``, ``hash`` and ``pending``."""
    covered = {
        "stream": commit.stream,
        "seq": commit.seq,
        "cause": commit.cause,
        "command": commit.command,
        "actor": commit.actor.model_dump(mode="json"),
        "at": commit.at,
        "correlation": commit.correlation,
        "body": commit.body,
        "keys": commit.keys,
    }
    return sha256(canonical(covered)).hexdigest()


def chain_after(chain: str, hash: str) -> str:
    """The chain's next value: one hash over everything before it and the commit at this place."""
    return sha256(f"{chain}\0{hash}".encode()).hexdigest()


def to_doc(commit: Commit) -> Doc:
    """As it stands in Mongo, waiting for the relay."""
    doc: Doc = {
        "_id": {"stream": commit.stream, "seq": commit.seq},
        "cause": commit.cause,
        "command": commit.command,
        "actor": commit.actor.model_dump(mode="json"),
        "at": commit.at,
        "correlation": commit.correlation,
        "body": commit.body,
        "private": commit.private,
        "after": commit.after,
        "hash": commit.hash,
        "pending": True,
    }
    if commit.keys:
        doc["keys"] = commit.keys
    return doc


def from_doc(doc: Doc) -> Commit:
    """From Mongo; parts that were not read are empty."""
    return Commit(
        stream=doc["_id"]["stream"],
        seq=doc["_id"]["seq"],
        cause=doc["cause"],
        command=doc["command"],
        actor=Actor.model_validate(doc["actor"]),
        at=doc["at"],
        correlation=doc["correlation"],
        body=doc.get("body", []),
        private=doc.get("private", {}),
        after=doc.get("after", {}),
        hash=doc["hash"],
        keys=doc.get("keys", []),
    )


def _place_in(n: int, draft: Draft) -> str:
    """How the n-th commit of a plan is named in its cause."""
    return draft.stream if n and (draft.claim or draft.shared) else str(n)


def _in_order(cause: str, commits: Iterable[Commit]) -> list[Commit]:
    """The commits of one cause: by number, then those that are named by their stream. Not among them are those of a
    longer cause that begins with the same words."""
    places = {commit.cause.removeprefix(f"{cause}:"): commit for commit in commits}
    numbers = sorted((place for place in places if place.isdigit()), key=int)
    streams = sorted(place for place, commit in places.items() if place == commit.stream)
    return [places[place] for place in (*numbers, *streams)]


def _with_hash(commit: Commit) -> Commit:
    object.__setattr__(commit, "hash", hash_of(commit))
    return commit


def _range(stream: str) -> Doc:
    return {"$gte": {"stream": stream, "seq": MinKey()}, "$lte": {"stream": stream, "seq": MaxKey()}}


def _newest_of(stream: str) -> Doc:
    newest: list[Doc] = [
        {"$match": {"_id": _range(stream)}},
        {"$sort": {"_id": -1}},
        {"$limit": 1},
        {"$project": {"body": 0, "private": 0}},
    ]
    return {"$unionWith": {"coll": "commits", "pipeline": newest}}


def _pairs(plan: Plan, commits: Sequence[Commit]) -> list[tuple[Draft | None, Commit]]:
    if plan.problem is not None:
        return [(None, commit) for commit in commits]
    return list(zip(plan.drafts, commits, strict=True))


def _one_commit_per_stream(
    asks: Sequence[Ask], decide: Callable[[Ask], Plan]
) -> tuple[list[tuple[Ask, Plan]], list[Ask]]:
    """Decides in order; an ask that would write a stream already written in this round waits for the next."""
    chosen: list[tuple[Ask, Plan]] = []
    rest: list[Ask] = []
    touched: set[str] = set()
    for ask in asks:
        plan = decide(ask)
        streams = {draft.stream for draft in plan.drafts}
        if touched & streams:
            rest.append(ask)
        else:
            chosen.append((ask, plan))
        touched |= streams
    return chosen, rest


def _lost_race(error: Exception) -> bool:
    return isinstance(error, BulkWriteError) and any(duplicate_key(e) for e in error.details.get("writeErrors", ()))
