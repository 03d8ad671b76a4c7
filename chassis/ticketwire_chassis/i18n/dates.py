"""Times and sizes in the reader's language."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

from babel.dates import format_skeleton
from babel.numbers import format_decimal

from .translator import Translator

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

REGIONS = {"en": "en_GB"}
"""Whose customs a language follows where its countries differ: day before month, 24 hours."""


def exact(at: datetime, t: Translator, zone: tzinfo = UTC) -> str:
    """Date and time with the zone's name, e.g. ``23 Nov 2026, 08:12 CET``."""
    local = on_clock(at, zone)
    return f"{written('yMMMd', local, t)}, {local:%H:%M} {local.tzname()}"


def ago(at: datetime, now: datetime, t: Translator, zone: tzinfo = UTC) -> str:
    """How long ago, in few letters: ``4 min ago``, ``2 h ago``, ``yesterday``, ``3 days ago``, ``12 Nov``."""
    passed = now - at
    if passed < MINUTE:
        return t("just now")
    if passed < HOUR:
        return t("{n} min ago", n=passed // MINUTE)
    if passed < DAY:
        return t("{n} h ago", n=passed // HOUR)
    days = (on_clock(now, zone).date() - on_clock(at, zone).date()).days
    if days == 1:
        return t("yesterday")
    if days <= 7:
        return t.ngettext("{n} day ago", "{n} days ago", days)
    return day(at, now, t, zone)


def span(length: timedelta, t: Translator) -> str:
    """A length of time in few letters: ``25 min``, ``2 h``, ``3 days``; negative ones count as positive."""
    length = abs(length)
    if length < HOUR:
        return t("{n} min", n=max(1, length // MINUTE))
    if length < 2 * DAY:
        return t("{n} h", n=length // HOUR)
    return t.ngettext("{n} day", "{n} days", length // DAY)


def day(at: datetime, now: datetime, t: Translator, zone: tzinfo = UTC) -> str:
    """A day, with its year only when that is not this year: ``12 Nov``, ``12 Nov 2025``."""
    local = on_clock(at, zone)
    return written("MMMd" if local.year == on_clock(now, zone).year else "yMMMd", local, t)


def size(octets: int, t: Translator) -> str:
    """A size for people: ``812 B``, ``214 kB``, ``1.4 MB``; in thousands, decimal sign by language."""
    if octets < 1000:
        return f"{octets} B"
    if octets < 999_500:
        return f"{round(octets / 1000)} kB"
    return f"{format_decimal(octets / 1_000_000, '0.0', locale=region(t))} MB"


def on_clock(at: datetime, zone: tzinfo) -> datetime:
    """A time on the clocks of a zone; as it is where they have no day for it, at the ends of the calendar."""
    try:
        return at.astimezone(zone)
    except OverflowError:
        return at


@lru_cache(maxsize=256)
def zone_named(name: str | None) -> tzinfo:
    """The time zone of that name; UTC for one that does not exist."""
    return ZoneInfo(name) if name and name in available_timezones() else UTC


def written(skeleton: str, at: datetime, t: Translator) -> str:
    """A time by one of CLDR's skeletons, in the custom of the language."""
    return format_skeleton(skeleton, at, locale=region(t))


def region(t: Translator) -> str:
    """The locale that a language's dates and numbers follow."""
    return REGIONS.get(t.language, t.language)
