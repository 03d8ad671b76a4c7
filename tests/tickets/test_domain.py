"""The rules of a ticket's life, told as little histories."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain.addresses import with_token
from services.tickets.domain.context import SignedMark
from services.tickets.domain.decision import Decision, Refusal
from services.tickets.domain.events import PERSONAL, Opened, Received, Replied, Said, lift, thin
from services.tickets.domain.intake import without_keys
from services.tickets.domain.lifecycle import DEFAULT
from services.tickets.domain.state import fold
from services.tickets.domain.threading import clean_subject, tags_of
from services.tickets.domain.work import escalate
from ticketwire_chassis.events import stamp
from ticketwire_chassis.private import seal, unseal
from ticketwire_contracts.base import Actor
from ticketwire_contracts.escalation import EscalationDueV1
from ticketwire_contracts.ingest import Address, Attachment, AutoVerdict, Bounce
from ticketwire_contracts.tickets import (
    DEFAULT_LIFECYCLE,
    AddNoteV1,
    OpenTicketV1,
    ReplyToTicketV1,
    SetOwnerV1,
    SetPriorityV1,
    SetStatusV1,
    TicketCommand,
    Transition,
)

from .town import SIGNER, _signed_address
from .world import ANNA, MARA, NEWBIE, NOON, OSKAR, World, agent, kinds, status

mara, oskar, newbie = agent(MARA), agent(OSKAR), agent(NEWBIE)


def opened() -> World:
    """A world in which Anna's first mail has come."""
    world = World()
    world.mail()
    return world


def message(decision: Decision) -> Said:
    """What was said on the ticket."""
    assert not isinstance(decision, Refusal)
    event = decision[0].events[0]
    assert isinstance(event, Said)
    return event


# ---------------------------------------------------------------------------------------------- opening


def test_a_first_mail_opens_a_ticket_and_makes_a_customer() -> None:
    world = World()
    decision = world.mail(subject="Re: [TW-77] AW: Juicer stops")
    assert not isinstance(decision, Refusal)
    ticket = world.tickets["TW-1"]
    assert (ticket.queue, ticket.status, ticket.category) == ("support", "new", "new")
    assert ticket.subject == "Juicer stops"
    assert ticket.requesters[0].address == ANNA
    event = decision[0].events[0]
    assert isinstance(event, Opened)
    assert event.new_requester
    assert [change.stream.split("/")[0] for change in decision] == ["ticket", "claim", "person"]


def test_the_second_mail_of_a_customer_makes_no_second_person() -> None:
    world = opened()
    decision = world.mail(sender=ANNA.upper())
    assert not isinstance(decision, Refusal)
    assert [change.stream for change in decision] == ["ticket/TW-2"]
    assert world.tickets["TW-2"].requesters[0].id == world.tickets["TW-1"].requesters[0].id


def test_mail_to_an_unknown_address_goes_to_the_catch_all_queue_or_is_refused() -> None:
    world = World()
    world.mail(to="nobody@example.org")
    assert world.tickets["TW-1"].queue == "unsorted"
    refusal = World(catch_all=False).mail(to="nobody@example.org")
    assert isinstance(refusal, Refusal)
    assert refusal.details["outcome"] == "refused"


def test_cc_is_adopted_but_never_an_address_of_ours_nor_the_sender() -> None:
    world = World()
    cc = [Address(address=a) for a in ("ole@example.net", "BILLING@example.org", ANNA, "support@example.org")]
    world.mail(cc=cc)
    assert [party.address for party in world.tickets["TW-1"].cc] == ["ole@example.net"]


def test_by_phone_the_caller_is_author_and_by_mail_the_agent_writes_first() -> None:
    world = World()
    ask = {"queue": "support", "subject": "Called", "requesters": ["bob@example.net"], "text": "broken"}
    assert kinds(world.do(mara, OpenTicketV1(**ask))) == ["opened"]  # type: ignore[arg-type]
    assert world.tickets["TW-1"].clocks.oldest_unanswered_at == world.now
    assert kinds(world.do(mara, OpenTicketV1(**ask, kind="mail"))) == ["opened", "replied"]  # type: ignore[arg-type]
    assert world.tickets["TW-2"].status == "open"
    assert world.tickets["TW-2"].clocks.oldest_unanswered_at is None
    assert status(world.do(newbie, OpenTicketV1(**ask))) == 404  # type: ignore[arg-type]


