"""Messages made ready to be read: what is folded, what stays open, and nothing hidden altogether."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.pages.prose import Part, clean, clean_line, parts


def shown(text: str) -> list[tuple[str, str]]:
    """Kind and text of every part."""
    return [(part.kind, read(part)) for part in parts(text)]


def read(part: Part) -> str:
    return "\n\n".join("".join(piece.text for piece in paragraph) for paragraph in part.paragraphs)


def test_quoted_text_is_folded_with_the_line_that_announces_it() -> None:
    assert shown("It is off.\n\nOn Monday, Mara wrote:\n> Dear Ms Berg,\n>\n> switch it off\n> now") == [
        ("text", "It is off."),
        ("quote", "On Monday, Mara wrote:\nDear Ms Berg,\n\nswitch it off\nnow"),
    ]


def test_announcement_broken_in_two_lines_is_folded_too() -> None:
    text = "Ja.\n\nAm 23. November 2026 um 09:12 schrieb Mara König\n<support@example.org>:\n> a\n> b\n> c"
    assert [kind for kind, _ in shown(text)] == ["text", "quote"]


def test_short_quotation_answered_below_stays_open() -> None:
    assert [kind for kind, _ in shown("> Is it on?\nYes.\n> And the light?\nRed.")] == ["remark", "text"] * 2


def test_earlier_mail_below_without_marks_is_folded() -> None:
    text = "Danke!\n\nVon: Support <support@example.org>\nGesendet: Montag\nAn: Anna\nBetreff: Re: Saft\n\nHallo"
    assert [kind for kind, _ in shown(text)] == ["text", "quote"]
    assert [kind for kind, _ in shown("Thanks\n\n-----Original Message-----\nHello")] == ["text", "quote"]


def test_forwarded_mail_alone_is_not_folded_away() -> None:
    assert [kind for kind, _ in shown("From: a@example.net\nSent: Monday\nTo: b\n\nHello")] == ["text"]
    assert [kind for kind, _ in shown("> only\n> a\n> quotation")] == ["text"]


def test_signature_is_told_apart() -> None:
    assert shown("Hello\n-- \nAnna") == [("text", "Hello"), ("signature", "--\nAnna")]


def test_end_of_a_long_text_is_folded() -> None:
    found = parts("\n".join(f"line {n}" for n in range(500)))
    assert [part.kind for part in found] == ["text", "rest"]
    assert found[1].lines == 450


def test_web_address_ends_before_the_full_stop() -> None:
    pieces = parts("See https://x.example/a_(b). Or (http://y.example/?q=1), javascript:alert(1)")[0].paragraphs[0]
    assert [piece.href for piece in pieces if piece.href] == ["https://x.example/a_(b)", "http://y.example/?q=1"]


def test_what_cannot_be_seen_is_taken_out() -> None:
    assert clean_line("invoice\u202efdp.exe\x00\r\nBcc: x\u200b") == "invoicefdp.exe Bcc: x"
    assert clean("a\r\nb\rc\td") == "a\nb\nc\td"
    assert clean_line("می\u200cخواهم") == "می\u200cخواهم", "a joiner is part of the word"


PIECES = st.sampled_from(
    [*"a >\n-:()/.", "On x wrote:", "\n> ", "\n\n", "https://", "\n-- \n", "\nFrom: x\nTo: y\nDate: z\n"]
)


@given(st.lists(PIECES, max_size=60).map("".join))
def test_no_word_is_lost_and_something_is_always_to_be_seen(text: str) -> None:
    found = parts(text)
    said = "".join(read(part) for part in found)
    assert [c for c in said if c.isalpha()] == [c for c in clean(text) if c.isalpha()]
    assert not found or any(part.kind in ("text", "remark", "rest") for part in found)


HOSTILE = {
    "quotes": "> a\nb\n",
    "address": ")",
    "nesting": ">",
    "headers": "From: a\n",
    "colons": ":\n",
}


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE)
def test_hostile_texts_cost_no_more_than_their_length(piece: str) -> None:
    """Four times the text may cost four times the CPU and something; with the square of it, it would be sixteen.

    Measured in turns, until it is seen: a machine that is busy with something else is slow for a while.
    """

    def cost(count: int) -> float:
        text = "https://x/" + piece * count
        started = time.process_time()
        parts(text)
        return time.process_time() - started

    little, much = cost(10_000), cost(40_000)
    for _ in range(20):
        if much < 9 * little + 0.05:
            return
        little, much = min(little, cost(10_000)), min(much, cost(40_000))
    pytest.fail(f"{much} s for what is four times {little} s")
