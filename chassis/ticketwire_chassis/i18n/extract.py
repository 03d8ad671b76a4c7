"""``python -m ticketwire_chassis.i18n.extract``: brings the catalogues up to date with code and templates.

New texts appear untranslated, changed ones as fuzzy guesses (both make the check fail until a person has
looked), texts that are gone leave the file.
"""

from __future__ import annotations

import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from .collect import collect
from .languages import LANGUAGES, SOURCE
from .translator import forms

CATALOGUES = Path("chassis/ticketwire_chassis/i18n/catalogues")


def main(root: Path = Path()) -> int:
    """Writes ``messages.pot`` and every ``.po``; says how many texts wait for a translation."""
    source = collect(root)
    write(source, root / CATALOGUES / "messages.pot")
    for language in LANGUAGES:
        if language != SOURCE:
            path = root / CATALOGUES / f"{language}.po"
            with path.open("rb") as file:
                catalogue = read_po(file, locale=language)
            catalogue.update(source, no_fuzzy_matching=False)
            catalogue.obsolete.clear()
            write(catalogue, path)
            waiting = [message for message in catalogue if message.fuzzy or not all(forms(message.string))]
            sys.stdout.write(f"{language}: {len(catalogue)} texts, {len(waiting)} wait for a translation\n")
    return 0


def write(catalogue: Catalog, path: Path) -> None:
    """Sorted, without line numbers and dates, so that a diff shows what changed and nothing else."""
    head = ["Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit"]
    if catalogue.locale:
        head += [f"Language: {catalogue.locale}", f"Plural-Forms: {catalogue.plural_forms}"]
    with path.open("wb") as file:
        file.write(b'msgid ""\nmsgstr ""\n')
        file.writelines(f'"{line}\\n"\n'.encode() for line in head)
        file.write(b"\n")
        write_po(file, catalogue, width=110, include_lineno=False, sort_output=True, omit_header=True)


if __name__ == "__main__":
    sys.exit(main())
