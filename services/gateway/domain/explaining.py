"""Why someone holds a right, or what would give it to them.

    person ──(joined)──▶ person ──member──▶ group ──member──▶ group ──role──▶ grantee of a grant ──scope──▶ thing

Says the same as ``rights.holds``: there is a chain exactly where the right is held, and every remedy gives it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from ticketwire_contracts.rights import AGENTS_ONLY, SEEDED, Thing, Viewer, covers, reaches
from ticketwire_contracts.tickets import Grant, Group

MOST = 20
"""Chains or remedies that are named; more would not be read."""

By = Literal["self", "joined", "member", "role", "everyone"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a chain: an id, a group, a role, and how it is reached from the step before."""

    name: str
    by: By


@dataclass(frozen=True, slots=True)
class Chain:
    """A grant that gives the right, and how it reaches the person."""

    grant: Grant
    steps: tuple[Step, ...]
    seeded: bool


@dataclass(frozen=True, slots=True)
class Remedy:
    """What would give the right: joining the grant's group, standing in its role, or giving the grant itself."""

    do: Literal["join", "stand", "give"]
    grant: Grant


@dataclass(frozen=True, slots=True)
class Explained:
    """Whether the right is held, by which chains; else by which remedies, unless the person is barred from it."""

    chains: tuple[Chain, ...] = ()
    remedies: tuple[Remedy, ...] = ()
    barred: Literal["disabled", "customer"] | None = None

    @property
    def holds(self) -> bool:
        """Whether the right is held."""
        return bool(self.chains)


def explain(viewer: Viewer, right: str, thing: Thing, grants: Iterable[Grant], groups: Iterable[Group]) -> Explained:
    """Why, or why not."""
    if viewer.disabled:
        return Explained(barred="disabled")
    if right in AGENTS_ONLY and not viewer.agent:
        return Explained(barred="customer")
    grants = tuple(grants)
    fitting = [
        (grant, seeded)
        for seeded, some in ((True, SEEDED), (False, grants))
        for grant in some
        if grant.right == right or (grant.right == "superuser" and viewer.agent)
    ]
    here = [(grant, seeded) for grant, seeded in fitting if covers(grant.scope, thing)]
    paths = _paths(viewer, groups)
    chains = [
        Chain(grant, _steps(grant.grantee, paths, thing), seeded)
        for grant, seeded in here
        if reaches(grant.grantee, viewer, thing)
    ]
    if chains:
        chains.sort(key=lambda chain: (chain.grant.right != right, len(chain.steps)))
        return Explained(chains=tuple(chains[:MOST]))
    existing = [grant for grant, _ in sorted(here, key=lambda one: one[0].right != right)]
    remedies = list(dict.fromkeys([*_given(viewer, right, thing), *_joining(existing)]))
    return Explained(remedies=tuple(remedies[:MOST]))


def _paths(viewer: Viewer, groups: Iterable[Group]) -> dict[str, tuple[Step, ...]]:
    """The shortest way from the person to each name that they go by."""
    known = list(groups)
    paths: dict[str, tuple[Step, ...]] = {viewer.person: (Step(viewer.person, "self"),)}
    for alias in sorted(viewer.aliases):
        paths[alias] = (*paths[viewer.person], Step(alias, "joined"))
    edge = list(paths)
    while edge:
        reached: list[str] = []
        for name in edge:
            for group in known:
                into = f"group/{group.name}"
                if name in group.members and into not in paths:
                    paths[into] = (*paths[name], Step(into, "member"))
                    reached.append(into)
        edge = reached
    return paths


def _steps(grantee: str, paths: Mapping[str, tuple[Step, ...]], thing: Thing) -> tuple[Step, ...]:
    if grantee in paths:
        return paths[grantee]
    start = next(iter(paths.values()))
    if grantee == "everyone":
        return (*start, Step("everyone", "everyone"))
    holders = thing.roles.get(grantee.removeprefix("role/"), frozenset())
    nearest = min((paths[name] for name in holders if name in paths), key=len, default=start)
    return (*nearest, Step(grantee, "role"))


def _given(viewer: Viewer, right: str, thing: Thing) -> Iterator[Remedy]:
    """The grants to the person that would do, the narrowest first."""
    if thing.ticket is not None:
        yield Remedy("give", Grant(right=right, grantee=viewer.person, scope=f"ticket/{thing.ticket}"))
    if thing.queue is not None:
        yield Remedy("give", Grant(right=right, grantee=viewer.person, scope=f"queue/{thing.queue}"))
    else:
        yield Remedy("give", Grant(right=right, grantee=viewer.person, scope="all"))


def _joining(existing: Iterable[Grant]) -> Iterator[Remedy]:
    for grant in existing:
        if grant.grantee.startswith("group/"):
            yield Remedy("join", grant)
        elif grant.grantee.startswith("role/"):
            yield Remedy("stand", grant)
