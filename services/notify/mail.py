"""Sending: a few connections to the next mail server, each used for many mails, and the outcomes written in bulk.

    rows ──▶ queue ──▶ connections (opened when there is work, closed when idle) ──▶ outcomes ──▶ one write for many

A mail's fate at one server: a refusal for good (5xx) is final, anything else comes again later (``domain/outgoing``).
What has waited here for long is asked for anew before it goes out: another replica may have sent it meanwhile.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol, TypeVar

import prometheus_client
import structlog
from aiosmtplib import (
    SMTP,
    SMTPException,
    SMTPHeloError,
    SMTPRecipientsRefused,
    SMTPResponse,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)

from ticketwire_chassis.failures import what_failed
from ticketwire_contracts.ingest import Attachment

from .domain.addresses import spelled
from .domain.directory import Directory
from .domain.outgoing import NO_ADDRESS, Outcome, Outgoing, Settled, cap_key, forbidden, over_cap, settle, withheld
from .domain.telling import may_still_hear

log = structlog.get_logger()
Item = TypeVar("Item")

MAILS = prometheus_client.Counter("ticketwire_mails_sent", "Mails by what became of the try", ["fate"])

IDLE_SECONDS = 20.0
"""An unused connection is closed after it."""
FRESH_SECONDS = 15.0
"""After so long a wait here a row's lease is renewed before it is sent."""
KEEP_SECONDS = 15.0
"""So often the leases of mails that are being sent are renewed; both stay well under ``store.LEASE``."""
TRY_SECONDS = 300.0
"""A try takes no longer."""
BACKLOG = 2000
"""So many mails wait here at most; what comes beyond stays in its row and is found there when it is due."""
SETTLED_AT_ONCE = 200
STOP_SECONDS = 3.0
OUR_FAULT = frozenset((503, 530, 534, 535, 538))
"""Refusals that speak of how we came, not of the mail: someone will mend it, so the mail comes again."""


class Directories(Protocol):
    """Who may still hear what."""

    async def current(self) -> Directory: ...


class Rows(Protocol):
    """Mails on their way out."""

    async def count(self, rows: Sequence[Outgoing], now: datetime) -> Counter[str]: ...
    async def settle(self, outcomes: Sequence[tuple[Settled, str]], now: datetime) -> None: ...
    async def renew(self, row: str, lease: str, now: datetime) -> bool: ...
    async def release(self, pairs: Sequence[tuple[str, str]], now: datetime) -> None: ...


class Blobs(Protocol):
    """Where files lie."""

    async def get(self, name: str) -> bytes | None: ...


