"""A mail on its way in: what is known of it before and after it is read."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from ticketwire_contracts.ingest import Bounce

from .reading import MailRead, message_id_of

_CONTROL = re.compile(r"[\x00-\x20\x7f<>\"(),:;\\\[\]]")
_DOMAIN = re.compile(r"(?!-)[^\s@.]{1,63}(?:\.[^\s@.]{1,63}){0,10}\Z")


@dataclass(frozen=True, slots=True)
class Arrival:
    """One mail for one recipient of ours, as it came."""

    row: str
    recipient: str
    envelope_from: str | None
    """The envelope sender: ``""`` for a bounce, none if nobody knows it."""
    raw: bytes
    at: datetime
    correlation: str
    digest: str = ""
    """SHA-256 of the raw octets."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a reading says that ingest itself acts on; the reading as JSON, as it is said to the others."""

    reading: str
    message_id: str | None = None
    refers_to: tuple[str, ...] = ()
    bounce: Bounce | None = None
    files: tuple[bytes, ...] = field(default=(), repr=False)
    unparsed: bool = False


def arrivals(
    raw: bytes, recipients: list[str], envelope_from: str | None, at: datetime, correlation: str
) -> list[Arrival]:
    """One arrival for each different recipient."""
    digest = sha256(raw).hexdigest()
    if envelope_from is not None:
        envelope_from = "" if envelope_from == "<>" else envelope_from  # as SMTP writes the sender of a bounce
        envelope_from = envelope_from.encode("utf-8", "replace").decode()  # octets that are no text could not be kept
    different = {recipient.lower(): recipient for recipient in recipients}
    return [
        Arrival(new_row(at), normal(recipient), envelope_from, raw, at, correlation, digest)
        for recipient in different.values()
    ]


def new_row(at: datetime) -> str:
    """An id that sorts by time of arrival."""
    return f"{int(at.timestamp() * 1000):012x}{secrets.token_hex(8)}"


def first_row(at: datetime) -> str:
    """Sorts before every id made at that time or later."""
    return f"{int(at.timestamp() * 1000):012x}"


def normal(recipient: str) -> str:
    """The address with its domain in lower case."""
    local, at, domain = recipient.rpartition("@")
    return f"{local}@{domain.lower()}" if at else recipient.lower()


def well_formed(recipient: str) -> bool:
    """Whether it can be an address at all: ``local@domain``, or ``postmaster`` (RFC 5321 4.5.1)."""
    if recipient.lower() == "postmaster":
        return True
    local, at, domain = recipient.rpartition("@")
    return recipient.isprintable() and bool(
        at and 0 < len(local) <= 128 and len(domain) <= 255 and not _CONTROL.search(local) and _DOMAIN.match(domain)
    )


def once(recipient: str, message_id: str, digest: str = "") -> str:
    """The key that makes a mail arrive once: recipient and Message-ID, with the octets where the id is taken."""
    return sha256(f"{recipient.lower()}\0{message_id}\0{digest}".encode()).hexdigest()[:32]


def known(read: MailRead, *, unparsed: bool = False) -> Known:
    """What ingest keeps of a reading. The oldest reference and the newest nine are looked at for waiting."""
    reading = read.reading
    refers = [*reading.in_reply_to, *reading.references[:1], *reading.references[-9:]]
    return Known(
        reading=reading.model_dump_json(by_alias=True),
        message_id=reading.message_id,
        refers_to=tuple(one for one in dict.fromkeys(refers) if one != reading.message_id)[:12],
        bounce=reading.bounce,
        files=read.files,
        unparsed=unparsed,
    )


def message_id(arrival: Arrival, read: Known | None) -> str | None:
    """The Message-ID, read or not yet read."""
    return read.message_id if read else message_id_of(arrival.raw)
