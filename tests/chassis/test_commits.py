"""The commit log on a real replica set, with both drivers: what is asked once happens once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ticketwire_chassis import commits
from ticketwire_chassis.commits import Ask, Commit, CommitLog, Draft, Look, Plan, hash_of
from ticketwire_chassis.mongo import Database, open_database
from ticketwire_contracts.base import Actor, Problem

ACTOR = Actor(kind="system", id="system/test")
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.fixture(params=["motor", "pymongo"])
async def db(request: pytest.FixtureRequest, mongo_url: str, database_name: str) -> AsyncIterator[Database]:
    """An empty database, by either driver."""
    database = open_database(mongo_url, database_name, request.param)
    yield database
    await database.drop()
    await database.close()


class Counters:
    """A domain as small as can be: each ask adds one to a counter; a counter refuses to pass its limit."""

    def __init__(self, log: CommitLog, limit: int = 10_000) -> None:
        self.log = log
        self.limit = limit

    async def read(self, asks: Sequence[Ask], session: Any) -> Look:
        return await self.log.look([f"counter/{ask.what}" for ask in asks], [f"{ask.cause}:0" for ask in asks], session)

    def decide(self, look: Look, ask: Ask) -> Plan:
        base = look.newest.get(f"counter/{ask.what}")
        n = base.after["n"] + 1 if base else 1
        if n > self.limit:
            return Plan(problem=Problem(type="full", title="Full", status=409))
        return Plan([Draft(f"counter/{ask.what}", base, [{"type": "added", "who": "Anna", "n": n}], {"n": n})])

    async def add(self, *asks: Ask) -> list[Any]:
        return await self.log.settle(asks, self.read, self.decide)


def ask(cause: str, counter: str = "a", at: datetime = NOON) -> Ask:
    return Ask(cause=cause, command="add", actor=ACTOR, at=at, correlation="c", what=counter)


@pytest.fixture
async def counters(db: Database) -> Counters:
    log = CommitLog(db, {"added": frozenset({"who"})})
    await log.prepare()
    return Counters(log)


async def value(counters: Counters, counter: str = "a") -> int:
    newest = await counters.log.newest(f"counter/{counter}")
    return int(newest.after["n"]) if newest else 0


async def test_many_asks_on_one_stream_each_take_a_version(counters: Counters) -> None:
    done = await counters.add(*(ask(f"o{i}") for i in range(12)))
    assert [one.commit.seq for one in done] == list(range(1, 13))
    assert await value(counters) == 12


async def test_asked_again_it_is_not_done_again_and_answers_as_then(counters: Counters) -> None:
    first = await counters.add(ask("same"))
    again = await counters.add(ask("same"), ask("other"))
    assert again[0].again
    assert again[0].commit == first[0].commit
    assert await value(counters) == 2


async def test_two_replicas_lose_no_update_and_do_nothing_twice(counters: Counters) -> None:
    asks = [ask(f"o{i}", counter=str(i % 3)) for i in range(30)]
    other = Counters(CommitLog(counters.log._db, {"added": frozenset({"who"})}))
    await asyncio.gather(counters.add(*asks), other.add(*reversed(asks)), counters.add(*asks[10:20]))
    assert [await value(counters, str(i)) for i in range(3)] == [10, 10, 10]


async def test_what_was_seen_before_is_newest_only_while_nothing_follows(counters: Counters) -> None:
    mine = counters.log
    await counters.add(ask("one"), ask("two", counter="b"))
    before = (await mine.look(["counter/a", "counter/b", "counter/none"])).newest
    assert {stream: commit.seq for stream, commit in before.items()} == {"counter/a": 1, "counter/b": 1}
    assert (await mine.look(["counter/a", "counter/b"])).newest == before
    other = Counters(CommitLog(mine._db, {"added": frozenset({"who"})}))
    await other.add(ask("three"), ask("four"))
    after = (await mine.look(["counter/a", "counter/b", "counter/none"])).newest
    assert {stream: commit.after["n"] for stream, commit in after.items()} == {"counter/a": 3, "counter/b": 1}
    assert (await mine.look(["counter/a"])).newest["counter/a"].seq == 3


async def test_what_was_seen_and_is_gone_is_not_built_upon(counters: Counters) -> None:
    await counters.add(ask("one"))
    await counters.log.look(["counter/a"])
    await counters.add(ask("two"))
    assert (await counters.log.look(["counter/a"])).newest["counter/a"].seq == 2
    await counters.log.collection.delete_one({"_id": {"stream": "counter/a", "seq": 2}})  # as a rollback takes it
    assert (await counters.log.look(["counter/a"])).newest["counter/a"].seq == 1
    (done,) = await counters.add(ask("three"))
    assert done.commit.seq == 2


async def test_only_so_many_are_kept_at_hand(counters: Counters, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commits, "SEEN", 3)
    await counters.add(*(ask(f"o{i}", counter=str(i)) for i in range(6)))
    found = (await counters.log.look([f"counter/{i}" for i in range(6)])).newest
    assert len(found) == 6
    assert len(counters.log._seen) == 3
    assert (await counters.log.look([f"counter/{i}" for i in range(6)])).newest == found


async def test_a_refusal_is_remembered_too(counters: Counters) -> None:
    counters.limit = 1
    await counters.add(ask("first"))
    refused = (await counters.add(ask("second")))[0]
    assert refused.problem is not None
    assert refused.problem.type == "full"
    counters.limit = 10
    again = (await counters.add(ask("second")))[0]
    assert again.problem == refused.problem
    assert again.again


async def test_a_transaction_tries_again_when_it_lost_a_race(counters: Counters) -> None:
    done = await asyncio.gather(
        *(counters.log.settle_alone(ask(f"o{i}"), counters.read, counters.decide) for i in range(6))
    )
    assert sorted(one.commit.seq for one in done) == [1, 2, 3, 4, 5, 6]
    again = await counters.log.settle_alone(ask("o3"), counters.read, counters.decide)
    assert again.again
    assert await value(counters) == 6


async def test_a_claim_that_is_taken_makes_the_plan_anew(counters: Counters) -> None:
    """Two asks want one name: the second sees whose it is."""
    log = counters.log

    async def read(asks: Sequence[Ask], session: Any) -> Look:
        return await log.look(["claim/x"], [f"{a.cause}:0" for a in asks], session)

    def decide(look: Look, a: Ask) -> Plan:
        claim = look.newest.get("claim/x")
        owner = claim.after["owner"] if claim else a.cause
        thing = Draft(f"thing/{a.cause}", None, [{"type": "made"}], {"owner": owner})
        return Plan(
            [thing] if claim else [thing, Draft("claim/x", None, [{"type": "claimed"}], {"owner": a.cause}, claim=True)]
        )

    first, second = await asyncio.gather(log.settle([ask("p")], read, decide), log.settle([ask("q")], read, decide))
    assert first[0].commit.after["owner"] == second[0].commit.after["owner"]


async def test_time_never_runs_backwards_in_a_stream(counters: Counters) -> None:
    await counters.add(ask("o1", at=NOON))
    later = (await counters.add(ask("o2", at=NOON - timedelta(hours=1))))[0]
    assert later.commit.at == NOON


async def test_what_was_decided_by_other_streams_is_later_than_they(counters: Counters) -> None:
    """Asked first, decided second: by its time it must not come before what it looked at."""
    await counters.add(ask("o1", "b", at=NOON))

    async def read(asks: Sequence[Ask], session: Any) -> Look:
        return await counters.log.look(["counter/a", "counter/b"], (), session)

    times: list[datetime] = []

    def decide(look: Look, one: Ask) -> Plan:
        times.append(one.at)
        return counters.decide(look, one)

    early = await counters.log.settle_alone(ask("o2", "a", at=NOON - timedelta(seconds=1)), read, decide)
    assert early.commit.at == times[0] == NOON + timedelta(milliseconds=1)


async def test_the_hash_covers_the_body_but_not_what_may_be_erased(counters: Counters) -> None:
    await counters.add(ask("o1"))
    commit = await counters.log.newest("counter/a")
    assert isinstance(commit, Commit)
    assert "Anna" not in str(commit.body)
    assert commit.private["0_who"]["value"] == "Anna"
    assert hash_of(commit) == commit.hash
    assert hash_of(replace(commit, private={})) == commit.hash
    assert hash_of(replace(commit, at=commit.at + timedelta(milliseconds=1))) != commit.hash
    assert hash_of(replace(commit, body=[{**commit.body[0], "n": 2}])) != commit.hash


async def test_the_newest_is_found_among_many_streams(counters: Counters) -> None:
    names = [f"{i:03}" for i in range(130)]
    await counters.add(*(ask(f"a{name}", name) for name in names))
    await counters.add(*(ask(f"b{name}", name) for name in names[:5]))
    look = await counters.log.look([f"counter/{name}" for name in names], ["a000:0", "never:0"])
    assert len(look.newest) == 130
    assert [look.newest[f"counter/{name}"].seq for name in names[:6]] == [2, 2, 2, 2, 2, 1]
    assert set(look.done) == {"a000:0"}
