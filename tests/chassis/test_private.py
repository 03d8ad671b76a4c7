"""Personal values: hashed in the body, kept beside it, gone when erased."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ticketwire_chassis.private import digest, seal, unseal
from ticketwire_contracts.base import ERASED

words = st.text(max_size=20)
values = st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), words, st.lists(words, max_size=3))


@given(st.lists(st.fixed_dictionaries({"type": st.just("said"), "text": values, "n": st.integers(0, 9)}), max_size=3))
def test_unsealing_gives_back_what_was_sealed(events: list[dict[str, Any]]) -> None:
    body, private = seal(events, {"said": frozenset({"text"})})
    assert unseal(body, private) == events


def test_erasing_leaves_the_digest_that_vouches() -> None:
    body, private = seal([{"type": "said", "text": "hello", "n": 1}], {"said": frozenset({"text"})})
    assert "hello" not in str(body)
    kept = private["0_text"]
    assert body[0]["text"]["digest"] == digest(kept["salt"], kept["value"])
    assert unseal(body, {}) == [{"type": "said", "text": ERASED, "n": 1}]
