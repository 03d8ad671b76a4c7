"""Looking a text up: a dictionary per language, filled from its ``.po`` file when first asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from gettext import c2py
from typing import Any

from babel.messages.pofile import read_po

from .languages import CATALOGUES, SOURCE, known

Key = tuple[str | None, str]
"""Context (none for most) and English text."""
Texts = Mapping[Key, tuple[str, ...]]


def N_(text: str) -> str:  # noqa: N802 - gettext's customary name
    """Marks ``text`` for the catalogue where it is defined; it is looked up where it is shown."""
    return text


def NP_(context: str, text: str) -> str:  # noqa: N802 - as above
    """Marks ``text`` in the sense of ``context``."""
    return text


class Translator:
    """Texts in one language. Unknown texts come back in English, so a missing one is never an error."""

    def __init__(self, language: str, texts: Texts, plural: Callable[[int], int]) -> None:
        self.language = language
        self._texts = texts
        self._plural = plural

    def __repr__(self) -> str:
        return f"Translator({self.language!r})"

    def __call__(self, text: str, /, **params: Any) -> str:
        """``text`` in this language; ``{name}`` stands for the parameter of that name."""
        return fill(self.look(text), params)

    gettext = __call__

    def pgettext(self, context: str, text: str, /, **params: Any) -> str:
        """``text`` in the sense that ``context`` names, for words that mean several things in English."""
        return fill(self.look(text, context), params)

    def ngettext(self, one: str, many: str, n: int, /, **params: Any) -> str:
        """The form that fits ``n``; ``{n}`` stands for the number."""
        return fill(self.look_plural(one, many, n), {"n": n, **params})

    def npgettext(self, context: str, one: str, many: str, n: int, /, **params: Any) -> str:
        """As ``ngettext``, in the sense that ``context`` names."""
        return fill(self.look_plural(one, many, n, context), {"n": n, **params})

    def look(self, text: str, context: str | None = None) -> str:
        """The text with its placeholders still in it."""
        found = self._texts.get((context, text))
        return found[0] if found else text

    def look_plural(self, one: str, many: str, n: int, context: str | None = None) -> str:
        """The form that fits ``n``, with its placeholders still in it."""
        found = self._texts.get((context, one))
        if found:
            return found[min(self._plural(n), len(found) - 1)]
        return one if n == 1 else many


def fill(text: str, params: Mapping[str, Any]) -> str:
    """``text`` with its placeholders filled; values are never read as templates themselves."""
    return text.format_map(params) if params else text


def forms(text: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    """A text of a catalogue as its plural forms: one when it has none, an empty one when it is not there."""
    return (text or "",) if isinstance(text, str | None) else tuple(text)


def translator(language: str | None) -> Translator:
    """The translator for a language tag such as ``de`` or ``de-AT``; English for what we do not have."""
    return load(known(language or "") or SOURCE)


@lru_cache
def load(language: str) -> Translator:
    """Reads the catalogue once per process. Texts marked fuzzy are not used."""
    if language == SOURCE:
        return Translator(SOURCE, {}, lambda n: int(n != 1))
    with (CATALOGUES / f"{language}.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    texts: dict[Key, tuple[str, ...]] = {}
    for message in catalogue:
        key = message.id if isinstance(message.id, str) else message.id[0]
        said = forms(message.string)
        if key and all(said) and not message.fuzzy:
            texts[message.context, key] = said
    return Translator(language, texts, c2py(catalogue.plural_expr))
