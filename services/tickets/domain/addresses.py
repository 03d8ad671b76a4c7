"""Which addresses can be written to: well formed, and not our own, from which mail would come back to us."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .context import Context
from .decision import Refusal, refused

_ADDRESS = re.compile(r"[^@\s<>,;\"\x00-\x1f\x7f]+@[^@\s<>,;\"\x00-\x1f\x7f]+")
LONGEST = 254


def misshapen(addresses: Iterable[str]) -> Refusal | None:
    """The refusal of what is not a mail address."""
    wrong = [address for address in addresses if not _ADDRESS.fullmatch(address) or len(address) > LONGEST]
    return refused("bad-address", "Not a mail address", 422, f"{wrong[0]!r} is not a mail address.") if wrong else None


def unwritable(context: Context, addresses: Iterable[str]) -> Refusal | None:
    """The refusal of typed addresses that cannot be written to."""
    asked = list(addresses)
    return misshapen(asked) or ours(context, asked)


def ours(context: Context, addresses: Iterable[str]) -> Refusal | None:
    """The refusal of a queue's address among these."""
    own = next((address for address in addresses if context.directory.is_ours(address)), None)
    if own is None:
        return None
    return refused("own-address", "That address is ours", 409, f"{own} is the address of a queue.")


def once_each(addresses: Iterable[str], besides: Iterable[str] = ()) -> list[str]:
    """Addresses without repetition (upper and lower case are the same) and without those ``besides``."""
    taken = {address.casefold() for address in besides}
    kept: dict[str, str] = {}
    for address in addresses:
        if address.casefold() not in taken:
            kept.setdefault(address.casefold(), address)
    return list(kept.values())
