"""The composition root of notify: its menu."""

from __future__ import annotations

from functools import partial

from ticketwire_chassis.service import Service
from ticketwire_contracts.notify import ResendV1
from ticketwire_contracts.tickets import MailSettledV1, PersonErasedV1, Queue, TicketErasedV1, TicketEvent

from .domain.letter import Letter
from .domain.telling import Telling
from .handlers import HEARD, Handlers, mails_of
from .mail import Sender, Server
from .privacy import Forgetting
from .render import Desk, about, letter, octets, with_files
from .settings import Settings
from .store import DirectoryStore, OutgoingStore
from .timers import Due

settings = Settings()
service = Service(settings)
directories = DirectoryStore(service.db)
rows = OutgoingStore(service.db)
desk = Desk(service.signer, settings.public_url.rstrip("/"), settings.mail_domain, settings.sender_address)


def write(event: TicketEvent | MailSettledV1, telling: Telling, queue: Queue) -> tuple[Letter, bytes]:
    """A letter and its octets."""
    written = letter(event, telling, queue, desk)
    return written, octets(written)


server = Server(
    settings.smtp_host,
    settings.smtp_port,
    settings.smtp_tls,
    settings.smtp_user,
    settings.smtp_password.get_secret_value(),
    settings.smtp_timeout,
    settings.smtp_connections,
)
sender = Sender(
    server, rows, directories, service.blobs, with_files, service.nudge,
    settings.auto_replies_per_day, settings.notices_per_ticket_per_day,
)  # fmt: skip
due = Due(rows, sender.send, sender.has_room)
forgetting = Forgetting(service.db, directories, rows, service.signer.claim, partial(mails_of, write), about)
handlers = Handlers(directories, forgetting, write, sender.send, due.wake)

service.prepares(rows.prepare)
service.announces(handlers.on_batches)
service.hears(*HEARD, by=handlers.on_events)
service.hears(PersonErasedV1, by=forgetting.on_person_erased)
service.hears(TicketErasedV1, by=forgetting.on_ticket_erased)
service.obeys(ResendV1, by=handlers.obey)
service.says_rows("outgoing")
service.runs("sender", sender.run)
service.runs("outcomes", sender.write_outcomes)
service.runs("due", due.run)
app = service.app()
