"""Header fields: cutting them out of the octets, and RFC 2047 words, dates, ids and parameters in them."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz
from urllib.parse import unquote_to_bytes

from . import caps, charsets

_BLANK = re.compile(rb"\n\r?\n")
_EMPTY_LINES = re.compile(rb"(?:[ \t]*\r?\n){0,100}")
_FIELD = re.compile(rb"^([!-9;-~]{1,100})[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)\n?", re.MULTILINE)
_KNOWN = frozenset(
    b"from to cc bcc subject date message-id mime-version content-type content-transfer-encoding received "
    b"return-path reply-to sender in-reply-to references content-disposition delivered-to x-mailer".split()
)
_WORD_CHARSET = re.compile(r"[^?\s=]{1,60}\Z")
_GAP = re.compile(r"[ \t\r\n]+\Z|\Z")
_SPACE = re.compile(r"\s+")
_COMMENT = re.compile(r"\([^()]*\)")
_COLON = re.compile(r"\s*:\s*")
_ID = re.compile(r"<([^<>]+)>")
_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_MEDIA = re.compile(r"\s*([!#$%&'*+.^_`|~0-9a-z-]{1,60})/([!#$%&'*+.^_`|~0-9a-z-]{1,60})")
_PARAM = re.compile(r";\s*([^\s=;\"]{1,80})\s*=\s*(?:\"((?:[^\"\\]|\\.)*)(?:\"|\\?\Z)|([^;]*))", re.DOTALL)


class Fields:
    """The fields of one header block, by lower-case name; values stay octets until somebody asks."""

    __slots__ = ("_values", "charset")

    def __init__(self) -> None:
        self._values: dict[bytes, list[bytes]] = {}
        self.charset = "cp1252"
        """What raw eight-bit octets in these fields mean when they are not UTF-8."""

    def add(self, name: bytes, value: bytes) -> None:
        """One more field."""
        self._values.setdefault(name.lower(), []).append(value)

    def __contains__(self, name: bytes) -> bool:
        return name in self._values

    def __bool__(self) -> bool:
        return bool(self._values)

    def names(self) -> Iterable[bytes]:
        """All names, lower case, in the order of their first appearance."""
        return self._values

    def count(self, name: bytes) -> int:
        """How often a field stands there."""
        return len(self._values.get(name, ()))

    def raw(self, name: bytes) -> str:
        """The first value with that name, unfolded, encoded words left as they are; empty when there is none."""
        values = self._values.get(name)
        return self._text(values[0]) if values else ""

    def raw_all(self, name: bytes) -> list[str]:
        """All values with that name, as ``raw``."""
        return [self._text(value) for value in self._values.get(name, ())]

    def text(self, name: bytes) -> str:
        """The first value with that name, decoded, in one line."""
        value = self.raw(name)
        return one_line(decode_words(value)) if value else ""

    def _text(self, value: bytes) -> str:
        value = value[: caps.FIELD_OCTETS]
        if b"\n" in value:
            value = value.replace(b"\r\n", b"").replace(b"\n", b"")
        if value.isascii() and b"\x1b" not in value:
            return value.decode("ascii").strip()
        return charsets.decode(value, "", self.charset)[0].strip()


def cut(raw: bytes, warnings: list[str]) -> tuple[Fields, bytes]:
    """The header fields, and what follows the blank line. Lines that are no field are skipped, or begin the body."""
    fields = Fields()
    start = _EMPTY_LINES.match(raw).end()  # type: ignore[union-attr]  # matches anything
    blank = _BLANK.search(raw, start)
    if start and not _FIELD.match(raw, start):
        return fields, raw[start:]
    end, body_start = (blank.start() + 1, blank.end()) if blank else (len(raw), len(raw))
    if end - start > caps.HEADER_OCTETS:
        warnings.append("header_capped")
        end = start + caps.HEADER_OCTETS
    at, skipped, known_at = start, False, -1
    for count, found in enumerate(_FIELD.finditer(raw, start, end)):
        if found.start() != at and not raw.startswith((b"From ", b">From "), at):
            if known_at < found.start():  # looked for once, not again for every line before it
                known_at = _next_known(raw, found.start(), end)
            if known_at < 0:
                return fields, raw[at:]
            skipped = True
        if count == caps.HEADER_FIELDS:
            warnings.append("header_capped")
            at = end
            break
        fields.add(found[1], found[2])
        at = found.end()
    if at < end and raw[at:end].strip() and not raw.startswith((b"From ", b">From "), at):
        if not fields:
            return fields, raw[start:]
        if blank is None or _next_known(raw, start, at) < 0:
            return fields, raw[at:]
        skipped = True
    if skipped:
        warnings.append("header_malformed")
    return fields, raw[body_start:]


def _next_known(raw: bytes, start: int, end: int) -> int:
    """Where the next field that every mail program knows begins; -1 when none is near."""
    fields = _FIELD.finditer(raw, start, min(end, start + 8192))
    return next((found.start() for found in fields if found[1].lower() in _KNOWN), -1)


def one_line(text: str, limit: int = 0) -> str:
    """Clean text with every run of white space made one space, cut to ``limit`` characters if there is one."""
    text = charsets.clean(text)
    if "\n" in text or "\t" in text or "  " in text:
        text = _SPACE.sub(" ", text)
    text = text.strip()
    return text[:limit].rstrip() if limit and len(text) > limit else text


def decode_words(value: str) -> str:
    """RFC 2047 encoded words decoded, tolerantly: spaces inside, characters cut over two words, wrong labels."""
    at = value.find("=?")
    if at < 0:
        return value
    out: list[str] = []
    done, pending, pending_charset = 0, b"", ""
    while at >= 0:
        charset_end = value.find("?", at + 2)
        if charset_end < 0:
            break
        charset, kind = value[at + 2 : charset_end], value[charset_end + 1 : charset_end + 3].lower()
        if kind not in ("b?", "q?") or not _WORD_CHARSET.match(charset):
            at = value.find("=?", at + 2)
            continue
        end = value.find("?=", charset_end + 3)
        if end < 0:
            break
        octets = _word(kind, value[charset_end + 3 : end])
        charset = charset.partition("*")[0].lower()
        between = value[done:at]
        if not (pending and _GAP.match(between) and charset == pending_charset):
            if pending:
                out.append(charsets.decode(pending, pending_charset)[0])
                pending = b""
                between = "" if between.isspace() else between
            out.append(between)
        pending, pending_charset = pending + octets, charset
        done = end + 2
        at = value.find("=?", done)
    if pending:
        out.append(charsets.decode(pending, pending_charset)[0])
    out.append(value[done:])
    return "".join(out)


def _word(kind: str, payload: str) -> bytes:
    data = payload.encode("utf-8", "replace")
    return unbase64(data) if kind == "b?" else binascii.a2b_qp(data, header=True)


def unbase64(data: bytes) -> bytes:
    """Base64 as far as it can be read: foreign characters skipped, missing padding supplied."""
    try:
        return binascii.a2b_base64(data)
    except binascii.Error:
        clean = _BASE64.sub(b"", data)
        clean = clean[: len(clean) - 1] if len(clean) % 4 == 1 else clean
        return binascii.a2b_base64(clean + b"=" * (-len(clean) % 4))


def ids(value: str) -> list[str]:
    """The Message-IDs in a field, without brackets; bare ones when none is bracketed."""
    found = ["".join(one.split()) for one in _ID.findall(value)]
    if not found and "@" in value:
        found = [word.strip("<>,;\"'") for word in value.split() if "@" in word]
    return [charsets.clean(one).replace("\n", "") for one in found if 0 < len(one) <= caps.ID_CHARS]


def date(value: str) -> datetime | None:
    """A Date field in UTC, if it can be read and lies between 1900 and 2200."""
    value = decode_words(value)[:200]
    try:
        parts = parsedate_tz(value) or parsedate_tz(_COLON.sub(":", _COMMENT.sub(" ", value)))
        if not parts or not 1900 <= parts[0] < 2200:
            return None
        offset = max(-86_340, min(86_340, parts[9] or 0))
        when = datetime(*parts[:5], min(parts[5], 59), tzinfo=timezone(timedelta(seconds=offset)))
        return when.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError, AttributeError):
        return None


def media(value: str) -> tuple[str, dict[str, str]]:
    """``type/subtype`` in lower case (empty when it is none) and the parameters, RFC 2231 put together."""
    found = _MEDIA.match(value.lower())
    return (f"{found[1]}/{found[2]}" if found else ""), (params(value) if ";" in value else {})


def params(value: str) -> dict[str, str]:
    """The parameters behind the first semicolon, names in lower case; the first of two with one name counts."""
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[bool, str]]] = {}
    for count, found in enumerate(_PARAM.finditer(value[: caps.PARAMS_CHARS])):
        if count == 200:
            break
        name = found[1].lower()
        content = _unquoted(found[2]) if found[2] is not None else found[3].strip()
        if "*" not in name:
            plain.setdefault(name, decode_words(content))
            continue
        base, _, rest = name.partition("*")
        number = rest.rstrip("*")
        if not number or (number.isdecimal() and number.isascii() and len(number) < 4):
            pieces.setdefault(base, {}).setdefault(int(number or 0), (name.endswith("*"), content))
    for base, numbered in pieces.items():
        plain[base] = _joined([numbered[n] for n in sorted(numbered)])
    return plain


def _joined(pieces: list[tuple[bool, str]]) -> str:
    charset, octets = "", b""
    for at, (encoded, content) in enumerate(pieces):
        if encoded and at == 0 and content.count("'") >= 2:
            charset, _, content = content.split("'", 2)
        octets += unquote_to_bytes(content) if encoded else content.encode("utf-8", "replace")
    return charsets.decode(octets, charset)[0]


def _unquoted(content: str) -> str:
    # Only quotes and backslashes are unescaped: old programs write C:\temp\x.doc as it is.
    return content.replace('\\"', '"').replace("\\\\", "\\") if "\\" in content else content
