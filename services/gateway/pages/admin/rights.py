"""Rights: who holds what where, and why someone may or may not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from starlette.responses import Response

from ticketwire_chassis.i18n import N_
from ticketwire_contracts.base import Problem
from ticketwire_contracts.rights import SEEDED

from ...views import Refused
from ...views.shapes import Explanation, GrantRow
from ..forms import Form
from ..visits import Visit
from . import names
from .chapters import RIGHTS
from .counter import show
from .names import Named
from .words import RIGHTS as SAID


@dataclass(frozen=True)
class Bundle:
    """All rights that one grantee holds in one place."""

    grantee: Named
    scope: Named
    rights: list[str]


@dataclass(frozen=True)
class Typed:
    """What stands in a form that names a right, someone and a place."""

    right: str = ""
    grantee: str = ""
    scope: str = "all"
    ticket: str = ""

    @property
    def where(self) -> str:
        """The scope: one ticket, if its number was typed."""
        return f"ticket:{self.ticket.upper()}" if self.ticket else self.scope


SEEDED_ROWS = [GrantRow(grant.right, grant.grantee.replace("/", ":", 1), grant.scope) for grant in SEEDED]


async def listed(visit: Visit) -> Response:
    """All grants, or those of someone, in a place, of a right."""
    return await rights_page(visit, Typed())


async def rights_page(visit: Visit, typed: Typed, problem: Problem | None = None) -> Response:
    """The list with its filter, and the form to give one more."""
    grants = await visit.views.administration.rights(visit.asker)
    asked = {name: visit.request.query_params.get(name, "")[:200] for name in ("grantee", "scope", "right")}
    chosen = asked if problem is None else dict.fromkeys(asked, "")
    shown = [
        grant
        for grant in grants
        if chosen["grantee"] in ("", grant.grantee)
        and chosen["scope"] in ("", grant.scope)
        and chosen["right"] in ("", grant.right)
    ]
    words = {word for grant in (*grants, *SEEDED_ROWS) for word in (grant.grantee, grant.scope)}
    called = await names.named_all(visit, [*words, *([typed.grantee] if typed.grantee else [])])
    if problem is None and any(chosen.values()):
        typed = Typed(right=chosen["right"], grantee=chosen["grantee"], scope=chosen["scope"] or "all")
    return await show(
        visit,
        RIGHTS,
        "rights.html",
        problem,
        bundles=bundles(visit, shown, called),
        called=called,
        chosen=chosen,
        filters={
            "grantee": sorted({grant.grantee for grant in grants}, key=lambda word: called[word].text.casefold()),
            "scope": sorted({grant.scope for grant in grants}, key=lambda word: called[word].text.casefold()),
            "right": [right for right in SAID if any(grant.right == right for grant in grants)],
        },
        form=typed,
        grantees=grantees(visit, typed.grantee, called),
        places=names.queues(visit),
        rights=SAID,
        seeded=bundles(visit, SEEDED_ROWS, called),
        total=len(grants),
    )


def grantees(visit: Visit, chosen: str, called: Mapping[str, Named]) -> dict[str, list[names.Option]]:
    """Whom a right can be given to, by kind; a customer stands there when one comes from their page."""
    kinds = {
        GROUPS_SAID: names.groups(visit),
        ROLES_SAID: names.roles(visit),
        AGENTS_SAID: names.agents(visit),
    }
    if chosen.startswith("person/"):
        kinds[CUSTOMERS_SAID] = [names.Option(chosen, called[chosen].text if chosen in called else chosen)]
    return {kind: options for kind, options in kinds.items() if options}


GROUPS_SAID, ROLES_SAID = N_("Groups"), N_("Roles")
AGENTS_SAID, CUSTOMERS_SAID = N_("Agents"), N_("Customers")


def bundles(visit: Visit, grants: Iterable[GrantRow], called: Mapping[str, Named]) -> list[Bundle]:
    """Grants to the same one in the same place together: groups first, then the others by name."""
    found: dict[tuple[str, str], list[str]] = {}
    for grant in grants:
        found.setdefault((grant.grantee, grant.scope), []).append(grant.right)
    order = list(SAID)
    rows = [
        Bundle(
            called.get(grantee) or names.named(visit, grantee),
            called.get(scope) or names.named(visit, scope),
            sorted(rights, key=lambda right: order.index(right) if right in order else len(order)),
        )
        for (grantee, scope), rights in found.items()
    ]
    return sorted(rows, key=lambda row: (row.grantee.kind != "group", row.grantee.text.casefold(), row.scope.text))


async def explained(visit: Visit) -> Response:
    """Yes or no, with the way by which someone holds a right, or with what would give it."""
    asked = visit.request.query_params
    typed = Typed(
        right=asked.get("right", ""),
        grantee=asked.get("person", "").strip()[:254],
        scope=asked.get("scope", "all")[:200],
        ticket=asked.get("ticket", "").strip()[:30],
    )
    answer: Explanation | None = None
    problem: Problem | None = None
    if typed.right:
        try:
            answer = await visit.views.rights.explain(
                visit.asker,
                person=typed.grantee or None,
                right=typed.right,
                ticket=typed.ticket or None,
                queue=typed.scope.removeprefix("queue:") if typed.scope.startswith("queue:") else None,
            )
        except Refused as refused:
            problem = refused.problem
            if problem.status == 404:
                problem = problem.model_copy(update={"title": NOT_FOUND, "detail": NOT_FOUND_MEANS})
    words = [typed.where]
    if answer:
        words += [answer.person, *(step.name for chain in answer.chains for step in chain.steps)]
        grants = [*(chain.grant for chain in answer.chains), *(remedy.grant for remedy in answer.remedies)]
        words += [word for grant in grants for word in (grant.grantee, grant.scope)]
    return await show(
        visit,
        RIGHTS,
        "explain.html",
        problem,
        answer=answer,
        called=await names.named_all(visit, words),
        form=typed,
        people=names.agents(visit),
        places=names.queues(visit),
        rights=SAID,
    )


NOT_FOUND = N_("Nothing was found")
NOT_FOUND_MEANS = N_(
    "There is no such person or ticket, or you do not see it. Write a login, a mail address or TW- and the number."
)


def typed_of(form: Form | Mapping[str, str]) -> Typed:
    """What was typed, in a form or in an address."""
    sent = {name: form.text(name) if isinstance(form, Form) else form.get(name, "").strip() for name in FIELDS}
    return Typed(sent["right"][:100], sent["grantee"][:200], sent["scope"][:200] or "all", sent["ticket"][:30])


FIELDS = ("right", "grantee", "scope", "ticket")
