"""What is heard becomes rows: each once, only under the rights of then, and nothing from a replay."""

from __future__ import annotations

import pytest

from services.notify.domain.outgoing import Outcome, settle
from services.notify.handlers import DirectoryBehind
from ticketwire_chassis.commands import Asked
from ticketwire_chassis.events import stamp
from ticketwire_contracts.base import Actor, Answer, Order
from ticketwire_contracts.ingest import Address
from ticketwire_contracts.notify import ResendV1
from ticketwire_contracts.tickets import Grant, PersonCreatedV1

from .conftest import SYSTEM, House, directory_events, grant_taken
from .world import (
    ANNA,
    GRANTS,
    MARA,
    NOON,
    OSKAR,
    SHOP,
    event,
    file,
    forwarded,
    noted,
    opened,
    outgoing,
    owner_changed,
    party,
    quoted,
    refused,
    replied,
    ticket,
)

NOTE_SHOW = next(n for n, grant in enumerate(GRANTS) if grant.right == "note.show")


async def whom(house: House) -> list[tuple[str, list[str]]]:
    """Kind and recipients of each row."""
    return sorted((doc["kind"], doc["recipients"]) for doc in await house.docs())


async def test_an_event_becomes_a_row_for_each_mail(house: House) -> None:
    await house.hear(opened())
    assert await whom(house) == [
        ("auto_reply", ["anna@example.net"]),
        ("watcher", ["mara@example.org"]),
        ("watcher", ["oskar@example.org"]),
    ]
    for doc in await house.docs():
        assert doc["sender"] == ""  # nothing bounces to us what a machine wrote
        assert (doc["ticket"], doc["cause"], doc["correlation"]) == ("TW-12", "ticket/TW-12:1:0", "c-1")
        assert doc["message_id"].encode() in bytes(doc["mail"])


async def test_what_is_heard_twice_is_one_row(house: House) -> None:
    await house.hear(opened())
    await house.hear(opened(), opened())
    assert len(await house.docs()) == 3


async def test_a_replay_sends_nothing_but_teaches_the_directory(house: House) -> None:
    newcomer = MARA.model_copy(update={"id": "person/f5", "addresses": ["new@example.org"]})
    fields = stamp(PersonCreatedV1, newcomer.id, 1, at=NOON, actor=SYSTEM, correlation="c", summary="s", replay=True)
    await house.hear(opened(replay=True), replied(replay=True), PersonCreatedV1(**fields, person=newcomer))
    assert await house.docs() == []
    assert newcomer.id in (await house.directories.current()).persons


async def test_customers_do_not_stand_in_the_directory(house: House) -> None:
    customer = MARA.model_copy(update={"id": ANNA.id, "agent": False})
    fields = stamp(PersonCreatedV1, customer.id, 1, at=NOON, actor=SYSTEM, correlation="c", summary="s")
    await house.hear(PersonCreatedV1(**fields, person=customer))
    assert ANNA.id not in (await house.directories.current()).persons


async def test_what_was_said_under_rights_not_heard_of_yet_is_held_back(house: House) -> None:
    with pytest.raises(DirectoryBehind):
        await house.hear(noted(), epoch=4)
    assert await house.docs() == []
    await house.hear(grant_taken(NOTE_SHOW), epoch=4)
    await house.hear(noted(), epoch=4)
    assert await house.docs() == []


async def test_a_batch_that_brings_the_rights_and_the_event_is_judged_by_them(house: House) -> None:
    await house.hear(noted(), grant_taken(NOTE_SHOW), epoch=4)
    assert await house.docs() == []


@pytest.mark.parametrize(
    "told",
    [
        event(type(opened()), ticket=ticket(queue="nowhere")),
        owner_changed(party(OSKAR).model_copy(update={"id": "person/99"})),
    ],
    ids=["queue", "owner"],
)
async def test_what_names_somebody_unknown_waits(house: House, told: object) -> None:
    with pytest.raises(DirectoryBehind):
        await house.hear(told)  # type: ignore[arg-type]
    assert await house.docs() == []


async def test_a_reply_to_an_address_that_no_mail_reaches_has_a_row_that_fails(house: House) -> None:
    await house.hear(replied(to=[Address(address="jürgen@example.net")]))
    (_, (kind, recipients)) = sorted(await whom(house), reverse=True)
    assert (kind, recipients) == ("reply", ["jürgen@example.net"])
    house.start()
    await house.settled("failed", "sent")
    (failed,) = [event for event in await house.said() if event["type"] == "notification.failed.v1"]
    assert failed["recipients"] == ["jürgen@example.net"]
    assert failed["reason"] == "no mail can be addressed to it"


