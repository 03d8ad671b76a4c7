"""Examples of what ingest is asked and says."""

from __future__ import annotations

from hashlib import sha256

from ..ingest import (
    Bounce,
    MailBouncedV1,
    MailIgnoredV1,
    MailReceivedV1,
    ReadRawV1,
    RereadMailsV1,
    ShowAccountV1,
)
from .story import ASKED, BY_INGEST, BY_MAJA, MAIL_ROW, OUR_ID, READING, at, envelope

REPEATED_ROW = "01j0m4z8qk-support"
BOUNCE_ROW = "01j0m77r3t-support"

INGEST_EXAMPLES = (
    ReadRawV1(mail=MAIL_ROW),
    RereadMailsV1(mails=[MAIL_ROW, BOUNCE_ROW]),
    ShowAccountV1(since=at(0, 0)),
    MailReceivedV1(
        **envelope(
            MailReceivedV1,
            f"mail/{MAIL_ROW}",
            1,
            at(8, 14, 4),
            BY_MAJA,
            "Mail for support@example.org received",
        ),
        mail=MAIL_ROW,
        reading=1,
        recipient="support@example.org",
        envelope_from="maja@example.net",
        received_at=at(8, 14, 4),
        raw_sha256=sha256(ASKED.encode()).hexdigest(),
        size=2381,
        mail_read=READING,
    ),
    MailIgnoredV1(
        **envelope(MailIgnoredV1, f"mail/{REPEATED_ROW}", 1, at(8, 14, 31), BY_INGEST, "Mail ignored: sent twice"),
        mail=REPEATED_ROW,
        reading=1,
        reason="duplicate",
        same_as=MAIL_ROW,
    ),
    MailBouncedV1(
        **envelope(MailBouncedV1, f"mail/{BOUNCE_ROW}", 1, at(10, 2, 40), BY_INGEST, "Delivery report: failed", 1),
        mail=BOUNCE_ROW,
        reading=1,
        bounce=Bounce(
            action="failed",
            status="5.1.1",
            recipient="tomas@example.net",
            original_message_id=OUR_ID,
            diagnostic="550 5.1.1 no such user here",
        ),
    ),
)
