"""Who reads a page: in which language, in which time zone, and now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo

from starlette.requests import Request

from ticketwire_chassis.i18n import Translator, negotiate, translator
from ticketwire_chassis.i18n.dates import zone_named


@dataclass(frozen=True)
class Reader:
    """What a page must know of its reader to say things their way."""

    t: Translator
    zone: tzinfo
    now: datetime


def reader_of(request: Request, now: datetime, own_language: str | None = None) -> Reader:
    """The reader of a request: the language chosen on the page, else their own, else the browser's.

    The time zone comes from a cookie that a script sets; without scripts times are shown in UTC and say so.
    """
    chosen = request.cookies.get("language") or own_language
    language = negotiate(request.headers.get("accept-language", ""), preferred=chosen)
    zone = zone_named(request.cookies.get("zone"))
    return Reader(translator(language), zone, now)
