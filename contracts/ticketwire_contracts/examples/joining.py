"""Examples of links, merging and splitting: the printer's ticket waits for a drum, and a second mail joins it."""

from __future__ import annotations

from ..tickets import (
    Absorbed,
    ClockFacts,
    Link,
    LinkTicketsV1,
    MergeTicketsV1,
    MovedMessage,
    SplitTicketV1,
    TicketAbsorbedV1,
    TicketAdoptedV1,
    TicketDependencyReopenedV1,
    TicketLinkedV1,
    TicketMergedV1,
    TicketMessagesMovedV1,
    TicketMessagesReturnedV1,
    TicketPartWaitsV1,
    TicketReleasedV1,
    TicketUnlinkedV1,
    TicketUnmergedV1,
    UnlinkTicketsV1,
    UnmergeTicketV1,
    UnsplitTicketV1,
)
from .story import BY_ANNA, BY_MAJA, FIRST_MESSAGE, MAJA, NUMBER, STREAM, at, envelope, ticket

DRUM = "TW-1040"
SECOND = "TW-1043"
WAITS = Link(type="depends_on", target=DRUM)
FACTS = ClockFacts(opened_at=at(9, 50), priority=50, queue="support", category="new", generation=1)
TOOK = [Absorbed(number=SECOND, into=NUMBER, at=at(10, 5), requesters=[MAJA], clocks=FACTS)]
MERGED = {"number": SECOND, "status": "merged", "category": "closed", "merged_into": NUMBER}

JOINING_EXAMPLES = (
    LinkTicketsV1(ticket=NUMBER, type="depends_on", target=DRUM),
    UnlinkTicketsV1(ticket=NUMBER, type="depends_on", target=DRUM),
    MergeTicketsV1(ticket=SECOND, into=NUMBER),
    UnmergeTicketV1(ticket=SECOND, since="return"),
    SplitTicketV1(ticket=NUMBER, messages=[f"{NUMBER}.1"], subject="A second printer"),
    UnsplitTicketV1(ticket="TW-1044"),
    TicketLinkedV1(
        **envelope(TicketLinkedV1, STREAM, 8, at(10, 0), BY_ANNA, "TW-1042 was linked"),
        ticket=ticket(8, 6, links=[WAITS]),
        link=WAITS,
    ),
    TicketUnlinkedV1(
        **envelope(TicketUnlinkedV1, STREAM, 9, at(10, 1), BY_ANNA, "A link of TW-1042 went"),
        ticket=ticket(9, 6),
        link=WAITS,
    ),
    TicketDependencyReopenedV1(
        **envelope(TicketDependencyReopenedV1, STREAM, 10, at(10, 2), BY_MAJA, "What TW-1042 depends on is open again"),
        ticket=ticket(10, 6, links=[WAITS], status="resolved", category="closed"),
        dependency=DRUM,
    ),
    TicketMergedV1(
        **envelope(TicketMergedV1, f"ticket/{SECOND}", 2, at(10, 5), BY_ANNA, "TW-1043 was merged", 1),
        ticket=ticket(2, 2, **MERGED),
        into=NUMBER,
    ),
    TicketAbsorbedV1(
        **envelope(TicketAbsorbedV1, STREAM, 11, at(10, 5), BY_ANNA, "Others were merged into TW-1042"),
        ticket=ticket(11, 6, absorbed=TOOK),
        numbers=[SECOND],
    ),
    TicketUnmergedV1(
        **envelope(TicketUnmergedV1, f"ticket/{SECOND}", 3, at(10, 9), BY_ANNA, "TW-1043 stands by itself again", 1),
        ticket=ticket(3, 3, number=SECOND),
        out_of=NUMBER,
    ),
    TicketReleasedV1(
        **envelope(TicketReleasedV1, STREAM, 12, at(10, 9), BY_ANNA, "Others left TW-1042"),
        ticket=ticket(12, 6),
        numbers=[SECOND],
    ),
    TicketMessagesMovedV1(
        **envelope(TicketMessagesMovedV1, STREAM, 13, at(10, 12), BY_ANNA, "Messages of TW-1042 were moved"),
        ticket=ticket(13, 6, moved=[MovedMessage(message=f"{NUMBER}.1", to="TW-1044")]),
        messages=[f"{NUMBER}.1"],
        to="TW-1044",
    ),
    TicketAdoptedV1(
        **envelope(TicketAdoptedV1, "ticket/TW-1044", 1, at(10, 12), BY_ANNA, "A message was moved to TW-1044", 1),
        ticket=ticket(1, 1, number="TW-1044", opened_by="split", messages=2),
        message=FIRST_MESSAGE.model_copy(
            update={"id": "TW-1044.2", "ticket": "TW-1044", "origin": f"{NUMBER}.1", "at": at(8, 14, 5)}
        ),
    ),
    TicketMessagesReturnedV1(
        **envelope(TicketMessagesReturnedV1, STREAM, 14, at(10, 15), BY_ANNA, "Messages returned to TW-1042"),
        ticket=ticket(14, 6),
        messages=[f"{NUMBER}.1"],
    ),
    TicketPartWaitsV1(
        **envelope(TicketPartWaitsV1, STREAM, 15, at(10, 16), BY_ANNA, "What is merged into TW-1042 waits no more"),
        ticket=ticket(15, 6, absorbed=TOOK),
        number=SECOND,
    ),
)
