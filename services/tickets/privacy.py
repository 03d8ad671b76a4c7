"""A person's data, found in the log and erased from it (decision 18).

    erasures   {_id: person/<id>, order, actor, correlation, subject?, asked_at, done_at?}

First the person: a tombstone, their names free, and the event by which every service hears of it. Then stream by
stream, each in a transaction, until a look through the whole log finds nothing more. What was begun and not
finished stands in ``erasures`` and is gone on with at the next start; whom to look for (addresses, names) stands
there only until it is done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Protocol

import structlog

from ticketwire_chassis.commands import Asked
from ticketwire_chassis.commits import Ask, Commit, CommitLog, Draft, Erasure, Plan, Settled
from ticketwire_chassis.failures import what_failed
from ticketwire_chassis.mongo import Database, Doc
from ticketwire_chassis.private import unseal
from ticketwire_chassis.signing import Signer
from ticketwire_contracts.base import Actor, Answer, Event, Problem
from ticketwire_contracts.rights import Thing
from ticketwire_contracts.tickets import (
    ErasePersonV1,
    FindPersonDataV1,
    Person,
    PersonData,
    TicketErasedV1,
    TicketEvent,
    TicketOfPerson,
)

from .domain.context import Context
from .domain.decision import Change, Decision, Refusal, refused, released
from .domain.erasure import Subject, goes_wholly, is_about, subject_of, taken, tombstone
from .domain.events import PERSONAL, Erased, PersonChanged, PersonErased, Said, lift, thin
from .domain.recompute import recompute
from .domain.state import TicketState, message_of
from .publish import publish

log = structlog.get_logger()

RIGHT = "person.erase"
ROLES = {"requester": "requesters", "cc": "cc", "admin_cc": "admin_cc", "owner": "owner"}
REFUSALS = {"refused": frozenset({"problem", "notice"})}
AGAIN_SECONDS = 60.0
ENTOMBED = "person_erased"
"""Key by which the commits are found that erased a person."""
FORBIDDEN = Problem(
    type="forbidden", title="You may not", status=403, detail=f"It needs the right {RIGHT}.", extra={"right": RIGHT}
)
NOBODY = Problem(
    type="person-not-found", title="No such person", status=404, detail="Write person:<login> or person/<id>."
)


class Store(Protocol):
    """Reads for decisions."""

    async def read_commands(self, asks: Sequence[Ask], session: Any) -> Any: ...
    async def read_administration(self, asks: Sequence[Ask], session: Any) -> Any: ...


@dataclass(frozen=True, slots=True)
class Trace:
    """Where the log speaks of a person."""

    tickets: list[str]
    mails: list[str]


class Privacy:
    """Finding and forgetting."""

    def __init__(self, db: Database, log: CommitLog, store: Store, signer: Signer) -> None:
        self._rows = db["erasures"]
        self._log = log
        self._store = store
        self._signer = signer

    # --------------------------------------------------------------------------------------------- finding

    async def find(self, orders: Sequence[Asked]) -> list[Answer]:
        """What the log holds of a person."""
        return [await self._find(asked) for asked in orders]

    async def _find(self, asked: Asked) -> Answer:
        command = asked.command
        assert isinstance(command, FindPersonDataV1)
        ask = _ask(asked)
        context: Context = (await self._store.read_commands([ask], None)).context
        if not context.may(ask.actor, RIGHT, Thing()):
            return Answer(order=ask.cause, problem=FORBIDDEN)
        persons = await self._persons(command.person)
        if not persons:
            return Answer(order=ask.cause, problem=NOBODY)
        subject = subject_of(persons)
        streams = [s for s in await self._streams(subject) if s.startswith("ticket/") and s > command.after]
        page = streams[: command.limit]
        tickets: list[TicketOfPerson] = []
        mails: list[str] = []
        for stream in page:
            history = await self._log.history(stream)
            tickets.append(_of_person(subject, history))
            mails += _mails(subject, history)
        data = PersonData(
            person=persons[0], tickets=tickets, mails=mails, next=page[-1] if len(streams) > len(page) else None
        )
        return Answer(order=ask.cause, result=data.model_dump(mode="json"))

    async def _persons(self, who: str) -> list[Person]:
        """Every state of a person and of those who were joined into them, the present one first."""
        stream = who
        if who.startswith("person:"):
            claim = await self._log.newest(self._signer.claim("login", who.partition(":")[2]))
            stream = str(claim.after["owner"]) if claim else ""
        if not stream.startswith("person/"):
            return []
        newest = await self._log.newest(stream)
        if newest is None:
            return []
        person = Person.model_validate(newest.after)
        states = [person]
        for one in (stream, *person.aliases):
            for commit in await self._log.history(one):
                happened = [lift(event) for event in unseal(commit.body, commit.private)]
                found = [getattr(event, "person", None) for event in happened]
                states += [one for one in found if isinstance(one, Person)]
        return states

    async def _streams(self, subject: Subject) -> list[str]:
        """Streams that speak of a person: one look through the whole log, in the database."""
        ids, addresses = sorted(subject.ids), sorted(subject.addresses)
        named = {"$in": [*ids]}
        words: Doc = {"$regex": "|".join(map(_escaped, addresses)) or "(?!)", "$options": "i"}
        where: Doc = {
            "$or": [
                {"actor.id": named},
                *({f"after.{field}.id": named} for field in ROLES.values()),
                {"private.0_problem.value.detail": words},
                {"$expr": _in_values(ids, addresses)},
            ]
        }
        found = await self._log.collection.aggregate(
            [{"$match": where}, {"$group": {"_id": "$_id.stream"}}, {"$sort": {"_id": 1}}]
        )
        return sorted({doc["_id"] for doc in found} | subject.ids)

    # -------------------------------------------------------------------------------------------- forgetting

    async def erase(self, orders: Sequence[Asked]) -> list[Answer]:
        """Forgets persons, one by one."""
        return [await self._erase(_ask(asked)) for asked in orders]

    async def _erase(self, ask: Ask) -> Answer:
        persons = await self._persons(ask.what.person)
        if not persons:
            return Answer(order=ask.cause, problem=NOBODY)
        person = persons[0]
        before = await self._rows.find_one({"_id": person.id})
        subject = _subject(before) or subject_of(persons)
        done = await self._entomb(ask, person, subject)
        if done.problem is not None and done.problem.type != "no-change":
            return Answer(order=ask.cause, problem=done.problem)
        await self._sweep(ask, person.id, subject)
        events = [event.model_dump(mode="json") for commit in done.commits for event in publish(commit).internal]
        return Answer(order=ask.cause, events=events, problem=done.problem, result={"person": person.id})

    async def _entomb(self, ask: Ask, person: Person, subject: Subject) -> Settled:
        """The person themselves, and the row by which the rest is gone on with whatever happens."""
        trace = await self._trace(subject)

        async def read(asks: Sequence[Ask], session: Any) -> Any:
            world = await self._store.read_administration(asks, session)
            world.newest |= await self._log.newest_of_each(subject.ids, session)
            return world

        def decide(world: Any, ask: Ask) -> Plan:
            decision = _decide(world, ask, subject, trace)
            if isinstance(decision, Refusal):
                return Plan(problem=decision.problem)
            return Plan(
                [
                    Draft(
                        one.stream,
                        world.newest.get(one.stream),
                        [thin(event) for event in one.events],
                        _doc(one.after),
                        keys=[ENTOMBED] if one.stream == person.id else (),
                    )
                    for one in decision
                ]
            )

        done = await self._log.settle_alone(replace(ask, what=ErasePersonV1(person=person.id)), read, decide)
        if done.problem is None or done.problem.type == "no-change":
            await self._begin(ask, person.id, subject)
        return done

    async def _begin(self, ask: Ask, person: str, subject: Subject) -> None:
        row = {
            "order": ask.cause,
            "actor": ask.actor.model_dump(mode="json"),
            "correlation": ask.correlation,
            "asked_at": ask.at,
            "subject": {
                "ids": sorted(subject.ids), "addresses": sorted(subject.addresses), "names": sorted(subject.names),
            },
        }  # fmt: skip
        await self._rows.update_one({"_id": person}, {"$set": row, "$unset": {"done_at": ""}}, upsert=True)

    async def _trace(self, subject: Subject) -> Trace:
        tickets: list[str] = []
        mails: list[str] = []
        for stream in await self._streams(subject):
            history = await self._log.history(stream)
            if stream.startswith("ticket/"):
                tickets.append(stream.removeprefix("ticket/"))
                mails += _mails(subject, history)
            elif stream.startswith("refusal/") and "mail" in history[0].after:
                mails.append(str(history[0].after["mail"]))
        return Trace(tickets, sorted(set(mails)))

    async def _sweep(self, ask: Ask, person: str, subject: Subject) -> None:
        """Stream by stream, until nothing is found any more."""

        def decide(history: Sequence[Commit]) -> Erasure | None:
            return erasure_of(history, subject, person, ask.at)

        while True:
            taken_out = 0
            for stream in await self._streams(subject):
                if decide(await self._log.history(stream)) is not None:
                    taken_out += await self._log.take_out(ask, stream, decide) is not None
            log.info("erasing", person=person, streams=taken_out)
            if not taken_out:
                break
        await self._rows.update_one(
            {"_id": person}, {"$set": {"done_at": datetime.now(UTC)}, "$unset": {"subject": ""}}
        )

    async def resume(self) -> None:
        """Goes on with what was begun and not finished, now and every minute, for ever."""
        while True:
            try:
                await self.go_on(datetime.now(UTC))
            except Exception as error:
                log.warning("erasing_failed", error=what_failed(error), exc_info=True)
            await asyncio.sleep(AGAIN_SECONDS)

    async def go_on(self, now: datetime) -> int:
        """Finishes erasures that were begun; gives how many. Two replicas at it do no harm."""
        for doc in await self._log.collection.find({"keys": ENTOMBED}):
            stream = doc["_id"]["stream"]
            if await self._rows.find_one({"_id": stream}, {"_id": 1}) is None:  # it died before the row was written
                actor = Actor.model_validate(doc["actor"])
                cause = doc["cause"].rpartition(":")[0]
                ask = Ask(cause, ErasePersonV1.topic, actor, doc["at"], doc["correlation"], None)
                await self._begin(ask, stream, subject_of(await self._persons(stream)))
        rows = await self._rows.find({"subject": {"$exists": True}})
        for row in rows:
            subject = _subject(row)
            if subject is not None:
                actor = Actor.model_validate(row["actor"])
                ask = Ask(row["order"], ErasePersonV1.topic, actor, now, row["correlation"], None)
                await self._sweep(ask, row["_id"], subject)
        return len(rows)


def _decide(world: Any, ask: Ask, subject: Subject, trace: Trace) -> Decision:
    """Who may, whom; what is left of them; and their names are free for whoever comes next."""
    context: Context = world.context
    person = context.persons.get(ask.what.person)
    if not context.may(ask.actor, RIGHT, Thing()):
        return Refusal(FORBIDDEN)
    if person is None:
        return Refusal(NOBODY)
    if person.id == ask.actor.id:
        return refused("yourself", "Not on yourself", 409, "Another administrator can erase you.")
    if person.joined_into is not None and not person.erased:
        return refused("joined", "Joined with another person", 409, f"They are {person.joined_into} now.")
    if person.erased:
        return refused("no-change", "It is so already", 409, "They were erased before.")
    held = [context.claim("address", address) for address in sorted(subject.addresses)]
    held += [context.claim("login", person.login)] if person.login else []
    left = tombstone(person, person.version + 1)
    event = PersonErased(
        person=left,
        erased=sorted(subject.ids),
        claims=held,
        tickets=trace.tickets,
        mails=trace.mails,
        rights_epoch=world.epoch,
    )
    changes = [Change(person.id, [event], left.model_dump() | {"rights_epoch": world.epoch})]
    for stream in sorted(subject.ids - {person.id}):
        alias = Person.model_validate(world.newest[stream].after)
        gone = tombstone(alias, alias.version + 1)
        after = gone.model_dump() | {"rights_epoch": world.epoch}
        changes.append(Change(stream, [PersonChanged(person=gone, rights_epoch=world.epoch)], after))
    return [*changes, *(released(claim) for claim in held if context.claims.get(claim) == person.id)]


def erasure_of(history: Sequence[Commit], subject: Subject, person: str, at: datetime) -> Erasure | None:
    """What is taken out of one stream, and what follows from what is left; none if there is nothing of theirs."""
    if not history:
        return None
    stream = history[0].stream
    wholly = stream.startswith("ticket/") and is_about(subject, TicketState.model_validate(history[-1].after))
    values: dict[tuple[int, str], Any] = {}
    told: set[str] = set()
    for commit in history:
        for index, event in enumerate(unseal(commit.body, commit.private)):
            personal = (PERSONAL | REFUSALS).get(event["type"], frozenset())
            if event["type"] == Erased.model_fields["type"].default:
                continue
            changed = taken(subject, event, personal, wholly=wholly)
            sealed = {name: value for name, value in changed.items() if f"{index}_{name}" in commit.private}
            values |= {(commit.seq, f"{index}_{name}"): value for name, value in sealed.items()}
            if sealed:
                told.add(f"{stream}:{commit.seq}:{index}")
    if not values:
        return None
    for commit in history:  # what an earlier erasure told is told again by this one, as it is now
        for index, event in enumerate(unseal(commit.body, commit.private)):
            if event["type"] == Erased.model_fields["type"].default and event.get("said"):
                told |= {one["id"] for one in event["said"]}
                values[commit.seq, f"{index}_said"] = []
    left = _left(history, values)
    said = [event.model_dump(mode="json", exclude={"ticket"}) for event in _told(left, told)]
    event = thin(Erased(person=person, takes={}, said=said))
    newest = left[-1]
    after = newest.after if newest.refused else recompute(stream, newest.after, [event], max(at, newest.at))
    return Erasure(values, {commit.seq: commit.after for commit in left}, event, after)


def _left(history: Sequence[Commit], values: Mapping[tuple[int, str], Any]) -> list[Commit]:
    """The commits with what is there from now on, and the states that follow from it."""
    left: list[Commit] = []
    for commit in history:
        private = dict(commit.private)
        for (seq, key), value in values.items():
            if seq == commit.seq:
                private[key] = {"salt": "", "value": value}
        events = unseal(commit.body, private)
        before = left[-1].after if left else None
        if not commit.refused:
            after = recompute(commit.stream, before, events, commit.at)
        else:
            after = before or {name: value for name, value in events[0].items() if name not in ("type", "v")}
        left.append(replace(commit, private=private, after=after))
    return left


def _told(commits: Sequence[Commit], ids: set[str]) -> list[Event]:
    return [
        event
        for commit in commits
        for event in publish(commit).internal
        if isinstance(event, TicketEvent) and not isinstance(event, TicketErasedV1) and event.id in ids
    ]


def _of_person(subject: Subject, history: Sequence[Commit]) -> TicketOfPerson:
    ticket = TicketState.model_validate(history[-1].after)
    standing = {
        "requester": ticket.requesters,
        "cc": ticket.cc,
        "admin_cc": ticket.admin_cc,
        "owner": [ticket.owner] if ticket.owner else [],
    }
    messages = [
        message_of(ticket.number, said, commit.at)
        for commit in history
        for event in unseal(commit.body, commit.private)
        if isinstance(said := lift(event), Said) and said.author.id in subject.ids
    ]
    roles = [role for role, parties in standing.items() if any(party.id in subject.ids for party in parties)]
    return TicketOfPerson(number=ticket.number, subject=ticket.subject, roles=roles, messages=messages)


def _mails(subject: Subject, history: Sequence[Commit]) -> list[str]:
    """ingest's rows of the mails that go as a whole."""
    wholly = is_about(subject, TicketState.model_validate(history[-1].after))
    return [
        str(event["mail"])
        for commit in history
        for event in unseal(commit.body, commit.private)
        if event.get("mail") and goes_wholly(subject, event, wholly=wholly)
    ]


