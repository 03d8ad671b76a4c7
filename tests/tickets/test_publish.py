"""What is public is an allow-list: no note, nothing decrypted, no link, no number of the inside."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from services.tickets.domain.decision import Refusal
from services.tickets.domain.events import PERSONAL, thin
from services.tickets.publish import publish
from ticketwire_chassis.commits import Ask, Commit, CommitLog, Draft, Plan
from ticketwire_chassis.relay import Said
from ticketwire_contracts.base import Actor, Problem
from ticketwire_contracts.catalogue import EVENTS
from ticketwire_contracts.ingest import PgpVerdict
from ticketwire_contracts.tickets import AddNoteV1, PublicEvent, ReplyToTicketV1, SetStatusV1

from .world import MARA, World, agent

mara = agent(MARA)


def said(world: World, number: str = "TW-1") -> list[Said]:
    """What each commit of a ticket says."""
    log = CommitLog.__new__(CommitLog)
    log._personal = PERSONAL
    actor = Actor(kind="agent", id=MARA.id)
    sayings: list[Said] = []
    base: Commit | None = None
    state: Any = None
    from services.tickets.domain.state import fold

    for at, events in world.log[number]:
        state = fold(state, events, at)
        ask = Ask(f"cause{len(sayings)}", "x", actor, at, "c", None)
        draft = Draft(f"ticket/{number}", base, [thin(event) for event in events], state.model_dump())
        base = log._commits_of(ask, Plan([draft]))[0]
        sayings.append(publish(base))
    return sayings


def test_public_versions_have_no_hole_where_a_note_was() -> None:
    world = World()
    world.mail()
    world.do(mara, AddNoteV1(ticket="TW-1", text="psst, secret"))
    world.do(mara, ReplyToTicketV1(ticket="TW-1", text="An answer."))
    world.do(mara, AddNoteV1(ticket="TW-1", text="more secrets"))
    world.do(mara, SetStatusV1(ticket="TW-1", status="resolved"))
    public = [event for one in said(world) for event in one.public]
    assert [event.public_version for event in public] == [1, 2, 3, 4]
    assert [event.id for event in public] == [f"ticket/TW-1:p{n}" for n in (1, 2, 3, 4)]
    assert "secret" not in json.dumps([event.model_dump(mode="json") for event in public])


def test_a_public_event_has_only_the_allowed_fields() -> None:
    world = World()
    world.mail()
    world.do(mara, ReplyToTicketV1(ticket="TW-1", text="An answer."))
    for event in (event for one in said(world) for event in one.public):
        shown = event.model_dump(mode="json")
        assert set(shown) == set(PublicEvent.model_fields)
        assert set(shown["ticket"]) == {
            "number", "subject", "queue", "status", "category", "priority", "owner", "requesters", "created_at",
        }  # fmt: skip
        if shown["message"]:
            assert set(shown["message"]) == {"author", "text", "attachments", "at"}
            if shown["message"]["author"]["agent"]:
                assert shown["message"]["author"]["address"] == ""


def test_what_came_encrypted_is_not_said_in_public() -> None:
    world = World()
    world.mail(text="between us", pgp=PgpVerdict(encrypted=True, signature="good"))
    public = said(world)[0].public[0]
    assert public.message is not None
    assert public.message.text == ""
    inside = said(world)[0].internal[0]
    assert inside.message.text == "between us"  # type: ignore[attr-defined]


def test_each_commit_says_events_of_the_catalogue_with_repeatable_ids() -> None:
    world = World()
    world.mail()
    world.do(mara, ReplyToTicketV1(ticket="TW-1", text="An answer."))
    ids = [event.id for one in said(world) for event in one.internal]
    assert len(set(ids)) == len(ids)
    assert ids == [event.id for one in said(world) for event in one.internal]
    assert all(event.type in EVENTS for one in said(world) for event in one.internal)


@pytest.mark.parametrize("about_mail", [True, False])
def test_a_refusal_is_said_only_of_a_mail(about_mail: bool) -> None:
    log = CommitLog.__new__(CommitLog)
    log._personal = {}
    decision = World(catch_all=False).mail(to="nobody@example.org")
    assert isinstance(decision, Refusal)
    ask = Ask("row1:1", "x", mara, datetime.now(UTC), "c", None)
    plan = Plan(problem=decision.problem, refusal=decision.details if about_mail else {})
    events = publish(log._commits_of(ask, plan)[0]).internal
    assert [event.type for event in events] == (["mail.settled.v1"] if about_mail else [])


def test_a_problem_is_kept_whole() -> None:
    problem = Problem(type="x", title="X", status=409, extra={"n": 1})
    assert Problem.model_validate(problem.model_dump(mode="json")) == problem
