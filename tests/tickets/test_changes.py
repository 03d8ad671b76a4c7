"""Queues, lifecycles and persons change, tickets move, customers become one: a little history, then one question."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.tickets.domain.context import Directory
from services.tickets.domain.decision import Decision, Refusal
from services.tickets.domain.events import Received
from services.tickets.domain.lifecycle import DEFAULT, flaw, lifecycle_of
from services.tickets.domain.links import MOST
from services.tickets.domain.people import person_id
from services.tickets.domain.seeding import GRANTS, seed
from services.tickets.domain.state import TicketState, fold
from ticketwire_contracts.ingest import AutoVerdict
from ticketwire_contracts.tickets import (
    DEFAULT_LIFECYCLE,
    Category,
    ChangeLifecycleV1,
    ChangePersonV1,
    ChangeQueueV1,
    CreateQueueV1,
    DisablePersonV1,
    DisableQueueV1,
    EnablePersonV1,
    EnableQueueV1,
    GiveRightV1,
    Group,
    JoinPersonsV1,
    Lifecycle,
    Link,
    ReplyToTicketV1,
    SetOwnerV1,
    SetQueueV1,
    SetStatusV1,
    Transition,
)

from .office import REPAIRS, Office
from .world import ANNA, MARA, NEWBIE, OSKAR, agent, kinds, status

mara = agent(MARA)
newbie = agent(NEWBIE)


def problem(decision: Decision) -> str:
    return decision.problem.type if isinstance(decision, Refusal) else ""


# --------------------------------------------------------------------------------------------- lifecycles


def test_the_default_lifecycle_holds_together_and_is_what_it_was() -> None:
    assert flaw(DEFAULT_LIFECYCLE, {}) is None
    assert DEFAULT.right_for("resolved", "open") == "ticket.close"
    assert DEFAULT.right_for("pending", "open") == "ticket.edit"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"initial": "nowhere"}, "initial status nowhere is not"),
        ({"initial": "parts"}, "must be of category new or active"),
        ({"initial": "done"}, "must be of category new or active"),
        ({"active": "nowhere"}, "active status nowhere is not"),
        ({"active": "received"}, "must be of category active"),
        ({"statuses": {"received": "new", "open": "active"}, "transitions": [], "maps": {}}, "category closed"),
        ({"statuses": REPAIRS.statuses | {"merged": "closed"}}, "set by merging"),
        ({"transitions": [Transition(before="open", after="lost")]}, "names lost"),
        ({"transitions": [Transition(before="open", after="open")]}, "from one status to another"),
        ({"transitions": [Transition(before="open", after="done")] * 2}, "named once"),
        ({"transitions": [Transition(before="open", after="done", right="ticket.fly")]}, "no right ticket.fly"),
        ({"maps": {"other": {}}}, "no other lifecycle other"),
        ({"maps": {"repairs": {}}}, "no other lifecycle repairs"),
        ({"maps": {"default": {"open": "gone"}}}, "from open to gone"),
        ({"maps": {"default": {"gone": "open"}}}, "from gone to open"),
        ({"maps": {"default": {"open": "resolved"}}}, "neither closes nor reopens"),
        ({"maps": {"default": {"done": "open"}}}, "neither closes nor reopens"),
    ],
)
def test_a_lifecycle_that_does_not_hold_together_is_refused_with_what_is_wrong(
    change: dict[str, Any], said: str
) -> None:
    decision = Office().administer(REPAIRS.model_copy(update=change))
    assert isinstance(decision, Refusal)
    assert decision.problem.type == "bad-lifecycle"
    assert said in decision.problem.detail


def test_a_lifecycle_is_made_once_and_changed_by_those_who_may() -> None:
    office = Office()
    assert problem(office.administer(REPAIRS, mara)) == "forbidden"
    assert problem(office.administer(REPAIRS)) == ""
    assert problem(office.administer(REPAIRS)) == "lifecycle-exists"
    assert problem(office.administer(ChangeLifecycleV1(name="repairs", title="Bench"))) == ""
    assert office.directory.lifecycles["repairs"].title == "Bench"
    assert office.directory.lifecycles["repairs"].statuses == REPAIRS.statuses
    assert problem(office.administer(ChangeLifecycleV1(name="repairs", if_version=1, title="x"))) == "changed-since"
    assert problem(office.administer(ChangeLifecycleV1(name="repairs", title="Bench"))) == "no-change"
    assert problem(office.administer(ChangeLifecycleV1(name="nowhere", title="x"))) == "lifecycle-not-found"


def test_a_status_in_use_is_retired_by_its_transitions_and_never_taken_away() -> None:
    office = Office()
    office.administer(REPAIRS)
    fewer = {name: category for name, category in REPAIRS.statuses.items() if name != "parts"}
    kept = [one for one in REPAIRS.transitions if one.after != "parts"]
    smaller = ChangeLifecycleV1(name="repairs", statuses=fewer, transitions=kept)
    office.administer(CreateQueueV1(name="bench", lifecycle="repairs"))
    assert problem(office.administer(smaller)) == "status-in-use"
    moved: dict[str, Category] = {"received": "new", "open": "active", "parts": "active", "done": "closed"}
    assert problem(office.administer(ChangeLifecycleV1(name="repairs", statuses=moved))) == "status-in-use"
    assert problem(office.administer(ChangeLifecycleV1(name="repairs", transitions=kept))) == ""
    assert problem(office.administer(ChangeQueueV1(name="bench", lifecycle="default"))) == "status-unmapped"
    unused = Office()
    unused.administer(REPAIRS)
    assert problem(unused.administer(smaller)) == ""


def test_a_transition_asks_for_its_own_right() -> None:
    office = Office()
    office.administer(REPAIRS)
    office.administer(CreateQueueV1(name="bench", addresses=["bench@example.org"], lifecycle="repairs"))
    for right in ("ticket.show", "ticket.edit", "ticket.close"):
        office.grant(right, MARA.id, "queue/bench")
    office.mail(to="bench@example.org")
    assert office.tickets["TW-1"].status == "received"
    assert kinds(office.do(mara, SetStatusV1(ticket="TW-1", status="open"))) == ["status_changed"]
    refused = office.do(mara, SetStatusV1(ticket="TW-1", status="parts"))
    assert isinstance(refused, Refusal)
    assert refused.problem.extra == {"right": "ticket.assign"}
    office.grant("ticket.assign", MARA.id, "queue/bench")
    assert kinds(office.do(mara, SetStatusV1(ticket="TW-1", status="parts"))) == ["status_changed"]
    assert problem(office.do(mara, SetStatusV1(ticket="TW-1", status="merged"))) == "unknown-status"


# ------------------------------------------------------------------------------------------------- moving


def moving_office(*, create: bool = True) -> Office:
    office = Office()
    office.administer(REPAIRS)
    office.administer(CreateQueueV1(name="bench", lifecycle="repairs"))
    if create:
        for right in ("queue.see", "ticket.show", "ticket.create", "ticket.move", "ticket.own", "ticket.edit"):
            office.grant(right, MARA.id)
    office.mail()
    return office


@pytest.mark.parametrize(
    ("before", "after"),
    [("new", None), ("open", "open"), ("pending", None), ("stalled", None), ("resolved", None), ("rejected", None)],
)
def test_a_status_goes_along_by_name_or_by_map_or_not_at_all(before: str, after: str | None) -> None:
    office = moving_office()
    if before != "new":
        office.do(mara, SetStatusV1(ticket="TW-1", status=before))
    decision = office.do(mara, SetQueueV1(ticket="TW-1", queue="bench"))
    if after is None:
        assert isinstance(decision, Refusal)
        assert (decision.problem.status, decision.problem.type) == (409, "status-unmapped")
        assert decision.problem.extra["unmapped"] == before
        assert before in decision.problem.detail
        assert office.tickets["TW-1"].queue == "support"
    else:
        assert kinds(decision) == ["moved"]
        assert (office.tickets["TW-1"].queue, office.tickets["TW-1"].status) == ("bench", after)


def test_a_map_leads_where_names_differ_and_back() -> None:
    office = moving_office()
    office.administer(
        ChangeLifecycleV1(name="default", maps={"repairs": {"new": "received", "pending": "parts", "stalled": "open"}})
    )
    office.do(mara, SetQueueV1(ticket="TW-1", queue="bench"))
    ticket = office.tickets["TW-1"]
    assert (ticket.queue, ticket.status, ticket.category) == ("bench", "received", "new")
    assert (ticket.clocks.queue, ticket.clocks.category) == ("bench", "new")
    office.do(mara, SetQueueV1(ticket="TW-1", queue="support"))
    assert office.tickets["TW-1"].status == "new"


def test_a_waiting_ticket_that_becomes_active_ends_its_waiting_and_its_wake_up_time() -> None:
    office = moving_office()
    office.administer(ChangeLifecycleV1(name="default", maps={"repairs": {"stalled": "open"}}))
    office.do(mara, SetStatusV1(ticket="TW-1", status="stalled"))
    generation = office.tickets["TW-1"].clocks.generation
    office.do(mara, SetQueueV1(ticket="TW-1", queue="bench"))
    ticket = office.tickets["TW-1"]
    assert ticket.category == "active"
    assert ticket.wake_at is None
    assert ticket.clocks.waiting[-1][1] is not None
    assert ticket.clocks.generation > generation


def test_moving_needs_a_right_here_and_one_there() -> None:
    office = Office()
    office.mail()
    move = SetQueueV1(ticket="TW-1", queue="billing")
    assert status(office.do(newbie, move)) == 404
    office.grant("ticket.show", NEWBIE.id)
    assert status(office.do(newbie, move)) == 403
    office.grant("ticket.move", NEWBIE.id, "queue/support")
    assert problem(office.do(newbie, move)) == "queue-not-found"
    office.grant("queue.see", NEWBIE.id, "queue/billing")
    refused = office.do(newbie, move)
    assert isinstance(refused, Refusal)
    assert refused.problem.extra == {"right": "ticket.create"}
    office.grant("ticket.create", NEWBIE.id, "queue/billing")
    assert problem(office.do(newbie, SetQueueV1(ticket="TW-1", queue="support"))) == "queue-not-found"
    office.administer(DisableQueueV1(name="billing"))
    assert problem(office.do(newbie, move)) == "queue-disabled"
    office.administer(EnableQueueV1(name="billing"))
    assert kinds(office.do(newbie, move)) == ["moved"]


def owner_of(office: Office) -> str | None:
    owner = office.tickets["TW-1"].owner
    return owner.login if owner else None


def test_an_owner_who_may_not_own_there_stays_behind() -> None:
    office = moving_office()
    office.do(mara, SetOwnerV1(ticket="TW-1", owner="oskar"))
    decision = office.do(mara, SetQueueV1(ticket="TW-1", queue="billing"))
    assert kinds(decision) == ["moved", "owner_changed"]
    assert owner_of(office) is None
    office.do(mara, SetOwnerV1(ticket="TW-1", owner="mara"))
    assert kinds(office.do(mara, SetQueueV1(ticket="TW-1", queue="support"))) == ["moved"]
    assert owner_of(office) == "mara"


CATEGORIES = st.sampled_from(["new", "active", "waiting", "closed"])
NAMES = st.sampled_from(["a", "b", "c", "d", "e"])


def described(name: str, statuses: dict[str, Any], maps: dict[str, dict[str, str]]) -> Lifecycle:
    return Lifecycle(name=name, statuses=statuses, initial="i", active="i", maps=maps)


@given(st.dictionaries(NAMES, CATEGORIES), st.dictionaries(NAMES, CATEGORIES), st.dictionaries(NAMES, NAMES), NAMES)
def test_moving_never_closes_never_reopens_and_never_leaves_the_lifecycle(
    here: dict[str, Any], there: dict[str, Any], pairs: dict[str, str], moving: str
) -> None:
    old = lifecycle_of(described("old", here, {"new": pairs}))
    new = lifecycle_of(described("new", there, {}))
    arrived = old.status_in(new, moving)
    if arrived is not None:
        assert arrived in there
        assert (here[moving] == "closed") == (there[arrived] == "closed")
    elif moving in here and moving not in pairs and moving in there:
        assert (here[moving] == "closed") != (there[moving] == "closed")


# ---------------------------------------------------------------------------------------------- follow-up


def closed_office(policy: str) -> Office:
    office = Office()
    office.administer(ChangeQueueV1(name="support", follow_up=policy))  # type: ignore[arg-type]
    office.mail(message_id="first@example.net", subject="Printer")
    office.do(mara, ReplyToTicketV1(ticket="TW-1", text="Done.", then_status="resolved"))
    return office


def test_a_queue_that_reopens_reopens() -> None:
    office = closed_office("reopen")
    assert kinds(office.mail(references=["first@example.net"])) == ["received", "status_changed"]
    assert office.tickets["TW-1"].status == "open"


def test_a_queue_that_wants_a_new_ticket_gets_one_that_refers_to_the_closed_one() -> None:
    office = closed_office("new_linked_ticket")
    decision = office.mail(references=["first@example.net"], subject="Re: [TW-1] Printer")
    assert kinds(decision) == ["opened"]
    new = office.tickets["TW-2"]
    assert [(link.type, link.target) for link in new.links] == [("refers_to", "TW-1")]
    assert (new.queue, new.status, new.subject) == ("support", "new", "Printer")
    closed = office.tickets["TW-1"]
    assert [(link.type, link.target) for link in closed.links] == [("referred_to_by", "TW-2")]
    assert closed.status == "resolved"
    assert fold(None, office.log["TW-2"][0][1], new.created_at) == new
    # what answers the new ticket stays there
    office.known["second@example.net"] = "TW-2"
    assert kinds(office.mail(references=["second@example.net"])) == ["received"]


def test_a_closed_ticket_with_all_the_links_it_may_have_is_only_referred_to() -> None:
    office = closed_office("new_linked_ticket")
    closed = office.tickets["TW-1"]
    many = [Link(type="refers_to", target=f"https://example.org/{n}") for n in range(MOST)]
    office.tickets["TW-1"] = closed.model_copy(update={"links": many})
    assert kinds(office.mail(references=["first@example.net"])) == ["opened"]
    assert [link.target for link in office.tickets["TW-2"].links] == ["TW-1"]


def test_a_queue_that_refuses_says_to_whom_to_say_so() -> None:
    office = closed_office("refuse")
    refused = office.mail(references=["first@example.net"], message_id="again@example.net", subject="Re: Printer")
    assert isinstance(refused, Refusal)
    assert (refused.details["outcome"], refused.details["why"]) == ("refused", "follow_up_refused")
    assert refused.details["ticket"] == "TW-1"
    notice = refused.details["notice"]
    assert notice["to"]["address"] == ANNA
    assert (notice["message_id"], notice["subject"], notice["queue"]) == ("again@example.net", "Re: Printer", "support")
    assert office.tickets["TW-1"].status == "resolved"


@pytest.mark.parametrize("policy", ["reopen", "new_linked_ticket", "refuse"])
def test_a_machine_s_mail_to_a_closed_ticket_is_kept_there_and_changes_nothing(policy: str) -> None:
    office = closed_office(policy)
    decision = office.mail(references=["first@example.net"], auto=AutoVerdict(is_auto=True))
    assert kinds(decision) == ["received"]
    assert office.tickets["TW-1"].status == "resolved"


@pytest.mark.parametrize("policy", ["reopen", "new_linked_ticket", "refuse"])
def test_an_open_ticket_takes_follow_ups_whatever_the_policy(policy: str) -> None:
    office = Office()
    office.administer(ChangeQueueV1(name="support", follow_up=policy))  # type: ignore[arg-type]
    office.mail(message_id="first@example.net")
    assert kinds(office.mail(references=["first@example.net"])) == ["received"]


def test_an_agent_s_mail_to_a_closed_ticket_is_a_note_even_where_follow_ups_are_refused() -> None:
    office = closed_office("refuse")
    assert kinds(office.mail(sender="mara@example.org", references=["first@example.net"])) == ["noted"]


# ------------------------------------------------------------------------------------------------- queues


def test_an_address_that_a_queue_drops_can_pass_to_another() -> None:
    office = Office()
    office.claims["claim/queue-address/support@example.org"] = "queue/support"
    take = ChangeQueueV1(name="billing", addresses=["billing@example.org", "support@example.org"])
    office.claims["claim/queue-address/billing@example.org"] = "queue/billing"
    assert problem(office.administer(take)) == "taken"
    assert problem(office.administer(ChangeQueueV1(name="support", addresses=["help@example.org"]))) == ""
    assert problem(office.administer(take)) == ""
    assert office.claims["claim/queue-address/support@example.org"] == "queue/billing"
    found = office.directory.queue_of("support@example.org")
    assert found is not None
    assert found.name == "billing"
    refused = office.administer(ChangeQueueV1(name="support", addresses=["help@example.org", "nonsense"]))
    assert problem(refused) == "bad-address"


def test_a_queue_is_changed_only_in_what_is_named() -> None:
    office = Office()
    before = office.directory.queues["support"]
    office.administer(ChangeQueueV1(name="support", title="Help desk", watchers=["group:field", "person:mara"]))
    after = office.directory.queues["support"]
    assert (after.title, after.watchers, after.version) == ("Help desk", ["group/field", MARA.id], before.version + 1)
    assert after.model_copy(update={"title": before.title, "watchers": [], "version": before.version}) == before
    assert problem(office.administer(ChangeQueueV1(name="support", title="Help desk"))) == "no-change"
    assert problem(office.administer(ChangeQueueV1(name="support", if_version=0, title="x"))) == "changed-since"
    assert problem(office.administer(ChangeQueueV1(name="support", supervisors=["person:nobody"]))) == "unknown-grantee"
    assert problem(office.administer(ChangeQueueV1(name="support", catch_all=True))) == "catch-all-exists"
    assert problem(office.administer(ChangeQueueV1(name="support", title="x"), mara)) == "forbidden"


def test_a_disabled_queue_takes_no_mail_and_keeps_its_tickets() -> None:
    office = Office()
    office.mail(message_id="first@example.net")
    office.administer(DisableQueueV1(name="support"))
    office.mail()
    assert [office.tickets[n].queue for n in ("TW-1", "TW-2")] == ["support", "unsorted"]
    assert kinds(office.do(mara, ReplyToTicketV1(ticket="TW-1", text="x"))) == ["replied", "status_changed"]
    office.administer(EnableQueueV1(name="support"))
    office.mail()
    assert office.tickets["TW-3"].queue == "support"


# ------------------------------------------------------------------------------------------------ persons


def test_name_and_language_are_one_s_own_and_nothing_else_is() -> None:
    office = Office()
    assert problem(office.administer(ChangePersonV1(person="person:newbie", name="N.", language="de"), newbie)) == ""
    assert (office.persons[NEWBIE.id].name, office.persons[NEWBIE.id].language) == ("N.", "de")
    assert problem(office.administer(ChangePersonV1(person="person:newbie", language=""), newbie)) == ""
    assert office.persons[NEWBIE.id].language is None
    for wanted in ({"login": "boss"}, {"addresses": ["x@example.org"]}, {"agent": False}):
        command = ChangePersonV1.model_validate({"person": "person:newbie", **wanted})
        assert problem(office.administer(command, newbie)) == "forbidden"
    assert problem(office.administer(ChangePersonV1(person="person:mara", name="x"), newbie)) == "forbidden"
    assert problem(office.administer(ChangePersonV1(person="person:nobody", name="x"), newbie)) == "forbidden"
    assert problem(office.administer(ChangePersonV1(person="person:nobody", name="x"))) == "person-not-found"


def test_addresses_and_logins_follow_their_person_and_are_free_afterwards() -> None:
    office = Office()
    taken = ChangePersonV1(person="person:oskar", login="mara", addresses=["mara@example.org"])
    assert problem(office.administer(taken)) == "taken"
    office.administer(ChangePersonV1(person="person:mara", login="mk", addresses=["mk@example.org"]))
    assert problem(office.administer(ChangePersonV1(person="person:mara", name="x"))) == "person-not-found"
    assert problem(office.administer(taken)) == ""
    assert office.claims["claim/login/mara"] == OSKAR.id
    assert office.claims["claim/address/mara@example.org"] == OSKAR.id
    ours = ChangePersonV1(person="person:mk", addresses=["support@example.org"])
    assert problem(office.administer(ours)) == "own-address"
    same = ChangePersonV1(person="person:mk", addresses=["MK@example.org"])
    assert problem(office.administer(same)) == ""
    assert office.claims["claim/address/mk@example.org"] == MARA.id


def test_who_writes_from_a_given_up_address_is_someone_else() -> None:
    office = Office()
    office.mail(sender=ANNA)
    anna = office.customer(ANNA)
    office.administer(ChangePersonV1(person=anna.id, addresses=["anna@work.example.net"]))
    office.mail(sender=ANNA)
    assert office.customer(ANNA).id != anna.id
    assert office.customer("anna@work.example.net").id == anna.id
    assert office.tickets["TW-2"].requesters[0].id == office.customer(ANNA).id
    assert person_id("claim") == person_id("claim", 0) != person_id("claim", 2)


def test_a_disabled_person_may_nothing_and_keeps_their_history() -> None:
    office = Office()
    office.mail()
    assert kinds(office.do(mara, ReplyToTicketV1(ticket="TW-1", text="x")))[0] == "replied"
    office.administer(DisablePersonV1(person="person:mara"))
    assert status(office.do(mara, ReplyToTicketV1(ticket="TW-1", text="x"))) == 404
    assert problem(office.administer(DisablePersonV1(person="person:mara"))) == "no-change"
    assert office.tickets["TW-1"].messages == 2
    office.administer(EnablePersonV1(person="person:mara"))
    assert kinds(office.do(mara, ReplyToTicketV1(ticket="TW-1", text="x"))) == ["replied"]


def test_nobody_shuts_themselves_out() -> None:
    office = Office()
    office.grant("superuser", MARA.id)
    assert problem(office.administer(DisablePersonV1(person="person:mara"), mara)) == "yourself"
    assert problem(office.administer(ChangePersonV1(person="person:mara", agent=False), mara)) == "yourself"
    assert problem(office.administer(DisablePersonV1(person="person:oskar"), mara)) == ""


def test_two_customers_become_one_who_holds_both_s_tickets() -> None:
    office = Office()
    office.mail(sender=ANNA, message_id="first@example.net")
    office.mail(sender="anna@home.example.net", message_id="second@example.net")
    home, work = office.customer("anna@home.example.net"), office.customer(ANNA)
    assert problem(office.administer(JoinPersonsV1(person=home.id, into=work.id))) == ""
    stays, goes = office.persons[work.id], office.persons[home.id]
    assert stays.addresses == [ANNA, "anna@home.example.net"]
    assert stays.aliases == [home.id]
    assert (goes.joined_into, goes.disabled, goes.addresses) == (work.id, True, [])
    assert office.customer("anna@home.example.net").id == work.id
    # the same person now answers both tickets, from either address, by reference and by tag
    for number, reference in (("TW-1", "first@example.net"), ("TW-2", "second@example.net")):
        for sender in (ANNA, "anna@home.example.net"):
            assert isinstance(office.mail(sender=sender, references=[reference])[0].events[0], Received)  # type: ignore[index]
            office.mail(sender=sender, subject=f"[{number}] x")
            assert office.tickets[number].messages > 1
    assert len(office.tickets) == 2


def test_joining_goes_on_and_is_refused_where_it_makes_no_sense() -> None:
    office = Office()
    for n in range(3):
        office.mail(sender=f"c{n}@example.net")
    one, two, three = (office.customer(f"c{n}@example.net") for n in range(3))
    assert problem(office.administer(JoinPersonsV1(person=one.id, into=one.id))) == "same-person"
    assert problem(office.administer(JoinPersonsV1(person=one.id, into="person:mara"))) == "not-a-customer"
    assert problem(office.administer(JoinPersonsV1(person="person/none", into=one.id))) == "person-not-found"
    office.administer(JoinPersonsV1(person=one.id, into=two.id))
    assert problem(office.administer(JoinPersonsV1(person=one.id, into=three.id))) == "joined"
    assert problem(office.administer(JoinPersonsV1(person=three.id, into=one.id))) == "joined"
    assert problem(office.administer(EnablePersonV1(person=one.id))) == "joined"
    office.administer(JoinPersonsV1(person=two.id, into=three.id))
    assert office.persons[three.id].aliases == [two.id, one.id]
    assert {office.customer(f"c{n}@example.net").id for n in range(3)} == {three.id}


# ------------------------------------------------------------------------------------------------ seeding


def test_what_is_seeded_is_made_once_and_leaves_alone_what_is_there() -> None:
    office = Office()
    first = seed(office.context(), 7)
    assert not isinstance(first, Refusal)
    office.take(first)
    assert set(GRANTS) <= set(office.directory.grants)
    assert office.directory.lifecycles["default"].version == 1
    assert problem(seed(office.context(), 8)) == "no-change"
    held = Office()
    held.administer(GiveRightV1(right="ticket.show", grantee="everyone", scope="queue:billing"))
    held.directory = Directory(
        held.directory.queues, {"administrators": Group(name="administrators", members=[NEWBIE.id])}, (), 1
    )
    second = seed(held.context(), 2)
    assert not isinstance(second, Refusal)
    assert not [change for change in second if "superuser" in change.stream]


def test_every_state_after_a_move_is_what_the_log_folds_to() -> None:
    office = moving_office()
    office.administer(ChangeLifecycleV1(name="default", maps={"repairs": {"new": "received"}}))
    office.do(mara, SetOwnerV1(ticket="TW-1", owner="oskar"))
    office.do(mara, SetQueueV1(ticket="TW-1", queue="bench"))
    office.do(mara, SetQueueV1(ticket="TW-1", queue="billing"))
    state: TicketState | None = None
    for at, events in office.log["TW-1"]:
        state = fold(state, events, at)
    assert state == office.tickets["TW-1"]
