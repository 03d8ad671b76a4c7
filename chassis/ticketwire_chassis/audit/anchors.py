"""Signed heads of a log, kept outside: in a file, a folder, a mail. What was anchored cannot be cut off quietly.

An anchor is a line of JSON: ``{service, place, chain, at, signature}``, the signature an HMAC with the key that
the services share. So it proves itself to whoever runs Ticketwire; to be safe from them too, keep it elsewhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import orjson
import structlog

from ..failures import what_failed
from ..mongo import Database
from ..signing import Signer

log = structlog.get_logger()

LOOK_SECONDS = 600.0


class BadAnchor(ValueError):
    """Not an anchor of ours."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """The end of a log at a time."""

    service: str
    place: int
    chain: str
    at: str
    signature: str = ""

    def line(self) -> bytes:
        """As it is written."""
        return orjson.dumps(asdict(self), option=orjson.OPT_APPEND_NEWLINE)


async def head(db: Database, service: str, signer: Signer, now: datetime) -> Anchor | None:
    """The signed end of a log; none while it is empty."""
    newest = await db["positions"].find_one({}, sort=[("_id", -1)])
    if newest is None:
        return None
    unsigned = Anchor(service, newest["_id"], newest["chain"], now.isoformat(timespec="seconds"))
    return Anchor(unsigned.service, unsigned.place, unsigned.chain, unsigned.at, _signature(unsigned, signer))


def read(path: Path, signer: Signer) -> list[Anchor]:
    """The anchors of a file, or of all files of a folder. Raises BadAnchor where a signature is not ours."""
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    return [anchor for file in files for anchor in _read(file.name, file.read_bytes().splitlines(), signer)]


def _read(name: str, lines: Iterable[bytes], signer: Signer) -> Iterable[Anchor]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            anchor = Anchor(**orjson.loads(line))
        except (ValueError, TypeError) as error:
            raise BadAnchor(f"{name}, line {number}: not an anchor") from error
        if not signer.same(anchor.signature, _signature(anchor, signer)):
            raise BadAnchor(f"{name}, line {number}: the signature is not ours")
        yield anchor


def _signature(anchor: Anchor, signer: Signer) -> str:
    return signer.seal("anchor", f"{anchor.service}\0{anchor.place}\0{anchor.chain}\0{anchor.at}")


async def anchor_daily(db: Database, service: str, signer: Signer, folder: Path, clock: Callable[[], datetime]) -> None:
    """Writes the day's anchor into a folder unless another replica has; looks every ten minutes, for ever."""
    while True:
        try:
            await write_daily(db, service, signer, folder, clock())
        except Exception as error:
            log.warning("anchor_not_written", error=what_failed(error))
        await asyncio.sleep(LOOK_SECONDS)


async def write_daily(db: Database, service: str, signer: Signer, folder: Path, now: datetime) -> Path | None:
    """The day's anchor, if there is none yet and the log is not empty."""
    file = folder / f"{service}-{now:%Y-%m-%d}.json"
    if file.exists():
        return None
    anchor = await head(db, service, signer, now)
    if anchor is None:
        return None
    await asyncio.to_thread(_create, file, anchor.line())
    log.info("anchored", file=file.name, place=anchor.place)
    return file


def _create(file: Path, line: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with file.open("xb") as new:
            new.write(line)
    except FileExistsError:
        pass  # another replica was faster
