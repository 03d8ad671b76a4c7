"""The SMTP server: aiosmtpd's dialogue, our way of taking the data, and 250 only for what is kept."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Protocol

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session
from prometheus_client import Counter, Gauge

from ..domain import arrivals
from ..domain.arrivals import Arrival
from .room import Place
from .rounds import Unavailable

log = structlog.get_logger()

REFUSED = Counter("ticketwire_mails_refused", "Mails or recipients refused in the SMTP dialogue", ["code"])
CONNECTIONS = Gauge("ticketwire_smtp_connections", "Open SMTP connections")

RECIPIENTS = 100
PLAIN = re.compile(r"<([A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@[A-Za-z0-9.-]+)>")
PIECE_OCTETS = 64 * 1024
"""So much is taken from a connection at once. Lines may be longer, as real HTML mails have them."""
AGAIN = "451 4.3.0 Cannot keep it now, come again"


class Taker(Protocol):
    """Who keeps mail."""

    async def take(self, mails: Sequence[Arrival]) -> None: ...
    def place(self) -> Place: ...


class Dialogue(SMTP):
    """One connection. Data is read in large pieces instead of line by line."""

    line_length_limit = PIECE_OCTETS

    def __init__(self, taker: Taker, **options: Any) -> None:
        super().__init__(Hooks(taker), **options)
        self._place = taker.place

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """The address of MAIL and RCPT; nearly all are plain, and the grammar costs a hundred times the CPU."""
        plain = PLAIN.match(arg)
        if plain is None:
            return super()._getaddr(arg)
        return plain[1], arg[plain.end() :]

    async def smtp_DATA(self, arg: str) -> None:
        """DATA: everything up to a dot alone between two CRLF; no other line end counts, so nothing can be smuggled."""
        if await self.check_helo_needed():
            return
        envelope = self.envelope
        if envelope is None or not envelope.rcpt_tos:
            await self.push("503 Error: need RCPT command")
            return
        if arg:
            await self.push("501 Syntax: DATA")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        with self._place() as place:
            content = await self._content(place)
        if isinstance(content, str):
            REFUSED.labels(content[:3]).inc()
            await self.push(content)
        else:
            envelope.content = envelope.original_content = content
            await self.push(await self._call_handler_hook("DATA"))
        self._set_post_data_state()  # type: ignore[no-untyped-call]

    async def _content(self, place: Place) -> bytes | str:
        """The mail's octets without the stuffed dots, or why it is not taken (it is read to its end anyway)."""
        pieces: list[bytes] = []
        refusal = ""
        size, limit = 0, (self.data_size_limit or 2**62) + len(b".\r\n")
        tail = b"\r\n"
        while True:
            try:
                piece = await self._reader.readuntil(b".\r\n")
            except asyncio.LimitOverrunError as error:
                piece = await self._reader.read(error.consumed)
            except asyncio.CancelledError:
                self._writer.close()
                raise
            size += len(piece)
            if size > limit:
                refusal = f"552 5.3.4 Mail larger than {self.data_size_limit} octets"
            if size > place.octets:
                self._reset_timeout()  # who sends slowly sends all the same
                if not refusal and not place.reach(size, coming=True):
                    refusal = AGAIN
            if refusal:
                pieces.clear()
                place.leave()
            else:
                pieces.append(piece)
            tail = (tail + piece)[-5:]
            if tail == b"\r\n.\r\n":
                break
        if refusal:
            return refusal
        content = b"".join(pieces)[:-3]
        if content.startswith(b"."):
            content = content[1:]
        return content.replace(b"\r\n..", b"\r\n.")


class Server:
    """Listens until it is cancelled. Every connection is a ``Dialogue`` that hands its mails to ``taker``."""

    def __init__(self, taker: Taker, host: str, port: int, name: str, largest: int, connections: int) -> None:
        self._taker = taker
        self._host = host
        self._port = port
        self._name = name
        self._largest = largest
        self._most = connections
        self._open: set[Dialogue] = set()
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """Where it listens, once it does."""
        sockets = self._server.sockets if self._server else ()
        return int(sockets[0].getsockname()[1]) if sockets else self._port

    async def listening(self) -> bool:
        """For readiness."""
        return self._server is not None and self._server.is_serving()

    async def run(self) -> None:
        """Serves, for ever."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._dialogue, self._host, self._port, backlog=512)
        log.info("smtp_listens", host=self._host, port=self.port)
        try:
            await asyncio.Event().wait()
        finally:
            self._server.close()
            for dialogue in list(self._open):
                if dialogue.transport is not None:
                    dialogue.transport.close()

    def _dialogue(self) -> Dialogue:
        opened: Callable[[Dialogue], bool] = self._opened

        class Counted(Dialogue):
            """A dialogue that its server knows of."""

            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                if opened(self):
                    super().connection_made(transport)
                else:
                    REFUSED.labels("421").inc()
                    with suppress(OSError):
                        transport.write(b"421 4.3.2 Too many connections, come again\r\n")  # type: ignore[attr-defined]
                    transport.close()

            def connection_lost(self, error: Exception | None) -> None:
                closed(self)
                if self.transport is not None:
                    super().connection_lost(error)

        closed = self._closed
        return Counted(
            self._taker,
            data_size_limit=self._largest,
            enable_SMTPUTF8=True,
            hostname=self._name,
            ident="Ticketwire",
        )

    def _opened(self, dialogue: Dialogue) -> bool:
        if len(self._open) >= self._most:
            return False
        self._open.add(dialogue)
        CONNECTIONS.set(len(self._open))
        return True

    def _closed(self, dialogue: Dialogue) -> None:
        self._open.discard(dialogue)
        CONNECTIONS.set(len(self._open))


class Hooks:
    """What happens at RCPT and DATA."""

    def __init__(self, taker: Taker) -> None:
        self._taker = taker

    async def handle_EHLO(
        self, server: Any, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Sender, recipients and DATA may come together (RFC 2920): commands are taken one by one as they lie there."""
        session.host_name = hostname
        return [responses[0], "250-PIPELINING", *responses[1:]]

    async def handle_RCPT(
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Any recipient that can be one: which queue it is for, or the catch-all, is decided later."""
        if not arrivals.well_formed(address):
            REFUSED.labels("553").inc()
            return "553 5.1.3 Not a mail address"
        if len(envelope.rcpt_tos) >= RECIPIENTS:
            REFUSED.labels("452").inc()
            return f"452 4.5.3 More than {RECIPIENTS} recipients"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:
        """250 once it is in the database for good, else 451: the sender keeps it and comes again."""
        correlation = uuid.uuid4().hex
        raw = envelope.content if isinstance(envelope.content, bytes) else b""
        mails = arrivals.arrivals(raw, envelope.rcpt_tos, envelope.mail_from or "", datetime.now(UTC), correlation)
        try:
            await self._taker.take(mails)
        except Unavailable as error:
            REFUSED.labels("451").inc()
            log.warning("mail_not_taken", why=str(error), size=len(raw), correlation=correlation)
            return AGAIN
        return f"250 2.0.0 Kept as {mails[0].row}"
