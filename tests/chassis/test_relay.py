"""The relay on real servers: order, no gaps, at least once, one chain, and nothing lost when it stops midway."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from hashlib import sha256
from itertools import pairwise
from typing import Any
from unittest.mock import AsyncMock
from urllib.parse import unquote, urlsplit

import aio_pika
import orjson
import pytest
import structlog
from prometheus_client import REGISTRY

from tests.servers import Rabbit
from ticketwire_chassis import outbox, outward
from ticketwire_chassis.broker import INTERNAL, PUBLIC, Broker
from ticketwire_chassis.commits import Ask, Commit, CommitLog, Draft, Look, Plan
from ticketwire_chassis.events import stamp
from ticketwire_chassis.mongo import Database, open_database
from ticketwire_chassis.relay import BATCH_EVENTS, BATCH_OCTETS, Relay, Said, in_batches
from ticketwire_contracts.base import Actor, Event
from ticketwire_contracts.tickets import Person, PersonCreatedV1, PublicEvent, PublicTicket

ACTOR = Actor(kind="system", id="system/test")


def publish(commit: Commit) -> Said:
    """Each commit says one event."""
    return Said(internal=[event(commit.stream, commit.seq)])


def event(stream: str, version: int) -> Event:
    envelope = stamp(PersonCreatedV1, stream, version, at=datetime.now(UTC), actor=ACTOR, correlation="c", summary="s")
    return PersonCreatedV1(**envelope, person=Person(id=stream))


@pytest.fixture
async def db(mongo_url: str, database_name: str) -> AsyncIterator[Database]:
    database = open_database(mongo_url, database_name, "pymongo")
    yield database
    await database.drop()
    await database.close()


class Listener:
    """Everything that tickets says."""

    def __init__(self) -> None:
        self.batches: list[dict[str, Any]] = []

    @property
    def ids(self) -> list[str]:
        return [one["id"] for batch in self.batches for one in batch["events"]]


@asynccontextmanager
async def listening(url: str) -> AsyncIterator[tuple[Broker, Listener]]:
    broker = Broker(url, "tickets")
    await broker.connect()
    channel = await broker.connection.channel()
    queue = await channel.declare_queue("spy", exclusive=True)
    await queue.bind(INTERNAL, "tickets")
    listener = Listener()

    async def hear(message: Any) -> None:
        listener.batches.append(orjson.loads(message.body))

    await queue.consume(hear, no_ack=True)
    yield broker, listener
    await broker.close()


async def write(log: CommitLog, prefix: str, count: int, streams: int) -> None:
    async def read(asks: Any, session: Any) -> Look:
        return await log.look([a.what for a in asks], [f"{a.cause}:0" for a in asks], session)

    def decide(look: Look, a: Ask) -> Plan:
        return Plan([Draft(a.what, look.newest.get(a.what), [{"type": "made"}], {})])

    asks = [Ask(f"{prefix}{i}", "c", ACTOR, datetime.now(UTC), "c", f"person/{i % streams}") for i in range(count)]
    await log.settle(asks, read, decide)


async def until(what: Any, seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while not what():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def relaying(*relays: Relay) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(relay.run()) for relay in relays]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def check_places(db: Database, count: int) -> None:
    rows = await db["positions"].find({}, sort=[("_id", 1)])
    assert [row["_id"] for row in rows] == list(range(1, count + 1))
    chain = ""
    for row in rows:
        commit = await db["commits"].find_one({"_id": row["commit"]})
        assert commit is not None
        assert "pending" not in commit
        chain = sha256(f"{chain}\0{commit['hash']}".encode()).hexdigest()
        assert row["chain"] == chain
    seen: dict[str, int] = {}
    for row in rows:
        stream, seq = row["commit"]["stream"], row["commit"]["seq"]
        assert seq == seen.get(stream, 0) + 1, "a stream's commits take their places in order"
        seen[stream] = seq


async def test_all_is_said_in_order_without_gaps(db: Database, broker_url: str) -> None:
    log = CommitLog(db)
    await log.prepare()
    async with listening(broker_url) as (broker, listener):
        relay = Relay(db, "tickets", broker, publish)
        log.nudge = relay.nudge
        await relay.prepare()
        async with relaying(relay):
            await asyncio.gather(*(write(log, f"w{n}-", 60, 7) for n in range(4)))
            await until(lambda: len(listener.ids) >= 240)
    assert len(set(listener.ids)) == 240
    versions: dict[str, int] = {}
    for one in listener.ids:
        stream, seq, _ = one.rsplit(":", 2)
        assert int(seq) == versions.get(stream, 0) + 1
        versions[stream] = int(seq)
    places = [(batch["first"], batch["last"]) for batch in listener.batches]
    assert places[0][0] == 1
    assert all(after[0] == before[1] + 1 for before, after in pairwise(places))
    await check_places(db, 240)


async def test_what_had_a_place_but_was_not_said_is_said_by_the_next(db: Database, broker_url: str) -> None:
    """The relay dies between giving places and publishing."""
    log = CommitLog(db)
    await log.prepare()
    await write(log, "w", 5, 2)
    async with listening(broker_url) as (broker, listener):
        dying = Relay(db, "tickets", broker, publish)
        await dying.prepare()

        async def die(*_: Any) -> None:
            raise asyncio.CancelledError

        dying._say = die  # type: ignore[method-assign, assignment]
        async with relaying(dying):
            await asyncio.sleep(0.5)
        assert await db["positions"].count({}) == 5
        assert listener.ids == []
        async with relaying(Relay(db, "tickets", broker, publish)):
            await until(lambda: len(listener.ids) >= 5)
    await check_places(db, 5)


async def test_two_replicas_one_relays_and_the_other_takes_over(db: Database, broker_url: str) -> None:
    log = CommitLog(db)
    await log.prepare()
    async with listening(broker_url) as (broker, listener):
        first, second = (Relay(db, "tickets", broker, publish) for _ in range(2))
        await first.prepare()
        async with relaying(second):
            await until(lambda: second.leading)
            async with relaying(first):
                log.nudge = first.nudge
                await write(log, "a", 20, 3)
                await until(lambda: len(listener.ids) >= 20)
                assert not first.leading
        async with relaying(first):
            await until(lambda: first.leading)
            await write(log, "b", 20, 3)
            await until(lambda: len(listener.ids) >= 40)
    assert len(set(listener.ids)) == 40
    await check_places(db, 40)


async def test_rows_say_what_they_have_and_lose_nothing_written_meanwhile(db: Database, broker_url: str) -> None:
    rows = db["mails"]
    async with listening(broker_url) as (broker, listener):
        relay = Relay(db, "tickets", broker, None, [rows])
        await relay.prepare()
        for n in range(3):
            await rows.insert_one({"_id": n, "rev": 1, "outbox": [outbox.said(event(f"mail/{n}", 1))], "pending": True})
        docs = await outbox.waiting(rows)
        await rows.update_one({"_id": 1}, {"$push": {"outbox": outbox.said(event("mail/1", 2))}, "$inc": {"rev": 1}})
        await outbox.was_said(rows, docs)
        left = await rows.find({"pending": True})
        assert [[one["id"] for one in row["outbox"]] for row in left] == [["mail/1:2:0"]]
        async with relaying(relay):
            await until(lambda: listener.ids == ["mail/1:2:0"])
    assert await rows.find({"pending": True}) == []


async def test_the_broker_is_asked_for_a_confirm(broker_url: str) -> None:
    """An internal batch that no queue takes is an error, not a loss."""
    broker = Broker(broker_url, "tickets")
    await broker.connect()
    with pytest.raises(aio_pika.exceptions.DeliveryError):
        await broker.say(b"{}")
    await broker.close()


def lengths(*sayings: list[int]) -> list[list[int]]:
    """The lengths of the events in each batch, when sayings of these lengths follow each other."""
    said = [([b"x" * octets for octets in one], {"_id": place}) for place, one in enumerate(sayings, 1)]
    return [list(map(len, batch.parts)) for batch in in_batches(said)]


def test_a_batch_ends_before_it_has_too_many_events_or_octets() -> None:
    assert lengths(*[[1]] * (2 * BATCH_EVENTS + 1)) == [[1] * BATCH_EVENTS, [1] * BATCH_EVENTS, [1]]
    half = BATCH_OCTETS // 2
    assert lengths([half], [half], [half], [1]) == [[half, half], [half, 1]]
    assert lengths([1], [BATCH_OCTETS + 1], [1]) == [[1], [BATCH_OCTETS + 1], [1]], "too large: alone"
    assert lengths([], []) == []


def test_what_a_commit_says_is_not_torn_apart_and_places_have_no_gaps() -> None:
    half = BATCH_OCTETS // 2
    assert lengths([half], [half, half]) == [[half], [half, half]]
    said = [([b"x" * half], {"_id": 1}), ([], {"_id": 2}), ([b"x" * half] * 2, {"_id": 3}), ([], {"_id": 4})]
    assert [(batch.first["_id"], batch.last["_id"]) for batch in in_batches(said)] == [(1, 2), (3, 4)]


async def test_rows_with_much_to_say_say_it_in_messages_that_a_broker_takes(db: Database, broker_url: str) -> None:
    rows = db["mails"]
    long = event("mail/0", 1).model_copy(update={"summary": "x" * 100_000})
    async with listening(broker_url) as (broker, listener):
        sizes: list[int] = []
        say = broker.say

        async def weigh(body: bytes) -> None:
            sizes.append(len(body))
            await say(body)

        broker.say = weigh  # type: ignore[method-assign]
        relay = Relay(db, "tickets", broker, None, [rows])
        await relay.prepare()
        for n in range(20):
            said = outbox.said(long.model_copy(update={"id": f"mail/{n}:1:0"}))
            await rows.insert_one({"_id": n, "rev": 1, "outbox": [said], "pending": True})
        async with relaying(relay):
            await until(lambda: len(listener.ids) >= 20)
    assert len(set(listener.ids)) == 20
    assert max(sizes) <= BATCH_OCTETS + 1000


async def test_a_relay_that_can_say_nothing_for_long_is_seen(
    db: Database, broker_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ticketwire_chassis.relay.SILENT_SECONDS", 0.5)
    monkeypatch.setattr("ticketwire_chassis.relay.LOOK_SECONDS", 0.1)
    rows = db["mails"]
    async with listening(broker_url) as (broker, listener):
        say = broker.say

        async def refuse(_: bytes) -> None:
            raise aio_pika.exceptions.ChannelPreconditionFailed("message size is larger than configured max size")

        broker.say = refuse  # type: ignore[method-assign, assignment]
        relay = Relay(db, "tickets", broker, None, [rows])
        await relay.prepare()
        await rows.insert_one({"_id": 0, "rev": 1, "outbox": [outbox.said(event("mail/0", 1))], "pending": True})
        with structlog.testing.capture_logs() as logs:
            async with relaying(relay):
                assert await relay.speaks()
                await until(lambda: any(line["event"] == "relay_silent" for line in logs))
                assert not await relay.speaks()
                assert REGISTRY.get_sample_value("ticketwire_relay_silent_seconds")
                broker.say = say  # type: ignore[method-assign]
                await until(lambda: listener.ids)
                await until(lambda: REGISTRY.get_sample_value("ticketwire_relay_silent_seconds") == 0)
                assert await relay.speaks()


# ------------------------------------------------------------------------------------------------ outsiders


def aloud(commit: Commit) -> Said:
    """Each commit says one event inside and one in public."""
    told = PublicEvent(
        id=f"{commit.stream}:p{commit.seq}", type="ticket.noted.v1", subject=commit.stream, time=commit.at,
        dataschema=PublicEvent.schema_address(), public_version=commit.seq, correlation="c", summary="s",
        ticket=PublicTicket(
            number="TW-1", subject="Help", queue="support", status="new", category="new", priority=50,
            created_at=commit.at,
        ),
    )  # fmt: skip
    return Said(internal=publish(commit).internal, public=[told])


@asynccontextmanager
async def outsider(broker: Broker) -> AsyncIterator[list[str]]:
    """A queue outside, and the ids that come to it."""
    channel = await broker.connection.channel()
    arguments: dict[str, Any] = {"x-queue-type": "quorum"}
    queue = await channel.declare_queue("ext.slow", durable=True, arguments=arguments)
    await queue.bind(PUBLIC, "#")
    heard: list[str] = []

    async def hear(message: Any) -> None:
        heard.append(orjson.loads(message.body)["id"])

    await queue.consume(hear, no_ack=True)
    yield heard


async def until_said(db: Database) -> None:
    """Until the log has nothing to say inside."""
    async with asyncio.timeout(60):
        while await db["commits"].count({"pending": True}):
            await asyncio.sleep(0.02)


async def until_kept(db: Database, place: int) -> None:
    """Until the cursor of outsiders stands there."""
    async with asyncio.timeout(60):
        while (await db["cursors"].find_one({"_id": "public"}) or {}).get("place") != place:
            await asyncio.sleep(0.02)


async def test_outsiders_hear_what_was_said_while_they_could_not(db: Database, broker_url: str) -> None:
    """A relay ends before outsiders have heard; the next goes on where they are, by what the log says."""
    log = CommitLog(db)
    await log.prepare()
    async with listening(broker_url) as (broker, listener), outsider(broker) as heard:
        first = Relay(db, "tickets", broker, aloud)
        await first.prepare()
        first._outward._broker = AsyncMock(say_publicly=AsyncMock(side_effect=ConnectionError))
        async with relaying(first):
            await write(log, "a", 30, 3)
            await until(lambda: len(listener.ids) >= 30)
        assert heard == []
        async with relaying(Relay(db, "tickets", broker, aloud)):
            await until(lambda: len(heard) >= 30)
            await write(log, "b", 30, 3)
            await until(lambda: len(heard) >= 60)
            await until_kept(db, 60)
        assert len(set(heard)) == 60
    await check_places(db, 60)


@pytest.mark.parametrize("patience", [outward.SAY_SECONDS, 0.2])
async def test_a_queue_outside_that_takes_nothing_holds_nobody_up(
    db: Database, rabbit: Rabbit, broker_url: str, monkeypatch: pytest.MonkeyPatch, patience: float
) -> None:
    """As it is when the broker has lost that queue's leader: it neither takes nor refuses."""
    log = CommitLog(db)
    await log.prepare()
    monkeypatch.setattr(outward, "SAY_SECONDS", patience)
    monkeypatch.setattr(outward, "NEAR", 100)
    process = f"whereis('{unquote(urlsplit(broker_url).path[1:])}_ext.slow')"
    async with listening(broker_url) as (broker, listener), outsider(broker) as heard:
        relay = Relay(db, "tickets", broker, aloud)
        log.nudge = relay.nudge
        await relay.prepare()
        await asyncio.to_thread(rabbit.ctl, "eval", f"sys:suspend({process}).")
        async with relaying(relay):
            for n in range(12):  # more than the broker lets wait for one queue, more than is kept at hand
                await write(log, f"w{n}-", 30, 3)
            await until(lambda: len(listener.ids) >= 360, 60)
            await until_said(db)
            assert heard == []
            await asyncio.to_thread(rabbit.ctl, "eval", f"sys:resume({process}).")
            await until(lambda: len(set(heard)) >= 360, 60)
            await until_kept(db, 360)
    await check_places(db, 360)


async def test_the_cursor_of_outsiders_begins_after_what_was_said_before_there_was_one(db: Database) -> None:
    log = CommitLog(db)
    await log.prepare()
    relay = Relay(db, "tickets", AsyncMock(), aloud)
    await write(log, "w", 10, 3)
    docs = await db["commits"].find({}, sort=[("_id", 1)])
    for place, doc in enumerate(docs[:8], start=1):
        await db["positions"].insert_one({"_id": place, "commit": doc["_id"], "chain": ""})
    said = [doc["_id"] for doc in docs[:5]]
    await db["commits"].update_many({"_id": {"$in": said}}, {"$unset": {"pending": ""}})
    await relay.prepare()
    await until_kept(db, 5)
