"""Links, merging and splitting through handlers, store and log on a real replica set; many at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from ticketwire_chassis.mongo import Database, open_database
from ticketwire_contracts.base import Actor, Answer
from ticketwire_contracts.tickets import (
    AddNoteV1,
    ChangeQueueV1,
    ForwardMessagesV1,
    LinkTicketsV1,
    MergeTicketsV1,
    ReplyToTicketV1,
    SetStatusV1,
    SplitTicketV1,
    UnlinkTicketsV1,
    UnmergeTicketV1,
    UnsplitTicketV1,
)

from .replica import Replica
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
    await replica.begin("support")
    return replica


@pytest.fixture
async def mara(tickets: Replica) -> Actor:
    return await tickets.agent("mara", "superuser")


def kind(answer: Answer) -> str:
    return answer.problem.type if answer.problem else "done"


async def test_a_whole_story_of_links_merging_and_splitting(tickets: Replica, mara: Actor) -> None:
    one, two, three = [await tickets.open(mara, f"c{n}@example.net") for n in range(3)]
    linked = await tickets.must(LinkTicketsV1(ticket=one, type="depends_on", target=three), mara)
    assert [event["type"] for event in linked.events] == ["ticket.linked.v1", "ticket.linked.v1"]
    assert kind(await tickets.ask(SetStatusV1(ticket=one, status="resolved"), mara)) == "dependencies-open"
    merged = await tickets.must(MergeTicketsV1(ticket=one, into=two), mara)
    assert merged.result["number"] == two
    assert kind(await tickets.ask(SetStatusV1(ticket=two, status="resolved"), mara)) == "dependencies-open"
    await tickets.must(SetStatusV1(ticket=three, status="resolved"), mara)
    await tickets.must(ReplyToTicketV1(ticket=one, text="Done.", then_status="resolved"), mara)
    assert (await tickets.state(two)).category == "closed"
    await tickets.must(SetStatusV1(ticket=three, status="open"), mara)
    told = [event for event in await tickets.said() if event.type == "ticket.dependency_reopened.v1"]
    assert [(event.ticket.number, event.dependency) for event in told] == [(two, three)]
    await tickets.must(UnmergeTicketV1(ticket=one, since="return"), mara)
    assert (await tickets.state(one)).messages == 2, "the reply went through its number"
    split = await tickets.must(SplitTicketV1(ticket=one, messages=[f"{one}.1"], subject="A part"), mara)
    part = str(split.result["number"])
    said = next(event for event in split.events if event["type"] == "ticket.adopted.v1")["message"]
    assert (said["text"], said["author"]["address"]) == ("It does not work.", "c0@example.net")
    await tickets.must(UnsplitTicketV1(ticket=part), mara)
    assert (await tickets.state(part)).merged_into == one
    await tickets.must(UnlinkTicketsV1(ticket=three, type="needed_by", target=one), mara)
    assert (await tickets.state(one)).links == []
    await tickets.sound()


async def test_a_command_on_several_tickets_answers_again_with_all_its_events(tickets: Replica, mara: Actor) -> None:
    one, two = await tickets.open(mara), await tickets.open(mara)
    asked = MergeTicketsV1(ticket=one, into=two)
    first = await tickets.ask(asked, mara, order="k1")
    again = await Replica(tickets.db).ask(asked, mara, order="k1")
    assert again == first
    assert len(first.events) == 3


async def test_mail_to_an_old_number_joins_the_target_and_opens_what_others_depend_on(
    tickets: Replica, mara: Actor
) -> None:
    world = World()
    mails = [world.make_mail("support@example.org", f"c{n}@example.net") for n in range(3)]
    await tickets.handlers.on_mail_received(mails)
    one, two, three = "TW-1", "TW-2", "TW-3"
    await tickets.must(LinkTicketsV1(ticket=three, type="depends_on", target=one), mara)
    await tickets.must(MergeTicketsV1(ticket=one, into=two), mara)
    await tickets.must(SetStatusV1(ticket=two, status="resolved"), mara)
    await tickets.must(SetStatusV1(ticket=three, status="resolved"), mara)
    state = await tickets.state(one)
    sender = state.requesters[0].address
    again = world.make_mail("support@example.org", sender, subject=f"Re: [{one}] still broken")
    await tickets.handlers.on_mail_received([again, world.make_mail("support@example.org", "new@example.net")])
    assert (await tickets.state(two)).category == "active"
    said = await tickets.said()
    told = [event for event in said if event.type == "ticket.dependency_reopened.v1"]
    assert [(event.ticket.number, event.dependency) for event in told] == [(three, two)]
    settled = {event.mail: event.ticket for event in said if event.type == "mail.settled.v1"}
    assert settled[again.mail] == two
    assert len(settled) == 5
    await tickets.sound()


async def test_a_new_ticket_about_a_closed_one_and_the_link_back_are_one_thing(tickets: Replica, mara: Actor) -> None:
    await tickets.must(ChangeQueueV1(name="support", follow_up="new_linked_ticket"))
    world = World()
    await tickets.handlers.on_mail_received([world.make_mail("support@example.org", "anna@example.net")])
    await tickets.must(SetStatusV1(ticket="TW-1", status="resolved"), mara)
    again = [
        world.make_mail("support@example.org", "anna@example.net", subject="Re: [TW-1] still broken") for _ in range(3)
    ]
    await asyncio.gather(
        tickets.handlers.on_mail_received(again), Replica(tickets.db).handlers.on_mail_received(again[1:])
    )
    closed = await tickets.state("TW-1")
    assert closed.category == "closed"
    assert {link.type for link in closed.links} == {"referred_to_by"}
    assert len(closed.links) == 3
    for link in closed.links:
        new = await tickets.state(link.target)
        assert [(one.type, one.target) for one in new.links] == [("refers_to", "TW-1")]
    settled = {event.mail: event.ticket for event in await tickets.said() if event.type == "mail.settled.v1"}
    assert {settled[mail.mail] for mail in again} == {link.target for link in closed.links}
    await tickets.sound()


async def test_what_was_said_on_a_merged_ticket_is_forwarded_from_the_one_it_is_in(
    tickets: Replica, mara: Actor
) -> None:
    one, two = await tickets.open(mara), await tickets.open(mara)
    await tickets.must(MergeTicketsV1(ticket=one, into=two), mara)
    for named in (one, two):
        command = ForwardMessagesV1(ticket=named, messages=[f"{one}.1", f"{two}.1"], to=["shop@example.com"])
        answer = await tickets.must(command, mara)
        (event,) = answer.events
        assert event["ticket"]["number"] == two
        assert sorted(message["id"] for message in event["quoted"]) == sorted([f"{one}.1", f"{two}.1"])
    await tickets.must(UnmergeTicketV1(ticket=one), mara)
    command = ForwardMessagesV1(ticket=two, messages=[f"{one}.1"], to=["shop@example.com"])
    assert kind(await tickets.ask(command, mara)) == "unknown-message"


async def test_a_message_that_was_split_off_is_forwarded_from_where_it_is(tickets: Replica, mara: Actor) -> None:
    one = await tickets.open(mara)
    await tickets.must(AddNoteV1(ticket=one, text="It stays."), mara)
    split = await tickets.must(SplitTicketV1(ticket=one, messages=[f"{one}.1"]), mara)
    part = str(split.result["number"])
    command = ForwardMessagesV1(ticket=one, messages=[f"{one}.1"], to=["shop@example.com"])
    assert kind(await tickets.ask(command, mara)) == "unknown-message"
    await tickets.must(ForwardMessagesV1(ticket=part, messages=[f"{part}.1"], to=["shop@example.com"]), mara)


async def test_of_two_opposite_merges_one_wins_and_the_other_hears_why(tickets: Replica, mara: Actor) -> None:
    other = Replica(tickets.db)
    for _ in range(5):
        one, two = await tickets.open(mara), await tickets.open(mara)
        answers = await asyncio.gather(
            tickets.ask(MergeTicketsV1(ticket=one, into=two), mara),
            other.ask(MergeTicketsV1(ticket=two, into=one), mara),
        )
        assert sorted(kind(answer) for answer in answers) == ["done", "merged-already"]
        states = [await tickets.state(number) for number in (one, two)]
        assert sum(state.merged_into is not None for state in states) == 1
    await tickets.sound()


async def test_no_closing_slips_past_a_dependency_that_is_added_at_the_same_time(tickets: Replica, mara: Actor) -> None:
    other = Replica(tickets.db)
    outcomes = set()
    for _ in range(8):
        one, two = await tickets.open(mara), await tickets.open(mara)
        closing, linking = await asyncio.gather(
            tickets.ask(SetStatusV1(ticket=one, status="resolved"), mara),
            other.ask(LinkTicketsV1(ticket=one, type="depends_on", target=two), mara),
        )
        assert linking.problem is None
        outcomes.add(kind(closing))
        said = [event.type for event in await tickets.said() if event.subject == f"ticket/{one}"]
        if closing.problem is None:
            assert said.index("ticket.status_changed.v1") < said.index("ticket.linked.v1"), "it closed first"
        else:
            assert closing.problem.type == "dependencies-open"
    assert outcomes <= {"done", "dependencies-open"}
    await tickets.sound()


async def test_closing_and_the_reopening_of_what_it_depends_on_never_miss_each_other(
    tickets: Replica, mara: Actor
) -> None:
    """Either the closing saw the dependency open and is refused, or the reopening saw it closed and told it."""
    other = Replica(tickets.db)
    for _ in range(8):
        one, two = await tickets.open(mara), await tickets.open(mara)
        await tickets.must(LinkTicketsV1(ticket=one, type="depends_on", target=two), mara)
        await tickets.must(SetStatusV1(ticket=two, status="resolved"), mara)
        closing, opening = await asyncio.gather(
            tickets.ask(SetStatusV1(ticket=one, status="resolved"), mara),
            other.ask(SetStatusV1(ticket=two, status="open"), mara),
        )
        assert opening.problem is None
        told = [
            event
            for event in await tickets.said()
            if event.type == "ticket.dependency_reopened.v1" and event.ticket.number == one
        ]
        assert (kind(closing), len(told)) in {("done", 1), ("dependencies-open", 0)}


async def test_links_made_at_once_close_no_circle(tickets: Replica, mara: Actor) -> None:
    replicas = [tickets, *(Replica(tickets.db) for _ in range(3))]
    numbers = [await tickets.open(mara) for _ in range(4)]
    ring = list(zip(numbers, [*numbers[1:], numbers[0]], strict=True))
    answers = await asyncio.gather(
        *(
            replica.ask(LinkTicketsV1(ticket=here, type="depends_on", target=there), mara)
            for replica, (here, there) in zip(replicas, ring, strict=True)
        )
    )
    assert sorted(kind(answer) for answer in answers) == ["circular-link", "done", "done", "done"]
    await tickets.sound()


async def test_many_commands_at_once_on_linked_tickets_lose_nothing(tickets: Replica, mara: Actor) -> None:
    replicas = [tickets, Replica(tickets.db), Replica(tickets.db)]
    numbers = [await tickets.open(mara) for _ in range(4)]
    asked = []
    for n in range(36):
        here, there = numbers[n % 4], numbers[(n + 1 + n // 4 % 3) % 4]
        commands = (
            AddNoteV1(ticket=here, text=f"note {n}"),
            LinkTicketsV1(ticket=here, type="depends_on", target=there),
            SetStatusV1(ticket=here, status="resolved"),
            SetStatusV1(ticket=here, status="open"),
        )
        asked.append(commands[n * 7 % 4 if n % 3 else n % 4])

    async def one_replica(k: int) -> list[Answer]:
        return [
            await replicas[k].ask(command, mara, order=f"many-{k + 3 * n}") for n, command in enumerate(asked[k::3])
        ]

    answers = [answer for group in await asyncio.gather(*(one_replica(k) for k in range(3))) for answer in group]
    assert len(answers) == len(asked)
    accepted = {answer.order for answer in answers if answer.problem is None}
    kept = await tickets.db["commits"].find({"cause": {"$regex": "^many-.*:0$"}})
    done = [doc["cause"].rpartition(":")[0] for doc in kept if not doc["_id"]["stream"].startswith("refusal/")]
    assert sorted(done) == sorted(accepted), "each accepted command is in the log exactly once"
    notes = [event for event in await tickets.said() if event.type == "ticket.noted.v1"]
    assert len(notes) == sum(isinstance(command, AddNoteV1) for command in asked)
    await tickets.sound()


async def test_tickets_without_links_go_on_in_batches(tickets: Replica, mara: Actor) -> None:
    number = await tickets.open(mara)
    await tickets.db["fences"].delete_many({})
    await tickets.must(SetStatusV1(ticket=number, status="resolved"), mara)
    await tickets.must(SetStatusV1(ticket=number, status="open"), mara)
    assert await tickets.db["fences"].find({"_id": {"$regex": "^ticket/"}}) == [], "no transaction was needed"
