"""Rights, explained, and previewed before they change."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal

from ticketwire_contracts.rights import RIGHTS, Thing, visible_to
from ticketwire_contracts.tickets import Grant, Person

from ..domain.directory import Directory
from ..domain.explaining import Chain, explain
from ..domain.previewing import Change, GrantChange, MemberChange, Shift, customers_named, shifts
from ..domain.visibility import NOTHING
from .administration import person_called, spoken
from .asker import Asker, Refused, not_found, refuse
from .needs import People, Tickets
from .reading import sees, thing_of
from .shapes import ChainRow, Difference, Explanation, GrantRow, Preview, RemedyRow, StepRow

COUNTS = 200
"""Different filters that are counted for one preview."""
ROWS = 500
CUSTOMERS = 50
"""Customers whom one change can name and who are looked at one by one."""
ROLES = ("owner", "requester", "cc", "admin_cc", "watcher", "supervisor")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A change of a grant or of members, in the words in which people write it."""

    change: Literal["give_right", "take_right", "add_member", "remove_member"]
    right: str | None = None
    grantee: str | None = None
    scope: str | None = None
    group: str | None = None
    member: str | None = None


class Rights:
    """Why someone may do something, and what a change would open or close."""

    def __init__(self, people: People, tickets: Tickets) -> None:
        self._people = people
        self._tickets = tickets

    async def explain(
        self, asker: Asker, *, person: str | None, right: str, ticket: str | None = None, queue: str | None = None
    ) -> Explanation:
        """Yes or no, with the chain of grants that gives the right, or with what would give it.

        About oneself anyone may ask, about others who gives rights; and only of tickets and queues one sees.
        """
        found = asker.person if person is None else await person_called(self._people, person)
        if found is None or found.id != asker.person.id:
            _needs(asker, "right.admin")
        if found is None:
            raise not_found()
        if right not in RIGHTS:
            raise refuse("unknown-right", title="No such right", status=422, detail=f"There is no right {right}.")
        directory = asker.directory
        thing = await self._thing(asker, ticket, queue)
        viewer = directory.viewer(found)
        explained = explain(viewer, right, thing, directory.grants, directory.groups.values())
        return Explanation(
            person=spoken(found.id, directory),
            right=right,
            holds=explained.holds,
            chains=[_chain_row(chain, directory) for chain in explained.chains],
            remedies=[RemedyRow(remedy.do, _grant_row(remedy.grant, directory)) for remedy in explained.remedies],
            barred=explained.barred,
        )

    async def _thing(self, asker: Asker, ticket: str | None, queue: str | None) -> Thing:
        directory = asker.directory
        if ticket is not None:
            found = await self._tickets.get(ticket.upper())
            if found is None or not sees(asker, found):
                raise not_found()
            return thing_of(asker, found)
        if queue is None:
            return Thing()
        thing = directory.queue_thing(queue)
        may = queue in directory.queues and (
            visible_to(asker.viewer, thing, directory.grants) or directory.may(asker.viewer, "right.admin")
        )
        if not may:
            raise not_found()
        return thing

    async def preview(self, asker: Asker, wanted: Wanted) -> Preview:
        """Who would gain or lose which right, on how many tickets. Needs the right to make the change."""
        grants = wanted.change in ("give_right", "take_right")
        _needs(asker, "right.admin" if grants else "group.admin")
        directory = asker.directory
        change = _grant_change(wanted, directory) if grants else _member_change(wanted, directory)
        named = customers_named(directory, change)
        customers = await self._people.persons(named[:CUSTOMERS])
        rows: list[Difference] = []
        counted: dict[str, int] = {}
        more = len(named[CUSTOMERS:])
        for shift in _found(directory, change, customers):
            row = await self._counted(shift, directory, counted) if len(rows) < ROWS else None
            if row is None:
                more += 1
            elif row.tickets or row.queues or row.everywhere:
                rows.append(row)
        return Preview(rows, more)

    async def _counted(self, shift: Shift, directory: Directory, counted: dict[str, int]) -> Difference | None:
        key = json.dumps(shift.tickets, sort_keys=True)
        if key not in counted:
            if len(counted) >= COUNTS:
                return None
            counted[key] = 0 if shift.tickets == NOTHING else await self._tickets.count(shift.tickets)
        return Difference(
            who=spoken(shift.who, directory),
            name=shift.name,
            right=shift.right,
            gains=shift.gains,
            tickets=counted[key],
            queues=list(shift.queues),
            everywhere=shift.everywhere,
        )


def _found(directory: Directory, change: Change, customers: list[Person]) -> list[Shift]:
    return list(shifts(directory, change, customers))


def _grant_change(wanted: Wanted, directory: Directory) -> GrantChange:
    if wanted.right not in RIGHTS:
        raise refuse("unknown-right", title="No such right", status=422, detail=f"There is no right {wanted.right}.")
    grantee, scope = wanted.grantee or "", wanted.scope or ""
    kind, _, name = grantee.partition(":")
    if grantee == "everyone":
        meant = grantee
    elif kind == "role" and name in ROLES:
        meant = f"role/{name}"
    else:
        meant = _meant(grantee, directory)
    kind, _, name = scope.partition(":")
    known = scope == "all" or (kind == "queue" and name in directory.queues) or (kind == "ticket" and bool(name))
    if not known:
        raise refuse("unknown-scope", title="No such scope", status=422, detail=f"{scope!r} is not known.")
    grant = Grant(right=wanted.right, grantee=meant, scope=scope.replace(":", "/", 1))
    return GrantChange(grant, wanted.change == "give_right")


def _member_change(wanted: Wanted, directory: Directory) -> MemberChange:
    if wanted.group not in directory.groups:
        raise refuse("group-not-found", title="No such group", status=404, detail=f"There is no group {wanted.group}.")
    member = _meant(wanted.member or "", directory)
    return MemberChange(wanted.group, member, wanted.change == "add_member")


def _meant(word: str, directory: Directory) -> str:
    """The id that ``person:anna`` or ``group:field`` stands for."""
    kind, _, name = word.partition(":")
    if kind == "group" and name in directory.groups:
        return f"group/{name}"
    if kind == "person" and name in directory.by_login:
        return directory.by_login[name].id
    if word.startswith("person/"):
        return word
    raise _unknown(word)


def _unknown(word: str) -> Refused:
    return refuse("unknown-grantee", title="No such person or group", status=422, detail=f"{word!r} is not known.")


def _needs(asker: Asker, right: str) -> None:
    if not asker.directory.may(asker.viewer, right):
        raise refuse("forbidden", title="You may not", status=403, detail=f"It needs the right {right}.", right=right)


def _chain_row(chain: Chain, directory: Directory) -> ChainRow:
    steps = [StepRow(spoken(step.name, directory), step.by) for step in chain.steps]
    return ChainRow(_grant_row(chain.grant, directory), steps, chain.seeded)


def _grant_row(grant: Grant, directory: Directory) -> GrantRow:
    return GrantRow(grant.right, spoken(grant.grantee, directory), spoken(grant.scope, directory))