# ---------------------------------------------------------------------------------------------- threading


def test_an_answer_to_our_signed_id_joins_whoever_writes() -> None:
    world = opened()
    world.marks["ours@example.org"] = SignedMark("TW-1", internal=False)
    decision = world.mail(sender="colleague@example.com", in_reply_to=["ours@example.org"], subject="Re: x")
    assert kinds(decision) == ["received"]
    assert world.tickets["TW-1"].messages == 2


@pytest.mark.parametrize(
    ("sender", "joins"), [(ANNA, True), ("stranger@example.com", False), (OSKAR.addresses[0], True)]
)
def test_a_subject_tag_counts_only_from_a_participant(sender: str, joins: bool) -> None:
    world = opened()
    decision = world.mail(sender=sender, subject="AW: [tw-1] Help")
    assert not isinstance(decision, Refusal)
    assert decision[0].stream == ("ticket/TW-1" if joins else "ticket/TW-2")
    if not joins:
        event = decision[0].events[0]
        assert isinstance(event, Opened)
        assert event.suggested == "TW-1"


def test_a_known_message_id_counts_only_from_a_participant() -> None:
    world = opened()
    assert world.mail(references=["m1@example.net"])[0].stream == "ticket/TW-1"  # type: ignore[index]
    stranger = world.mail(sender="x@example.com", references=["m1@example.net"])
    assert stranger[0].stream == "ticket/TW-2"  # type: ignore[index]


def test_a_bounce_of_our_mail_is_a_note_on_its_ticket_and_reopens_nothing() -> None:
    world = opened()
    world.do(mara, SetStatusV1(ticket="TW-1", status="resolved"))
    world.marks["ours@example.org"] = SignedMark("TW-1", internal=False)
    bounce = Bounce(action="failed", status="5.1.1", original_message_id="ours@example.org")
    auto = AutoVerdict(is_auto=True, reason="bounce")
    assert kinds(world.mail(sender="mailer-daemon@example.net", bounce=bounce, auto=auto)) == ["noted"]
    assert world.tickets["TW-1"].status == "resolved"


def test_what_answers_a_notification_to_agents_is_a_note_whoever_sends_it() -> None:
    world = opened()
    world.marks["support+tok@example.org"] = SignedMark("TW-1", internal=True)
    for sender in (OSKAR.addresses[0], "private@example.com", ANNA):
        assert kinds(world.mail(to="support+tok@example.org", sender=sender)) == ["noted"]


def test_an_address_signed_for_an_agents_reply_replies_only_for_that_agent() -> None:
    world = opened()
    world.marks["support+tok@example.org"] = SignedMark("TW-1", internal=True, reply_of=OSKAR.id)
    decision = world.mail(to="support+tok@example.org", sender=OSKAR.addresses[0])
    assert kinds(decision) == ["replied", "status_changed"]
    assert kinds(world.mail(to="support+tok@example.org", sender=MARA.addresses[0])) == ["noted"]


KEY = "support+tok@example.org"
QUOTED = f"Fixed.\n\n> To reply to the customer by mail, write to: {KEY}\n> Call +49@home, mail me+{{}}@example.org"
RICH = f'<a href="mailto:{KEY}">{KEY}</a> <a href="mailto:support%2Btok%40example.org">&lt;{KEY.upper()}&gt;</a>'


@pytest.mark.parametrize("sender", [OSKAR.addresses[0], MARA.addresses[0], ANNA])
def test_no_signed_address_of_ours_gets_into_a_message(sender: str) -> None:
    world = opened()
    world.marks |= {
        key: SignedMark("TW-1", internal=True, reply_of=OSKAR.id) for key in (KEY, "support+TOK@example.org")
    }
    cc = [Address(name=KEY, address=KEY), Address(address="me+x@example.net")]
    said = message(world.mail(to=KEY, sender=sender, text=QUOTED, html=RICH, cc=cc))
    assert said.text == QUOTED.replace("+tok", "")
    assert said.html == RICH.replace("+tok", "").replace("%2Btok", "").replace("+TOK", "")
    if sender != OSKAR.addresses[0]:
        assert said.cc == [Address(name="support@example.org", address="support@example.org"), cc[1]]


