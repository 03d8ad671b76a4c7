"""After a person was erased no outgoing row names them, and an old event that comes again writes them nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from services.notify.domain.outgoing import Outgoing
from services.notify.privacy import GONE, Forgetting
from services.notify.store import DirectoryStore, OutgoingStore
from ticketwire_chassis.events import stamp
from ticketwire_chassis.mongo import Database, Doc, open_database
from ticketwire_contracts.base import Actor
from ticketwire_contracts.tickets import Person, PersonErasedV1

from .world import ANNA, NOON, SIGNER


@pytest.fixture(params=["motor", "pymongo"])
async def db(request: pytest.FixtureRequest, mongo_url: str, database_name: str) -> AsyncIterator[Database]:
    database = open_database(mongo_url, database_name, request.param)
    yield database
    await database.drop()
    await database.close()


def outgoing(id: str, *recipients: str, ticket: str = "TW-1") -> Outgoing:
    """A mail to be sent."""
    return Outgoing(
        id=id,
        kind="reply",
        ticket=ticket,
        cause=f"ticket/{ticket}:2:0",
        correlation="c",
        sender="support@example.org",
        recipients=recipients,
        open=recipients,
        message_id=f"{id}@example.org",
        mail=b"Subject: x\r\n\r\nDear Anna Berg",
        first_at=NOON,
    )


def erased() -> PersonErasedV1:
    """tickets says that Anna was erased."""
    actor = Actor(kind="agent", id="person/root")
    envelope = stamp(PersonErasedV1, ANNA.id, 2, at=NOON, actor=actor, correlation="c", summary="A person was erased")
    return PersonErasedV1(
        **envelope,
        person=Person(id=ANNA.id, name=GONE, erased=True, disabled=True),
        erased=[ANNA.id],
        claims=[SIGNER.claim("address", ANNA.address)],
        tickets=["TW-1"],
        mails=[],
        rights_epoch=3,
    )


async def row(db: Database, id: str) -> Doc:
    found = await db["outgoing"].find_one({"_id": id})
    assert found is not None
    return found


async def test_no_row_names_them_and_nothing_goes_to_them_any_more(db: Database) -> None:
    rows, directories = OutgoingStore(db), DirectoryStore(db)
    forgetting = Forgetting(db, directories, rows, SIGNER.claim)
    mixed = outgoing("mixed", "Anna@example.net", "bob@example.com")
    await forgetting.add([outgoing("hers", ANNA.address), mixed, outgoing("other", ANNA.address, ticket="TW-9")], NOON)
    for _ in range(2):
        await forgetting.on_person_erased([erased()])
    hers = await row(db, "hers")
    assert (hers["recipients"], hers["open"], hers["state"]) == ([GONE], [], "failed")
    assert "mail" not in hers
    assert "due_at" not in hers
    left = await row(db, "mixed")
    assert (left["recipients"], left["open"], left["state"]) == (
        [GONE, "bob@example.com"],
        ["bob@example.com"],
        "waiting",
    )
    assert (await row(db, "other"))["recipients"] == [ANNA.address], "a ticket of whoever has the address now"
    assert (await directories.current()).epoch == 3


async def test_an_old_event_that_comes_again_writes_them_nothing(db: Database) -> None:
    here = Forgetting(db, DirectoryStore(db), OutgoingStore(db), SIGNER.claim)
    await here.on_person_erased([erased()])
    elsewhere = Forgetting(db, DirectoryStore(db), OutgoingStore(db), SIGNER.claim)
    for replica in (here, elsewhere):
        name = "here" if replica is here else "elsewhere"
        both = outgoing(f"{name}-both", ANNA.address, "bob@example.com")
        written = await replica.add([outgoing(f"{name}-hers", ANNA.address), both], NOON)
        assert [one.id for one, _ in written] == [both.id]
        assert (await row(db, both.id))["recipients"] == ["bob@example.com"]
        fresh = replace(both, id=f"{name}-new", ticket="TW-2")
        assert len(await replica.add([fresh], NOON)) == 1, "on new tickets they are someone new"
