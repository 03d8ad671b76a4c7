"""The language a mail is written in: what it says itself, else a guess by script and small words."""

from __future__ import annotations

import re

_WORDS = {
    "en": "the and you for that with this have not are your please our from was can will is it of to on thanks hello",
    "de": "der die das und nicht ist ich wir sie mit für ein eine den dem auf bitte haben wird von zu im dank hallo",
    "fr": "le la les et est vous nous pas pour une des dans que avec votre je sur merci bonjour du au ce mon",
    "es": "el los las y es que no por para una con su del usted gracias hola se mi en pero está como",
    "it": "il gli e che non per una con sono di del della grazie buongiorno ho vi si mi questo anche come ciao",
    "nl": "de het een en niet van ik dat met voor op zijn wij u bedankt aan hebben mijn graag geen kan bij",
    "pt": "o os as e que não para uma com por do da em seu obrigado olá está no na meu você foi ao",
    "pl": "nie i w na się z do jest że to proszę dziękuję dzień dobry za o od po jak mam czy mi",
    "tr": "ve bir bu için ile merhaba teşekkürler var ne değil çok ben olarak lütfen sayın da de mi iyi günler",
    "sv": "och det att är en som jag på för med inte har vi av ett till kan tack hej den om mvh",
}
_LANGUAGES: dict[str, list[str]] = {}
for _language, _words in _WORDS.items():
    for _word in set(_words.split()):
        _LANGUAGES.setdefault(_word, []).append(_language)
_TOKEN = re.compile(r"[^\W\d_]+")
_SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7af]")),
    ("zh", re.compile(r"[\u4e00-\u9fff]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("uk", re.compile(r"[іїєґІЇЄҐ]")),
    ("ru", re.compile(r"[\u0400-\u04ff]")),
)
_OTHER = re.compile(r"[\u0370-\u06ff\u3040-\u9fff\uac00-\ud7af]")
_TAG = re.compile(r"([a-z]{2,3})(?:[-_][a-z0-9-]{1,20})?\s*(?:[,;]|$)", re.IGNORECASE)


def of(content_language: str, text: str) -> str | None:
    """A two- or three-letter code, or nothing when it cannot be told."""
    found = _TAG.match(content_language.strip()) if content_language else None
    return found[1].lower() if found else guess(text)


def guess(text: str) -> str | None:
    """By script where that decides; else the language most of whose small words stand there, if clearly ahead."""
    text = text[:1200]
    letters = len(text) // 8
    if not text.isascii() and letters and len(_OTHER.findall(text)) > letters // 4:
        for language, script in _SCRIPTS:
            if len(script.findall(text)) > (letters if language != "uk" else letters // 4):
                return language
    counts: dict[str, int] = {}
    for word in _TOKEN.findall(text.lower()):
        for language in _LANGUAGES.get(word, ()):
            counts[language] = counts.get(language, 0) + 1
    ranked = [*sorted(counts.values(), reverse=True), 0, 0]
    if ranked[0] < 3 or ranked[0] < ranked[1] * 1.25:
        return None
    return max(counts, key=counts.__getitem__)
