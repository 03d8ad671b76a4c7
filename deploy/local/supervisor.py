"""Starts everything in order, keeps it running, and stops it in order.

    mongod, RabbitMQ ──▶ sink, five services ──▶ ready ──▶ demo data ──▶ watching
    stop: gateway, ingest ──▶ the other services ──▶ sink ──▶ RabbitMQ ──▶ mongod

Signals only set a flag; the loops look at it, so nothing is ever left half-started.
"""

from __future__ import annotations

import fcntl
import http.client
import os
import select
import signal
import socket
import time
import urllib.parse
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import FrameType

from .mongod import Mongod
from .parts import Part
from .plan import Plan
from .ports import answers
from .processes import Child
from .rabbitmq import RabbitNode

PATIENCE = {"edges": 2.5, "services": 2.0, "sink": 0.3, "broker": 3.2, "mongod": 1.5}
"""Seconds that each stage of the stop may take; together under ten."""

LONGEST_PAUSE = 30.0
STEADY = 60.0
"""A process that ran that many seconds starts anew without a pause when it ends."""


class Stopped(Exception):
    """Somebody asked for the stop."""


@dataclass
class Watched:
    """A process, and how often it has failed."""

    part: Part
    child: Child
    failures: int = 0
    start_again_at: float | None = None
    was_ready: bool = False

    def pause(self) -> float:
        """Seconds before the next start: none the first time, then longer and longer."""
        if time.monotonic() - self.child.started_at > STEADY:
            self.failures = 0
        self.failures += 1
        return 0.0 if self.failures == 1 else min(LONGEST_PAUSE, 2.0 ** (self.failures - 2))


