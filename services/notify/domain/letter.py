"""A mail before it is octets: its subject line, its place in the thread, its headers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ticketwire_contracts.ingest import Attachment

from .telling import Recipient

LOOP_HEADER = "X-Ticketwire-Loop"
"""Our marker on what a machine of ours wrote; ingest knows it."""
REFERENCES = 10
"""Ids in References at most: the first, and the last nine."""

_MESSAGE_ID = re.compile(r"[!-;=?-~]{3,250}")

AUTO_REPLY_HEADERS = (
    ("Auto-Submitted", "auto-replied"),
    ("Precedence", "bulk"),
    ("X-Auto-Response-Suppress", "All"),
    (LOOP_HEADER, "yes"),
)
NOTICE_HEADERS = (
    ("Auto-Submitted", "auto-generated"),
    ("Precedence", "bulk"),
    ("X-Auto-Response-Suppress", "All"),
    (LOOP_HEADER, "yes"),
)
"""On mails to colleagues. A reply that an agent wrote carries neither: it is a person's mail."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What stands in a mail. Addresses and ids in it are of the plain kind; names, subject and text are free."""

    sender: Recipient
    to: tuple[Recipient, ...]
    subject: str
    text: str
    message_id: str
    date: datetime
    cc: tuple[Recipient, ...] = ()
    reply_to: str | None = None
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    attachments: tuple[Attachment, ...] = ()
    language: str = "en"


def subject_line(number: str, subject: str, *, answers: bool) -> str:
    """``[TW-12] Subject``, with ``Re:`` where it answers a mail of the customer."""
    return f"{'Re: ' if answers else ''}[{number}] {subject}"


def known_id(message_id: str | None) -> str | None:
    """A foreign Message-ID that may stand in a header of ours, or None."""
    return message_id if message_id is not None and _MESSAGE_ID.fullmatch(message_id) else None


def chain(ids: Iterable[str], last: str | None) -> tuple[str, ...]:
    """References: each id once, ``last`` at the end, the first and the last nine of them when there are more."""
    kept = [one for one in dict.fromkeys(ids) if known_id(one) and one != last]
    if known_id(last) and last is not None:
        kept.append(last)
    return tuple(kept if len(kept) <= REFERENCES else _ends(kept))


def _ends(ids: Sequence[str]) -> list[str]:
    return [ids[0], *ids[-(REFERENCES - 1) :]]
