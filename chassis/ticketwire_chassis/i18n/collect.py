"""Collects the texts that code and templates hold, for the catalogues and for the check."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from babel.messages.catalog import Catalog
from babel.messages.extract import extract

SOURCES = ("chassis/ticketwire_chassis", "services")
"""Where texts stand, seen from the root of the repository."""

KEYWORDS: dict[str, Any] = {
    "_": None,
    "N_": None,
    "NP_": ((1, "c"), 2),
    "t": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}

TEMPLATES = (".html", ".txt.j2", ".j2")
OPTIONS = {"silent": "false", "trimmed": "true"}


def collect(root: Path) -> Catalog:
    """Every text under ``root``, with the files it stands in, in the order of the files."""
    catalogue = Catalog(project="Ticketwire", copyright_holder="the Ticketwire authors", fuzzy=False)
    for path in sources(root):
        where = path.relative_to(root).as_posix()
        method = "python" if path.suffix == ".py" else "jinja2.ext:babel_extract"
        with path.open("rb") as file:
            for line, text, comments, context in extract(
                method, file, KEYWORDS, ("i18n:",), OPTIONS if path.suffix != ".py" else {}
            ):
                catalogue.add(text, locations=[(where, line)], auto_comments=comments, context=context)
            if path.suffix == ".py":
                file.seek(0)
                for line, text in refusals(file):
                    catalogue.add(text, locations=[(where, line)])
    return catalogue


def sources(root: Path) -> list[Path]:
    """The files in which texts may stand."""
    found = [path for folder in SOURCES for path in (root / folder).rglob("*") if path.is_file()]
    return sorted(path for path in found if path.suffix == ".py" or path.name.endswith(TEMPLATES))


def refusals(file: BinaryIO) -> Iterator[tuple[int, str]]:
    """Titles and details of problems: written where a thing is refused, translated where it is shown.

    ``domain`` imports no translator, so these are found by their form: literal ``title=`` and ``detail=`` of
    a call that names a problem or a refusal.
    """
    for node in ast.walk(ast.parse(file.read())):
        if not isinstance(node, ast.Call) or called(node) not in ("Problem", "Refusal", "refuse", "problem"):
            continue
        for keyword in node.keywords:
            if keyword.arg in ("title", "detail") and isinstance(keyword.value, ast.Constant):
                text = keyword.value.value
                if isinstance(text, str) and text:
                    yield keyword.value.lineno, text


def called(call: ast.Call) -> str:
    """The last name of what is called."""
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
