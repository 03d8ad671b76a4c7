"""Subject, due date, tags, time worked: small histories."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.tickets.domain.decision import Refusal
from services.tickets.domain.details import normal_tag
from services.tickets.domain.events import Replied
from ticketwire_contracts.tickets import (
    AddNoteV1,
    AddTimeWorkedV1,
    MergeTicketsV1,
    OpenTicketV1,
    ReplyToTicketV1,
    SetDueV1,
    SetStatusV1,
    SetSubjectV1,
    SetTagsV1,
    TicketCommand,
    UnmergeTicketV1,
)

from .world import ANNA, MARA, NEWBIE, NOON, OSKAR, World, agent, kinds, status

mara, newbie, oskar = agent(MARA), agent(NEWBIE), agent(OSKAR)


def opened() -> World:
    """A world in which Anna's first mail has come."""
    world = World()
    world.mail()
    return world


@pytest.mark.parametrize(
    "command",
    [
        SetSubjectV1(ticket="TW-1", subject="Other"),
        SetDueV1(ticket="TW-1", due=NOON),
        SetTagsV1(ticket="TW-1", add=["a"]),
        AddTimeWorkedV1(ticket="TW-1", minutes=5),
    ],
    ids=lambda command: command.topic,
)
def test_each_needs_the_right_to_edit_and_hides_the_ticket_from_strangers(command: TicketCommand) -> None:
    world = opened()
    assert status(world.do(newbie, command)) == 404
    world.grant("ticket.show", "person/newbie", "queue/support")
    assert status(world.do(newbie, command)) == 403
    world.grant("ticket.edit", "person/newbie", "queue/support")
    assert status(world.do(newbie, command)) == 200


def test_a_subject_loses_tag_reply_marks_and_line_breaks() -> None:
    world = opened()
    world.do(mara, SetSubjectV1(ticket="TW-1", subject=" Re: [TW-1]  Juicer\r\nBcc: x@example.net stops "))
    assert world.tickets["TW-1"].subject == "Juicer Bcc: x@example.net stops"
    assert kinds(world.do(mara, SetSubjectV1(ticket="TW-1", subject="Juicer Bcc: x@example.net stops"))) == [
        "no-change"
    ]
    assert status(world.do(mara, SetSubjectV1(ticket="TW-1", subject="  "))) == 422


def test_a_due_date_moves_the_clock_facts_and_can_be_taken_back() -> None:
    world = opened()
    before = world.tickets["TW-1"].clocks.generation
    due = world.now + timedelta(days=2)
    assert kinds(world.do(mara, SetDueV1(ticket="TW-1", due=due))) == ["due_changed"]
    ticket = world.tickets["TW-1"]
    assert (ticket.due, ticket.clocks.due, ticket.clocks.generation) == (due, due, before + 1)
    assert kinds(world.do(mara, SetDueV1(ticket="TW-1", due=due))) == ["no-change"]
    world.do(mara, SetDueV1(ticket="TW-1", due=None))
    assert (world.tickets["TW-1"].due, world.tickets["TW-1"].clocks.due) == (None, None)


def test_a_due_date_in_the_past_is_overdue_at_once() -> None:
    assert status(opened().do(mara, SetDueV1(ticket="TW-1", due=NOON - timedelta(days=1)))) == 200


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Printer", "printer"),
        ("  #VIP  customer ", "vip-customer"),
        ("Größe", "grösse"),
        ("Gro\u0308ße", "grösse"),
        ("ﬁrmware/v1.2_x-3", "firmware/v1.2_x-3"),
        ("発注", "発注"),
        ("", ""),
        ("---", ""),
        ("a,b", ""),
        ("<b>", ""),
        ("a\x00b", ""),
    ],
)
def test_a_tag_has_one_spelling(typed: str, kept: str) -> None:
    assert normal_tag(typed) == kept


@given(st.text(max_size=60))
def test_a_normal_tag_stays_as_it_is(typed: str) -> None:
    once = normal_tag(typed)
    assert normal_tag(once) == once
    assert once == once.strip()
    assert not any(letter.isspace() for letter in once)


def test_tags_come_and_go_and_stay_in_order() -> None:
    world = opened()
    world.do(mara, SetTagsV1(ticket="TW-1", add=["zebra", "Apple", "apple"]))
    assert world.tickets["TW-1"].tags == ["apple", "zebra"]
    world.do(mara, SetTagsV1(ticket="TW-1", add=["kiwi"], remove=["ZEBRA", "unknown"]))
    assert world.tickets["TW-1"].tags == ["apple", "kiwi"]
    assert kinds(world.do(mara, SetTagsV1(ticket="TW-1", add=["Kiwi"], remove=["zebra"]))) == ["no-change"]
    assert kinds(world.do(mara, SetTagsV1(ticket="TW-1", add=["fine", "not, fine"]))) == ["bad-tag"]
    assert kinds(world.do(mara, SetTagsV1(ticket="TW-1", add=["x" * 51]))) == ["bad-tag"]
    many = [f"t{n}" for n in range(49)]
    assert kinds(world.do(mara, SetTagsV1(ticket="TW-1", add=many))) == ["too-many-tags"]


