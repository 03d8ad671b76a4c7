"""``ticketwire mail …`` and ``ticketwire account``: sending, explaining and re-reading mails, and where all went."""

from __future__ import annotations

import asyncio
import os
import re
import smtplib
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from ticketwire_chassis.cli import ask, end_with
from ticketwire_chassis.mongo import ASCENDING, Doc, PyMongoError, open_database
from ticketwire_contracts.base import Answer
from ticketwire_contracts.ingest import RereadMailsV1, ShowAccountV1

from .domain import addresses, arrivals, read_mail, recipients_of, unread_mail
from .domain.headers import cut

ENDINGS = re.compile(rb"\r\n|\r|\n")
HEAD = 256 * 1024
AT_ONCE = 1000
"""Rows in one order."""
AGAIN = ["read", "settled", "parked"]
"""States in which a mail can be read again."""
PARTS = ("ticketed", "ignored", "refused", "parked", "under_way")

Files = Annotated[list[Path], typer.Argument(help="Files with one raw mail each; `-` is standard input.")]
BrokerUrl = Annotated[str, typer.Option(envvar="TICKETWIRE_BROKER_URL", help="RabbitMQ, as an operator.")]
MongoUrl = Annotated[str, typer.Option(envvar="TICKETWIRE_MONGO_URL", help="MongoDB, as an operator.")]
Since = Annotated[str, typer.Option(help="From then on, e.g. `2026-03-01` or `2026-03-01T14:30+01:00`; UTC if bare.")]
BROKER = "amqp://guest:guest@127.0.0.1:5672/"
MONGO = "mongodb://127.0.0.1:27017/?replicaSet=ticketwire"

cli = typer.Typer()
mail = typer.Typer(help="Mails: send, explain, read again.", no_args_is_help=True)
cli.add_typer(mail, name="mail")


# ------------------------------------------------------------------------------------------------------- sending


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail on its way out: who hands it in, for whom, and its octets."""

    sender: str
    recipients: list[str]
    raw: bytes


class Line:
    """One connection to an SMTP server, made when needed and made again when the server has closed it."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._smtp: smtplib.SMTP | None = None

    def send(self, letter: Letter) -> str:
        """Sends one mail; nothing when it was taken, else the server's words."""
        try:
            smtp = self._connected()
            return self._dialogue(smtp, letter)
        except smtplib.SMTPServerDisconnected:
            self._smtp = None
            return "the server closed the connection; try again"
        except smtplib.SMTPResponseException as error:
            self.close()
            return _words(error.smtp_code, error.smtp_error)
        except TimeoutError:
            self._smtp = None
            return "the server did not answer in time; try again"

    def _connected(self) -> smtplib.SMTP:
        if self._smtp is None:
            smtp = smtplib.SMTP(timeout=60)
            try:
                code, words = smtp.connect(self._host, self._port)
            except OSError as error:
                end_with(
                    f"no SMTP server answers at {self._host}:{self._port} ({error.strerror or error}); start the "
                    "system, or say where it is with --host and --port"
                )
            if code != 220:
                smtp.close()
                raise smtplib.SMTPResponseException(code, words)
            smtp.ehlo_or_helo_if_needed()
            self._smtp = smtp
        return self._smtp

    def _dialogue(self, smtp: smtplib.SMTP, letter: Letter) -> str:
        options = [] if letter.raw.isascii() or not smtp.has_extn("8bitmime") else ["BODY=8BITMIME"]
        if not "".join([letter.sender, *letter.recipients]).isascii():
            if not smtp.has_extn("smtputf8"):
                return "550 the server takes no addresses beyond ASCII; name others with --from and --to"
            options.append("SMTPUTF8")
        code, words = smtp.mail(letter.sender, options)
        for recipient in letter.recipients:
            if code < 400:
                code, words = smtp.rcpt(recipient)
        if code < 400:
            code, words = smtp.data(letter.raw)
        if code < 400:
            return ""
        with suppress(smtplib.SMTPException, OSError):
            smtp.rset()
        return _words(code, words)

    def close(self) -> None:
        """Says goodbye, if anyone is there."""
        if self._smtp is not None:
            with suppress(smtplib.SMTPException, OSError):
                self._smtp.quit()
            self._smtp = None


