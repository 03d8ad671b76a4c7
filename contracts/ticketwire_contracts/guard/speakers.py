"""Who says and who obeys: a topic that no service uses is a promise to nobody."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from ..catalogue import COMMANDS, EVENTS
from .finding import Finding


def unspoken(services: Path) -> Iterator[Finding]:
    """Events that their publisher does not make, commands that nobody obeys; only of services that are there."""
    used: dict[str, set[str]] = {}
    for topic, kind, service, verb in (
        *((topic, event, event.publisher, "say") for topic, event in EVENTS.items()),
        *((topic, command, command.obeyed_by, "obey") for topic, command in COMMANDS.items()),
    ):
        folder = services / service
        if not (folder / "app.py").exists():
            continue
        if service not in used:
            used[service] = names_used(folder)
        if kind.__name__ not in used[service]:
            yield Finding(
                topic,
                f"services/{service} does not {verb} it",
                f"Use {kind.__name__} there, or take the topic out before it is released.",
            )


def names_used(folder: Path) -> set[str]:
    """Every name that the code of a service uses; an import alone is no use."""
    names: set[str] = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), filename=str(path))):
            if isinstance(node, ast.Name):
                names.add(node.id)
            elif isinstance(node, ast.Attribute):
                names.add(node.attr)
    return names
