"""File names of attachments: only ever a name, never a path, nothing that fools an eye or a shell."""

from __future__ import annotations

import re

from . import caps, charsets

_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff<>:\"|?*]+")


def cleaned(name: str) -> str:
    """The last step of a path, without control, direction and reserved characters; may be empty."""
    name = charsets.clean(name).replace("\n", " ").replace("\\", "/").rpartition("/")[2]
    name = " ".join(_UNSAFE.sub(" ", name).split()).strip(". ")
    if len(name) <= caps.FILENAME_CHARS:
        return name
    stem, dot, ending = name.rpartition(".")
    if not dot or len(ending) > 10:
        return name[: caps.FILENAME_CHARS]
    return f"{stem[: caps.FILENAME_CHARS - len(ending) - 1]}.{ending}"
