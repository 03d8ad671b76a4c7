"""The composition root of tickets: its menu."""

from __future__ import annotations

from ticketwire_chassis.service import Service
from ticketwire_contracts.escalation import EscalationDueV1
from ticketwire_contracts.ingest import MailReceivedV1
from ticketwire_contracts.tickets import (
    AddMemberV1,
    AddNoteV1,
    AddTimeWorkedV1,
    ChangeLifecycleV1,
    ChangePeopleV1,
    ChangePersonV1,
    ChangeQueueV1,
    CreateGroupV1,
    CreateLifecycleV1,
    CreatePersonV1,
    CreateQueueV1,
    DisablePersonV1,
    DisableQueueV1,
    EnablePersonV1,
    EnableQueueV1,
    ErasePersonV1,
    FindPersonDataV1,
    ForwardMessagesV1,
    GiveRightV1,
    JoinPersonsV1,
    LinkTicketsV1,
    MergeTicketsV1,
    OpenTicketV1,
    RemoveMemberV1,
    ReplyToTicketV1,
    SetDueV1,
    SetFieldsV1,
    SetOwnerV1,
    SetPriorityV1,
    SetQueueFieldsV1,
    SetQueueV1,
    SetStatusV1,
    SetSubjectV1,
    SetTagsV1,
    ShowAuditV1,
    ShowHistoryV1,
    ShowTicketAtV1,
    SplitTicketV1,
    TakeRightV1,
    UnlinkTicketsV1,
    UnmergeTicketV1,
    UnsplitTicketV1,
)

from .domain.events import PERSONAL
from .handlers import Handlers
from .privacy import Privacy
from .publish import publish
from .settings import Settings
from .store import TicketStore, message_key
from .views import Audit, History

service = Service(Settings(), personal=PERSONAL)
store = TicketStore(service.db, service.log, service.signer)
handlers = Handlers(service.log, store, message_key)

service.says_commits(publish)
service.prepares(handlers.seed)
service.hears(MailReceivedV1, by=handlers.on_mail_received)
service.hears(EscalationDueV1, by=handlers.on_escalation_due)
service.obeys(OpenTicketV1, ReplyToTicketV1, AddNoteV1, SetStatusV1, SetOwnerV1, SetPriorityV1, by=handlers.obey)
service.obeys(
    LinkTicketsV1, UnlinkTicketsV1, MergeTicketsV1, UnmergeTicketV1, SplitTicketV1, UnsplitTicketV1,
    by=handlers.join,
)  # fmt: skip
service.obeys(
    CreateQueueV1, CreatePersonV1, CreateGroupV1, AddMemberV1, RemoveMemberV1, GiveRightV1, TakeRightV1,
    by=handlers.administer,
)  # fmt: skip
service.obeys(
    SetSubjectV1, SetDueV1, ChangePeopleV1, SetTagsV1, SetFieldsV1, AddTimeWorkedV1, ForwardMessagesV1,
    by=handlers.obey,
)  # fmt: skip
service.obeys(SetQueueFieldsV1, by=handlers.administer)
service.obeys(SetQueueV1, by=handlers.obey)
service.obeys(
    CreateLifecycleV1, ChangeLifecycleV1, ChangeQueueV1, DisableQueueV1, EnableQueueV1,
    ChangePersonV1, DisablePersonV1, EnablePersonV1, JoinPersonsV1,
    by=handlers.administer,
)  # fmt: skip
history = History(service.log, store)
privacy = Privacy(service.db, service.log, store, service.signer)
service.obeys(ShowHistoryV1, ShowTicketAtV1, by=history.look)
audit = Audit(service.log, store)
service.prepares(audit.prepare)
service.obeys(ShowAuditV1, by=audit.look)
service.obeys(FindPersonDataV1, by=privacy.find)
service.obeys(ErasePersonV1, by=privacy.erase)
service.runs("erasures", privacy.resume)
app = service.app()
