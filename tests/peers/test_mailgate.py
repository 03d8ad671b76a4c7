"""Debian's ``rt-mailgate``, as an alias pipes mail into it, at ingest's HTTP door."""

from __future__ import annotations

import asyncio
import secrets
from subprocess import PIPE

import pytest

from ..flow.stack import Stack
from .kept import rows_with, same, ticket_with
from .packages import program

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

TEMPFAIL = 75
ODD = (
    b"From: Zo\xeb <zoe@example.net>\nTo: support@example.org\nSubject: odd %s\nX-Empty:\n"
    b"Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: 8bit\n\n"
    b"Gr\xfc\xdfe\x00nul\x01\x1a\x7f\xff\xfe\rlone CR\r\nCRLF\n\n--boundary--\n.\n..\nFrom here, no end of line"
)
"""What no form and no line end may change."""


async def mailgate(stack: Stack, raw: bytes, *more: str) -> tuple[int, str]:
    """Pipes a mail; the exit code, and what was said."""
    url = f"http://127.0.0.1:{stack.ports['ingest', 0]}"
    process = await asyncio.create_subprocess_exec(
        program("rt-mailgate-5"), "--url", url, "--action", "correspond", *more, stdin=PIPE, stdout=PIPE, stderr=PIPE
    )
    said = await process.communicate(raw)
    assert process.returncode is not None
    return process.returncode, b"".join(said).decode(errors="replace")


def plain(mark: bytes) -> bytes:
    """An ordinary mail."""
    return b"From: anna@example.net\nTo: support@example.org\nSubject: Gate %s\n\nIt hums.\n" % mark


def a_mark() -> bytes:
    """A word that stands in no other mail."""
    return secrets.token_hex(6).encode()


async def test_a_piped_mail_becomes_a_ticket_of_the_named_queue(stack: Stack) -> None:
    mark = a_mark()
    assert await mailgate(stack, plain(mark), "--queue", "billing") == (0, "")
    row = await ticket_with(stack, mark)
    assert row["recipient"] == "billing@example.org"
    assert (await stack.get(f"tickets/{row['ticket']}"))["queue"] == "billing"


async def test_without_a_queue_the_headers_say_where_it_goes(stack: Stack) -> None:
    mark = a_mark()
    assert await mailgate(stack, plain(mark)) == (0, "")
    assert (await ticket_with(stack, mark))["recipient"] == "support@example.org"


async def test_odd_octets_arrive_as_they_were_piped(stack: Stack) -> None:
    mark = a_mark()
    raw = ODD % mark
    assert await mailgate(stack, raw, "--queue", "support") == (0, "")
    row = await ticket_with(stack, mark)
    assert same(row, raw)
    ticket = await stack.get(f"tickets/{row['ticket']}")
    assert ticket["requesters"][0]["name"] == "Zoë"


async def test_a_line_ended_by_carriage_returns_is_piped_as_it_is(stack: Stack) -> None:
    mark = a_mark()
    raw = plain(mark).replace(b"\n", b"\r\n")
    assert await mailgate(stack, raw, "--queue", "support") == (0, "")
    assert same(await ticket_with(stack, mark), raw)


async def test_while_ingest_is_down_the_mail_stays_with_the_sender(stack: Stack) -> None:
    mark = a_mark()
    stack.kill("ingest")
    code, said = await mailgate(stack, plain(mark), "--queue", "support")
    assert code == TEMPFAIL, said
    stack.start_one("ingest")
    await stack.ready(120)
    assert await rows_with(stack, mark) == []
    assert await mailgate(stack, plain(mark), "--queue", "support") == (0, "")
    await ticket_with(stack, mark)


@pytest.mark.parametrize("more", [("--queue", "no such queue"), ("--queue", "support", "--action", "comment")])
async def test_what_cannot_be_done_is_told_and_stays_with_the_sender(stack: Stack, more: tuple[str, ...]) -> None:
    mark = a_mark()
    code, said = await mailgate(stack, plain(mark), *more)
    assert code == TEMPFAIL, said
    assert "422" in said
    assert await rows_with(stack, mark) == []


async def test_a_mail_that_is_too_large_stays_with_the_sender(stack: Stack) -> None:
    mark = a_mark()
    code, said = await mailgate(stack, plain(mark) + b"x" * 2_000_000, "--queue", "support")
    assert code == TEMPFAIL, said
    assert await rows_with(stack, mark) == []
