"""Forwards go to outsiders, carry what was said with the customer, and never a note; answers come back internal."""

from __future__ import annotations

from typing import Any

import pytest

from services.tickets.domain.context import SignedMark
from services.tickets.domain.decision import Decision, Refusal
from services.tickets.domain.events import Forwarded
from ticketwire_contracts.base import Actor
from ticketwire_contracts.ingest import Attachment, PgpVerdict
from ticketwire_contracts.tickets import AddNoteV1, ForwardMessagesV1, MergeTicketsV1, ReplyToTicketV1

from .world import ANNA, MARA, NEWBIE, OSKAR, World, agent, kinds, status

SYSTEM = Actor(kind="system", id="system/test")
mara, newbie = agent(MARA), agent(NEWBIE)
SHOP = "workshop@example.com"
PLATE = Attachment(filename="plate.jpg", content_type="image/jpeg", size=3, sha256="a" * 64)
PLAN = Attachment(filename="plan.pdf", content_type="application/pdf", size=4, sha256="b" * 64)


def opened(**reading: Any) -> World:
    """Anna has written, with a picture; Mara may forward."""
    world = World()
    world.mail(attachments=[PLATE], **reading)
    world.grant("ticket.forward", MARA.id)
    return world


def forward(world: World, *messages: str, to: tuple[str, ...] = (SHOP,), **more: Any) -> Decision:
    """Mara forwards."""
    command = ForwardMessagesV1(ticket="TW-1", messages=list(messages), to=list(to), text="Please look.", **more)
    return world.do(mara, command)


def event_of(decision: Decision) -> Forwarded:
    """What was forwarded."""
    assert not isinstance(decision, Refusal), decision.problem
    event = decision[0].events[0]
    assert isinstance(event, Forwarded)
    return event


def test_a_forward_names_all_that_goes_out() -> None:
    world = opened()
    world.do(mara, ReplyToTicketV1(ticket="TW-1", text="Leave it off."))
    event = event_of(forward(world, "tw-1.2", "TW-1.1", attachments=[PLAN, PLATE]))
    assert [one.id for one in event.quoted] == ["TW-1.1", "TW-1.2"]
    assert [one.text for one in event.quoted] == ["It does not work.", "Leave it off."]
    assert event.quoted[0].author.address == ANNA
    assert event.quoted[1].author.address == "", "an agent's address is nobody's business"
    assert [file.filename for file in event.attachments] == ["plan.pdf", "plate.jpg"]
    assert [one.address for one in event.to] == [SHOP]
    assert event.text == "Please look."


def test_a_forward_is_no_answer_to_the_customer_and_says_nothing_in_public() -> None:
    world = opened()
    before = world.tickets["TW-1"]
    forward(world, "TW-1.1")
    after = world.tickets["TW-1"]
    assert after.messages == 2
    assert (after.status, after.clocks, after.public_version) == (before.status, before.clocks, before.public_version)


def test_what_came_encrypted_is_marked() -> None:
    world = opened(pgp=PgpVerdict(encrypted=True, signature="good"))
    assert event_of(forward(world, "TW-1.1")).quoted[0].encrypted


def test_notes_are_not_forwarded_and_neither_is_a_forward() -> None:
    world = opened()
    world.do(mara, AddNoteV1(ticket="TW-1", text="psst"))
    forward(world, "TW-1.1")
    for internal in ("TW-1.2", "TW-1.3"):
        decision = forward(world, "TW-1.1", internal)
        assert isinstance(decision, Refusal)
        assert decision.problem.type == "internal-message"
        assert decision.problem.extra["messages"] == [internal]


def test_a_note_that_one_may_not_see_is_not_there() -> None:
    world = opened()
    world.do(mara, AddNoteV1(ticket="TW-1", text="psst"))
    for right in ("ticket.show", "ticket.forward"):
        world.grant(right, NEWBIE.id)
    for name in ("TW-1.2", "TW-1.9"):
        decision = world.do(newbie, ForwardMessagesV1(ticket="TW-1", messages=[name], to=[SHOP]))
        assert isinstance(decision, Refusal)
        assert (decision.problem.type, name in decision.problem.detail) == ("unknown-message", True)


def test_messages_of_a_merged_ticket_keep_that_tickets_rights() -> None:
    world = opened()
    world.mail(to="billing@example.org", sender="bob@example.net")
    world.do(SYSTEM, MergeTicketsV1(ticket="TW-2", into="TW-1"))
    assert world.tickets["TW-2"].merged_into == "TW-1"
    assert kinds(forward(world, "TW-2.1")) == ["unknown-message"]
    world.grant("ticket.show", MARA.id, "queue/billing")
    assert [one.id for one in event_of(forward(world, "TW-2.1")).quoted] == ["TW-2.1"]


def test_messages_of_other_tickets_are_not_there() -> None:
    world = opened()
    world.mail()
    assert "TW-2" in world.tickets
    context = world.context()
    assert "TW-2.1" in context.messages
    assert kinds(forward(world, "TW-2.1")) == ["unknown-message"]


@pytest.mark.parametrize(
    ("to", "why"),
    [
        (("support@example.org",), "own-address"),
        (("billing+x@example.org",), "own-address"),
        (("nobody",), "bad-address"),
        ((f"{SHOP}\r\nBcc: x@example.net",), "bad-address"),
    ],
)
def test_a_forward_goes_only_to_what_can_be_written_to(to: tuple[str, ...], why: str) -> None:
    assert kinds(forward(opened(), "TW-1.1", to=to)) == [why]


def test_an_address_is_written_to_once() -> None:
    event = event_of(forward(opened(), "TW-1.1", to=(SHOP, SHOP.upper())))
    assert [one.address for one in event.to] == [SHOP]


def test_it_needs_its_own_right() -> None:
    world = opened()
    command = ForwardMessagesV1(ticket="TW-1", messages=["TW-1.1"], to=[SHOP])
    assert status(world.do(agent(OSKAR), command)) == 403
    assert status(world.do(newbie, command)) == 404


def test_the_outsiders_answer_comes_back_as_a_note_by_address_and_by_id() -> None:
    world = opened()
    forward(world, "TW-1.1")
    world.marks["support+tok@example.org"] = SignedMark("TW-1", internal=True)
    world.marks["ours@example.org"] = SignedMark("TW-1", internal=True)
    assert kinds(world.mail(to="support+tok@example.org", sender=SHOP)) == ["noted"]
    assert kinds(world.mail(sender="boss@example.com", in_reply_to=["ours@example.org"])) == ["noted"]
    assert kinds(forward(world, "TW-1.3")) == ["internal-message"]
