"""What escalation may be asked and what it says: policies, deadlines, steps that are due."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

from pydantic import Field

from .audit import AuditQuestion
from .base import Command, Event, Value, Word

ClockName = Literal["first_response", "next_response", "solution", "silence", "due_date", "wake"]
"""`wake` is no promise: it is when a waiting ticket opens by itself; no policy names it."""


class Step(Value):
    """What happens when a part of a clock's time has run out."""

    percent: int = Field(description="Share of the clock's time, e.g. 100.", ge=1, le=1000)
    actions: list[Literal["tell_owner", "tell_supervisors"]] = Field(description="What tickets is asked to do.")


class Clock(Value):
    """A promise: within so many minutes this must have happened."""

    clock: ClockName = Field(description="Which promise.")
    minutes: int = Field(description="Working minutes.", ge=1)
    steps: list[Step] = Field(description="In order of percent.", min_length=1)


class Deadline(Value):
    """When a clock of a ticket runs out."""

    clock: ClockName = Field(description="Which promise.")
    due_at: datetime = Field(description="UTC, to the second.")


class SetPolicyV1(Command):
    """Asks for the promises of a queue to be these from now on."""

    topic: ClassVar[str] = "set_policy.v1"
    obeyed_by: ClassVar[str] = "escalation"
    queue: Word = Field(description="Name of the queue.")
    clocks: list[Clock] = Field(description="Its clocks; empty for none.")


class ShowPolicyAuditV1(AuditQuestion):
    """Asks for changes of policies, newest first; the answer's result is an `AuditPage`, without names."""

    topic: ClassVar[str] = "show_policy_audit.v1"
    obeyed_by: ClassVar[str] = "escalation"


class PolicySetV1(Event):
    """Sent when the promises of a queue have changed."""

    topic: ClassVar[str] = "policy.set.v1"
    publisher: ClassVar[str] = "escalation"
    queue: str = Field(description="Name of the queue.")
    clocks: list[Clock] = Field(description="Its clocks.")


class EscalationDueV1(Event):
    """Sent when a step of a clock is due; tickets decides whether it still holds."""

    topic: ClassVar[str] = "escalation.due.v1"
    publisher: ClassVar[str] = "escalation"
    ticket: str = Field(description="Number of the ticket.")
    clock: ClockName = Field(description="Which promise.")
    percent: int = Field(description="Which step.")
    due_at: datetime = Field(description="When it was due.")
    generation: int = Field(description="The ticket's clock generation it was computed from; stale is moot.")
    policy_version: int = Field(description="Version of the policy it was computed from.")
    actions: list[Literal["tell_owner", "tell_supervisors", "wake"]] = Field(description="What is asked for.")


class TimersSetV1(Event):
    """Sent when a ticket's next deadlines have changed, for the views."""

    topic: ClassVar[str] = "timers.set.v1"
    publisher: ClassVar[str] = "escalation"
    ticket: str = Field(description="Number of the ticket.")
    generation: int = Field(description="The ticket's clock generation they were computed from.")
    deadlines: list[Deadline] = Field(description="Running clocks, soonest first; empty when none runs.")
