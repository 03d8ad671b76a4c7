"""A change of what is administered in words: what was done, to what, and what is different since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from markupsafe import Markup

from ticketwire_chassis.i18n import N_
from ticketwire_contracts.audit import AuditEntry, AuditHappening

from ...views.administration import spoken
from ..happenings import bdi
from ..prose import clean_line
from ..recorded import CAUSES, SAID, Differs
from ..rendering import filled
from ..visits import Visit
from ..words import LANGUAGE_NAMES, PROMISES, priority_word, status_word
from . import names
from .names import EVERYONE, EVERYWHERE, Named
from .words import FOLLOW_UPS, ROLES, SETTINGS

MADE = {
    "queue": N_("{who} made the queue {thing}"),
    "lifecycle": N_("{who} made the lifecycle {thing}"),
    "group": N_("{who} made the group {thing}"),
    "agent": N_("{who} made the agent {thing}"),
    "customer": N_("{who} made the customer {thing}"),
}
CHANGED = {
    "queue": N_("{who} changed the queue {thing}"),
    "lifecycle": N_("{who} changed the lifecycle {thing}"),
    "group": N_("{who} changed the group {thing}"),
    "person": N_("{who} changed the person {thing}"),
    "policy": N_("{who} changed the promises of the queue {thing}"),
}
DISABLED = {
    "queue": N_("{who} disabled the queue {thing}"),
    "person": N_("{who} shut {thing} out"),
}
ENABLED = {
    "queue": N_("{who} took the queue {thing} back into use"),
    "person": N_("{who} let {thing} in again"),
}
CAME = N_("{thing} came as a customer by a mail")
THEMSELVES = N_("{who} changed their own profile")
JOINED = N_("{who} joined {thing} into {other}")
ERASED = N_("{who} erased a person")
LOOKED = N_("{who} looked at what is kept of {thing}")
FIELDS_SET = N_("{who} changed the custom fields of the queue {thing}")
COMES, GOES = N_("{who} took {member} into the group {thing}"), N_("{who} took {member} out of the group {thing}")
GIVEN = N_("{who} gave the right {right} {where} to {grantee}")
TAKEN = N_("{who} took the right {right} {where} from {grantee}")
A_GROUP, A_ROLE = N_("the group {group}"), N_("the role “{role}”")
IN, ON = N_("in {queue}"), N_("on {ticket}")
YES, NO = N_("yes"), N_("no")

PIECEWISE = frozenset({"fields", "statuses", "transitions", "maps", "clocks"})
"""Long lists: of these only the pieces are shown that are other."""
IN_THE_SENTENCE = (frozenset({"given"}), frozenset({"disabled"}), frozenset({"given", "grant"}))
"""Differences that the sentence tells whole."""


@dataclass(frozen=True)
class Told:
    """One change, ready to be shown."""

    id: str
    at: datetime
    says: list[Markup]
    differs: list[Differs]
    opens: bool
    """It made the thing: what is different is what it began with."""
    cause: str
    command: str
    cause_id: str
    correlation: str
    href: str
    """Where the thing is as it is now; empty where there is no such page for the reader."""
    thing: str


class Teller:
    """Tells changes to a reader, by the names that people and things have now."""

    def __init__(self, visit: Visit, people: Mapping[str, str]) -> None:
        self._visit = visit
        self._t = visit.reader.t
        self._people = people

    def told(self, entry: AuditEntry) -> Told:
        """One change."""
        thing = self.named(entry.thing.id.replace("policy/", "queue/", 1))
        via = entry.actor.via if entry.cause.kind == "command" else entry.cause.kind
        return Told(
            id=entry.id,
            at=entry.at,
            says=[self._line(entry, one) for one in entry.happened],
            differs=[] if frozenset(entry.changed) in IN_THE_SENTENCE else self._differences(entry),
            opens=entry.version == 1,
            cause=self._t(CAUSES.get(via or "command", CAUSES["command"])),
            command=entry.command,
            cause_id=entry.cause.id,
            correlation=entry.correlation,
            href=thing.href,
            thing=thing.text,
        )

    def named(self, id: str) -> Named:
        """Someone or something by its name, with the way to its page."""
        found = names.named(self._visit, spoken(id, self._visit.asker.directory))
        if id.startswith("person/"):
            return replace(found, text=clean_line(self._people.get(id, "")) or found.text)
        return found

    # ------------------------------------------------------------------------------------- what was done

    def _line(self, entry: AuditEntry, one: AuditHappening) -> Markup:
        said = {"who": self._actor(entry), "thing": self._bdi(entry.thing.id.replace("policy/", "queue/", 1))}
        if one.type in ("grant_given", "grant_taken"):
            text = GIVEN if one.type == "grant_given" else TAKEN
            return self._filled(text, **said, **self._grant(one.details))
        text, more = self._sentence(entry, one)
        return self._filled(text, **said | more)

    def _sentence(self, entry: AuditEntry, one: AuditHappening) -> tuple[str, dict[str, Markup]]:
        changed = entry.changed
        match one.type:
            case "queue_fields_set":
                return FIELDS_SET, {}
            case "person_erased":
                return ERASED, {}
            case "person_data_shown":
                return LOOKED, {}
            case "erased":
                return SAID["erased"], {}
            case "person_created" if entry.cause.kind == "mail":
                return CAME, {}
            case "person_created":
                return MADE["agent" if changed["agent"].after else "customer"], {}
        if entry.version == 1 and entry.kind in MADE:
            return MADE[entry.kind], {}
        if entry.kind == "person" and "joined_into" in changed and changed["joined_into"].after:
            return JOINED, {"other": self._bdi(changed["joined_into"].after)}
        if entry.kind == "person" and "aliases" in changed:
            joined = [one for one in changed["aliases"].after if one not in changed["aliases"].before]
            both = {"thing": self._list(joined), "other": self._bdi(entry.thing.id)}
            return (JOINED, both) if joined else (CHANGED["person"], {})
        if "disabled" in changed and entry.kind in DISABLED:
            return (DISABLED if changed["disabled"].after else ENABLED)[entry.kind], {}
        if entry.kind == "group" and "members" in changed:
            return self._members(changed["members"].before or [], changed["members"].after or [])
        if entry.kind == "person" and entry.actor.id == entry.thing.id:
            return THEMSELVES, {}
        return CHANGED.get(entry.kind, CHANGED["person"]), {}

    def _members(self, before: list[str], after: list[str]) -> tuple[str, dict[str, Markup]]:
        come, gone = [one for one in after if one not in before], [one for one in before if one not in after]
        return (GOES, {"member": self._list(gone)}) if gone and not come else (COMES, {"member": self._list(come)})

    def _grant(self, grant: Mapping[str, Any]) -> dict[str, Markup]:
        kind, _, name = str(grant["scope"]).partition("/")
        match kind:
            case "queue":
                where = self._filled(IN, queue=self._bdi(grant["scope"]))
            case "ticket":
                where = self._filled(ON, ticket=bdi(name))
            case _:
                where = self._filled(EVERYWHERE)
        return {
            "right": bdi(clean_line(str(grant["right"]))),
            "where": where,
            "grantee": self._grantee(grant["grantee"]),
        }

    def _grantee(self, id: str) -> Markup:
        kind, _, name = id.partition("/")
        match kind:
            case "group":
                return self._filled(A_GROUP, group=self._bdi(id))
            case "role":
                return self._filled(A_ROLE, role=bdi(self._t(ROLES.get(name, name))))
            case "everyone":
                return self._filled(EVERYONE)
        return self._bdi(id)

    def _actor(self, entry: AuditEntry) -> Markup:
        if entry.actor.kind == "system":
            return Markup("Ticketwire")
        return bdi(clean_line(entry.actor.name) or self.named(entry.actor.id).text)

    # ------------------------------------------------------------------------------- what is different since

    def _differences(self, entry: AuditEntry) -> list[Differs]:
        found = []
        for field, title in SETTINGS.items():
            there = entry.changed.get(field)
            if there is None:
                continue
            before, after = there.before, there.after
            if field in PIECEWISE:
                old, new = self._pieces(field, before), self._pieces(field, after)
                left = Markup(", ").join(bdi(one) for one in old if one not in new) or None
                found.append(
                    Differs(self._t(title), left, Markup(", ").join(bdi(one) for one in new if one not in old) or None)
                )
            elif not (before is None and after is False):
                found.append(Differs(self._t(title), self._value(field, before), self._value(field, after)))
        return [one for one in found if one.before != one.after]

    def _value(self, field: str, value: Any) -> Markup | None:
        if value is None or value in ("", []):
            return None
        t = self._t
        match field:
            case "members" | "watchers" | "supervisors" | "aliases":
                return self._list(value)
            case "joined_into":
                return self._bdi(value)
            case "lifecycle":
                return self._bdi(f"lifecycle/{value}")
            case "default_priority":
                return bdi(f"{priority_word(value, t)} ({value})")
            case "follow_up":
                return bdi(t(FOLLOW_UPS[value][0]) if value in FOLLOW_UPS else clean_line(value))
            case "language":
                return bdi(dict(LANGUAGE_NAMES).get(value, clean_line(value)))
            case "initial" | "active":
                return bdi(clean_line(status_word(value, t)))
        if isinstance(value, bool):
            return bdi(t(YES if value else NO))
        return bdi(clean_line(", ".join(map(str, value)) if isinstance(value, list) else str(value)))

    def _pieces(self, field: str, value: Any) -> list[str]:
        """A long list as its pieces, each in words."""
        t = self._t
        match field:
            case "fields":
                return [clean_line(self._custom(one)) for one in value or []]
            case "statuses":
                kinds = {name: t.pgettext("category", kind) for name, kind in (value or {}).items()}
                return [clean_line(f"{status_word(name, t)} ({kind})") for name, kind in kinds.items()]
            case "transitions":
                return [clean_line(self._transition(one)) for one in value or []]
            case "maps":
                return [
                    clean_line(
                        f"{status_word(here, t)} → {status_word(there, t)} ({self.named(f'lifecycle/{name}').text})"
                    )
                    for name, pairs in (value or {}).items()
                    for here, there in pairs.items()
                ]
        return [clean_line(self._clock(one)) for one in value or []]

    def _custom(self, field: Mapping[str, Any]) -> str:
        marks = [*([self._t(N_("required"))] if field.get("required") else []), *field.get("options", [])]
        return f"{field.get('title') or field['name']}" + (f" ({', '.join(marks)})" if marks else "")

    def _transition(self, one: Mapping[str, Any]) -> str:
        way = f"{status_word(one['before'], self._t)} → {status_word(one['after'], self._t)}"
        return f"{way} ({one['right']})" if one.get("right") else way

    def _clock(self, one: Mapping[str, Any]) -> str:
        promise = self._t(PROMISES.get(one["clock"], one["clock"]))
        steps = ", ".join(f"{step['percent']} %" for step in one.get("steps", []))
        return f"{promise}: {self._t(N_('{m} min'), m=one['minutes'])}" + (f" ({steps})" if steps else "")

    def _list(self, ids: list[str]) -> Markup:
        return Markup(", ").join(self._bdi(one) for one in ids)

    def _bdi(self, id: str) -> Markup:
        return bdi(self.named(id).text)

    def _filled(self, text: str, **params: Markup) -> Markup:
        return filled(self._t.look(text), params)
