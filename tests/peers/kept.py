"""What ingest has kept of a mail."""

from __future__ import annotations

import asyncio
from hashlib import sha256

from ticketwire_chassis.mongo import Doc

from ..flow.stack import Stack


async def rows_with(stack: Stack, mark: bytes) -> list[Doc]:
    """The rows of mails in whose octets a mark stands."""
    ingest = stack.database("ingest")
    try:
        return [row for row in await ingest["mails"].find({}) if mark in bytes(row.get("raw", b""))]
    finally:
        await ingest.close()


async def ticket_with(stack: Stack, mark: bytes, seconds: float = 60) -> Doc:
    """The row of a mail, once it is a message of a ticket; it is one mail, however often it came."""

    async def ticketed() -> list[Doc]:
        return [row for row in await rows_with(stack, mark) if row["state"] == "settled"]

    found: list[Doc] = await stack.until(ticketed, seconds, f"a ticket of {mark!r}")
    assert len(found) == 1, f"{mark!r} is {len(found)} mails"
    assert found[0]["outcome"] == "ticketed", found[0]
    return found[0]


async def stays_one(stack: Stack, mark: bytes) -> None:
    """It came exactly once, a moment later too."""
    await asyncio.sleep(2)
    assert len(await rows_with(stack, mark)) == 1


def same(row: Doc, raw: bytes) -> bool:
    """Whether a row holds exactly these octets."""
    return bool(row["sha256"] == sha256(raw).hexdigest() and bytes(row["raw"]) == raw)
