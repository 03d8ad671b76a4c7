"""What a guard found wrong, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not hold."""

    about: str
    """The topic, class or file."""
    wrong: str
    """What does not hold, as a clause."""
    cure: str
    """What to do, as a sentence."""

    def __str__(self) -> str:
        return f"{self.about}: {self.wrong}. {self.cure}"
