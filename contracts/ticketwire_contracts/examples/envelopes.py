"""Examples of what travels around events and commands."""

from __future__ import annotations

from ..base import Answer, Batch, Order, Problem, Value
from ..tickets import SetPriorityV1, TicketOpenedV1
from .public import PUBLIC
from .story import BY_ANNA, CORRELATION, at
from .tickets import TICKET_COMMANDS, TICKET_EXAMPLES

ORDER_ID = "0f6d2f5e-3d0b-4f5f-9a51-7c2f1d7f6b90"

ENVELOPE_EXAMPLES: dict[str, Value] = {
    "order.v1": next(
        Order(
            id=ORDER_ID,
            type=command.topic,
            actor=BY_ANNA,
            correlation=CORRELATION,
            not_after=at(13, 0, 10),
            command=command.model_dump(mode="json"),
        )
        for command in TICKET_COMMANDS
        if isinstance(command, SetPriorityV1)
    ),
    "answer.v1": Answer(
        order=ORDER_ID,
        problem=Problem(
            type="version-mismatch",
            title="The ticket has changed",
            status=412,
            detail="Look at the ticket again, then repeat what you wanted.",
            extra={"version": 8},
        ),
    ),
    "batch.v1": next(
        Batch(
            source=event.source,
            first=4711,
            last=4711,
            chain="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            rights_epoch=3,
            events=[event.model_dump(mode="json", by_alias=True)],
        )
        for event in TICKET_EXAMPLES
        if isinstance(event, TicketOpenedV1)
    ),
    "public_event.v1": next(event for event in PUBLIC if event.message is not None),
}
