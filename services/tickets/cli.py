"""What the command line needs of tickets: how its states follow from its events."""

from __future__ import annotations

from ticketwire_chassis.audit.walk import States

from .domain.recompute import normal, recompute

STATES = States(recompute, normal)
