"""The composition root of escalation: its menu."""

from __future__ import annotations

from ticketwire_chassis.service import Service
from ticketwire_contracts.escalation import SetPolicyV1, ShowPolicyAuditV1
from ticketwire_contracts.tickets import (
    QueueCreatedV1,
    TicketAbsorbedV1,
    TicketAdoptedV1,
    TicketDueChangedV1,
    TicketEscalatedV1,
    TicketMessagesMovedV1,
    TicketMessagesReturnedV1,
    TicketMovedV1,
    TicketNotedV1,
    TicketOpenedV1,
    TicketOwnerChangedV1,
    TicketPartWaitsV1,
    TicketPriorityChangedV1,
    TicketReceivedV1,
    TicketReleasedV1,
    TicketRepliedV1,
    TicketStatusChangedV1,
    TicketUnmergedV1,
)

from .handlers import Handlers
from .publish import publish
from .settings import Settings
from .store import Policies, TimerStore
from .timers import Timers

settings = Settings()
service = Service(settings)
store = TimerStore(service.db)
policies = Policies(service.log)
timers = Timers(store, policies, service.nudge)
handlers = Handlers(
    service.log, store, policies, timers, service.nudge, first_minutes=settings.default_first_response_minutes
)

service.prepares(store.prepare)
service.says_commits(publish)
service.says_rows("timers")
service.hears(QueueCreatedV1, by=handlers.on_queue_created)
service.hears(
    TicketOpenedV1, TicketReceivedV1, TicketRepliedV1, TicketNotedV1, TicketStatusChangedV1, TicketOwnerChangedV1,
    TicketPriorityChangedV1, TicketEscalatedV1, TicketMovedV1, TicketAbsorbedV1, TicketReleasedV1, TicketUnmergedV1,
    TicketAdoptedV1, TicketMessagesMovedV1, TicketMessagesReturnedV1, TicketPartWaitsV1,
    by=handlers.on_ticket_event,
)  # fmt: skip
service.hears(TicketDueChangedV1, by=handlers.on_ticket_event)
service.obeys(SetPolicyV1, by=handlers.obey)
service.obeys(ShowPolicyAuditV1, by=handlers.audit)
service.runs("timers", timers.run)
app = service.app()
