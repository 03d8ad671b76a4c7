"""A change of a ticket's log in words: what happened, what is different since, and by what it came."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import Markup

from ticketwire_chassis.i18n import N_, dates
from ticketwire_contracts.ingest import Attachment
from ticketwire_contracts.tickets import FieldDefinition, Happening, HistoryEntry, Message, Party

from ..domain.directory import Directory
from ..domain.recorded import people_in, who_acted
from ..views.shapes import Entry, Who
from .happenings import bdi, leading, line, named, plain, target
from .prose import clean_line
from .reader import Reader
from .rendering import filled
from .words import LINKS, ROLES, priority_word, status_word, worked

SAID = {
    "received": N_("{who} wrote"),
    "replied": N_("{who} replied to {whom}"),
    "noted": N_("{who} wrote a note"),
    "forwarded": N_("{who} forwarded messages to {whom}"),
    "adopted": N_("{who} brought a message of {author} here from {ticket}"),
    "erased": N_("{who} took the data of a person out of the history"),
}
OPENED = {
    "mail": N_("{who} opened it by mail"),
    "phone": N_("{who} opened it by phone"),
    "page": N_("{who} opened it"),
    "api": N_("{who} opened it by a program"),
    "split": N_("{who} split it off"),
}
CHANGED = N_("{who} changed the ticket")

CAUSES = {
    "mail": N_("by mail"),
    "timer": N_("by a timer"),
    "system": N_("by Ticketwire itself"),
    "page": N_("on a page"),
    "api": N_("by a program"),
    "cli": N_("on the command line"),
    "command": N_("by a command"),
}
"""What brought a change → how that is said; a command is said by what it came through, where that is known."""

FIELDS = {
    "subject": N_("Subject"),
    "queue": N_("Queue"),
    "status": N_("Status"),
    "wake_at": N_("Opens again"),
    "priority": N_("Priority"),
    "owner": N_("Owner"),
    **ROLES,
    "due": N_("Due date"),
    "tags": N_("Tags"),
    "time_worked": N_("Time worked"),
    "links": N_("Links"),
    "merged_into": N_("Merged into"),
    "absorbed": N_("Merged into it"),
}
"""Fields of a ticket whose change is shown, in this order; its custom fields follow. The others only count along."""

TIMELINE = {
    "took_in": "ticket.absorbed",
    "let_go": "ticket.released",
}
"""What the log calls otherwise than the timeline does."""


@dataclass(frozen=True)
class Differs:
    """What stood in a field, and what stands there since; none where there was nothing."""

    name: str
    before: Markup | None
    after: Markup | None


@dataclass(frozen=True)
class Spoken:
    """Something said, as far as a line of the history shows it."""

    text: str
    internal: bool
    forward: bool
    ticket: str
    attachments: list[Attachment]


@dataclass(frozen=True)
class Told:
    """One change, ready to be shown."""

    version: int
    at: datetime
    says: list[Markup]
    late: bool
    spoken: list[Spoken]
    differs: list[Differs]
    opens: bool
    """It opened the ticket: what is different is what it began with."""
    cause: str
    command: str
    cause_id: str
    correlation: str


@dataclass(frozen=True)
class Teller:
    """Tells changes to a reader, with the names that the reader sees."""

    reader: Reader
    directory: Directory
    titles: Mapping[str, str]
    """Queues that the reader sees, by name."""
    fields: Iterable[FieldDefinition]

    def told(self, changes: list[HistoryEntry]) -> list[Told]:
        """All of them."""
        known = people_in(changes)
        return [self._told(change, known) for change in changes]

    def _told(self, change: HistoryEntry, known: Mapping[str, Party]) -> Told:
        who = as_who(who_acted(change, self.directory, known))
        lines = [self._line(change, one, who) for one in change.happened]
        says = [said for said, _ in lines if said]
        return Told(
            version=change.version,
            at=change.at,
            says=says or [self._filled(CHANGED, who=named(who, self.reader))],
            late=any(late for _, late in lines),
            spoken=[said for one in change.happened if one.message and (said := spoken(one.message, one.type))],
            differs=self._differences(change),
            opens=any(one.type == "opened" for one in change.happened),
            cause=self.reader.t(CAUSES.get(cause_of(change), CAUSES["command"])),
            command=change.command,
            cause_id=change.cause.id,
            correlation=change.correlation,
        )

    # --------------------------------------------------------------------------------------- what happened

    def _line(self, change: HistoryEntry, one: Happening, who: Who) -> tuple[Markup | None, bool]:
        name = named(who, self.reader)
        if one.type == "opened":
            by = OPENED.get(str(one.details.get("opened_by")), OPENED["page"])
            return self._filled(by, who=name), False
        if one.type in SAID:
            return self._filled(SAID[one.type], who=name, **self._of_message(one.message)), False
        sentence = line(entry_of(change, one, who), self.reader)
        return (sentence.says, sentence.late) if sentence else (None, False)

    def _of_message(self, message: Message | None) -> dict[str, Markup]:
        if message is None:
            return {}
        whom = Markup(", ").join(bdi(clean_line(one.address)) for one in (*message.to, *message.cc))
        origin = message.origin.rpartition(".")[0] if message.origin else None
        return {
            "whom": whom,
            "author": named(as_who(message.author), self.reader),
            "ticket": target(origin, self.reader),
        }

    # ------------------------------------------------------------------------------- what is different since

    def _differences(self, change: HistoryEntry) -> list[Differs]:
        t = self.reader.t
        found = [
            Differs(t(title), self._value(name, there.before), self._value(name, there.after))
            for name, title in FIELDS.items()
            if (there := change.changed.get(name)) is not None
        ]
        if (custom := change.changed.get("fields")) is not None:
            found += self._custom(custom.before or {}, custom.after or {})
        return [one for one in found if one.before != one.after]

    def _custom(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Differs]:
        titles = {one.name: one.title for one in self.fields}
        return [
            Differs(clean_line(titles.get(name) or name), of_field(before.get(name)), of_field(after.get(name)))
            for name in dict.fromkeys((*before, *after))
            if before.get(name) != after.get(name)
        ]

    def _value(self, name: str, value: Any) -> Markup | None:
        if value in (None, "", [], 0) and name != "priority":
            return None
        t = self.reader.t
        match name:
            case "status":
                return bdi(clean_line(status_word(value, t)))
            case "queue":
                return bdi(clean_line(self.titles.get(value) or value))
            case "priority":
                return None if value is None else bdi(f"{priority_word(value, t)} ({value})")
            case "owner":
                return self._person(value)
            case "requesters" | "cc" | "admin_cc" | "watchers":
                return Markup(", ").join(self._person(one) for one in value)
            case "due" | "wake_at":
                return bdi(dates.exact(datetime.fromisoformat(value), t, self.reader.zone))
            case "time_worked":
                return bdi(worked(value, t))
            case "links":
                return Markup(", ").join(self._link(one) for one in value)
            case "merged_into":
                return leading(value)
            case "absorbed":
                return Markup(", ").join(leading(one["number"]) for one in value)
            case "tags":
                return bdi(clean_line(", ".join(value)))
        return bdi(clean_line(str(value)))

    def _person(self, party: Mapping[str, Any]) -> Markup:
        return named(as_who(Party.model_validate(party)), self.reader)

    def _link(self, link: Mapping[str, Any]) -> Markup:
        kind = self.reader.t(LINKS.get(link["type"], link["type"]))
        return Markup("{} {}").format(kind, target(link["target"], self.reader))

    def _filled(self, text: str, **params: Markup) -> Markup:
        return filled(self.reader.t.look(text), params)


def entry_of(change: HistoryEntry, one: Happening, who: Who) -> Entry:
    """What happened as an entry of the timeline, so that both say it in the same words."""
    return Entry(
        id=f"{change.version}",
        type=TIMELINE.get(one.type, f"ticket.{one.type}"),
        at=change.at,
        ticket="",
        actor=who,
        actor_kind=change.actor.kind,
        internal=False,
        text="",
        attachments=[],
        pgp=None,
        message=None,
        details=details_of(one),
        version=change.version,
    )


def details_of(one: Happening) -> dict[str, Any]:
    """What the log says of it, in the form in which the timeline keeps it."""
    kept = one.details
    match one.type:
        case "status_changed":
            until = _time(kept.get("wake_at"))
            return {"before": kept["before"], "after": kept["after"]} | ({"until": until} if until else {})
        case "owner_changed":
            return {"before": _name(kept.get("before")), "after": _name(kept.get("after"))}
        case "due_changed":
            return {"before": _time(kept.get("before")), "after": _time(kept.get("after"))}
        case "escalated":
            return kept | {"due_at": _time(kept["due_at"])}
        case "requesters_changed" | "people_changed":
            names = {side: [_name(party) or "" for party in kept.get(side, [])] for side in ("added", "removed")}
            return {"role": kept.get("role", "requesters"), **names}
        case "fields_changed":
            return {"changes": [{"before": None, "after": None, **each} for each in kept.get("changes", [])]}
        case "time_worked":
            return {"text": "", **kept}
        case "linked" | "unlinked":
            return dict(kept["link"])
        case "dependency_reopened":
            return {"target": kept.get("dependency")}
        case "merged":
            return {"target": kept.get("into")}
        case "unmerged":
            return {"target": kept.get("out_of")}
        case "part_waits":
            return {"target": kept.get("number"), "unanswered": _time(kept.get("unanswered"))}
        case "messages_moved":
            return {"target": kept.get("to"), "copied": kept.get("copied", False)}
    return dict(kept)


def cause_of(change: HistoryEntry) -> str:
    """A key of ``CAUSES``: what brought it, and for a command what that came through."""
    return change.actor.via or "command" if change.cause.kind == "command" else change.cause.kind


def spoken(message: Message, type: str) -> Spoken | None:
    """What was said, with its files; none where nothing was: a split opens its ticket without a word."""
    if not message.text and not message.attachments:
        return None
    return Spoken(message.text, message.internal, type == "forwarded", message.ticket, message.attachments)


def of_field(value: Any) -> Markup | None:
    """The value of a custom field."""
    return None if value in (None, "", []) else bdi(clean_line(plain(value)))


def as_who(party: Party) -> Who:
    """A person as pages name them."""
    return Who(party.id, party.name, party.address, party.login, party.agent)


def _name(party: Mapping[str, Any] | None) -> str | None:
    return (party.get("name") or party.get("login") or party.get("address")) if party else None


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
