"""Which languages there are, and which of them a reader gets."""

from __future__ import annotations

from pathlib import Path

SOURCE = "en"
"""The language in which texts stand in the code."""

CATALOGUES = Path(__file__).parent / "catalogues"

LANGUAGES: tuple[str, ...] = (SOURCE, *sorted(path.stem for path in CATALOGUES.glob("*.po")))
"""Every language with a catalogue, the source first. A new ``.po`` file is all that a new language takes."""


def negotiate(accept: str = "", *, preferred: str | None = None, default: str = SOURCE) -> str:
    """The language for a reader: their choice, else the best of ``Accept-Language``, else ``default``.

    Accepts what browsers and mails send (``de-AT,de;q=0.9,en;q=0.5``, ``de_CH``); malformed parts count as
    absent. Never fails.
    """
    for tag in (preferred or "", *in_order(accept)):
        language = known(tag)
        if language:
            return language
    return default


def known(tag: str) -> str | None:
    """Our language for a tag such as ``de-AT``, if we have it."""
    language = tag.strip().replace("_", "-").split("-")[0].lower()
    return language if language in LANGUAGES else None


def in_order(accept: str) -> list[str]:
    """The tags of an ``Accept-Language`` header by falling weight; those with weight 0 are left out."""
    weighted: list[tuple[float, str]] = []
    for part in accept[:1000].split(","):
        tag, _, parameters = part.partition(";")
        name, _, value = parameters.strip().partition("=")
        try:
            weight = float(value) if name.strip() == "q" else 1.0
        except ValueError:
            continue
        if tag.strip() and weight > 0:
            weighted.append((weight, tag.strip()))
    return [tag for _, tag in sorted(weighted, key=lambda pair: -pair[0])]
