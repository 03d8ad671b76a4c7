"""Reasons of services, found again by their form: whatever stands in their blanks, and however long it is."""

from __future__ import annotations

import re
import time

import pytest

from services.gateway.pages import sentences
from services.gateway.pages.refusals import SENTENCES, filled_in, translated
from ticketwire_chassis.i18n import translator

GERMAN = translator("de")
ALL = (*SENTENCES, *sentences.SENTENCES)


@pytest.mark.parametrize("sentence", ALL)
@pytest.mark.parametrize("word", ["TW-7", "a.b (c) {d}\n*", "is not a mail address."])
def test_every_sentence_is_found_with_its_words(sentence: str, word: str) -> None:
    names = re.findall(r"\{(\w+)\}", sentence)
    assert filled_in(sentence, sentence.format(**dict.fromkeys(names, word))) == dict.fromkeys(names, word)


def test_a_blank_is_not_empty_and_nothing_stands_around() -> None:
    assert filled_in("{who} is not known.", " is not known.") is None
    assert filled_in("There is no queue {name}.", "There is no queue .") is None
    assert filled_in("There is no queue {name}.", "There is no queue billing") is None
    assert filled_in("Undo some links first.", "Undo some links first. Now.") is None
    assert filled_in("{n} of {m}", "1 of 2 of 3") == {"n": "1", "m": "2 of 3"}
    assert translated("There is no queue billing.", GERMAN) != "There is no queue billing."


@pytest.mark.parametrize(
    "part",
    [
        "x leads to ",
        " was merged into ",
        " of the lifecycle  leads to no status of . Set another status first, or map  in ",
        " must stay as it is while  use this lifecycle. ",
        "It is at version , you had seen ",
    ],
)
def test_no_form_holds_everybody_up(part: str) -> None:
    text = (part * (220_000 // len(part))).strip()
    begun = time.process_time()
    assert translated(text, GERMAN)
    assert translated(f"There is no agent {text}.", GERMAN).startswith("Es gibt")
    assert time.process_time() - begun < 1
