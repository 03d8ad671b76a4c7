"""Where rows become events: what is said of a mail that was read, or that we already had."""

from __future__ import annotations

from datetime import datetime

import orjson

from ticketwire_chassis.events import stamp
from ticketwire_chassis.mongo import Doc
from ticketwire_chassis.outbox import said
from ticketwire_contracts.base import Actor
from ticketwire_contracts.ingest import MailBouncedV1, MailIgnoredV1, MailReceivedV1

from .domain.arrivals import Arrival, Known

ACTOR = Actor(kind="system", id="system/ingest", via="mail")


def received(mail: Arrival, read: Known, reading: int, rev: int, now: datetime) -> list[Doc]:
    """The outbox entries of a mail that was read.

    The reading comes from the worker as JSON and stays it: taking it apart and putting it together again would
    cost as much as reading a mail.
    """
    stream = f"mail/{mail.row}"
    envelope = stamp(
        MailReceivedV1,
        stream,
        rev,
        at=now,
        actor=ACTOR,
        correlation=mail.correlation,
        summary=f"A mail of {len(mail.raw)} octets was read",
    )
    fields = {
        "specversion": "1.0",
        **envelope,
        "actor": _ACTOR,
        "mail": mail.row,
        "reading": reading,
        "recipient": mail.recipient,
        "envelope_from": mail.envelope_from or "",
        "received_at": mail.at,
        "raw_sha256": mail.digest,
        "size": len(mail.raw),
        "unparsed": read.unparsed,
    }
    event = orjson.dumps(fields).decode()[:-1] + f',"mail_read":{read.reading}}}'
    entries: list[Doc] = [{"id": envelope["id"], "event": event}]
    if read.bounce:
        entries.append(
            said(
                MailBouncedV1(
                    **stamp(
                        MailBouncedV1,
                        stream,
                        rev,
                        1,
                        at=now,
                        actor=ACTOR,
                        correlation=mail.correlation,
                        summary=f"A mail reports: {read.bounce.action}",
                    ),
                    mail=mail.row,
                    reading=reading,
                    bounce=read.bounce,
                )
            )
        )
    return entries


_ACTOR = ACTOR.model_dump()


def ignored(mail: Arrival, same_as: str, now: datetime) -> list[Doc]:
    """The outbox entry of a mail that we already have."""
    return [
        said(
            MailIgnoredV1(
                **stamp(
                    MailIgnoredV1,
                    f"mail/{mail.row}",
                    1,
                    at=now,
                    actor=ACTOR,
                    correlation=mail.correlation,
                    summary="A mail came a second time",
                ),
                mail=mail.row,
                reading=1,
                reason="duplicate",
                same_as=same_as,
            )
        )
    ]
