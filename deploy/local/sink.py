"""A lean SMTP server that keeps each mail as a file: where outgoing mail goes when Ticketwire runs natively.

    python -m deploy.local.sink --port 2526 --outbox var/outbox

A mail is written under ``tmp/`` and then renamed to ``<number>-<recipient>.eml``, so whoever looks sees whole mails
only. It stands at the end of every benchmark: one pass over the octets, one write per answer, no parsing.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import signal
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import cast

MAX_OCTETS = 100_000_000
END = b"\r\n.\r\n"

GREETING = b"220 sink.localhost ESMTP\r\n"
EXTENSIONS = (
    b"250-sink.localhost\r\n250-PIPELINING\r\n250-SIZE %d\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"
    b"250 ENHANCEDSTATUSCODES\r\n"
) % MAX_OCTETS
OK = b"250 2.0.0 OK\r\n"
SENDER_OK = b"250 2.1.0 OK\r\n"
RECIPIENT_OK = b"250 2.1.5 OK\r\n"
GO_ON = b"354 End with a line that is a dot\r\n"
BYE = b"221 2.0.0 Bye\r\n"
UNKNOWN = b"500 5.5.1 Not known here\r\n"
WHOM = b"501 5.5.4 An address in <> is needed\r\n"
ORDER = b"503 5.5.1 Not now\r\n"
TOO_LONG = b"552 5.3.4 Too long\r\n"

PATH = re.compile(rb"^\s*(?:FROM|TO):\s*<([^<>\r\n]*)>", re.IGNORECASE)


class Outbox:
    """A folder of mails, numbered in the order of their arrival, going on where an earlier run stopped."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._unfinished = folder / "tmp"
        self._unfinished.mkdir(parents=True, exist_ok=True)
        for left in self._unfinished.iterdir():
            left.unlink()
        self._numbers: Iterator[int] = count(1 + max(self._kept_numbers(), default=0))

    def _kept_numbers(self) -> Iterator[int]:
        for path in self.folder.glob("*.eml"):
            number = path.name.partition("-")[0]
            if number.isdigit():
                yield int(number)

    def keep(self, sender: bytes, recipients: list[bytes], mail: bytes) -> Path:
        """Writes a mail, with its envelope on top as mail servers note it."""
        slug = re.sub(r"[^\w.@+-]", "_", recipients[0].decode(errors="replace"))[:80]
        name = f"{next(self._numbers):08d}-{slug}.eml"
        envelope = [b"Return-Path: <%b>\r\n" % sender, *(b"Delivered-To: %b\r\n" % name for name in recipients)]
        unfinished = self._unfinished / name
        unfinished.write_bytes(b"".join([*envelope, mail]))
        return unfinished.rename(self.folder / name)


class Dialogue(asyncio.Protocol):
    """One connection."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._buffer = bytearray()
        self._seen = 0
        self._in_mail = False
        self._forget()

    def _forget(self) -> None:
        self._sender: bytes | None = None
        self._recipients: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Says hello."""
        self._transport = cast(asyncio.WriteTransport, transport)
        self._transport.write(GREETING)

    def data_received(self, data: bytes) -> None:
        """Takes what came; the answers to all of it leave together (PIPELINING)."""
        self._buffer += data
        answers: list[bytes] = []
        while (answer := self._step()) is not None:
            answers.append(answer)
        if answers:
            self._transport.write(b"".join(answers))
        if BYE in answers or TOO_LONG in answers:
            self._transport.close()

    def _step(self) -> bytes | None:
        """Answers one command or one mail; None when the rest is not here yet."""
        if self._in_mail:
            return self._take_mail()
        end = self._buffer.find(b"\n")
        if end < 0:
            return TOO_LONG if len(self._buffer) > 8192 else None
        line = bytes(self._buffer[:end]).rstrip(b"\r")
        del self._buffer[: end + 1]
        verb, _, rest = line.partition(b" ")
        return self._obey(verb.upper(), rest)

    def _obey(self, verb: bytes, rest: bytes) -> bytes:
        match verb:
            case b"MAIL" | b"RCPT":
                return self._take_address(verb, rest)
            case b"DATA":
                if not self._recipients:
                    return ORDER
                self._in_mail = True
                # The mail may be empty: then its final dot has no line break of the mail's own before it.
                self._buffer[:0] = b"\r\n"
                self._seen = 0
                return GO_ON
            case b"EHLO" | b"HELO" | b"LHLO":
                self._forget()
                return EXTENSIONS if verb != b"HELO" else OK
            case b"RSET":
                self._forget()
                return OK
            case b"NOOP" | b"VRFY":
                return OK
            case b"QUIT":
                return BYE
            case _:
                return UNKNOWN

    def _take_address(self, verb: bytes, rest: bytes) -> bytes:
        found = PATH.match(rest)
        if found is None:
            return WHOM
        if verb == b"MAIL":
            self._forget()
            self._sender = found[1]
            return SENDER_OK
        if self._sender is None:
            return ORDER
        if not found[1]:
            return WHOM
        self._recipients.append(found[1])
        return RECIPIENT_OK

    def _take_mail(self) -> bytes | None:
        # What was searched before is not searched again, but the end may lie across two arrivals.
        end = self._buffer.find(END, max(0, self._seen - len(END)))
        if end < 0:
            self._seen = len(self._buffer)
            return TOO_LONG if self._seen > MAX_OCTETS else None
        mail = bytes(self._buffer[: end + 2]).replace(b"\r\n..", b"\r\n.")[2:]
        del self._buffer[: end + len(END)]
        self._in_mail = False
        assert self._sender is not None
        kept = self._outbox.keep(self._sender, self._recipients, mail)
        self._forget()
        return b"250 2.0.0 Kept as %b\r\n" % kept.name.encode()


async def serve(host: str, port: int, outbox: Outbox) -> None:
    """Listens until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    server = await loop.create_server(lambda: Dialogue(outbox), host, port, backlog=512)
    await stopping.wait()
    server.close()


def main() -> None:
    """Reads the arguments and serves."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=2526)
    parser.add_argument("--outbox", type=Path, default=Path("var/outbox"))
    given = parser.parse_args()
    import uvloop

    uvloop.run(serve(given.host, given.port, Outbox(given.outbox)))


if __name__ == "__main__":
    main()