@pytest.mark.parametrize("purpose", ["reply", "note"])
def test_a_signed_address_is_known_as_notify_makes_it(purpose: str) -> None:
    address = with_token("Help.Desk@example.org", SIGNER.reply_token("TW-1", purpose, "person/0123456789abcdef"))
    world = World()
    mail = world.make_mail("billing@example.org", ANNA, text=f"<{address}>, {address.replace('1', '2', 1)}.")
    read = without_keys(replace(world.context(), signed_address=_signed_address), mail).mail_read
    assert read.text == f"<Help.Desk@example.org>, {address.replace('1', '2', 1)}."


def test_addresses_with_a_plus_that_are_not_ours_stay() -> None:
    text = "a+b@x.test support+tok@example.org support+@example.org 1+1 +@ %2Btok%40"
    assert message(World().mail(text=text)).text == text


def test_the_html_of_an_agents_reply_does_not_go_to_the_customers_as_a_file() -> None:
    world = opened()
    world.marks[KEY] = SignedMark("TW-1", internal=True, reply_of=OSKAR.id)
    files = [
        Attachment(filename=name, content_type=kind, size=1, sha256=name, inline=False)
        for name, kind in (("plan.pdf", "application/pdf"), ("message.html", "text/html"))
    ]
    large = world.mail(to=KEY, sender=OSKAR.addresses[0], attachments=files, warnings=["html_too_large"])
    assert [file.filename for file in message(large).attachments] == ["plan.pdf"]
    attached = world.mail(to=KEY, sender=OSKAR.addresses[0], attachments=files)
    assert [file.filename for file in message(attached).attachments] == ["plan.pdf", "message.html"]


def test_a_reply_whose_text_is_longer_than_was_looked_through_is_a_note() -> None:
    world = opened()
    world.marks[KEY] = SignedMark("TW-1", internal=True, reply_of=OSKAR.id)
    assert kinds(world.mail(to=KEY, sender=OSKAR.addresses[0], warnings=["text_capped"])) == ["noted"]


def test_an_address_signed_for_a_reply_does_not_outlive_the_right_to_reply() -> None:
    world = opened()
    world.marks["support+tok@example.org"] = SignedMark("TW-1", internal=True, reply_of=OSKAR.id)
    kept = tuple(grant for grant in world.directory.grants if grant.right != "ticket.reply")
    world.directory = replace(world.directory, grants=kept)
    assert kinds(world.mail(to="support+tok@example.org", sender=OSKAR.addresses[0])) == ["noted"]


def test_other_mail_of_an_agent_about_a_ticket_is_a_note() -> None:
    world = opened()
    assert kinds(world.mail(sender=MARA.addresses[0], subject="[TW-1] look at this")) == ["noted"]


def test_an_agent_who_is_cc_and_answers_a_mail_to_customers_writes_as_customer() -> None:
    world = World()
    world.mail(cc=[Address(address=MARA.addresses[0])])
    world.marks["ours@example.org"] = SignedMark("TW-1", internal=False)
    assert kinds(world.mail(sender=MARA.addresses[0], in_reply_to=["ours@example.org"])) == ["received"]


@pytest.mark.parametrize(
    ("subject", "clean"),
    [
        ("Re: AW: Fwd: [TW-12] Hello", "Hello"),
        ("[TW-12]", "(no subject)"),
        ("RE[2]: x", "x"),
        ("Regarding: y", "Regarding: y"),
        ("[OTHER-12] z", "[OTHER-12] z"),
    ],
)
def test_subjects_lose_our_tags_and_reply_marks(subject: str, clean: str) -> None:
    assert clean_subject(subject) == clean


def test_only_our_tags_count() -> None:
    assert tags_of("[tw-012] [Ticket#12] [TW-x] [ TW-7 ]") == ["TW-12", "TW-7"]


# ------------------------------------------------------------------------------------------------- work


def _reply(decision: Decision) -> Replied:
    assert not isinstance(decision, Refusal)
    event = decision[0].events[0]
    assert isinstance(event, Replied)
    return event


