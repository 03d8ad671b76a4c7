"""Everything that can be asked of tickets, at random and by several people, against the law and what always holds.

The same stories on every machine, so that what fails on one fails on all; ``TICKETWIRE_TEST_LONGER=20`` tells other
ones each time, twenty times as many.
"""

from __future__ import annotations

import secrets

import pytest
from hypothesis import seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.longer import LONGER
from ticketwire_contracts.base import Command
from ticketwire_contracts.catalogue import COMMANDS

from . import deeds
from .whole import Whole

RUNS = 7 * LONGER
RUNS_AT_MOST = 6 * RUNS
"""A change of the machine changes its stories: it goes on until most of what can be asked for was done."""


@pytest.mark.timeout(600 * LONGER)
def test_whatever_anyone_does_the_law_and_the_truth_hold() -> None:
    Whole.tally.clear()
    for run in range(RUNS_AT_MOST):
        # ten stories at a time: from the eleventh on, Hypothesis mostly tells variations of the ten before
        run_state_machine_as_test(
            seed(run if LONGER == 1 else secrets.randbits(64))(Whole),
            # where Hypothesis finds the variable CI it would derandomise, and tell the same ten stories in each run
            settings=settings(max_examples=10, stateful_step_count=50, deadline=None, derandomize=False),
        )
        if run + 1 >= RUNS and _asked() == deeds.ALL.keys() and _mostly_done():
            break
    assert _asked() == deeds.ALL.keys(), "a command of the machine never came"
    assert _mostly_done(), "hardly anything is ever done, so hardly anything is tested"


def _asked() -> set[type[Command]]:
    return {kind for kind, _ in Whole.tally}


def _mostly_done() -> bool:
    done = {kind for (kind, accepted), _ in Whole.tally.items() if accepted}
    return len(done) > len(deeds.ALL) * 3 / 4


def test_every_command_of_tickets_is_in_the_machine_or_has_a_reason_not_to_be() -> None:
    ours = {command for command in COMMANDS.values() if command.obeyed_by == "tickets"}
    assert deeds.ALL.keys() | deeds.NOT_HERE.keys() == ours
    assert not deeds.ALL.keys() & deeds.NOT_HERE.keys()
