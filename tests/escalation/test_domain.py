"""The clocks, as pure functions."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.escalation.domain import (
    GRACE,
    Policy,
    Row,
    confirm,
    deadlines,
    decide_policy,
    first_policy,
    follow,
    runs_out,
    say,
    timers,
    under,
)
from ticketwire_contracts.escalation import Clock, SetPolicyV1, Step
from ticketwire_contracts.tickets import ClockFacts

from .cases import NOON, facts, first_response, minutes, policy


def row(clocks: ClockFacts | None = None, promise: Policy | None = None) -> Row:
    return follow(None, "TW-1", clocks or facts(), 1, "c-1", promise or policy())


@pytest.mark.parametrize(
    ("change", "due"),
    [
        ({}, 60),
        ({"first_answered_at": NOON + minutes(5)}, None),
        ({"category": "closed", "resolved_at": NOON + minutes(5)}, None),
        ({"category": "waiting", "waiting": [(NOON + minutes(10), None)]}, None),
        ({"waiting": [(NOON + minutes(10), NOON + minutes(30))]}, 80),
        ({"waiting": [(NOON, NOON + minutes(30))]}, 90),
        ({"waiting": [(NOON + minutes(5), NOON + minutes(10)), (NOON + minutes(20), NOON + minutes(40))]}, 85),
        ({"waiting": [(NOON + minutes(20), NOON + minutes(40)), (NOON + minutes(5), NOON + minutes(10))]}, 85),
        ({"waiting": [(NOON + minutes(70), NOON + minutes(90))]}, 60),
        ({"waiting": [(NOON + minutes(70), None)], "category": "waiting"}, 60),
        ({"waiting": [(NOON - minutes(20), NOON - minutes(10))]}, 60),
        ({"waiting": [(NOON + minutes(60), NOON + minutes(90))]}, 60),
    ],
)
def test_first_response_runs_until_answered_and_not_while_waiting(change: dict[str, object], due: float | None) -> None:
    wanted = NOON + minutes(due) if due is not None else None
    assert runs_out(facts(**change), minutes(60)) == wanted


def test_steps_are_due_at_their_share_of_the_time() -> None:
    found = timers(facts(), policy(60, 50, 100, 150))
    assert [(timer.percent, timer.due_at) for timer in found] == [
        (50, NOON + minutes(30)),
        (100, NOON + minutes(60)),
        (150, NOON + minutes(90)),
    ]


def test_a_clock_whose_first_step_passed_before_the_wait_keeps_only_that_step() -> None:
    found = timers(facts(category="waiting", waiting=[(NOON + minutes(40), None)]), policy(60, 50, 100))
    assert [timer.percent for timer in found] == [50]


def test_deadlines_name_running_clocks_only() -> None:
    assert [deadline.due_at for deadline in deadlines(facts(), policy(60))] == [NOON + minutes(60)]
    assert deadlines(facts(first_answered_at=NOON), policy(60)) == ()
    assert deadlines(facts(), Policy("support")) == ()


intervals = st.lists(st.tuples(st.integers(-60, 300), st.integers(1, 120)), max_size=5).map(
    lambda raw: [(NOON + minutes(begin), NOON + minutes(begin + length)) for begin, length in sorted(raw)]
)


@given(intervals, st.integers(1, 300))
def test_time_between_opening_and_deadline_without_waiting_is_the_promise(
    waits: list[tuple[datetime, datetime]], length: int
) -> None:
    merged: list[tuple[datetime, datetime]] = []
    for begin, end in waits:
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((begin, end))
    due = runs_out(facts(waiting=waits), minutes(length))
    assert due is not None
    waited = sum(
        ((min(end, due) - max(begin, NOON)) for begin, end in merged if begin < due and end > NOON), timedelta()
    )
    assert due - NOON - waited == minutes(length)


@given(intervals, st.integers(1, 300))
def test_more_waiting_never_makes_a_deadline_earlier(waits: list[tuple[datetime, datetime]], length: int) -> None:
    due = runs_out(facts(waiting=waits), minutes(length))
    assert due is not None
    assert due >= NOON + minutes(length)


def test_a_row_stays_the_same_object_when_no_fact_moved() -> None:
    before = row()
    assert follow(before, "TW-1", facts(), 2, "c-2", policy()) is before


def test_an_older_state_changes_nothing() -> None:
    before = follow(None, "TW-1", facts(generation=3), 5, "c-1", policy())
    assert follow(before, "TW-1", facts(generation=2, first_answered_at=NOON), 4, "c-1", policy()) is before


def test_another_queue_brings_its_own_promise() -> None:
    moved = follow(row(), "TW-1", facts(queue="billing", generation=2), 2, "c-1", policy(10, queue="billing"))
    assert moved.next_due == NOON + minutes(10)


def test_a_step_is_said_once_per_generation() -> None:
    before = row()
    now = NOON + minutes(61)
    assert [timer.percent for timer in before.due(now)] == [100]
    after = say(before, before.due(now), now)
    assert after.due(now + minutes(1000)) == []
    assert after.next_due is None


def test_a_step_said_under_older_facts_is_said_again_unless_confirmed() -> None:
    now = NOON + minutes(61)
    said = say(row(), row().due(now), now)
    moved = follow(said, "TW-1", facts(generation=2), 2, "c-1", policy())
    assert moved.due(now) == []
    assert [timer.percent for timer in moved.due(now + GRACE)] == [100]
    assert confirm(moved, "first_response", 100).due(now + minutes(1000)) == []


def test_a_confirmed_step_stays_done_when_the_customer_writes_again() -> None:
    done = confirm(row(), "first_response", 100)
    again = follow(done, "TW-1", facts(generation=2, last_customer_at=NOON), 2, "c-1", policy())
    assert again.next_due is None


def test_confirming_twice_changes_nothing() -> None:
    done = confirm(row(), "first_response", 100)
    assert confirm(done, "first_response", 100) is done


def test_an_answered_or_closed_ticket_is_not_live() -> None:
    assert row().live
    assert not row(facts(first_answered_at=NOON)).live
    assert not row(facts(category="closed")).live


def test_a_new_policy_moves_the_deadline_and_an_old_one_does_not() -> None:
    before = row()
    assert under(before, policy(30, version=2)).next_due == NOON + minutes(30)
    assert under(before, policy(30, version=1)) is before
    assert under(before, policy(30, version=2, queue="billing")) is before


def test_a_policy_without_clocks_takes_the_deadlines_away() -> None:
    assert under(row(), Policy("support", (), 2)).deadlines == ()


def test_a_policy_may_only_promise_what_is_kept() -> None:
    solution = Clock(clock="solution", minutes=60, steps=[Step(percent=100, actions=["tell_owner"])])
    problem = decide_policy(SetPolicyV1(queue="support", clocks=[solution]), known=True)
    assert problem is not None
    assert problem.type == "clock-not-kept"
    assert problem.extra == {"clocks": ["solution"]}


@pytest.mark.parametrize("clocks", [[first_response(), first_response(30)], [first_response(60, 50, 50)]])
def test_a_policy_names_nothing_twice(clocks: list[Clock]) -> None:
    problem = decide_policy(SetPolicyV1(queue="support", clocks=clocks), known=True)
    assert problem is not None
    assert problem.type == "policy-ambiguous"


def test_a_policy_needs_its_queue() -> None:
    problem = decide_policy(SetPolicyV1(queue="nowhere", clocks=[]), known=False)
    assert problem is not None
    assert problem.status == 404


def test_a_policy_may_be_empty() -> None:
    assert decide_policy(SetPolicyV1(queue="support", clocks=[]), known=True) is None
    assert first_policy(0) == []
    assert first_policy(240)[0].steps[0].actions == ["tell_supervisors"]
