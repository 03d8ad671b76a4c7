"""A mail server that takes nothing for the moment: 451 at some point, or it takes a mail and hangs up."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from pathlib import Path
from typing import Literal, Self

from deploy.local.sink import END, Outbox

Manner = Literal["MAIL", "RCPT", "DATA", "end", "silent"]
"""Where it says 451; ``silent``: it keeps the mail, and the answer is lost."""

LATER = b"451 4.7.1 Not now\r\n"
ADDRESS = re.compile(rb"<([^>]*)>")


class Grudging:
    """Listens as long as it is entered, in the place of the sink and with its folder."""

    def __init__(self, port: int, folder: Path, manner: Manner) -> None:
        self._port = port
        self._outbox = Outbox(folder)
        self._manner = manner
        self._open: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._dialogue, "127.0.0.1", self._port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for writer in list(self._open):
            writer.transport.abort()
        await self._server.wait_closed()

    async def _dialogue(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._speak(reader, writer)
        finally:
            self._open.discard(writer)
            writer.close()

    async def _speak(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sender, recipients = b"", list[bytes]()
        writer.write(b"220 grudging.localhost ESMTP\r\n")
        while line := await reader.readline():
            verb = line[:4].upper()
            if verb.decode("latin-1") == self._manner:
                answer = LATER
            elif verb in (b"MAIL", b"RCPT"):
                found = ADDRESS.search(line)
                address = found[1] if found else b""
                sender, recipients = (address, []) if verb == b"MAIL" else (sender, [*recipients, address])
                answer = b"250 2.1.0 OK\r\n"
            elif verb == b"DATA":
                writer.write(b"354 Go on\r\n")
                mail = b"\r\n" + await reader.readuntil(END)
                if self._manner == "silent":
                    self._outbox.keep(sender, recipients, mail[2 : -len(END) + 2].replace(b"\r\n..", b"\r\n."))
                    return
                answer = LATER
            else:
                answer = b"221 2.0.0 Bye\r\n" if verb == b"QUIT" else b"250 2.0.0 OK\r\n"
            writer.write(answer)
