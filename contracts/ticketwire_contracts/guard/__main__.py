"""Runs every guard and prints what it finds."""

from __future__ import annotations

import sys
from pathlib import Path

from ..catalogue import COMMANDS, EVENTS
from ..schemas import CONTRACTS, ENVELOPES, RELEASED, documents, schemas
from .changelog import unlogged
from .classes import unruly_classes
from .files import bad_examples, missing_files, outdated_files
from .finding import Finding
from .released import broken_releases
from .speakers import unspoken


def findings(contracts: Path = CONTRACTS) -> list[Finding]:
    """Everything that does not hold, of the contract in this folder and the services beside it."""
    topics = [*EVENTS, *COMMANDS]
    return [
        *unruly_classes(),
        *missing_files(contracts, topics),
        *bad_examples(contracts, {**EVENTS, **COMMANDS, **ENVELOPES}),
        *outdated_files(contracts, documents()),
        *unspoken(contracts.parent / "services"),
        *unlogged(contracts / "CHANGELOG.md", topics),
        *broken_releases(contracts / RELEASED.name, schemas()),
    ]


def main() -> int:
    """Prints a line for each finding; the exit code says whether there was any."""
    found = findings()
    for finding in found:
        print(finding, file=sys.stderr)
    if found:
        print(f"contract: {len(found)} findings", file=sys.stderr)
        return 1
    print(f"contract: {len(EVENTS)} events and {len(COMMANDS)} commands hold")
    return 0


if __name__ == "__main__":
    sys.exit(main())
