"""What a change of a grant or of a group's members would open or close, before it is saved.

    change ──▶ the directory after it ──▶ for each person and right concerned: what they see before and after
                                              as two database filters, of which only the difference is counted

There are no deny rules, so a change only opens or only closes. Agents are looked at one by one; customers where a
grant or a group names them, else as ``customers`` (any of them) and as ``role:…`` (whoever stands in it).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from ticketwire_contracts.rights import AGENTS_ONLY, RIGHTS, SEEDED, Thing, Viewer, holds
from ticketwire_contracts.tickets import Grant, Group, Person

from .directory import Directory
from .visibility import NOTHING, ROLE_FIELDS, Filter, ticket_filter

ANYONE = Viewer(person="person/")
"""A customer of whom nothing is known: what they hold, every customer holds."""
ON_TICKETS = frozenset(right for right in RIGHTS if right.partition(".")[0] in {"ticket", "note", "raw", "history"}) - {
    "ticket.create"
}
"""Rights that are held on tickets; the others on queues or nowhere in particular."""


@dataclass(frozen=True, slots=True)
class GrantChange:
    """A grant is given or taken back."""

    grant: Grant
    given: bool


@dataclass(frozen=True, slots=True)
class MemberChange:
    """Someone comes into a group or goes out of it."""

    group: str
    member: str
    joins: bool


Change = GrantChange | MemberChange


@dataclass(frozen=True, slots=True)
class Shift:
    """What one change does to one person's (or role's) hold on one right."""

    who: str
    name: str
    right: str
    gains: bool
    tickets: Filter
    """Which tickets it is about."""
    queues: tuple[str, ...] = ()
    everywhere: bool = False


def changed(directory: Directory, change: Change) -> Directory:
    """The directory after the change."""
    if isinstance(change, GrantChange):
        others = tuple(grant for grant in directory.grants if grant != change.grant)
        return replace(directory, grants=(*others, change.grant) if change.given else others)
    group = directory.groups.get(change.group, Group(name=change.group))
    others_in = [member for member in group.members if member != change.member]
    members = [*others_in, change.member] if change.joins else others_in
    return replace(directory, groups={**directory.groups, group.name: group.model_copy(update={"members": members})})


def customers_named(directory: Directory, change: Change) -> list[str]:
    """Ids of persons who are no agents and whom the change names, directly or through groups."""
    name = change.grant.grantee if isinstance(change, GrantChange) else change.member
    inside: dict[str, None] = {}
    seeking = [name]
    while seeking:
        one = seeking.pop()
        if one in inside:
            continue
        inside[one] = None
        if one.startswith("group/"):
            group = directory.groups.get(one.removeprefix("group/"))
            seeking += group.members if group else []
    return [one for one in inside if one.startswith("person/") and one not in directory.agents]


def shifts(directory: Directory, change: Change, customers: Iterable[Person]) -> Iterator[Shift]:
    """All that it opens or closes, person by person; ``customers`` are those whom it names."""
    after = changed(directory, change)
    for person in (*directory.agents.values(), *customers):
        old, new = directory.viewer(person), after.viewer(person)
        for right in _rights(directory, change, old, new):
            yield from _shift(person.id, person.name, right, _Side(old, directory), _Side(new, after))
    if isinstance(change, GrantChange) and change.grant.right not in AGENTS_ONLY:
        yield from _customers(change, directory, after)


def _customers(change: GrantChange, directory: Directory, after: Directory) -> Iterator[Shift]:
    right, grantee = change.grant.right, change.grant.grantee
    if grantee == "everyone":
        yield from _shift("customers", "", right, _Side(ANYONE, directory), _Side(ANYONE, after))
    role = grantee.removeprefix("role/")
    if grantee.startswith("role/") and role in ROLE_FIELDS and right in ON_TICKETS:
        old, new = _role_filter(right, role, directory), _role_filter(right, role, after)
        if old != new:
            wide, narrow = (new, old) if change.given else (old, new)
            yield Shift(grantee, "", right, change.given, _without(wide, narrow))


def _role_filter(right: str, role: str, directory: Directory) -> Filter:
    """Tickets on which whoever stands in the role holds the right by it, or as everyone does."""
    scopes: list[Filter] = []
    for grant in (*SEEDED, *directory.grants):
        if grant.right == right and grant.grantee in (f"role/{role}", "everyone"):
            kind, _, name = grant.scope.partition("/")
            scopes.append({"queue": name} if kind == "queue" else {"_id": name} if kind == "ticket" else {})
    held: Filter = {"$or": scopes} if scopes else NOTHING
    return {"$and": [{ROLE_FIELDS[role]: {"$exists": True}}, held]}


@dataclass(frozen=True, slots=True)
class _Side:
    """Someone before or after the change."""

    viewer: Viewer
    directory: Directory

    def holds(self, right: str, thing: Thing) -> bool:
        return holds(self.viewer, right, thing, self.directory.grants)

    def queues(self, right: str) -> list[str]:
        return [name for name in self.directory.queues if self.holds(right, self.directory.queue_thing(name))]

    def tickets(self, right: str) -> Filter:
        return ticket_filter(self.viewer, self.directory, right) if right in ON_TICKETS else NOTHING


def _shift(who: str, name: str, right: str, old: _Side, new: _Side) -> Iterator[Shift]:
    for gains, narrow, wide in ((True, old, new), (False, new, old)):
        before = narrow.queues(right)
        queues = tuple(queue for queue in wide.queues(right) if queue not in before)
        everywhere = wide.holds(right, Thing()) and not narrow.holds(right, Thing())
        fewer, more = narrow.tickets(right), wide.tickets(right)
        tickets = NOTHING if fewer == more else _without(more, fewer)
        if queues or everywhere or tickets != NOTHING:
            yield Shift(who, name, right, gains, tickets, queues, everywhere)


def _without(wide: Filter, narrow: Filter) -> Filter:
    if NOTHING in (wide, narrow):
        return wide
    return {"$and": [wide, {"$nor": [narrow]}]}


def _rights(directory: Directory, change: Change, old: Viewer, new: Viewer) -> list[str]:
    """Rights that the change can touch for someone: of the grant, or of what the groups hold that differ."""
    if isinstance(change, GrantChange):
        named = {change.grant.right}
    else:
        differ = old.groups ^ new.groups
        if not differ:
            return []
        named = {
            grant.right
            for grant in (*SEEDED, *directory.grants)
            if grant.grantee in differ or grant.grantee.startswith("role/")
        }
    return sorted(RIGHTS) if "superuser" in named else sorted(named)
