"""The change log of the contract names every topic and the version that the package bears."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from .. import __version__
from .finding import Finding


def unlogged(changelog: Path, topics: Iterable[str]) -> Iterator[Finding]:
    """Topics without a line, and a package version without a heading."""
    text = changelog.read_text(encoding="utf-8") if changelog.exists() else ""
    named = set(re.findall(r"`([a-z_.]+\.v\d+)`", text))
    for topic in topics:
        if topic not in named:
            yield Finding(
                topic, "has no line in contracts/CHANGELOG.md", f"Add one that names `{topic}` in backquotes."
            )
    if not re.search(rf"^## {re.escape(__version__)}\b", text, re.MULTILINE):
        yield Finding(
            "contracts/CHANGELOG.md", f"has no heading for {__version__}", "Begin one, or mend `__version__`."
        )
