"""What may be asked of the log: every change of a ticket, and the ticket as it was at a past time. Read-only."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from pydantic import Field

from ..audit import Cause, Difference
from ..base import Actor, Moment, Value
from .commands import TicketCommand
from .values import Message


class ShowHistoryV1(TicketCommand):
    """Asks for every change of a ticket, oldest first; the answer's result is a `HistoryPage`."""

    topic: ClassVar[str] = "show_history.v1"
    after: int = Field(default=0, ge=0, description="Changes after this version.")
    limit: int = Field(default=100, ge=1, le=500, description="Changes on a page.")


class ShowTicketAtV1(TicketCommand):
    """Asks for the ticket as it was; the answer's result is `{ticket}`. Who may see it now, may see it then."""

    topic: ClassVar[str] = "show_ticket_at.v1"
    at: Moment = Field(description="At this time, with its zone.")


class Happening(Value):
    """One thing that happened in a change."""

    type: str = Field(description="E.g. `opened`, `replied`, `status_changed`.")
    message: Message | None = Field(default=None, description="What was said, if something was.")
    details: dict[str, Any] = Field(default_factory=dict, description="What else the log says of it.")


class HistoryEntry(Value):
    """One change of a ticket: who, when, why, what happened, and what is different since."""

    version: int = Field(description="The ticket's version after it.")
    at: datetime = Field(description="When (UTC).")
    actor: Actor = Field(description="Who.")
    command: str = Field(description="What was asked, e.g. `set_status.v1` or `open_from_mail`.")
    cause: Cause = Field(description="Why.")
    correlation: str = Field(description="Kept from a mail's arrival or a click to the last notification.")
    happened: list[Happening] = Field(description="In order.")
    changed: dict[str, Difference] = Field(description="By field of the ticket.")


class HistoryPage(Value):
    """A part of a history."""

    items: list[HistoryEntry] = Field(description="Oldest first.")
    next: int | None = Field(default=None, description="Ask again after this version; none at the end.")
