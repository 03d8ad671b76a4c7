"""The glossary: every concept of the field has one word in each language (design decision 20).

    [queue]
    means = "Where tickets of one kind wait for the people who work on them."
    en = { word = "queue", forms = ["queues"], never = ["bucket"] }
    de = { word = "Warteschlange", forms = ["Warteschlangen*"], never = ["Queue", "Bereich"] }

``*`` at an end of a form stands for any letters, for endings and compounds. A text that says an English form
must say a form of the same concept in every translation; nobody may say what stands under ``never``.
``unless`` lists English texts in which a word has another sense.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

PLACEHOLDER = re.compile(r"\{\w*\}|<[^>]*>")


@dataclass(frozen=True)
class Term:
    """How one language names a concept."""

    word: str
    forms: tuple[str, ...]
    never: tuple[str, ...]


@dataclass(frozen=True)
class Concept:
    """A thing of the field, with its one word in each language."""

    name: str
    means: str
    terms: Mapping[str, Term]
    unless: frozenset[str]


def read_glossary(path: Path) -> tuple[Concept, ...]:
    """The concepts of a glossary file, in its order. ``KeyError`` where one lacks its meaning."""
    with path.open("rb") as file:
        return tuple(concept(name, entry) for name, entry in tomllib.load(file).items())


def concept(name: str, entry: Mapping[str, object]) -> Concept:
    """One concept of the file."""
    terms = {
        language: Term(said["word"], (said["word"], *said.get("forms", ())), tuple(said.get("never", ())))
        for language, said in entry.items()
        if isinstance(said, dict)
    }
    unless = entry.get("unless", [])
    return Concept(name, str(entry["means"]), terms, frozenset(unless if isinstance(unless, list) else ()))


def contradictions(concepts: tuple[Concept, ...], languages: tuple[str, ...]) -> Iterator[str]:
    """What is wrong with the glossary itself: a language missing, a word that is used and forbidden."""
    for language in languages:
        spoken: dict[str, str] = {}
        for one in concepts:
            if language not in one.terms:
                yield f"glossary: {one.name} has no word in {language}"
                continue
            for form in one.terms[language].forms:
                other = spoken.setdefault(form.lower(), one.name)
                if other != one.name:
                    yield f"glossary: “{form}” ({language}) stands for {other} and for {one.name}"
        for one in concepts:
            for word in one.terms[language].never if language in one.terms else ():
                if word.lower() in spoken:
                    whose = spoken[word.lower()]
                    yield f"glossary: “{word}” ({language}) is forbidden for {one.name}, yet stands for {whose}"


def second_words(concepts: tuple[Concept, ...], language: str, english: str, said: str) -> Iterator[str]:
    """What a text says against the glossary: a forbidden word, or a concept by another word than its own.

    ``said`` is the text in ``language``; for the source language it is ``english`` itself.
    """
    for one in concepts:
        if language not in one.terms or english in one.unless:
            continue
        for word in one.terms[language].never:
            if says(said, word):
                yield f"says “{word}” for {one.name}: its word is “{one.terms[language].word}”"
        source = one.terms.get("en")
        if said is english or source is None:
            continue
        if spoken(english, source) and not spoken(said, one.terms[language]):
            yield f"lacks “{one.terms[language].word}”, the word for {one.name}"


def spoken(text: str, term: Term) -> bool:
    """Whether a text says the concept in any of its forms."""
    return any(says(text, form) for form in term.forms)


def says(text: str, form: str) -> bool:
    """Whether ``form`` stands in ``text`` as words of their own; ``*`` at its ends reaches into compounds."""
    return pattern(form).search(bare(text)) is not None


@lru_cache(maxsize=4096)
def pattern(form: str) -> re.Pattern[str]:
    """A form as a regular expression over whole words."""
    inner = r"\s+".join(re.escape(word) for word in form.strip("*").split())
    before = "" if form.startswith("*") else r"(?<![\w-])"
    after = "" if form.endswith("*") else r"(?![\w-])"
    return re.compile(before + inner + after, re.IGNORECASE)


@lru_cache(maxsize=4096)
def bare(text: str) -> str:
    """The text without placeholders, whose names are ours and not the reader's."""
    return PLACEHOLDER.sub(" ", text)
