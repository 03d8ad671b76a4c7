"""The parts of a mail, cut out of its octets in one pass: bounded in number and depth, linear in size.

The standard library's parser costs several times as much, goes through text, and can be made to take
seconds or to raise by many or deep parts; here the caps are part of the cutting, and each part keeps its
octets as they came, which a signature will need.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass, field

from . import caps
from .headers import Fields, cut, media, params, unbase64

_OPENING = re.compile(rb"^--([^\s-][^\r\n]{0,199}?)[ \t]*\r?$", re.MULTILINE)
_UU_BEGIN = re.compile(rb"^begin [0-7]{3,4} ?([^\r\n]{0,200})\r?\n", re.MULTILINE)
_UU_END = re.compile(rb"^end[ \t]*(?:\r?\n|\r?\Z)", re.MULTILINE)
_AS_IT_IS = frozenset(("7bit", "8bit", "binary", "7-bit", "8-bit", "7bits", "8bits", ""))
_QUOTED = frozenset(("quoted-printable", "quoted printable", "quotedprintable"))


@dataclass(slots=True)
class Part:
    """One part: its header fields and its octets, still encoded. A multipart has ``parts``."""

    fields: Fields
    body: bytes
    type: str
    params: dict[str, str]
    parts: list[Part] = field(default_factory=list)

    @property
    def main(self) -> str:
        """The type before the slash."""
        return self.type.partition("/")[0]

    def disposition(self) -> tuple[str, dict[str, str]]:
        """``inline``, ``attachment``, another word, or nothing; and its parameters."""
        value = self.fields.raw(b"content-disposition")
        if not value:
            return "", {}
        return value.partition(";")[0].strip().lower(), params(value)

    def content(self, warnings: list[str]) -> bytes:
        """The octets, decoded as the transfer encoding says, as far as that goes."""
        value = self.fields.raw(b"content-transfer-encoding")
        if not value:
            return self.body
        encoding = value.partition(";")[0].strip().lower()
        if encoding == "base64":
            return unbase64(self.body)
        if encoding in _QUOTED:
            return binascii.a2b_qp(self.body)
        if encoding in ("x-uuencode", "uuencode", "x-uue", "uue"):
            files, rest = uudecoded(self.body)
            return files[0][1] if files else rest
        if encoding not in _AS_IT_IS:
            warnings.append("encoding_unknown:" + re.sub(r"[^a-z0-9-]", "?", encoding)[:30])
        return self.body


def with_line_feeds(raw: bytes) -> bytes:
    """The mail of a program that ends its lines with CR alone, as any other; all others as they are."""
    return raw.replace(b"\r", b"\n") if b"\n" not in raw[:8192] and b"\r" in raw[:8192] else raw


def split(raw: bytes, warnings: list[str]) -> Part:
    """The tree of parts. A multipart that cannot be cut is a text."""
    root = _part(with_line_feeds(raw), "text/plain", warnings, root=True)
    count, waiting = 1, [(root, 1)]
    while waiting:
        part, depth = waiting.pop(0)
        if part.main != "multipart":
            continue
        if depth > caps.DEPTH:
            warnings.append("depth_capped")
            part.type = "application/octet-stream"
            continue
        default = "message/rfc822" if part.type == "multipart/digest" else "text/plain"
        for piece in _pieces(part, warnings):
            if count == caps.PARTS:
                warnings.append("parts_capped")
                return root
            part.parts.append(_part(piece, default, warnings))
            count += 1
        waiting += [(child, depth + 1) for child in part.parts]
    return root


def _part(raw: bytes, default: str, warnings: list[str], *, root: bool = False) -> Part:
    fields, body = cut(raw, warnings if root else [])
    value = fields.raw(b"content-type")
    kind, parameters = media(value) if value else (default, {})
    if not kind:
        # `Content-Type: text` and worse; RFC 2045 5.2 says text, but what calls itself a file stays one.
        kind = "text/plain" if not parameters.get("name") else "application/octet-stream"
        warnings.append("content_type_unreadable")
    if fields.count(b"content-type") > 1:
        warnings.append("content_type_repeated")
    fields.charset = parameters.get("charset") or "cp1252"
    return Part(fields=fields, body=body, type=kind, params=parameters)


def _pieces(part: Part, warnings: list[str]) -> list[bytes]:
    """The octets of each part of a multipart; none, and the type made text, when there is no boundary to cut at."""
    boundary = part.params.get("boundary", "").encode("utf-8", "replace").rstrip()
    body = part.body
    pieces = _cut_at(body, boundary, warnings) if boundary else None
    if pieces is None:
        guess = _OPENING.search(body[:16_384])
        if guess and (body.count(b"--" + guess[1]) > 1 or not boundary):
            pieces = _cut_at(body, guess[1], warnings)
        warnings.append("boundary_guessed" if pieces else "boundary_missing")
    if not pieces:
        part.type = "text/plain"
        return []
    return pieces


def _cut_at(body: bytes, boundary: bytes, warnings: list[str]) -> list[bytes] | None:
    mark = b"--" + boundary
    pieces: list[bytes] = []
    start, at = -1, body.find(mark)
    while at >= 0:
        after = at + len(mark)
        line_end = body.find(b"\n", after)
        line_end = len(body) if line_end < 0 else line_end + 1
        rest = body[after : min(line_end, after + 200)]
        closing = rest.startswith(b"--")
        if (at == 0 or body[at - 1] == 10) and (closing or not rest.strip()):
            if start >= 0:
                pieces.append(_without_line_end(body, start, at))
            start = line_end
            if closing or len(pieces) > caps.PARTS:
                return pieces
        at = body.find(mark, after)
    if start < 0:
        return None
    warnings.append("boundary_unclosed")
    if start < len(body):
        pieces.append(body[start:])
    return pieces


def _without_line_end(body: bytes, start: int, end: int) -> bytes:
    # The line end before a boundary belongs to the boundary (RFC 2046 5.1.1).
    if end > start and body[end - 1] == 10:
        end -= 1
        if end > start and body[end - 1] == 13:
            end -= 1
    return body[start:end]


def uudecoded(body: bytes) -> tuple[list[tuple[str, bytes]], bytes]:
    """The uuencoded files in a text (name, octets), and the text without them."""
    files: list[tuple[str, bytes]] = []
    kept: list[bytes] = []
    at, end = 0, None
    for begin in _UU_BEGIN.finditer(body) if b"begin " in body else ():
        if begin.start() < at:
            continue
        if end is None or end.start() < begin.end():
            end = _UU_END.search(body, begin.end())
        if end is None or len(files) == caps.ATTACHMENTS:
            break
        first = body[begin.end() : min(end.start(), begin.end() + 300)].splitlines()[:3]
        if first and all(map(_uu_line, first)):
            lines = body[begin.end() : end.start()].splitlines()
            files.append((begin[1].decode("utf-8", "replace").strip(), b"".join(map(_unuu, lines))))
            kept.append(body[at : begin.start()])
            at = end.end()
    return files, b"".join([*kept, body[at:]])


def _uu_line(line: bytes) -> bool:
    return bool(line) and 32 <= line[0] <= 96 and len(line) >= ((line[0] - 32) & 63) * 4 // 3 // 2


def _unuu(line: bytes) -> bytes:
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        if not line:
            return b""
        # Some encoders write too much padding; the length is in the first character.
        octets = (((line[0] - 32) & 63) * 4 + 5) // 3
        try:
            return binascii.a2b_uu(line[:octets])
        except binascii.Error:
            return b""
