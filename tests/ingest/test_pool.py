"""Worker processes: they read, and whatever a mail does to them, the others are read."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from io import BytesIO
from typing import Any

import orjson
import pytest
from structlog.testing import capture_logs

from services.ingest.domain import read_mail
from services.ingest.domain.arrivals import Arrival, Known, known
from services.ingest.mail import frames, worker
from services.ingest.mail.pool import Pool
from services.ingest.mail.rounds import Rounds, Unavailable
from services.ingest.store import Accepted
from services.ingest.timers import READ_TRIES, Reader

from .mails import BOUNCE, FILE, TEXT, arrival, mail, with_parts

MAILS = [arrival(), arrival(with_parts(TEXT, FILE)), arrival(BOUNCE, sender="")]


@pytest.fixture
async def one() -> AsyncIterator[Pool]:
    """A pool of one worker."""
    made = Pool(1, 10.0, 1024)
    yield made
    await made.close()


def worker_of(one: Pool) -> Any:
    """The idle worker."""
    (process,) = one._free
    return process


async def test_a_worker_reads_as_the_parser_does(one: Pool) -> None:
    assert await one.read(MAILS) == [known(read_mail(each.raw, each.envelope_from)) for each in MAILS]


async def test_a_worker_is_used_again(one: Pool) -> None:
    await one.read(MAILS)
    first = worker_of(one).pid
    await one.read(MAILS)
    assert worker_of(one).pid == first


async def test_a_worker_that_died_idle_is_replaced(one: Pool) -> None:
    await one.read(MAILS[:1])
    process = worker_of(one)
    os.kill(process.pid, signal.SIGKILL)
    await process.wait()
    (outcome,) = await one.read(MAILS[:1])
    assert isinstance(outcome, Known)


async def test_a_worker_that_dies_takes_only_what_it_had_not_answered(one: Pool) -> None:
    await one.read(MAILS[:1])
    process = worker_of(one)
    os.kill(process.pid, signal.SIGSTOP)
    reading = asyncio.create_task(one.read(MAILS))
    await asyncio.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    assert await reading == ["crashed"] * 3
    assert all(isinstance(outcome, Known) for outcome in await one.read(MAILS))


async def test_a_worker_that_takes_too_long_is_replaced() -> None:
    hasty = Pool(1, 10.0, 1024)
    await hasty.read(MAILS[:1])  # its start takes time too
    hasty._seconds = 0.01
    process = worker_of(hasty)
    os.kill(process.pid, signal.SIGSTOP)
    assert await hasty.read(MAILS[:2]) == ["timeout"] * 2
    assert process.returncode is not None
    await hasty.close()


def spoiled_worker(seconds: float, megabytes: int, reading: str) -> subprocess.CompletedProcess[bytes]:
    """A worker whose parser does something else, asked to read one mail."""
    program = f"""
import sys
from services.ingest.mail import worker
def reading(raw, sender):
    {reading}
