"""How the parts of a joined ticket followed what happened under v 1: by what was different on the whole afterwards.

Kept for the logs of then, which must give the states of then (``events.py``); nothing new is done so. A fact that was
empty on the whole, since one part had none, was taken for the own part's too: so a first answer was overwritten.
"""

from __future__ import annotations

from typing import Any

from ticketwire_contracts.tickets import ClockFacts, Standing, Ticket

from . import standing
from .standing import key

JOINED = ("requesters", "cc", "admin_cc", "links")


def followed(before: Ticket, after: Ticket, own: Standing) -> dict[str, Any]:
    """The parts after an event that changed what is joined: what came is this ticket's own, what went is gone."""
    change: dict[str, Any] = {}
    theirs: list[dict[str, Any]] = [{} for _ in after.absorbed]
    for name in JOINED:
        was, now = getattr(before, name), getattr(after, name)
        gone = {key(one) for one in was} - {key(one) for one in now}
        new = [one for one in now if key(one) not in {key(old) for old in was}]
        if gone or new:
            change[name] = [*(one for one in getattr(own, name) if key(one) not in gone), *new]
            for part, updated in zip(after.absorbed, theirs, strict=True):
                updated[name] = [one for one in getattr(part, name) if key(one) not in gone]
    if after.clocks != before.clocks:
        change["clocks"] = _followed_clocks(before.clocks, after.clocks, own.clocks)
        for part, updated in zip(after.absorbed, theirs, strict=True):
            updated["clocks"] = _answered_too(before.clocks, after.clocks, part.clocks)
    if not change:
        return {}
    absorbed = [part.model_copy(update=updated) for part, updated in zip(after.absorbed, theirs, strict=True)]
    return standing.joined(after.number, own.model_copy(update=change), absorbed, after.clocks.generation)


def _followed_clocks(before: ClockFacts, after: ClockFacts, own: ClockFacts) -> ClockFacts:
    change = {
        name: getattr(after, name) for name in type(after).model_fields if getattr(after, name) != getattr(before, name)
    }
    wrote = after.last_customer_at != before.last_customer_at and after.oldest_unanswered_at is not None
    if wrote and own.oldest_unanswered_at is None:
        change["oldest_unanswered_at"] = after.last_customer_at
    return _answered_too(before, after, own.model_copy(update=change))


def _answered_too(before: ClockFacts, after: ClockFacts, part: ClockFacts) -> ClockFacts:
    """A reply on the joined ticket answers all that is in it; another due date takes the place of all."""
    change: dict[str, Any] = {}
    if after.last_agent_at != before.last_agent_at and after.oldest_unanswered_at is None:
        change["first_answered_at"] = part.first_answered_at or after.last_agent_at
        change["oldest_unanswered_at"] = None
    if after.due != before.due:
        change["due"] = after.due
    return part.model_copy(update=change) if change else part