class Supervisor:
    """Runs servers and parts until a signal comes. ``say`` takes each line for the person at the terminal."""

    def __init__(
        self, plan: Plan, mongod: Mongod | None, rabbit: RabbitNode | None, say: Callable[[str], None]
    ) -> None:
        self.plan = plan
        self.say = say
        self._mongod = mongod
        self._rabbit = rabbit
        self.watched: list[Watched] = []
        self._asked_at: float | None = None
        self._hurry = False
        self._takes_signals = False
        self._wakes, self._wake = socket.socketpair()
        for end in (self._wakes, self._wake):
            end.setblocking(False)

    # Signals ------------------------------------------------------------------------------------------------

    def take_signals(self) -> None:
        """From now on SIGINT, SIGTERM and SIGHUP ask for the stop, and an ended child wakes the loop."""
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        self._takes_signals = True
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup means what it says
            signal.signal(signal.SIGHUP, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._asked_at is None:
            self._asked_at = now
        elif now - self._asked_at > 1.0:  # at once: one Ctrl-C that reached us twice, through make and directly
            self._hurry = True

    def ask_to_stop(self) -> None:
        """As a signal does."""
        self._asked_at = self._asked_at or time.monotonic()
        with suppress(OSError):  # full, or closed by the stop: then nobody waits for it
            self._wake.send(b"\0")

    @property
    def stopping(self) -> bool:
        """Has somebody asked for the stop?"""
        return self._asked_at is not None

    def pause(self, seconds: float) -> None:
        """Waits, but not longer than until a signal; raises Stopped when the stop was asked for."""
        if not self.stopping:
            select.select([self._wakes], [], [], seconds)
            with suppress(BlockingIOError):
                while self._wakes.recv(4096):
                    pass
        if self.stopping:
            raise Stopped

    # Start --------------------------------------------------------------------------------------------------

    def start_servers(self) -> None:
        """mongod and RabbitMQ side by side; raises what they raise, or Stopped."""
        begun = time.monotonic()
        for server in (self._mongod, self._rabbit):
            if server is not None:
                server.start()
        if self._mongod is not None:
            self._mongod.wait(pause=self.pause)
            self.say(f"mongod is ready ({time.monotonic() - begun:.1f} s)")
        if self._rabbit is not None:
            self._rabbit.wait(pause=self.pause)
            self.say(f"RabbitMQ is ready ({time.monotonic() - begun:.1f} s)")

    def start_part(self, part: Part) -> Watched:
        """Starts one part and watches it from now on."""
        child = Child(
            part.name,
            part.command,
            self.plan.logs / f"{part.name}.log",
            part.environment,
            self.plan.records,
            part.folder,
        )
        watched = Watched(part, child)
        self.watched.append(watched)
        child.start()
        return watched

    def run_until_ready(self, parts: Sequence[Part], remind_after: float = 30.0) -> None:
        """Starts the parts and watches until each is ready; says which are, and after a while which are not."""
        begun = time.monotonic()
        waiting = [self.start_part(part) for part in parts]
        reminded = begun
        while waiting:
            for watched in list(waiting):
                if watched.child.running and is_ready(watched.part.ready):
                    watched.was_ready = True
                    waiting.remove(watched)
                    self.say(f"{watched.part.name} is ready ({time.monotonic() - begun:.1f} s)")
            if waiting and time.monotonic() - reminded > remind_after:
                reminded = time.monotonic()
                names = ", ".join(watched.part.name for watched in waiting)
                self.say(f"still waiting for {names}; see {self.plan.logs}/")
            if waiting:
                self.watch(0.1)

    # Watching -----------------------------------------------------------------------------------------------

    def watch(self, seconds: float) -> None:
        """One round: waits a little, then starts anew what has ended."""
        self.pause(seconds)
        now = time.monotonic()
        for watched in self.watched:
            if watched.child.running:
                continue
            if watched.start_again_at is None:
                self._note_end(watched)
            elif now >= watched.start_again_at:
                watched.start_again_at = None
                watched.child.start()
        for server in (self._mongod, self._rabbit):
            for child in server.children if server is not None else []:
                if not child.running:
                    self.say(f"{child.name} ended: {why(child)}; starting it anew. Log: {child.log}")
                    child.sweep()
                    child.start()
                    # Servers that cannot start would otherwise be started as fast as we can.
                    self.pause(1.0)

    def _note_end(self, watched: Watched) -> None:
        child = watched.child
        told = why(child)
        child.sweep()
        pause = watched.pause()
        watched.start_again_at = time.monotonic() + pause
        again = "starting it anew" if pause == 0 else f"starting it anew in {pause:.0f} s"
        self.say(f"{watched.part.name} ended: {told}; {again}. Log: {child.log}")

    def watch_for_ever(self) -> None:
        """Until Stopped."""
        while True:
            waits = [watched.start_again_at - time.monotonic() for watched in self.watched if watched.start_again_at]
            self.watch(max(0.05, min([60.0, *waits])))

    # Stop ---------------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Everything, in order, in under ten seconds; what does not go in its time is killed and named."""
        edges = [watched for watched in self.watched if watched.part.edge]
        inner = [watched for watched in self.watched if not watched.part.edge and not watched.part.last]
        self._stop_parts(edges, "edges")
        self._stop_parts(inner, "services")
        self._stop_parts([watched for watched in self.watched if watched.part.last], "sink")
        if self._rabbit is not None and not self._rabbit.stop(self._patience("broker")):
            self.say("RabbitMQ did not stop in time and was killed; it recovers at the next start")
        if self._mongod is not None and not self._mongod.stop(self._patience("mongod")):
            self.say("mongod did not stop in time and was killed; it recovers at the next start")
        if self._takes_signals:
            signal.set_wakeup_fd(-1)
        for end in (self._wakes, self._wake):
            end.close()

    def _stop_parts(self, parts: Sequence[Watched], stage: str) -> None:
        for watched in parts:
            watched.child.ask()
        end = time.monotonic() + self._patience(stage)
        for watched in parts:
            if not watched.child.await_end(end - time.monotonic()):
                self.say(f"{watched.part.name} did not stop in time and was killed")

    def _patience(self, stage: str) -> float:
        return 0.1 if self._hurry and stage not in ("broker", "mongod") else PATIENCE[stage]


def why(child: Child) -> str:
    """Why it ended, with what it said of that itself."""
    return ": ".join(text for text in (child.reason, child.last_error()) if text)


def is_ready(where: str) -> bool:
    """Does that address answer 200, or take a connection?"""
    if not where.startswith("http"):
        host, _, port = where.rpartition(":")
        return answers(int(port), host)
    address = urllib.parse.urlsplit(where)
    assert address.hostname is not None
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=6)
    try:
        connection.request("GET", address.path or "/")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def running_elsewhere(plan: Plan) -> int | None:
    """The pid of another supervisor that runs this very system, if there is one."""
    path = plan.records / "supervisor"
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return int(os.read(lock, 20) or b"0")
    os.ftruncate(lock, 0)
    os.write(lock, str(os.getpid()).encode())
    return None  # the lock stays with this process, and goes when it goes
