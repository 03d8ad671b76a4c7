"""A mail read: any octets in, one ``Reading`` out, with warnings for what was odd. Never an exception."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from html import unescape
from urllib.parse import unquote

from ticketwire_contracts.ingest import Address, Attachment, AutoVerdict, PgpVerdict, Reading

from . import addresses, auto, bounces, caps, html, language, mime
from .body import Body, File, gather
from .headers import Fields, cut, date, decode_words, ids, one_line

_CID = re.compile(r"\"cid:([^\"]{1,500})\"", re.IGNORECASE)
_ONCE = (b"from", b"subject", b"date", b"message-id", b"to", b"cc", b"reply-to", b"sender")


@dataclass(frozen=True, slots=True)
class MailRead:
    """A reading, and the octets of its attachments in the same order."""

    reading: Reading
    files: tuple[bytes, ...] = ()


def read_mail(raw: bytes, envelope_from: str | None = None) -> MailRead:
    """Reads a mail. ``envelope_from`` is the envelope sender (``""`` for bounces), none if nobody knows it."""
    warnings: list[str] = []
    root = mime.split(raw, warnings)
    fields = root.fields
    warnings += [f"{name.decode().replace('-', '_')}_repeated" for name in _ONCE if fields.count(name) > 1]
    body = gather(root, warnings)
    sender = _sender(fields, envelope_from, warnings)
    subject = one_line(decode_words(fields.raw(b"subject")), caps.SUBJECT_CHARS)
    text, shown = _message(body, _outlook(fields))
    when = _date(fields, warnings)
    message_id, references = _ids(fields, warnings)
    bounce = bounces.verdict(root, sender.address, subject, text, envelope_from)
    verdict = auto.verdict(fields, sender.address, subject, envelope_from, root.type)
    if bounce and not verdict.is_auto:
        verdict = AutoVerdict(is_auto=True, reason="delivery report")
    # A Content-ID in an URL is percent-encoded (RFC 2392), and escaped besides since it stands in HTML.
    inline = {unquote(unescape(found)).lower() for found in _CID.findall(shown)} if shown else set()
    reading = Reading(
        from_=sender,
        reply_to=addresses.read(fields.raw(b"reply-to"), warnings, "reply_to"),
        to=_recipients(fields, b"to", warnings),
        cc=_recipients(fields, b"cc", warnings),
        subject=subject,
        date=when,
        message_id=message_id,
        in_reply_to=ids(fields.raw(b"in-reply-to"))[: caps.REFERENCES],
        references=references,
        auto=verdict,
        bounce=bounce,
        text=text,
        html=shown,
        attachments=[_attachment(file, inline) for file in body.files],
        pgp=_pgp(root, text, warnings),
        language=language.of(fields.raw(b"content-language"), text),
        warnings=list(dict.fromkeys(warnings))[: caps.WARNINGS],
    )
    return MailRead(reading, tuple(file.data for file in body.files))


def unread_mail(raw: bytes, envelope_from: str | None, reason: str) -> MailRead:
    """What is said of a mail that could not be read: its raw octets as the one attachment (design decision 11).

    Looks at a few lines of the header only, so that it holds where reading itself failed.
    """
    fields, _ = cut(raw[:16_384], [])
    name = one_line(decode_words(fields.raw(b"subject")[:1000]), caps.SUBJECT_CHARS)
    found = ids(fields.raw(b"message-id")[:1000])
    file = File(name="mail.eml", type="message/rfc822", data=raw)
    reading = Reading(
        from_=_sender(fields, envelope_from, []),
        subject=name,
        message_id=found[0] if found else None,
        # A mail that breaks its reader is not answered by a machine.
        auto=AutoVerdict(is_auto=True, reason="unread"),
        attachments=[_attachment(file, set())],
        warnings=[f"unread:{reason}"],
    )
    return MailRead(reading, (raw,))


def message_id_of(raw: bytes) -> str | None:
    """Only the Message-ID, cheaply."""
    found = ids(_head(raw).raw(b"message-id"))
    return found[0] if found else None


def recipients_of(raw: bytes) -> list[Address]:
    """Only whom it is to, then who gets a copy, cheaply."""
    fields = _head(raw)
    return [*_recipients(fields, b"to", []), *_recipients(fields, b"cc", [])]


def _head(raw: bytes) -> Fields:
    return cut(mime.with_line_feeds(raw[: caps.HEADER_OCTETS]), [])[0]


def _sender(fields: Fields, envelope_from: str | None, warnings: list[str]) -> Address:
    """The first usable author; else whoever sent it."""
    raw = fields.raw(b"from")
    found = addresses.read(raw, warnings, "from")
    if found:
        return found[0]
    warnings.append("from_unusable" if raw else "from_missing")
    for name in (b"sender", b"reply-to", b"return-path"):
        if found := addresses.read(fields.raw(name), [], ""):
            return found[0]
    if found := addresses.read(envelope_from or "", [], ""):
        return found[0]
    return Address(name=one_line(decode_words(raw), caps.NAME_CHARS), address="")


def _recipients(fields: Fields, name: bytes, warnings: list[str]) -> list[Address]:
    if fields.count(name) < 2:
        return addresses.read(fields.raw(name), warnings, name.decode())
    values = ", ".join(fields.raw_all(name)[:20])
    return addresses.read(values[: caps.FIELD_OCTETS], warnings, name.decode())


def _date(fields: Fields, warnings: list[str]) -> datetime | None:
    value = fields.raw(b"date")
    when = date(value) if value else None
    if when is None:
        warnings.append("date_unreadable" if value else "date_missing")
    return when


def _ids(fields: Fields, warnings: list[str]) -> tuple[str | None, list[str]]:
    found = ids(fields.raw(b"message-id"))
    if not found:
        warnings.append("message_id_missing")
    references = (
        list(dict.fromkeys(ids(" ".join(fields.raw_all(b"references")[:5])))) if b"references" in fields else []
    )
    if len(references) > caps.REFERENCES:
        warnings.append("references_capped")
        last = caps.REFERENCES_FIRST - caps.REFERENCES
        references = references[: caps.REFERENCES_FIRST] + references[last:]
    return (found[0] if found else None), references


def _message(body: Body, outlook: bool) -> tuple[str, str | None]:
    """Text and sanitised HTML of the message; what is too long for either becomes a file."""
    shown = _html(body)
    only_html = all(piece.text is None for piece in body.pieces)
    if shown and only_html:
        text = html.to_text(shown)
    else:
        texts = (piece.text if piece.text is not None else _text_of(piece.html or "") for piece in body.pieces)
        text = "\n\n".join(part for one in texts if (part := one.strip("\n").rstrip()))
    if outlook:
        text = single_spaced(text)
    if len(text) > caps.TEXT_CHARS:
        body.warnings.append("text_capped")
        body.files.append(File("message.txt", "text/plain", text.encode()))
        text = text[: caps.TEXT_CHARS]
    return text, shown


def _html(body: Body) -> str | None:
    if not any(piece.html for piece in body.pieces):
        return None
    source = "\n".join(
        piece.html if piece.html is not None else html.from_text(piece.text or "") for piece in body.pieces
    )
    shown = None if html.too_large(source) else html.sanitised(source, body.warnings)
    if shown is None or len(shown) > caps.HTML_CHARS:
        body.warnings.append("html_too_large")
        body.files.append(File("message.html", "text/html", source.encode()))
        return None
    return shown or None


def _text_of(source: str) -> str:
    return html.crude_text(source) if html.too_large(source) else html.to_text(html.sanitised(source, []))


def _outlook(fields: Fields) -> bool:
    return "outlook" in fields.raw(b"x-mailer").lower() or b"x-mimeole" in fields


def single_spaced(text: str) -> str:
    """Outlook's plain text with every second line empty, as it was written."""
    lines = text.split("\n")
    odd = lines[1::2]
    if len(odd) < 4 or any(line.strip() for line in odd) or not all(line.strip() for line in lines[::2]):
        return text
    return "\n".join(lines[::2])


def _attachment(file: File, inline: set[str]) -> Attachment:
    return Attachment(
        filename=file.name,
        content_type=file.type,
        size=len(file.data),
        sha256=sha256(file.data).hexdigest(),
        content_id=file.content_id,
        inline=bool(file.content_id) and (file.content_id or "").lower() in inline,
    )


def _pgp(root: mime.Part, text: str, warnings: list[str]) -> PgpVerdict:
    """Whether it came encrypted. Nothing is opened or checked here, and it is said so."""
    if "pkcs7" in root.params.get("protocol", "").lower() or root.type.endswith("pkcs7-mime"):
        warnings.append("smime_unchecked")
        return PgpVerdict()
    encrypted = root.type == "multipart/encrypted" or text.lstrip()[:27] == "-----BEGIN PGP MESSAGE-----"
    signed = root.type == "multipart/signed" or text.lstrip()[:34] == "-----BEGIN PGP SIGNED MESSAGE-----"
    if encrypted or signed:
        warnings.append("pgp_unopened" if encrypted else "pgp_unchecked")
    return PgpVerdict(encrypted=encrypted)
