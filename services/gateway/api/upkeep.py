"""What is done to tickets beyond answering them. `If-Match` with the version you have seen refuses what has changed
since, and tells what it was and who did it."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from starlette.responses import Response

from ticketwire_contracts.tickets import FieldDefinition, Queue

from ..views.bulk import ManyChange
from ..views.shapes import Entry, Outcome, Page, Ticket
from .answers import IfMatch, Json, etag, ticket_answer
from .bodies import (
    ChangedFields,
    ChangedPeople,
    ChangedTags,
    ChangeOfMany,
    ManyTickets,
    NewDue,
    NewForward,
    NewSubject,
    NewTime,
    QueueFields,
)
from .doors import Asking, Shown
from .once import OnceOnly
from .problems import RESPONSES, TYPES
from .work import said_answer

router = APIRouter(tags=["Upkeep"], responses=RESPONSES)

Role = Literal["requesters", "cc", "admin_cc", "watchers"]
ROLES: tuple[Role, ...] = ("requesters", "cc", "admin_cc", "watchers")


@router.put("/tickets/{number}/subject", responses={200: {"model": Ticket}})
async def set_subject(
    number: str, body: NewSubject, version: IfMatch, asker: Asking, views: Shown, once: OnceOnly
) -> Response:
    """Sets the subject."""

    async def setting(command_id: str) -> Response:
        return ticket_answer(
            await views.upkeep.set_subject(asker, command_id, number, subject=body.subject, if_version=version)
        )

    return await once.do(setting)


@router.put("/tickets/{number}/due", responses={200: {"model": Ticket}})
async def set_due(number: str, body: NewDue, version: IfMatch, asker: Asking, views: Shown, once: OnceOnly) -> Response:
    """Sets the explicit due date; null for none."""

    async def setting(command_id: str) -> Response:
        return ticket_answer(await views.upkeep.set_due(asker, command_id, number, due=body.due, if_version=version))

    return await once.do(setting)


@router.patch("/tickets/{number}/tags", responses={200: {"model": Ticket}})
async def set_tags(
    number: str, body: ChangedTags, version: IfMatch, asker: Asking, views: Shown, once: OnceOnly
) -> Response:
    """Puts tags on and takes tags off."""

    async def setting(command_id: str) -> Response:
        return ticket_answer(
            await views.upkeep.set_tags(asker, command_id, number, add=body.add, remove=body.remove, if_version=version)
        )

    return await once.do(setting)


@router.patch("/tickets/{number}/fields", responses={200: {"model": Ticket}})
async def set_fields(
    number: str, body: ChangedFields, version: IfMatch, asker: Asking, views: Shown, once: OnceOnly
) -> Response:
    """Sets custom fields. 422 names each value that does not fit in `errors`."""

    async def setting(command_id: str) -> Response:
        return ticket_answer(
            await views.upkeep.set_fields(asker, command_id, number, fields=body.fields, if_version=version)
        )

    return await once.do(setting)


@router.post("/tickets/{number}/time", responses={200: {"model": Ticket}})
async def add_time(
    number: str, body: NewTime, version: IfMatch, asker: Asking, views: Shown, once: OnceOnly
) -> Response:
    """Notes working time down; the ticket shows the sum."""

    async def adding(command_id: str) -> Response:
        return ticket_answer(
            await views.upkeep.add_time(
                asker, command_id, number, minutes=body.minutes, text=body.text, if_version=version
            )
        )

    return await once.do(adding)


@router.post("/tickets/{number}/forwards", status_code=201, responses={201: {"model": Entry}})
async def forward(
    number: str, body: NewForward, version: IfMatch, asker: Asking, views: Shown, once: OnceOnly
) -> Response:
    """Forwards messages to outsiders; answers with the entry. Notes are not forwarded."""

    async def forwarding(command_id: str) -> Response:
        return said_answer(
            await views.upkeep.forward(asker, command_id, number, **body.model_dump(), if_version=version)
        )

    return await once.do(forwarding)


def _people(role: Role) -> None:
    async def change_people(
        number: str, body: ChangedPeople, version: IfMatch, asker: Asking, views: Shown, once: OnceOnly
    ) -> Response:
        async def changing(command_id: str) -> Response:
            return ticket_answer(
                await views.upkeep.change_people(
                    asker, command_id, number, role=role, add=body.add, remove=body.remove, if_version=version
                )
            )

        return await once.do(changing)

    who = {
        "requesters": "Requesters; an unknown address becomes a customer.",
        "cc": "Cc; an unknown address becomes a customer.",
        "admin_cc": "Admin cc: agents who get everything, notes too.",
        "watchers": "Watchers: agents who asked to be told. With `ticket.watch` anyone may add and remove themselves.",
    }
    change_people.__doc__ = f"Adds and removes by address or login, removes by id too. {who[role]}"
    router.patch(f"/tickets/{{number}}/{role}", name=f"change_{role}", responses={200: {"model": Ticket}})(
        change_people
    )


for one in ROLES:
    _people(one)


@router.post("/tickets/bulk", responses={200: {"model": Page[Outcome]}})
async def change_many(body: ManyTickets, asker: Asking, views: Shown, once: OnceOnly) -> Response:
    """Changes up to 200 tickets, each with its own result: `ok`, or the `problem` of what was refused.

    With an `Idempotency-Key` the same may be sent again after a lost answer or a 503: what was done stays done once.
    """

    async def changing(command_id: str) -> Response:
        outcomes = await views.bulk.change(asker, command_id, body.tickets, _many(body.change))
        return Json(Page([_typed(outcome) for outcome in outcomes]))

    return await once.do(changing)


@router.get("/queues/{queue}/fields", responses={200: {"model": Page[FieldDefinition]}})
async def queue_fields(queue: str, asker: Asking, views: Shown) -> Response:
    """The custom fields of a queue's tickets."""
    return _queue_fields(await views.upkeep.queue_fields(asker, queue))


@router.put("/queues/{queue}/fields", responses={200: {"model": Page[FieldDefinition]}})
async def set_queue_fields(
    queue: str, body: QueueFields, version: IfMatch, asker: Asking, views: Shown, once: OnceOnly
) -> Response:
    """Sets the custom fields of a queue, all of them. Needs `queue.admin`."""

    async def setting(command_id: str) -> Response:
        return _queue_fields(
            await views.upkeep.set_queue_fields(asker, command_id, queue, body.fields, if_version=version)
        )

    return await once.do(setting)


def _queue_fields(queue: Queue) -> Response:
    """They are a part of their queue, so its version is theirs."""
    return Json(Page([one.model_dump() for one in queue.fields]), 200, {"ETag": etag(queue.version)})


def _many(change: ChangeOfMany) -> ManyChange:
    people: dict[Role, ChangedPeople] = {
        "requesters": change.requesters,
        "cc": change.cc,
        "admin_cc": change.admin_cc,
        "watchers": change.watchers,
    }
    return ManyChange(
        parts=frozenset(change.model_fields_set - {"until"}),
        owner=change.owner,
        priority=change.priority,
        due=change.due,
        people={role: (who.add, who.remove) for role, who in people.items()},
        tags=(change.tags.add, change.tags.remove),
        fields=change.fields,
        note=change.note,
        queue=change.queue,
        status=change.status,
        until=change.until,
    )


def _typed(outcome: Outcome) -> Outcome:
    """The problem with its whole type, as everywhere."""
    if outcome.problem is None:
        return outcome
    problem = {**outcome.problem, "type": TYPES + outcome.problem["type"]}
    return Outcome(outcome.number, outcome.ok, outcome.done, outcome.version, problem)
