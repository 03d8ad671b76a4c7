"""Mails of our own for the tests of ingest: small, and odd in one way each."""

from __future__ import annotations

from datetime import UTC, datetime

from services.ingest.domain.arrivals import Arrival, arrivals

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def mail(
    body: str | bytes = "The printer on the second floor is on fire.\r\n",
    subject: str = "Printer",
    message_id: str = "first@example.net",
    sender: str = "Anna Berg <anna@example.net>",
    to: str = "support@example.org",
    headers: str = "",
) -> bytes:
    """A plain mail; ``headers`` are whole lines."""
    head = f"From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\nDate: Mon, 2 Mar 2026 13:00:00 +0100\r\n"
    head += f"Message-ID: <{message_id}>\r\n" if message_id else ""
    if headers:
        head += headers.strip("\r\n").replace("\r\n", "\n").replace("\n", "\r\n") + "\r\n"
    return head.encode() + b"\r\n" + (body.encode() if isinstance(body, str) else body)


def arrival(
    raw: bytes | None = None,
    recipient: str = "support@example.org",
    sender: str | None = "anna@example.net",
    at: datetime = NOON,
) -> Arrival:
    """The mail on its way in, for one recipient."""
    return arrivals(mail() if raw is None else raw, [recipient], sender, at, "c-1")[0]


def with_parts(*parts: str, kind: str = "mixed", headers: str = "", message_id: str = "parts@example.net") -> bytes:
    """A multipart; each part is its header lines, an empty line, and its body."""
    body = "".join(f"--cut\r\n{part}\r\n" for part in parts) + "--cut--\r\n"
    mime = f'MIME-Version: 1.0\r\nContent-Type: multipart/{kind}; boundary="cut"\r\n{headers}'
    return mail(body, headers=mime, message_id=message_id)


TEXT = "Content-Type: text/plain; charset=utf-8\r\n\r\nSee the file.\r\n"
FILE = (
    'Content-Type: application/pdf; name="plan.pdf"\r\nContent-Disposition: attachment; filename="plan.pdf"\r\n'
    "Content-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQK\r\n"
)

BOUNCE = (
    b"Return-Path: <>\r\nFrom: Mail Delivery System <MAILER-DAEMON@mx.example.net>\r\nTo: support@example.org\r\n"
    b"Subject: Undelivered Mail Returned to Sender\r\nMessage-ID: <report@mx.example.net>\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/report; report-type=delivery-status; boundary="r"\r\n\r\n'
    b"--r\r\nContent-Type: text/plain\r\n\r\nI could not deliver your mail.\r\n"
    b"--r\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.net\r\n\r\n"
    b"Final-Recipient: rfc822; nobody@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    b"Diagnostic-Code: smtp; 550 5.1.1 no such\r\n user here\r\n\r\n"
    b"--r\r\nContent-Type: message/rfc822\r\n\r\n"
    b"Message-ID: <ours@example.org>\r\nSubject: Re: Printer\r\n\r\nHello\r\n"
    b"--r--\r\n"
)
