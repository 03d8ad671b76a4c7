"""Thousands of mails and commands while one thing after another breaks: nothing is lost, nothing is done twice.

TICKETWIRE_TEST_SEED=7      the faults of an earlier run, as it printed them (what meets what is still up to chance)
TICKETWIRE_TEST_LONGER=6    six times as long
"""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import time
from collections.abc import Callable

import pytest

from deploy.local.mongod import Mongod

from ..flow.flood import Sender, whole
from ..flow.stack import Stack
from ..longer import LONGER
from ..servers import NativeRabbit
from .agents import Agent
from .faults import Faults
from .outsider import Outsider
from .senders import Customers
from .truth import check_commands, nothing_left_over, verified, view_is_true

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(3000 * LONGER)]

SEED = int(os.environ.get("TICKETWIRE_TEST_SEED") or secrets.randbelow(10**6))
SENDERS = 6
MINUTES = 7.5 * LONGER
"""So long things break; then everything has to come to rest."""
PAUSE = 0.8
"""Seconds between two mails of one sender, about."""
BEGINNING = 50
"""Public events before anything breaks."""
REST = 900
"""Seconds for coming to rest, at most: what has failed four times waits ten minutes for its last try."""
AGENTS = ("mara", "oskar", "ines")


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Says at once what happens: it takes minutes."""
    begun = time.monotonic()

    def say(text: str) -> None:
        with capsys.disabled():
            print(f"  {time.monotonic() - begun:6.1f}  {text}", flush=True)

    return say


async def test_nothing_is_lost_and_nothing_is_done_twice(
    stack: Stack, mongod: Mongod, node: NativeRabbit, say: Callable[[str], None]
) -> None:
    say(f"TICKETWIRE_TEST_SEED={SEED}")
    dice = random.Random(SEED)
    tokens = await stack.make_agents(AGENTS)
    ending = asyncio.Event()
    customers = Customers(stack, dice.random())
    senders = [
        Sender(stack, customers.letters(n, ending), PAUSE, (4, 40), random.Random(dice.random()))
        for n in range(SENDERS)
    ]
    answering = Sender(stack, (), 0, (4, 40), random.Random(dice.random()))
    agents = [Agent(stack, token, person, dice.random()) for token, person in tokens.items()]
    faults = Faults(stack, mongod, node, dice, say)
    async with Outsider(stack.broker_url) as outsider:
        async with asyncio.TaskGroup() as working:
            for sender in senders:
                working.create_task(sender.run())
            working.create_task(customers.answer(answering, ending))
            for agent in agents:
                working.create_task(agent.work(ending))
            # A quorum queue that RabbitMQ (3.10) is killed over in its first moments never has a leader again.
            await stack.until(lambda: len(outsider.heard) >= BEGINNING, 120, "mails flow")
            end = time.monotonic() + MINUTES * 60
            while time.monotonic() < end:
                await faults.next()
            ending.set()
            await faults.mend()
        say(f"{sum(len(one.accepted) for one in [*senders, answering])} mails accepted, coming to rest")
        await stack.ready(REST)
        accepted = [one for sender in [*senders, answering] for one in sender.accepted]
        await whole(stack, accepted, REST)
        await nothing_left_over(stack, node, REST)
        await check_commands(stack, agents)
        await view_is_true(stack, REST)
        await outsider.hears_all(stack, REST)
        verified(stack)
    say(
        f"{len(accepted)} mails ({sum(one.tries for one in [*senders, answering])} tries), "
        f"{sum(len(agent.answers) for agent in agents)} commands ({sum(agent.tries for agent in agents)} tries), "
        f"{len(outsider.heard)} public events, {faults.count} faults; "
        f"ended by themselves: {', '.join(stack.ended) or 'nobody'}"
    )
