"""Header fields, addresses, ids and dates as they really come."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.ingest.domain import message_id_of, read_mail, recipients_of
from services.ingest.domain.addresses import read
from services.ingest.domain.arrivals import arrivals, first_row, new_row, normal, well_formed
from services.ingest.domain.headers import cut, date, decode_words, ids, media, params
from ticketwire_contracts.ingest import Address

from .mails import NOON, mail


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain words", "plain words"),
        ("=?utf-8?q?Gr=C3=BC=C3=9Fe_aus?= Bonn", "Grüße aus Bonn"),
        ("=?iso-8859-1?Q?caf=E9?=", "café"),
        ("=?utf-8?B?R3LDvMOfZQ==?=", "Grüße"),
        # A letter cut over two words, as some mailers do it.
        ("=?utf-8?b?R3LD?= =?utf-8?b?vMOfZQ==?=", "Grüße"),
        # Space between two words is no space, between a word and text it is.
        ("=?utf-8?q?a?= =?utf-8?q?b?= c", "ab c"),
        ("=?koi8-r?B?8NLJ18XU?=", "Привет"),
        ("=?utf-8*de?q?hallo?=", "hallo"),
        ("=?utf-8?b?R3LDvMOfZQ?=", "Grüße"),
        ("=?utf-8?x?nothing?=", "=?utf-8?x?nothing?="),
        ("=?utf-8?q?never closed", "=?utf-8?q?never closed"),
    ],
)
def test_encoded_words_are_read_tolerantly(value: str, expected: str) -> None:
    assert decode_words(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("anna@example.net", [("", "anna@example.net")]),
        ("Anna Berg <anna@EXAMPLE.net>", [("Anna Berg", "anna@example.net")]),
        ('"Berg, Anna" <anna@example.net>', [("Berg, Anna", "anna@example.net")]),
        ("anna@example.net (Anna Berg)", [("Anna Berg", "anna@example.net")]),
        ("=?utf-8?q?J=C3=B6rg=2C_M?= <j@example.net>", [("Jörg, M", "j@example.net")]),
        ("a@x.test, B <b@x.test>", [("", "a@x.test"), ("B", "b@x.test")]),
        ("Team: a@x.test, b@x.test;", [("", "a@x.test"), ("", "b@x.test")]),
        ("undisclosed-recipients:;", []),
        ("<@relay.test,@b.test:anna@x.test>", [("", "anna@x.test")]),
        ('"odd one"@x.test', [("", '"odd one"@x.test')]),
        ("Anna <anna@x.test", [("Anna", "anna@x.test")]),
        ("bob@x.test <anna@x.test>", [("bob@x.test", "anna@x.test")]),
        ("a@x.test; b@x.test", [("", "a@x.test"), ("", "b@x.test")]),
        ("jürgen@bücher.example", [("", "jürgen@bücher.example")]),
    ],
)
def test_addresses_are_found(value: str, expected: list[tuple[str, str]]) -> None:
    assert read(value, [], "to") == [Address(name=name, address=address) for name, address in expected]


def test_an_encoded_name_cannot_pose_as_a_second_address() -> None:
    name = "=?utf-8?q?boss=40example=2Eorg=2C?= <anna@example.net>"
    assert [one.address for one in read(name, [], "from")] == ["anna@example.net"]


def test_what_is_no_address_is_said_so() -> None:
    warnings: list[str] = []
    assert read("just words", warnings, "to") == []
    assert warnings == ["to_unreadable"]


@pytest.mark.parametrize("field", ["<" + "," * 63_000, '"",' * 20_000, "a," * 30_000, "(a)" * 20_000])
def test_of_a_field_of_nothing_but_signs_only_the_beginning_is_looked_at(field: str) -> None:
    warnings: list[str] = []
    assert read(field, warnings, "to") == []
    assert warnings == ["to_capped", "to_unreadable"]
    assert read(f"Anna <anna@x.test>, {field}", warnings, "to")[0].address == "anna@x.test"


@pytest.mark.parametrize(
    "raw",
    [
        mail(to="a@x.test, B <b@x.test>", headers="Cc: c@x.test\r\nTo: d@x.test"),
        mail(to="broken <a@x.test", headers="Cc: =?utf-8?q?J=C3=BCrgen?= <c@x.test>, team: e@x.test;"),
        mail(headers="Cc: c@x.test").replace(b"\r\n", b"\r"),
        b"To: a@x.test\nwhat is this\nFrom: b@x.test\nCc: c@x.test\n\nx",
        b"no mail",
    ],
)
def test_recipients_and_id_found_cheaply_are_those_that_are_read(raw: bytes) -> None:
    reading = read_mail(raw).reading
    assert recipients_of(raw) == [*reading.to, *reading.cc]
    assert message_id_of(raw) == reading.message_id


def test_a_field_of_ten_thousand_addresses_is_capped() -> None:
    warnings: list[str] = []
    found = read(", ".join(f"a{n}@x.test" for n in range(10_000)), warnings, "to")
    assert len(found) == 200
    assert warnings == ["to_capped"]


def test_the_author_without_from_is_who_sent_it() -> None:
    raw = mail().replace(b"From: Anna Berg <anna@example.net>\r\n", b"Sender: bo@example.net\r\n")
    reading = read_mail(raw).reading
    assert reading.from_.address == "bo@example.net"
    assert "from_missing" in reading.warnings
    bare = mail().replace(b"From: Anna Berg <anna@example.net>\r\n", b"")
    assert read_mail(bare, "envelope@example.net").reading.from_.address == "envelope@example.net"


def test_a_second_from_does_not_win() -> None:
    reading = read_mail(b"From: a@x.test\r\nFrom: b@x.test\r\nSubject: x\r\n\r\nhi").reading
    assert reading.from_.address == "a@x.test"
    assert "from_repeated" in reading.warnings


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Mon, 2 Mar 2026 13:00:00 +0100", NOON),
        ("2 Mar 26 12:00 GMT", NOON),
        ("Mon, 2 Mar 2026 13:00:00 +0100 (Central European Time)", NOON),
        ("Mon, 02 Mar 2026 12 : 00 : 00 -0000", NOON),
        ("Mon, 2 Mar 2026 12:00:60 +0000", datetime(2026, 3, 2, 12, 0, 59, tzinfo=UTC)),
        ("yesterday", None),
        ("Mon, 30 Jun 3609 15:33:50 +0600", None),
        ("Mon, 99 Mar 2026 12:00:00 +0000", None),
        ("", None),
    ],
)
def test_dates_are_utc_or_nothing(value: str, expected: datetime | None) -> None:
    assert date(value) == expected


def test_ids_come_without_brackets_and_folds() -> None:
    assert ids("<a@x>\t<b\n @y> junk <c@z>") == ["a@x", "b@y", "c@z"]
    assert ids("bare@x.test") == ["bare@x.test"]
    assert ids("nothing") == []
    assert ids("<" + "x" * 600 + "@y>") == []


def test_a_long_thread_keeps_its_oldest_and_newest() -> None:
    chain = " ".join(f"<m{n}@x>" for n in range(200))
    reading = read_mail(mail(headers=f"References: {chain}")).reading
    assert reading.references[:10] == [f"m{n}@x" for n in range(10)]
    assert reading.references[-1] == "m199@x"
    assert len(reading.references) == 50
    assert "references_capped" in reading.warnings


def test_parameters_over_several_lines_are_one() -> None:
    value = "attachment; filename*0*=utf-8''%E2%82%AC%20; filename*1=rates.pdf; filename=fallback.pdf"
    assert params(value)["filename"] == "€ rates.pdf"
    assert params('x; name="C:\\temp\\a.doc"')["name"] == "C:\\temp\\a.doc"
    assert params('x; name="=?utf-8?q?gr=C3=BC=C3=9Fe.txt?="')["name"] == "grüße.txt"
    assert media("Text/HTML; Charset=UTF-8") == ("text/html", {"charset": "UTF-8"})
    assert media("text") == ("", {})


def test_a_folded_field_is_one_line() -> None:
    fields, body = cut(b"Subject: one\r\n two\r\n\tthree\r\n\r\nbody", [])
    assert fields.text(b"subject") == "one two three"
    assert body == b"body"


def test_a_mailbox_line_before_the_header_is_skipped() -> None:
    reading = read_mail(b"From anna Mon Mar  2 12:00:00 2026\n" + mail()).reading
    assert reading.from_.address == "anna@example.net"


def test_a_text_without_header_is_all_body() -> None:
    reading = read_mail(b"no header here\nat all").reading
    assert reading.text == "no header here\nat all"


def test_a_huge_header_is_capped() -> None:
    raw = b"".join(b"X-%d: %s\r\n" % (n, b"y" * 200) for n in range(5000)) + b"\r\nbody"
    reading = read_mail(raw).reading
    assert "header_capped" in reading.warnings
    assert reading.text == "body"


def test_raw_utf8_in_headers_is_read() -> None:
    reading = read_mail(mail(subject="Grüße", sender="Jörg <j@example.net>")).reading
    assert (reading.subject, reading.from_.name) == ("Grüße", "Jörg")


@pytest.mark.parametrize("address", ["anna@example.net", "postmaster", "Postmaster", "a+b@x.test", "jürgen@bücher.de"])
def test_an_address_may_be_a_recipient(address: str) -> None:
    assert well_formed(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "anna",
        "@x.test",
        "a@",
        "a@b@c d",
        "a b@x.test",
        "a\n@x.test",
        "<a@x.test>",
        "a@-x.test",
        "a\udcff@x.test",
        "a\u202e@x.test",
    ],
)
def test_what_cannot_be_a_recipient(address: str) -> None:
    assert not well_formed(address)


def test_each_different_recipient_has_a_row() -> None:
    found = arrivals(b"x", ["A@X.test", "a@x.test", "b@x.test"], "s@x.test", NOON, "c")
    assert [one.recipient for one in found] == ["a@x.test", "b@x.test"]
    assert len({one.row for one in found}) == 2
    assert normal("Anna@EXAMPLE.org") == "Anna@example.org"


def test_rows_sort_by_arrival() -> None:
    later = datetime(2026, 3, 2, 12, 0, 1, tzinfo=UTC)
    assert new_row(NOON) < new_row(later)
    assert first_row(NOON) <= new_row(NOON) < first_row(later)
