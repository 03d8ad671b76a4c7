"""What was done in the made-up town, as tickets and escalation tell it: for the tests and pictures of the audit log."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

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
from ticketwire_contracts.base import ERASED
from ticketwire_contracts.escalation import ShowPolicyAuditV1

NAMES = {
    "person/mara": "Mara König",
    "person/oskar": "Oskar Sund",
    "person/zoe": "Zoë Winter-Abendroth",
    "person/jo": "Jo Lindt",
    "person/anna": "Anna Berg",
    "person/ole": "Ole Sand",
    "person/o2": "Ole S.",
    "person/gone": ERASED,
}
BEGAN = datetime.now(UTC).replace(microsecond=0) - timedelta(days=3)
_STEP = {"percent": 100, "actions": ["tell_supervisors"]}


def done(
    minutes: int, thing: str, happened: str, command: str, *, version: int = 2, by: str = "mara", via: str = "page",
    cause: str = "command", details: dict[str, Any] | None = None, **changed: tuple[Any, Any],
) -> AuditEntry:  # fmt: skip
    """One change; ``by`` in a word with a slash is a part of Ticketwire."""
    system = "/" in by
    actor = by if system else f"person/{by}"
    return AuditEntry.model_validate(
        {
            "id": f"{thing}:{version}",
            "kind": thing.partition("/")[0],
            "thing": AuditThing(id=thing, name=NAMES.get(thing, thing.partition("/")[2])),
            "version": version,
            "at": BEGAN + timedelta(minutes=minutes),
            "actor": AuditActor(
                kind="system" if system else "customer" if cause == "mail" else "agent",
                id=actor,
                via=None if system else via,
                name=NAMES.get(actor, "Ticketwire"),
            ),
            "command": command,
            "cause": Cause.model_validate({"kind": "system" if system else cause, "id": "gateway/9f3b0c"}),
            "correlation": f"c-{minutes}",
            "happened": [AuditHappening(type=happened, details=details or {})],
            "changed": {name: Difference(before=before, after=after) for name, (before, after) in changed.items()},
        }
    )


def grant(minutes: int, right: str, grantee: str, scope: str, *, given: bool = True, version: int = 1) -> AuditEntry:
    """A right is given or taken."""
    return done(
        minutes, f"grant/{right}|{grantee}|{scope}", "grant_given" if given else "grant_taken",
        "give_right.v1" if given else "take_right.v1", version=version,
        details={"right": right, "grantee": grantee, "scope": scope}, given=(not given, given),
    )  # fmt: skip


def story() -> list[AuditEntry]:
    """All kinds of changes, oldest first."""
    support = "queue/support"
    room = {"name": "room", "title": "Room", "type": "text", "required": True, "options": []}
    go = {"before": "open", "after": "done", "right": "ticket.assign"}
    back = {"before": "done", "after": "open", "right": None}
    return [
        done(1, "lifecycle/default", "lifecycle_changed", "seed", version=1, by="system/tickets",
             name=(None, "default"), statuses=(None, {"new": "new", "open": "active"}), initial=(None, "new")),
        done(2, "person/oskar", "person_created", "create_person.v1", version=1, name=(None, "Oskar Sund"),
             login=(None, "oskar"), agent=(None, True), disabled=(None, False)),
        done(3, support, "queue_created", "create_queue.v1", version=1, via="api", title=(None, "Support"),
             addresses=(None, ["support@example.org"]), default_priority=(None, 50), auto_reply=(None, True),
             catch_all=(None, False), lifecycle=(None, "default"), follow_up=(None, "reopen")),
        done(4, "group/field", "group_changed", "create_group.v1", version=1, title=(None, "Field service")),
        done(5, "group/field", "group_changed", "add_member.v1", members=([], ["person/oskar"])),
        grant(6, "note.show", "group/field", support),
        grant(7, "ticket.reply", "person/oskar", "queue/billing"),
        grant(8, "ticket.show", "everyone", "ticket/TW-2038"),
        grant(9, "note.show", "role/cc", "all"),
        grant(10, "note.show", "role/cc", "all", given=False, version=2),
        done(20, "person/anna", "person_created", "open_from_mail", version=1, by="anna", via="mail", cause="mail",
             name=(None, "Anna Berg"), addresses=(None, ["anna@example.net"]), agent=(None, False)),
        done(30, support, "queue_changed", "change_queue.v1", version=3, title=("Support", "Help desk"),
             addresses=(["support@example.org"], ["support@example.org", "help@example.org"]),
             watchers=([], ["group/field", "person/oskar"]), default_priority=(50, 70), auto_reply=(True, False),
             follow_up=("reopen", "refuse"), lifecycle=("default", "bench")),
        done(31, support, "queue_fields_set", "set_queue_fields.v1", version=4, via="cli", fields=([], [room])),
        done(32, "queue/repairs", "queue_changed", "disable_queue.v1", version=2, disabled=(False, True)),
        done(33, "queue/repairs", "queue_changed", "enable_queue.v1", version=3, disabled=(True, False)),
        done(34, "lifecycle/bench", "lifecycle_changed", "change_lifecycle.v1", version=2,
             transitions=([go], [go, back]), statuses=({"open": "active"}, {"open": "active", "done": "closed"}),
             maps=({}, {"default": {"done": "resolved"}})),
        done(35, "group/field", "group_changed", "remove_member.v1", version=3,
             members=(["person/oskar", "group/north"], ["person/oskar"])),
        done(40, "person/zoe", "person_changed", "disable_person.v1", disabled=(False, True)),
        done(41, "person/zoe", "person_changed", "enable_person.v1", version=3, disabled=(True, False)),
        done(42, "person/jo", "person_changed", "change_person.v1", by="jo", name=("Jo", "Jo Lindt"),
             language=("en", "de")),
        done(43, "person/oskar", "person_changed", "change_person.v1", version=2, login=("osk", "oskar")),
        done(44, "person/o2", "person_changed", "join_persons.v1", addresses=(["ole@example.com"], []),
             disabled=(False, True), joined_into=(None, "person/ole")),
        done(45, "person/ole", "person_changed", "join_persons.v1", aliases=([], ["person/o2"]),
             addresses=(["ole@example.net"], ["ole@example.net", "ole@example.com"])),
        done(46, "person/anna", "person_data_shown", "find_person_data.v1", version=9),
        done(50, "person/gone", "person_erased", "erase_person.v1", name=("[erased]", ERASED)),
        done(51, "person/gone", "erased", "erase_person.v1", version=3),
        done(60, "policy/support", "policy_set", "set_policy.v1", version=1, by="system/escalation",
             queue=(None, "support"), clocks=(None, [{"clock": "first_response", "minutes": 240, "steps": [_STEP]}])),
        done(61, "policy/support", "policy_set", "set_policy.v1", version=2, via="cli",
             clocks=([{"clock": "first_response", "minutes": 240, "steps": [_STEP]}],
                     [{"clock": "first_response", "minutes": 60, "steps": [_STEP]}])),
    ]  # fmt: skip


def page_of(entries: list[AuditEntry], question: AuditQuestion) -> AuditPage:
    """What the service answers that keeps this part; it looks for kind, thing, actor and place."""
    mine = [one for one in entries if (one.kind == "policy") == isinstance(question, ShowPolicyAuditV1)]
    found = sorted(mine, key=lambda one: (one.at, one.thing.id, one.version), reverse=True)
    behind = [
        one
        for one in found
        if question.kind in (None, one.kind)
        and question.thing in (None, one.thing.id)
        and question.actor in (None, one.actor.id, "system" if one.actor.kind == "system" else "")
        and (question.since is None or one.at >= question.since)
        and (question.until is None or one.at < question.until)
        and (question.before is None or (one.at, one.id) < (question.before.at, question.before.id))
    ]
    shown = behind[: question.limit]
    further = len(behind) > len(shown)
    known = {} if isinstance(question, ShowPolicyAuditV1) else NAMES
    return AuditPage(items=shown, next=AuditPlace(at=shown[-1].at, id=shown[-1].id) if further else None, names=known)
