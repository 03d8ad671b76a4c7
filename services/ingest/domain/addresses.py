"""Address fields: names, groups, comments and quotes, however broken; structure first, decoding after."""

from __future__ import annotations

import re

from ticketwire_contracts.ingest import Address

from . import caps
from .headers import decode_words, one_line

_SIMPLE = re.compile(
    r"\s*(?:\"([^\"\\<>]*)\"|([^\"\\<>(),;:@]*?))\s*<\s*([^\s<>()\"\\,;:@]+@[^\s<>()\"\\,;:@]+)\s*>\s*\Z"
)
_BARE = re.compile(r"\s*([^\s<>()\"\\,;:@]+@[^\s<>()\"\\,;:@]+)\s*\Z")
_TOKEN = re.compile(r"\"((?:[^\"\\]|\\.)*)(?:\"|\\?\Z)|([<>,;:()])|([^\"<>,;:()]+)", re.DOTALL)
_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"")
_BRACKETED = re.compile(r"<[^<>]*>")
_OBSOLETE = re.compile(r"\s*([@.])\s*")
_WORDS = 60
"""Of one name; further ones are left out."""
_FOUND = re.compile(r"[^\s<>()\"\\,;:@]{1,200}@[^\s<>()\"\\,;:@]{1,255}")


def read(value: str, warnings: list[str], field: str) -> list[Address]:
    """The addresses of a field's raw value. What is none is left out; ``<field>_unreadable`` if nothing is left."""
    if not value:
        return []
    found = _SIMPLE.match(value) if len(value) < 500 else None  # longer ones would make it slow
    if found:
        one = _address(found[1] or found[2] or "", found[3])
        return [one] if one else []
    found = _BARE.match(value)
    if found:
        one = _address("", found[1])
        return [one] if one else []
    addresses = _tokens(value, warnings, field)
    if not addresses and not value.rstrip(" >").endswith((";", "<")):
        warnings.append(f"{field}_unreadable")
        # Last resort for an unclosed quote and the like; never out of the name beside a broken address.
        if not _BRACKETED.search(_QUOTED.sub("", value[:2000])):
            addresses = _loose(value)
    return addresses


def _loose(text: str) -> list[Address]:
    found = _FOUND.search(text[:4000])
    one = _address("", found[0]) if found else None
    return [one] if one else []


class _Mailbox:
    """What was seen of one mailbox so far."""

    __slots__ = ("angle", "comment", "name", "spec")

    def __init__(self) -> None:
        self.name: list[str] = []
        self.spec: list[str] = []
        self.comment: list[str] = []
        self.angle = False

    def address(self) -> Address | None:
        """The finished mailbox; nothing if there is no address in it."""
        if self.spec:
            return _address(" ".join(self.name) or " ".join(self.comment), "".join(self.spec))
        if not self.name:
            return None
        bare = _OBSOLETE.sub(r"\1", " ".join(self.name)[:1000])
        if " " in bare and not bare.startswith('"'):
            return next(iter(_loose(bare)), None)
        return _address(" ".join(self.comment), bare)


def _tokens(value: str, warnings: list[str], field: str) -> list[Address]:
    addresses: list[Address] = []
    box, depth, comment = _Mailbox(), 0, ""
    for count, token in enumerate(_TOKEN.finditer(value)):
        if count == caps.ADDRESS_TOKENS:
            warnings.append(f"{field}_capped")
            break
        quoted, sign, text = token[1], token[2], token[3]
        if depth:
            depth += {"(": 1, ")": -1}.get(sign or "", 0)
            if depth:
                comment += token[0]
            else:
                box.comment.append(comment)
        elif sign == "(":
            depth, comment = 1, ""
        elif sign == "<":
            box.angle, box.spec = True, []
        elif sign == ">":
            box.angle = False
        elif box.angle:
            # A route (<@a,@b:x@y>) ends with a colon; only what follows it is the address.
            if sign == ":":
                box.spec.clear()
            else:
                box.spec.append(token[0].strip())
        elif sign in (",", ";"):
            addresses = _with(addresses, box)
            box = _Mailbox()
        elif sign == ":":
            box = _Mailbox()  # a group's name
        elif len(box.name) == _WORDS:
            pass
        elif quoted is not None:
            following = value[token.end() : token.end() + 1]
            box.name.append(token[0] if following == "@" else re.sub(r"\\(.)", r"\1", quoted))
        elif text and text.strip():
            box.name.append(text.strip())
        if len(addresses) == caps.ADDRESSES:
            warnings.append(f"{field}_capped")
            return addresses
    if depth:
        box.comment.append(comment)
    return _with(addresses, box)


def _with(addresses: list[Address], box: _Mailbox) -> list[Address]:
    one = box.address()
    return [*addresses, one] if one and one not in addresses[-20:] else addresses


def _address(name: str, spec: str) -> Address | None:
    spec = "".join(one_line(spec).split()) if not spec.startswith('"') else one_line(spec)
    local, _, domain = spec.rpartition("@")
    domain = domain.strip().rstrip(".").lower()
    if not local or not domain or len(spec) > caps.ADDRESS_CHARS:
        return None
    name = one_line(decode_words(name), caps.NAME_CHARS).strip("\"' ")
    return Address(name=name, address=f"{local}@{domain}")
