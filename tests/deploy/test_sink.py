"""The local SMTP sink: what it takes is kept, octet by octet."""

from __future__ import annotations

import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.ports import answers, free_ports
from deploy.local.sink import Outbox


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    return tmp_path / "outbox"


@pytest.fixture
def port(outbox: Path) -> Iterator[int]:
    number = free_ports(1)[0]
    command = [sys.executable, "-m", "deploy.local.sink", "--port", str(number), "--outbox", str(outbox)]
    with subprocess.Popen(command) as process:
        end = time.monotonic() + 10
        while not answers(number):
            assert time.monotonic() < end
            time.sleep(0.02)
        yield number
        process.terminate()
        assert process.wait(5) == 0


def mails(outbox: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted(outbox.glob("*.eml"))]


def test_a_mail_becomes_a_file_with_its_envelope(port: int, outbox: Path) -> None:
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        smtp.sendmail("a@example.org", ["b@example.net", "c@example.net"], b"Subject: x\r\n\r\nfirst\r\n")
    (mail,) = mails(outbox)
    assert mail == (
        b"Return-Path: <a@example.org>\r\nDelivered-To: b@example.net\r\nDelivered-To: c@example.net\r\n"
        b"Subject: x\r\n\r\nfirst\r\n"
    )
    assert [path.name for path in outbox.glob("*.eml")] == ["00000001-b@example.net.eml"]
    assert list((outbox / "tmp").iterdir()) == []


@pytest.mark.parametrize(
    "body",
    [b".\r\n", b"..\r\n", b".begins with a dot\r\n", b"x\r\n.\r\n.\r\ny\r\n", b"x\r\n..y\r\n"],
)
def test_dots_at_the_start_of_a_line_survive(port: int, outbox: Path, body: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        smtp.sendmail("a@example.org", ["b@example.net"], b"Subject: x\r\n\r\n" + body)
    assert mails(outbox)[0].endswith(b"Subject: x\r\n\r\n" + body)


def test_several_mails_in_one_pipeline_and_in_small_pieces(port: int, outbox: Path) -> None:
    one = b"MAIL FROM:<a@x.org> BODY=8BITMIME SMTPUTF8\r\nRCPT TO:<\xc3\xbc@x.net>\r\nDATA\r\n%b\r\n.\r\n"
    dialogue = b"EHLO me\r\n" + one % b"Subject: 1\r\n\r\n1" + one % b"Subject: 2\r\n\r\n2" + b"QUIT\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=5) as plug, plug.makefile("rb") as lines:
        for octet in range(0, len(dialogue), 7):
            plug.sendall(dialogue[octet : octet + 7])
        codes = [line[:3] for line in lines if line[3:4] == b" "]
    assert codes == [b"220", b"250", *[b"250", b"250", b"354", b"250"] * 2, b"221"]
    assert [mail.splitlines()[-1] for mail in mails(outbox)] == [b"1", b"2"]


def test_nonsense_and_wrong_order_are_refused(port: int, outbox: Path) -> None:
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        smtp.ehlo()
        assert smtp.docmd("DATA")[0] == 503
        assert smtp.docmd("RCPT TO:<a@x.org>")[0] == 503
        assert smtp.docmd("MAIL", "FROM: nobody")[0] == 501
        assert smtp.docmd("MAIL", "FROM:<>")[0] == 250
        assert smtp.docmd("RCPT", "TO:<>")[0] == 501
        assert smtp.docmd("TURN")[0] == 500
    assert mails(outbox) == []


def test_numbers_go_on_and_unfinished_mails_are_swept(outbox: Path) -> None:
    Outbox(outbox).keep(b"", [b"a@x.org"], b"1\r\n")
    (outbox / "tmp" / "00000002-half.eml").write_bytes(b"ha")
    kept = Outbox(outbox).keep(b"", [b"../../b@x.org"], b"2\r\n")
    assert kept.parent == outbox
    assert kept.name.startswith("00000002-")
    assert list((outbox / "tmp").iterdir()) == []
