"""History as data, and tickets as they were: read from the log, with the eyes of who asks, with both drivers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.tickets.domain.history import Recorded, entries, numbers_in
from services.tickets.domain.state import TicketState
from services.tickets.views import History
from ticketwire_chassis.commands import Asked
from ticketwire_chassis.mongo import Database, open_database
from ticketwire_contracts.base import Actor, Answer, Order
from ticketwire_contracts.tickets import (
    AddNoteV1,
    ChangePeopleV1,
    CreateQueueV1,
    HistoryEntry,
    HistoryPage,
    Link,
    MergeTicketsV1,
    ReplyToTicketV1,
    SetPriorityV1,
    SetStatusV1,
    ShowHistoryV1,
    ShowTicketAtV1,
    SplitTicketV1,
    TakeRightV1,
    Ticket,
)

from .replica import Replica as House
from .test_handlers import Replica, mail
from .world import World


@pytest.fixture(params=["motor", "pymongo"])
async def db(request: pytest.FixtureRequest, mongo_url: str, database_name: str) -> AsyncIterator[Database]:
    database = open_database(mongo_url, database_name, request.param)
    yield database
    await database.drop()
    await database.close()


@pytest.fixture
async def tickets(db: Database) -> Replica:
    replica = Replica(db)
    await replica.log.prepare()
    await replica.handlers.seed()
    await replica.ask(CreateQueueV1(name="support", addresses=["support@example.org"]))
    return replica


async def look(tickets: Replica | House, command: ShowHistoryV1 | ShowTicketAtV1, actor: Actor) -> Answer:
    """What is shown."""
    history = History(tickets.log, tickets.handlers._store)
    order = Order(
        id="look",
        type=command.topic,
        actor=actor,
        correlation="c",
        not_after=datetime.now(UTC) + timedelta(seconds=10),
        command={},
    )
    return (await history.look([Asked(order, command)]))[0]


async def number_of(tickets: Replica) -> str:
    """The one ticket there is."""
    return next(iter(await tickets.log.newest_of_kind("ticket/"))).removeprefix("ticket/")


RIGHTS = ("ticket.show", "ticket.reply", "ticket.edit", "note.add", "history.show")


async def test_every_change_tells_who_when_why_and_what_is_different(tickets: Replica) -> None:
    await tickets.handlers.on_mail_received([mail(1)])
    number = await number_of(tickets)
    mara = await tickets.agent("mara", *RIGHTS, "note.show")
    await tickets.ask(ReplyToTicketV1(ticket=number, text="Hello."), mara, order="o1")
    await tickets.ask(AddNoteV1(ticket=number, text="Third time."), mara)
    await tickets.ask(SetPriorityV1(ticket=number, priority=70), mara)
    await tickets.ask(SetStatusV1(ticket=number, status="stalled"), mara)
    page = HistoryPage.model_validate((await look(tickets, ShowHistoryV1(ticket=number), mara)).result)
    opened, replied, noted, priority, status = page.items
    assert [entry.version for entry in page.items] == [1, 2, 3, 4, 5]
    assert (opened.cause.kind, opened.cause.id) == ("mail", "row1:1")
    assert opened.actor.kind == "customer"
    assert (replied.cause.kind, replied.cause.id, replied.command) == ("command", "o1", "reply_to_ticket.v1")
    assert [one.type for one in replied.happened] == ["replied", "status_changed"]
    assert replied.happened[0].message is not None
    assert replied.happened[0].message.text == "Hello."
    assert (replied.changed["status"].before, replied.changed["status"].after) == ("new", "open")
    assert noted.happened[0].message is not None
    assert noted.happened[0].message.internal
    assert (priority.changed["priority"].before, priority.changed["priority"].after) == (50, 70)
    assert set(status.changed) == {"status", "category"}
    assert opened.changed["queue"].before is None


async def test_who_watches_by_a_merged_ticket_out_of_sight_is_not_shown_of_the_past_either(db: Database) -> None:
    tickets = House(db)
    await tickets.begin("support", "billing")
    root = await tickets.agent("root", "superuser")
    sam = await tickets.agent("sam", *RIGHTS, "note.show", scope="queue:support")
    hidden, shown = [await tickets.open(root, queue=queue) for queue in ("billing", "support")]
    await tickets.must(ChangePeopleV1(ticket=hidden, role="watchers", add=["root"]), root)
    await tickets.must(MergeTicketsV1(ticket=hidden, into=shown), root)
    for who, watchers in ((root, ["root"]), (sam, [])):
        page = HistoryPage.model_validate((await look(tickets, ShowHistoryV1(ticket=shown), who)).result)
        changed = [one["login"] for entry in page.items for one in watchers_in(entry)]
        assert changed == watchers
        then = (await look(tickets, ShowTicketAtV1(ticket=shown, at=datetime.now(UTC)), who)).result["ticket"]
        assert [one["login"] for one in then["watchers"]] == watchers


def watchers_in(entry: HistoryEntry) -> list[dict[str, Any]]:
    """Who watches since a change, where it changed that."""
    return list(entry.changed["watchers"].after) if "watchers" in entry.changed else []


async def test_pages_go_on_where_the_one_before_ended(tickets: Replica) -> None:
    await tickets.handlers.on_mail_received([mail(1)])
    number = await number_of(tickets)
    mara = await tickets.agent("mara", *RIGHTS)
    for priority in (10, 20, 30, 40):
        await tickets.ask(SetPriorityV1(ticket=number, priority=priority), mara)
    seen, after = [], 0
    while True:
        page = HistoryPage.model_validate(
            (await look(tickets, ShowHistoryV1(ticket=number, after=after, limit=2), mara)).result
        )
        seen += [
            (entry.version, entry.changed["priority"].before, entry.changed["priority"].after) for entry in page.items
        ]
        if page.next is None:
            break
        after = page.next
    assert seen == [(1, None, 50), (2, 50, 10), (3, 10, 20), (4, 20, 30), (5, 30, 40)]


async def test_notes_stay_hidden_and_history_needs_its_right(tickets: Replica) -> None:
    await tickets.handlers.on_mail_received([mail(1)])
    number = await number_of(tickets)
    mara = await tickets.agent("mara", *RIGHTS)
    await tickets.ask(AddNoteV1(ticket=number, text="Secret."), mara)
    await tickets.ask(SetPriorityV1(ticket=number, priority=70), mara)
    answer = await look(tickets, ShowHistoryV1(ticket=number), mara)
    assert "Secret" not in answer.model_dump_json()
    assert "noted" not in answer.model_dump_json()
    assert [entry.version for entry in HistoryPage.model_validate(answer.result).items] == [1, 3]

    await tickets.ask(TakeRightV1(right="history.show", grantee="person:mara", scope="all"))
    refused = (await look(tickets, ShowHistoryV1(ticket=number), mara)).problem
    assert refused is not None
    assert refused.status == 403
    stranger = await tickets.agent("stranger", "history.show")
    refused = (await look(tickets, ShowHistoryV1(ticket=number), stranger)).problem
    assert refused is not None
    assert refused.status == 404, "what one may not see is not there"


async def test_a_ticket_as_it_was_at_a_past_time(tickets: Replica) -> None:
    await tickets.handlers.on_mail_received([mail(1)])
    number = await number_of(tickets)
    mara = await tickets.agent("mara", *RIGHTS)
    commits = []
    for priority in (10, 20):
        await tickets.ask(SetPriorityV1(ticket=number, priority=priority), mara)
    commits = await tickets.log.history(f"ticket/{number}")
    assert len(commits) == 3
    for commit in commits:
        answer = await look(tickets, ShowTicketAtV1(ticket=number, at=commit.at), mara)
        ticket = Ticket.model_validate(answer.result["ticket"])
        newest = max(one.seq for one in commits if one.at <= commit.at)
        assert (ticket.version, ticket.priority) == (newest, [50, 10, 20][newest - 1])
    before = commits[0].at - timedelta(milliseconds=1)
    problem = (await look(tickets, ShowTicketAtV1(ticket=number, at=before), mara)).problem
    assert problem is not None
    assert problem.status == 404
    stranger = await tickets.agent("stranger")
    assert (await look(tickets, ShowTicketAtV1(ticket=number, at=commits[-1].at), stranger)).problem is not None


def test_links_to_hidden_tickets_leave_no_trace_in_differences() -> None:
    world = World()
    world.mail()
    state = world.tickets["TW-1"]
    seen, unseen = Link(type="refers_to", target="TW-2"), Link(type="depends_on", target="TW-3")
    both = state.model_copy(update={"links": [seen, unseen]})
    one = state.model_copy(update={"links": [unseen]})
    assert numbers_in([both.shown().model_dump(mode="json")]) == {"TW-1", "TW-2", "TW-3"}

    def recorded(seq: int, after: TicketState) -> Recorded:
        actor = Actor(kind="system", id="system/test")
        return Recorded(seq, after.updated_at, actor, f"o{seq}:0", "link", "c", [], after)

    told = entries(state, [recorded(2, one), recorded(3, both)], notes=True, hidden=frozenset({"TW-3"}))
    assert [(entry.version, list(entry.changed)) for entry in told] == [(3, ["links"])]
    assert "TW-3" not in told[0].model_dump_json()


def test_a_message_from_a_hidden_ticket_is_told_without_where_it_was() -> None:
    world = World()
    world.mail(to="billing@example.org", text="Look at the plate.")
    system = Actor(kind="system", id="system/test")
    world.do(system, SplitTicketV1(ticket="TW-1", messages=["TW-1.1"], queue="support", subject="Plate"))
    after = world.tickets["TW-2"]
    at, events = world.log["TW-2"][0]
    commit = Recorded(1, at, system, "o1:0", "split_ticket.v1", "c", events, after)
    told = entries(None, [commit], notes=True, hidden=frozenset({"TW-1"}))[0].model_dump_json()
    assert "Look at the plate." in told
    assert "TW-1" not in told
