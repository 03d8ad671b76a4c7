"""What happened on a ticket, as one sentence each: the thin lines between what was said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import Markup

from ticketwire_chassis.i18n import N_, dates

from ..views.shapes import Entry, Who
from .prose import clean_line
from .reader import Reader
from .rendering import filled
from .words import PROMISES, priority_word, status_word, worked

QUIET = frozenset({"reply", "owner", "watcher", "forward"})
"""Mails of these kinds are news only when they fail: the reply itself stands in the conversation."""

SENT = {
    "auto_reply": N_("Automatic reply sent to {whom}"),
    "escalation": N_("{whom} told of the escalation"),
}
LINKED = {
    "depends_on": (N_("{who}: it depends on {ticket}"), N_("{who}: it no longer depends on {ticket}")),
    "needed_by": (N_("{who}: it is needed by {ticket}"), N_("{who}: it is no longer needed by {ticket}")),
    "parent": (N_("{who}: its parent is {ticket}"), N_("{who}: its parent is no longer {ticket}")),
    "child": (N_("{who}: its child is {ticket}"), N_("{who}: its child is no longer {ticket}")),
    "refers_to": (N_("{who}: it refers to {ticket}"), N_("{who}: it no longer refers to {ticket}")),
    "referred_to_by": (N_("{who}: {ticket} refers to it"), N_("{who}: {ticket} no longer refers to it")),
    "duplicates": (N_("{who}: it duplicates {ticket}"), N_("{who}: it no longer duplicates {ticket}")),
    "duplicated_by": (N_("{who}: {ticket} duplicates it"), N_("{who}: {ticket} no longer duplicates it")),
    "split_from": (N_("{who} split it off from {ticket}"), N_("{who} undid the split from {ticket}")),
    "split_into": (N_("{who} split off {ticket}"), N_("{who} undid the split into {ticket}")),
}
"""Kind of link → what is said when it comes and when it goes."""

JOINED = {
    "ticket.merged": N_("{who} merged it into {ticket}"),
    "ticket.unmerged": N_("{who} unmerged it from {ticket}"),
    "ticket.absorbed": N_("{who} merged {tickets} into this ticket"),
    "ticket.released": N_("{who} unmerged {tickets} from this ticket"),
    "ticket.messages_moved": N_("{who} moved messages to {ticket}"),
    "ticket.messages_returned": N_("{who} brought messages back"),
    "ticket.part_waits": N_("Other messages, or none, of {ticket}, which was merged into it, wait for an answer now"),
    "ticket.dependency_reopened": N_("{ticket}, on which it depends, is open again"),
    "ticket.linked": "",
    "ticket.unlinked": "",
}
KEPT = {
    "ticket.subject_changed": N_("{who} changed the subject from “{before}”"),
    "ticket.due_changed": N_("{who} set the due date to {after}"),
    "ticket.requesters_changed": "",
    "ticket.people_changed": "",
    "ticket.tags_changed": "",
    "ticket.fields_changed": N_("{who} set {fields}"),
    "ticket.time_worked": N_("{who} worked {time}"),
}
NO_DUE = N_("{who} took the due date away")
COME_AND_GO = {
    "requesters": (N_("{who} added {names} to the requesters"), N_("{who} took {names} off the requesters")),
    "cc": (N_("{who} added {names} to the copies"), N_("{who} took {names} off the copies")),
    "admin_cc": (N_("{who} added {names} to the internal copies"), N_("{who} took {names} off the internal copies")),
    "watchers": (N_("{who} added {names} to the watchers"), N_("{who} took {names} off the watchers")),
    "tags": (N_("{who} put on the tags {names}"), N_("{who} took off the tags {names}")),
}
"""Role → what is said of those who come, and of those who go."""
UNSEEN_OPEN = N_("A ticket on which it depends is open again")
COPIED = N_("{who} copied messages to {ticket}")
MOVED = N_("{who} moved it from {before} to {after}")
OTHER_QUEUE = N_("another queue")
UNSENT = N_("A mail to {whom} could not be sent: {reason}")


@dataclass(frozen=True)
class Line:
    """A sentence, and whether it tells of something that went wrong."""

    says: Markup
    late: bool = False


def line(entry: Entry, reader: Reader) -> Line | None:
    """The sentence for an entry; none for what is said elsewhere or means nothing to a reader."""
    details, who = entry.details, named(entry.actor, reader)
    if entry.type in JOINED:
        return joined_line(entry, who, reader)
    if entry.type in KEPT:
        return kept_line(entry, who, reader)
    match entry.type:
        case "ticket.status_changed":
            return Line(status_line(details, who, reader))
        case "ticket.owner_changed":
            return Line(owner_line(entry, who, reader))
        case "ticket.priority_changed":
            word = priority_word(details["after"], reader.t)
            return Line(
                filled(reader.t.look(N_("{who} set the priority to {priority}")), {"who": who, "priority": word})
            )
        case "ticket.moved":
            params = {side: queue(details[side], reader) for side in ("before", "after")}
            return Line(filled(reader.t.look(MOVED), {"who": who, **params}))
        case "ticket.escalated":
            return Line(promise_line(details, reader), late=details["percent"] >= 100)
        case "notification.sent" if details["kind"] not in QUIET:
            text = SENT.get(details["kind"], SENT["auto_reply"])
            return Line(filled(reader.t.look(text), {"whom": addresses(details)}))
        case "notification.failed":
            reason = clean_line(str(details.get("reason", "")))
            return Line(filled(reader.t.look(UNSENT), {"whom": addresses(details), "reason": bdi(reason)}), late=True)
    return None


def joined_line(entry: Entry, who: Markup, reader: Reader) -> Line | None:
    """“Mara merged TW-7 into this ticket”, “Mara: it depends on TW-9”."""
    details = entry.details
    text = JOINED[entry.type]
    if entry.type in ("ticket.linked", "ticket.unlinked"):
        text = LINKED[details["type"]][entry.type == "ticket.unlinked"]
    elif entry.type == "ticket.dependency_reopened" and details.get("target") is None:
        text = UNSEEN_OPEN
    elif details.get("copied"):
        text = COPIED
    if "numbers" in details and not details["numbers"]:
        return None  # all of them are out of sight
    tickets = Markup(", ").join(leading(number) for number in details.get("numbers", ()))
    said = {"who": who, "ticket": target(details.get("target"), reader), "tickets": tickets}
    return Line(filled(reader.t.look(text), said), late=entry.type == "ticket.dependency_reopened")


def kept_line(entry: Entry, who: Markup, reader: Reader) -> Line:
    """“Mara changed the subject from “Juicer””, “Mara added Ole to the copies”."""
    details = entry.details
    if "added" in details:
        role = details.get("role", "tags")
        parts = [
            filled(reader.t.look(text), {"who": who, "names": Markup(", ").join(bdi(clean_line(one)) for one in names)})
            for text, names in zip(COME_AND_GO[role], (details["added"], details["removed"]), strict=True)
            if names
        ]
        return Line(Markup(" · ").join(parts))
    text = KEPT[entry.type]
    said: dict[str, Any] = {"who": who}
    match entry.type:
        case "ticket.subject_changed":
            said["before"] = bdi(clean_line(details["before"]))
        case "ticket.due_changed":
            text = text if details["after"] else NO_DUE
            said["after"] = dates.exact(details["after"], reader.t, reader.zone) if details["after"] else ""
        case "ticket.fields_changed":
            changes = [f"{one['name']}: {plain(one['after'])}" for one in details["changes"]]
            said["fields"] = bdi(clean_line(", ".join(changes)))
        case "ticket.time_worked":
            time = worked(details["minutes"], reader.t)
            said["time"] = f"{time}: {clean_line(details['text'])}" if details["text"] else time
    return Line(filled(reader.t.look(text), said))


def plain(value: object) -> str:
    """The value of a field, in a line."""
    return ", ".join(map(str, value)) if isinstance(value, list) else "–" if value is None else str(value)


def queue(name: str | None, reader: Reader) -> Markup:
    """A queue by its name; one that may not be seen is another queue."""
    return bdi(name) if name else Markup("{}").format(reader.t(OTHER_QUEUE))


def target(name: str | None, reader: Reader) -> Markup:
    """The ticket or address at the other end; one that may not be seen is another ticket."""
    if name is None:
        return Markup("{}").format(reader.t(N_("another ticket")))
    return bdi(clean_line(name)) if "://" in name else leading(name)


def leading(number: str) -> Markup:
    """A ticket's number that leads there."""
    return Markup('<a href="/tickets/{0}">{0}</a>').format(number)


