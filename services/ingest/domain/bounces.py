"""Delivery reports: RFC 3464, and the many that only look like one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, get_args

from ticketwire_contracts.ingest import Bounce

from .charsets import clean, decode
from .headers import Fields, cut, decode_words, ids, one_line
from .mime import Part

Action = Literal["failed", "delayed", "delivered", "relayed", "expanded", "unknown"]
_ACTIONS = frozenset(get_args(Action))
_BLOCKS = re.compile(r"\n[ \t]*\n")
_FIELD = re.compile(
    r"^(original-recipient|final-recipient|action|status|diagnostic-code)[ \t]*:[ \t]*([^\n]*(?:\n[ \t][^\n]*)*)",
    re.IGNORECASE | re.MULTILINE,
)
_STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_REPLY_CODE = re.compile(r"\b([45]\d\d)[ -]")
_ADDRESS = re.compile(r"<?([^\s<>,;:()\"@]{1,200}@[^\s<>,;:()\"@]{1,255}[^\s<>,;:()\"@.])>?")
_ORIGINAL_ID = re.compile(r"^[> \t]{0,8}message-id:\s{0,3}<([^<>\s]{1,400})>", re.IGNORECASE | re.MULTILINE)
_DAEMON = re.compile(r"(mailer-daemon|postmaster|mailerdaemon|mail-daemon|bounces?)(?:[+=.-].*)?@", re.IGNORECASE)
_SUBJECT = re.compile(
    r"undeliver|delivery (?:status|failure|failed|has failed|notification|problem)|returned mail|"
    r"mail delivery|failure notice|"
    r"delayed mail|message delayed|warning: could not send|returned to sender|unzustellbar|nicht zugestellt|"
    r"non remis|échec de la remise|no se puede entregar|mancata consegna",
    re.IGNORECASE,
)
_DELAYED = re.compile(
    r"delayed|still being retried|will (?:be retried|retry|keep trying)|warning only|verzögert", re.IGNORECASE
)
_ORIGINALS = frozenset(
    (
        "message/rfc822",
        "text/rfc822-headers",
        "message/rfc822-headers",
        "message/global",
        "message/global-headers",
        "text/rfc822",
    )
)
_NO_BOUNCE = frozenset(("disposition-notification", "feedback-report"))


def leaves(part: Part) -> Iterator[Part]:
    """The parts that hold content, in order."""
    if not part.parts:
        yield part
    for child in part.parts:
        yield from leaves(child)


def verdict(root: Part, sender: str, subject: str, text: str, envelope_from: str | None) -> Bounce | None:
    """What the mail reports, if it is a delivery report."""
    if root.type == "multipart/report" and root.params.get("report-type", "").lower() in _NO_BOUNCE:
        return None
    if root.type.startswith("multipart/") or root.type.startswith("message/"):
        parts = list(leaves(root))
        reports = [part for part in parts if part.type in ("message/delivery-status", "message/global-delivery-status")]
        if reports:
            return _reported(reports, _original_id(parts))
    return _alike(root, sender, subject, text, envelope_from)


def _reported(parts: list[Part], original: str) -> Bounce:
    report = "\n\n".join(clean(decode(part.content([])[:50_000])[0]) for part in parts[:5])
    blocks = [{found[1].lower(): found[2] for found in _FIELD.finditer(block)} for block in _BLOCKS.split(report)[:200]]
    blocks = [block for block in blocks if "action" in block or "final-recipient" in block]
    failed = [block for block in blocks if block.get("action", "").strip().lower() == "failed"]
    block = (failed or blocks or [{}])[0]
    recipient = block.get("original-recipient") or block.get("final-recipient") or ""
    recipient = recipient.partition(";")[2].strip() or recipient
    status = _STATUS.search(block.get("status", ""))
    return Bounce(
        action=_action(block.get("action", "").strip().lower().partition(" ")[0]),
        status=status[1] if status else "",
        recipient=one_line(decode_words(recipient), 320).strip("<> "),
        original_message_id=original,
        diagnostic=one_line(block.get("diagnostic-code", ""), 500),
    )


def _action(word: str) -> Action:
    return word if word in _ACTIONS else "unknown"  # type: ignore[return-value]


def _original_id(parts: list[Part]) -> str:
    for part in parts:
        if part.type in _ORIGINALS:
            found = ids(cut(part.content([])[:65_536], [])[0].raw(b"message-id"))
            if found:
                return found[0]
    return ""


def _alike(root: Part, sender: str, subject: str, text: str, envelope_from: str | None) -> Bounce | None:
    """A report in plain words: it must come from a mail system and say so in two ways."""
    fields = root.fields
    failed = fields.text(b"x-failed-recipients")
    if not failed and not _SUBJECT.search(subject):
        return None
    nobody = envelope_from == "" or fields.raw(b"return-path").replace(" ", "") == "<>" or _empty_envelope(fields)
    if not (_DAEMON.match(sender) or nobody):
        return None
    text = text[:50_000]
    status, code = _STATUS.search(text), _REPLY_CODE.search(text)
    address = _ADDRESS.search(failed or text)
    if not (failed or status or code or (address and nobody)):
        return None
    originals = _original_id(list(leaves(root))) or next((found[1] for found in _ORIGINAL_ID.finditer(text)), "")
    if not originals and fields.raw(b"in-reply-to"):
        originals = next(iter(ids(fields.raw(b"in-reply-to"))), "")
    delayed = bool(_DELAYED.search(subject) or (not failed and _DELAYED.search(text[:2000])))
    return Bounce(
        action="delayed" if delayed else "failed",
        status=status[1] if status else "",
        recipient=address[1] if address else "",
        original_message_id=originals,
        diagnostic=_line_with(text, status or code),
    )


def _empty_envelope(fields: Fields) -> bool:
    return fields.raw(b"x-envelope-from").replace(" ", "") == "<>"


def _line_with(text: str, found: re.Match[str] | None) -> str:
    if not found:
        return ""
    start = text.rfind("\n", 0, found.start()) + 1
    end = text.find("\n", found.end())
    return one_line(text[start : len(text) if end < 0 else end], 500)
