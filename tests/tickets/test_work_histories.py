"""Random histories of everything that is done to a ticket: the log folds to the state, and what is public counts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.tickets.domain.decision import Refusal
from services.tickets.domain.events import PERSONAL, lift, thin
from services.tickets.domain.state import fold
from ticketwire_chassis.private import seal, unseal
from ticketwire_contracts.base import Actor
from ticketwire_contracts.tickets import (
    AddNoteV1,
    AddTimeWorkedV1,
    ChangePeopleV1,
    ForwardMessagesV1,
    ReplyToTicketV1,
    SetDueV1,
    SetFieldsV1,
    SetOwnerV1,
    SetStatusV1,
    SetSubjectV1,
    SetTagsV1,
    TicketCommand,
    TicketEvent,
)

from .test_fields import opened
from .test_publish import said
from .world import MARA, NEWBIE, NOON, OSKAR, World, agent

mara, oskar, newbie = agent(MARA), agent(OSKAR), agent(NEWBIE)
people = st.sampled_from(["mara", "oskar", "newbie", "ole@example.net", "kai@example.net", "anna@example.net"])

commands: st.SearchStrategy[TicketCommand] = st.one_of(
    st.builds(SetSubjectV1, ticket=st.just("TW-1"), subject=st.sampled_from(["One", "Two", "Re: One"])),
    st.builds(SetDueV1, ticket=st.just("TW-1"), due=st.sampled_from([None, NOON, NOON + timedelta(days=9)])),
    st.builds(
        ChangePeopleV1,
        ticket=st.just("TW-1"),
        role=st.sampled_from(["requesters", "cc", "admin_cc", "watchers"]),
        add=st.lists(people, max_size=2),
        remove=st.lists(people, max_size=2),
    ),
    st.builds(
        SetTagsV1,
        ticket=st.just("TW-1"),
        add=st.lists(st.sampled_from(["a", "B", "c d", ","]), max_size=2),
        remove=st.lists(st.sampled_from(["A", "b"]), max_size=2),
    ),
    st.builds(
        SetFieldsV1,
        ticket=st.just("TW-1"),
        fields=st.dictionaries(
            st.sampled_from(["room", "size", "cause"]), st.sampled_from([None, "x", 1, "drum"]), min_size=1
        ),
    ),
    st.builds(AddTimeWorkedV1, ticket=st.just("TW-1"), minutes=st.integers(-30, 30)),
    st.builds(
        ForwardMessagesV1,
        ticket=st.just("TW-1"),
        messages=st.lists(st.sampled_from(["TW-1.1", "TW-1.2", "TW-1.3"]), min_size=1, max_size=2),
        to=st.just(["shop@example.com"]),
    ),
    st.builds(AddNoteV1, ticket=st.just("TW-1"), text=st.just("psst, secret")),
    st.builds(ReplyToTicketV1, ticket=st.just("TW-1"), text=st.just("hello")),
    st.builds(SetOwnerV1, ticket=st.just("TW-1"), owner=st.sampled_from([None, "mara", "oskar"])),
    st.builds(SetStatusV1, ticket=st.just("TW-1"), status=st.sampled_from(["open", "pending", "resolved"])),
)


def lived(story: list[tuple[TicketCommand, Actor]]) -> World:
    """The world after a story; a refusal changes nothing."""
    world = opened()
    world.grant("ticket.forward", "group/field", "queue/support")
    for command, actor in story:
        before = world.tickets["TW-1"]
        if isinstance(world.do(actor, command), Refusal):
            assert world.tickets["TW-1"] == before
    return world


@given(st.lists(st.tuples(commands, st.sampled_from([mara, oskar])), max_size=20))
def test_the_log_folds_to_the_state(story: list[tuple[TicketCommand, Actor]]) -> None:
    world = lived(story)
    state: Any = None
    for at, events in world.log["TW-1"]:
        body, private = seal([thin(event) for event in events], PERSONAL)
        state = fold(state, [lift(event) for event in unseal(body, private)], at)
    ticket = world.tickets["TW-1"]
    assert state == ticket
    assert ticket.version == len(world.log["TW-1"])
    assert ticket.time_worked >= 0
    for role in ("requesters", "cc", "admin_cc", "watchers"):
        ids = [one.id for one in getattr(ticket, role)]
        assert len(ids) == len(set(ids))
    assert all(one.agent for one in (*ticket.admin_cc, *ticket.watchers))


@given(st.lists(st.tuples(commands, st.sampled_from([mara, oskar])), max_size=12))
def test_public_versions_have_no_holes_and_tell_nothing_of_the_inside(story: list[tuple[TicketCommand, Actor]]) -> None:
    world = lived(story)
    sayings = said(world)
    public = [event for one in sayings for event in one.public]
    assert [event.public_version for event in public] == list(range(1, len(public) + 1))
    assert len(public) == world.tickets["TW-1"].public_version
    assert [event.type for event in public] == [
        event.type for one in sayings for event in one.internal if isinstance(event, TicketEvent) and type(event).public
    ]
    text = str([event.model_dump() for event in public])
    asked = str([event for _, events in world.log["TW-1"] for event in events if event.type == "requesters_changed"])
    hidden = [who for who in ("ole@example.net", "kai@example.net", "newbie") if who not in asked]
    assert not any(word in text for word in ("secret", "shop@", "drum", *hidden))


@given(st.lists(st.tuples(commands, st.just(newbie)), max_size=10))
def test_whoever_has_no_right_changes_nothing(story: list[tuple[TicketCommand, Actor]]) -> None:
    assert lived(story).tickets["TW-1"].version == 1
