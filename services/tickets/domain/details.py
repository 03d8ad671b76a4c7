"""Subject, due date, tags and time worked: what is written on a ticket besides its conversation."""

from __future__ import annotations

import unicodedata
from datetime import datetime

from ticketwire_contracts.base import Actor
from ticketwire_contracts.tickets import AddTimeWorkedV1, SetTagsV1

from .acting import lacks
from .context import Context
from .decision import Refusal, refused
from .events import DueChanged, SubjectChanged, TagsChanged, Thin, TimeWorked
from .state import TicketState
from .threading import clean_subject

TAG_LENGTH = 50
TAGS = 50
"""Tags on one ticket, at most."""


def set_subject(context: Context, actor: Actor, ticket: TicketState, subject: str) -> list[Thin] | Refusal:
    """Another subject; our tag and reply marks are no part of it."""
    if missing := lacks(context, actor, "ticket.edit", ticket):
        return missing
    wanted = " ".join(subject.split())
    if not wanted:
        return refused("subject-empty", "A ticket needs a subject", 422, "Write a subject.")
    wanted = clean_subject(wanted)
    if wanted == ticket.subject:
        return refused("no-change", "It is so already", 409, "The subject is the same.")
    return [SubjectChanged(before=ticket.subject, after=wanted)]


def set_due(context: Context, actor: Actor, ticket: TicketState, due: datetime | None) -> list[Thin] | Refusal:
    """Another explicit due date, or none. One in the past is allowed: what was promised earlier is overdue."""
    if missing := lacks(context, actor, "ticket.edit", ticket):
        return missing
    due = as_kept(due)
    if due == ticket.due:
        return refused("no-change", "It is so already", 409, "The due date is the same.")
    return [DueChanged(before=ticket.due, after=due)]


def set_tags(context: Context, actor: Actor, ticket: TicketState, command: SetTagsV1) -> list[Thin] | Refusal:
    """Tags put on and taken off, in one spelling each. What is named in both is put on."""
    if missing := lacks(context, actor, "ticket.edit", ticket):
        return missing
    add, remove = [normal_tag(tag) for tag in command.add], [normal_tag(tag) for tag in command.remove]
    wrong = [tag for tag, normal in zip(command.add, add, strict=True) if not 0 < len(normal) <= TAG_LENGTH]
    if wrong:
        return refused(
            "bad-tag",
            "Not a tag",
            422,
            f"{wrong[0]!r} is not a tag: letters, digits and . _ / -, at most {TAG_LENGTH}.",
        )
    added = sorted(set(add) - set(ticket.tags))
    removed = sorted((set(remove) - set(add)) & set(ticket.tags))
    if not added and not removed:
        return refused("no-change", "It is so already", 409, "The tags are the same.")
    if len(ticket.tags) + len(added) - len(removed) > TAGS:
        return refused("too-many-tags", "Too many tags", 409, f"A ticket has {TAGS} tags at most.")
    return [TagsChanged(added=added, removed=removed)]


def normal_tag(tag: str) -> str:
    """A tag in its one spelling: compatible forms, lower case, dashes for spaces, no mark in front; or nothing."""
    words = unicodedata.normalize("NFKC", tag).casefold().strip().lstrip("#").split()
    normal = unicodedata.normalize("NFC", "-".join(words))
    good = all(unicodedata.category(letter)[0] in "LMN" or letter in "._/-" for letter in normal)
    return normal if good and any(letter.isalnum() for letter in normal) else ""


def add_time(context: Context, actor: Actor, ticket: TicketState, command: AddTimeWorkedV1) -> list[Thin] | Refusal:
    """Minutes worked; a correction never takes away more than there is."""
    if missing := lacks(context, actor, "ticket.edit", ticket):
        return missing
    if command.minutes == 0:
        return refused("no-time", "No time at all", 422, "Give the minutes worked.")
    total = ticket.time_worked + command.minutes
    if total < 0:
        return refused(
            "time-below-zero", "More than was noted down", 409, f"Only {ticket.time_worked} minutes are noted down."
        )
    return [TimeWorked(minutes=command.minutes, text=command.text.strip(), total=total)]


def as_kept(at: datetime | None) -> datetime | None:
    """A time that someone named, in the milliseconds that the database keeps: finer ones would not come back."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000) if at else None
