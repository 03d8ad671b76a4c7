"""What the service and its worker processes say to each other: counts and lengths, then octets.

    to a worker     count, then for each mail: length of the envelope sender (or none), length, both
    from a worker   for each mail: lengths of its facts and its reading, of each file; then all of them

Nothing that a worker says is executed or unpickled here: a mail that gets the better of the parser gets a
process with a few megabytes and no secrets.
"""

from __future__ import annotations

import struct
from asyncio import StreamReader
from collections.abc import Sequence
from typing import BinaryIO

import orjson

from ticketwire_contracts.ingest import Bounce

from ..domain.arrivals import Arrival, Known

COUNT = struct.Struct(">I")
PAIR = struct.Struct(">II")
NO_SENDER = 0xFFFFFFFF
LARGEST = 512 * 1024 * 1024
"""No part of a reply is longer; whoever says so is broken."""


def request(mails: Sequence[Arrival]) -> bytes:
    """The frame that asks for these to be read."""
    pieces = [COUNT.pack(len(mails))]
    for mail in mails:
        if mail.envelope_from is None:
            pieces += [PAIR.pack(NO_SENDER, len(mail.raw)), mail.raw]
            continue
        sender = mail.envelope_from.encode("utf-8", "replace")
        pieces += [PAIR.pack(len(sender), len(mail.raw)), sender, mail.raw]
    return b"".join(pieces)


def requests(stream: BinaryIO) -> list[tuple[str | None, bytes]] | None:
    """The next frame, in the worker: (envelope sender, raw) for each mail; nothing at the end."""
    head = stream.read(COUNT.size)
    if len(head) < COUNT.size:
        return None
    mails: list[tuple[str | None, bytes]] = []
    for _ in range(COUNT.unpack(head)[0]):
        sender, raw = PAIR.unpack(stream.read(PAIR.size))
        who = None if sender == NO_SENDER else stream.read(sender).decode()
        mails.append((who, stream.read(raw)))
    return mails


def reply(read: Known) -> bytes:
    """A mail that was read."""
    facts = orjson.dumps(
        {
            "message_id": read.message_id,
            "refers_to": read.refers_to,
            "bounce": read.bounce.model_dump() if read.bounce else None,
            "files": [len(data) for data in read.files],
        }
    )
    reading = read.reading.encode()
    return b"".join([PAIR.pack(len(facts), len(reading)), facts, reading, *read.files])


def failure(reason: str) -> bytes:
    """A mail that could not be read."""
    facts = orjson.dumps({"failed": reason})
    return PAIR.pack(len(facts), 0) + facts


async def replied(stream: StreamReader) -> Known | str:
    """The next reply, in the service: what was read, or why not."""
    facts_length, reading_length = PAIR.unpack(await stream.readexactly(PAIR.size))
    if facts_length + reading_length > LARGEST:
        raise ValueError("a reply beyond all measure")
    facts = orjson.loads(await stream.readexactly(facts_length))
    if "failed" in facts:
        return str(facts["failed"])
    reading = (await stream.readexactly(reading_length)).decode()
    if sum(facts["files"]) > LARGEST:
        raise ValueError("files beyond all measure")
    files = [await stream.readexactly(length) for length in facts["files"]]
    return Known(
        reading=reading,
        message_id=facts["message_id"],
        refers_to=tuple(facts["refers_to"]),
        bounce=Bounce.model_validate(facts["bounce"]) if facts["bounce"] else None,
        files=tuple(files),
    )
