"""A mail on its way out: its ids, its caps, and what becomes of it after a try. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Literal

from ticketwire_contracts.base import ERASED as GONE
from ticketwire_contracts.ingest import Attachment
from ticketwire_contracts.notify import NotificationKind
from ticketwire_contracts.rights import Thing

from .addresses import plain
from .telling import BY_PEOPLE, Telling

NAMESPACE = uuid.UUID("2f6a0f63-6a8e-5c0b-8a57-2f6f3f2f9d4e")

PAUSES = tuple(timedelta(seconds=seconds) for seconds in (10, 60, 300, 900, 3600, 4 * 3600))
"""Before each further try; the last one repeats."""
GIVEN_UP = timedelta(days=2)
"""So long after the first try a mail is given up."""

NO_ADDRESS = "no mail can be addressed to it"
ERASED = "whom it was for or what it told was erased"

State = Literal["waiting", "sent", "failed"]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A row. ``open`` are the recipients whom the next try is for, ``failed`` those given up; ``mail`` is finished."""

    id: str
    kind: NotificationKind
    ticket: str
    cause: str
    correlation: str
    sender: str
    recipients: tuple[str, ...]
    open: tuple[str, ...]
    message_id: str
    mail: bytes
    first_at: datetime
    internal: bool = False
    person: str = ""
    thing: Thing | None = None
    attachments: tuple[Attachment, ...] = ()
    failed: tuple[str, ...] = ()
    tries: int = 0
    rev: int = 0
    state: State = "waiting"
    forbidden: str = ""
    """Why it must not go out; such a row holds no mail."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a try came to: who was reached, who never will be, who may be later, with the server's words."""

    accepted: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)
    deferred: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settled:
    """The row after a try and what is to be said of it: who got the mail, who will not."""

    before: Outgoing
    row: Outgoing
    due_at: datetime | None
    sent_to: tuple[str, ...] = ()
    failed_for: Mapping[str, str] = field(default_factory=dict)


def row_id(event_id: str, telling: Telling) -> str:
    """The same event and recipient have the same id, however often the event is heard."""
    return uuid.uuid5(NAMESPACE, f"{event_id}\0{'internal' if telling.internal else 'outward'}\0{telling.key}").hex


def cap_key(row: Outgoing, day: date) -> str | None:
    """What an automatic mail counts against on a day: its address, for a notice its ticket too.

    What a person wrote counts against nothing.

    What follows ``+`` in an address makes no difference: a machine may write from a new one each time. The address
    is a digest, so that the counters hold nobody's name.
    """
    if row.kind in BY_PEOPLE:
        return None
    about = row.ticket if row.internal else ""
    mark = sha256(f"{about}\0{plain(row.recipients[0])}".encode()).hexdigest()[:32]
    return f"{day.isoformat()} {mark}"


def settle(row: Outgoing, outcome: Outcome, now: datetime) -> Settled:
    """What becomes of a mail after a try: sent, given up, or to be tried again by and by.

    It counts as failed if anyone was given up, early or late; they are the ones for whom it can be resent.
    """
    tries = row.tries + 1
    refused = dict(outcome.refused)
    deferred = dict(outcome.deferred)
    if deferred and now - row.first_at >= GIVEN_UP:
        refused |= {address: f"tried for two days: {why}" for address, why in deferred.items()}
        deferred = {}
    failed = (*row.failed, *refused)
    state: State = "waiting" if deferred else "failed" if failed else "sent"
    return Settled(
        before=row,
        row=replace(row, tries=tries, rev=row.rev + 1, open=tuple(deferred) or failed, failed=failed, state=state),
        due_at=now + PAUSES[min(tries, len(PAUSES)) - 1] if deferred else None,
        sent_to=outcome.accepted,
        failed_for=refused,
    )


def over_cap(row: Outgoing) -> Outcome:
    """The outcome of a mail that would be one automatic mail too many."""
    return Outcome(refused=dict.fromkeys(row.open, "over the cap of automatic mails a day"))


def withheld(row: Outgoing) -> Outcome:
    """The outcome of a mail whose recipient may not see any more what it tells."""
    return Outcome(refused=dict.fromkeys(row.open, "the recipient may not see it any more"))


def forbidden(row: Outgoing) -> Outcome:
    """The outcome of a mail that must not go out at all."""
    return Outcome(refused=dict.fromkeys(row.open, row.forbidden))


# ------------------------------------------------------------------------------------------------ erasing


def without(row: Outgoing, named: Collection[str]) -> Outgoing:
    """The row without these recipients; where nobody is left to whom it could still go, it is given up."""
    if not any(one in named for one in row.recipients):
        return row
    left = replace(
        row,
        recipients=_gone(row.recipients, named),
        open=tuple(one for one in row.open if one not in named),
        failed=_gone(row.failed, named),
    )
    if left.open:
        return left
    return replace(left, attachments=()) if row.state == "sent" else _given_up(left)


def told_anew(row: Outgoing, again: Outgoing | None) -> Outgoing:
    """A mail as its event says it since something was taken out of it; what is known of its tries stays.

    Where the event tells its recipients nothing any more (none) it is given up.
    """
    if not row.mail:
        return replace(row, attachments=())
    if again is None and row.internal:
        return _given_up(row)
    still = again.recipients if again else ()
    left = without(row, [one for one in row.recipients if one not in still])
    if again is None or left.forbidden:
        return left
    return replace(left, mail=again.mail, attachments=again.attachments, thing=again.thing, forbidden=again.forbidden)


def _given_up(row: Outgoing) -> Outgoing:
    """Holds nothing any more, and must not go out: that is said as of any such mail when it is due."""
    return replace(row, open=row.open or (GONE,), mail=b"", attachments=(), forbidden=ERASED)


def _gone(addresses: Iterable[str], named: Collection[str]) -> tuple[str, ...]:
    return tuple(GONE if one in named else one for one in addresses)
