"""Sending: a few connections to the next mail server, each used for many mails, and the outcomes written in bulk.

    rows ──▶ queue ──▶ connections (opened when there is work, closed when idle) ──▶ outcomes ──▶ one write for many

A mail's fate at one server: a refusal for good (5xx) is final, anything else comes again later (``domain/outgoing``).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import prometheus_client
import structlog
from aiosmtplib import (
    SMTP,
    SMTPException,
    SMTPRecipientsRefused,
    SMTPResponse,
    SMTPResponseException,
    SMTPServerDisconnected,
)

from ticketwire_contracts.ingest import Attachment

from .domain.directory import Directory
from .domain.outgoing import Outcome, Outgoing, Settled, cap_key, over_cap, settle, withheld
from .domain.telling import may_still_hear

log = structlog.get_logger()

MAILS = prometheus_client.Counter("ticketwire_mails_sent", "Mails by what became of the try", ["fate"])

IDLE_SECONDS = 20.0
"""An unused connection is closed after it."""
SETTLED_AT_ONCE = 200
STOP_SECONDS = 3.0


class Directories(Protocol):
    """Who may still hear what."""

    async def current(self) -> Directory: ...


class Rows(Protocol):
    """Mails on their way out."""

    async def count(self, rows: Sequence[Outgoing], now: datetime) -> Counter[str]: ...
    async def settle(self, outcomes: Sequence[tuple[Settled, str]], now: datetime) -> None: ...


class Blobs(Protocol):
    """Where files lie."""

    async def get(self, name: str) -> bytes | None: ...


Attach = Callable[[bytes, Sequence[tuple[Attachment, bytes]]], bytes]


@dataclass(frozen=True, slots=True)
class Server:
    """The next mail server."""

    host: str
    port: int
    tls: str
    user: str
    password: str
    timeout: float
    connections: int


class Sender:
    """Sends rows, each leased to this replica."""

    def __init__(
        self,
        server: Server,
        rows: Rows,
        directories: Directories,
        blobs: Blobs,
        attach: Attach,
        said: Callable[[], None],
        replies_per_day: int,
        notices_per_day: int,
    ) -> None:
        self._server = server
        self._rows = rows
        self._directories = directories
        self._blobs = blobs
        self._attach = attach
        self._said = said
        self._caps = {"auto_reply": replies_per_day}
        self._notices = notices_per_day
        self._arrived: asyncio.Queue[tuple[Outgoing, str]] = asyncio.Queue()
        self._cleared: asyncio.Queue[tuple[Outgoing, str]] = asyncio.Queue()
        self._done: asyncio.Queue[tuple[Settled, str]] = asyncio.Queue()
        self._lines: set[asyncio.Task[None]] = set()
        self._idle = 0

    def send(self, rows: Sequence[tuple[Outgoing, str]]) -> None:
        """Sends these by and by."""
        for pair in rows:
            self._arrived.put_nowait(pair)

    async def run(self) -> None:
        """Clears what has arrived for sending, for ever: caps and rights of now."""
        try:
            while True:
                pairs = [await self._arrived.get()]
                while not self._arrived.empty():
                    pairs.append(self._arrived.get_nowait())
                try:
                    await self._clear(pairs)
                except Exception as error:
                    # Their lease runs out, and whoever claims them then tries again.
                    log.warning("mails_not_cleared", mails=len(pairs), error=repr(error)[:300])
        finally:
            if self._lines:
                await asyncio.wait(self._lines, timeout=STOP_SECONDS)

    async def _clear(self, pairs: Sequence[tuple[Outgoing, str]]) -> None:
        now = datetime.now(UTC)
        fresh = [row for row, _ in pairs if row.tries == 0]
        counts = await self._rows.count(fresh, now)
        directory = await self._directories.current() if any(row.internal for row, _ in pairs) else None
        for row, lease in reversed(pairs):
            key = cap_key(row, now.date()) if row.tries == 0 else None
            cap = self._caps.get(row.kind, self._notices)
            if key is not None and counts[key] > cap:
                counts[key] -= 1  # the newest are one too many
                self._finish(row, lease, over_cap(row), now)
            elif row.internal and row.thing and directory and not may_still_hear(row.person, row.thing, directory):
                self._finish(row, lease, withheld(row), now)
            else:
                self._cleared.put_nowait((row, lease))
        while self._idle < self._cleared.qsize() and len(self._lines) < self._server.connections:
            line = asyncio.create_task(self._line(), name="notify:connection")
            self._lines.add(line)
            self._idle += 1
            line.add_done_callback(self._lines.discard)

    # ----------------------------------------------------------------------------------------- connections

    async def _line(self) -> None:
        """One connection: sends what is cleared until there was nothing for a while."""
        smtp: SMTP | None = None
        try:
            while True:
                try:
                    async with asyncio.timeout(IDLE_SECONDS):
                        row, lease = await self._cleared.get()
                except TimeoutError:
                    return
                self._idle -= 1
                try:
                    smtp, outcome = await self._try(smtp, row)
                    self._finish(row, lease, outcome, datetime.now(UTC))
                finally:
                    self._idle += 1
        finally:
            self._idle -= 1
            if smtp is not None:
                with suppress(Exception):
                    async with asyncio.timeout(1):
                        await smtp.quit()
                smtp.close()

    async def _try(self, smtp: SMTP | None, row: Outgoing) -> tuple[SMTP | None, Outcome]:
        """One try; a connection that had grown stale is opened anew once."""
        try:
            mail = await self._whole(row)
        except Exception as error:
            return smtp, _all_later(row, f"its files could not be read: {type(error).__name__}")
        for again in (smtp is not None, False):
            try:
                smtp = smtp or await self._connect()
                return smtp, await self._transact(smtp, row, mail)
            except (OSError, TimeoutError, SMTPException, ValueError) as error:
                if smtp is not None:
                    smtp.close()
                smtp = None
                if again and isinstance(error, SMTPServerDisconnected | ConnectionError):
                    continue
                return None, _all_later(row, f"{type(error).__name__}: {error}"[:300])
        return None, _all_later(row, "no connection")

    async def _transact(self, smtp: SMTP, row: Outgoing, mail: bytes) -> Outcome:
        try:
            refusals, _ = await smtp.sendmail(row.sender, list(row.open), mail)
        except SMTPRecipientsRefused as error:
            refusals = {one.recipient: SMTPResponse(one.code, one.message) for one in error.recipients}
        except SMTPServerDisconnected:
            raise
        except SMTPResponseException as error:
            refusals = dict.fromkeys(row.open, SMTPResponse(error.code, error.message))
        told = {address: f"{code} {message}"[:300] for address, (code, message) in refusals.items()}
        return Outcome(
            accepted=tuple(address for address in row.open if address not in refusals),
            refused={address: told[address] for address, (code, _) in refusals.items() if code >= 500},
            deferred={address: told[address] for address, (code, _) in refusals.items() if code < 500},
        )

    async def _whole(self, row: Outgoing) -> bytes:
        if not row.attachments:
            return row.mail
        files: list[tuple[Attachment, bytes]] = []
        for file in row.attachments:
            data = await self._blobs.get(file.sha256)
            if data is None:
                raise LookupError(file.sha256)
            files.append((file, data))
        return self._attach(row.mail, files)

    async def _connect(self) -> SMTP:
        server = self._server
        smtp = SMTP(
            hostname=server.host,
            port=server.port,
            timeout=server.timeout,
            use_tls=server.tls == "tls",
            start_tls=server.tls == "starttls",
            username=server.user or None,
            password=server.password or None,
        )
        await smtp.connect()
        return smtp

    # -------------------------------------------------------------------------------------------- outcomes

    def _finish(self, row: Outgoing, lease: str, outcome: Outcome, now: datetime) -> None:
        settled = settle(row, outcome, now)
        MAILS.labels(settled.row.state).inc()
        if outcome.refused or outcome.deferred:
            log.warning(
                "mail_not_sent",
                row=row.id,
                kind=row.kind,
                ticket=row.ticket,
                state=settled.row.state,
                refused=len(outcome.refused),
                deferred=len(outcome.deferred),
                correlation=row.correlation,
            )
        else:
            log.info("mail_sent", row=row.id, kind=row.kind, ticket=row.ticket, correlation=row.correlation)
        self._done.put_nowait((settled, lease))

    async def write_outcomes(self) -> None:
        """Writes what became of tries, for ever: while one write is under way the next outcomes gather."""
        while True:
            outcomes = [await self._done.get()]
            while not self._done.empty() and len(outcomes) < SETTLED_AT_ONCE:
                outcomes.append(self._done.get_nowait())
            pause = 0.2
            while True:
                try:
                    await self._rows.settle(outcomes, datetime.now(UTC))
                    break
                except Exception as error:
                    # A mail that went out must be known to have gone: tried until it is written or its lease runs out.
                    log.warning("outcomes_not_written", mails=len(outcomes), error=repr(error)[:300])
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, 5.0)
            self._said()


def _all_later(row: Outgoing, why: str) -> Outcome:
    return Outcome(deferred=dict.fromkeys(row.open, why))
