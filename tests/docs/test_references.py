"""What the documents name is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.reference import PARTS, renewed

from .conftest import DOCS, ROOT

TOP = {"contracts", "chassis", "services", "deploy", "docs", "tests", "bench", "requirements"}
PATH = re.compile(r"`([A-Za-z_.-]+(?:/[A-Za-z0-9_.-]+)*/?)`")
LINK = re.compile(r"\]\((?!https?://|mailto:|#)([^)#\s]+)(?:#[^)]*)?\)")
TARGET = re.compile(r"`make ([a-z-]+)`")


@pytest.mark.parametrize("path", DOCS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_that_is_named_exists(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for name in PATH.findall(text):
        if "/" in name and name.split("/")[0] in TOP:
            assert (ROOT / name).exists(), name


@pytest.mark.parametrize("path", DOCS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(path: Path) -> None:
    for target in LINK.findall(path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", DOCS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_make_target_that_is_named_exists(path: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in TARGET.findall(path.read_text(encoding="utf-8")):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_events_named_in_the_documents_exist() -> None:
    from ticketwire_contracts.catalogue import COMMANDS, EVENTS
    from ticketwire_contracts.schemas import ENVELOPES

    known = {*EVENTS, *COMMANDS, *ENVELOPES, "ticket.moved.v1"}  # the last is CONTRIBUTING's example
    for path in DOCS:
        for topic in re.findall(r"`([a-z_]+(?:\.[a-z_]+)?\.v\d)`", path.read_text(encoding="utf-8")):
            assert topic in known, f"{path.name}: {topic}"


@pytest.mark.parametrize("page", sorted({page for page, _ in PARTS}))
def test_what_a_page_repeats_of_the_code_is_what_the_code_says(page: str) -> None:
    path = ROOT / "docs" / page
    assert path.read_text(encoding="utf-8") == renewed(path), "run `make reference`"
