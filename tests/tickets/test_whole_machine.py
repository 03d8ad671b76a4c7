"""Everything that can be asked of tickets, at random and by several people, against the law and what always holds.

``TICKETWIRE_TEST_LONGER=20`` goes on twenty times as long.
"""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.longer import LONGER
from ticketwire_contracts.catalogue import COMMANDS

from . import deeds
from .whole import Whole

RUNS = 7 * LONGER


@pytest.mark.timeout(180 * LONGER)
def test_whatever_anyone_does_the_law_and_the_truth_hold() -> None:
    Whole.tally.clear()
    for _ in range(RUNS):
        # ten stories at a time: from the eleventh on, Hypothesis mostly tells variations of the ten before
        run_state_machine_as_test(Whole, settings=settings(max_examples=10, stateful_step_count=50, deadline=None))
    asked = {kind for kind, _ in Whole.tally}
    done = {kind for (kind, accepted), _ in Whole.tally.items() if accepted}
    assert asked == deeds.ALL.keys(), "a command of the machine never came"
    assert len(done) > len(asked) * 3 / 4, "hardly anything is ever done, so hardly anything is tested"


def test_every_command_of_tickets_is_in_the_machine_or_has_a_reason_not_to_be() -> None:
    ours = {command for command in COMMANDS.values() if command.obeyed_by == "tickets"}
    assert deeds.ALL.keys() | deeds.NOT_HERE.keys() == ours
    assert not deeds.ALL.keys() & deeds.NOT_HERE.keys()
