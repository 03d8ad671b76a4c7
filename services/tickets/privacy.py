"""A person's data, found in the log and erased from it (decision 18).

    erasures   {_id: person/<id>, order, actor, correlation, subject?, asked_at, done_at?}

First the person: a tombstone, their names free, and the event by which every service hears of it. Then stream by
stream, in portions that a document holds, each in a transaction, until what has come since has nothing more of
theirs. One stream that fails holds up no other. What was begun and not finished stands in ``erasures`` and is gone
on with; whom to look for (addresses, names) stands there only until it is done.

Looking through the whole log is done once for each question; who asked it is in the log too (``disclosure/<id>``).
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Protocol

import structlog

from ticketwire_chassis.commands import Asked
from ticketwire_chassis.commits import Ask, Commit, CommitLog, Draft, Erasure, Plan, Settled
from ticketwire_chassis.failures import what_failed
from ticketwire_chassis.mongo import ConnectionFailure, Database, Doc
from ticketwire_chassis.private import REDACTION, canonical, unseal
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

from .domain.administration import beneath
from .domain.context import Context
from .domain.decision import Change, Decision, Refusal, refused, released
from .domain.erasure import (
    Subject,
    alike,
    goes_wholly,
    is_about,
    is_answer_to,
    people_in,
    period_of,
    subject_of,
    taken,
    tombstone,
)
from .domain.events import PERSONAL, Erased, PersonChanged, PersonDataShown, PersonErased, Said, lift, thin
from .domain.recompute import recompute
from .domain.state import TicketState, message_of
from .publish import publish

log = structlog.get_logger()

RIGHT = "person.erase"
ROLES = {
    "requester": "requesters", "cc": "cc", "admin_cc": "admin_cc", "owner": "owner", "watcher": "watchers",
}  # fmt: skip
WORDED = ("name", "text", "subject", "filename", "before", "after", "detail")
"""Where in a personal value texts stand."""
REFUSALS = {"refused": frozenset({"problem", "notice"})}
AGAIN_SECONDS = 60.0
AT_ONCE = 500
"""Commits that one look through the log gives at a time."""
PORTION = 2_000_000
"""Octets of events that one erasure takes something out of: it tells them anew, in one document and one message."""
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

    streams: list[str]
    tickets: list[str]
    mails: list[str]
    place: int
    """Up to where everything was looked at; what came later has a later place or none yet."""


class Privacy:
    """Finding and forgetting."""

    def __init__(self, db: Database, log: CommitLog, store: Store, signer: Signer) -> None:
        self._rows = db["erasures"]
        self._positions = db["positions"]
        self._log = log
        self._store = store
        self._signer = signer

    # --------------------------------------------------------------------------------------------- finding

    async def find(self, orders: Sequence[Asked]) -> list[Answer]:
        """What the log holds of a person; that it was asked for is written down first."""
        return [await self._find(_ask(asked)) for asked in orders]

    async def _find(self, ask: Ask) -> Answer:
        command = ask.what
        assert isinstance(command, FindPersonDataV1)
        persons = await self._persons(command.person)
        problem = await self._disclose(ask, persons)
        if problem is not None:
            return Answer(order=ask.cause, problem=problem)
        subject = await self._in_time(subject_of(persons))
        page: list[str] = []
        tickets: list[TicketOfPerson] = []
        mails: list[str] = []
        more = False
        async for stream in self._streams(subject, after=max(command.after, "ticket/")):
            if not stream.startswith("ticket/"):
                break
            history = await self._log.history(stream)
            if not _speaks_of(subject, history):
                continue
            if more := len(page) == command.limit:
                break
            page.append(stream)
            tickets.append(_of_person(subject, history))
            mails += _mails(subject, history)
        data = PersonData(person=persons[0], tickets=tickets, mails=mails, next=page[-1] if more else None)
        return Answer(order=ask.cause, result=data.model_dump(mode="json"))

    async def _disclose(self, ask: Ask, persons: Sequence[Person]) -> Problem | None:
        """Whether someone may see it; if so, it is written down: once, though there may be several pages of it."""
        stream = f"disclosure/{persons[0].id.removeprefix('person/')}" if persons else ""

        async def read(asks: Sequence[Ask], session: Any) -> Any:
            world = await self._store.read_commands(asks, session)
            world.newest |= await self._log.newest_of_each({stream} - {""}, session)
            return world

        def decide(world: Any, ask: Ask) -> Plan:
            context: Context = world.context
            if not context.may(ask.actor, RIGHT, Thing()):
                return Plan(problem=FORBIDDEN)
            if not persons:
                return Plan(problem=NOBODY)
            shown = PersonDataShown(person=persons[0].id)
            return Plan([Draft(stream, world.newest.get(stream), [thin(shown)], {"person": shown.person})])

        if ask.what.after:
            return decide(await read([ask], None), ask).problem
        (settled,) = await self._log.settle([ask], read, decide)
        return settled.problem

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

    async def _in_time(self, subject: Subject) -> Subject:
        """With when which of their names were theirs."""
        periods = {}
        for word, claim in self._claims(subject).items():
            owners = [(commit.at, str(commit.after["owner"])) for commit in await self._log.history(claim)]
            if any(owner not in subject.ids for _, owner in owners if owner):
                periods[word] = period_of(owners, subject.ids)
        return replace(subject, periods=periods)

    def _claims(self, subject: Subject) -> dict[str, str]:
        """The streams of their names; a login is no address."""
        names = [("address", address) for address in sorted(subject.addresses)]
        names += [("login", login) for login in sorted(subject.logins)]
        return {word: self._signer.claim(kind, word) for kind, word in names}

    async def _streams(self, subject: Subject, after: str = "") -> AsyncIterator[str]:
        """Streams that may speak of a person, in order: a look through the log, in the database, as far as it is
        asked for. Whoever goes on after one of them looks through the rest, so all pages together are one look."""
        where = _where(subject)
        while True:
            rest: Doc = {"_id": {"$gt": {"stream": after, "seq": math.inf}}}
            found = await self._log.collection.find(rest | where, {"_id": 1}, sort=[("_id", 1)], limit=AT_ONCE)
            for stream in dict.fromkeys(doc["_id"]["stream"] for doc in found):
                yield stream
            if len(found) < AT_ONCE:
                return
            after = found[-1]["_id"]["stream"]

    async def _streams_since(self, subject: Subject, place: int) -> list[str]:
        """Streams that may speak of a person in what came after a place. What has none yet is read first: it gets a
        later one. What an erasure tells is clean."""
        where = {"keys": {"$ne": REDACTION}} | _where(subject)
        found = await self._log.collection.find({"pending": True} | where, {"_id": 1})
        placed = await self._positions.find({"_id": {"$gt": place}}, {"commit": 1})
        commits = [position["commit"] for position in placed]
        for start in range(0, len(commits), AT_ONCE):
            some: Doc = {"_id": {"$in": commits[start : start + AT_ONCE]}}
            found += await self._log.collection.find(some | where, {"_id": 1})
        return sorted({doc["_id"]["stream"] for doc in found})

    async def _place(self) -> int:
        newest = await self._positions.find_one({}, {"_id": 1}, sort=[("_id", -1)])
        return int(newest["_id"]) if newest else 0

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
        subject = await self._in_time(_subject(before) or subject_of(persons))
        trace = await self._trace(subject)
        done = await self._entomb(ask, person, subject, trace)
        if done.problem is not None and done.problem.type != "no-change":
            return Answer(order=ask.cause, problem=done.problem)
        await self._sweep(ask, person.id, subject, trace)
        events = [event.model_dump(mode="json") for commit in done.commits for event in publish(commit).internal]
        return Answer(order=ask.cause, events=events, problem=done.problem, result={"person": person.id})

    async def _entomb(self, ask: Ask, person: Person, subject: Subject, trace: Trace) -> Settled:
        """The person themselves, and the row by which the rest is gone on with whatever happens."""
        claims = self._claims(subject)

        async def read(asks: Sequence[Ask], session: Any) -> Any:
            world = await self._store.read_administration(asks, session)
            world.newest |= await self._log.newest_of_each({*subject.ids, *claims.values()}, session)
            return world

        def decide(world: Any, ask: Ask) -> Plan:
            decision = _decide(world, ask, subject, claims, trace)
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
                "logins": sorted(subject.logins),
            },
        }  # fmt: skip
        await self._rows.update_one({"_id": person}, {"$set": row, "$unset": {"done_at": ""}}, upsert=True)

    async def _trace(self, subject: Subject) -> Trace:
        streams: list[str] = []
        tickets: list[str] = []
        mails: list[str] = []
        place = await self._place()
        async for stream in self._streams(subject):
            history = await self._log.history(stream)
            if not _speaks_of(subject, history):
                continue
            streams.append(stream)
            if stream.startswith("ticket/"):
                tickets.append(stream.removeprefix("ticket/"))
                mails += _mails(subject, history)
            elif stream.startswith("refusal/") and "mail" in history[0].after:
                notice = history[0].after.get("notice")
                if not notice or is_answer_to(subject.at(history[0].at), notice):
                    mails.append(str(history[0].after["mail"]))
        return Trace(streams, tickets, sorted(set(mails)), place)

    async def _sweep(self, ask: Ask, person: str, subject: Subject, trace: Trace | None = None) -> bool:
        """Stream by stream, and then what came meanwhile, until nothing is found any more; whether all could be done.

        What could not is gone on with later, with all that was asked for beside it done."""

        def decide(history: Sequence[Commit]) -> Erasure | None:
            return erasure_of(history, subject, person, ask.at)

        failed: set[str] = set()
        place = trace.place if trace else await self._place()
        streams = trace.streams if trace else [stream async for stream in self._streams(subject)]
        streams = sorted({*streams, *subject.ids})
        while True:
            taken_out = 0
            for stream in (one for one in streams if one not in failed):
                try:
                    while await self._log.take_out(ask, stream, decide) is not None:
                        taken_out += 1
                except ConnectionFailure:
                    raise
                except Exception as error:  # its words can quote what is to be erased
                    failed.add(stream)
                    log.warning("stream_not_erased", person=person, stream=stream, error=type(error).__name__)
            log.info("erasing", person=person, taken_out=taken_out)
            if not taken_out:
                break
            before, place = place, await self._place()
            streams = await self._streams_since(subject, before)
        if not failed:
            done: Doc = {"$set": {"done_at": datetime.now(UTC)}, "$unset": {"subject": ""}}
            await self._rows.update_one({"_id": person}, done)
        return not failed

    async def resume(self) -> None:
        """Goes on with what was begun and not finished, now and every minute, for ever."""
        while True:
            try:
                await self.go_on(datetime.now(UTC))
            except Exception as error:
                log.warning("erasing_failed", error=what_failed(error), exc_info=True)
            await asyncio.sleep(AGAIN_SECONDS)

    async def go_on(self, now: datetime) -> int:
        """Goes on with erasures that were begun; gives how many are finished now. Two replicas at it do no harm, and
        one that fails holds up no other."""
        for doc in await self._log.collection.find({"keys": ENTOMBED}):
            stream = doc["_id"]["stream"]
            if await self._rows.find_one({"_id": stream}, {"_id": 1}) is None:  # it died before the row was written
                actor = Actor.model_validate(doc["actor"])
                cause = doc["cause"].rpartition(":")[0]
                ask = Ask(cause, ErasePersonV1.topic, actor, doc["at"], doc["correlation"], None)
                await self._begin(ask, stream, subject_of(await self._persons(stream)))
        finished = 0
        for row in await self._rows.find({"subject": {"$exists": True}}):
            actor = Actor.model_validate(row["actor"])
            ask = Ask(row["order"], ErasePersonV1.topic, actor, now, row["correlation"], None)
            try:
                subject = _subject(row)
                finished += subject is not None and await self._sweep(ask, row["_id"], await self._in_time(subject))
            except ConnectionFailure:
                raise
            except Exception as error:
                log.warning("erasing_failed", person=row["_id"], error=type(error).__name__)
        return finished


def _decide(world: Any, ask: Ask, subject: Subject, claims: Mapping[str, str], trace: Trace) -> Decision:
    """Who may, whom; what is left of them; and their names are free for whoever comes next. A name that someone else
    has by now is that one's."""
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
    if missing := beneath(context, ask.actor, person.id):
        return missing
    owners = {claim: str(world.newest[claim].after["owner"]) for claim in claims.values() if claim in world.newest}
    held = {word: claim for word, claim in claims.items() if owners.get(claim, "") in {"", *subject.ids}}
    periods = {held[word]: period for word, period in subject.periods.items() if word in held}
    left = tombstone(person, person.version + 1)
    event = PersonErased(
        person=left,
        erased=sorted(subject.ids),
        claims=list(held.values()),
        since={claim: period.since for claim, period in periods.items() if period.since},
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
    return [*changes, *(released(claim) for claim in held.values() if owners.get(claim))]


def erasure_of(history: Sequence[Commit], subject: Subject, person: str, at: datetime) -> Erasure | None:
    """What is taken out of one stream next, and what follows from what is left; none if there is nothing of theirs."""
    values, told = _portion(history, subject)
    if not values:
        return None
    for commit in history:  # of that, what an earlier erasure told is told again by this one, as it is now
        for index, event in enumerate(unseal(commit.body, commit.private)):
            if event["type"] == REDACTION and (said := event.get("said")):
                rest = [one for one in said if one["id"] not in told]
                values |= {(commit.seq, f"{index}_said"): rest} if rest != said else {}
    left = _left(history, values)
    said = [event.model_dump(mode="json", exclude={"ticket"}) for event in _told(left, told)]
    event = thin(Erased(person=person, takes={}, said=said))
    newest = left[-1]
    after = newest.after if newest.refused else recompute(newest.stream, newest.after, [event], max(at, newest.at))
    return Erasure(values, {commit.seq: commit.after for commit in left}, event, after)


def _portion(history: Sequence[Commit], subject: Subject) -> tuple[dict[tuple[int, str], Any], set[str]]:
    """What is left of values that have something of theirs, the oldest first; and the ids of the events in which they
    stand. The rest comes next time: an event as a whole, and as many as may be told anew at once."""
    if not history:
        return {}, set()
    stream, wholly = history[0].stream, _is_about(subject, history)
    happened = [(commit, unseal(commit.body, commit.private)) for commit in history]
    if alike(subject, (one for _, events in happened for one in people_in(events))):
        subject = subject.without_names()
    values: dict[tuple[int, str], Any] = {}
    told: set[str] = set()
    size = 0
    for commit, events in happened:
        for index, event in enumerate(events):
            if event["type"] == REDACTION:
                continue
            personal = (PERSONAL | REFUSALS).get(event["type"], frozenset())
            changed = taken(subject.at(_when(commit, event)), event, personal, wholly=wholly)
            sealed = {name: value for name, value in changed.items() if f"{index}_{name}" in commit.private}
            if not sealed:
                continue
            size += len(canonical(event))
            if values and size > PORTION:
                return values, told
            values |= {(commit.seq, f"{index}_{name}"): value for name, value in sealed.items()}
            told.add(f"{stream}:{commit.seq}:{index}")
    return values, told


def _speaks_of(subject: Subject, history: Sequence[Commit]) -> bool:
    """Whether a stream has anything of theirs: what they did, where they stand, what an erasure takes out."""
    named = [f'"{one}"'.encode() for one in subject.ids]
    for commit in history:
        if commit.actor.id in subject.ids or any(name in canonical(commit.private) for name in named):
            return True
    return bool(_portion(history, subject)[0])


def _is_about(subject: Subject, history: Sequence[Commit]) -> bool:
    newest = history[-1]
    return newest.stream.startswith("ticket/") and is_about(subject, TicketState.model_validate(newest.after))


def _when(commit: Commit, event: Doc) -> datetime:
    """When something was said, though it may have been moved to where it stands later."""
    return datetime.fromisoformat(event["said_at"]) if "said_at" in event else commit.at


def _left(history: Sequence[Commit], values: Mapping[tuple[int, str], Any]) -> list[Commit]:
    """The commits with what is there from now on, and the states that follow from it."""
    changed: dict[int, Doc] = {}
    for (seq, key), value in values.items():
        changed.setdefault(seq, {})[key] = {"salt": "", "value": value}
    left: list[Commit] = []
    for commit in history:
        private = {**commit.private, **changed.get(commit.seq, {})}
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
    standing = {role: getattr(ticket, name) for role, name in ROLES.items()} | {
        "owner": [ticket.owner] if ticket.owner else []
    }
    messages = [
        message_of(ticket.number, said, commit.at)
        for commit in history
        for event in unseal(commit.body, commit.private)
        if isinstance(said := lift(event), Said) and said.author.id in subject.ids
    ]
    roles = [role for role, parties in standing.items() if any(party.id in subject.ids for party in parties)]
    fields = ticket.fields if is_about(subject, ticket) else {}
    return TicketOfPerson(number=ticket.number, subject=ticket.subject, roles=roles, messages=messages, fields=fields)


def _mails(subject: Subject, history: Sequence[Commit]) -> list[str]:
    """ingest's rows of the mails that go as a whole."""
    wholly = _is_about(subject, history)
    return [
        str(event["mail"])
        for commit in history
        for event in unseal(commit.body, commit.private)
        if event.get("mail") and goes_wholly(subject.at(_when(commit, event)), event, wholly=wholly)
    ]


def _where(subject: Subject) -> Doc:
    """Which commits may speak of a person, in the database's words: those that do, and perhaps some more."""
    named = {"$in": sorted(subject.ids)}
    return {
        "$or": [
            {"actor.id": named},
            *({f"after.{field}.id": named} for field in ROLES.values()),
            {"$expr": _in_values(sorted(subject.ids), sorted(subject.addresses), _any_of(subject.words()))},
            {"private.0_problem": {"$exists": True}, "$expr": _in_a_refusal(_any_of(subject.logins))},
        ]
    }


def _in_values(ids: list[str], addresses: list[str], words: str) -> Doc:
    """Whether a personal value names one of these: a person by id, a mail address, a message by its author, a text.

    Every value of every commit is asked, so the questions go by what the value is, the cheapest first."""

    def addressed(path: str) -> Doc:
        return {"$in": [{"$toLower": path}, addresses]}

    def sent(path: str) -> Doc:
        """To one address, or to several."""
        among = {"$anyElementTrue": [{"$map": {"input": path, "as": "to", "in": addressed("$$to")}}]}
        return {"$cond": [{"$isArray": path}, among, addressed(path)]}

    def part(path: str) -> Doc:
        """A text; a person, whose id decides; or whatever else it is, with what it holds."""
        whole: Doc = {
            "$or": [
                addressed(f"{path}.address"),
                addressed(f"{path}.author.address"),
                {"$in": [f"{path}.author.id", ids]},
                sent(f"{path}.to.address"),
                *(_says(f"{path}.{name}", words) for name in WORDED),
            ]
        }
        person = {"$eq": [{"$substrBytes": [{"$ifNull": [f"{path}.id", ""]}, 0, 7]}, "person/"]}
        return {
            "$switch": {
                "branches": [
                    {"case": _is_text(path), "then": _matches(path, words)},
                    {"case": person, "then": {"$in": [f"{path}.id", ids]}},
                ],
                "default": whole,
            }
        }

    value = "$$value.v.value"
    several = {"$anyElementTrue": [{"$map": {"input": value, "as": "one", "in": part("$$one")}}]}
    values = {"$objectToArray": {"$ifNull": ["$private", {}]}}
    named: Doc = {"$cond": [{"$isArray": value}, several, part(value)]}
    return {"$anyElementTrue": [{"$map": {"input": values, "as": "value", "in": named}}]}


def _in_a_refusal(words: str) -> Doc:
    problem = "$private.0_problem.value"
    extra = {"$objectToArray": {"$ifNull": [f"{problem}.extra", {}]}}
    named = {"$map": {"input": extra, "as": "value", "in": _says("$$value.v", words)}}
    return {"$or": [_says(f"{problem}.detail", words), {"$anyElementTrue": [named]}]}


def _says(path: str, words: str) -> Doc:
    """Whether a text, or one of several, has one of the words."""
    one = {"$and": [_is_text("$$text"), _matches("$$text", words)]}
    among: Doc = {"$anyElementTrue": [{"$map": {"input": path, "as": "text", "in": one}}]}
    return {
        "$switch": {
            "branches": [
                {"case": _is_text(path), "then": _matches(path, words)},
                {"case": {"$isArray": path}, "then": among},
            ],
            "default": False,
        }
    }


def _is_text(path: str) -> Doc:
    return {"$eq": [{"$type": path}, "string"]}


def _matches(text: str, words: str) -> Doc:
    return {"$regexMatch": {"input": text, "regex": words, "options": "i"}}


def _any_of(words: Iterable[str]) -> str:
    return "|".join(map(_escaped, sorted(words))) or "(?!)"


def _escaped(word: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "@_" else f"\\{letter}" for letter in word)


def _subject(row: Doc | None) -> Subject | None:
    kept = row.get("subject") if row else None
    if not kept:
        return None
    ids, addresses, names, logins = (frozenset(kept.get(part, ())) for part in ("ids", "addresses", "names", "logins"))
    return Subject(ids, addresses, names, logins)


def _doc(after: TicketState | dict[str, Any]) -> Doc:
    return after.model_dump() if isinstance(after, TicketState) else after


def _ask(asked: Asked) -> Ask:
    order = asked.order
    return Ask(order.id, order.type, order.actor, datetime.now(UTC), order.correlation, asked.command)
