"""Mongo: what a decision needs, read for many asks at once; and numbers, in blocks.

One look finds the newest commits of claims and tickets and the causes that are known; where it leads on (a claim
to its person, a Message-ID to its ticket), a second look follows. Both serve the whole batch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256

from ticketwire_chassis.audit.telling import differences
from ticketwire_chassis.commits import Ask, Commit, CommitLog, Look, Read
from ticketwire_chassis.mongo import Database, Doc, Session
from ticketwire_chassis.private import unseal
from ticketwire_chassis.signing import Signer
from ticketwire_contracts.base import Actor
from ticketwire_contracts.escalation import EscalationDueV1
from ticketwire_contracts.ingest import MailReceivedV1
from ticketwire_contracts.tickets import (
    DEFAULT_LIFECYCLE,
    AddMemberV1,
    AdministrationCommand,
    ChangeLifecycleV1,
    ChangePeopleV1,
    ChangePersonV1,
    ChangeQueueV1,
    CreatePersonV1,
    CreateQueueV1,
    DisablePersonV1,
    EnablePersonV1,
    ErasePersonV1,
    ForwardMessagesV1,
    GiveRightV1,
    Grant,
    Group,
    JoinPersonsV1,
    Lifecycle,
    LinkTicketsV1,
    MergeTicketsV1,
    Message,
    OpenTicketV1,
    Person,
    Queue,
    RemoveMemberV1,
    SetOwnerV1,
    SetQueueFieldsV1,
    SetQueueV1,
    SplitTicketV1,
    TakeRightV1,
    TicketCommand,
    UnlinkTicketsV1,
    UnmergeTicketV1,
    UnsplitTicketV1,
)

from .domain import events as thin
from .domain import links, threading
from .domain.context import Context, Directory, Happened, SignedMark, Spoken
from .domain.messages import clocks_of
from .domain.recompute import normal
from .domain.state import TicketState, message_of

BLOCK = 100
"""Numbers reserved at once by a replica."""
SINCE = 50
"""Changes that someone whose command was stale is told of, at most: the newest."""
TOGETHER = 500
"""Tickets that are read because others lead to them; whoever needs more is refused."""
SAID = 1000
"""Messages of one ticket that are read in order to move some."""
NEAR = frozenset({"depends_on", "needed_by"})
FAR = frozenset({"depends_on", "parent"})
"""Links that may not go round in a circle, so that all the way along them is read."""


@dataclass(slots=True)
class World:
    """What one round of asks is decided with."""

    context: Context
    newest: dict[str, Commit]
    done: dict[str, Commit]
    epoch: int
    earlier: dict[str, str] = field(default_factory=dict)
    """Mail → the ticket that an earlier reading of it is on."""


class Numbers:
    """Ticket numbers from blocks, so that there is no hot counter; a replica that dies leaves a gap."""

    def __init__(self, db: Database) -> None:
        self._counters = db["counters"]
        self._free: list[int] = []
        self._lock = asyncio.Lock()

    async def have(self, count: int) -> None:
        """Makes sure that ``count`` numbers are at hand."""
        async with self._lock:
            while len(self._free) < count:
                row = await self._counters.find_one_and_update({"_id": "numbers"}, {"$inc": {"n": BLOCK}}, upsert=True)
                end = int(row["n"]) if row else BLOCK
                self._free += range(end - BLOCK + 1, end + 1)

    def take(self) -> str:
        """The next number."""
        return f"TW-{self._free.pop(0)}"


class TicketStore:
    """Reads for decisions."""

    def __init__(self, db: Database, log: CommitLog, signer: Signer) -> None:
        self._db = db
        self._log = log
        self._signer = signer
        self.numbers = Numbers(db)
        self._directory = Directory()
        self._loaded = False

    async def read_mails(self, asks: Sequence[Ask], session: Session) -> World:
        """For mails: sender, other recipients, the tickets they may belong to."""
        mails: list[MailReceivedV1] = [ask.what for ask in asks]
        await self.numbers.have(len(mails) + 1)
        bare = self._context(Directory(), {}, {}, {}, {})
        numbers = {number for mail in mails for number in threading.candidates(bare, mail)}
        addresses = {
            address.address
            for mail in mails
            for address in (mail.mail_read.from_, *mail.mail_read.to[:40], *mail.mail_read.cc[:40])
        }
        claims = {self._signer.claim("address", address) for address in addresses}
        causes = [f"{ask.cause}:0" for ask in asks]
        causes += [f"{mail.mail}:{reading}:0" for mail in mails for reading in range(1, mail.reading)]
        ids = {one for mail in mails for one in threading.ids_of(mail)}
        known = await self._tickets_holding(ids, session)
        look = await self._log.look(
            {*claims, *(f"ticket/{number}" for number in {*numbers, *known.values()})}, causes, session
        )
        world = await self._world(look, [], claims, session, known=known)
        for mail in mails:
            for reading in range(1, mail.reading):
                before = look.done.get(f"{mail.mail}:{reading}:0")
                if before is not None and before.stream.startswith("ticket/"):
                    world.earlier[mail.mail] = before.stream.removeprefix("ticket/")
        return world

    async def read_escalations(self, asks: Sequence[Ask], session: Session) -> World:
        """For steps that are due: their tickets."""
        dues: list[EscalationDueV1] = [ask.what for ask in asks]
        streams = {f"ticket/{due.ticket}" for due in dues}
        look = await self._log.look(streams, [f"{ask.cause}:0" for ask in asks], session)
        return await self._world(look, [], set(), session)

    async def read_commands(self, asks: Sequence[Ask], session: Session) -> World:
        """For commands on tickets and new tickets: the ticket, who asks, who is named."""
        await self.numbers.have(len(asks) + 1)
        streams: set[str] = set()
        claims: set[str] = set()
        for ask in asks:
            command = ask.what
            if isinstance(command, TicketCommand):
                streams.add(f"ticket/{command.ticket}")
            if isinstance(command, SetOwnerV1 | OpenTicketV1) and command.owner:
                claims.add(self._signer.claim("login", command.owner))
            if isinstance(command, OpenTicketV1):
                claims |= {self._signer.claim("address", address) for address in command.requesters}
            if isinstance(command, ChangePeopleV1):
                named = [*command.add, *command.remove]
                claims |= {self._signer.claim("address" if "@" in who else "login", who) for who in named}
        actors = [ask.actor for ask in asks]
        people = {actor.id for actor in actors if actor.id.startswith("person/")}
        look = await self._log.look({*streams, *claims, *people}, [f"{ask.cause}:0" for ask in asks], session)
        await self._answering(look.newest, session)
        moving = any(isinstance(ask.what, SetQueueV1) for ask in asks)
        owners = {
            str(commit.after["owner"]["id"])
            for stream, commit in look.newest.items()
            if moving and stream.startswith("ticket/") and commit.after.get("owner")
        }
        world = await self._world(look, actors, claims, session, also=owners)
        commands = [ask.what for ask in asks if isinstance(ask.what, TicketCommand)]
        forwards = [command for command in commands if isinstance(command, ForwardMessagesV1)]
        await self._read_parts(forwards, world, session)
        messages = await self._messages_named(forwards, world.context, session)
        since = await self._since(commands, world.context.tickets, session)
        if messages or since:
            world.context = replace(world.context, messages=messages, since=since)
        return world

    async def _read_parts(self, commands: Sequence[ForwardMessagesV1], world: World, session: Session) -> None:
        """The merged tickets of whose messages forwards name some: those have rights of their own."""
        named = {message.upper().rpartition(".")[0] for command in commands for message in command.messages}
        tickets = [ticket for command in commands if (ticket := world.context.ticket(command.ticket))]
        parts = {part.number for ticket in tickets for part in ticket.absorbed} & named - world.context.tickets.keys()
        if parts:
            world.newest |= await self._log.newest_of_each([f"ticket/{number}" for number in parts], session)
            world.context = replace(world.context, tickets=_tickets(world.newest))

    async def _messages_named(
        self, commands: Sequence[ForwardMessagesV1], context: Context, session: Session
    ) -> dict[str, Message]:
        """The messages that forwards name, of their own ticket and of those merged into it."""
        wanted: dict[str, set[int]] = {}
        for command in commands:
            ticket = context.ticket(command.ticket)
            numbers = {ticket.number, *(part.number for part in ticket.absorbed)} if ticket else set()
            for name in command.messages:
                number, _, n = name.upper().rpartition(".")
                if number in numbers and n.isdecimal() and len(n) < 10:
                    wanted.setdefault(number, set()).add(int(n))
        found: dict[str, Message] = {}
        for number, ns in wanted.items():
            commits = await self._log.part_of(
                f"ticket/{number}", where={"body.n": {"$in": sorted(ns)}}, session=session
            )
            for commit in commits:
                for event in map(thin.lift, unseal(commit.body, commit.private)):
                    if isinstance(event, thin.Said) and event.n in ns:
                        message = message_of(number, event, commit.at)
                        found[message.id] = message
        return found

    async def _since(
        self, commands: Sequence[TicketCommand], tickets: Mapping[str, TicketState], session: Session
    ) -> dict[str, list[Happened]]:
        """What happened to tickets after the versions that stale commands had seen: the newest of it."""
        stale: dict[str, int] = {}
        for command in commands:
            ticket = tickets.get(command.ticket)
            if ticket is not None and command.if_version is not None and command.if_version < ticket.version:
                seen = max(command.if_version, ticket.version - SINCE, 0)
                stale[ticket.number] = min(seen, stale.get(ticket.number, seen))
        return {
            number: [
                Happened(one.seq, one.at, one.actor, one.command, tuple(event["type"] for event in one.body))
                for one in await self._log.part_of(f"ticket/{number}", after=seen, session=session)
            ]
            for number, seen in stale.items()
        }

    async def names(self, persons: Iterable[str]) -> dict[str, str]:
        """Names of persons by id."""
        newest = await self._log.newest_of_each(persons)
        return {
            stream: str(commit.after.get("name") or commit.after.get("login") or "")
            for stream, commit in newest.items()
        }

    async def read_neighbours(self, read: Read, asks: Sequence[Ask], session: Session) -> World:
        """What ``read`` reads for one ask, and the tickets that those depend on or that depend on them."""
        world: World = await read(asks, session)
        await self._follow(world.newest, sorted(world.context.tickets), NEAR, frozenset(), session)
        context = replace(world.context, tickets=_tickets(world.newest))
        return replace(world, context=context)

    async def read_joining(self, asks: Sequence[Ask], session: Session) -> World:
        """For a command that concerns several tickets: those, all that is linked to them, and what is moved."""
        await self.numbers.have(len(asks) + 1)
        command, actor = asks[0].what, asks[0].actor
        numbers = _tickets_named(command)
        people = {actor.id} if actor.id.startswith("person/") else set()
        look = await self._log.look({*people, *(f"ticket/{number}" for number in numbers)}, (), session)
        await self._follow(look.newest, numbers, None, FAR, session)
        world = await self._world(look, [actor], set(), session)
        said = await self._said(command, world.context, session)
        since = await self._since([command], world.context.tickets, session)
        return replace(world, context=replace(world.context, said=said, since=since))

    async def _follow(
        self,
        newest: dict[str, Commit],
        numbers: Sequence[str],
        near: frozenset[str] | None,
        far: frozenset[str],
        session: Session,
    ) -> None:
        """Reads what tickets lead to: from ``numbers`` over ``near`` links (None: all), from there on over ``far``,
        and always from a merged ticket to the one that answers for it."""
        first = set(numbers)
        followed: set[str] = set()
        tickets = _tickets(newest)
        while waiting := tickets.keys() - followed:
            found: set[str] = set()
            followed |= waiting
            for number in waiting:
                ticket = tickets[number]
                if ticket.merged_into is not None:
                    found.add(ticket.merged_into)
                    if number in first and ticket.merged_into not in first:
                        first.add(ticket.merged_into)
                        followed.discard(ticket.merged_into)
                found |= _led_to(ticket, near if number in first else far)
                if number in first and near is None:
                    found |= {one.origin.rpartition(".")[0] for one in ticket.origins}
            streams = {f"ticket/{number}" for number in found} - newest.keys()
            if len(newest) + len(streams) > TOGETHER:
                return  # the domain misses what is not there, and refuses
            more = await self._log.newest_of_each(streams, session) if streams else {}
            newest |= more
            tickets |= _tickets(more)

    async def _said(self, command: TicketCommand, context: Context, session: Session) -> dict[str, Spoken]:
        """The messages that a command may move, and those by which it is known what still waits for an answer."""
        since: dict[str, datetime] = {}
        chosen: dict[str, set[int]] = {}
        match command:
            case SplitTicketV1():
                for message in command.messages:
                    number, _, n = message.rpartition(".")
                    if number in context.tickets and n.isdigit() and len(n) < 10:
                        chosen.setdefault(number, set()).add(int(n))
                for number in chosen:
                    if oldest := clocks_of(context, number).oldest_unanswered_at:
                        since[number] = oldest
            case UnsplitTicketV1() if command.ticket in context.tickets:
                since[command.ticket] = context.tickets[command.ticket].created_at
            case UnmergeTicketV1() if command.since == "return" and command.ticket in context.tickets:
                holder = context.tickets[command.ticket]
                while holder.merged_into is not None:
                    number, holder = holder.number, context.tickets[holder.merged_into]
                    since[holder.number] = next(part.at for part in holder.absorbed if part.number == number)
        said: dict[str, Spoken] = {}
        for number in {*since, *chosen}:
            ways: list[Doc] = [{"body.n": {"$in": sorted(chosen.get(number, ()))}}]
            if number in since:
                ways.append({"body.n": {"$exists": True}, "at": {"$gte": since[number]}})
            for commit in await self._log.search(f"ticket/{number}", {"$or": ways}, SAID, session):
                for event in map(thin.lift, unseal(commit.body, commit.private)):
                    if isinstance(event, thin.Said):
                        at = event.said_at if isinstance(event, thin.Adopted) else commit.at
                        spoken = Spoken(number, event, at)
                        said[spoken.id] = spoken
        return said

    async def read_administration(self, asks: Sequence[Ask], session: Session) -> World:
        """For one command of administration, inside its transaction; takes the next epoch."""
        row = await self._db["counters"].find_one_and_update(
            {"_id": "epoch"}, {"$inc": {"n": 1}}, upsert=True, session=session
        )
        taken = int(row["n"]) if row else 1
        command: AdministrationCommand | None = asks[0].what
        claims = {self._signer.claim(kind, value) for kind, value in _named_in(command)}
        streams = {*claims, *_streams_in(command)}
        if asks[0].actor.id.startswith("person/"):
            streams.add(asks[0].actor.id)
        look = await self._log.look(streams, [], session)
        look = await self._and_owners(look, claims, session)
        held = self._held(look)
        if held - look.newest.keys():
            look.newest.update(await self._log.newest_of_each(held - look.newest.keys(), session))
        world = await self._world(look, [asks[0].actor], {*claims, *held}, session, fresh=True)
        world.epoch = taken
        if since := await self._administered_since(command, world, session):
            world.context = replace(world.context, since=since)
        return world

    async def _administered_since(
        self, command: AdministrationCommand | None, world: World, session: Session
    ) -> dict[str, list[Happened]]:
        """What happened to what a stale command would write over, after the version that it had seen."""
        stream, expected = _written_over(command, world.context)
        newest = world.newest.get(stream)
        if expected is None or newest is None or expected >= newest.seq:
            return {}
        seen = max(expected, newest.seq - SINCE, 0)
        commits = await self._log.history(stream, session, after=max(seen - 1, 0))
        before = [None, *commits]
        return {
            stream: [
                Happened(
                    one.seq,
                    one.at,
                    one.actor,
                    one.command,
                    tuple(event["type"] for event in one.body),
                    tuple(differences(normal(stream, last.after) if last else None, normal(stream, one.after))),
                )
                for last, one in zip(before, commits, strict=False)
                if one.seq > seen
            ]
        }

    async def _and_owners(self, look: Look, claims: Iterable[str], session: Session) -> Look:
        """With whoever has claimed a name."""
        owners = {str(look.newest[claim].after["owner"]) for claim in claims if claim in look.newest}
        wanted = {owner for owner in owners if owner.startswith("person/")} - look.newest.keys()
        if wanted:
            look.newest.update(await self._log.newest_of_each(wanted, session))
        return look

    def _held(self, look: Look) -> set[str]:
        """Claims that the persons and queues found there hold: they may drop them or pass them on."""
        held: set[str] = set()
        for stream, commit in look.newest.items():
            if stream.startswith("person/"):
                held |= {self._signer.claim("address", address) for address in commit.after["addresses"]}
                if commit.after["login"]:
                    held.add(self._signer.claim("login", commit.after["login"]))
            if stream.startswith("queue/"):
                held |= {self._signer.claim("queue-address", address) for address in commit.after["addresses"]}
        return held

    async def _world(
        self,
        look: Look,
        actors: Sequence[Actor],
        claims: Iterable[str],
        session: Session,
        known: dict[str, str] | None = None,
        fresh: bool = False,
        also: Iterable[str] = (),
    ) -> World:
        newest = dict(look.newest)
        await self._answering(newest, session)
        claimed = {claim: str(newest[claim].after["owner"]) for claim in claims if claim in newest}
        owners = {claim: owner for claim, owner in claimed.items() if owner}
        freed = {claim: newest[claim].seq for claim, owner in claimed.items() if not owner}
        wanted = {owner for owner in (*owners.values(), *also) if owner.startswith("person/")} - newest.keys()
        if wanted:
            newest |= await self._log.newest_of_each(wanted, session)
        directory = await self._directory_at(look.epoch, session, newest if fresh else None)
        tickets = _tickets(newest)
        persons = {
            stream: Person.model_validate(commit.after)
            for stream, commit in newest.items()
            if stream.startswith("person/")
        }
        context = self._context(directory, tickets, owners, persons, known or {}, freed)
        return World(context=context, newest=newest, done=look.done, epoch=look.epoch)

    async def _answering(self, newest: dict[str, Commit], session: Session) -> None:
        """Those into which others were merged that were asked for: they answer for them."""
        while (
            missing := {
                f"ticket/{into}"
                for stream, commit in newest.items()
                if stream.startswith("ticket/") and (into := commit.after.get("merged_into"))
            }
            - newest.keys()
        ):
            newest |= await self._log.newest_of_each(missing, session)

    def _context(
        self,
        directory: Directory,
        tickets: dict[str, TicketState],
        claims: dict[str, str],
        persons: dict[str, Person],
        known: dict[str, str],
        freed: dict[str, int] | None = None,
    ) -> Context:
        return Context(
            directory=directory,
            tickets=tickets,
            claims=claims,
            freed=freed or {},
            persons=persons,
            known_ids=known,
            claim=self._signer.claim,
            signed_id=self._signed_id,
            signed_address=self._signed_address,
            next_number=self.numbers.take,
        )

    def _signed_id(self, message_id: str) -> SignedMark | None:
        found = self._signer.ticket_of_message_id(message_id)
        return SignedMark(ticket=found.ticket, internal=found.internal) if found else None

    def _signed_address(self, address: str) -> SignedMark | None:
        found = self._signer.read_reply_token(address.rpartition("@")[0].partition("+")[2])
        if not found:
            return None
        return SignedMark(
            ticket=found.ticket, internal=True, reply_of=found.person if found.purpose == "reply" else None
        )

    async def _tickets_holding(self, ids: set[str], session: Session) -> dict[str, str]:
        keys = {message_key(one): one for one in ids}
        found = await self._log.streams_with_keys(list(keys), session)
        return {keys[key]: stream.removeprefix("ticket/") for key, stream in found.items() if key in keys}

    async def _directory_at(self, epoch: int, session: Session, into: dict[str, Commit] | None) -> Directory:
        """The directory; read again when another epoch has begun. Administration always reads it, in its own
        transaction, and wants the commits too (``into``), since it writes on top of them."""
        if self._loaded and self._directory.epoch == epoch and into is None:
            return self._directory
        queues, groups, grants, lifecycles = [
            await self._log.newest_of_kind(prefix, session) for prefix in ("queue/", "group/", "grant/", "lifecycle/")
        ]
        directory = Directory(
            queues={q.name: q for q in (Queue.model_validate(c.after) for c in queues.values())},
            groups={g.name: g for g in (Group.model_validate(c.after) for c in groups.values())},
            grants=tuple(Grant.model_validate(c.after["grant"]) for c in grants.values() if c.after["given"]),
            epoch=epoch,
            lifecycles={DEFAULT_LIFECYCLE.name: DEFAULT_LIFECYCLE}
            | {one.name: one for one in (Lifecycle.model_validate(c.after) for c in lifecycles.values())},
        )
        if into is not None:
            into |= {**queues, **groups, **grants, **lifecycles}
        if session is None:
            self._directory, self._loaded = directory, True
        return directory


def _tickets(newest: dict[str, Commit]) -> dict[str, TicketState]:
    return {
        stream.removeprefix("ticket/"): TicketState.model_validate(commit.after)
        for stream, commit in newest.items()
        if stream.startswith("ticket/")
    }


def _led_to(ticket: TicketState, kinds: frozenset[str] | None) -> set[str]:
    """Numbers to which links of some kinds (None: all) lead, those of its parts included."""
    own = ticket.own.links if ticket.own is not None else []
    links_of = [*ticket.links, *own, *(link for part in ticket.absorbed for link in part.links)]
    return {link.target for link in links_of if (kinds is None or link.type in kinds) and link.target.startswith("TW-")}


def _tickets_named(command: TicketCommand) -> list[str]:
    """The numbers that a command names."""
    named = [command.ticket]
    match command:
        case LinkTicketsV1() | UnlinkTicketsV1():
            named.append(links.number_of(command.target))
        case MergeTicketsV1():
            named += map(links.number_of, [command.into, *command.others])
        case SplitTicketV1():
            named += [message.rpartition(".")[0] for message in command.messages]
    return sorted({number for number in named if number.startswith("TW-") and len(number) < 30})


def message_key(message_id: str) -> str:
    """How a Message-ID stands in the log's index: a digest, since ids can hold names."""
    return sha256(message_id.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _streams_in(command: AdministrationCommand | None) -> list[str]:
    """Persons that a command names by id, and the queue that it changes."""
    match command:
        case ChangeQueueV1():
            return [f"queue/{command.name}", *_ids([*(command.watchers or []), *(command.supervisors or [])])]
        case CreateQueueV1():
            return _ids([*command.watchers, *command.supervisors])
        case ChangePersonV1() | DisablePersonV1() | EnablePersonV1() | ErasePersonV1():
            return _ids([command.person])
        case JoinPersonsV1():
            return _ids([command.person, command.into])
        case AddMemberV1() | RemoveMemberV1():
            return _ids([command.member])
        case GiveRightV1() | TakeRightV1():
            return _ids([command.grantee])
    return []


def _written_over(command: AdministrationCommand | None, context: Context) -> tuple[str, int | None]:
    """The stream that a command writes over, and the version of it that it has seen; none where it names none."""
    match command:
        case ChangeQueueV1():
            return f"queue/{command.name}", command.if_version
        case SetQueueFieldsV1():
            return f"queue/{command.queue}", command.if_version
        case ChangeLifecycleV1():
            return f"lifecycle/{command.name}", command.if_version
        case AddMemberV1() | RemoveMemberV1():
            return f"group/{command.group}", command.if_version
        case ChangePersonV1():
            person = context.persons.get(command.person) or context.person_of_login(command.person.partition(":")[2])
            return person.id if person else "", command.if_version
    return "", None


def _ids(names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith("person/")]


def _logins(names: Iterable[str]) -> list[tuple[str, str]]:
    return [("login", name.partition(":")[2]) for name in names if name.startswith("person:")]


def _named_in(command: AdministrationCommand | None) -> list[tuple[str, str]]:
    match command:
        case ChangeQueueV1():
            people = [*(command.watchers or []), *(command.supervisors or [])]
            return [("queue-address", a) for a in command.addresses or []] + _logins(people)
        case ChangePersonV1():
            own = [("login", command.login)] if command.login else []
            return [*own, *_logins([command.person]), *(("address", a) for a in command.addresses or [])]
        case DisablePersonV1() | EnablePersonV1() | ErasePersonV1():
            return _logins([command.person])
        case JoinPersonsV1():
            return _logins([command.person, command.into])
        case CreatePersonV1():
            logins = [("login", command.login)] if command.login else []
            return [*logins, *(("address", address) for address in command.addresses)]
        case CreateQueueV1():
            return [("queue-address", a) for a in command.addresses] + _logins(
                [*command.watchers, *command.supervisors]
            )
        case AddMemberV1() | RemoveMemberV1():
            return [("login", command.member.partition(":")[2])]
        case GiveRightV1() | TakeRightV1():
            return [("login", command.grantee.partition(":")[2])]
    return []
