"""Taking events in: merged, once handled acknowledged, failing ones alone through the wait queues."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
import structlog
from pymongo.errors import ServerSelectionTimeoutError

from ticketwire_chassis.batches import BatchConsumer
from ticketwire_chassis.events import stamp
from ticketwire_contracts.base import Actor
from ticketwire_contracts.tickets import Person, PersonCreatedV1

ACTOR = Actor(kind="system", id="system/test")


class Post:
    """A broker that keeps what is put into queues, and is away as often as told."""

    def __init__(self, away: int = 0) -> None:
        self.away = away
        self.put_into: list[tuple[str, list[str], int]] = []
        self.errors: list[str] = []

    async def put(self, queue: str, body: bytes, headers: dict[str, Any]) -> None:
        if self.away:
            self.away -= 1
            raise ConnectionError("gone")
        ids = [event["id"] for event in orjson.loads(body)["events"]]
        self.put_into.append((queue, ids, headers["x-attempt"]))
        self.errors.append(headers["x-error"])


class Message:
    """A delivery."""

    def __init__(self, *names: str, attempt: int = 0, body: bytes | None = None) -> None:
        self.body = body if body is not None else orjson.dumps({"source": "tickets", "events": [say(n) for n in names]})
        self.headers = {"x-attempt": attempt} if attempt else {}
        self.acked = False
        self.rejected = False

    async def ack(self) -> None:
        self.acked = True

    async def reject(self) -> None:
        self.rejected = True


def say(name: str) -> dict[str, Any]:
    envelope = stamp(
        PersonCreatedV1, f"person/{name}", 1, at=datetime.now(UTC), actor=ACTOR, correlation="c", summary="s"
    )
    return PersonCreatedV1(**envelope, person=Person(id=f"person/{name}")).model_dump(mode="json")


class Ears:
    """A handler that fails for some names, and as often as told for want of Mongo."""

    def __init__(self, bad: set[str] = frozenset(), away: int = 0) -> None:  # type: ignore[assignment]
        self.bad = bad
        self.away = away
        self.batches: list[list[str]] = []

    async def hear(self, events: Sequence[PersonCreatedV1]) -> None:
        names = [event.person.id.removeprefix("person/") for event in events]
        if self.away:
            self.away -= 1
            raise ServerSelectionTimeoutError("no primary")
        if self.bad & set(names):
            raise ValueError("bad name")
        self.batches.append(names)
        await asyncio.sleep(0.02)


async def deliver(ears: Ears, *messages: Message, away: int = 0) -> Post:
    post = Post(away)
    consumer = BatchConsumer("gateway", post)  # type: ignore[arg-type]
    consumer.hears([PersonCreatedV1], ears.hear)
    running = asyncio.create_task(consumer.run())
    async with asyncio.timeout(10):
        await asyncio.gather(*(consumer.take(message) for message in messages))  # type: ignore[arg-type]
    running.cancel()
    return post


async def test_deliveries_that_wait_are_handled_together() -> None:
    ears = Ears()
    messages = [Message(f"{n}") for n in range(10)]
    await deliver(ears, *messages)
    assert sum(map(len, ears.batches)) == 10
    assert len(ears.batches) < 10
    assert all(message.acked for message in messages)


async def test_one_bad_event_takes_no_other_with_it() -> None:
    ears = Ears(bad={"b"})
    message = Message("a", "b", "c")
    post = await deliver(ears, message)
    assert ears.batches == [["a"], ["c"]]
    assert post.put_into == [("gateway.wait.1s", ["person/b:1:0"], 1)]
    assert message.acked


async def test_the_waits_grow_and_end_in_parked() -> None:
    queues = []
    for attempt in range(5):
        post = await deliver(Ears(bad={"b"}), Message("b", attempt=attempt))
        queues.append(post.put_into[0][0])
    assert queues == ["gateway.wait.1s", "gateway.wait.10s", "gateway.wait.1m", "gateway.wait.10m", "gateway.parked"]


async def test_an_unreadable_message_is_rejected_to_parked_and_stops_nothing() -> None:
    ears = Ears()
    bad, good = Message(body=b"\xff{"), Message("a")
    await deliver(ears, bad, good)
    assert bad.rejected
    assert not bad.acked
    assert good.acked


async def test_an_unknown_type_is_acknowledged() -> None:
    message = Message(body=orjson.dumps({"source": "tickets", "events": [{"type": "ticket.sung.v9", "id": "x"}]}))
    await deliver(Ears(), message)
    assert message.acked


async def test_when_mongo_is_away_nothing_is_parked() -> None:
    ears = Ears(away=2)
    message = Message("a")
    post = await deliver(ears, message)
    assert post.put_into == []
    assert ears.batches == [["a"]]
    assert message.acked


async def test_what_is_logged_and_kept_of_a_failure_has_no_content() -> None:
    bad = say("b") | {"person": {"id": "person/b", "name": ["anna@example.net"]}}
    message = Message(body=orjson.dumps({"source": "tickets", "events": [bad]}))
    with structlog.testing.capture_logs() as logs:
        post = await deliver(Ears(), message)
    assert post.errors == ["ValidationError of PersonCreatedV1: person.name string_type"]
    assert [line["event"] for line in logs] == ["batch_failed", "event_put_off"]
    assert all("anna" not in str(line) for line in logs)


async def test_a_batch_that_keeps_coming_back_is_logged_before_the_broker_parks_it() -> None:
    message = Message("a")
    message.headers["x-delivery-count"] = 10
    with structlog.testing.capture_logs() as logs:
        await deliver(Ears(), message)
    assert [(line["event"], line["times"]) for line in logs] == [("batch_came_back", 10)]
    assert message.acked


async def test_what_cannot_be_put_off_while_the_broker_is_away_is_put_off_once_it_is_back() -> None:
    ears = Ears(bad={"b"})
    messages = [Message("b"), Message("a")]
    post = await deliver(ears, *messages, away=2)
    assert post.put_into == [("gateway.wait.1s", ["person/b:1:0"], 1)]
    assert ears.batches == [["a"]]
    assert all(message.acked for message in messages)
