"""The clocks: from a ticket's facts and its queue's policy to deadlines and steps. Pure.

Clocks are computed from facts each time, never accumulated (design decision 8): *first response* runs from the
opening until an agent's first reply, stands still while the ticket waits, and ends when it is closed. Minutes are
plain minutes until calendars come.

Two times come from the ticket itself and need no policy: the explicit *due date*, a deadline until the ticket is
closed, and *wake*, when a waiting ticket opens by itself. tickets is asked to wake it at that second.

A step is *said* to tickets once per generation of the facts, and *done* when tickets has confirmed it by
``ticket.escalated``. A step said under facts that have moved since is said again under the new ones, after
``GRACE`` (the confirmation may be on its way), unless the ticket has been answered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from ticketwire_contracts.base import Problem
from ticketwire_contracts.escalation import Clock, ClockName, Deadline, SetPolicyV1, Step
from ticketwire_contracts.tickets import ClockFacts

Action = Literal["tell_owner", "tell_supervisors", "wake"]

KEPT: frozenset[ClockName] = frozenset({"first_response"})
"""Clocks that are kept today; a policy that names another is refused rather than silently not kept."""

GRACE = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Policy:
    """The promises of one queue; ``version`` 0 is a queue that has none yet."""

    queue: str
    clocks: tuple[Clock, ...] = ()
    version: int = 0


@dataclass(frozen=True, slots=True)
class Timer:
    """A step of a clock and when it is due."""

    clock: ClockName
    percent: int
    due_at: datetime
    actions: tuple[Action, ...]

    @property
    def key(self) -> str:
        """What it is called: ``first_response:100``."""
        return f"{self.clock}:{self.percent}"


@dataclass(frozen=True, slots=True)
class Telling:
    """That a step was said to tickets: under which facts, and when."""

    generation: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Row:
    """All that escalation keeps of one ticket. ``rev`` counts its writes and is their optimistic lock."""

    ticket: str
    facts: ClockFacts
    version: int
    correlation: str
    policy_version: int
    deadlines: tuple[Deadline, ...] = ()
    timers: tuple[Timer, ...] = ()
    said: Mapping[str, Telling] = field(default_factory=dict)
    done: frozenset[str] = frozenset()
    rev: int = 0

    @property
    def live(self) -> bool:
        """Whether a clock may still run some day; what is not live needs no look when a policy changes."""
        if self.facts.category == "closed":
            return False
        return self.facts.first_answered_at is None or wakes_at(self.facts) is not None

    @property
    def next_due(self) -> datetime | None:
        """When the soonest step that is still to be said is due."""
        return min((due for timer in self.timers if (due := self._say_at(timer)) is not None), default=None)

    def due(self, now: datetime) -> list[Timer]:
        """The steps to say now, in order."""
        return [timer for timer in self.timers if (due := self._say_at(timer)) is not None and due <= now]

    def _say_at(self, timer: Timer) -> datetime | None:
        if timer.key in self.done:
            return None
        before = self.said.get(timer.key)
        if before is None:
            return timer.due_at
        if before.generation >= self.facts.generation:
            return None
        return max(timer.due_at, before.at + GRACE)


def deadlines(facts: ClockFacts, policy: Policy) -> tuple[Deadline, ...]:
    """The running clocks of a ticket and when each runs out, soonest first; a clock that stands still has none."""
    found = [
        Deadline(clock=clock.clock, due_at=due)
        for clock in policy.clocks
        if (due := runs_out(facts, timedelta(minutes=clock.minutes))) is not None and clock.clock in KEPT
    ]
    if facts.due is not None and facts.category != "closed":
        found.append(Deadline(clock="due_date", due_at=facts.due))
    return tuple(sorted(found, key=lambda deadline: deadline.due_at))


def timers(facts: ClockFacts, policy: Policy) -> tuple[Timer, ...]:
    """The steps of the running clocks and when each is due, soonest first."""
    found = [
        Timer(clock.clock, step.percent, due, tuple(step.actions))
        for clock in policy.clocks
        for step in clock.steps
        if (due := runs_out(facts, timedelta(minutes=clock.minutes) * step.percent / 100)) is not None
        and clock.clock in KEPT
    ]
    if (wake := wakes_at(facts)) is not None:
        found.append(Timer("wake", 100, wake, ("wake",)))
    return tuple(sorted(found, key=lambda timer: (timer.due_at, timer.percent)))


def runs_out(facts: ClockFacts, length: timedelta) -> datetime | None:
    """When ``length`` of the first response's time has passed since the opening, waiting left out.

    None when the clock has ended (answered, closed), or stands still (the ticket waits) before so much has passed.
    """
    if facts.first_answered_at is not None or facts.category == "closed":
        return None
    at = facts.opened_at
    left = length
    for begin, end in sorted(facts.waiting, key=lambda interval: interval[0]):
        if end is not None and end <= at:
            continue
        ran = max(begin, at) - at
        if ran >= left:
            return at + left
        if end is None:
            return None
        left -= ran
        at = end
    return at + left


def wakes_at(facts: ClockFacts) -> datetime | None:
    """When the ticket opens by itself; only a waiting one does."""
    return facts.wake_at if facts.category == "waiting" else None


def follow(row: Row | None, ticket: str, facts: ClockFacts, version: int, correlation: str, policy: Policy) -> Row:
    """The row after a state of the ticket was heard. The same object when nothing that it holds has moved."""
    if row is not None and (version <= row.version or _same(row, facts, policy)):
        return row
    fresh = row or Row(ticket, facts, version, correlation, policy.version)
    return replace(
        fresh,
        facts=facts,
        version=version,
        correlation=correlation,
        policy_version=policy.version,
        deadlines=deadlines(facts, policy),
        timers=timers(facts, policy),
    )


def under(row: Row, policy: Policy) -> Row:
    """The row under another policy of its queue."""
    if row.facts.queue != policy.queue or row.policy_version >= policy.version:
        return row
    return replace(
        row,
        policy_version=policy.version,
        deadlines=deadlines(row.facts, policy),
        timers=timers(row.facts, policy),
    )


def confirm(row: Row, clock: str, percent: int) -> Row:
    """The row after tickets has confirmed a step."""
    key = f"{clock}:{percent}"
    return row if key in row.done else replace(row, done=row.done | {key})


def say(row: Row, steps: Iterable[Timer], now: datetime) -> Row:
    """The row after these steps were said."""
    telling = Telling(row.facts.generation, now)
    return replace(row, said={**row.said, **{step.key: telling for step in steps}})


def decide_policy(command: SetPolicyV1, known: bool) -> Problem | None:
    """Why a policy is refused, if it is: for a queue that is not there, or a promise that would not be kept."""
    if not known:
        return Problem(
            type="queue-not-found", title="No such queue", status=404, detail="Make the queue first, then its promises."
        )
    names = [clock.clock for clock in command.clocks]
    if foreign := sorted(set(names) - KEPT):
        return Problem(
            type="clock-not-kept",
            title="This promise is not kept yet",
            status=422,
            detail="Only the first response is watched today.",
            extra={"clocks": foreign},
        )
    if len(set(names)) < len(names) or any(_twice(clock.steps) for clock in command.clocks):
        return Problem(
            type="policy-ambiguous",
            title="The same twice",
            status=422,
            detail="Name each promise once, and each percentage once in it.",
        )
    return None


def first_policy(minutes: int) -> list[Clock]:
    """What a new queue begins with: one first response, its supervisors told when it runs out; 0 minutes: nothing."""
    if minutes == 0:
        return []
    return [Clock(clock="first_response", minutes=minutes, steps=[Step(percent=100, actions=["tell_supervisors"])])]


def _same(row: Row, facts: ClockFacts, policy: Policy) -> bool:
    return (
        row.facts.generation == facts.generation
        and row.facts.queue == facts.queue
        and row.policy_version >= policy.version
    )


def _twice(steps: Sequence[Step]) -> bool:
    percents = [step.percent for step in steps]
    return len(set(percents)) < len(percents)


def policy_after(
    _stream: str, _before: dict[str, Any] | None, events: Sequence[dict[str, Any]], _at: datetime
) -> dict[str, Any]:
    """A policy's state after a commit: its newest event carries it whole."""
    return policy_as_now(_stream, {name: value for name, value in events[-1].items() if name not in ("type", "v")})


def policy_as_now(_stream: str, after: dict[str, Any]) -> dict[str, Any]:
    """A stored policy as this version of the code writes it."""
    return SetPolicyV1.model_validate(after).model_dump(mode="json")
