"""One example of every topic, all from the same made-up day: a printer that prints blank pages.

``EXAMPLES`` holds each topic's example as it travels (JSON), ``PUBLIC_EXAMPLES`` the form in which outsiders
hear it. They are written to ``contracts/examples/``, stand in the AsyncAPI documents, and serve a subscriber's
own tests: ``from ticketwire_contracts.examples import EXAMPLES``.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from .changes import CHANGE_EXAMPLES
from .envelopes import ENVELOPE_EXAMPLES
from .escalation import ESCALATION_EXAMPLES
from .ingest import INGEST_EXAMPLES
from .joining import JOINING_EXAMPLES
from .notify import NOTIFY_EXAMPLES
from .privacy import PRIVACY_EXAMPLES
from .public import PUBLIC
from .rights import RIGHTS_EXAMPLES
from .tickets import TICKET_COMMANDS, TICKET_EXAMPLES
from .work import WORK_EXAMPLES


def as_sent(value: BaseModel) -> dict[str, Any]:
    """The value as it travels."""
    return value.model_dump(mode="json", by_alias=True)


def of_message(value: BaseModel) -> str:
    """The topic of an event or a command."""
    topic = getattr(type(value), "topic", None)
    if not isinstance(topic, str):
        raise TypeError(f"{type(value).__name__} is neither event nor command")
    return topic


EXAMPLES: dict[str, dict[str, Any]] = {
    of_message(value): as_sent(value)
    for value in (
        *INGEST_EXAMPLES,
        *TICKET_COMMANDS,
        *TICKET_EXAMPLES,
        *RIGHTS_EXAMPLES,
        *ESCALATION_EXAMPLES,
        *NOTIFY_EXAMPLES,
        *WORK_EXAMPLES,
        *JOINING_EXAMPLES,
        *CHANGE_EXAMPLES,
        *PRIVACY_EXAMPLES,
    )
} | {name: as_sent(value) for name, value in ENVELOPE_EXAMPLES.items()}

PUBLIC_EXAMPLES: dict[str, dict[str, Any]] = {event.type: as_sent(event) for event in PUBLIC}
