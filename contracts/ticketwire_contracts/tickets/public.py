"""What outsiders hear on the public exchange: an allow-list (decision 10)."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from ..base import SCHEMA_BASE, Value
from .values import Category


class PublicParty(Value):
    """A person, for outsiders."""

    name: str = Field(default="", description="Display name.")
    address: str = Field(default="", description="Mail address; empty for agents.")
    agent: bool = Field(default=False, description="An agent rather than a customer.")


class PublicTicket(Value):
    """What outsiders hear of a ticket: an allow-list; no notes, no links, no internal times."""

    number: str = Field(description="`TW-<n>`.")
    subject: str = Field(description="Subject.")
    queue: str = Field(description="Name of the queue.")
    status: str = Field(description="Status.")
    category: Category = Field(description="Category of the status.")
    priority: int = Field(description="0 to 100.")
    owner: PublicParty | None = Field(default=None, description="The agent who owns it.")
    requesters: list[PublicParty] = Field(default_factory=list, description="Who asks.")
    created_at: datetime = Field(description="When it was opened.")


class PublicMessage(Value):
    """What outsiders hear of a reply or a customer's mail."""

    author: PublicParty = Field(description="Who said it.")
    text: str = Field(description="What was said; empty when it came encrypted.")
    attachments: list[str] = Field(default_factory=list, description="File names.")
    at: datetime = Field(description="When.")


class PublicEvent(Value):
    """One message on ``ticketwire.events``, with key ``<type>.<queue>``."""

    specversion: Literal["1.0"] = Field(default="1.0", description="CloudEvents version.")
    id: str = Field(description="`<stream>:p<public_version>`.")
    source: str = Field(default="ticketwire", description="Ticketwire.")
    type: str = Field(description="The topic, e.g. `ticket.replied.v1`.")
    subject: str = Field(description="`ticket/<number>`.")
    time: datetime = Field(description="When it happened.")
    dataschema: str = Field(description="Name of the JSON Schema of public events.")
    public_version: int = Field(description="Counts the public events of this ticket, without holes.")
    correlation: str = Field(description="One id from a mail's arrival to the last notification.")
    summary: str = Field(description="One neutral line.")
    ticket: PublicTicket = Field(description="The ticket after it.")
    message: PublicMessage | None = Field(default=None, description="What was said, if anything.")

    @classmethod
    def schema_address(cls) -> str:
        """The ``dataschema`` of every public event."""
        return f"{SCHEMA_BASE}/public_event.v1.schema.json"
