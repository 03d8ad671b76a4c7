"""Simple programs that send mail: curl, msmtp and swaks by SMTP, curl by HTTP."""

from __future__ import annotations

import asyncio
import json
import secrets
from pathlib import Path
from subprocess import PIPE

import pytest

from ..flow.stack import Stack
from .kept import rows_with, same, ticket_with
from .packages import program

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

CLIENTS = {
    "curl": (
        "curl --silent --show-error --crlf --mail-from anna@example.net --mail-rcpt {to} "
        "--upload-file {file} smtp://127.0.0.1:{port}/client.example.net"
    ),
    "msmtp": "msmtp --file=/dev/null --host=127.0.0.1 --port={port} --from=anna@example.net {to}",
    "swaks": "swaks --server 127.0.0.1 --port {port} --from anna@example.net --to {to} --data {file} --pipeline",
}  # fmt: skip


async def run(command: str, raw: bytes) -> tuple[int, str]:
    """Runs a program with a mail at its standard input; the exit code, and what was said."""
    name, *arguments = command.split()
    process = await asyncio.create_subprocess_exec(program(name), *arguments, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    said = await process.communicate(raw)
    assert process.returncode is not None
    return process.returncode, b"".join(said).decode(errors="replace")


def mail(mark: str) -> bytes:
    """An ordinary mail with dots where they matter."""
    return f"From: anna@example.net\nTo: support@example.org\nSubject: Client {mark}\n\n.\nIt hums.\n..\n".encode()


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_program_sends_a_mail(stack: Stack, tmp_path: Path, client: str) -> None:
    mark = secrets.token_hex(6)
    file = tmp_path / "mail.eml"
    file.write_bytes(mail(mark))
    where = {"to": "support@example.org", "port": stack.smtp_port, "file": file}
    code, said = await run(CLIENTS[client].format(**where), mail(mark))
    assert code == 0, said
    row = await ticket_with(stack, mark.encode())
    assert bytes(row["raw"]).partition(b"\r\n\r\n")[2].startswith(b".\r\nIt hums.\r\n..\r\n")


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_program_hears_why_a_recipient_cannot_be(stack: Stack, tmp_path: Path, client: str) -> None:
    mark = secrets.token_hex(6)
    file = tmp_path / "mail.eml"
    file.write_bytes(mail(mark))
    where = {"to": "no-address@-.-", "port": stack.smtp_port, "file": file}
    code, said = await run(CLIENTS[client].format(**where), mail(mark))
    assert code != 0
    assert "553" in said or "501" in said, said
    assert await rows_with(stack, mark.encode()) == []


async def test_curl_posts_a_raw_mail(stack: Stack, tmp_path: Path) -> None:
    mark = secrets.token_hex(6)
    raw = mail(mark) + "Grüße".encode("latin-1")
    url = f"http://127.0.0.1:{stack.ports['ingest', 0]}/mail?to=billing@example.org"
    code, said = await run(f"curl --silent --show-error --fail --data-binary @- {url}", raw)
    assert code == 0, said
    row = await ticket_with(stack, mark.encode())
    assert same(row, raw)
    assert json.loads(said)["mails"] == [row["_id"]]
