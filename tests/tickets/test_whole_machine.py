"""Everything that can be asked of tickets, at random and by several people, against the law and what always holds."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.longer import LONGER
from ticketwire_contracts.catalogue import COMMANDS

from . import deeds
from .whole import Whole


@pytest.mark.timeout(180 * LONGER)
def test_whatever_anyone_does_the_law_and_the_truth_hold() -> None:
    run_state_machine_as_test(Whole, settings=settings(max_examples=60 * LONGER, stateful_step_count=40, deadline=None))


def test_every_command_of_tickets_is_in_the_machine_or_has_a_reason_not_to_be() -> None:
    ours = {command for command in COMMANDS.values() if command.obeyed_by == "tickets"}
    assert deeds.ALL.keys() | deeds.NOT_HERE.keys() == ours
    assert not deeds.ALL.keys() & deeds.NOT_HERE.keys()