def test_a_reply_goes_to_requesters_and_cc_answers_the_newest_mail_and_opens() -> None:
    world = World()
    world.mail(cc=[Address(address="ole@example.net")])
    decision = world.do(mara, ReplyToTicketV1(ticket="TW-1", text="Leave it off."))
    assert kinds(decision) == ["replied", "status_changed"]
    reply = _reply(decision)
    assert [a.address for a in reply.to] == [ANNA]
    assert [a.address for a in reply.cc] == ["ole@example.net"]
    assert reply.in_reply_to == "m1@example.net"
    ticket = world.tickets["TW-1"]
    assert ticket.status == "open"
    assert ticket.clocks.first_answered_at == world.now
    assert ticket.clocks.oldest_unanswered_at is None


def test_chosen_recipients_are_taken_as_they_are() -> None:
    world = opened()
    decision = world.do(mara, ReplyToTicketV1(ticket="TW-1", text="x", to=["ole@example.net"]))
    assert [a.address for a in _reply(decision).to] == ["ole@example.net"]
    assert _reply(decision).cc == []
    assert status(world.do(mara, ReplyToTicketV1(ticket="TW-1", text="x", to=["support@example.org"]))) == 409


def test_a_customers_mail_reopens_but_an_out_of_office_does_not() -> None:
    world = opened()
    world.do(mara, SetStatusV1(ticket="TW-1", status="resolved"))
    auto = AutoVerdict(is_auto=True, reason="Auto-Submitted: auto-replied")
    assert kinds(world.mail(subject="[TW-1] away", auto=auto)) == ["received"]
    assert world.tickets["TW-1"].status == "resolved"
    decision = world.mail(subject="[TW-1] still broken")
    assert kinds(decision) == ["received", "status_changed"]
    assert isinstance(decision[0].events[0], Received)  # type: ignore[index]
    assert world.tickets["TW-1"].status == "open"
    assert world.tickets["TW-1"].clocks.resolved_at is None


def test_a_note_says_nothing_in_public() -> None:
    world = opened()
    before = world.tickets["TW-1"]
    assert kinds(world.do(mara, AddNoteV1(ticket="TW-1", text="psst"))) == ["noted"]
    after = world.tickets["TW-1"]
    assert (after.version, after.public_version) == (before.version + 1, before.public_version)


@pytest.mark.parametrize("before", DEFAULT.statuses)
@pytest.mark.parametrize("after", DEFAULT.statuses)
def test_the_lifecycle_decides_which_status_may_follow(before: str, after: str) -> None:
    world = opened()
    if before != "new":
        world.do(mara, SetStatusV1(ticket="TW-1", status=before))
    decision = world.do(mara, SetStatusV1(ticket="TW-1", status=after))
    assert (status(decision) == 200) == DEFAULT.allows(before, after)


@pytest.mark.parametrize(
    ("following", "status_after", "then"),
    [
        (["open", "going"], "open", 200),
        (["going", "later", "open"], "open", 200),
        (["pending", "later", "going"], "going", 409),
        (["pending"], "new", 409),
        ([], "new", 409),
    ],
)
def test_a_reply_opens_a_new_ticket_as_far_as_its_lifecycle_lets_it(
    following: list[str], status_after: str, then: int
) -> None:
    """The active status, else the first active one that may follow; the reply goes out in any case."""
    strict = DEFAULT_LIFECYCLE.model_copy(
        update={
            "statuses": {**DEFAULT_LIFECYCLE.statuses, "going": "active", "later": "active"},
            "transitions": [Transition(before="new", after=after) for after in following],
        }
    )
    for by_mail in (False, True):
        world = World()
        world.directory = replace(world.directory, lifecycles={"default": strict})
        world.mail()
        if by_mail:
            world.marks["support+tok@example.org"] = SignedMark("TW-1", internal=True, reply_of=OSKAR.id)
            decision = world.mail(to="support+tok@example.org", sender=OSKAR.addresses[0])
        else:
            decision = world.do(mara, ReplyToTicketV1(ticket="TW-1", text="Hello."))
        assert kinds(decision) == ["replied", *(["status_changed"] if status_after != "new" else [])]
        assert world.tickets["TW-1"].status == status_after
    world = World()
    world.directory = replace(world.directory, lifecycles={"default": strict})
    world.mail()
    asked = ReplyToTicketV1(ticket="TW-1", text="Hello.", then_status="open")
    assert status(world.do(mara, asked)) == then, "what was asked for is held to the rules"


