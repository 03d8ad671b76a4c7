"""Persons by their claimed address (decision 5): a customer is made by their first mail, once.

The person's id comes from the claim, so two replicas that meet the same new address agree on who it is, and a
crash between claim and person is finished by the next mail.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from ticketwire_contracts.ingest import Address
from ticketwire_contracts.tickets import Party, Person

from .context import Context
from .decision import Change, claimed, person_made

_PERSONS = uuid.UUID("0e0f3d2a-5d43-5b8e-9a70-4c1f9a4f7d55")


@dataclass(slots=True)
class Meeting:
    """The people met in one decision, and the changes that make the unknown ones known."""

    context: Context
    changes: list[Change] = field(default_factory=list)
    _met: dict[str, Person] = field(default_factory=dict)

    def meet(self, address: Address, language: str | None = None) -> Party:
        """The party at an address; whoever is unknown is made a customer."""
        claim = self.context.claim("address", address.address)
        person = self.context.person_at(address.address) or self._met.get(claim)
        if person is None:
            owner = self.context.claims.get(claim)
            person = Person(
                id=owner or person_id(claim, self.context.freed.get(claim, 0)),
                name=address.name,
                addresses=[address.address],
                language=language,
            )
            if owner is None:
                self.changes.append(claimed(claim, person.id))
            self.changes.append(person_made(person))
        self._met[claim] = person
        return party(person, address.address, name=address.name)

    def is_new(self, party: Party) -> bool:
        """Whether this decision makes the person."""
        return any(change.stream == party.id for change in self.changes)


def person_id(claim: str, before: int = 0) -> str:
    """The id of the person who comes with a claim; always the same.

    ``before`` counts the claim's commits where its last owner gave it up: who comes now is someone else.
    """
    return f"person/{uuid.uuid5(_PERSONS, f'{claim}|{before}' if before else claim).hex}"


def party(person: Person, address: str = "", name: str = "") -> Party:
    """The person as they stand on a ticket."""
    return Party(
        id=person.id,
        name=person.name or name,
        address=address or (person.addresses[0] if person.addresses else ""),
        login=person.login,
        agent=person.agent,
        language=person.language,
    )


def stands_on(person: Person | None, address: str, parties: Sequence[Party]) -> bool:
    """Whether someone is among the parties, by person or by the address used there."""
    names = {person.id, *person.aliases} if person is not None else set()
    return any(other.id in names or other.address.casefold() == address.casefold() for other in parties)
