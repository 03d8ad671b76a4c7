"""The envelope of an event, filled in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ticketwire_contracts.base import Actor, Event
from ticketwire_contracts.catalogue import EVENTS


def stamp(
    event: type[Event],
    stream: str,
    version: int,
    index: int = 0,
    *,
    at: datetime,
    actor: Actor,
    correlation: str,
    summary: str,
    replay: bool = False,
) -> dict[str, Any]:
    """The envelope's fields, to be spread into the event: ``TicketOpenedV1(**stamp(...), ticket=...)``."""
    return {
        "id": f"{stream}:{version}:{index}",
        "source": event.publisher,
        "type": event.topic,
        "subject": stream,
        "time": at,
        "dataschema": event.schema_address(),
        "version": version,
        "actor": actor,
        "correlation": correlation,
        "summary": summary,
        "replay": replay,
    }


def read_event(data: dict[str, Any]) -> Event | None:
    """The typed event; none when this process does not know the type (a newer speaker)."""
    known = EVENTS.get(data.get("type", ""))
    return known.model_validate(data) if known else None