worker.read_mail = reading
sys.argv = ["worker", "{seconds}", "{megabytes}"]
worker.main()
"""
    command = [sys.executable, "-c", program]
    return subprocess.run(command, input=frames.request(MAILS[:1]), capture_output=True, timeout=60, check=False)


def test_the_kernel_ends_a_worker_that_computes_for_ever() -> None:
    ended = spoiled_worker(0.1, 1024, "while True: pass")
    assert (ended.returncode, ended.stdout) == (-signal.SIGPROF, b"")


def test_a_worker_that_wants_too_much_memory_says_so() -> None:
    ended = spoiled_worker(10, 512, "return b'x' * 2**30")
    assert (ended.returncode, ended.stdout) == (0, frames.failure("memory"))


async def test_a_worker_has_no_secret_and_no_way_to_write(monkeypatch: pytest.MonkeyPatch, one: Pool) -> None:
    monkeypatch.setenv("TICKETWIRE_SECRET", "do-not-tell")
    await one.read(MAILS[:1])
    with open(f"/proc/{worker_of(one).pid}/environ", "rb") as environment:  # noqa: PTH123
        assert b"do-not-tell" not in environment.read()
    with open(f"/proc/{worker_of(one).pid}/limits") as limits:  # noqa: PTH123
        lines = {line[:25].strip(): line[25:].split() for line in limits}
    assert lines["Max file size"][0] == "0"
    assert lines["Max address space"][0] == str(1024 * 1024 * 1024)


async def test_a_pool_that_is_closed_leaves_no_process() -> None:
    short = Pool(2, 10.0, 1024)
    await asyncio.gather(short.read(MAILS), short.read(MAILS))
    pids = [process.pid for process in short._free]
    assert len(pids) == 2
    await short.close()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_frames_carry_what_they_were_given() -> None:
    mails = [*MAILS, arrival(sender=None), arrival()]
    stream = BytesIO(frames.request(mails))
    assert frames.requests(stream) == [(each.envelope_from, each.raw) for each in mails]
    assert frames.requests(stream) is None


async def test_replies_come_back_as_they_were() -> None:
    read = known(read_mail(with_parts(TEXT, FILE), ""))
    stream = asyncio.StreamReader()
    stream.feed_data(frames.reply(read) + frames.failure("memory"))
    assert await frames.replied(stream) == read
    assert await frames.replied(stream) == "memory"


async def test_a_worker_that_boasts_is_not_believed() -> None:
    stream = asyncio.StreamReader()
    stream.feed_data(frames.PAIR.pack(2**32 - 1, 5))
    with pytest.raises(ValueError, match="measure"):
        await frames.replied(stream)
    facts = orjson.dumps({"files": [2**40], "message_id": None, "refers_to": [], "bounce": None})
    stream.feed_data(frames.PAIR.pack(len(facts), 2) + facts + b"{}")
    with pytest.raises(ValueError, match="measure"):
        await frames.replied(stream)


def test_a_parser_that_fails_is_told_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(raw: bytes, sender: str | None) -> None:
        raise RecursionError(raw)

    monkeypatch.setattr(worker, "read_mail", fails)
    reply = worker._read("", b"x")
    assert reply == frames.failure("RecursionError")


# ---------------------------------------------------------------------------------------------- rounds and timers


class Shelf:
    """A store in memory that notes what it was given."""

    def __init__(self) -> None:
        self.rounds: list[list[tuple[Arrival, Known | None]]] = []
        self.finished: list[Known] = []
        self.back: list[str] = []
        self.due: list[Any] = []

    async def keep_raw(self, mail: Arrival) -> None:
        """Nothing to do."""

    async def accept_mails(self, mails: Sequence[tuple[Arrival, Known | None]], now: datetime) -> Accepted:
        """One round."""
        self.rounds.append(list(mails))
        return Accepted(said=1)

    async def claim(self, now: datetime, limit: int) -> list[Any]:
        """What is due, once."""
        due, self.due = self.due, []
        return due

    async def finish(self, pairs: Any, now: datetime) -> int:
        """Notes what came of it."""
        self.finished += [read for _, read in pairs]
        return 0

    async def put_back(self, leased: Any, why: str, now: datetime) -> bool:
        """Notes that it came back."""
        self.back.append(why)
        return False

    async def late(self, now: datetime) -> int:
        """None is late."""
        return 0


class Slow:
    """A pool whose worker has nothing to say for the time being."""

    async def read(self, mails: Sequence[Arrival], outcomes: Any = None) -> list[Any]:
        """Waits for ever."""
        await asyncio.Event().wait()
        return []

    async def close(self) -> None:
        """Nothing to end."""


def rounds_on(shelf: Shelf, readers: Any, in_flight: int = 10_000) -> Rounds:
    """Rounds that wait for their reader a moment only."""
    return Rounds(shelf, readers, lambda: None, lambda left: None, 0.02, in_flight)


async def test_accepting_does_not_wait_for_a_reader_that_hangs() -> None:
    shelf = Shelf()
    rounds = rounds_on(shelf, Slow())
    task = asyncio.create_task(rounds.run())
    await rounds.take([MAILS[0]])
    assert shelf.rounds == [[(MAILS[0], None)]]
    task.cancel()
    for reading in list(rounds._reading):
        reading.cancel()


async def test_the_log_names_the_row_of_a_mail_and_nobodys_address() -> None:
    rounds = rounds_on(Shelf(), Slow())
    task = asyncio.create_task(rounds.run())
    one = arrival(recipient="support+TW-1.reply.0123456789.aaaaaaaaaaaaaaaaaaaa@example.org")
    with capture_logs() as said:
        await rounds.take([one])
    task.cancel()
    for reading in list(rounds._reading):
        reading.cancel()
    assert [line["row"] for line in said if line["event"] == "mail_accepted"] == [one.row]
    assert "@" not in str(said)


async def test_mails_that_come_at_once_are_one_round() -> None:
    shelf = Shelf()
    rounds = rounds_on(shelf, Slow())
    task = asyncio.create_task(rounds.run())
    mails = [arrival(mail(message_id=f"m{n}@x.test")) for n in range(20)]
    await asyncio.gather(*(rounds.take([each]) for each in mails))
    assert len(shelf.rounds) == 1
    task.cancel()
    for reading in list(rounds._reading):
        reading.cancel()


async def test_more_mail_than_there_is_room_for_comes_again_later() -> None:
    rounds = rounds_on(Shelf(), Slow(), in_flight=len(MAILS[0].raw))
    with pytest.raises(Unavailable):
        await rounds.take([MAILS[0], MAILS[0]])
    task = asyncio.create_task(rounds.run())
    await rounds.take([MAILS[0]])  # the room is free again
    await rounds.take([MAILS[0]])
    task.cancel()
    for reading in list(rounds._reading):
        reading.cancel()


class Lease:
    """A row in hand."""

    def __init__(self, tries: int) -> None:
        self.mail = arrival()
        self.tries = tries


class Killing:
    """A pool in which every reader dies."""

    async def read(self, mails: Sequence[Arrival]) -> list[Known | str]:
        """Dead."""
        return ["crashed"] * len(mails)

    async def close(self) -> None:
        """Nothing to end."""


@pytest.mark.parametrize(("tries", "back"), [(0, 1), (READ_TRIES - 1, 1), (READ_TRIES, 0)])
async def test_a_mail_over_which_readers_die_goes_on_unread_in_the_end(tries: int, back: int) -> None:
    shelf = Shelf()
    shelf.due = [Lease(tries)]
    reader = Reader(shelf, Killing(), lambda: None)
    task = asyncio.create_task(reader.run())
    while not (shelf.finished or shelf.back):
        await asyncio.sleep(0.005)
    task.cancel()
    assert len(shelf.back) == back
    for read in shelf.finished:
        assert read.unparsed
        reading = orjson.loads(read.reading)
        assert reading["warnings"] == ["unread:crashed"]
        assert reading["attachments"][0]["content_type"] == "message/rfc822"
        assert read.files == (arrival().raw,)
