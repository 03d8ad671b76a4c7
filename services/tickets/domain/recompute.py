"""``after`` from what happened: what stands beside the hashed body can be made again from it at any time.

A ticket is folded, event by event. Of queues, lifecycles, groups, grants, persons and claims the event carries
the whole state, so the newest event is enough. ``ticketwire audit verify`` compares this with what is stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ticketwire_contracts.base import Value
from ticketwire_contracts.tickets import Grant, Group, Lifecycle, Person, Queue

from .events import Claimed, Erased, GrantGiven, GrantTaken, PersonDataShown, QueueFieldsSet, Thin, lift
from .state import TicketState, fold

State = dict[str, Any]
CARRIED: dict[str, type[Value]] = {"queue": Queue, "lifecycle": Lifecycle, "group": Group, "person": Person}
"""Kinds of streams whose state is a value of the contract, and perhaps the epoch of rights beside it."""


def recompute(stream: str, before: State | None, events: Sequence[State], at: datetime) -> State:
    """The state of a stream after one commit's ``events``, made on top of the state ``before`` it."""
    happened = [lift(event) for event in events]
    if stream.startswith("ticket/"):
        return fold(TicketState.model_validate(before) if before else None, happened, at).model_dump()
    if isinstance(happened[-1], Erased):
        return _with_next_version(before or {})
    if isinstance(happened[-1], QueueFieldsSet):
        return _with_next_version(_of_queue(before or {}, happened[-1]))
    return _moved(stream, happened[-1])


def normal(stream: str, after: State) -> State:
    """A stored state as this version of the code writes it: fields added since have their defaults."""
    kind = stream.partition("/")[0]
    if kind == "ticket":
        return TicketState.model_validate(after).model_dump()
    if kind == "grant":
        return after | {"grant": Grant.model_validate(after["grant"]).model_dump()}
    if kind in CARRIED:
        return CARRIED[kind].model_validate(after).model_dump() | _epoch(after)
    return after


def _moved(stream: str, event: Thin) -> State:
    match event:
        case Claimed():
            return {"owner": event.owner}
        case PersonDataShown():
            return {"person": event.person}
        case GrantGiven() | GrantTaken():
            given = isinstance(event, GrantGiven)
            return {"grant": event.grant.model_dump(), "given": given, "rights_epoch": event.rights_epoch}
    carried = getattr(event, stream.partition("/")[0], None)
    if isinstance(carried, Value):
        return carried.model_dump() | _epoch(dict(event))
    raise ValueError(f"{event.type} gives no state")


def _of_queue(before: State, event: QueueFieldsSet) -> State:
    return Queue.model_validate(before).model_copy(update={"fields": event.fields}).model_dump()


def _with_next_version(state: State) -> State:
    return state | {"version": state["version"] + 1} if "version" in state else state


def _epoch(after: State) -> State:
    return {"rights_epoch": after["rights_epoch"]} if "rights_epoch" in after else {}
