"""Examples of administration: queues, persons, groups, grants."""

from __future__ import annotations

from ..tickets import (
    AddMemberV1,
    CreateGroupV1,
    CreatePersonV1,
    CreateQueueV1,
    GiveRightV1,
    Grant,
    GrantGivenV1,
    GrantTakenV1,
    Group,
    GroupChangedV1,
    Person,
    PersonCreatedV1,
    QueueCreatedV1,
    RemoveMemberV1,
    TakeRightV1,
)
from .story import ANNA, BY_ANNA, SUPPORT, at, envelope

FIELD_SEES_NOTES = Grant(right="note.show", grantee="group/field", scope="queue/support")

RIGHTS_EXAMPLES = (
    CreateQueueV1(
        name="support",
        title="Support",
        addresses=["support@example.org"],
        watchers=["group:field"],
        supervisors=["person:anna"],
    ),
    CreatePersonV1(login="anna", name="Anna Berger", addresses=["anna@example.org"], agent=True, language="de"),
    CreateGroupV1(name="field", title="Field service"),
    AddMemberV1(group="field", member="person:anna"),
    RemoveMemberV1(group="field", member="person:anna"),
    GiveRightV1(right="note.show", grantee="group:field", scope="queue:support"),
    TakeRightV1(right="note.show", grantee="group:field", scope="queue:support"),
    QueueCreatedV1(
        **envelope(QueueCreatedV1, "queue/support", 1, at(7, 0), BY_ANNA, "Queue support was made"),
        queue=SUPPORT,
    ),
    PersonCreatedV1(
        **envelope(PersonCreatedV1, ANNA.id, 1, at(7, 1), BY_ANNA, "A person was made"),
        person=Person(
            id=ANNA.id,
            login="anna",
            name="Anna Berger",
            addresses=["anna@example.org"],
            agent=True,
            language="de",
            version=1,
        ),
    ),
    GroupChangedV1(
        **envelope(GroupChangedV1, "group/field", 2, at(7, 2), BY_ANNA, "Group field changed"),
        group=Group(name="field", title="Field service", members=[ANNA.id], version=2),
        rights_epoch=2,
    ),
    GrantGivenV1(
        **envelope(
            GrantGivenV1,
            "grant/note.show|group/field|queue/support",
            1,
            at(7, 3),
            BY_ANNA,
            "note.show was given",
        ),
        grant=FIELD_SEES_NOTES,
        rights_epoch=3,
    ),
    GrantTakenV1(
        **envelope(
            GrantTakenV1,
            "grant/note.show|group/field|queue/support",
            2,
            at(16, 0),
            BY_ANNA,
            "note.show was taken back",
        ),
        grant=FIELD_SEES_NOTES,
        rights_epoch=4,
    ),
)
