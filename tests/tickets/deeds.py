"""Everything that can be asked of tickets, as strategies: small worlds of names, so that deeds meet each other.

A new command of the contract is a line here (or in ``NOT_HERE``, with the reason); a test says when one is missing.
"""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import strategies as st

from services.tickets.domain.people import person_id
from ticketwire_contracts.base import Command
from ticketwire_contracts.tickets import (
    DEFAULT_LIFECYCLE,
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
    FieldDefinition,
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
    Transition,
    UnlinkTicketsV1,
    UnmergeTicketV1,
    UnsplitTicketV1,
)

from .office import REPAIRS
from .town import CUSTOMERS, SIGNER

NOT_HERE: dict[type[Command], str] = {
    ShowHistoryV1: "it reads the log and decides nothing: test_history.py",
    ShowTicketAtV1: "it reads the log and decides nothing: test_history.py",
    ShowAuditV1: "it reads the log and decides nothing: test_audit.py",
    FindPersonDataV1: "it reads the log and decides nothing: test_privacy.py",
    ErasePersonV1: "it works on the log as it is stored: test_whole_machine_stored.py",
}
"""Commands that the machine does not ask for, and why."""

SECRET = "psst, only for us"
LONG_AGO, FAR_AHEAD = datetime(2020, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)

Deeds = dict[type[Command], st.SearchStrategy[Command]]

ticket = st.sampled_from([*(f"TW-{n}" for n in range(1, 7)), *(f"TW-{n}" for n in range(1, 9))])
ticket_or_none = st.one_of(st.none(), st.none(), ticket)
queue = st.sampled_from([*["support"] * 3, *["billing"] * 2, *["bench"] * 2, "unsorted", "attic", "nowhere"])
one_status = st.sampled_from(
    ["open", "open", "pending", "stalled", "resolved", "resolved", "rejected", "parts", "done"]
)
login = st.sampled_from(["mara", "oskar", "bela", "sue", "newbie", "nobody"])
customer = st.sampled_from(CUSTOMERS)
address = st.sampled_from([*CUSTOMERS, "d0@example.net", "d1@example.net", "mara@example.org", "bela@example.org"])
written_to = st.one_of(address, address, st.sampled_from(["support@example.org", "no address"]))
who = st.one_of(login, address)
ns = st.lists(st.sampled_from([1, 1, 2, 3]), min_size=1, max_size=2)
link_type = st.sampled_from(["depends_on", "depends_on", "needed_by", "parent", "child", "refers_to", "duplicates"])
link_target = st.one_of(ticket, ticket, ticket, st.just("https://example.org/wiki"))
GROUPS_THERE = ("field", "desk", "inner")
group = st.sampled_from([*GROUPS_THERE, *GROUPS_THERE, "night", "day"])
member = st.sampled_from(
    [*(f"person:{one}" for one in ("mara", "oskar", "bela", "newbie")), *(f"group:{one}" for one in GROUPS_THERE)]
)
grantee = st.one_of(
    st.sampled_from(["person:mara", "person:bela", "person:newbie", "group:field", "group:desk", "group:inner"]),
    st.sampled_from(["role:owner", "role:requester", "role:watcher", "role:supervisor", "role:admin_cc", "everyone"]),
)
scope = st.sampled_from(["all", "queue:support", "queue:billing", "queue:bench", "ticket:TW-1", "ticket:TW-2"])
right = st.sampled_from(
    [
        *("queue.see", "ticket.show", "ticket.create", "ticket.reply", "ticket.own", "ticket.take", "ticket.steal"),
        *("ticket.assign", "ticket.edit", "ticket.move", "ticket.close", "ticket.link", "ticket.merge", "ticket.split"),
        *("ticket.forward", "ticket.watch", "note.show", "note.add", "queue.admin", "group.admin", "person.admin"),
        *("right.admin", "superuser", "ticket.levitate"),
    ]
)
field = st.sampled_from(
    [
        FieldDefinition(name="room", type="text", required=True),
        FieldDefinition(name="room", type="text"),
        FieldDefinition(name="size", type="number"),
        FieldDefinition(name="cause", type="choice", options=["toner", "drum"]),
    ]
)
value = st.sampled_from([None, "214", "toner", 3, "", ["toner"]])
names = st.sampled_from(["support", "billing", "bench", "attic", "annex"])
person = st.sampled_from([f"person:{one}" for one in ("mara", "oskar", "bela", "sue", "newbie")])
asking = st.sampled_from([person_id(SIGNER.claim("address", one)) for one in CUSTOMERS])
anyone = st.one_of(person, asking)
to_disable = st.one_of(st.sampled_from(["person:mara", "person:newbie"]), asking)
transitions = st.sampled_from(
    [
        DEFAULT_LIFECYCLE.transitions,
        [one for one in DEFAULT_LIFECYCLE.transitions if one.after != "stalled"],
        [one for one in DEFAULT_LIFECYCLE.transitions if (one.before, one.after) != ("new", "open")],
        [
            Transition(before=one.before, after=one.after, right="ticket.assign" if one.after == "resolved" else None)
            for one in DEFAULT_LIFECYCLE.transitions
        ],
    ]
)


