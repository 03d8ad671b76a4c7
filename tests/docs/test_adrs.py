"""Decisions are recorded as 0001 says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .conftest import ROOT

ADRS = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
HEADINGS = ["Context", "Decision", "Consequences", "Alternatives", "Enforced by", "Revisit when"]


def test_numbers_have_no_gap() -> None:
    assert [int(path.name[:4]) for path in ADRS] == list(range(1, len(ADRS) + 1))


@pytest.mark.parametrize("path", ADRS, ids=lambda path: path.stem)
def test_a_decision_has_every_heading_in_order_and_something_under_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.match(rf"# {path.name[:4]} \S", text)
    assert re.search(r"^Status: \S", text, re.MULTILINE)
    parts = re.split(r"^## (.+)\n", text, flags=re.MULTILINE)
    assert parts[1::2] == HEADINGS
    assert all(part.strip() for part in parts[2::2])


def test_the_list_is_complete() -> None:
    listed = (ROOT / "docs" / "adr" / "README.md").read_text(encoding="utf-8")
    for path in ADRS:
        title = path.read_text(encoding="utf-8").splitlines()[0][7:]
        assert f"| [{path.name[:4]}]({path.name}) | {title} |" in listed