Attach = Callable[[bytes, Sequence[tuple[Attachment, bytes]]], bytes]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A row that waits for a connection, and since when (monotonic)."""

    row: Outgoing
    lease: str
    since: float


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
        self._arrived: asyncio.Queue[Waiting] = asyncio.Queue()
        self._cleared: asyncio.Queue[Waiting] = asyncio.Queue()
        self._done: asyncio.Queue[tuple[Settled, str]] = asyncio.Queue()
        self._lines: set[asyncio.Task[None]] = set()
        self._idle: set[asyncio.Task[None]] = set()
        self._trying: dict[str, Waiting] = {}
        self._unwritten = False
        self._stopping = False
        self._ended = asyncio.Event()

    def send(self, rows: Sequence[tuple[Outgoing, str]]) -> None:
        """Sends these by and by; those for which there is no room come again when their lease has run out."""
        now = time.monotonic()
        for row, lease in rows:
            if self._backlog() < BACKLOG:
                self._arrived.put_nowait(Waiting(row, lease, now))

    def has_room(self) -> bool:
        """Whether more mails may be claimed: rather than wait here they wait where any replica finds them.

        None while outcomes are not written: a mail that has gone out may look as if it had not.
        """
        return self._backlog() < BACKLOG // 2 and not self._unwritten

    def _backlog(self) -> int:
        return self._arrived.qsize() + self._cleared.qsize()

    async def run(self) -> None:
        """Clears what has arrived for sending, for ever: caps and rights of now. At the stop, ends what was begun."""
        keeping = asyncio.create_task(self._keep(), name="notify:leases")
        try:
            while True:
                batch = [await self._arrived.get()]
                while not self._arrived.empty():
                    batch.append(self._arrived.get_nowait())
                try:
                    await self._clear(batch)
                except Exception as error:
                    # Their lease runs out, and whoever claims them then tries again.
                    log.warning("mails_not_cleared", mails=len(batch), error=what_failed(error))
        finally:
            await self._end()
            keeping.cancel()

    async def _keep(self) -> None:
        """Renews the leases of mails that are being sent: a slow server must not make another replica send them too."""
        while True:
            await asyncio.sleep(KEEP_SECONDS)
            for one in list(self._trying.values()):
                with suppress(Exception):
                    await self._rows.renew(one.row.id, one.lease, datetime.now(UTC))

    async def _end(self) -> None:
        """Nothing new is begun; tries under way have a moment to end; the others' rows are free for whoever starts."""
        self._stopping = True
        left = [*_emptied(self._arrived), *_emptied(self._cleared)]
        for line in self._idle:
            line.cancel()
        if self._lines:
            _, late = await asyncio.wait(self._lines, timeout=STOP_SECONDS)
            for line in late:
                line.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        self._ended.set()
        if left:
            with suppress(Exception):
                async with asyncio.timeout(1):
                    await self._rows.release([(one.row.id, one.lease) for one in left], datetime.now(UTC))

    async def _clear(self, batch: Sequence[Waiting]) -> None:
        now = datetime.now(UTC)
        counts = await self._rows.count([one.row for one in batch if one.row.tries == 0], now)
        directory = await self._directories.current() if any(one.row.internal for one in batch) else None
        refused: set[str] = set()
        for one in reversed(batch):  # the newest are one too many
            key = cap_key(one.row, now.date()) if one.row.tries == 0 else None
            if key is not None and counts[key] > self._caps.get(one.row.kind, self._notices):
                counts[key] -= 1
                refused.add(one.row.id)
        for one in batch:
            if one.row.forbidden:
                self._finish(one, forbidden(one.row), now)
            elif one.row.id in refused:
                self._finish(one, over_cap(one.row), now)
            elif directory is not None and not _may_hear(one.row, directory):
                self._finish(one, withheld(one.row), now)
            else:
                self._cleared.put_nowait(one)
        while len(self._idle) < self._cleared.qsize() and len(self._lines) < self._server.connections:
            line = asyncio.create_task(self._line(), name="notify:connection")
            self._lines.add(line)
            self._idle.add(line)
            line.add_done_callback(self._gone)

    def _gone(self, line: asyncio.Task[None]) -> None:
        self._lines.discard(line)
        self._idle.discard(line)
        if not line.cancelled() and (error := line.exception()) is not None:
            log.error("connection_died", error=what_failed(error))

    # ----------------------------------------------------------------------------------------- connections

    async def _line(self) -> None:
        """One connection: sends what is cleared until there was nothing for a while."""
        this = asyncio.current_task()
        assert this is not None
        smtp: SMTP | None = None
        try:
            while True:
                try:
                    async with asyncio.timeout(IDLE_SECONDS):
                        one = await self._cleared.get()
                except TimeoutError:
                    if self._cleared.empty():  # what came in the same moment is not left lying
                        return
                    continue
                self._idle.discard(this)
                smtp = await self._send(smtp, one)
                if self._stopping:
                    return
                self._idle.add(this)
        finally:
            if smtp is not None:
                if this in self._idle or self._stopping:
                    with suppress(Exception):
                        async with asyncio.timeout(1):
                            await smtp.quit()
                smtp.close()

    async def _send(self, smtp: SMTP | None, one: Waiting) -> SMTP | None:
        """Sends one, if it is still ours and still wanted; gives the connection if it can be used again."""
        if time.monotonic() - one.since > FRESH_SECONDS:
            try:
                if not await self._rows.renew(one.row.id, one.lease, datetime.now(UTC)):
                    return smtp
                if one.row.internal and not _may_hear(one.row, await self._directories.current()):
                    self._finish(one, withheld(one.row), datetime.now(UTC))
                    return smtp
            except Exception as error:
                log.warning("mail_not_renewed", row=one.row.id, error=what_failed(error))
                return smtp
        self._trying[one.row.id] = one
        try:
            smtp, outcome = await self._try(smtp, one.row)
        finally:
            del self._trying[one.row.id]
        self._finish(one, outcome, datetime.now(UTC))
        return smtp

    async def _try(self, smtp: SMTP | None, row: Outgoing) -> tuple[SMTP | None, Outcome]:
        """One try; a connection that had grown stale is opened anew once."""
        lost = {address: NO_ADDRESS for address in row.open if spelled(address) != address}
        whom = tuple(address for address in row.open if address not in lost)
        if not whom:
            return smtp, Outcome(refused=lost)
        try:
            mail = await self._whole(row)
        except Exception as error:
            return smtp, _all_later(whom, f"its files could not be read: {type(error).__name__}", lost)
        deadline = asyncio.get_running_loop().time() + TRY_SECONDS
        for again in (smtp is not None, False):
            try:
                async with asyncio.timeout_at(deadline):
                    smtp = smtp or await self._connect()
                    outcome = await self._transact(smtp, row.sender, whom, mail)
                    return smtp, replace(outcome, refused={**outcome.refused, **lost})
            except (OSError, TimeoutError, SMTPException, ValueError) as error:
                if smtp is not None:
                    smtp.close()
                smtp = None
                if again and isinstance(error, SMTPServerDisconnected | ConnectionError):
                    continue
                return None, _all_later(whom, _words(error), lost)
            except asyncio.CancelledError:
                if smtp is not None:
                    smtp.close()
                raise
        return None, _all_later(whom, "no connection", lost)

    async def _transact(self, smtp: SMTP, sender: str, whom: Sequence[str], mail: bytes) -> Outcome:
        try:
            refusals, _ = await smtp.sendmail(sender, list(whom), mail)
        except SMTPRecipientsRefused as error:
            refusals = {one.recipient: SMTPResponse(one.code, one.message) for one in error.recipients}
        except SMTPServerDisconnected:
            raise
        except SMTPHeloError as error:
            return _all_later(whom, f"{error.code} {error.message}"[:300])
        except SMTPSenderRefused as error:
            if error.code in OUR_FAULT:
                return _all_later(whom, f"{error.code} {error.message}"[:300])
            refusals = dict.fromkeys(whom, SMTPResponse(error.code, error.message))
        except SMTPResponseException as error:
            refusals = dict.fromkeys(whom, SMTPResponse(error.code, error.message))
        told = {address: f"{code} {message}"[:300] for address, (code, message) in refusals.items()}
        return Outcome(
            accepted=tuple(address for address in whom if address not in refusals),
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

    def _finish(self, one: Waiting, outcome: Outcome, now: datetime) -> None:
        row = one.row
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
        self._done.put_nowait((settled, one.lease))

    async def write_outcomes(self) -> None:
        """Writes what became of tries, for ever: while one write is under way the next outcomes gather.

        At the stop it outlives the connections: a mail that went out must be known to have gone.
        """
        outcomes: list[tuple[Settled, str]] = []
        try:
            while True:
                outcomes = [await self._done.get()]
                while not self._done.empty() and len(outcomes) < SETTLED_AT_ONCE:
                    outcomes.append(self._done.get_nowait())
                await self._write(outcomes)
                outcomes = []
                self._said()
        finally:
            with suppress(TimeoutError):
                async with asyncio.timeout(STOP_SECONDS + 0.5):
                    await self._ended.wait()
            outcomes += _emptied(self._done)
            if outcomes:
                async with asyncio.timeout(1):
                    await self._rows.settle(outcomes, datetime.now(UTC))

    async def _write(self, outcomes: Sequence[tuple[Settled, str]]) -> None:
        """Tries until it is written; a second time changes nothing, since the first takes the lease away."""
        pause = 0.2
        while True:
            try:
                await self._rows.settle(outcomes, datetime.now(UTC))
                self._unwritten = False
                return
            except Exception as error:
                self._unwritten = True
                log.warning("outcomes_not_written", mails=len(outcomes), error=what_failed(error))
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)


def _words(error: Exception) -> str:
    """Why it could not be handed over; the next server's own words are for whoever reads the mail's fate."""
    return f"{type(error).__name__}: {error}"[:300] if isinstance(error, SMTPException) else what_failed(error)


def _all_later(whom: Sequence[str], why: str, lost: Mapping[str, str] | None = None) -> Outcome:
    return Outcome(deferred=dict.fromkeys(whom, why), refused=lost or {})


def _may_hear(row: Outgoing, directory: Directory) -> bool:
    return not row.internal or row.thing is None or may_still_hear(row.person, row.thing, directory)


def _emptied(queue: asyncio.Queue[Item]) -> list[Item]:
    return [queue.get_nowait() for _ in range(queue.qsize())]
