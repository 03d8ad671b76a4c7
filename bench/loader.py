"""10 000 tickets through the log: tickets' own decisions and commits, only without SMTP and broker before them.

What the log holds is then relayed as ever, so the views fill by the ordinary way. The mails count as written by
machines, so nothing goes out.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime

from ticketwire_chassis.events import stamp
from ticketwire_contracts.base import Actor
from ticketwire_contracts.ingest import Address, AutoVerdict, MailReceivedV1, Reading

from .mails import CUSTOMERS

AT_ONCE = 50


def event(number: int) -> MailReceivedV1:
    """The n-th mail, as ingest would say it."""
    now = datetime.now(UTC)
    row = f"loaded{number}"
    actor = Actor(kind="system", id="system/ingest")
    reading = Reading.model_validate(
        {
            "from": Address(name=f"Customer {number}", address=f"customer{number % CUSTOMERS}@example.net"),
            "subject": f"Loaded ticket {number}",
            "text": "It does not work. " * 40,
            "auto": AutoVerdict(is_auto=True, reason="bench"),
            "message_id": f"{row}@bench.example.net",
        }
    )
    return MailReceivedV1(
        **stamp(MailReceivedV1, f"mail/{row}", 1, at=now, actor=actor, correlation=row, summary="loaded"),
        mail=row,
        reading=1,
        recipient="support@example.org",
        envelope_from="",
        received_at=now,
        raw_sha256="0" * 64,
        size=1000,
        mail_read=reading,
    )


async def load(count: int, environment: dict[str, str], progress: Callable[[int], None]) -> None:
    """Writes ``count`` tickets with the settings of the running stack."""
    os.environ.update(environment)
    from services.tickets.domain.events import PERSONAL
    from services.tickets.handlers import Handlers
    from services.tickets.settings import Settings
    from services.tickets.store import TicketStore, message_key
    from ticketwire_chassis import logs
    from ticketwire_chassis.commits import CommitLog
    from ticketwire_chassis.mongo import open_database
    from ticketwire_chassis.signing import Signer

    logs.configure("bench", "warning")
    settings = Settings()
    database = open_database(settings.mongo_url, settings.database, "pymongo")
    log = CommitLog(database, PERSONAL)
    handlers = Handlers(log, TicketStore(database, log, Signer(settings.secret.get_secret_value())), message_key)
    for start in range(0, count, AT_ONCE):
        await handlers.on_mail_received([event(number) for number in range(start, min(start + AT_ONCE, count))])
        progress(min(start + AT_ONCE, count))
    await database.close()
