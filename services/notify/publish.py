"""Where rows become events: a mail was taken over by the next server, or was given up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ticketwire_chassis.events import stamp
from ticketwire_contracts.base import Actor
from ticketwire_contracts.notify import NotificationEvent, NotificationFailedV1, NotificationSentV1

from .domain.outgoing import Outgoing, Settled

ACTOR = Actor(kind="system", id="system/notify", via="mail")


def of_settled(settled: Settled, now: datetime) -> Sequence[NotificationEvent]:
    """What is to be said after a try; nothing while a mail still waits for all its recipients."""
    row = settled.row
    events: list[NotificationEvent] = []
    if settled.sent_to:
        fields = _fields(NotificationSentV1, row, 0, "was sent", now)
        events.append(NotificationSentV1(**fields, recipients=list(settled.sent_to), sent_at=now))
    if settled.failed_for:
        fields = _fields(NotificationFailedV1, row, len(events), "was given up", now)
        reason = "; ".join(sorted(set(settled.failed_for.values())))[:1000]
        events.append(NotificationFailedV1(**fields, recipients=list(settled.failed_for), reason=reason))
    return events


def _fields(event: type[NotificationEvent], row: Outgoing, index: int, fate: str, now: datetime) -> dict[str, Any]:
    envelope = stamp(
        event,
        f"notification/{row.id}",
        row.rev,
        index,
        at=now,
        actor=ACTOR,
        correlation=row.correlation,
        summary=f"A mail about {row.ticket} {fate}",
    )
    return envelope | {
        "notification": row.id,
        "kind": row.kind,
        "ticket": row.ticket,
        "cause": row.cause,
        "message_id": row.message_id,
    }
