"""``ticketwire audit``: whether the history is as it was written, and signed heads to prove it later."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ..mongo import Database, Driver, open_database
from ..signing import Signer
from . import anchors
from .walk import Report, States, Walk
from .witness import Witness

SERVICES = ("ingest", "tickets", "escalation", "notify")
"""Those that may have a log; the gateway has none, and is the witness."""

states: dict[str, States] = {}
"""How each installed service's states follow from its events; ``ticketwire``'s root fills it in."""

cli = typer.Typer(help="The history: verify it, anchor it.", no_args_is_help=True)

ServiceName = Literal["ingest", "tickets", "escalation", "notify"]
Only = Annotated[ServiceName | None, typer.Option("--service", help="One service; else all that have a log.")]
MongoUrl = Annotated[
    str,
    typer.Option(
        envvar="TICKETWIRE_MONGO_URL",
        help="MongoDB, as a user who may read; <SERVICE>_MONGO_URL and <SERVICE>_MONGO_DATABASE win.",
    ),
]
DriverName = Annotated[Driver, typer.Option(envvar="TICKETWIRE_MONGO_DRIVER", help="Which MongoDB client.")]
Secret = Annotated[
    str, typer.Option(envvar="TICKETWIRE_SECRET", help="The services' shared key; signs and checks anchors.")
]
DEFAULT_URL = "mongodb://127.0.0.1:27017/?replicaSet=ticketwire"


@cli.command()
def verify(
    service: Only = None,
    anchors_from: Annotated[
        Path | None, typer.Option("--anchors", exists=True, help="A file of anchors, or a folder of such files.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="A line of JSON per service.")] = False,
    mongo_url: MongoUrl = DEFAULT_URL,
    driver: DriverName = "motor",
    secret: Secret = "",
) -> None:
    """Walks the log place by place and names the first broken one. Exit code 1 when there is one."""
    known = _anchors(anchors_from, secret)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=as_json,
    ) as bar:
        reports = asyncio.run(_verify([service] if service else list(SERVICES), known, mongo_url, driver, bar))
    for report in reports:
        typer.echo(orjson.dumps(asdict(report)).decode() if as_json else described(report))
    if not reports:
        typer.echo("[]" if as_json else "There is no log.")
    if any(report.broken for report in reports):
        raise typer.Exit(1)


@cli.command()
def anchor(
    service: Only = None,
    out: Annotated[Path | None, typer.Option("--out", help="Appended to; else printed.")] = None,
    mongo_url: MongoUrl = DEFAULT_URL,
    driver: DriverName = "motor",
    secret: Secret = "",
) -> None:
    """Writes the signed head of each log. Keep it where nobody who can write to the database can."""
    signer = _signer(secret)
    heads = asyncio.run(_heads([service] if service else list(SERVICES), signer, mongo_url, driver))
    if not heads:
        typer.echo("There is no log.", err=True)
        raise typer.Exit(1)
    if out is None:
        typer.echo(b"".join(one.line() for one in heads).decode(), nl=False)
        return
    with out.open("ab") as file:
        file.writelines(one.line() for one in heads)
    for one in heads:
        typer.echo(f"{one.service}: anchored at place {one.place}")


def described(report: Report) -> str:
    """A report in a line for people."""
    if report.broken:
        return f"{report.service}: BROKEN at {report.broken}"
    said = [f"{report.places} places are whole"]
    if report.pending:
        said.append(f"{report.pending} wait for their place")
    if report.erased:
        said.append(f"{report.erased} values were erased by commits that say so")
    said.append(f"{report.witnessed} agree with what the gateway heard" if report.witnessed else "no witness")
    if report.anchored:
        said.append(f"{report.anchored} agree with anchors")
    if not report.recomputed:
        said.append("states not recomputed, the service is not installed")
    return f"{report.service}: {'; '.join(said)}"


async def _verify(
    services: Sequence[str],
    known: list[anchors.Anchor],
    url: str,
    driver: Driver,
    bar: Progress,
) -> list[Report]:
    gateway = _database("gateway", url, driver)
    witness = Witness(gateway)
    reports = []
    for service in services:
        db = _database(service, url, driver)
        own = {one.place: one.chain for one in known if one.service == service}
        heard = await witness.newest(service)
        if own or heard or await db["commits"].find_one({}, {"_id": 1}):
            task = bar.add_task(service, total=None)

            def step(done: int, total: int, task: object = task) -> None:
                bar.update(task, completed=done, total=max(total, done))  # type: ignore[arg-type]

            reports.append(await Walk(db, service, states.get(service), witness, own).run(step))
        await db.close()
    await gateway.close()
    return reports


async def _heads(services: Sequence[str], signer: Signer, url: str, driver: Driver) -> list[anchors.Anchor]:
    found = []
    for service in services:
        db = _database(service, url, driver)
        found.append(await anchors.head(db, service, signer, datetime.now(UTC)))
        await db.close()
    return [one for one in found if one is not None]


def _anchors(path: Path | None, secret: str) -> list[anchors.Anchor]:
    if path is None:
        return []
    try:
        return anchors.read(path, _signer(secret))
    except anchors.BadAnchor as error:
        raise typer.BadParameter(str(error), param_hint="--anchors") from error


def _signer(secret: str) -> Signer:
    if len(secret) < 32:
        raise typer.BadParameter("The services' shared key is needed: set TICKETWIRE_SECRET.", param_hint="--secret")
    return Signer(secret)


def _database(service: str, url: str, driver: Driver) -> Database:
    prefix = service.upper()
    name = os.environ.get(f"{prefix}_MONGO_DATABASE") or f"ticketwire_{service}"
    return open_database(os.environ.get(f"{prefix}_MONGO_URL") or url, name, driver)
