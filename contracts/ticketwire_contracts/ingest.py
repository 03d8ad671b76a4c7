"""What ingest may be asked and what it says: mails taken in, read, ignored, bounced."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

from pydantic import ConfigDict, Field

from .base import Command, Event, Value, Word


class Address(Value):
    """A mail address with the name that stood beside it."""

    name: str = Field(default="", description="Display name, decoded; may be empty.")
    address: str = Field(description="`local@domain`; the domain in lower case, as Unicode or A-label as it came.")


class Attachment(Value):
    """A part of a mail that is kept as a file, addressed by its content."""

    filename: str = Field(description="Cleaned file name, never a path; may be empty.")
    content_type: str = Field(description="As the mail claims it, e.g. `image/jpeg`.")
    size: int = Field(description="Octets after decoding.", ge=0)
    sha256: str = Field(description="Hex digest of the decoded octets; the blob's name.")
    content_id: str | None = Field(default=None, description="Without angle brackets.")
    inline: bool = Field(default=False, description="Shown inside the HTML text by its content id.")


class AutoVerdict(Value):
    """Whether a machine wrote the mail (RFC 3834 and what the field does besides)."""

    is_auto: bool = Field(description="Never answer it by machine.")
    reason: str = Field(default="", description="The evidence, e.g. `Auto-Submitted: auto-replied`.")


class Bounce(Value):
    """A delivery report (RFC 3464, or one that only looks like it)."""

    action: Literal["failed", "delayed", "delivered", "relayed", "expanded", "unknown"] = Field(
        description="RFC 3464 Action."
    )
    status: str = Field(default="", description="Enhanced status code, e.g. `5.1.1`.")
    recipient: str = Field(default="", description="The address that could not be reached.")
    original_message_id: str = Field(default="", description="Message-ID of the mail it is about, without brackets.")
    diagnostic: str = Field(default="", description="What the other server said.")


class PgpVerdict(Value):
    """What PGP says of a message; one shape everywhere."""

    encrypted: bool = Field(default=False, description="It came encrypted.")
    opened_with: str | None = Field(default=None, description="Fingerprint of our key that opened it.")
    signature: Literal[
        "none",
        "good",
        "bad",
        "unknown_key",
        "expired_key",
        "revoked_key",
        "weak_key",
        "untrusted",
        "partial",
        "wrong_sender",
    ] = Field(default="none", description="The one word for the signature.")
    signer: str | None = Field(default=None, description="User id of the signing key.")
    key: str | None = Field(default=None, description="Fingerprint of the signing key.")
    covers: Literal["all", "part", "none"] = Field(default="none", description="How much of the message it covers.")


class Reading(Value):
    """What the parser made of a mail. The same shape as ``ticketwire mail explain`` prints."""

    model_config = ConfigDict(frozen=True, extra="ignore", validate_by_name=True, validate_by_alias=True)

    from_: Address = Field(
        description="Author: the first usable address of From.", serialization_alias="from", validation_alias="from"
    )
    reply_to: list[Address] = Field(default_factory=list, description="Where the author wants answers.")
    to: list[Address] = Field(default_factory=list, description="To.")
    cc: list[Address] = Field(default_factory=list, description="Cc.")
    subject: str = Field(default="", description="Decoded, in one line.")
    date: datetime | None = Field(default=None, description="Date header (UTC), if it can be read.")
    message_id: str | None = Field(default=None, description="Without angle brackets.")
    in_reply_to: list[str] = Field(default_factory=list, description="Message-IDs, without angle brackets.")
    references: list[str] = Field(default_factory=list, description="Message-IDs, oldest first; at most 50.")
    auto: AutoVerdict = Field(description="Whether a machine wrote it.")
    bounce: Bounce | None = Field(default=None, description="Set when it is a delivery report.")
    text: str = Field(default="", description="The text to read, from text/plain or made from the HTML.")
    html: str | None = Field(default=None, description="Sanitised HTML; remote images taken out.")
    attachments: list[Attachment] = Field(default_factory=list, description="Files.")
    pgp: PgpVerdict = Field(default_factory=PgpVerdict, description="What PGP says of it.")
    language: str | None = Field(default=None, description="From Content-Language or a guess on the text, e.g. `de`.")
    warnings: list[str] = Field(
        default_factory=list, description="What was odd: `charset_unknown:latin-9`, `parts_capped` …"
    )


class ReadRawV1(Command):
    """Asks for the raw octets of a mail (base64), for those who may see them."""

    topic: ClassVar[str] = "read_raw.v1"
    obeyed_by: ClassVar[str] = "ingest"
    mail: Word = Field(description="The mail's row, as in `mail.received`.")


class RereadMailsV1(Command):
    """Asks for mails to be read again by the parser of today."""

    topic: ClassVar[str] = "reread_mails.v1"
    obeyed_by: ClassVar[str] = "ingest"
    mails: list[Word] = Field(description="Rows to read again.", max_length=1000)


class ShowAccountV1(Command):
    """Asks for the mail account: received = ticketed + ignored + refused + parked + under way."""

    topic: ClassVar[str] = "show_account.v1"
    obeyed_by: ClassVar[str] = "ingest"
    since: datetime | None = Field(default=None, description="From then on; all without it.")


class MailEvent(Event):
    """An event about one mail to one recipient of ours."""

    publisher: ClassVar[str] = "ingest"
    mail: str = Field(description="The row: one per mail and envelope recipient of ours.")
    reading: int = Field(description="Which reading of it; an older one never overwrites a newer.", ge=1)


class MailReceivedV1(MailEvent):
    """Sent when a mail was accepted and read."""

    topic: ClassVar[str] = "mail.received.v1"
    recipient: str = Field(description="The envelope recipient it was accepted for.")
    envelope_from: str = Field(description="The envelope sender; empty for bounces, and where nobody knows it.")
    received_at: datetime = Field(description="When we took it over.")
    raw_sha256: str = Field(description="Digest of the raw mail.")
    size: int = Field(description="Octets of the raw mail.")
    mail_read: Reading = Field(description="What stands in it.")
    unparsed: bool = Field(default=False, description="The parser failed; the raw mail is the only attachment.")


class MailIgnoredV1(MailEvent):
    """Sent when ingest itself found a mail to be one it already has."""

    topic: ClassVar[str] = "mail.ignored.v1"
    reason: Literal["duplicate", "rule"] = Field(description="Why.")
    same_as: str | None = Field(default=None, description="The mail that it repeats.")


class MailBouncedV1(MailEvent):
    """Sent beside ``mail.received`` when the mail is a delivery report."""

    topic: ClassVar[str] = "mail.bounced.v1"
    bounce: Bounce = Field(description="What it reports.")
