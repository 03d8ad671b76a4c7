"""Examples of history and of privacy: Maja asks to be forgotten."""

from __future__ import annotations

from ..base import ERASED
from ..tickets import (
    ErasePersonV1,
    FindPersonDataV1,
    Party,
    Person,
    PersonErasedV1,
    ShowAuditV1,
    ShowHistoryV1,
    ShowTicketAtV1,
    TicketErasedV1,
    TicketReceivedV1,
)
from .story import BY_ANNA, BY_MAJA, MAIL_ROW, MAJA, NUMBER, SECOND_ROW, STREAM, at, envelope, ticket
from .tickets import said

NOBODY = Party(id=MAJA.id, name=ERASED)
LEFT = ticket(9, 6, subject=ERASED, requesters=[NOBODY])
THANKS = TicketReceivedV1(
    **envelope(TicketReceivedV1, STREAM, 5, at(9, 47), BY_MAJA, f"A mail joined {NUMBER}"),
    ticket=LEFT,
    message=said(4, NOBODY, ERASED, at(9, 47)),
)

PRIVACY_EXAMPLES = (
    ShowHistoryV1(ticket=NUMBER, after=4),
    ShowTicketAtV1(ticket=NUMBER, at=at(9, 0)),
    ShowAuditV1(kind="grant", thing="queue/support", since=at(7, 0)),
    FindPersonDataV1(person=MAJA.id),
    ErasePersonV1(person=MAJA.id),
    PersonErasedV1(
        **envelope(PersonErasedV1, MAJA.id, 2, at(17, 0), BY_ANNA, "A person was erased"),
        person=Person(id=MAJA.id, name=ERASED, disabled=True, erased=True, version=2),
        erased=[MAJA.id],
        claims=["claim/address/5b1d0c7702e3b5c0f9a6e4d1b8f27ac35918a4e2"],
        tickets=[NUMBER],
        mails=[MAIL_ROW, SECOND_ROW],
        rights_epoch=5,
    ),
    TicketErasedV1(
        **envelope(TicketErasedV1, STREAM, 9, at(17, 0), BY_ANNA, f"Personal values were taken out of {NUMBER}"),
        ticket=LEFT,
        person=MAJA.id,
        events=[THANKS.model_dump(mode="json", exclude={"ticket"})],
    ),
)
