"""Catalogues: looking texts up, languages, dates, and a check that finds what is planted."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ticketwire_chassis.i18n import negotiate, translator
from ticketwire_chassis.i18n.check import check
from ticketwire_chassis.i18n.dates import ago, exact, size, span, zone_named
from ticketwire_chassis.i18n.extract import CATALOGUES
from ticketwire_chassis.i18n.glossary import says

REPOSITORY = Path(__file__).parents[2]
NOW = datetime(2026, 11, 23, 9, 12, tzinfo=UTC)


def test_text_comes_in_the_language_asked_for() -> None:
    assert translator("de")("Reply") == "Antwort"
    assert translator("de-AT")("Reply") == "Antwort"
    assert translator("tlh")("Reply") == "Reply"
    assert translator("de")("never heard of") == "never heard of"


def test_one_word_in_two_senses() -> None:
    t = translator("de")
    assert t.pgettext("count", "New") == "Neu"
    assert t.pgettext("status", "new") == "neu"


def test_plural_and_placeholders() -> None:
    t = translator("de")
    assert t.ngettext("{n} day ago", "{n} days ago", 1) == "vor 1 Tag"
    assert t.ngettext("{n} day ago", "{n} days ago", 3) == "vor 3 Tagen"
    assert t("To {address}", address="{n} anna") == "An {n} anna"


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("de-AT,de;q=0.9,en;q=0.5", "de"),
        ("fr, de;q=0.3, en;q=0.5", "en"),
        ("de_CH", "de"),
        ("de;q=0, en", "en"),
        ("de;q=x", "en"),
        ("", "en"),
        (",;=;" * 500, "en"),
    ],
)
def test_language_negotiated(accept: str, language: str) -> None:
    assert negotiate(accept) == language


def test_choice_goes_before_the_browser() -> None:
    assert negotiate("en", preferred="de") == "de"
    assert negotiate("en", preferred="xx") == "en"


@pytest.mark.parametrize(
    ("passed", "english", "german"),
    [
        (timedelta(seconds=20), "just now", "gerade eben"),
        (timedelta(minutes=4), "4 min ago", "vor 4 Min."),
        (timedelta(hours=23), "23 h ago", "vor 23 Std."),
        (timedelta(hours=30), "yesterday", "gestern"),
        (timedelta(days=3), "3 days ago", "vor 3 Tagen"),
        (timedelta(days=20), "3 Nov", "3. Nov."),
        (timedelta(days=400), "19 Oct 2025", "19. Okt. 2025"),
    ],
)
def test_times_are_told_from_now(passed: timedelta, english: str, german: str) -> None:
    assert ago(NOW - passed, NOW, translator("en")) == english
    assert ago(NOW - passed, NOW, translator("de")) == german


def test_exact_time_names_its_zone() -> None:
    assert exact(NOW, translator("en")) == "23 Nov 2026, 09:12 UTC"
    assert exact(NOW, translator("de"), zone_named("Europe/Berlin")) == "23. Nov. 2026, 10:12 CET"
    assert zone_named("../../etc/passwd") is UTC


def test_spans_and_sizes() -> None:
    t = translator("de")
    assert span(timedelta(hours=-2), t) == "2 Std."
    assert span(timedelta(days=3), t) == "3 Tage"
    assert [size(n, t) for n in (812, 214_000, 999_700, 1_400_000)] == ["812 B", "214 kB", "1,0 MB", "1,4 MB"]


@pytest.mark.parametrize(
    ("text", "form", "found"),
    [
        ("Zwei Tickets", "Ticket*", True),
        ("Die Ticketnummer", "Ticket", False),
        ("Ihre E-Mail", "Mail", False),
        ("die Mail kam", "Mail", True),
        ("E-Mail-Adresse", "*adresse", True),
        ("To {customer}", "customer", False),
    ],
)
def test_glossary_matches_whole_words(text: str, form: str, found: bool) -> None:
    assert says(text, form) is found


# ------------------------------------------------------------------------- planted violations


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    """A small repository of its own that passes the check."""
    folder = tmp_path / CATALOGUES
    folder.mkdir(parents=True)
    shutil.copy(REPOSITORY / "glossary.toml", tmp_path)
    pages = tmp_path / "services" / "pages"
    pages.mkdir(parents=True)
    (pages / "page.html").write_text('<p title="{{ _("Queue") }}">{{ _("The ticket of {name}", name=name) }}</p>\n')
    (pages / "page.py").write_text(
        'text = t.ngettext("{n} ticket", "{n} tickets", 2)\nraise Problem(title="Too late")\n'
    )
    (folder / "de.po").write_text(
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\n'
        'msgid "Queue"\nmsgstr "Warteschlange"\n\n'
        'msgid "The ticket of {name}"\nmsgstr "Das Ticket von {name}"\n\n'
        'msgid "Too late"\nmsgstr "Zu spät"\n\n'
        'msgid "{n} ticket"\nmsgid_plural "{n} tickets"\nmsgstr[0] "ein Ticket"\nmsgstr[1] "{n} Tickets"\n',
        "utf-8",
    )
    assert list(check(tmp_path)) == []
    return tmp_path


def german(old: str, new: str) -> Callable[[Path], None]:
    """Changes the German catalogue."""
    return changed(CATALOGUES / "de.po", old, new)


def template(old: str, new: str) -> Callable[[Path], None]:
    """Changes the template."""
    return changed(Path("services/pages/page.html"), old, new)


def changed(name: Path, old: str, new: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        path = root / name
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")

    return change


@pytest.mark.parametrize(
    ("plant", "finding"),
    [
        (german('"Warteschlange"', '"Queue"'), "says “Queue” for queue"),
        (german('"Das Ticket von {name}"', '"Die Sache von {name}"'), "lacks “Ticket”"),
        (german('"Das Ticket von {name}"', '"Das Ticket von {nam}"'), "placeholders ['nam'] instead of ['name']"),
        (german('"Das Ticket von {name}"', '"Das Ticket von {name"'), "placeholders ['?']"),
        (german('"Das Ticket von {name}"', '"Das Ticket"'), "placeholders [] instead of ['name']"),
        (german('"Das Ticket von {name}"', '" Das Ticket von {name}"'), "begins or ends with a space"),
        (german('"Zu spät"', '""'), "“Too late” is not translated"),
        (german('msgid "Too late"', '#, fuzzy\nmsgid "Too late"'), "“Too late” is fuzzy"),
        (german('msgid "Too late"', 'msgid "Too early"'), "“Too late” is missing"),
        (german('msgid "Too late"', 'msgid "Too early"'), "“Too early” is in no source any more"),
        (german('msgstr[1] "{n} Tickets"', 'msgstr[1] ""'), "“{n} ticket” is not translated"),
        (
            german('msgid_plural "{n} tickets"\nmsgstr[0] "ein Ticket"\nmsgstr[1]', "msgstr"),
            "plural forms in one language",
        ),
        (template("<p ", "<p>Reply</p><p "), "“Reply” is not for translation"),
        (template("<p ", '<p aria-label="Reply" '), "“Reply” is not for translation"),
        (template("The ticket of", "The case of"), "says “case” for ticket"),
        (changed(Path("glossary.toml"), 'word = "queue"', 'word = "ticket"'), "stands for ticket and for queue"),
        (changed(Path("glossary.toml"), 'de = { word = "Ticket"', 'fr = { word = "x"'), "ticket has no word in de"),
    ],
)  # fmt: skip
def test_planted_violation_is_found(planted: Path, plant: Callable[[Path], None], finding: str) -> None:
    plant(planted)
    assert any(finding in found for found in check(planted)), list(check(planted))


def test_plain_words_in_code_marks_and_keys_are_no_violation(planted: Path) -> None:
    template(
        "<p ",
        '{# Reply #}<kbd>Enter</kbd><a class="quiet button" href="/x">{% if "yes" %}–{% endif %}</a>Ticketwire<p ',
    )(planted)
    assert list(check(planted)) == []


@pytest.mark.parametrize("at", [datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)])
def test_times_at_the_ends_of_the_calendar_are_shown(at: datetime) -> None:
    for zone in (zone_named("Asia/Tokyo"), zone_named("America/New_York")):
        assert str(at.year) in exact(at, translator("en"), zone)
        assert ago(at, datetime(2026, 3, 2, tzinfo=UTC), translator("en"), zone)