def _words(code: int, words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return f"{code} {' '.join(text.split())}"


@mail.command()
def send(
    files: Files,
    host: Annotated[str, typer.Option(help="Where the SMTP server is.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Its port.")] = 2525,
    to: Annotated[list[str] | None, typer.Option(help="Envelope recipient, repeatable; else To and Cc.")] = None,
    from_: Annotated[
        str | None, typer.Option("--from", help="Envelope sender, `<>` for none; else Return-Path or From.")
    ] = None,
) -> None:
    """Sends mails by SMTP as they are, one after another; exit code 1 if any was refused."""
    line = Line(host, port)
    refused = 0
    with progress() as bar:
        task = bar.add_task("sending", total=len(files))
        for file in files:
            try:
                why = line.send(letter(_octets(file), to or [], from_))
            except (OSError, ValueError) as error:
                why = _reason(error)
            if why:
                refused += 1
                bar.console.print(f"{file}: {why}", markup=False, highlight=False, soft_wrap=True)
            bar.advance(task)
        line.close()
    typer.echo(f"{len(files) - refused} sent, {refused} refused" if refused else f"{len(files)} sent", err=True)
    if refused:
        raise typer.Exit(1)


def letter(raw: bytes, to: Sequence[str], sender: str | None) -> Letter:
    """The envelope of a mail: what is given, else what its headers say. ValueError when there is no recipient."""
    if not raw.strip():
        raise ValueError("empty; give a file with a mail in it")
    recipients = list(to)
    if not recipients:
        recipients = [one.address for one in recipients_of(raw) if arrivals.well_formed(one.address)]
    if not recipients:
        raise ValueError("it names no recipient; name one with --to")
    if sender is None:
        fields, _ = cut(raw[:HEAD], [])
        path = fields.raw(b"return-path")
        found = addresses.read(path or fields.raw(b"from"), [], "")
        sender = found[0].address if found else ""
    return Letter(sender.strip("<> "), recipients, ENDINGS.sub(b"\r\n", raw))


def progress() -> Progress:
    """A bar on stderr, where there is a terminal."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    )


# ---------------------------------------------------------------------------------------------------- explaining


@mail.command()
def explain(
    files: Files,
    from_: Annotated[
        str | None, typer.Option("--from", help="The envelope sender, `<>` for none; unknown without it.")
    ] = None,
) -> None:
    """Prints what is read out of mails: one JSON object per line and file. Needs no running server."""
    missing = 0
    sender = None if from_ is None else from_.strip("<> ")
    for file in files:
        try:
            raw = _octets(file)
        except OSError as error:
            missing += 1
            typer.echo(f"{file}: {_reason(error)}", err=True)
            continue
        sys.stdout.buffer.write(explained(str(file), raw, sender) + b"\n")
        sys.stdout.buffer.flush()
    if missing:
        raise typer.Exit(1)


def explained(file: str, raw: bytes, sender: str | None = None) -> bytes:
    """One mail as one line of JSON."""
    try:
        read = read_mail(raw, sender)
    except Exception as error:
        # As the worker does: what breaks the parser is shown as a mail that nobody could read.
        read = unread_mail(raw, sender, type(error).__name__)
    # A file name need not be text.
    name = file.encode("utf-8", "replace").decode()
    return orjson.dumps({"file": name, **read.reading.model_dump(mode="json", by_alias=True)})


# ----------------------------------------------------------------------------------------------- account, reread


@cli.command()
def account(since: Since = "", broker_url: BrokerUrl = BROKER, json: bool = False) -> None:
    """Shows where all mail went, and whether received = the sum of the rest; exit code 1 if it is not."""
    (answer,) = asyncio.run(ask(broker_url, ShowAccountV1(since=moment(since) if since else None)))
    found = _result(answer)
    if json:
        typer.echo(orjson.dumps(found))
    else:
        table = Table(show_header=False, box=None)
        table.add_column()
        table.add_column(justify="right")
        table.add_row("received", str(found["received"]), style="bold")
        for part in PARTS:
            table.add_row(("= " if part == PARTS[0] else "+ ") + part.replace("_", " "), str(found[part]))
        table.add_row("late", str(found["late"]), style="red" if found["late"] else "")
        Console(markup=False, highlight=False).print(table)
        typer.echo("It balances." if found["balances"] else "It does NOT balance.")
        _tell_given_up(found.get("given_up", []), found["parked"])
    if found["late"]:
        typer.echo("Late: under way for more than 15 minutes. Look at `ticketwire parked list` and the logs.", err=True)
    if not found["balances"]:
        raise typer.Exit(1)


def _tell_given_up(named: list[Doc], parked: int) -> None:
    """The mails that are parked, and how they come back."""
    if not named:
        return
    typer.echo("Parked, the newest first; once the cause is mended, `ticketwire mail reread ROW …` brings them back:")
    for one in named:
        typer.echo(f"  {one['mail']}  {one['why']}")
    if parked > len(named):
        typer.echo(f"  and {parked - len(named)} more")


@mail.command()
def reread(
    rows: Annotated[list[str] | None, typer.Argument(help="Rows, as `250 Kept as …` and the log name them.")] = None,
    since: Since = "",
    until: Annotated[str, typer.Option(help="With --since: before then.")] = "",
    unparsed: Annotated[bool, typer.Option(help="With --since: only mails that the parser could not read.")] = False,
    broker_url: BrokerUrl = BROKER,
    mongo_url: MongoUrl = MONGO,
) -> None:
    """Has mails read again by the parser of today: these rows, or all that came since a time."""
    if bool(rows) == bool(since):
        end_with("name rows, or a time with --since, and not both")
    if since:
        chosen = _rows_of(moment(since), moment(until) if until else None, unparsed)
        rows = asyncio.run(_rows(mongo_url, chosen))
    wanted = list(dict.fromkeys(rows or []))
    orders = [RereadMailsV1(mails=wanted[at : at + AT_ONCE]) for at in range(0, len(wanted), AT_ONCE)]
    again = sum(_result(answer)["reread"] for answer in asyncio.run(ask(broker_url, *orders))) if orders else 0
    typer.echo(f"{again} of {len(wanted)} to be read again")
    if again < len(wanted):
        typer.echo("The others are unknown, ignored, or still under way; `ticketwire account` counts them.", err=True)
        raise typer.Exit(1)


def _rows_of(since: datetime, until: datetime | None, unparsed: bool) -> Doc:
    ids = {"$gte": arrivals.first_row(since)} | ({"$lt": arrivals.first_row(until)} if until else {})
    return {"_id": ids, "state": {"$in": AGAIN}} | ({"unparsed": True} if unparsed else {})


async def _rows(mongo_url: str, match: Doc) -> list[str]:
    db = open_database(mongo_url, os.environ.get("INGEST_MONGO_DATABASE") or "ticketwire_ingest", "pymongo")
    try:
        return [row["_id"] for row in await db["mails"].find(match, {"_id": 1}, sort=[("_id", ASCENDING)])]
    except PyMongoError as error:
        end_with(
            f"MongoDB cannot be used ({type(error).__name__}); start the system, then "
            "`source var/secrets/environment` or name it with --mongo-url"
        )
    finally:
        await db.close()


def moment(text: str) -> datetime:
    """A point in time as people type it; UTC when no zone is named."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        end_with(f"`{text}` is no time; write it as 2026-03-01 or 2026-03-01T14:30+01:00")
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def _result(answer: Answer) -> Doc:
    if answer.problem:
        end_with(f"ingest refused: {answer.problem.title}. {answer.problem.detail}".rstrip())
    return answer.result


def _octets(file: Path) -> bytes:
    return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
