"""Examples of what notify is asked and says."""

from __future__ import annotations

from ..notify import NotificationFailedV1, NotificationSentV1, ResendV1
from .story import BY_NOTIFY, NUMBER, OUR_ID, SENT_NOTE_ID, STREAM, at, envelope

SENT = "5f0c6a1be0d95d3d8c1f7a94b26e03d7"
FAILED = "91d0c7702e3b5c0f9a6e4d1b8f27ac35"

NOTIFY_EXAMPLES = (
    ResendV1(notification=FAILED),
    NotificationSentV1(
        **envelope(NotificationSentV1, f"outgoing/{SENT}", 1, at(8, 14, 6), BY_NOTIFY, "TW-1042: auto_reply sent"),
        notification=SENT,
        kind="auto_reply",
        ticket=NUMBER,
        cause=f"{STREAM}:1:0",
        recipients=["maja@example.net"],
        message_id=OUR_ID,
        sent_at=at(8, 14, 6),
    ),
    NotificationFailedV1(
        **envelope(NotificationFailedV1, f"outgoing/{FAILED}", 1, at(9, 31), BY_NOTIFY, "TW-1042: watcher failed"),
        notification=FAILED,
        kind="watcher",
        ticket=NUMBER,
        cause=f"{STREAM}:1:0",
        recipients=["ben@example.org"],
        message_id=SENT_NOTE_ID,
        reason="The next server refused it for good: 550 5.1.1 no such user here",
    ),
)
