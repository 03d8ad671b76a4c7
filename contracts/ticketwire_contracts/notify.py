"""What notify may be asked and what it says: mails on their way out."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

from pydantic import Field

from .base import Command, Event, Word

NotificationKind = Literal["auto_reply", "reply", "owner", "watcher", "escalation", "forward"]


class ResendV1(Command):
    """Asks for a mail that failed to be tried again now."""

    topic: ClassVar[str] = "resend.v1"
    obeyed_by: ClassVar[str] = "notify"
    notification: Word = Field(description="Its id.")


class NotificationEvent(Event):
    """An event about one outgoing mail."""

    publisher: ClassVar[str] = "notify"
    notification: str = Field(description="Id of the outgoing row.")
    kind: NotificationKind = Field(description="Why it goes out.")
    ticket: str = Field(description="Number of the ticket.")
    cause: str = Field(description="Id of the event it follows from.")
    recipients: list[str] = Field(description="Addresses it goes to.")
    message_id: str = Field(description="Its Message-ID, without angle brackets.")


class NotificationSentV1(NotificationEvent):
    """Sent when the next mail server has taken a mail over."""

    topic: ClassVar[str] = "notification.sent.v1"
    sent_at: datetime = Field(description="When.")


class NotificationFailedV1(NotificationEvent):
    """Sent when a mail is given up: refused for good, over the cap, or tried too long."""

    topic: ClassVar[str] = "notification.failed.v1"
    reason: str = Field(description="In words, with the server's answer if there was one.")
