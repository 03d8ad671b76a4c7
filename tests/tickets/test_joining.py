"""Links, merging and splitting, told as little histories; RT's rules with our names."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from services.tickets.domain.context import SignedMark
from services.tickets.domain.decision import Decision, Refusal
from services.tickets.domain.events import Received, Replied, TookIn
from services.tickets.domain.recompute import normal, recompute
from services.tickets.domain.state import TicketState, fold
from ticketwire_contracts.tickets import (
    AddNoteV1,
    AddTimeWorkedV1,
    ChangePeopleV1,
    ForwardMessagesV1,
    Link,
    LinkTicketsV1,
    MergeTicketsV1,
    Person,
    ReplyToTicketV1,
    SetOwnerV1,
    SetStatusV1,
    SplitTicketV1,
    UnlinkTicketsV1,
    UnmergeTicketV1,
    UnsplitTicketV1,
)

from .world import MARA, NEWBIE, OSKAR, World, agent, kinds, status

mara, oskar, newbie = agent(MARA), agent(OSKAR), agent(NEWBIE)
SUE = Person(id="person/boss", login="boss", name="Sue", addresses=["boss@example.org"], agent=True)
BOB, CARL = "bob@example.net", "carl@example.net"


def world_of(*senders: str) -> World:
    """A ticket of each sender, TW-1 and on."""
    world = World()
    for sender in senders:
        world.mail(sender=sender)
    return world


def link(world: World, ticket: str, type: str, target: str, who: Any = mara) -> Decision:
    return world.do(who, LinkTicketsV1.model_validate({"ticket": ticket, "type": type, "target": target}))


def merge(world: World, ticket: str, into: str, *others: str) -> Decision:
    return world.do(mara, MergeTicketsV1(ticket=ticket, into=into, others=list(others)))


def close(world: World, ticket: str, who: Any = mara) -> Decision:
    return world.do(who, SetStatusV1(ticket=ticket, status="resolved"))


def links_of(world: World, number: str) -> set[tuple[str, str]]:
    return {(one.type, one.target) for one in world.tickets[number].links}


def waits(world: World, number: str) -> datetime | None:
    """Since when a ticket owes an answer."""
    return world.tickets[number].clocks.oldest_unanswered_at


def watch(world: World, number: str) -> list[str | None]:
    """Who watches, by login."""
    return [one.login for one in world.tickets[number].watchers]


def content(ticket: TicketState) -> dict[str, Any]:
    """What a ticket is, but for what counts its changes."""
    plain = ticket.model_dump(exclude={"version", "public_version", "updated_at", "resting", "fired"})
    for part in (plain, plain["own"], *plain["absorbed"]):
        if part is not None:
            part["clocks"].pop("generation")
    return plain


# ------------------------------------------------------------------------------------------------------ links


@pytest.mark.parametrize(
    ("type", "reverse"),
    [
        ("depends_on", "needed_by"),
        ("needed_by", "depends_on"),
        ("parent", "child"),
        ("child", "parent"),
        ("refers_to", "referred_to_by"),
        ("duplicates", "duplicated_by"),
    ],
)
def test_a_link_stands_on_both_ends_and_goes_from_both(type: str, reverse: str) -> None:
    world = world_of("a@example.net", "b@example.net")
    decision = link(world, "TW-1", type, "tw-2")
    assert not isinstance(decision, Refusal)
    assert [change.stream for change in decision] == ["ticket/TW-1", "ticket/TW-2"]
    assert links_of(world, "TW-1") == {(type, "TW-2")}
    assert links_of(world, "TW-2") == {(reverse, "TW-1")}
    assert kinds(link(world, "TW-1", type, "TW-2")) == ["no-change"]
    gone = world.do(mara, UnlinkTicketsV1.model_validate({"ticket": "TW-1", "type": type, "target": "TW-2"}))
    assert kinds(gone) == ["unlinked"]
    assert links_of(world, "TW-1") == links_of(world, "TW-2") == set()


@pytest.mark.parametrize(
    ("first", "second", "refused"),
    [
        (("TW-1", "depends_on", "TW-2"), ("TW-2", "depends_on", "TW-1"), True),
        (("TW-1", "depends_on", "TW-2"), ("TW-1", "needed_by", "TW-2"), True),
        (("TW-1", "parent", "TW-2"), ("TW-1", "child", "TW-2"), True),
        (("TW-1", "parent", "TW-2"), ("TW-1", "depends_on", "TW-2"), False),
        (("TW-1", "refers_to", "TW-2"), ("TW-2", "refers_to", "TW-1"), False),
        (("TW-1", "duplicates", "TW-2"), ("TW-2", "duplicates", "TW-1"), False),
    ],
)
def test_only_dependencies_and_parents_refuse_circles(
    first: tuple[str, str, str], second: tuple[str, str, str], refused: bool
) -> None:
    world = world_of("a@example.net", "b@example.net")
    assert status(link(world, *first)) == 200
    assert kinds(link(world, *second)) == (["circular-link"] if refused else ["linked"])


def test_no_circle_over_any_number_of_tickets_nor_to_itself() -> None:
    world = world_of(*(f"c{n}@example.net" for n in range(5)))
    for n in range(1, 5):
        assert kinds(link(world, f"TW-{n}", "depends_on", f"TW-{n + 1}")) == ["linked"]
    assert kinds(link(world, "TW-5", "depends_on", "TW-1")) == ["circular-link"]
    assert kinds(link(world, "TW-1", "depends_on", "TW-4")) == ["linked"], "two ways are no circle"
    assert kinds(link(world, "TW-1", "depends_on", "TW-1")) == ["same-ticket"]


def test_both_ends_need_the_right_and_what_is_not_seen_is_not_there() -> None:
    world = world_of("a@example.net")
    world.mail(to="billing@example.org", sender="b@example.net")
    assert status(link(world, "TW-1", "depends_on", "TW-2")) == 404
    world.grant("ticket.show", MARA.id, "queue/billing")
    assert status(link(world, "TW-1", "depends_on", "TW-2")) == 403
    world.grant("ticket.link", MARA.id, "queue/billing")
    assert status(link(world, "TW-1", "depends_on", "TW-2")) == 200
    assert status(link(world, "TW-1", "refers_to", "TW-99")) == 404


def test_addresses_outside_are_only_referred_to() -> None:
    world = world_of("a@example.net")
    place = "https://vendor.example/case/7?x=1"
    assert kinds(link(world, "TW-1", "refers_to", place)) == ["linked"]
    assert kinds(link(world, "TW-1", "depends_on", place)) == ["not-a-ticket"]
    assert status(link(world, "TW-1", "refers_to", "javascript:alert(1)")) == 404
    assert links_of(world, "TW-1") == {("refers_to", place)}
    assert kinds(world.do(mara, UnlinkTicketsV1(ticket="TW-1", type="refers_to", target=place))) == ["unlinked"]


# ---------------------------------------------------------------------------------------------------- closing


def test_closing_waits_for_dependencies_and_counts_the_hidden_ones() -> None:
    world = world_of("a@example.net", "b@example.net")
    world.mail(to="billing@example.org", sender="c@example.net")
    world.grant("superuser", OSKAR.id)
    link(world, "TW-1", "depends_on", "TW-2")
    link(world, "TW-1", "depends_on", "TW-3", oskar)
    refusal = close(world, "TW-1")
    assert isinstance(refusal, Refusal)
    assert (refusal.problem.type, refusal.problem.status) == ("dependencies-open", 409)
    assert refusal.problem.extra == {"dependencies": ["TW-2"], "hidden": 1}
    assert "TW-3" not in refusal.problem.detail
    replied = world.do(mara, ReplyToTicketV1(ticket="TW-1", text="Done.", then_status="resolved"))
    assert kinds(replied) == ["dependencies-open"]
    close(world, "TW-2")
    assert kinds(close(world, "TW-1")) == ["dependencies-open"]
    close(world, "TW-3", oskar)
    assert kinds(close(world, "TW-1")) == ["status_changed"]


def test_only_direct_dependencies_hold_and_parents_do_not() -> None:
    world = world_of("a@example.net", "b@example.net", "c@example.net")
    link(world, "TW-1", "parent", "TW-2")
    assert status(close(world, "TW-2")) == 200
    link(world, "TW-1", "depends_on", "TW-2")
    assert status(link(world, "TW-2", "depends_on", "TW-3")) == 200
    assert status(close(world, "TW-1")) == 200, "TW-2 is closed, whatever it depends on itself"


def test_a_dependency_that_reopens_is_announced_on_its_closed_dependents() -> None:
    world = world_of("a@example.net", "b@example.net", "c@example.net")
    link(world, "TW-1", "depends_on", "TW-2")
    link(world, "TW-3", "depends_on", "TW-2")
    close(world, "TW-2")
    close(world, "TW-1")
    decision = world.mail(sender="b@example.net", subject="[TW-2] it is back")
    assert not isinstance(decision, Refusal)
    assert [(change.stream, [one.type for one in change.events]) for change in decision] == [
        ("ticket/TW-2", ["received", "status_changed"]),
        ("ticket/TW-1", ["dependency_reopened"]),
    ]
    assert world.tickets["TW-1"].category == "closed"


# ---------------------------------------------------------------------------------------------------- merging


def test_the_target_answers_for_people_links_and_clocks_of_the_absorbed() -> None:
    world = world_of(BOB, CARL, "dora@example.net")
    world.do(mara, ReplyToTicketV1(ticket="TW-2", text="Answered."))
    link(world, "TW-1", "depends_on", "TW-3")
    decision = merge(world, "TW-1", "TW-2")
    assert not isinstance(decision, Refusal)
    assert [change.stream for change in decision] == ["ticket/TW-2", "ticket/TW-1"]
    absorbed, target = world.tickets["TW-1"], world.tickets["TW-2"]
    assert (absorbed.status, absorbed.category, absorbed.merged_into) == ("merged", "closed", "TW-2")
    assert [party.address for party in target.requesters] == [CARL, BOB]
    assert links_of(world, "TW-2") == {("depends_on", "TW-3")}
    assert target.clocks.oldest_unanswered_at == absorbed.created_at
    assert target.clocks.first_answered_at is None, "one of the two still waits for its first answer"
    assert target.clocks.opened_at == absorbed.created_at
    assert kinds(close(world, "TW-2")) == ["dependencies-open"]
    world.do(mara, ReplyToTicketV1(ticket="TW-2", text="Both of you."))
    assert world.tickets["TW-2"].clocks.oldest_unanswered_at is None
    assert world.tickets["TW-2"].clocks.first_answered_at is not None


def test_old_numbers_lead_to_the_target_by_mail_and_by_command() -> None:
    world = world_of(BOB, CARL)
    world.marks["ours@example.org"] = SignedMark("TW-1", internal=False)
    merge(world, "TW-1", "TW-2")
    for mail in (
        {"sender": BOB, "subject": "Re: [TW-1] Help"},
        {"sender": "x@example.com", "in_reply_to": ["ours@example.org"]},
        {"sender": BOB, "references": ["m1@example.net"]},
    ):
        decision = world.mail(**mail)
        assert not isinstance(decision, Refusal)
        assert decision[0].stream == "ticket/TW-2"
        said = decision[0].events[0]
        assert isinstance(said, Received)
        assert said.through == "TW-1"
    noted = world.do(mara, AddNoteV1(ticket="TW-1", text="x"))
    assert noted[0].stream == "ticket/TW-2"  # type: ignore[index]
    assert status(world.do(mara, AddNoteV1(ticket="TW-1", text="x", if_version=2))) == 412
    assert world.tickets["TW-1"].messages == 1


def test_an_agents_mail_about_the_absorbed_goes_to_its_customers_alone() -> None:
    world = world_of(BOB, CARL)
    world.marks["support+token@example.org"] = SignedMark("TW-1", internal=True, reply_of=MARA.id)
    merge(world, "TW-1", "TW-2")
    decision = world.mail(to="support+token@example.org", sender=MARA.addresses[0])
    assert not isinstance(decision, Refusal)
    said = decision[0].events[0]
    assert isinstance(said, Replied)
    assert [one.address for one in said.to] == [BOB]


def test_merging_is_refused_into_itself_twice_into_a_closed_one_and_without_the_right() -> None:
    world = world_of(BOB, CARL, "dora@example.net")
    assert kinds(merge(world, "TW-1", "TW-1")) == ["same-ticket"]
    assert status(merge(world, "TW-1", "TW-9")) == 404
    assert kinds(world.do(newbie, MergeTicketsV1(ticket="TW-1", into="TW-2"))) == ["ticket-not-found"]
    merge(world, "TW-1", "TW-2")
    assert kinds(merge(world, "TW-1", "TW-3")) == ["merged-already"]
    assert kinds(merge(world, "TW-2", "TW-1")) == ["merged-already"], "TW-1 is TW-2 now"
    close(world, "TW-3")
    assert kinds(merge(world, "TW-2", "TW-3")) == ["target-closed"]
    assert status(merge(world, "TW-3", "TW-2")) == 200


def test_merging_closes_no_circle_in_the_graph_as_it_is_then() -> None:
    world = world_of(*(f"c{n}@example.net" for n in range(4)))
    link(world, "TW-1", "depends_on", "TW-2")
    link(world, "TW-2", "depends_on", "TW-3")
    assert kinds(merge(world, "TW-1", "TW-3")) == ["circular-link"]
    assert status(merge(world, "TW-1", "TW-2")) == 200, "a link between the two is inside"
    assert links_of(world, "TW-2") == {("depends_on", "TW-3")}
    assert kinds(link(world, "TW-3", "depends_on", "TW-1")) == ["circular-link"]


def test_several_into_one_and_each_comes_out_as_it_went_in() -> None:
    world = world_of(BOB, CARL, BOB, "dora@example.net")
    link(world, "TW-1", "depends_on", "TW-4")
    link(world, "TW-3", "refers_to", "https://example.com/x")
    world.do(mara, SetStatusV1(ticket="TW-3", status="pending", until=world.now.replace(year=2027)))
    before = {number: content(ticket) for number, ticket in world.tickets.items()}
    assert status(merge(world, "TW-1", "TW-2", "TW-3")) == 200
    assert [party.address for party in world.tickets["TW-2"].requesters] == [CARL, BOB]
    for number in ("TW-1", "TW-3"):
        assert status(world.do(mara, UnmergeTicketV1(ticket=number))) == 200
    assert {number: content(ticket) for number, ticket in world.tickets.items()} == before


def test_a_chain_comes_apart_link_by_link() -> None:
    world = world_of("a@example.net", "b@example.net", "c@example.net")
    before = {number: content(ticket) for number, ticket in world.tickets.items()}
    merge(world, "TW-1", "TW-2")
    two = content(world.tickets["TW-2"])
    merge(world, "TW-2", "TW-3")
    assert [part.number for part in world.tickets["TW-3"].absorbed] == ["TW-2", "TW-1"]
    world.mail(sender="a@example.net", subject="[TW-1] to the last of them")
    assert world.tickets["TW-3"].messages == 2
    world.do(mara, UnmergeTicketV1(ticket="TW-2"))
    assert content(world.tickets["TW-2"]) == two
    assert world.context().ticket("TW-1") == world.tickets["TW-2"]
    merge(world, "TW-2", "TW-3")
    world.do(mara, UnmergeTicketV1(ticket="TW-1"))
    assert [part.number for part in world.tickets["TW-3"].absorbed] == ["TW-2"]
    assert content(world.tickets["TW-1"]) == before["TW-1"]
    world.do(mara, UnmergeTicketV1(ticket="TW-2"))
    assert content(world.tickets["TW-2"]) == before["TW-2"]
    assert kinds(world.do(mara, UnmergeTicketV1(ticket="TW-2"))) == ["not-merged"]


def test_what_came_since_returns_when_it_is_asked_to() -> None:
    world = world_of(BOB, CARL)
    world.do(mara, ReplyToTicketV1(ticket="TW-2", text="Hello Carl."))
    merge(world, "TW-1", "TW-2")
    world.mail(sender=BOB, subject="[TW-1] more of mine")
    world.mail(sender=CARL, subject="[TW-2] more of mine")
    world.do(mara, AddNoteV1(ticket="TW-1", text="about Bob"))
    world.do(mara, UnmergeTicketV1(ticket="TW-1", since="return"))
    one, two = world.tickets["TW-1"], world.tickets["TW-2"]
    assert one.messages == 3
    assert {moved.message for moved in two.moved} == {"TW-2.3", "TW-2.5"}
    assert one.clocks.oldest_unanswered_at == one.created_at
    said = world.said
    assert two.clocks.oldest_unanswered_at == said["TW-2.4"].at
    assert [party.address for party in two.requesters] == [CARL]
    assert (one.status, one.category) == ("new", "new")


def test_unlinking_finds_the_other_end_by_its_old_number() -> None:
    world = world_of("a@example.net", "b@example.net", "c@example.net")
    link(world, "TW-1", "depends_on", "TW-3")
    merge(world, "TW-1", "TW-2")
    assert kinds(link(world, "TW-2", "depends_on", "TW-3")) == ["no-change"]
    assert kinds(world.do(mara, UnlinkTicketsV1(ticket="TW-3", type="needed_by", target="TW-2"))) == ["unlinked"]
    assert links_of(world, "TW-3") == links_of(world, "TW-2") == set()
    world.do(mara, UnmergeTicketV1(ticket="TW-1"))
    assert links_of(world, "TW-1") == set()


def test_unmerging_a_ticket_that_opens_is_told_to_who_depends_on_it() -> None:
    world = world_of("a@example.net", "b@example.net", "c@example.net")
    link(world, "TW-3", "depends_on", "TW-1")
    merge(world, "TW-1", "TW-2")
    assert kinds(close(world, "TW-3")) == ["dependencies-open"]
    close(world, "TW-2")
    assert status(close(world, "TW-3")) == 200
    decision = world.do(mara, UnmergeTicketV1(ticket="TW-1"))
    assert not isinstance(decision, Refusal)
    assert ("ticket/TW-3", ["dependency_reopened"]) in [
        (change.stream, [one.type for one in change.events]) for change in decision
    ]


def test_two_who_merge_both_ways_round_read_what_the_first_has_done() -> None:
    world = world_of(BOB, CARL)
    merge(world, "TW-1", "TW-2")
    refusal = merge(world, "TW-2", "tw-1")
    assert isinstance(refusal, Refusal)
    assert (refusal.problem.type, refusal.problem.status) == ("merged-already", 409)
    assert refusal.problem.extra == {"merged_into": "TW-2"}
    assert refusal.problem.detail == "TW-1 is merged into TW-2, so they are one already."


def test_a_first_answer_given_before_is_given_back() -> None:
    world = world_of(BOB, CARL)
    world.do(mara, ReplyToTicketV1(ticket="TW-1", text="Hello Bob."))
    first = world.tickets["TW-1"].clocks.first_answered_at
    merge(world, "TW-2", "TW-1")
    assert world.tickets["TW-1"].clocks.first_answered_at is None
    world.do(mara, ReplyToTicketV1(ticket="TW-1", text="Both of you."))
    again = world.now
    world.do(mara, UnmergeTicketV1(ticket="TW-2"))
    assert first is not None
    assert world.tickets["TW-1"].clocks.first_answered_at == first
    assert world.tickets["TW-2"].clocks.first_answered_at == again


def test_watchers_and_time_worked_count_while_it_is_merged_and_are_given_back() -> None:
    world = world_of(BOB, CARL)
    for number, minutes, who in (("TW-1", 10, "mara"), ("TW-2", 30, "oskar")):
        world.do(mara, AddTimeWorkedV1(ticket=number, minutes=minutes))
        world.do(mara, ChangePeopleV1(ticket=number, role="watchers", add=[who]))
    merge(world, "TW-2", "TW-1")
    assert watch(world, "TW-1") == ["mara", "oskar"]
    assert world.tickets["TW-1"].time_worked == 40
    world.do(mara, AddTimeWorkedV1(ticket="TW-1", minutes=5))
    assert kinds(world.do(mara, AddTimeWorkedV1(ticket="TW-1", minutes=-46))) == ["time-below-zero"]
    world.do(mara, AddTimeWorkedV1(ticket="TW-1", minutes=-17))
    world.do(mara, ChangePeopleV1(ticket="TW-1", role="watchers", remove=["mara"]))
    assert world.tickets["TW-1"].time_worked == 28
    world.do(mara, UnmergeTicketV1(ticket="TW-2"))
    assert (watch(world, "TW-1"), watch(world, "TW-2")) == ([], ["oskar"])
    assert (world.tickets["TW-1"].time_worked, world.tickets["TW-2"].time_worked) == (0, 28)


def test_who_watches_by_a_merged_ticket_may_come_to_watch_the_one_that_answers() -> None:
    world = world_of(BOB, CARL, "dora@example.net")
    for number in ("TW-2", "TW-3"):
        world.do(mara, ChangePeopleV1(ticket=number, role="watchers", add=["oskar"]))
        merge(world, number, "TW-1")
    assert watch(world, "TW-1") == ["oskar"]
    added = ChangePeopleV1(ticket="TW-1", role="watchers", add=["oskar"])
    assert kinds(world.do(mara, added)) == ["people_changed"]
    assert kinds(world.do(mara, added)) == ["no-change"]
    assert watch(world, "TW-1") == ["oskar"]
    assert [part.watchers for part in world.tickets["TW-1"].absorbed] == [[], []], "they watch it by themselves now"
    for number in ("TW-2", "TW-3"):
        world.do(mara, UnmergeTicketV1(ticket=number))
    assert watch(world, "TW-1") == watch(world, "TW-2") == ["oskar"]


def test_a_log_of_v_1_gives_the_states_of_v_1() -> None:
    """Tickets merged, split and taken apart before watchers came along, with the first answer overwritten."""
    before: dict[str, dict[str, Any]] = {}
    for commit in json.loads((Path(__file__).parent / "log_of_v1.json").read_text()):
        stream, at = commit["stream"], datetime.fromisoformat(commit["at"])
        again = recompute(stream, before.get(stream), commit["body"], at)
        assert normal(stream, again) == normal(stream, commit["after"])
        before[stream] = commit["after"]


def test_what_v_1_merged_has_watchers_and_time_again_when_something_is_done_to_it() -> None:
    """What came along then did not bring them: those of the merged ticket stay with it."""
    world = world_of(BOB, CARL)
    for number in ("TW-1", "TW-2"):
        world.do(mara, AddTimeWorkedV1(ticket=number, minutes=10))
        world.do(mara, ChangePeopleV1(ticket=number, role="watchers", add=["mara" if number == "TW-1" else "oskar"]))
    decision = merge(world, "TW-2", "TW-1")
    assert not isinstance(decision, Refusal)
    took = decision[0].events[0]
    assert isinstance(took, TookIn)
    parts = [part.model_copy(update={"watchers": None, "time_worked": None}) for part in took.parts]
    was = fold(None, [event for _, events in world.log["TW-1"][:-1] for event in events], world.now)
    world.tickets["TW-1"] = fold(was, [took.model_copy(update={"v": 1, "parts": parts})], world.now)
    own = world.tickets["TW-1"].own
    assert own is not None
    assert own.watchers is None
    world.do(mara, AddTimeWorkedV1(ticket="TW-1", minutes=5))
    assert (watch(world, "TW-1"), world.tickets["TW-1"].time_worked) == (["mara"], 15)
    assert status(world.do(mara, UnmergeTicketV1(ticket="TW-2"))) == 200
    assert (watch(world, "TW-2"), world.tickets["TW-2"].time_worked) == (["oskar"], 10)
    assert (watch(world, "TW-1"), world.tickets["TW-1"].time_worked) == (["mara"], 15)


# --------------------------------------------------------------------------------------------------- splitting


def conversation() -> World:
    world = world_of(BOB)
    world.do(mara, ReplyToTicketV1(ticket="TW-1", text="Hello."))
    world.mail(sender=BOB, subject="[TW-1] another matter", attachments=[])
    world.do(mara, AddNoteV1(ticket="TW-1", text="two matters"))
    return world


def test_messages_become_a_ticket_with_author_and_time_kept() -> None:
    world = conversation()
    decision = world.do(mara, SplitTicketV1(ticket="TW-1", messages=["TW-1.4", "TW-1.3"], subject="Another matter"))
    assert not isinstance(decision, Refusal)
    assert [change.stream for change in decision] == ["ticket/TW-2", "ticket/TW-1"]
    old, new = world.tickets["TW-1"], world.tickets["TW-2"]
    assert (new.subject, new.queue, new.opened_by, new.messages) == ("Another matter", "support", "split", 3)
    assert [party.address for party in new.requesters] == [BOB]
    assert links_of(world, "TW-2") == {("split_from", "TW-1")}
    assert links_of(world, "TW-1") == {("split_into", "TW-2")}
    said = world.said
    assert (said["TW-2.2"].said.author, said["TW-2.2"].at) == (said["TW-1.3"].said.author, said["TW-1.3"].at)
    assert (said["TW-2.3"].said.text, said["TW-2.3"].said.author.id) == ("two matters", MARA.id)
    assert new.clocks.oldest_unanswered_at == said["TW-1.3"].at
    assert old.clocks.oldest_unanswered_at is None, "what waited here waits there now"
    again = world.do(mara, SplitTicketV1(ticket="TW-1", messages=["TW-1.3"]))
    assert kinds(again) == ["message-moved"]


def test_a_copy_stands_on_both() -> None:
    world = conversation()
    world.do(mara, SplitTicketV1(ticket="TW-1", messages=["TW-1.3"], keep=True))
    assert world.tickets["TW-1"].moved == []
    assert world.tickets["TW-1"].clocks.oldest_unanswered_at is not None
    assert world.tickets["TW-2"].clocks.oldest_unanswered_at is not None


def test_a_split_undone_returns_what_moved_and_its_number_leads_back() -> None:
    world = conversation()
    world.do(mara, SplitTicketV1(ticket="TW-1", messages=["TW-1.3"]))
    world.mail(sender=BOB, subject="[TW-2] since then")
    assert status(world.do(mara, UnsplitTicketV1(ticket="TW-2"))) == 200
    after = world.tickets["TW-1"]
    assert after.moved == []
    assert after.links == []
    assert after.clocks.oldest_unanswered_at == world.said["TW-1.3"].at
    assert [part.number for part in after.absorbed] == ["TW-2"]
    assert [moved.message for moved in world.tickets["TW-2"].moved] == ["TW-2.2"]
    assert world.context().ticket("TW-2") == after
    assert [party.address for party in after.requesters] == [BOB]
    assert kinds(world.do(mara, UnsplitTicketV1(ticket="TW-2"))) == ["not-split"]


def test_a_question_that_is_split_off_a_merged_ticket_is_owed_where_it_stands() -> None:
    world = world_of(BOB, CARL)
    world.do(mara, ReplyToTicketV1(ticket="TW-1", text="Hello Bob."))
    merge(world, "TW-2", "TW-1")
    asked = world.said["TW-2.1"].at
    assert waits(world, "TW-1") == asked
    decision = world.do(mara, SplitTicketV1(ticket="TW-1", messages=["TW-2.1"]))
    assert not isinstance(decision, Refusal)
    assert [(one.stream, [event.type for event in one.events]) for one in decision] == [
        ("ticket/TW-3", ["opened", "linked", "adopted"]),
        ("ticket/TW-1", ["linked", "part_waits"]),
        ("ticket/TW-2", ["messages_moved"]),
    ]
    assert waits(world, "TW-1") is None
    assert waits(world, "TW-3") == asked
    assert status(world.do(mara, UnmergeTicketV1(ticket="TW-2"))) == 200
    assert waits(world, "TW-2") is None


def test_what_was_answered_on_the_ticket_that_answers_is_not_owed_again_by_a_split() -> None:
    world = world_of(BOB, CARL)
    merge(world, "TW-2", "TW-1")
    world.do(mara, ReplyToTicketV1(ticket="TW-1", text="Both of you."))
    world.do(mara, SplitTicketV1(ticket="TW-1", messages=["TW-2.1"]))
    assert waits(world, "TW-3") is None


def test_a_split_leaves_the_others_in_the_ticket_waiting_as_they_were() -> None:
    world = world_of(BOB, CARL)
    merge(world, "TW-1", "TW-2")
    world.do(mara, SplitTicketV1(ticket="TW-2", messages=["TW-2.1"]))
    assert waits(world, "TW-2") == world.said["TW-1.1"].at
    world.do(mara, UnmergeTicketV1(ticket="TW-1"))
    assert waits(world, "TW-2") is None
    assert waits(world, "TW-1") == world.said["TW-1.1"].at


def test_a_split_undone_is_owed_again_where_the_merged_ticket_is_now() -> None:
    world = world_of(BOB, CARL, "dora@example.net")
    merge(world, "TW-2", "TW-1")
    world.do(mara, SplitTicketV1(ticket="TW-1", messages=["TW-2.1"]))
    world.do(mara, ReplyToTicketV1(ticket="TW-1", text="Hello Bob."))
    world.do(mara, UnmergeTicketV1(ticket="TW-2"))
    world.do(mara, ReplyToTicketV1(ticket="TW-3", text="Hello Dora."))
    merge(world, "TW-2", "TW-3")
    assert status(world.do(mara, UnsplitTicketV1(ticket="TW-4"))) == 200
    asked = world.said["TW-2.1"].at
    assert waits(world, "TW-3") == asked
    world.do(mara, UnmergeTicketV1(ticket="TW-2"))
    assert waits(world, "TW-2") == asked
    assert waits(world, "TW-3") is None


def test_what_returns_out_of_a_chain_is_not_owed_at_its_end() -> None:
    world = world_of(BOB, CARL, "dora@example.net")
    for number in ("TW-1", "TW-2", "TW-3"):
        world.do(mara, ReplyToTicketV1(ticket=number, text="Hello."))
    merge(world, "TW-1", "TW-2")
    world.mail(sender=BOB, subject="[TW-1] more")
    merge(world, "TW-2", "TW-3")
    asked = world.said["TW-2.3"].at
    assert waits(world, "TW-3") == asked
    world.do(mara, UnmergeTicketV1(ticket="TW-1", since="return"))
    assert waits(world, "TW-1") == asked
    assert waits(world, "TW-3") is None


def test_who_depends_on_a_split_that_is_undone_hears_that_it_is_open_again() -> None:
    world = conversation()
    world.mail(sender=CARL)
    world.do(mara, SplitTicketV1(ticket="TW-1", messages=["TW-1.3"]))
    link(world, "TW-2", "depends_on", "TW-3")
    close(world, "TW-3")
    assert status(close(world, "TW-2")) == 200
    decision = world.do(mara, UnsplitTicketV1(ticket="TW-3"))
    assert not isinstance(decision, Refusal)
    assert ("ticket/TW-2", ["dependency_reopened"]) in [
        (change.stream, [one.type for one in change.events]) for change in decision
    ]


@pytest.mark.parametrize(
    ("message", "refusal"),
    [("TW-1.9", "message-not-found"), ("TW-2.1", "message-not-found"), ("x", "message-not-found")],
)
def test_only_messages_of_the_ticket_are_split_off(message: str, refusal: str) -> None:
    world = world_of(BOB, CARL)
    assert kinds(world.do(mara, SplitTicketV1(ticket="TW-1", messages=[message]))) == [refusal]


def test_a_note_is_split_off_only_by_who_may_read_it_and_only_into_a_queue_of_theirs() -> None:
    world = conversation()
    for right in ("ticket.show", "ticket.split", "queue.see"):
        world.grant(right, NEWBIE.id, "queue/support")
    assert status(world.do(newbie, SplitTicketV1(ticket="TW-1", messages=["TW-1.3"]))) == 403
    world.grant("ticket.create", NEWBIE.id, "queue/support")
    assert kinds(world.do(newbie, SplitTicketV1(ticket="TW-1", messages=["TW-1.4"]))) == ["message-not-found"]
    assert kinds(world.do(newbie, SplitTicketV1(ticket="TW-1", messages=["TW-1.3"], queue="billing"))) == [
        "queue-not-found"
    ]
    assert status(world.do(newbie, SplitTicketV1(ticket="TW-1", messages=["TW-1.3"]))) == 200


def test_what_was_forwarded_is_split_off_as_internal_as_it_is() -> None:
    world = conversation()
    for right in ("ticket.show", "ticket.split", "queue.see", "ticket.create"):
        world.grant(right, NEWBIE.id, "queue/support")
    world.grant("ticket.forward", MARA.id)
    forward = ForwardMessagesV1(ticket="TW-1", messages=["TW-1.1"], to=["shop@example.com"], text="They never pay.")
    assert kinds(world.do(mara, forward)) == ["forwarded"]
    message = f"TW-1.{world.tickets['TW-1'].messages}"
    assert kinds(world.do(newbie, SplitTicketV1(ticket="TW-1", messages=[message]))) == ["message-not-found"]
    assert status(world.do(mara, SplitTicketV1(ticket="TW-1", messages=[message]))) == 200
    copy = next(one for one in world.messages.values() if one.origin == message)
    assert copy.internal


def test_folding_the_log_gives_each_state_again() -> None:
    world = conversation()
    world.mail(sender=CARL)
    link(world, "TW-1", "parent", "TW-2")
    merge(world, "TW-1", "TW-2")
    world.do(mara, SetOwnerV1(ticket="TW-2", owner="oskar"))
    world.do(mara, UnmergeTicketV1(ticket="TW-1", since="return"))
    for number, commits in world.log.items():
        state: TicketState | None = None
        for at, events in commits:
            state = fold(state, events, at)
        assert state == world.tickets[number]
    assert world.tickets["TW-1"].links == [Link(type="parent", target="TW-2")]


# --------------------------------------------------------------------------------- what a refusal gives away


def split_off(world: World) -> None:
    """TW-2, in support, of a message of TW-1, in billing, which Mara may not see."""
    world.mail(to="billing@example.org", sender=BOB)
    sue = agent(SUE)
    world.persons[SUE.id] = SUE
    world.grant("superuser", SUE.id)
    assert status(world.do(sue, SplitTicketV1(ticket="TW-1", messages=["TW-1.1"], queue="support"))) == 200


def test_undoing_a_split_does_not_name_a_ticket_that_one_may_not_see() -> None:
    world = World()
    split_off(world)
    refusal = world.do(mara, UnsplitTicketV1(ticket="TW-2"))
    assert isinstance(refusal, Refusal)
    assert refusal.problem.status == 404
    assert "TW-1" not in refusal.problem.model_dump_json()


def test_the_number_of_a_merged_ticket_leads_only_those_on_who_may_see_that_ticket() -> None:
    world = World()
    world.mail(to="billing@example.org", sender=BOB)
    world.mail(sender=CARL)
    world.mail(sender="d@example.net")
    world.persons[SUE.id] = SUE
    world.grant("superuser", SUE.id)
    assert status(world.do(agent(SUE), MergeTicketsV1(ticket="TW-1", into="TW-2"))) == 200
    for command in (
        AddNoteV1(ticket="TW-1", text="x"),
        AddNoteV1(ticket="TW-1", text="x", if_version=99),
        LinkTicketsV1(ticket="TW-3", type="refers_to", target="TW-1"),
        UnlinkTicketsV1(ticket="TW-3", type="refers_to", target="TW-1"),
        MergeTicketsV1(ticket="TW-3", into="TW-1"),
    ):
        refusal = world.do(mara, command)
        assert isinstance(refusal, Refusal)
        assert refusal.problem.status == 404
        assert "TW-2" not in refusal.problem.model_dump_json()
    world.grant("ticket.show", MARA.id, "queue/billing")
    assert kinds(world.do(mara, AddNoteV1(ticket="TW-1", text="x"))) == ["noted"]


def test_who_supervises_a_queue_may_split_into_it() -> None:
    world = World()
    world.mail()
    sue = Person(id="person/sue", login="sue", name="Sue", agent=True)
    world.persons[sue.id] = sue
    assert status(world.do(agent(sue), SplitTicketV1(ticket="TW-1", messages=["TW-1.1"]))) == 200
