"""Addresses: which can be written to at all, and to which a machine never writes."""

from __future__ import annotations

import re
import unicodedata

_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}")
_DOMAIN = re.compile(r"(?=.{1,253}\Z)(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,62})\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})")
_MACHINE = re.compile(
    r"(?:mailer-daemon|postmaster|abuse|no[-_]?reply|do[-_]?not[-_]?reply|bounces?|auto[-_]?reply|nobody)(?:[+=.-].*)?"
    r"|owner-.*|.*-(?:request|owner|bounces?)(?:\+.*)?",
    re.IGNORECASE,
)


def spelled(address: str) -> str | None:
    """The address as SMTP wants it (an international domain as A-labels), or None when mail cannot reach it.

    Only plain local parts count: no quotes, spaces, line breaks or letters beyond ASCII. What comes back is safe to
    stand in a header and in a command.
    """
    local, at, domain = address.strip().rpartition("@")
    if not at or not _LOCAL.fullmatch(local):
        return None
    try:
        domain = ".".join(_a_label(label) for label in domain.split("."))
    except UnicodeError:
        return None
    return f"{local}@{domain}" if _DOMAIN.fullmatch(domain) else None


def _a_label(label: str) -> str:
    """A label in ASCII. ``ß`` and ``ς`` stay what they are (IDNA 2008): Python would write to another domain."""
    if label.isascii():
        return label
    if "\u200c" in label or "\u200d" in label:
        raise UnicodeError("joiners cannot be seen")
    if "ß" in label or "ς" in label:
        return "xn--" + unicodedata.normalize("NFC", label.lower()).encode("punycode").decode()
    return label.encode("idna").decode()


def is_machine(address: str) -> bool:
    """Whether an address belongs to a machine by its name (RFC 3834, section 2): it never gets an automatic reply."""
    return _MACHINE.fullmatch(address.strip().rpartition("@")[0]) is not None


def plain(address: str) -> str:
    """The address to compare by: lower case, without what follows ``+``."""
    local, _, domain = address.strip().casefold().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def with_token(address: str, token: str) -> str:
    """The address with a token after ``+``."""
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}+{token}@{domain}"
