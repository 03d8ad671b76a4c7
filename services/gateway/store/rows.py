"""Rows of the views as the values that are shown."""

from __future__ import annotations

from typing import Any

from ..domain.order import FAR
from ..views.shapes import Deadline, Entry, File, LinkTo, Message, PersonRow, Recipient, Ticket, Watcher, Who

Row = dict[str, Any]


def ticket_of(row: Row) -> Ticket:
    """A ticket's row. Promises do not run on a closed ticket, even when its timers' last word is yet to come."""
    running = row["deadlines"] if row["open"] else []
    return Ticket(
        number=row["_id"],
        subject=row["subject"],
        queue=row["queue"],
        status=row["status"],
        category=row["category"],
        priority=row["priority"],
        owner=who_of(row["owner"]) if row["owner"] else None,
        requesters=[who_of(party) for party in row["requesters"]],
        cc=[who_of(party) for party in row["cc"]],
        admin_cc=[who_of(party) for party in row["admin_cc"]],
        due=row["due"],
        next_due=row["due_sort"] if running and row["due_sort"] < FAR else None,
        deadlines=[Deadline(one["clock"], one["due_at"]) for one in running],
        unanswered=row["unanswered"],
        wake_at=row["wake_at"],
        tags=row["tags"],
        fields=row["fields"],
        links=[LinkTo(link["type"], link["target"]) for link in row["links"]],
        merged_into=row["merged_into"],
        opened_by=row["opened_by"],
        language=row["language"],
        messages=row["messages"],
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        watchers=[watcher_of(party, row.get("absorbed", [])) for party in row.get("watchers", ())],
        time_worked=row.get("time_worked", 0),
        absorbed=[one["number"] for one in row.get("absorbed", [])],
        moved={one["message"]: one["to"] for one in row.get("moved", [])},
    )


def who_of(party: Row) -> Who:
    """A party."""
    return Who(party["id"], party["name"], party["address"], party["login"], party["agent"])


def watcher_of(party: Row, absorbed: list[Row]) -> Watcher:
    """A party who watches, and by which merged tickets."""
    by = [part["number"] for part in absorbed for one in part.get("watchers") or () if one["id"] == party["id"]]
    return Watcher(party["id"], party["name"], party["address"], party["login"], party["agent"], by)


def file_of(attachment: Row) -> File:
    """An attachment."""
    return File(
        filename=attachment["filename"],
        content_type=attachment["content_type"],
        size=attachment["size"],
        sha256=attachment["sha256"],
        content_id=attachment.get("content_id"),
        inline=attachment.get("inline", False),
    )


def entry_of(row: Row) -> Entry:
    """An entry; its actor has a name only where the author of a message is the actor."""
    said = row.get("message")
    author = who_of(said["author"]) if said else None
    actor = row["actor"]
    return Entry(
        id=row["_id"],
        type=row["type"],
        at=row["at"],
        ticket=row["ticket"],
        actor=author if author is not None and author.id == actor["id"] else Who(actor["id"]),
        actor_kind=actor["kind"],
        internal=row["audience"] != "all",
        text=said["text"] if said else "",
        attachments=[file_of(one) for one in said["attachments"]] if said else [],
        pgp=said["pgp"] if said else None,
        message=message_of(said, author) if said and author else None,
        details=row.get("details", {}),
        version=row["version"],
    )


def message_of(said: Row, author: Who) -> Message:
    """What was said, but for its text and files, which stand on the entry."""
    return Message(
        id=said["id"],
        kind=said["kind"],
        author=author,
        subject=said["subject"],
        html=said["html"],
        to=[Recipient(one["name"], one["address"]) for one in said["to"]],
        cc=[Recipient(one["name"], one["address"]) for one in said["cc"]],
        auto=said["auto"]["is_auto"],
        through=said.get("through"),
        origin=said.get("origin"),
    )


def person_row_of(row: Row) -> PersonRow:
    """A person."""
    return PersonRow(
        id=row["_id"],
        login=row["login"],
        name=row["name"],
        addresses=row["addresses"],
        agent=row["agent"],
        language=row["language"],
        disabled=row["disabled"],
        version=row["version"],
        joined_into=row.get("joined_into"),
        aliases=row.get("aliases", []),
        erased=row.get("erased", False),
    )
