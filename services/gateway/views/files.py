"""Files on their way into a message."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256

import structlog

from ticketwire_chassis.failures import what_failed

from .asker import Asker, refuse
from .needs import Blobs, Uploads
from .shapes import File

log = structlog.get_logger()

MAX_BYTES = 25 * 1024 * 1024
TIDY_SECONDS = 1800.0

_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,60}/[A-Za-z0-9!#$&^_.+-]{1,60}")


class Files:
    """Uploads: the content goes to the blob store, whose it is stays here for a day."""

    def __init__(self, uploads: Uploads, blobs: Blobs) -> None:
        self._uploads = uploads
        self._blobs = blobs

    async def upload(self, asker: Asker, *, filename: str, content_type: str, data: bytes, now: datetime) -> File:
        """Keeps a file; only who uploaded it can put it into a message."""
        if len(data) > MAX_BYTES:
            raise too_large()
        file = File(
            filename=clean_name(filename),
            content_type=content_type if _TYPE.fullmatch(content_type) else "application/octet-stream",
            size=len(data),
            sha256=sha256(data).hexdigest(),
        )
        await self._blobs.put(data, f"gateway:upload/{asker.person.id}/{file.sha256}")
        await self._uploads.keep_upload(asker.person.id, file, now)
        return file

    async def tidy(self, now: datetime) -> None:
        """Lets go of what was uploaded a day ago and used in no message."""
        for _, reference in await self._uploads.forgotten(now):
            await self._blobs.drop(reference)


async def tidy_always(files: Files, clock: Callable[[], datetime]) -> None:
    """Tidies now and then, for ever."""
    while True:
        await asyncio.sleep(TIDY_SECONDS)
        try:
            await files.tidy(clock())
        except Exception as error:
            log.warning("not_tidied", error=what_failed(error))  # the next round takes it along


def too_large() -> Exception:
    """More than 25 MiB."""
    return refuse("too-large", title="The file is too large", status=413, detail="At most 25 MiB.")


def clean_name(name: str) -> str:
    """The last part of a path, without control characters and quotes, at most 120 characters, its ending kept."""
    last = re.split(r"[/\\]", name)[-1]
    plain = "".join(char for char in last if char.isprintable() and char not in '"<>:|?*').strip(" .")
    if len(plain) > 120:
        stem, dot, ending = plain.rpartition(".")
        plain = plain[:120] if not dot or len(ending) > 10 else f"{stem[: 119 - len(ending)]}.{ending}"
    return plain or "file"
