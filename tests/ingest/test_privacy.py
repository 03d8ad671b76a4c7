"""After a person was erased nothing of their mails is left here, and others' stay, on a real MongoDB."""

from __future__ import annotations

from datetime import timedelta

from services.ingest.privacy import Forgetting
from ticketwire_chassis.events import stamp
from ticketwire_chassis.signing import Signer
from ticketwire_contracts.base import Actor
from ticketwire_contracts.tickets import Person, PersonErasedV1

from .conftest import House
from .mails import NOON, arrival, mail
from .test_store import accept, read, settled

SIGNER = Signer("a secret of the tests, long enough")
ANNA = "person/e4e4e4e4e4e4"


def erased(*mails: str) -> PersonErasedV1:
    """tickets says that Anna was erased, an hour after noon."""
    envelope = stamp(
        PersonErasedV1,
        ANNA,
        2,
        at=NOON + timedelta(hours=1),
        actor=Actor(kind="agent", id="person/root"),
        correlation="c-2",
        summary="A person was erased",
    )
    return PersonErasedV1(
        **envelope,
        person=Person(id=ANNA, name="[erased]", erased=True, disabled=True),
        erased=[ANNA],
        claims=[SIGNER.claim("address", "anna@example.net")],
        tickets=["TW-1"],
        mails=list(mails),
        rights_epoch=3,
    )


async def test_their_mails_go_with_blobs_and_addresses_and_others_stay(house: House) -> None:
    own = arrival()
    refused = arrival(mail(message_id="refused@example.net"), sender="Anna@Example.net")
    large = arrival(mail("x" * 300_000, message_id="large@example.net"))
    bobs = arrival(mail(message_id="bob@example.com", sender="Bob <bob@example.com>"), sender="bob@example.com")
    later = arrival(mail(message_id="later@example.net"), at=NOON + timedelta(hours=2))
    under_way = arrival(mail(message_id="quick@example.net"))
    await house.store.keep_raw(large)
    await accept(house, own, refused, large, bobs, later, under_way)
    await house.store.settle([settled(one.row) for one in (own, large, bobs)], NOON)
    await house.store.settle([settled(refused.row, "refused")], NOON)
    before = await house.store.account(None, NOON + timedelta(minutes=1))

    forgetting = Forgetting(house.db, house.blobs, SIGNER.claim)
    for _ in range(2):
        await forgetting.on_person_erased([erased(own.row, large.row)])

    for one in (own, refused, large):
        row = await house.row(one.row)
        assert "anna" not in str(row).lower()
        assert "Printer" not in str(row)
        assert await house.store.raw(one.row) is None
    assert (await house.db["blobs"].find_one({"_id": large.digest}) or {}).get("refs", []) == []
    assert await house.store.account(None, NOON + timedelta(minutes=1)) == before, "the account balances as before"
    for one in (bobs, later, under_way):
        assert await house.store.raw(one.row) == one.raw
    assert await house.store.reread([own.row, bobs.row], NOON) == 1, "what was erased is never read again"


async def test_a_mail_whose_sender_nobody_named_is_erased_where_it_is_named(house: House) -> None:
    named, other = (arrival(mail(message_id=f"m{n}@x.test"), sender=None) for n in range(2))
    await accept(house, named, other)
    await house.store.settle([settled(named.row), settled(other.row)], NOON)
    await Forgetting(house.db, house.blobs, SIGNER.claim).on_person_erased([erased(named.row)])
    assert await house.store.raw(named.row) is None
    assert await house.store.raw(other.row) == other.raw


async def test_a_reader_that_comes_late_brings_nothing_back(house: House) -> None:
    one = arrival()
    accepted = await house.store.accept_mails([(one, None)], NOON)
    ((leased, _),) = accepted.leased
    await Forgetting(house.db, house.blobs, SIGNER.claim).on_person_erased([erased(one.row)])
    await house.store.finish([(leased, read(one))], NOON)
    row = await house.row(one.row)
    assert "outbox" not in row
    assert "Printer" not in str(row)


async def test_what_came_from_the_address_while_it_was_someone_else_s_stays(house: House) -> None:
    bobs = arrival(mail(message_id="bobs@example.net"))
    hers = arrival(mail(message_id="hers@example.net"), at=NOON + timedelta(minutes=30))
    await accept(house, bobs, hers)
    await house.store.settle([settled(one.row, "refused") for one in (bobs, hers)], NOON)
    claim = SIGNER.claim("address", "anna@example.net")
    event = erased().model_copy(update={"since": {claim: NOON + timedelta(minutes=30)}})
    await Forgetting(house.db, house.blobs, SIGNER.claim).on_person_erased([event])
    assert await house.store.raw(bobs.row) == bobs.raw
    assert await house.store.raw(hers.row) is None
    assert (await house.row(hers.row))["envelope_from"] == "[erased]"
