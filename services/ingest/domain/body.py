"""Which parts are the message and which are files, and the message as text and as HTML."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from . import caps, html
from .charsets import clean, decode
from .headers import cut
from .mime import Part, uudecoded
from .names import cleaned

_META_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?([A-Za-z0-9_-]{2,30})", re.IGNORECASE)
_MESSAGES = frozenset(("message/rfc822", "message/global", "message/news"))
_UNSAFE_ID = re.compile(r"[\s<>\"']")


@dataclass(slots=True)
class Piece:
    """One stretch of the message, as text, as HTML (not sanitised), or as both."""

    text: str | None = None
    html: str | None = None


@dataclass(slots=True)
class File:
    """A part that is kept as a file."""

    name: str
    type: str
    data: bytes
    content_id: str | None = None


@dataclass(slots=True)
class Body:
    """What was gathered from the parts."""

    pieces: list[Piece] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def gather(root: Part, warnings: list[str]) -> Body:
    """Sorts the parts of a mail into message and files."""
    body = Body(warnings=warnings)
    _gather(root, body)
    return body


def _gather(part: Part, body: Body, *, aside: bool = False) -> None:
    if part.type == "multipart/alternative" and part.parts:
        _alternative(part, body)
    elif part.parts:
        for at, child in enumerate(part.parts):
            _gather(child, body, aside=aside or (part.type == "multipart/related" and at > 0))
    elif part.main == "multipart":
        pass  # nothing in it
    else:
        _leaf(part, body, aside)


def _alternative(part: Part, body: Body) -> None:
    """The same said twice: the first that is plain, the last that is HTML. Files in either are files."""
    plain: list[Piece] = []
    rich: list[Piece] = []
    for child in part.parts:
        if child.type == "text/x-amp-html":
            continue
        sub = Body(files=body.files, warnings=body.warnings)
        _gather(child, sub)
        if any(piece.html is not None for piece in sub.pieces):
            rich = sub.pieces
        elif sub.pieces and not any((piece.text or "").strip() for piece in plain):
            plain = sub.pieces
    text = "\n".join(piece.text or "" for piece in plain)
    if rich:
        whole = "\n".join(piece.html if piece.html is not None else html.from_text(piece.text or "") for piece in rich)
        if not text.strip():
            inner = [piece.text for piece in rich if piece.text]
            body.pieces.append(Piece(text="\n".join(inner) or None, html=whole))
        else:
            body.pieces.append(Piece(text=text, html=whole))
    elif plain:
        body.pieces.append(Piece(text=text))


def _leaf(part: Part, body: Body, aside: bool) -> None:
    disposition, parameters = part.disposition()
    name = cleaned(parameters.get("filename") or part.params.get("name") or "")
    readable = part.type in ("text/plain", "text/html") and disposition != "attachment" and not aside
    if readable and name and (body.pieces or body.files):
        readable = False
    if not readable or len(body.pieces) >= caps.BODY_PIECES:
        _add(body, _file(part, name, body.warnings))
        return
    data = part.content(body.warnings)
    if part.type == "text/html":
        body.pieces.append(Piece(html=_text(data, part, body.warnings)))
        return
    files, data = uudecoded(data)
    text = _text(data, part, body.warnings)
    if part.params.get("format", "").lower() == "flowed" and len(text) < caps.FLOWED_CHARS:
        text = unflowed(text, part.params.get("delsp", "").lower() == "yes")
    body.pieces.append(Piece(text=text))
    for file_name, octets in files:
        _add(body, File(cleaned(file_name), "application/octet-stream", octets))


def _add(body: Body, file: File) -> None:
    if len(body.files) < caps.ATTACHMENTS:
        body.files.append(file)
    else:
        body.warnings.append("attachments_capped")


def _text(data: bytes, part: Part, warnings: list[str]) -> str:
    label = part.params.get("charset", "")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") and not label.lower().startswith("utf-16"):
        label = "utf-16"
    if not label and part.type == "text/html" and (found := _META_CHARSET.search(data[:2048])):
        label = found[1].decode("ascii")
    text, warning = decode(data, label)
    if warning:
        warnings.append(warning)
    return clean(text).removeprefix("\ufeff")


def _file(part: Part, name: str, warnings: list[str]) -> File:
    data = part.content(warnings)
    if not name and part.type in _MESSAGES:
        name = cleaned(cut(data[:65_536], [])[0].text(b"subject") or "message") + ".eml"
    content_id = _UNSAFE_ID.sub("", clean(part.fields.raw(b"content-id")))[: caps.ID_CHARS] or None
    return File(name=name, type=part.type, data=data, content_id=content_id)


def unflowed(text: str, delsp: bool) -> str:
    """Soft line breaks taken out (RFC 3676): a line that ends with a space goes on in the next of the same depth."""
    lines: list[tuple[int, list[str]]] = []
    depth_before, open_line = 0, False
    for line in text.split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content.removeprefix(" ")
        flows = content.endswith(" ") and content != "-- "
        kept = content[:-1] if flows and delsp else content
        if open_line and depth == depth_before and content != "-- ":
            lines[-1][1].append(kept)
        else:
            lines.append((depth, [kept]))
        depth_before, open_line = depth, flows
    return "\n".join(_with_depth(depth, "".join(pieces)) for depth, pieces in lines)


def _with_depth(depth: int, line: str) -> str:
    line = line if line == "-- " else line.rstrip()
    return ">" * depth + (" " if depth and line else "") + line
