"""Who hears what, what becomes of a mail, and how addresses and threads are spelled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain.addresses import is_machine, plain, spelled, with_token
from services.notify.domain.letter import REFERENCES, chain, known_id, subject_line
from services.notify.domain.outgoing import (
    GIVEN_UP,
    PAUSES,
    Outcome,
    cap_key,
    over_cap,
    row_id,
    settle,
    withheld,
)
from services.notify.domain.telling import Recipient, Telling, agents_in, may_still_hear, who_hears
from services.tickets.domain.context import without_tag
from services.tickets.domain.events import TookIn
from services.tickets.domain.state import TicketState, fold
from ticketwire_contracts.ingest import Address, AutoVerdict
from ticketwire_contracts.tickets import Absorbed, Group, MailSettledV1, Person, TicketEvent

from .world import (
    ANNA,
    GRANTS,
    MARA,
    NOON,
    OSKAR,
    SHOP,
    STRANGER,
    SUE,
    SUPPORT,
    dependency_reopened,
    directory,
    escalated,
    forwarded,
    message,
    noted,
    opened,
    outgoing,
    owner_changed,
    party,
    quoted,
    received,
    refused,
    replied,
    status_changed,
    ticket,
)


def heard_by(event: TicketEvent | MailSettledV1, **change: object) -> list[tuple[str, str]]:
    """Kind and first address of each mail."""
    queue = SUPPORT.model_copy(update=change)
    return [(told.kind, told.to[0].address) for told in who_hears(event, directory(queue))]


# ---------------------------------------------------------------------------------------------- who hears


def test_a_mail_that_opens_a_ticket_is_answered_and_the_watchers_hear_of_it() -> None:
    assert heard_by(opened()) == [
        ("auto_reply", "anna@example.net"),
        ("watcher", "mara@example.org"),
        ("watcher", "oskar@example.org"),
    ]


@pytest.mark.parametrize(
    "event",
    [
        opened(message=message(auto=AutoVerdict(is_auto=True, reason="Auto-Submitted: auto-replied"))),
        opened(message=message(kind="phone")),
        opened(ticket=ticket(opened_by="page")),
        opened(ticket=ticket(requesters=[ANNA.model_copy(update={"address": "no-reply@example.net"})])),
        opened(ticket=ticket(requesters=[ANNA.model_copy(update={"address": "support+x@example.org"})])),
        opened(ticket=ticket(requesters=[ANNA.model_copy(update={"address": ""})])),
        received(),
    ],
    ids=["a machine's", "a call", "a page", "to a machine", "to ourselves", "to nobody", "a follow-up"],
)
def test_nothing_else_is_answered_by_machine(event: TicketEvent) -> None:
    assert "auto_reply" not in [kind for kind, _ in heard_by(event)]


def test_a_queue_may_do_without_automatic_replies() -> None:
    assert "auto_reply" not in [kind for kind, _ in heard_by(opened(), auto_reply=False)]


def test_a_follow_up_goes_to_the_owner_and_to_the_watchers_only_without_one() -> None:
    assert heard_by(received(ticket=ticket(owner=party(OSKAR)))) == [("owner", "oskar@example.org")]
    assert heard_by(received()) == [("watcher", "mara@example.org"), ("watcher", "oskar@example.org")]


def test_nobody_is_told_of_what_they_did_themselves() -> None:
    assert heard_by(replied()) == [("reply", "anna@example.net"), ("watcher", "oskar@example.org")]
    assert heard_by(owner_changed(party(OSKAR))) == [("owner", "oskar@example.org")]
    assert heard_by(owner_changed(party(OSKAR), actor=OSKAR.id)) == []
    assert heard_by(owner_changed(None)) == []


def test_a_reply_goes_to_those_whom_the_agent_chose() -> None:
    (reply, *_) = who_hears(replied(cc=[Address(name="Tom", address="tom@example.net")]), directory())
    assert [one.address for one in reply.to] == ["anna@example.net"]
    assert [one.address for one in reply.cc] == ["tom@example.net"]
    assert not reply.internal


def test_who_gets_the_reply_itself_is_not_told_of_it_once_more() -> None:
    to = [Address(address="Oskar+private@example.org")]
    assert heard_by(replied(to=to)) == [("reply", "Oskar+private@example.org")]


def test_a_note_reaches_only_those_who_may_see_notes() -> None:
    watchers = ["group/field", SUE.id, STRANGER.id]
    assert heard_by(noted(), watchers=watchers, supervisors=[]) == [("watcher", "oskar@example.org")]
    assert ("watcher", "sue@example.org") in heard_by(noted(), watchers=watchers, supervisors=[SUE.id])
    assert ("watcher", "sue@example.org") in heard_by(opened(), watchers=watchers, supervisors=[])
    assert ("watcher", "dan@example.org") not in heard_by(opened(), watchers=watchers)


def test_no_letter_about_a_note_is_for_a_customer_whatever_is_granted() -> None:
    customer = Person(id=ANNA.id, name="Anna", addresses=[ANNA.address])
    queue = SUPPORT.model_copy(update={"watchers": [ANNA.id, "group/field"], "supervisors": [ANNA.id]})
    everything = tuple(grant.model_copy(update={"grantee": "everyone"}) for grant in GRANTS)
    event = noted(ticket=ticket(cc=[ANNA], admin_cc=[ANNA]))
    told = who_hears(event, directory(queue, customer, grants=everything))
    assert ANNA.address not in [one.address for telling in told for one in (*telling.to, *telling.cc)]
    assert all(telling.internal for telling in told)


def test_what_a_machine_answers_to_us_is_told_to_the_owner_alone() -> None:
    event = noted(author=ANNA, auto=True, ticket=ticket(owner=party(OSKAR)))
    assert heard_by(event) == [("owner", "oskar@example.org")]


def test_an_escalation_reaches_whom_the_policy_names() -> None:
    owned = ticket(owner=party(OSKAR))
    assert heard_by(escalated("tell_supervisors", ticket=owned)) == [("escalation", "sue@example.org")]
    assert heard_by(escalated("tell_owner", ticket=owned)) == [("escalation", "oskar@example.org")]
    assert heard_by(escalated(ticket=owned)) == []


def test_a_forward_goes_to_the_outsiders_in_one_mail_and_to_nobody_else() -> None:
    event = forwarded(to=(SHOP, "other@example.com"), ticket=ticket(owner=party(OSKAR), watchers=[party(OSKAR)]))
    (told,) = who_hears(event, directory())
    assert (told.kind, [one.address for one in told.to], told.cc) == ("forward", [SHOP, "other@example.com"], ())
    assert not told.internal
    assert not told.forbidden


def test_a_forward_that_would_carry_what_came_encrypted_is_forbidden() -> None:
    (told,) = who_hears(forwarded(quoted(1), quoted(2, encrypted=True)), directory())
    assert "encrypted" in told.forbidden


@pytest.mark.parametrize("event", [opened, received, replied, noted], ids=["opened", "received", "replied", "noted"])
def test_watchers_of_a_ticket_hear_as_far_as_they_may_see_it(event: Callable[..., TicketEvent]) -> None:
    watched = ticket(owner=party(MARA), watchers=[party(OSKAR), party(STRANGER), party(SUE)])
    heard = heard_by(event(ticket=watched), watchers=[], supervisors=[])
    assert ("watcher", "oskar@example.org") in heard
    assert "dan@example.org" not in [address for _, address in heard], "watching gives no right"
    assert (("watcher", "sue@example.org") in heard) == (event is not noted), "Sue may not see notes"


def test_watchers_of_a_merged_ticket_hear_of_the_one_that_answers_as_far_as_they_see_it() -> None:
    alone = ticket(number="TW-13", watchers=[party(MARA), party(STRANGER)])
    part = Absorbed(
        number="TW-13", into="TW-12", at=NOON, requesters=alone.requesters, clocks=alone.clocks,
        watchers=alone.watchers, time_worked=0,
    )  # fmt: skip
    before = TicketState.model_validate(ticket(watchers=[party(OSKAR)]).model_dump())
    joined = fold(before, [TookIn(numbers=["TW-13"], parts=[part])], NOON).shown()
    heard = heard_by(received(ticket=joined), watchers=[])
    assert heard == [("watcher", "oskar@example.org"), ("watcher", "mara@example.org")]
    assert agents_in(received(ticket=joined)) == {OSKAR.id, MARA.id, STRANGER.id}, "theirs is no customer's answer"


def test_a_directory_that_lacks_a_watcher_is_behind() -> None:
    assert agents_in(received(ticket=ticket(watchers=[party(OSKAR)]))) == {OSKAR.id}


def test_the_owner_hears_when_the_ticket_wakes_and_of_no_other_status() -> None:
    assert heard_by(status_changed("system/escalation")) == [("owner", "oskar@example.org")]
    assert heard_by(status_changed("system/escalation", owner=None)) == []
    assert heard_by(status_changed(MARA.id)) == []
    assert heard_by(status_changed("system/tickets")) == []


def test_the_owner_hears_when_what_their_ticket_depends_on_opens_again() -> None:
    assert heard_by(dependency_reopened()) == [("owner", "oskar@example.org")]
    assert heard_by(dependency_reopened(owner=None)) == []
    assert heard_by(dependency_reopened(actor=OSKAR.id)) == [], "they did it themselves"


def test_the_sender_of_a_mail_that_was_refused_is_told_by_machine() -> None:
    assert heard_by(refused()) == [("auto_reply", "anna@example.net")]
    assert heard_by(refused(language="de"), auto_reply=False) == [("auto_reply", "anna@example.net")]


@pytest.mark.parametrize(
    "event",
    [
        refused(notice=None),
        refused(why="no_queue"),
        refused(outcome="ignored"),
        refused(to="no-reply@example.net"),
        refused(to="support+x@example.org"),
        refused(to=""),
    ],
    ids=["without notice", "for another reason", "ignored", "to a machine", "to ourselves", "to nobody"],
)
def test_of_no_other_mail_and_to_no_machine(event: MailSettledV1) -> None:
    assert heard_by(event) == []


def test_a_colleague_hears_once_for_the_nearest_reason() -> None:
    owned = ticket(owner=party(OSKAR), admin_cc=[party(OSKAR)])
    assert [one for one in heard_by(opened(ticket=owned)) if one[1] == "oskar@example.org"] == [
        ("owner", "oskar@example.org")
    ]


def test_a_disabled_colleague_and_one_with_the_address_of_a_queue_hear_nothing() -> None:
    gone = OSKAR.model_copy(update={"disabled": True})
    odd = MARA.model_copy(update={"addresses": ["Support+mara@example.org"]})
    told = who_hears(received(), directory(SUPPORT, gone, odd))
    assert told == []


def test_groups_in_groups_are_opened_and_cycles_do_no_harm() -> None:
    everybody = directory()
    groups = {
        "a": Group(name="a", members=["group/b", MARA.id]),
        "b": Group(name="b", members=["group/a", OSKAR.id, "person/nobody", "group/nowhere"]),
    }
    people = replace(everybody, groups=groups, _named={}, _viewers={}).people(["group/a", MARA.id])
    assert {person.id for person in people} == {MARA.id, OSKAR.id}


def test_only_who_may_reply_learns_the_address_for_replies_and_never_by_a_note() -> None:
    watchers = ["group/field", SUE.id]
    queue = SUPPORT.model_copy(update={"watchers": watchers, "supervisors": []})
    answers = {told.to[0].address: told.answers_customers for told in who_hears(received(), directory(queue))}
    assert answers == {"mara@example.org": True, "oskar@example.org": True, "sue@example.org": False}
    assert not any(told.answers_customers for told in who_hears(noted(), directory(queue)))


def test_a_right_taken_back_meanwhile_withholds() -> None:
    told = who_hears(noted(), directory())[0]
    assert told.thing is not None
    assert may_still_hear(OSKAR.id, told.thing, directory())
    for now in (
        directory(grants=tuple(grant for grant in GRANTS if grant.right != "note.show")),
        directory(grants=tuple(grant for grant in GRANTS if grant.right != "ticket.show")),
        directory(SUPPORT, OSKAR.model_copy(update={"disabled": True})),
        replace(directory(), persons={}, _viewers={}),
        replace(directory(), queues={}),
    ):
        assert not may_still_hear(OSKAR.id, told.thing, now)


def test_an_event_names_the_agents_whom_the_directory_must_know() -> None:
    assert agents_in(opened(ticket=ticket(owner=party(MARA), admin_cc=[party(OSKAR)]))) == {MARA.id, OSKAR.id}


# ---------------------------------------------------------------------------------------------- addresses


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("Anna.Berg+x@Example.NET", "Anna.Berg+x@Example.NET"),
        (" anna@example.net ", "anna@example.net"),
        ("anna@bücher.example", "anna@xn--bcher-kva.example"),
        ("anna@straße.example", "anna@xn--strae-oqa.example"),
        ("anna@localhost", "anna@localhost"),
        ("anna@exa\u200dmple.net", None),
        ("jürgen@example.net", None),
        ('"anna berg"@example.net', None),
        ("anna@example.net>\r\nRCPT TO:<x@y", None),
        ("anna@exam\nple.net", None),
        ("anna@example..net", None),
        ("anna@[127.0.0.1]", None),
        ("anna", None),
        ("@example.net", None),
        ("a" * 65 + "@example.net", None),
        ("anna@" + "a" * 64 + ".net", None),
        ("anna@" + "ü" * 64 + ".net", None),
        ("", None),
    ],
)
def test_an_address_is_spelled_as_smtp_wants_it_or_not_at_all(address: str, expected: str | None) -> None:
    assert spelled(address) == expected


@given(st.text(max_size=80) | st.builds("{}@{}".format, st.text(max_size=20), st.text(max_size=20)))
def test_what_is_spelled_can_break_no_header_and_no_command(address: str) -> None:
    found = spelled(address)
    if found is not None:
        assert found.isascii()
        assert found.isprintable()
        assert not set(found) & set(' <>()[]:;,"\\')
        assert found.count("@") == 1
        assert spelled(found) == found


@pytest.mark.parametrize(
    "local",
    [
        "MAILER-DAEMON", "postmaster", "noreply", "no-reply", "no_reply", "donotreply", "do-not-reply", "bounces",
        "no-reply+abc", "bounce=anna.example", "owner-list", "list-request", "list-bounces", "list-bounces+x", "nobody",
    ],
)  # fmt: skip
def test_a_machine_is_known_by_its_name(local: str) -> None:
    assert is_machine(f"{local}@example.net")


@pytest.mark.parametrize("local", ["anna", "norep", "bouncer", "abused", "anna.noreply", "request", "owner"])
def test_people_are_no_machines(local: str) -> None:
    assert not is_machine(f"{local}@example.net")


@given(st.emails())
def test_tickets_and_notify_agree_on_what_an_address_is_without_its_token(address: str) -> None:
    assert plain(address) == without_tag(address)
    assert plain(with_token(address, "TW-1.note.0.0")) == plain(address)


# ------------------------------------------------------------------------------------------------ threads


def test_a_subject_carries_the_number_and_says_whether_it_answers() -> None:
    assert subject_line("TW-12", "Printer", answers=True) == "Re: [TW-12] Printer"
    assert subject_line("TW-12", "Printer", answers=False) == "[TW-12] Printer"


@given(st.lists(st.text(max_size=12) | st.sampled_from(["a@x", "b@x", "c@x"]), max_size=40), st.text(max_size=12))
def test_references_are_few_known_and_end_with_what_is_answered(ids: list[str], last: str) -> None:
    found = chain(ids, last)
    assert len(found) <= REFERENCES
    assert len(set(found)) == len(found)
    assert all(known_id(one) for one in found)
    if known_id(last):
        assert found[-1] == last


def test_a_long_thread_keeps_its_first_id_and_its_last_ones() -> None:
    ids = [f"{n}@example.net" for n in range(30)]
    assert chain(ids, "last@example.net") == (ids[0], *ids[-8:], "last@example.net")


@pytest.mark.parametrize("foreign", ["a b@x", "a>@x", "a@x\r\nBcc: y", "ä@x", "", "x", "a" * 251, None])
def test_an_id_that_would_break_a_header_is_no_id(foreign: str | None) -> None:
    assert known_id(foreign) is None


# ----------------------------------------------------------------------------------------- after each try

ADDRESSES = st.sampled_from(["a@x", "b@x", "c@x", "d@x"])


@given(st.lists(st.tuples(ADDRESSES, st.sampled_from(["ok", "later", "never"])), max_size=30), st.integers(0, 200_000))
def test_each_recipient_is_reached_or_given_up_exactly_once(fates: list[tuple[str, str]], seconds: int) -> None:
    row = outgoing(to=("a@x", "b@x", "c@x", "d@x"))
    sent: list[str] = []
    failed: list[str] = []
    answers = dict(fates)
    for _ in range(4):
        if row.state != "waiting":
            break
        outcome = Outcome(
            accepted=tuple(one for one in row.open if answers.get(one, "ok") == "ok"),
            refused={one: "550" for one in row.open if answers.get(one) == "never"},
            deferred={one: "450" for one in row.open if answers.get(one) == "later"},
        )
        settled = settle(row, outcome, NOON + timedelta(seconds=seconds))
        assert settled.row.rev == row.rev + 1
        assert (settled.due_at is not None) == (settled.row.state == "waiting")
        sent += settled.sent_to
        failed += settled.failed_for
        row = settled.row
        answers = {one: "ok" if fate == "later" else fate for one, fate in answers.items()}
    assert sorted(sent + failed) == ["a@x", "b@x", "c@x", "d@x"]
    assert row.state == ("failed" if failed else "sent")
    if failed:
        assert set(row.open) == set(failed)


def test_pauses_grow_and_after_two_days_a_mail_is_given_up() -> None:
    row, now = outgoing(), NOON
    later = Outcome(deferred={"anna@example.net": "450 busy"})
    pauses = []
    while (settled := settle(row, later, now)).due_at is not None:
        pauses.append(settled.due_at - now)
        row, now = settled.row, settled.due_at
    assert pauses[: len(PAUSES)] == list(PAUSES)
    assert set(pauses[len(PAUSES) :]) == {PAUSES[-1]}
    assert GIVEN_UP <= now - NOON < GIVEN_UP + PAUSES[-1]
    assert settled.failed_for == {"anna@example.net": "tried for two days: 450 busy"}
    assert settled.row.state == "failed"


def test_one_too_many_and_one_withheld_are_refused_for_all() -> None:
    row = outgoing(to=("a@x", "b@x"))
    for outcome in (over_cap(row), withheld(row)):
        assert settle(row, outcome, NOON).row.state == "failed"
        assert set(outcome.refused) == {"a@x", "b@x"}


def test_a_reply_has_no_cap_an_automatic_one_its_address_a_notice_its_ticket_too() -> None:
    day = NOON.date()
    assert cap_key(outgoing(), day) is None
    assert cap_key(outgoing(kind="forward"), day) is None
    first, second = outgoing(kind="auto_reply", ticket="TW-1"), outgoing(kind="auto_reply", ticket="TW-2")
    assert cap_key(first, day) == cap_key(second, day)
    assert cap_key(first, day) != cap_key(first, day + timedelta(days=1))
    assert cap_key(replace(first, recipients=("ANNA+1@example.net",)), day) == cap_key(first, day)
    assert "anna" not in str(cap_key(first, day))
    one, other = (outgoing(kind="watcher", internal=True, ticket=number) for number in ("TW-1", "TW-2"))
    assert len({cap_key(one, day), cap_key(other, day), cap_key(first, day)}) == 3


def test_the_same_event_and_recipient_have_the_same_id_and_no_others() -> None:
    def told(address: str, internal: bool = False) -> Telling:
        return Telling("watcher" if internal else "auto_reply", (Recipient(address),), internal=internal)

    assert row_id("e:1:0", told("Anna@example.net")) == row_id("e:1:0", told("anna@example.net"))
    ids = {row_id(e, told(a, i)) for e in ("e:1:0", "e:1:1") for a in ("a@x", "b@x") for i in (True, False)}
    assert len(ids) == 8
