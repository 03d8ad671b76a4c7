"""The documents, as text."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = sorted(
    [
        *ROOT.glob("docs/*.md"),
        *ROOT.glob("docs/adr/*.md"),
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "contracts/README.md")),
    ]
)
