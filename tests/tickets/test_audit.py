"""The history of administration, read from the log: who did what to queues, lifecycles, persons, groups and grants."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.tickets.privacy import Privacy
from services.tickets.store import TicketStore
from services.tickets.views import ADMINISTERED, Audit
from ticketwire_chassis.audit.telling import ORDER
from ticketwire_chassis.commands import Asked
from ticketwire_chassis.mongo import Database, open_database
from ticketwire_contracts.audit import AuditEntry, AuditPage
from ticketwire_contracts.base import ERASED, Actor, Answer, Order
from ticketwire_contracts.tickets import (
    AddMemberV1,
    ChangeLifecycleV1,
    ChangeQueueV1,
    CreateGroupV1,
    CreatePersonV1,
    DisableQueueV1,
    ErasePersonV1,
    FindPersonDataV1,
    GiveRightV1,
    ShowAuditV1,
    TakeRightV1,
)

from .replica import SIGNER, SYSTEM, Replica
from .test_handlers import mail


@pytest.fixture(params=["motor", "pymongo"])
async def db(request: pytest.FixtureRequest, mongo_url: str, database_name: str) -> AsyncIterator[Database]:
    database = open_database(mongo_url, database_name, request.param)
    yield database
    await database.drop()
    await database.close()


@pytest.fixture
async def tickets(db: Database) -> Replica:
    replica = Replica(db)
    await replica.begin("support")
    await audit_of(replica).prepare()
    return replica


def audit_of(tickets: Replica) -> Audit:
    return Audit(tickets.log, TicketStore(tickets.db, tickets.log, SIGNER))


async def answer(tickets: Replica, actor: Actor = SYSTEM, **asked: Any) -> Answer:
    """What is answered to who asks."""
    command = ShowAuditV1(**asked)
    until = datetime.now(UTC) + timedelta(seconds=10)
    order = Order(id="look", type=command.topic, actor=actor, correlation="c", not_after=until, command={})
    return (await audit_of(tickets).look([Asked(order, command)]))[0]


async def page(tickets: Replica, actor: Actor = SYSTEM, **asked: Any) -> AuditPage:
    """What is shown."""
    found = await answer(tickets, actor, **asked)
    assert found.problem is None, found.problem
    return AuditPage.model_validate(found.result)


def what(entry: AuditEntry) -> str:
    return f"{entry.happened[0].type} {entry.thing.id}"


async def test_each_change_tells_who_when_why_of_what_and_what_is_different(tickets: Replica) -> None:
    mara = await tickets.agent("mara", "superuser")
    await tickets.must(CreateGroupV1(name="field", title="Field service"), mara)
    await tickets.must(AddMemberV1(group="field", member="person:mara"), mara)
    await tickets.must(GiveRightV1(right="note.show", grantee="group:field", scope="queue:support"), mara)
    await tickets.must(ChangeQueueV1(name="support", title="Help desk", watchers=["person:mara"]), mara)
    await tickets.must(ChangeLifecycleV1(name="default", title="Usual"), mara)
    shown = await page(tickets, mara, limit=5)
    lifecycle, queue, grant, member, group = shown.items
    assert {one.actor.id for one in shown.items} == {mara.id}
    assert {(one.actor.name, one.actor.via, one.cause.kind) for one in shown.items} == {("Mara", "api", "command")}
    assert (queue.kind, queue.thing.name, queue.command) == ("queue", "Help desk", "change_queue.v1")
    assert set(queue.changed) == {"title", "watchers"}
    assert (queue.changed["title"].before, queue.changed["title"].after) == ("Support", "Help desk")
    assert (queue.changed["watchers"].before, queue.changed["watchers"].after) == ([], [mara.id])
    assert shown.names == {mara.id: "Mara"}
    assert (lifecycle.kind, set(lifecycle.changed)) == ("lifecycle", {"title"})
    assert grant.happened[0].type == "grant_given"
    assert grant.happened[0].details == {"right": "note.show", "grantee": "group/field", "scope": "queue/support"}
    assert (member.changed["members"].before, member.changed["members"].after) == ([], [mara.id])
    assert (group.version, group.thing.name, group.changed["name"].before) == (1, "Field service", None)
    assert [one.at for one in shown.items] == sorted((one.at for one in shown.items), reverse=True)
    assert shown.next is not None


async def test_all_pages_together_are_everything_once_even_of_one_moment(tickets: Replica) -> None:
    for n in range(7):
        await tickets.must(CreatePersonV1(login=f"agent{n}", agent=True))
    moment = datetime(2026, 3, 2, 9, tzinfo=UTC)
    await tickets.db["commits"].update_many({"_id.stream": {"$regex": "^(person|queue)/"}}, {"$set": {"at": moment}})
    whole = [one.id for one in (await page(tickets, limit=200)).items]
    seen: list[str] = []
    place = None
    while True:
        part = await page(tickets, limit=3, before=place)
        seen += [one.id for one in part.items]
        place = part.next
        if place is None:
            break
    assert seen == whole
    assert len(set(whole)) == len(whole)
    count = await tickets.db["commits"].count({"_id.stream": ADMINISTERED})
    assert len(whole) == count > 9


async def test_filters(tickets: Replica) -> None:
    mara = await tickets.agent("mara", "superuser")
    await tickets.must(CreateGroupV1(name="field"), mara)
    await tickets.must(GiveRightV1(right="note.show", grantee="group:field", scope="queue:support"), mara)
    await tickets.must(TakeRightV1(right="note.show", grantee="group:field", scope="queue:support"), mara)
    await tickets.must(DisableQueueV1(name="support"))
    assert {one.kind for one in (await page(tickets, kind="group")).items} == {"group"}
    support = [what(one) for one in (await page(tickets, thing="queue/support")).items]
    grant = "grant/note.show|group/field|queue/support"
    assert support == [
        "queue_changed queue/support",
        f"grant_taken {grant}",
        f"grant_given {grant}",
        "queue_created queue/support",
    ]
    assert [what(one) for one in (await page(tickets, thing="queue/support", kind="queue")).items] == [
        support[0],
        support[3],
    ]
    assert [what(one) for one in (await page(tickets, thing="group/field")).items][-1] == "group_changed group/field"
    assert [what(one) for one in (await page(tickets, thing=grant)).items] == [support[1], support[2]]
    assert (await page(tickets, thing="queue/supp")).items == []
    assert (await page(tickets, kind="policy")).items == []
    all_of_it = (await page(tickets, limit=200)).items
    middle = all_of_it[2].at
    later = (await page(tickets, since=middle, limit=200)).items
    earlier = (await page(tickets, until=middle, limit=200)).items
    assert [one.id for one in [*later, *earlier]] == [one.id for one in all_of_it]
    assert all(one.at >= middle for one in later)


async def test_who_did_it_is_looked_for(tickets: Replica) -> None:
    mara = await tickets.agent("mara", "superuser")
    await tickets.must(CreateGroupV1(name="field"), mara)
    await tickets.must(CreateGroupV1(name="north"))

    async def by(actor: str) -> list[str]:
        command = ShowAuditV1(actor=actor, kind="group")
        until = datetime.now(UTC) + timedelta(seconds=10)
        order = Order(id="look", type=command.topic, actor=SYSTEM, correlation="c", not_after=until, command={})
        [found] = await audit_of(tickets).look([Asked(order, command)])
        return [one.thing.id for one in AuditPage.model_validate(found.result).items]

    assert await by(mara.id) == ["group/field"]
    assert "group/north" in await by("system")
    assert "group/field" not in await by("system")
    assert await by("person/nobody") == []


async def test_it_needs_audit_show_everywhere(tickets: Replica) -> None:
    for login, scope in (("here", "queue:support"), ("nowhere", "")):
        agent = await tickets.agent(
            login, *(["audit.show"] if scope else ["queue.admin", "right.admin"]), scope=scope or "all"
        )
        problem = (await answer(tickets, agent)).problem
        assert problem is not None
        assert (problem.status, problem.extra) == (403, {"right": "audit.show"})
    reader = await tickets.agent("reader", "audit.show")
    assert (await page(tickets, reader)).items
    await tickets.handlers.on_mail_received([mail(1)])
    customer = next(one for one in (await page(tickets, kind="person")).items if one.cause.kind == "mail")
    asking = Actor(kind="customer", id=customer.thing.id)
    await tickets.must(GiveRightV1(right="audit.show", grantee="everyone", scope="all"))
    assert (await answer(tickets, asking)).problem is not None, "a wrong grant opens nothing to customers"


async def test_a_customer_who_came_by_mail_is_there_by_name_until_erased(tickets: Replica) -> None:
    await tickets.handlers.on_mail_received([mail(1)])
    before = (await page(tickets, kind="person")).items[0]
    assert (before.cause.kind, before.actor.id) == ("mail", before.thing.id)
    address = before.changed["addresses"].after[0]
    assert before.thing.name
    mara = await tickets.agent("mara", "superuser")
    store = TicketStore(tickets.db, tickets.log, SIGNER)
    privacy = Privacy(tickets.db, tickets.log, store, SIGNER)
    look, erase = FindPersonDataV1(person=before.thing.id), ErasePersonV1(person=before.thing.id)
    for command, obey in ((look, privacy.find), (erase, privacy.erase)):
        until = datetime.now(UTC) + timedelta(seconds=10)
        order = Order(id=command.topic, type=command.topic, actor=mara, correlation="c", not_after=until, command={})
        assert (await obey([Asked(order, command)]))[0].problem is None
    shown = await page(tickets, kind="person")
    told = shown.model_dump_json()
    assert address not in told
    assert before.thing.name not in told
    hers = [one for one in shown.items if one.thing.id == before.thing.id]
    assert {one.thing.name for one in hers} == {ERASED}
    erased = next(one for one in hers if one.happened[0].type == "person_erased")
    assert (erased.actor.id, erased.actor.name, erased.command) == (mara.id, "Mara", "erase_person.v1")
    looked = next(one for one in hers if one.happened[0].type == "person_data_shown")
    assert (looked.kind, looked.actor.name, looked.changed) == ("person", "Mara", {})
    assert looked in (await page(tickets, thing=before.thing.id)).items


async def test_refusals_claims_and_tickets_are_no_part_of_it(tickets: Replica) -> None:
    nobody = await tickets.agent("nobody")
    assert (await tickets.ask(CreateGroupV1(name="field"), nobody)).problem is not None
    await tickets.handlers.on_mail_received([mail(1)])
    kinds = {one.kind for one in (await page(tickets, limit=200)).items}
    assert kinds == {"queue", "lifecycle", "person", "group", "grant"}
    assert "field" not in (await page(tickets, limit=200)).model_dump_json()


async def test_pages_are_read_by_the_index_and_never_sorted(tickets: Replica) -> None:
    for asked in (ADMINISTERED, {"$gte": "person/", "$lt": "person0"}):
        where = {"$and": [{"_id.stream": ADMINISTERED}, {"_id.stream": asked}]}
        find = {"find": "commits", "filter": where, "sort": dict(ORDER), "limit": 5}
        plan = (await tickets.db._db.command("explain", find))["queryPlanner"]["winningPlan"]
        assert "at_-1__id.stream_-1__id.seq_-1" in str(plan), plan
        assert "'SORT'" not in str(plan), plan
