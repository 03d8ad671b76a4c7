"""Rows and the directory on a real MongoDB."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from services.notify.domain.directory import Known
from services.notify.domain.outgoing import Outcome, Outgoing, settle
from services.notify.domain.telling import who_hears
from services.notify.store import LEASE, DirectoryStore

from .conftest import House, build, directory_events, grant_taken, knows
from .world import GRANTS, MARA, NOON, OSKAR, SUPPORT, directory, file, noted, outgoing

LATER = NOON + LEASE + timedelta(seconds=1)
SENT = Outcome(accepted=("anna@example.net",))
BUSY = Outcome(deferred={"anna@example.net": "450 busy"})
NEVER = Outcome(refused={"anna@example.net": "550 never"})


def rows(n: int) -> list[Outgoing]:
    """So many replies."""
    return [outgoing(id=f"row-{one}") for one in range(n)]


async def test_a_row_is_the_same_after_a_round_through_mongo(house: House) -> None:
    thing = who_hears(noted(), directory())[0].thing
    row = outgoing(
        kind="watcher", internal=True, person=OSKAR.id, thing=thing, attachments=(file(),), failed=("a@x",),
        tries=2, rev=3,
    )  # fmt: skip
    await house.rows.add([row], NOON)
    ((found, _),) = await house.rows.claim(LATER, 10)
    assert found == row


async def test_a_row_that_is_there_already_is_not_sent_again(house: House) -> None:
    first = await house.rows.add(rows(2), NOON)
    again = await house.rows.add(rows(3), NOON)
    assert [row.id for row, _ in first] == ["row-0", "row-1"]
    assert [row.id for row, _ in again] == ["row-2"]
    assert await house.rows.add(rows(3), NOON) == []
    assert await house.rows.add([], NOON) == []


async def test_the_same_row_twice_in_one_batch_is_one_row(house: House) -> None:
    assert len(await house.rows.add([outgoing(), outgoing()], NOON)) == 1


async def test_a_leased_row_is_nobody_elses_until_its_lease_is_over(house: House) -> None:
    await house.rows.add(rows(1), NOON)
    assert await house.rows.claim(NOON + LEASE - timedelta(seconds=1), 10) == []
    assert len(await house.rows.claim(LATER, 10)) == 1
    assert await house.rows.claim(LATER, 10) == []


async def test_two_replicas_never_claim_the_same_row(house: House) -> None:
    await house.rows.add(rows(40), NOON)
    other = build(house.db, house.postbox)
    claimed = await asyncio.gather(*(one.rows.claim(LATER, 40) for one in (house, other, house, other)))
    ids = [row.id for part in claimed for row, _ in part]
    assert sorted(ids) == sorted(row.id for row in rows(40))


async def test_what_was_sent_is_said_and_its_mail_goes(house: House) -> None:
    ((row, lease),) = await house.rows.add(rows(1), NOON)
    await house.rows.settle([(settle(row, SENT, NOON), lease)], NOON)
    (doc,) = await house.docs()
    assert (doc["state"], doc["pending"], doc["rev"]) == ("sent", True, 1)
    assert not {"mail", "lease", "due_at"} & doc.keys()
    (event,) = await house.said()
    assert (event["type"], event["id"]) == ("notification.sent.v1", "notification/row-0:1:0")
    assert (event["recipients"], event["kind"], event["ticket"]) == (["anna@example.net"], "reply", "TW-12")
    assert (event["cause"], event["correlation"]) == ("ticket/TW-12:3:0", "c-1")
    assert await house.rows.claim(LATER, 10) == []


async def test_what_is_to_be_tried_again_says_nothing_and_comes_when_due(house: House) -> None:
    ((row, lease),) = await house.rows.add(rows(1), NOON)
    await house.rows.settle([(settle(row, BUSY, NOON), lease)], NOON)
    assert await house.said() == []
    assert await house.rows.claim(NOON + timedelta(seconds=9), 10) == []
    ((again, _),) = await house.rows.claim(NOON + timedelta(seconds=10), 10)
    assert (again.tries, again.rev, again.mail) == (1, 1, row.mail)


async def test_an_outcome_is_written_once_and_never_under_a_lost_lease(house: House) -> None:
    ((row, lease),) = await house.rows.add(rows(1), NOON)
    await house.rows.claim(LATER, 10)
    await house.rows.settle([(settle(row, SENT, NOON), lease)], NOON)
    assert (await house.docs())[0]["state"] == "waiting"
    ((row, lease),) = await house.rows.claim(LATER + LEASE, 10)
    for _ in range(2):
        await house.rows.settle([(settle(row, SENT, NOON), lease)], NOON)
    assert len(await house.said()) == 1


async def test_a_lease_is_renewed_only_while_it_is_ours(house: House) -> None:
    ((row, lease),) = await house.rows.add(rows(1), NOON)
    assert await house.rows.renew(row.id, lease, NOON + LEASE / 2)
    assert await house.rows.claim(LATER, 10) == []
    await house.rows.claim(NOON + 2 * LEASE, 10)
    assert not await house.rows.renew(row.id, lease, NOON)


async def test_released_rows_are_free_at_once(house: House) -> None:
    pairs = await house.rows.add(rows(2), NOON)
    await house.rows.release([(row.id, lease) for row, lease in pairs], NOON)
    assert len(await house.rows.claim(NOON, 10)) == 2
    await house.rows.release([(row.id, lease) for row, lease in pairs], NOON)
    assert await house.rows.claim(NOON, 10) == []


async def test_only_a_failed_mail_is_resent_and_only_to_whom_it_failed(house: House) -> None:
    row = outgoing(to=("anna@example.net", "tom@example.net"))
    ((_, lease),) = await house.rows.add([row], NOON)
    assert not await house.rows.due_at_once(row.id, NOON)
    assert not await house.rows.due_at_once("nothing", NOON)
    partly = Outcome(accepted=("tom@example.net",), refused=NEVER.refused)
    await house.rows.settle([(settle(row, partly, NOON), lease)], NOON)
    assert await house.rows.state(row.id) == "failed"
    assert [event["type"] for event in await house.said()] == ["notification.sent.v1", "notification.failed.v1"]
    assert await house.rows.due_at_once(row.id, LATER)
    ((again, lease),) = await house.rows.claim(LATER, 10)
    assert (again.open, again.failed, again.tries, again.first_at) == (("anna@example.net",), (), 0, LATER)
    await house.rows.settle([(settle(again, SENT, LATER), lease)], LATER)
    assert await house.rows.state(row.id) == "sent"
    ids = [event["id"] for event in await house.said()]
    assert len(ids) == len(set(ids)) == 3


async def test_caps_count_over_all_replicas(house: House) -> None:
    other = build(house.db, house.postbox)
    counted = [replace(row, kind="auto_reply") for row in rows(5)]
    await asyncio.gather(*(one.rows.count(counted, NOON) for one in (house, other, house)))
    counts = await other.rows.count(counted[:1], NOON)
    assert list(counts.values()) == [16]
    assert list((await house.rows.count(counted[:1], NOON + timedelta(days=1))).values()) == [1]
    assert await house.rows.count(rows(5), NOON) == {}


async def test_a_counter_that_was_taken_away_is_begun_anew(house: House) -> None:
    counted = [replace(row, kind="auto_reply") for row in rows(1)]
    await house.rows.count(counted, NOON)
    await house.db["caps"].delete_many({})
    await house.rows.count(counted, NOON)
    assert list((await house.rows.count(counted, NOON)).values()) == [1]


async def test_the_directory_is_what_was_heard_whichever_replica_heard_it(house: House) -> None:
    other = DirectoryStore(house.db)
    found = await other.current()
    assert found.queues == {"support": SUPPORT}
    assert found.persons[MARA.id] == MARA
    assert len(found.grants) == len(GRANTS)
    assert found.epoch == 3
    assert await other.current() is found
    await house.directories.keep(knows([grant_taken(0)]))
    assert GRANTS[0] not in (await other.current()).grants
    assert (await other.current()).epoch == 4


async def test_the_directory_keeps_the_newest_whatever_the_order(house: House) -> None:
    newest = MARA.model_copy(update={"disabled": True, "name": "$name", "version": 3})
    await house.directories.keep([Known(MARA.id, 3, newest)])
    await house.directories.keep([Known(MARA.id, 2, MARA), *knows(directory_events())])
    assert (await house.directories.current()).persons[MARA.id] == newest
    older, newer = Known(MARA.id, 4, MARA), Known(MARA.id, 5, newest)
    await house.directories.keep([newer, older])
    assert (await house.directories.current()).persons[MARA.id] == newest


async def test_a_house_that_has_heard_nothing_knows_nobody(house: House) -> None:
    await house.db["directory"].delete_many({})
    empty = await DirectoryStore(house.db).current()
    assert (empty.persons, empty.epoch) == ({}, 0)