def messages_of(number: str, ns: list[int]) -> list[str]:
    """Ids of messages of a ticket."""
    return [f"{number}.{n}" for n in ns]


OPENING: Deeds = {
    OpenTicketV1: st.builds(
        OpenTicketV1,
        queue=queue,
        subject=st.sampled_from(["Help", "Re: [TW-1] Help"]),
        requesters=st.one_of(st.lists(address, min_size=1, max_size=2), st.lists(written_to, min_size=1, max_size=2)),
        text=st.just("They called."),
        kind=st.sampled_from(["phone", "mail"]),
        priority=st.sampled_from([None, 90]),
        owner=st.one_of(st.none(), st.none(), login),
    ),
}
TALKING: Deeds = {
    ReplyToTicketV1: st.builds(
        ReplyToTicketV1,
        ticket=ticket,
        text=st.just("An answer."),
        to=st.one_of(st.none(), st.none(), st.lists(written_to, max_size=2)),
        then_status=st.one_of(st.none(), st.none(), one_status),
    ),
    AddNoteV1: st.builds(AddNoteV1, ticket=ticket, text=st.just(SECRET)),
    ForwardMessagesV1: st.tuples(ticket, ticket_or_none, ns).map(
        lambda drawn: ForwardMessagesV1(
            ticket=drawn[0], messages=messages_of(drawn[1] or drawn[0], drawn[2]), to=["shop@example.com"], text=SECRET
        )
    ),
}
STATUS: Deeds = {
    SetStatusV1: st.builds(
        SetStatusV1,
        ticket=ticket,
        status=one_status,
        until=st.sampled_from([None, None, None, LONG_AGO, FAR_AHEAD]),
    ),
}
OWNERS: Deeds = {
    SetOwnerV1: st.builds(SetOwnerV1, ticket=ticket, owner=st.one_of(st.none(), login, login, login)),
}
DETAILS: Deeds = {
    SetPriorityV1: st.builds(SetPriorityV1, ticket=ticket, priority=st.sampled_from([10, 50, 90])),
    SetSubjectV1: st.builds(SetSubjectV1, ticket=ticket, subject=st.sampled_from(["One", "Two", "Re: One", " "])),
    SetDueV1: st.builds(SetDueV1, ticket=ticket, due=st.sampled_from([None, LONG_AGO, FAR_AHEAD])),
    SetTagsV1: st.builds(
        SetTagsV1,
        ticket=ticket,
        add=st.lists(st.sampled_from(["a", "B", "c d", ","]), max_size=2),
        remove=st.lists(st.sampled_from(["A", "b"]), max_size=2),
    ),
    SetFieldsV1: st.builds(
        SetFieldsV1,
        ticket=ticket,
        fields=st.one_of(
            st.sampled_from([{"size": 3}, {"size": None}, {"cause": "drum"}, {"room": "214"}]),
            st.dictionaries(st.sampled_from(["room", "size", "cause"]), value, min_size=1, max_size=2),
        ),
    ),
    AddTimeWorkedV1: st.builds(AddTimeWorkedV1, ticket=ticket, minutes=st.sampled_from([-20, 0, 15, 30])),
}
PEOPLE: Deeds = {
    ChangePeopleV1: st.builds(
        ChangePeopleV1,
        ticket=ticket,
        role=st.sampled_from(["requesters", "cc", "admin_cc", "watchers", "watchers"]),
        add=st.lists(who, max_size=2),
        remove=st.lists(who, max_size=1),
    ),
}
MOVING: Deeds = {SetQueueV1: st.builds(SetQueueV1, ticket=ticket, queue=queue)}
LINKING: Deeds = {
    LinkTicketsV1: st.builds(LinkTicketsV1, ticket=ticket, type=link_type, target=link_target),
    UnlinkTicketsV1: st.builds(UnlinkTicketsV1, ticket=ticket, type=link_type, target=link_target),
}
MERGING: Deeds = {
    MergeTicketsV1: st.builds(MergeTicketsV1, ticket=ticket, into=ticket, others=st.lists(ticket, max_size=1)),
    UnmergeTicketV1: st.builds(UnmergeTicketV1, ticket=ticket, since=st.sampled_from(["stay", "return"])),
}
SPLITTING: Deeds = {
    SplitTicketV1: st.tuples(ticket, ticket_or_none, ns, st.one_of(st.none(), st.none(), queue), st.booleans()).map(
        lambda drawn: SplitTicketV1(
            ticket=drawn[0], messages=messages_of(drawn[1] or drawn[0], drawn[2]), queue=drawn[3], keep=drawn[4]
        )
    ),
    UnsplitTicketV1: st.builds(UnsplitTicketV1, ticket=ticket),
}
RIGHTS: Deeds = {
    GiveRightV1: st.builds(GiveRightV1, right=right, grantee=grantee, scope=scope),
    TakeRightV1: st.builds(TakeRightV1, right=right, grantee=grantee, scope=scope),
}
GROUPS: Deeds = {
    CreateGroupV1: st.builds(CreateGroupV1, name=group),
    AddMemberV1: st.builds(AddMemberV1, group=group, member=member),
    RemoveMemberV1: st.builds(RemoveMemberV1, group=group, member=member),
}
QUEUES: Deeds = {
    CreateQueueV1: st.builds(
        CreateQueueV1,
        name=st.sampled_from(["support", "annex", "cellar"]),
        addresses=st.lists(st.sampled_from(["annex@example.org", "support@example.org"]), max_size=1),
        supervisors=st.lists(person, max_size=1),
        catch_all=st.sampled_from([False, False, False, True]),
        lifecycle=st.sampled_from(["default", "default", "repairs", "none"]),
    ),
    ChangeQueueV1: st.builds(
        ChangeQueueV1,
        name=names,
        title=st.sampled_from([None, "Another title"]),
        supervisors=st.one_of(st.none(), st.lists(st.one_of(person, member), max_size=2)),
        watchers=st.one_of(st.none(), st.lists(st.one_of(person, member), max_size=2)),
        follow_up=st.sampled_from([None, "reopen", "new_linked_ticket", "refuse"]),
        lifecycle=st.sampled_from([None, None, "default", "repairs"]),
        addresses=st.sampled_from([None, None, ["annex@example.org"], ["support@example.org", "old@example.org"]]),
        catch_all=st.sampled_from([None, None, False]),
    ),
    DisableQueueV1: st.builds(DisableQueueV1, name=names),
    EnableQueueV1: st.builds(EnableQueueV1, name=names),
    SetQueueFieldsV1: st.builds(SetQueueFieldsV1, queue=names, fields=st.lists(field, max_size=2)),
}
LIFECYCLES: Deeds = {
    CreateLifecycleV1: st.builds(
        CreateLifecycleV1,
        name=st.sampled_from(["brief", "repairs"]),
        statuses=st.just(REPAIRS.statuses),
        initial=st.sampled_from(["received", "done"]),
        active=st.just("open"),
        transitions=st.just(REPAIRS.transitions),
    ),
    ChangeLifecycleV1: st.builds(
        ChangeLifecycleV1,
        name=st.sampled_from(["default", "default", "repairs", "none"]),
        title=st.sampled_from([None, "Usual"]),
        transitions=st.one_of(st.none(), transitions),
        statuses=st.sampled_from([None, None, DEFAULT_LIFECYCLE.statuses, REPAIRS.statuses]),
    ),
}
PERSONS: Deeds = {
    CreatePersonV1: st.builds(
        CreatePersonV1,
        login=st.sampled_from([None, "mara", "yan"]),
        addresses=st.lists(address, max_size=1),
        agent=st.booleans(),
    ),
    ChangePersonV1: st.builds(
        ChangePersonV1,
        person=anyone,
        name=st.sampled_from([None, "Somebody"]),
        language=st.sampled_from([None, "de", ""]),
        addresses=st.one_of(st.none(), st.none(), st.lists(written_to, max_size=2)),
        agent=st.sampled_from([None, None, None, True, False]),
    ),
    DisablePersonV1: st.builds(DisablePersonV1, person=to_disable),
    EnablePersonV1: st.builds(EnablePersonV1, person=to_disable),
    JoinPersonsV1: st.builds(JoinPersonsV1, person=st.one_of(asking, anyone), into=st.one_of(asking, anyone)),
}

WORK: Deeds = {**OPENING, **TALKING, **STATUS, **OWNERS, **DETAILS, **PEOPLE, **MOVING}
JOINING: Deeds = {**LINKING, **MERGING, **SPLITTING}
GROUND: Deeds = {**RIGHTS, **GROUPS, **QUEUES, **LIFECYCLES, **PERSONS}
ALL: Deeds = {**WORK, **JOINING, **GROUND}


def any_of(deeds: Deeds) -> st.SearchStrategy[Command]:
    """One of these."""
    return st.one_of(*deeds.values())
