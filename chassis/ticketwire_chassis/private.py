"""Personal values in the log: in the body as salted digests, the values beside it, so they can be erased.

``seal`` splits thin events into a body that is hashed for ever and a ``private`` part that may go
(decision 18). A thin event says which of its fields are personal: ``{"type": ..., "personal": [...], ...}``
is never stored; the caller names them.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

import orjson

from ticketwire_contracts.base import ERASED

Doc = dict[str, Any]
REDACTION = "erased"
"""Type of the thin event that names what is taken from a stream, and the key by which its commits are found."""


def canonical(value: Any) -> bytes:
    """One spelling for one value: sorted keys, UTC times, no spaces."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC)


def digest(salt: str, value: Any) -> str:
    """The salted digest that stands in the body."""
    return sha256(salt.encode() + b"\0" + canonical(value)).hexdigest()


def seal(events: Sequence[Doc], personal: Mapping[str, frozenset[str]]) -> tuple[list[Doc], Doc]:
    """Splits thin events into (body, private). ``personal`` names the personal fields per event type."""
    body: list[Doc] = []
    private: Doc = {}
    for index, event in enumerate(events):
        fields = personal.get(event["type"], frozenset())
        thin: Doc = {}
        for name, value in event.items():
            if name in fields and value not in (None, "", []):
                salt = secrets.token_hex(8)
                key = f"{index}_{name}"
                private[key] = {"salt": salt, "value": value}
                thin[name] = {"private": key, "digest": digest(salt, value)}
            else:
                thin[name] = value
        body.append(thin)
    return body, private


def reseal(value: Any) -> tuple[Doc, str]:
    """What stands in the place of an erased value: (what is kept, its digest) with a new salt."""
    salt = secrets.token_hex(8)
    return {"salt": salt, "value": value}, digest(salt, value)


def unseal(body: Sequence[Doc], private: Mapping[str, Any]) -> list[Doc]:
    """The thin events with their personal values put back; an erased one reads ``[erased]``."""
    events: list[Doc] = []
    for thin in body:
        event: Doc = {}
        for name, value in thin.items():
            if isinstance(value, dict) and "private" in value and "digest" in value:
                kept = private.get(value["private"])
                event[name] = kept["value"] if kept else ERASED
            else:
                event[name] = value
        events.append(event)
    return events
