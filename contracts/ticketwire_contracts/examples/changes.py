"""Examples of lifecycles, of moving, and of changes to queues and persons."""

from __future__ import annotations

from ..tickets import (
    DEFAULT_LIFECYCLE,
    ChangeLifecycleV1,
    ChangePersonV1,
    ChangeQueueV1,
    CreateLifecycleV1,
    DisablePersonV1,
    DisableQueueV1,
    EnablePersonV1,
    EnableQueueV1,
    JoinPersonsV1,
    LifecycleChangedV1,
    Person,
    PersonChangedV1,
    QueueChangedV1,
    SetQueueV1,
    TicketMovedV1,
    Transition,
)
from .story import ANNA, BY_ANNA, MAJA, NUMBER, STREAM, SUPPORT, at, envelope, ticket

CHANGE_EXAMPLES = (
    CreateLifecycleV1(
        name="repairs",
        title="Repairs",
        statuses={"received": "new", "on-the-bench": "active", "parts-ordered": "waiting", "returned": "closed"},
        initial="received",
        active="on-the-bench",
        transitions=[
            Transition(before="received", after="on-the-bench"),
            Transition(before="on-the-bench", after="parts-ordered"),
            Transition(before="parts-ordered", after="on-the-bench"),
            Transition(before="on-the-bench", after="returned", right="ticket.close"),
            Transition(before="returned", after="on-the-bench"),
        ],
        maps={
            "default": {
                "received": "new",
                "on-the-bench": "open",
                "parts-ordered": "stalled",
                "returned": "resolved",
            }
        },
    ),
    ChangeLifecycleV1(name="repairs", if_version=1, title="Repairs in the workshop"),
    SetQueueV1(ticket=NUMBER, if_version=7, queue="field-service"),
    ChangeQueueV1(name="support", title="Support", follow_up="new_linked_ticket", supervisors=["person:anna"]),
    DisableQueueV1(name="support"),
    EnableQueueV1(name="support"),
    ChangePersonV1(person="person:anna", name="Anna Berger-Holm", addresses=["anna@example.org"]),
    DisablePersonV1(person="person:anna"),
    EnablePersonV1(person="person:anna"),
    JoinPersonsV1(person="person/5c7b90aa13ef4d26", into=MAJA.id),
    LifecycleChangedV1(
        **envelope(LifecycleChangedV1, "lifecycle/default", 1, at(6, 59), BY_ANNA, "Lifecycle default changed"),
        lifecycle=DEFAULT_LIFECYCLE.model_copy(update={"version": 1}),
    ),
    TicketMovedV1(
        **envelope(TicketMovedV1, STREAM, 8, at(14, 0), BY_ANNA, "TW-1042 moved from support to field-service"),
        ticket=ticket(
            8,
            7,
            owner=ANNA,
            status="open",
            category="active",
            priority=70,
            messages=4,
            queue="field-service",
            clocks={"queue": "field-service", "priority": 70, "generation": 5},
            updated_at=at(14, 0),
        ),
        before="support",
        after="field-service",
        status_before="open",
    ),
    QueueChangedV1(
        **envelope(QueueChangedV1, "queue/support", 2, at(14, 5), BY_ANNA, "Queue support changed"),
        queue=SUPPORT.model_copy(update={"follow_up": "new_linked_ticket", "version": 2}),
        rights_epoch=5,
    ),
    PersonChangedV1(
        **envelope(PersonChangedV1, MAJA.id, 2, at(14, 6), BY_ANNA, "A person was changed"),
        person=Person(
            id=MAJA.id,
            name=MAJA.name,
            addresses=["maja@example.net", "maja@home.example.net"],
            language="en",
            aliases=["person/5c7b90aa13ef4d26"],
            version=2,
        ),
        rights_epoch=6,
    ),
)
