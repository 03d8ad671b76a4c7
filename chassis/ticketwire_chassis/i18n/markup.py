"""Finds text for people in page templates that does not go through the catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from jinja2 import Environment

SHOWN_ATTRIBUTES = frozenset({"title", "alt", "placeholder", "aria-label", "aria-description", "label"})
"""Attributes whose value a reader sees or hears."""

NAMES = frozenset({"Ticketwire", "kB", "Ctrl"})
"""Words that are the same in all languages."""

KEYS = frozenset({"kbd"})
"""Elements whose text is no language: names of keys."""

LETTERS = re.compile(r"[^\W\d_]{2,}")


def untranslated(source: str, environment: Environment) -> Iterator[tuple[int, str]]:
    """Line and text of whatever a template says in plain words instead of asking the catalogue for it."""
    finder = Finder()
    finder.feed(without_code(source, environment))
    finder.close()
    yield from finder.found


def without_code(source: str, environment: Environment) -> str:
    """The template with its statements, expressions and comments taken out, lines kept where they were."""
    kept: list[str] = []
    inside = False
    for _, token, value in environment.lex(source):
        if token.endswith("_begin"):
            inside = True
        kept.append(value if not inside else "\n" * value.count("\n"))
        if token.endswith("_end"):
            inside = False
    return "".join(kept)


class Finder(HTMLParser):
    """Gathers plain words in text and in attributes that are shown."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[int, str]] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open.append(tag)
        for name, value in attrs:
            shown = name in SHOWN_ATTRIBUTES or (name == "value" and ("type", "submit") in attrs)
            if shown and value and words(value):
                self.found.append((self.getpos()[0], value))

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if not KEYS.intersection(self._open) and words(data):
            line = self.getpos()[0] + data[: len(data) - len(data.lstrip())].count("\n")
            self.found.append((line, " ".join(data.split())))


def words(text: str) -> bool:
    """Whether a text has words of some language in it."""
    return any(word not in NAMES for word in LETTERS.findall(text))