def test_whoever_only_sees_a_new_ticket_does_not_open_it_but_a_reply_does() -> None:
    world = opened()
    world.grant("ticket.show", NEWBIE.id)
    assert status(world.do(newbie, SetStatusV1(ticket="TW-1", status="open"))) == 403
    world.grant("ticket.reply", NEWBIE.id)
    assert kinds(world.do(newbie, ReplyToTicketV1(ticket="TW-1", text="An answer."))) == ["replied", "status_changed"]


def test_a_wake_up_time_lies_ahead_and_only_waiting_has_one() -> None:
    world = opened()
    ahead, past = world.now + timedelta(days=1), world.now - timedelta(days=1)
    assert status(world.do(mara, SetStatusV1(ticket="TW-1", status="resolved", until=ahead))) == 422
    assert status(world.do(mara, SetStatusV1(ticket="TW-1", status="pending", until=past))) == 422
    assert status(world.do(mara, SetStatusV1(ticket="TW-1", status="pending", until=ahead))) == 200
    assert world.tickets["TW-1"].wake_at == ahead


def test_waiting_intervals_are_kept_as_facts() -> None:
    world = opened()
    world.do(mara, SetStatusV1(ticket="TW-1", status="pending"))
    began = world.now
    world.tick(30)
    world.mail(subject="[TW-1] here is more")
    assert world.tickets["TW-1"].clocks.waiting == [(began, world.now)]


OWNER_MATRIX = [
    # owner before, actor, new owner, rights besides the usual, allowed
    (None, mara, "mara", (), True),  # take
    (None, mara, "oskar", (), True),  # edit gives an unowned ticket to anyone
    ("mara", mara, None, (), True),  # give back one's own
    ("mara", mara, "oskar", (), True),  # hand over one's own
    ("oskar", mara, "mara", (), False),  # steal needs ticket.steal
    ("oskar", mara, "mara", ("ticket.steal",), True),
    ("oskar", mara, None, (), False),
    ("oskar", mara, None, ("ticket.assign",), True),
    ("oskar", mara, None, ("ticket.steal",), False),
]


@pytest.mark.parametrize(("before", "actor", "new", "extra", "allowed"), OWNER_MATRIX)
def test_the_owner_matrix(
    before: str | None, actor: Actor, new: str | None, extra: tuple[str, ...], allowed: bool
) -> None:
    world = opened()
    if before:
        world.do(Actor(kind="system", id="system/test"), SetOwnerV1(ticket="TW-1", owner=before))
    for right in extra:
        world.grant(right, "person/mara")
    assert status(world.do(actor, SetOwnerV1(ticket="TW-1", owner=new))) == (200 if allowed else 403)


def test_only_who_may_own_can_be_owner() -> None:
    assert status(opened().do(mara, SetOwnerV1(ticket="TW-1", owner="newbie"))) == 409
    assert status(opened().do(mara, SetOwnerV1(ticket="TW-1", owner="nobody"))) == 422


def test_what_one_may_not_see_does_not_exist() -> None:
    world = opened()
    for command in (
        ReplyToTicketV1(ticket="TW-1", text="x"),
        AddNoteV1(ticket="TW-1", text="x"),
        SetStatusV1(ticket="TW-1", status="open"),
        SetOwnerV1(ticket="TW-1", owner=None),
        SetPriorityV1(ticket="TW-1", priority=1),
    ):
        assert status(world.do(newbie, command)) == 404
    world.grant("ticket.show", "person/newbie", "queue/support")
    assert status(world.do(newbie, AddNoteV1(ticket="TW-1", text="x"))) == 403


def test_a_stale_version_is_refused() -> None:
    world = opened()
    world.do(mara, AddNoteV1(ticket="TW-1", text="x"))
    assert status(world.do(oskar, SetPriorityV1(ticket="TW-1", priority=90, if_version=1))) == 412
    assert status(world.do(oskar, SetPriorityV1(ticket="TW-1", priority=90, if_version=2))) == 200


