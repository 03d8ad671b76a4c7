"""The machine's stories told again to a real replica over MongoDB, and what it said to the gateway, in any order.

The machine decides with everything at hand, the store with what it thought of reading: both must come to the same.
Each deed is asked twice under its id. At the end someone is erased, and the gateway's views of it all must be what
the log says, whatever the order and however often it heard it.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from services.gateway.domain.changes import changes
from services.gateway.domain.visibility import ticket_filter
from services.gateway.handlers import SHOWN
from services.gateway.store import Store
from services.tickets.domain.events import lift
from services.tickets.domain.state import TicketState, message_of
from ticketwire_chassis.commands import Asked
from ticketwire_chassis.commits import to_doc
from ticketwire_chassis.mongo import Database, open_database
from ticketwire_chassis.private import unseal
from ticketwire_contracts.base import Actor, Answer, Command, Order
from ticketwire_contracts.escalation import EscalationDueV1
from ticketwire_contracts.ingest import MailReceivedV1
from ticketwire_contracts.rights import viewer_of
from ticketwire_contracts.tickets import AdministrationCommand, ErasePersonV1, Person, TicketEvent

from ..longer import LONGER
from .law import Law
from .test_privacy import House
from .town import CUSTOMERS, SIGNER, Deed, Town
from .whole import Whole
from .world import JOINING

STORIES = 4 * LONGER
STEPS = 50


def stories() -> list[Town]:
    """The towns at the end of stories in which the most was done. Always the same ones, unless longer is asked for."""
    towns: list[Town] = []

    class Recorded(Whole):
        def told(self, town: Town) -> None:
            towns.append(town)

    for _ in range(LONGER):
        run_state_machine_as_test(
            Recorded,
            settings=settings(
                max_examples=10,
                stateful_step_count=STEPS,
                deadline=None,
                database=None,
                derandomize=LONGER == 1,
                phases=[Phase.generate],
            ),
        )
    return sorted(towns, key=lambda town: sum(not deed.refused for deed in town.deeds))[-STORIES:]


@pytest.fixture
async def databases(mongo_url: str, database_name: str) -> AsyncIterator[list[Database]]:
    """One for tickets and one for the gateway, for each story."""
    made = [open_database(mongo_url, f"{database_name}_{n}") for n in range(2 * STORIES)]
    yield made
    for database in made:
        await database.drop()
        await database.close()


class Retold(House):
    """A replica that begins where the town was founded, and hears its story."""

    async def begin(self, *queues: str) -> None:
        await self.log.prepare()
        founded = Town.founded()
        await self.db["commits"].insert_many([to_doc(commit) for commit in founded.kept.order])
        await self.db["counters"].insert_one({"_id": "epoch", "n": founded.epoch})
        await self.db["counters"].insert_one({"_id": "numbers", "n": len(founded.tickets)})

    async def hear(self, deed: Deed) -> list[Answer]:
        """A deed, asked twice under its id: half of the time at once, where many are taken at once."""
        match deed.what:
            case MailReceivedV1():
                await self.handlers.on_mail_received([deed.what])
                await self.handlers.on_mail_received([deed.what])
                return []
            case EscalationDueV1():
                await self.handlers.on_escalation_due([deed.what, deed.what])
                return []
            case AdministrationCommand():
                obey = self.handlers.administer
            case Command() if isinstance(deed.what, JOINING):
                obey = self.handlers.join
            case Command():
                obey = self.handlers.obey
        again = type(deed.what).model_validate_json(deed.what.model_dump_json())
        order = Order(
            id=deed.order,
            type=again.topic,
            actor=deed.actor,
            correlation="c",
            not_after=datetime.now(UTC) + timedelta(seconds=10),
            command={},
        )
        return [(await obey([Asked(order, again)]))[0] for _ in range(2)]

    async def done(self, order: str) -> tuple[str | None, tuple[tuple[str, tuple[str, ...]], ...]]:
        """What became of a deed: the refusal's type, or what happened on which stream, the first first."""
        docs = await self.db["commits"].find({"cause": {"$gte": f"{order}:", "$lt": f"{order};"}})
        docs.sort(key=lambda doc: (doc["cause"] != f"{order}:0", doc["_id"]["stream"]))
        if docs[0]["_id"]["stream"].startswith("refusal/"):
            assert len(docs) == 1
            return docs[0]["after"]["problem"]["type"], ()
        return None, tuple((doc["_id"]["stream"], tuple(one["type"] for one in doc["body"])) for doc in docs)


@pytest.mark.timeout(180 * LONGER)
async def test_a_replica_comes_to_the_same_and_the_gateway_shows_it_in_any_order(databases: list[Database]) -> None:
    for n, town in enumerate(stories()):
        house, db = Retold(databases[2 * n]), databases[2 * n + 1]
        await house.begin()
        for deed in town.deeds:
            first, second = [*await house.hear(deed), None, None][:2]
            assert first == second, f"asked again it is answered otherwise: {deed}"
            happened = (*deed.happened[:1], *sorted(deed.happened[1:]))
            assert await house.done(deed.order) == (deed.refused, happened), deed
        await same_as(house, town)
        heard = await house.said()
        if n % 2:
            gone = town.customer(CUSTOMERS[n % 4]) if claimed(town, CUSTOMERS[n % 4]) else None
            if gone is not None:
                await erased(house, town, gone)
        assert (await house.verify()).broken is None
        await shown(house, db, town, heard, random.Random(n))


