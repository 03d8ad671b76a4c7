"""What breaks, one thing after another: a shuffled deck, so that everything happens and the order is chance."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
from collections.abc import Awaitable, Callable
from contextlib import suppress

from deploy.local.mongod import Mongod
from deploy.local.processes import Child

from ..flow.stack import SERVICES, Stack
from ..servers import NativeRabbit
from .grudging import Grudging, Manner

RELAY_LEASE = (12, 16)
"""Longer than the relay's ten seconds."""
LONG_LEASES = {"notify": (65, 70), "ingest": (95, 100)}
"""Longer than the lease of a mail that is sent, or read."""
CALM = (1, 9)
"""Between two faults, which need not be enough to recover."""


class Faults:
    """Breaks things and mends them."""

    def __init__(
        self, stack: Stack, mongod: Mongod, node: NativeRabbit, dice: random.Random, say: Callable[[str], None]
    ) -> None:
        self._stack = stack
        self._mongod = mongod
        self._node = node
        self._dice = dice
        self._say = say
        self._deck: list[Callable[[], Awaitable[None]]] = []
        self._thawing: list[asyncio.Task[None]] = []
        self.count = 0

    async def next(self) -> None:
        """The next fault, and a while of calm."""
        if not self._deck:
            self._deck = [
                *[self.kill_one] * 3, *[self.kill_both] * 2, *[self.freeze] * 3, self.freeze_long, self.freeze_both,
                self.restart_broker, self.kill_broker, self.freeze_broker,
                *[self.kill_mongod] * 2, self.freeze_mongod, self.power_cut,
                self.sink_gone, *[self.sink_grudging] * 3,
            ]  # fmt: skip
            self._dice.shuffle(self._deck)
        self.count += 1
        self._stack.look_after()
        await self._deck.pop()()
        await self._pause(*CALM)

    async def mend(self) -> None:
        """Everything runs again."""
        for task in self._thawing:
            task.cancel()
        await asyncio.gather(*self._thawing, return_exceptions=True)

    # ------------------------------------------------------------------------------------------- replicas

    async def kill_one(self) -> None:
        """One replica, without warning."""
        name, n = self._service(), self._dice.randrange(2)
        self._say(f"kill -9 {name} {n}")
        self._kill(name, n)
        await self._pause(0, 6)
        self._stack.start_one(name, n)

    async def kill_both(self) -> None:
        """A whole service: nobody takes over."""
        name = self._service()
        self._say(f"kill -9 {name}, both")
        self._kill(name, 0)
        await self._pause(0, 2)
        self._kill(name, 1)
        await self._pause(0, 8)
        for n in self._dice.sample(range(2), 2):
            self._stack.start_one(name, n)
            await self._pause(0, 2)

    async def freeze(self) -> None:
        """A replica stands still for longer than the relay's lease, and goes on as if nothing had been."""
        await self._freeze(self._service(), self._dice.randrange(2), *RELAY_LEASE)

    async def freeze_both(self) -> None:
        """Both replicas of a service stand still, not for the same time."""
        name = self._service()
        await asyncio.gather(*(self._freeze(name, n, *RELAY_LEASE) for n in range(2)))

    async def freeze_long(self) -> None:
        """A replica stands still for longer than its rows are leased; meanwhile other things break."""
        name = self._dice.choice(list(LONG_LEASES))
        task = asyncio.create_task(self._freeze(name, self._dice.randrange(2), *LONG_LEASES[name]))
        self._thawing.append(task)
        await asyncio.sleep(0)

    async def _freeze(self, name: str, n: int, least: float, most: float) -> None:
        await self._still(f"{name} {n}", self._stack.processes[name, n], least, most)

    async def _still(self, name: str, process: subprocess.Popen[bytes], least: float, most: float) -> None:
        seconds = self._dice.uniform(least, most)
        self._say(f"stop {name} for {seconds:.0f} s")
        process.send_signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            process.send_signal(signal.SIGCONT)

    def _service(self) -> str:
        return self._dice.choice(SERVICES)

    def _kill(self, name: str, n: int) -> None:
        with suppress(ProcessLookupError):
            self._stack.kill(name, n)

    # -------------------------------------------------------------------------------------------- servers

    async def restart_broker(self) -> None:
        """RabbitMQ says goodbye and comes again."""
        self._say("restart RabbitMQ")
        await asyncio.to_thread(self._node.restart)

    async def kill_broker(self) -> None:
        """RabbitMQ without warning."""
        self._say("kill -9 RabbitMQ")
        await asyncio.to_thread(self._node.restart, True)

    async def freeze_broker(self) -> None:
        """RabbitMQ stands still for longer than a confirm is waited for."""
        await self._still("RabbitMQ", _process(self._node.node.children[-1]), 16, 22)

    async def kill_mongod(self) -> None:
        """mongod without warning, away for a while."""
        away = self._dice.choice([0, 2, 8, 15])
        self._say(f"kill -9 mongod, away for {away} s")
        await self._restart_mongod(away)

    async def freeze_mongod(self) -> None:
        """mongod stands still: what was asked of it may have been done."""
        assert self._mongod.child is not None
        await self._still("mongod", _process(self._mongod.child), 8, 24)

    async def power_cut(self) -> None:
        """Everything of ours at once, and all of it comes again by and by."""
        self._say("power cut")
        replicas = list(self._stack.processes)
        for name, n in replicas:
            self._kill(name, n)
        servers = [
            asyncio.create_task(asyncio.to_thread(self._node.restart, True)),
            asyncio.create_task(self._restart_mongod(1)),
        ]
        for name, n in self._dice.sample(replicas, len(replicas)):
            await self._pause(0, 1)
            self._stack.start_one(name, n)
        await asyncio.gather(*servers)

    async def _restart_mongod(self, away: float) -> None:
        assert self._mongod.child is not None
        await asyncio.to_thread(self._mongod.child.kill)
        await asyncio.sleep(away)
        await asyncio.to_thread(self._mongod.start)
        await asyncio.to_thread(self._mongod.wait)

    async def sink_gone(self) -> None:
        """The next mail server is not there."""
        self._say("the next mail server is gone")
        await asyncio.to_thread(self._stack.stop_sink)
        await self._pause(3, 15)
        self._stack.start_sink()

    async def sink_grudging(self) -> None:
        """The next mail server takes nothing, or takes it and does not say so."""
        manner: Manner = self._dice.choice(["MAIL", "RCPT", "DATA", "end", "silent", "silent"])
        self._say(f"the next mail server is grudging: {manner}")
        await asyncio.to_thread(self._stack.stop_sink)
        async with Grudging(self._stack.sink_port, self._stack.outbox_folder, manner):
            await self._pause(3, 12)
        self._stack.start_sink()

    async def _pause(self, least: float, most: float) -> None:
        await asyncio.sleep(self._dice.uniform(least, most))


def _process(child: Child) -> subprocess.Popen[bytes]:
    assert child.process is not None
    return child.process
