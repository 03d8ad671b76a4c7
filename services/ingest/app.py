"""The composition root of ingest: its menu."""

from __future__ import annotations

from ticketwire_chassis.service import Service
from ticketwire_contracts.ingest import ReadRawV1, RereadMailsV1, ShowAccountV1
from ticketwire_contracts.tickets import MailSettledV1, PersonErasedV1, QueueChangedV1, QueueCreatedV1

from .api import Api
from .handlers import Handlers
from .mail.pool import Pool
from .mail.rounds import Rounds
from .mail.smtp import Server
from .privacy import Forgetting
from .settings import Settings
from .store import MailStore
from .timers import Reader

settings = Settings()
service = Service(settings)
store = MailStore(service.db, service.blobs)
pool = Pool(settings.readers, settings.read_seconds, settings.read_megabytes)
reader = Reader(store, pool, service.nudge)
rounds = Rounds(store, pool, service.nudge, reader.take, settings.read_patience, settings.in_flight_octets)
server = Server(
    rounds,
    settings.smtp_host,
    settings.smtp_port,
    settings.smtp_name,
    settings.mail_octets,
    settings.smtp_connections,
)
handlers = Handlers(store, reader.wake)
api = Api(rounds, store, settings.mail_octets)

service.prepares(store.prepare)
service.hears(MailSettledV1, by=handlers.on_mail_settled)
service.hears(QueueCreatedV1, QueueChangedV1, by=handlers.on_queue_created)
service.hears(PersonErasedV1, by=Forgetting(service.db, service.blobs, service.signer.claim).on_person_erased)
service.obeys(ReadRawV1, RereadMailsV1, ShowAccountV1, by=handlers.obey)
service.says_rows("mails")
service.runs("rounds", rounds.run)
service.runs("reader", reader.run)
service.runs("late", reader.audit)
service.runs("smtp", server.run)
service.ready_when("smtp", server.listening)
app = service.app(routes=api.routes)