def claimed(town: Town, address: str) -> bool:
    """Whether anyone has an address."""
    return SIGNER.claim("address", address) in town.claims


async def same_as(house: Retold, town: Town) -> None:
    """Every thing is in both the same, but for times."""
    for stream, commits in town.kept.commits.items():
        newest = await house.log.newest(stream)
        assert newest is not None, stream
        assert newest.seq == len(commits), stream
        assert timeless(newest.after) == timeless(commits[-1].after), stream
    streams = await house.db["commits"].distinct("_id.stream")
    assert {one for one in streams if not one.startswith("refusal/")} == town.kept.commits.keys()


def timeless(value: Any) -> Any:
    """A value with each time in it only as that there is one."""
    if isinstance(value, datetime):
        return "a time"
    if isinstance(value, dict):
        return {key: timeless(one) for key, one in value.items()}
    return [timeless(one) for one in value] if isinstance(value, list | tuple) else value


async def erased(house: Retold, town: Town, person: Person) -> None:
    """Someone is forgotten, and nothing of theirs is left."""
    before = await house.stored()
    done = await house.private(ErasePersonV1(person=person.id), Actor(kind="system", id="system/gateway"), order="e")
    assert done.problem is None, done.problem
    stored = await house.stored()
    for address in person.addresses:
        assert address in before
        assert address not in stored


async def shown(house: Retold, db: Database, town: Town, before: list[Any], chance: random.Random) -> None:
    """The gateway's views, made of all that was said in any order and partly twice, are what the log says: also where
    what was said ``before`` someone was erased comes last."""
    store = Store(db, SIGNER.claim)
    said = [event for event in await house.said() if isinstance(event, SHOWN)]
    heard = [*said, *(event for event in before if isinstance(event, SHOWN))]
    chance.shuffle(heard)
    while heard:
        size = chance.randint(1, 40)
        await store.apply(changes(heard[:size]))
        del heard[:size]
    commits = {stream: await house.log.history(stream) for stream in await house.db["commits"].distinct("_id.stream")}
    newest = {stream: history[-1].after for stream, history in commits.items()}
    states = {name.removeprefix("ticket/"): state for name, state in newest.items() if name.startswith("ticket/")}
    tickets = {number: TicketState.model_validate(state) for number, state in states.items()}
    for ticket in tickets.values():
        await check_ticket(store, ticket)
        events = [event for event in said if isinstance(event, TicketEvent) and event.ticket.number == ticket.number]
        rows = {row["_id"]: row for row in await db["timeline"].find({"ticket": ticket.number})}
        assert rows.keys() == {event.id for event in events}
        texts = {
            one.id: one.text
            for commit in commits[f"ticket/{ticket.number}"]
            for event in map(lift, unseal(commit.body, commit.private))
            if hasattr(event, "n")
            for one in [message_of(ticket.number, event, commit.at)]  # type: ignore[arg-type]
        }
        assert {row["message"]["id"]: row["message"]["text"] for row in rows.values() if "message" in row} == texts
    await check_directory(store, db, newest, tickets, town)


async def check_ticket(store: Store, ticket: TicketState) -> None:
    row = await store.tickets.get(ticket.number)
    assert row is not None
    for name in (
        *("subject", "queue", "status", "category", "priority", "due", "wake_at", "tags", "fields", "merged_into"),
        *("opened_by", "language", "messages", "version", "created_at", "updated_at", "time_worked"),
    ):
        assert getattr(row, name) == getattr(ticket, name), name
    assert row.unanswered == ticket.clocks.oldest_unanswered_at
    for role in ("requesters", "cc", "admin_cc", "watchers"):
        assert [(one.id, one.name, one.address) for one in getattr(row, role)] == [
            (one.id, one.name, one.address) for one in getattr(ticket, role)
        ]
    assert (row.owner.id if row.owner else None) == (ticket.owner.id if ticket.owner else None)
    assert [(one.type, one.target) for one in row.links] == [(one.type, one.target) for one in ticket.links]
    assert row.absorbed == [one.number for one in ticket.absorbed]
    assert row.moved == {one.message: one.to for one in ticket.moved}


async def check_directory(
    store: Store, db: Database, newest: dict[str, Any], tickets: dict[str, TicketState], town: Town
) -> None:
    """Queues, groups, grants and persons are as they are, and each person sees the tickets that the law lets them."""
    directory = await store.access.directory()
    truth = town.directory
    assert directory.queues == truth.queues
    assert directory.groups == truth.groups
    assert set(directory.grants) == set(truth.grants)
    assert directory.lifecycles == truth.lifecycles
    persons = {name: Person.model_validate(one) for name, one in newest.items() if name.startswith("person/")}
    for one in await store.access.persons(list(persons)):
        # that a person's own history was redacted is said to nobody, so the version of who is erased stays behind
        assert one.model_copy(update={"version": 0}) == persons[one.id].model_copy(update={"version": 0})
        assert one.version == persons[one.id].version or one.erased
    law = Law(truth.queues, truth.groups, truth.grants, truth.lifecycles, persons, tickets, {})
    for person in persons.values():
        actor = Actor(kind="agent" if person.agent else "customer", id=person.id)
        found = await db["tickets"].find(ticket_filter(viewer_of(person, truth.groups.values()), directory))
        assert {row["_id"] for row in found} == {number for number in tickets if law.sees(actor, number)}
