"""Examples of what escalation is asked and says."""

from __future__ import annotations

from ..escalation import (
    Clock,
    Deadline,
    EscalationDueV1,
    PolicySetV1,
    SetPolicyV1,
    ShowPolicyAuditV1,
    Step,
    TimersSetV1,
)
from .story import BY_ANNA, BY_CLOCK, NUMBER, SUPPORT, at, envelope

FIRST_RESPONSE = Clock(clock="first_response", minutes=240, steps=[Step(percent=100, actions=["tell_supervisors"])])

ESCALATION_EXAMPLES = (
    SetPolicyV1(queue=SUPPORT.name, clocks=[FIRST_RESPONSE]),
    ShowPolicyAuditV1(thing="policy/support"),
    PolicySetV1(
        **envelope(PolicySetV1, "policy/support", 1, at(7, 30), BY_ANNA, "Promises of support changed"),
        queue=SUPPORT.name,
        clocks=[FIRST_RESPONSE],
    ),
    EscalationDueV1(
        **envelope(EscalationDueV1, f"timer/{NUMBER}", 2, at(12, 14, 5), BY_CLOCK, "TW-1042: first_response at 100 %"),
        ticket=NUMBER,
        clock="first_response",
        percent=100,
        due_at=at(12, 14, 5),
        generation=1,
        policy_version=1,
        actions=["tell_supervisors"],
    ),
    TimersSetV1(
        **envelope(TimersSetV1, f"timer/{NUMBER}", 1, at(8, 14, 5), BY_CLOCK, "TW-1042: next deadlines changed"),
        ticket=NUMBER,
        generation=1,
        deadlines=[Deadline(clock="first_response", due_at=at(12, 14, 5))],
    ),
)
