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
from .words import PROMISES, priority_word, status_word

QUIET = frozenset({"reply", "owner", "watcher", "forward"})
"""Mails of these kinds are news only when they fail: the reply itself stands in the conversation."""

SENT = {
    "auto_reply": N_("Automatic reply sent to {whom}"),
    "escalation": N_("{whom} told of the escalation"),
}
UNSENT = N_("A mail to {whom} could not be sent: {reason}")


@dataclass(frozen=True)
class Line:
    """A sentence, and whether it tells of something that went wrong."""

    says: Markup
    late: bool = False


def line(entry: Entry, reader: Reader) -> Line | None:
    """The sentence for an entry; none for what is said elsewhere or means nothing to a reader."""
    details, who = entry.details, named(entry.actor, reader)
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
        case "ticket.escalated":
            return Line(promise_line(details, reader), late=details["percent"] >= 100)
        case "notification.sent" if details["kind"] not in QUIET:
            text = SENT.get(details["kind"], SENT["auto_reply"])
            return Line(filled(reader.t.look(text), {"whom": addresses(details)}))
        case "notification.failed":
            reason = clean_line(str(details.get("reason", "")))
            return Line(filled(reader.t.look(UNSENT), {"whom": addresses(details), "reason": bdi(reason)}), late=True)
    return None


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
    return bdi(clean_line(who.name or who.login or who.address) or reader.t(N_("Someone")))


def addresses(details: dict[str, Any]) -> Markup:
    """To whom a mail went."""
    return Markup(", ").join(bdi(clean_line(address)) for address in details["recipients"])


def bdi(text: str) -> Markup:
    """A name that may run the other way, kept from turning its surroundings round."""
    return Markup("<bdi>{}</bdi>").format(text)
