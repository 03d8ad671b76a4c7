"""The form in which ``rt-mailgate`` posts a mail: ``multipart/form-data``, cut like any other MIME."""

from __future__ import annotations

from . import mime


def fields_of_form(content_type: str, body: bytes) -> dict[str, bytes]:
    """The fields of a form, files and plain ones alike, by name."""
    head = content_type.replace("\r", " ").replace("\n", " ").encode("latin-1", "replace")
    root = mime.split(b"Content-Type: " + head + b"\r\n\r\n" + body, [])
    fields: dict[str, bytes] = {}
    for part in root.parts:
        name = part.disposition()[1].get("name", "")
        if name:
            fields.setdefault(name, part.content([]))
    return fields