# ------------------------------------------------------------------------------------------- escalation


def _due(world: World, generation: int) -> EscalationDueV1:
    actor = Actor(kind="system", id="system/escalation")
    return EscalationDueV1(
        **stamp(EscalationDueV1, "timer/TW-1", 1, at=NOON, actor=actor, correlation="c", summary="s"),
        ticket="TW-1",
        clock="first_response",
        percent=100,
        due_at=NOON,
        generation=generation,
        policy_version=1,
        actions=["tell_supervisors"],
    )


def test_a_due_step_counts_once_and_only_against_present_facts() -> None:
    world = opened()
    generation = world.tickets["TW-1"].clocks.generation
    decision = escalate(world.context(), _due(world, generation), world.now)
    assert kinds(decision) == ["escalated"]
    world._apply(decision)
    assert status(escalate(world.context(), _due(world, generation), world.now)) == 409
    world.do(mara, ReplyToTicketV1(ticket="TW-1", text="x"))
    assert status(escalate(world.context(), _due(world, generation), world.now)) == 409


# ------------------------------------------------------------------------------------------ whole histories

deeds = st.sampled_from(
    [
        ("mail", {"subject": "[TW-1] more"}),
        ("mail", {"subject": "new one"}),
        ("mail", {"subject": "[TW-1] away", "auto": AutoVerdict(is_auto=True)}),
        ("reply", {}),
        ("note", {}),
        *[("status", {"status": name}) for name in DEFAULT.statuses],
        ("owner", {"owner": "mara"}),
        ("owner", {"owner": None}),
        ("priority", {"priority": 90}),
        ("priority", {"priority": 10}),
    ]
)
actors = st.sampled_from([mara, oskar, newbie])


@given(st.lists(st.tuples(deeds, actors), max_size=25))
def test_the_log_folds_to_the_state_and_versions_have_no_holes(
    story: list[tuple[tuple[str, dict[str, Any]], Actor]],
) -> None:
    world = opened()
    commands: dict[str, Callable[[dict[str, Any]], TicketCommand]] = {
        "reply": lambda args: ReplyToTicketV1(ticket="TW-1", text="x"),
        "note": lambda args: AddNoteV1(ticket="TW-1", text="x"),
        "status": lambda args: SetStatusV1(ticket="TW-1", **args),
        "owner": lambda args: SetOwnerV1(ticket="TW-1", **args),
        "priority": lambda args: SetPriorityV1(ticket="TW-1", **args),
    }
    for (what, args), actor in story:
        if what == "mail":
            world.mail(**args)
        else:
            before = dict(world.tickets)
            decision = world.do(actor, commands[what](args))
            if actor is newbie:
                assert isinstance(decision, Refusal)
            if isinstance(decision, Refusal):
                assert world.tickets == before
    for number, commits in world.log.items():
        state = None
        public = 0
        for at, events in commits:
            body, private = seal([thin(event) for event in events], PERSONAL)
            state = fold(state, [lift(event) for event in unseal(body, private)], at)
            public += sum(event.type not in ("noted", "escalated") for event in events)
        assert state == world.tickets[number]
        assert state is not None
        assert (state.version, state.public_version) == (len(commits), public)


@given(st.lists(st.tuples(deeds, actors), max_size=15))
def test_clock_facts_never_contradict_each_other(story: list[tuple[tuple[str, dict[str, Any]], Actor]]) -> None:
    world = opened()
    for (what, args), actor in story:
        if what == "status":
            world.do(actor, SetStatusV1(ticket="TW-1", **args))
        elif what == "reply":
            world.do(actor, ReplyToTicketV1(ticket="TW-1", text="x"))
        elif what == "mail":
            world.mail(**args)
    ticket = world.tickets["TW-1"]
    clocks = ticket.clocks
    assert (clocks.resolved_at is not None) == (ticket.category == "closed")
    assert (bool(clocks.waiting) and clocks.waiting[-1][1] is None) == (ticket.category == "waiting")
    assert clocks.category == ticket.category
    assert all(end is None or begin <= end for begin, end in clocks.waiting)