async def test_a_forward_goes_out_whole_and_its_bounces_come_back(house: House) -> None:
    await house.hear(forwarded(to=(SHOP, "other@example.com")))
    (doc,) = await house.docs()
    assert (doc["kind"], doc["recipients"]) == ("forward", [SHOP, "other@example.com"])
    assert doc["sender"] == "support@example.org"
    house.start()
    await house.settled("sent")
    (mail,) = house.postbox.mails
    assert b"It is on fire, 1." in mail.octets


async def test_what_came_encrypted_does_not_leave_and_it_is_said(house: House) -> None:
    await house.hear(forwarded(quoted(1, encrypted=True), attachments=[file()]))
    (doc,) = await house.docs()
    assert bytes(doc["mail"]) == b""
    house.start()
    await house.settled("failed")
    (failed,) = await house.said()
    assert (failed["type"], failed["kind"], failed["recipients"]) == ("notification.failed.v1", "forward", [SHOP])
    assert "encrypted" in failed["reason"]
    await resend(house, SYSTEM, doc["_id"])
    await house.until(lambda: _said_twice(house))
    assert house.postbox.mails == []


async def _said_twice(house: House) -> bool:
    return [event["type"] for event in await house.said()] == ["notification.failed.v1"] * 2


async def test_the_sender_of_a_refused_mail_is_told_once_and_not_by_a_replay(house: House) -> None:
    await house.hear(refused(replay=True))
    assert await house.docs() == []
    await house.hear(refused(), refused())
    await house.hear(refused(), refused(why="no_queue", notice=None, ticket=None))
    (doc,) = await house.docs()
    assert (doc["kind"], doc["recipients"], doc["ticket"], doc["sender"]) == (
        "auto_reply", ["anna@example.net"], "TW-12", "",
    )  # fmt: skip


async def test_a_notice_or_automatic_reply_that_no_mail_reaches_has_no_row(house: House) -> None:
    await house.hear(opened(ticket=ticket(requesters=[ANNA.model_copy(update={"address": "jürgen@example.net"})])))
    assert {kind for kind, _ in await whom(house)} == {"watcher"}


async def test_only_the_reply_reaches_customers_and_no_note_is_in_it(house: House) -> None:
    await house.hear(noted("The secret of the house."), replied("Turn it off."))
    for doc in await house.docs():
        outside = any(not address.endswith("@example.org") for address in doc["recipients"])
        assert outside == (doc["kind"] == "reply")
        assert (b"The secret of the house." in bytes(doc["mail"])) <= (not outside)
        assert doc["internal"] == (not outside)


# -------------------------------------------------------------------------------------------------- resend


async def resend(house: House, actor: Actor, row: str = "row-1") -> Answer:
    """Someone asks."""
    command = ResendV1(notification=row)
    order = Order(
        id="o-1", type=command.topic, actor=actor, correlation="c-9", not_after=NOON, command=command.model_dump()
    )
    (answer,) = await house.handlers.obey([Asked(order, command)])
    return answer


async def failed(house: House) -> None:
    """A mail that failed."""
    ((row, lease),) = await house.rows.add([outgoing()], NOON)
    await house.rows.settle([(settle(row, Outcome(refused={"anna@example.net": "550"}), NOON), lease)], NOON)


async def test_a_failed_mail_is_resent_for_those_with_the_right(house: House) -> None:
    await failed(house)
    await house.hear(*directory_events([*GRANTS, Grant(right="mail.admin", grantee=MARA.id, scope="all")]))
    house.start()
    answer = await resend(house, Actor(kind="agent", id=MARA.id))
    assert (answer.problem, answer.result) == (None, {"notification": "row-1"})
    await house.settled("sent")
    assert [mail.recipients for mail in house.postbox.mails] == [["anna@example.net"]]
    again = await resend(house, SYSTEM)
    assert again.problem is not None
    assert again.problem.type == "not-failed"


@pytest.mark.parametrize(
    "actor",
    [
        Actor(kind="customer", id=ANNA.id),
        Actor(kind="customer", id=MARA.id),
        Actor(kind="agent", id=OSKAR.id),
        Actor(kind="agent", id="person/nobody"),
    ],
)
async def test_nobody_else_has_it_resent(house: House, actor: Actor) -> None:
    await failed(house)
    answer = await resend(house, actor)
    assert answer.problem is not None
    assert answer.problem.status == 403
    assert await house.rows.state("row-1") == "failed"


async def test_what_is_not_there_cannot_be_resent(house: House) -> None:
    answer = await resend(house, SYSTEM, "nothing")
    assert answer.problem is not None
    assert answer.problem.status == 404