def test_time_worked_is_a_sum_with_an_entry_each_and_corrections() -> None:
    world = opened()
    for minutes, total in ((20, 20), (45, 65), (-5, 60)):
        assert kinds(world.do(mara, AddTimeWorkedV1(ticket="TW-1", minutes=minutes))) == ["time_worked"]
        assert world.tickets["TW-1"].time_worked == total
    assert kinds(world.do(mara, AddTimeWorkedV1(ticket="TW-1", minutes=-61))) == ["time-below-zero"]
    assert status(world.do(mara, AddTimeWorkedV1(ticket="TW-1", minutes=0))) == 422


def test_what_begins_active_has_started_and_merging_does_not_start_it_again() -> None:
    world = opened()
    world.grant("superuser", OSKAR.id)
    written = OpenTicketV1(queue="support", subject="Offer", requesters=[ANNA], text="We have it.", kind="mail")
    world.do(oskar, written)
    started = world.now
    assert world.tickets["TW-2"].clocks.started_at == started
    world.do(oskar, MergeTicketsV1(ticket="TW-2", into="TW-1"))
    world.do(oskar, UnmergeTicketV1(ticket="TW-2"))
    assert world.tickets["TW-2"].clocks.started_at == started


def test_started_first_answered_and_resolved_are_kept() -> None:
    world = opened()
    world.do(mara, AddNoteV1(ticket="TW-1", text="x"))
    clocks = world.tickets["TW-1"].clocks
    assert (clocks.started_at, clocks.first_answered_at, clocks.resolved_at) == (None, None, None)
    world.do(mara, SetStatusV1(ticket="TW-1", status="open"))
    started = world.now
    world.do(mara, ReplyToTicketV1(ticket="TW-1", text="first"))
    answered = world.now
    world.do(mara, ReplyToTicketV1(ticket="TW-1", text="second", then_status="resolved"))
    resolved = world.now
    clocks = world.tickets["TW-1"].clocks
    assert (clocks.started_at, clocks.first_answered_at, clocks.resolved_at) == (started, answered, resolved)
    world.do(mara, SetStatusV1(ticket="TW-1", status="rejected"))
    assert world.tickets["TW-1"].clocks.resolved_at == resolved
    world.mail(subject="[TW-1] again")
    clocks = world.tickets["TW-1"].clocks
    assert (clocks.started_at, clocks.first_answered_at, clocks.resolved_at) == (started, answered, None)
    world.do(mara, SetStatusV1(ticket="TW-1", status="resolved"))
    assert world.tickets["TW-1"].clocks.resolved_at == world.now


@pytest.mark.parametrize("typed", ["", "no address", "a@b@c", "a@example.net\r\nBcc: x@example.net", "<a@example.net>"])
def test_a_reply_goes_only_to_what_can_be_written_to(typed: str) -> None:
    world = opened()
    assert kinds(world.do(mara, ReplyToTicketV1(ticket="TW-1", text="x", to=[typed]))) == ["bad-address"]
    assert kinds(world.do(mara, ReplyToTicketV1(ticket="TW-1", text="x", cc=[typed]))) == ["bad-address"]


def test_a_reply_never_goes_to_a_queue_nor_twice_to_one_address() -> None:
    world = opened()
    for own in ("support@example.org", "Billing+x@example.org"):
        assert kinds(world.do(mara, ReplyToTicketV1(ticket="TW-1", text="x", to=[own]))) == ["own-address"]
    reply = ReplyToTicketV1(
        ticket="TW-1", text="x", to=["a@example.net", "A@example.net"], cc=["a@EXAMPLE.net", "b@example.net"]
    )
    decision = world.do(mara, reply)
    assert not isinstance(decision, Refusal)
    event = decision[0].events[0]
    assert isinstance(event, Replied)
    assert [one.address for one in event.to] == ["a@example.net"]
    assert [one.address for one in event.cc] == ["b@example.net"]


def test_a_status_that_may_not_follow_keeps_the_reply_back() -> None:
    world = opened()
    assert kinds(world.do(mara, ReplyToTicketV1(ticket="TW-1", text="x", then_status="new"))) == ["replied"]
    assert kinds(world.do(mara, ReplyToTicketV1(ticket="TW-1", text="x", then_status="gone"))) == ["unknown-status"]
    world.do(mara, SetStatusV1(ticket="TW-1", status="open"))
    before = world.tickets["TW-1"]
    assert kinds(world.do(mara, ReplyToTicketV1(ticket="TW-1", text="x", then_status="new"))) == ["no-transition"]
    assert world.tickets["TW-1"] == before
    pending = ReplyToTicketV1(ticket="TW-1", text="x", then_status="pending")
    assert kinds(world.do(mara, pending)) == ["replied", "status_changed"]
