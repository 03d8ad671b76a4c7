"""Changes of what is administered, told newest first: every service that keeps a part of them answers alike.

The index is partial, so that what is said on tickets, nearly all of the log, costs nothing by it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC

from ticketwire_contracts.audit import (
    AuditActor,
    AuditEntry,
    AuditHappening,
    AuditPage,
    AuditPlace,
    AuditQuestion,
    AuditThing,
    Cause,
    Difference,
)

from ..commits import Commit, CommitLog, from_doc
from ..mongo import DESCENDING, Doc

SILENT = frozenset({"version", "rights_epoch"})
"""Fields that move with everything."""
DISCLOSURE = "disclosure/"
"""Streams that say who looked at what is kept of a person, ``disclosure/<id>``: told as the person's."""
ORDER = [("at", DESCENDING), ("_id.stream", DESCENDING), ("_id.seq", DESCENDING)]

Normal = Callable[[str, Doc], Doc]
Details = Callable[[Doc], Doc]


async def prepare(log: CommitLog, streams: Doc) -> None:
    """Makes the index by which changes of these streams are told."""
    await log.collection.create_index(ORDER, partialFilterExpression={"_id.stream": streams})


async def told(
    log: CommitLog, question: AuditQuestion, streams: Sequence[Doc], normal: Normal, of: Details
) -> AuditPage:
    """The changes that are asked for, of streams on whose name all these conditions hold; without names. ``normal``
    gives a state as today's code writes it, ``of`` what else is told of an event."""
    where = {"$and": [*({"_id.stream": one} for one in streams), *_conditions(question)]}
    docs = await log.collection.find(where, sort=ORDER, limit=question.limit + 1)
    commits = [from_doc(doc) for doc in docs[: question.limit]]
    before = await _before(log, commits)
    items = [_entry(one, before.get((one.stream, one.seq - 1)), normal, of) for one in commits]
    further = len(docs) > len(items)
    return AuditPage(items=items, next=AuditPlace(at=items[-1].at, id=items[-1].id) if further else None)


def differences(before: Doc | None, after: Doc) -> dict[str, Difference]:
    """The fields that are other than before. At the beginning, those that have something in them."""
    was = before or {}
    return {
        name: Difference(before=was.get(name), after=now)
        for name, now in after.items()
        if name not in SILENT and was.get(name) != now and (was or now not in (None, "", [], {}))
    }


def _conditions(question: AuditQuestion) -> list[Doc]:
    found: list[Doc] = []
    if question.actor is not None:
        found.append({"actor.kind": "system"} if question.actor == "system" else {"actor.id": question.actor})
    if question.since is not None:
        found.append({"at": {"$gte": question.since}})
    if question.until is not None:
        found.append({"at": {"$lt": question.until}})
    if question.before is not None:
        at, (stream, _, seq) = question.before.at, question.before.id.rpartition(":")
        number = int(seq) if seq.isascii() and seq.isdigit() and len(seq) < 10 else 0
        behind = [
            {"at": {"$lt": at}},
            {"at": at, "_id.stream": {"$lt": stream}},
            {"at": at, "_id.stream": stream, "_id.seq": {"$lt": number}},
        ]
        found += [{"at": {"$lte": at}}, {"$or": behind}]
    return found


async def _before(log: CommitLog, commits: Sequence[Commit]) -> dict[tuple[str, int], Doc]:
    """The states before these commits."""
    ids = [{"stream": one.stream, "seq": one.seq - 1} for one in commits if one.seq > 1]
    docs = await log.collection.find({"_id": {"$in": ids}}, {"after": 1}) if ids else []
    return {(doc["_id"]["stream"], doc["_id"]["seq"]): doc["after"] for doc in docs}


def _entry(commit: Commit, before: Doc | None, normal: Normal, of: Details) -> AuditEntry:
    looked = commit.stream.startswith(DISCLOSURE)
    thing = commit.stream.replace(DISCLOSURE, "person/", 1) if looked else commit.stream
    kind, _, name = thing.partition("/")
    after = {} if looked else normal(commit.stream, commit.after)
    return AuditEntry.model_validate(
        {
            "id": f"{commit.stream}:{commit.seq}",
            "kind": kind,
            "thing": AuditThing(id=thing, name=str(after.get("title") or name)),
            "version": commit.seq,
            "at": commit.at.astimezone(UTC),
            "actor": AuditActor(**commit.actor.model_dump()),
            "command": commit.command,
            "cause": _cause(commit),
            "correlation": commit.correlation,
            "happened": [AuditHappening(type=event["type"], details=of(event)) for event in commit.body],
            "changed": differences(normal(commit.stream, before) if before and not looked else None, after),
        }
    )


def _cause(commit: Commit) -> Cause:
    """Why: a mail, a person's order, a step that was due, or Ticketwire itself."""
    root = commit.cause.rpartition(":")[0] or commit.cause
    if commit.actor.via in ("mail", "timer"):
        return Cause.model_validate({"kind": commit.actor.via, "id": root})
    return Cause(kind="system" if commit.actor.kind == "system" else "command", id=root)