def _in_values(ids: list[str], addresses: list[str]) -> Doc:
    """Whether a personal value names one of these: a person by id, a mail address, a message by its author."""

    def listed(path: str) -> Doc:
        return {"$cond": [{"$isArray": path}, path, [path]]}

    def flat(path: str) -> Doc:
        """A list of what may be a list each: of several quoted messages, each has several recipients."""
        return {
            "$reduce": {
                "input": listed(path),
                "initialValue": [],
                "in": {"$concatArrays": ["$$value", listed("$$this")]},
            }
        }

    def meets(values: Doc, wanted: list[str]) -> Doc:
        return {"$gt": [{"$size": {"$setIntersection": [values, wanted]}}, 0]}

    def lower(path: str) -> Doc:
        return {"$map": {"input": flat(path), "in": {"$toLower": "$$this"}}}

    condition = {
        "$or": [
            meets(listed("$$value.v.value.id"), ids),
            meets(listed("$$value.v.value.author.id"), ids),
            meets(lower("$$value.v.value.address"), addresses),
            meets(lower("$$value.v.value.to.address"), addresses),
            meets(lower("$$value.v.value.author.address"), addresses),
        ]
    }
    values = {"$objectToArray": {"$ifNull": ["$private", {}]}}
    return {"$gt": [{"$size": {"$filter": {"input": values, "as": "value", "cond": condition}}}, 0]}


def _escaped(word: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "@_" else f"\\{letter}" for letter in word)


def _subject(row: Doc | None) -> Subject | None:
    kept = row.get("subject") if row else None
    if not kept:
        return None
    return Subject(frozenset(kept["ids"]), frozenset(kept["addresses"]), frozenset(kept["names"]))


def _doc(after: TicketState | dict[str, Any]) -> Doc:
    return after.model_dump() if isinstance(after, TicketState) else after


def _ask(asked: Asked) -> Ask:
    order = asked.order
    return Ask(order.id, order.type, order.actor, datetime.now(UTC), order.correlation, asked.command)