def status_line(details: dict[str, Any], who: Markup, reader: Reader) -> Markup:
    """“Mara set the status to pending until 24 Nov 2026, 09:00 CET”."""
    status = clean_line(status_word(details["after"], reader.t))
    until: datetime | None = details.get("until")
    if until:
        text = N_("{who} set the status to {status} until {until}")
        when = dates.exact(until, reader.t, reader.zone)
        return filled(reader.t.look(text), {"who": who, "status": status, "until": when})
    return filled(reader.t.look(N_("{who} set the status to {status}")), {"who": who, "status": status})


def owner_line(entry: Entry, who: Markup, reader: Reader) -> Markup:
    """“Mara took it”, “Mara made Oskar its owner”, “Mara left it without an owner”."""
    owner = entry.details["after"]
    if owner is None:
        return filled(reader.t.look(N_("{who} left it without an owner")), {"who": who})
    if owner in (entry.actor.name, entry.actor.login):
        return filled(reader.t.look(N_("{who} took it")), {"who": who})
    return filled(reader.t.look(N_("{who} made {owner} its owner")), {"who": who, "owner": bdi(clean_line(owner))})


def promise_line(details: dict[str, Any], reader: Reader) -> Markup:
    """“First response: due 23 Nov 2026, 09:12 CET, 80 % of the time has passed”."""
    promise = reader.t(PROMISES.get(details["clock"], details["clock"]))
    when = dates.exact(details["due_at"], reader.t, reader.zone)
    text = (
        N_("{promise} was due {when}")
        if details["percent"] >= 100
        else N_("{promise}: {percent} % of the time has passed, next step {when}")
    )
    return filled(reader.t.look(text), {"promise": promise, "percent": details["percent"], "when": when})


def named(who: Who, reader: Reader) -> Markup:
    """A person by name; the system by its own."""
    if who.id.startswith("system/"):
        return Markup("Ticketwire")
    return bdi(clean_line(who.name or who.login or who.address) or reader.t(N_("[erased]")))


def addresses(details: dict[str, Any]) -> Markup:
    """To whom a mail went."""
    return Markup(", ").join(bdi(clean_line(address)) for address in details["recipients"])


def bdi(text: str) -> Markup:
    """A name that may run the other way, kept from turning its surroundings round."""
    return Markup("<bdi>{}</bdi>").format(text)
