"""What the command line needs of escalation: how a policy's state follows from its events."""

from __future__ import annotations

from ticketwire_chassis.audit.walk import States

from .domain import policy_after, policy_as_now

STATES = States(policy_after, policy_as_now)
