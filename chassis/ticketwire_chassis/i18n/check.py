"""``python -m ticketwire_chassis.i18n.check``: catalogues, templates and glossary must agree.

Fails when a text is missing, left untranslated or fuzzy, when a placeholder or a plural form is broken, when
a template speaks past the catalogue, and when a text names a concept of ``glossary.toml`` by a second word.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from jinja2 import Environment

from .collect import collect, sources
from .extract import CATALOGUES
from .glossary import Concept, contradictions, read_glossary, second_words
from .languages import LANGUAGES, SOURCE
from .markup import untranslated
from .translator import forms


def main(root: Path = Path()) -> int:
    """Prints every finding; 0 when there is none."""
    findings = list(check(root))
    for finding in findings:
        sys.stderr.write(f"{finding}\n")
    if not findings:
        sys.stdout.write(f"Texts, catalogues ({', '.join(LANGUAGES)}) and glossary agree.\n")
    return 1 if findings else 0


def check(root: Path) -> Iterator[str]:
    """Every finding under a root that has ``glossary.toml``, services, chassis and its catalogues."""
    source = collect(root)
    concepts = read_glossary(root / "glossary.toml")
    yield from contradictions(concepts, LANGUAGES)
    yield from english(source, concepts)
    for language in LANGUAGES:
        if language != SOURCE:
            with (root / CATALOGUES / f"{language}.po").open("rb") as file:
                yield from translated(read_po(file, locale=language), source, concepts)
    yield from spoken_past(root)


def english(source: Catalog, concepts: tuple[Concept, ...]) -> Iterator[str]:
    """Words against the glossary in the source texts."""
    for message in messages(source):
        for text in forms(message.id):
            for complaint in second_words(concepts, SOURCE, text, text):
                yield f"{place(message)}: “{text}” {complaint}"


def translated(catalogue: Catalog, source: Catalog, concepts: tuple[Concept, ...]) -> Iterator[str]:
    """What is wrong in one catalogue."""
    language = str(catalogue.locale)
    for wanted in messages(source):
        message = catalogue.get(forms(wanted.id)[0], wanted.context)
        text = forms(wanted.id)[0]
        if message is None:
            yield f"{language}: “{text}” is missing ({place(wanted)}); run `make messages`"
        elif message.fuzzy:
            yield f"{language}: “{text}” is fuzzy: look at it and take the mark away"
        elif not all(form.strip() for form in forms(message.string)) or not message.string:
            yield f"{language}: “{text}” is not translated"
        else:
            yield from (f"{language}: “{text}” {fault}" for fault in faults(message, wanted, catalogue))
            for form in forms(message.string):
                for complaint in second_words(concepts, language, text, form):
                    yield f"{language}: “{form}” {complaint}"
    for message in messages(catalogue):
        if source.get(forms(message.id)[0], message.context) is None:
            yield f"{language}: “{forms(message.id)[0]}” is in no source any more; run `make messages`"


def faults(message: Message, wanted: Message, catalogue: Catalog) -> Iterator[str]:
    """Broken placeholders, plural forms and edges of a translation."""
    texts, said = forms(wanted.id), forms(message.string)
    if isinstance(wanted.id, str) != isinstance(message.string, str):
        yield "has plural forms in one language only"
        return
    if len(texts) > 1 and len(said) != catalogue.num_plurals:
        yield f"has {len(said)} plural forms instead of {catalogue.num_plurals}"
    expected = set().union(*(placeholders(text) for text in texts))
    # "one ticket" may do without the number; every other name must be in every form
    needed = expected - ({"n"} if len(texts) > 1 else set())
    for names in (placeholders(form) for form in said):
        if not needed <= names <= expected:
            yield f"has the placeholders {sorted(names)} instead of {sorted(expected)}"
    if edges(texts[-1]) != edges(said[-1]):
        yield "begins or ends with a space or line break in one language only"


def edges(text: str) -> tuple[bool, bool]:
    """Whether a text begins and whether it ends with white space."""
    return text[:1].isspace(), text[-1:].isspace()


def placeholders(text: str) -> set[str]:
    """The names in braces; a text whose braces do not close has the one name ``?``."""
    try:
        return {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    except ValueError:
        return {"?"}


def spoken_past(root: Path) -> Iterator[str]:
    """Words in page templates that the catalogue does not know of."""
    environment = Environment(autoescape=True)
    for path in sources(root):
        if path.suffix == ".html":
            for line, text in untranslated(path.read_text("utf-8"), environment):
                yield f"{path.relative_to(root).as_posix()}:{line}: “{text}” is not for translation"


def messages(catalogue: Catalog) -> Iterator[Message]:
    """The texts of a catalogue without its header."""
    return (message for message in catalogue if message.id)


def place(message: Message) -> str:
    """The first place where a text stands."""
    return message.locations[0][0] if message.locations else "?"


if __name__ == "__main__":
    sys.exit(main())
