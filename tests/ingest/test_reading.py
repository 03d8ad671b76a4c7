"""What is made of a mail's body: charsets, parts and their caps, files, HTML, quoted-printable and worse."""

from __future__ import annotations

import base64
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ingest.domain import message_id_of, read_mail, unread_mail
from services.ingest.domain.arrivals import known
from services.ingest.domain.charsets import clean, codec_of, decode
from services.ingest.domain.forms import fields_of_form
from services.ingest.domain.html import sanitised, to_text
from services.ingest.domain.language import guess, of
from services.ingest.domain.names import cleaned
from ticketwire_contracts.ingest import Reading

from .mails import BOUNCE, FILE, TEXT, mail, with_parts

# ------------------------------------------------------------------------------------------------------ charsets


@pytest.mark.parametrize(
    ("data", "label", "expected", "warning"),
    [
        ("Grüße".encode(), "utf-8", "Grüße", None),
        ("Grüße".encode("latin-1"), "iso-8859-1", "Grüße", None),
        # UTF-8 under a Latin label is UTF-8 all the same.
        ("Grüße".encode(), "iso-8859-1", "Grüße", "charset_wrong:iso-8859-1"),
        ("Grüße".encode("latin-1"), "utf-8", "Grüße", "charset_wrong:utf-8"),
        ("Grüße".encode("cp1252"), "", "Grüße", "charset_missing"),
        # What calls itself Latin-1 is Windows-1252 in truth.
        ("„5 €“".encode("cp1252"), "iso-8859-1", "„5 €“", None),
        ("Привет".encode("koi8-r"), "koi8-r", "Привет", None),
        ("Привет".encode("cp1251"), "windows-1251", "Привет", None),
        ("日本語".encode("iso2022_jp"), "iso-2022-jp", "日本語", None),
        ("日本語".encode("shift_jis"), "Shift_JIS", "日本語", None),
        ("中文".encode("gb18030"), "gb2312", "中文", None),
        ("plain", "latin-9000", "plain", "charset_unknown:latin-9000"),
    ],
)
def test_octets_become_text(data: bytes | str, label: str, expected: str, warning: str | None) -> None:
    octets = data.encode() if isinstance(data, str) else data
    text, said = decode(octets, label)
    assert (text, said) == (expected, warning)


@pytest.mark.parametrize(
    "label", ["zlib", "base64", "rot13", "hex", "bz2", "idna", "punycode", "unicode_escape", "mbcs"]
)
def test_a_label_cannot_name_a_codec_that_does_things(label: str) -> None:
    assert codec_of(label) is None


def test_one_wrong_octet_spoils_no_other_letter() -> None:
    assert decode("Grüße \xe9".encode()[:-2] + b"\xe9", "")[0] == "Grüße é"


def test_a_letter_cut_in_the_middle_is_no_other_letter() -> None:
    assert decode("Картин".encode()[:-1] + b'"', "")[0] == 'Карти\ufffd"'


def test_text_is_clean() -> None:
    assert clean("a\r\nb\rc\x00\x07\x1bd\ud800") == "a\nb\ncd?"


def test_a_mail_in_latin_without_a_label_is_read() -> None:
    reading = read_mail(mail("Grüße aus Köln".encode("latin-1"))).reading
    assert reading.text == "Grüße aus Köln"
    assert "charset_missing" in reading.warnings


def test_html_may_name_its_charset_itself() -> None:
    html = '<html><head><meta charset="windows-1251"></head><body>Привет</body></html>'.encode("cp1251")
    reading = read_mail(mail(html, headers="Content-Type: text/html")).reading
    assert reading.text == "Привет"


# --------------------------------------------------------------------------------------------------------- parts


def test_a_file_beside_the_text_is_a_file() -> None:
    read = read_mail(with_parts(TEXT, FILE))
    assert read.reading.text == "See the file."
    (file,) = read.reading.attachments
    assert (file.filename, file.content_type, file.size) == ("plan.pdf", "application/pdf", 9)
    assert read.files == (b"%PDF-1.4\n",)
    assert file.sha256 == sha256(b"%PDF-1.4\n").hexdigest()


def test_of_alternatives_the_plain_one_is_the_text_and_the_rich_one_the_html() -> None:
    raw = with_parts(TEXT, "Content-Type: text/html\r\n\r\n<p>See <b>the</b> file.</p>\r\n", kind="alternative")
    reading = read_mail(raw).reading
    assert reading.text == "See the file."
    assert reading.html == "<p>See <b>the</b> file.</p>"
    assert reading.attachments == []


def test_an_image_in_the_html_is_inline() -> None:
    html = 'Content-Type: text/html\r\n\r\n<p>Look:<img src="cid:logo@x"></p>\r\n'
    image = "Content-Type: image/png\r\nContent-ID: <logo@x>\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw==\r\n"
    reading = read_mail(with_parts(html, image, kind="related")).reading
    assert reading.html is not None
    assert 'src="cid:logo@x"' in reading.html
    assert [(one.content_id, one.inline) for one in reading.attachments] == [("logo@x", True)]


@pytest.mark.parametrize(
    ("written", "content_id"), [("logo%40x", "logo@X"), ("50%25+a&amp;b@x", "50%+a&b@x"), ("caf%C3%A9@x", "café@x")]
)
def test_an_image_is_found_by_its_id_as_an_url_writes_it(written: str, content_id: str) -> None:
    html = f'Content-Type: text/html\r\n\r\n<p>Look:<img src="cid:{written}"></p>\r\n'
    image = f"Content-Type: image/png\r\nContent-ID: <{content_id}>\r\n\r\npixels\r\n"
    reading = read_mail(with_parts(html, image, kind="related")).reading
    assert [(one.content_id, one.inline) for one in reading.attachments] == [(content_id, True)]


@pytest.mark.parametrize(
    ("field", "content_id"),
    [(b"<a\x00\x01@b>", "a@b"), (b"<a+2AA-\xff@b>", "a?\ufffd@b"), (b"<\x07>", None), (b"< a\t@b>", "a@b")],
)
def test_an_odd_content_id_hurts_nobody(field: bytes, content_id: str | None) -> None:
    raw = with_parts(TEXT, "Content-Type: image/png; charset=utf-7\r\nContent-ID: FIELD\r\n\r\npixels")
    read = read_mail(raw.replace(b"FIELD", field))
    assert read.reading.attachments[0].content_id == content_id
    assert Reading.model_validate_json(known(read).reading) == read.reading


def test_a_forwarded_mail_is_a_file_named_by_its_subject() -> None:
    inner = "Content-Type: message/rfc822\r\n\r\nSubject: Old/../story\r\n\r\nOnce upon a time\r\n"
    reading = read_mail(with_parts(TEXT, inner)).reading
    assert [(one.filename, one.content_type) for one in reading.attachments] == [("story.eml", "message/rfc822")]
    assert "Once" not in reading.text


def test_quoted_printable_and_base64_are_decoded() -> None:
    qp = mail("Gr=C3=BC=C3=9Fe =\r\naus K=C3=B6ln\r\n", headers="Content-Transfer-Encoding: quoted-printable")
    assert read_mail(qp).reading.text == "Grüße aus Köln"
    coded = base64.encodebytes("Grüße".encode()).decode().rstrip("=\n")
    assert read_mail(mail(coded, headers="Content-Transfer-Encoding: BASE64")).reading.text == "Grüße"


def test_an_unknown_encoding_is_taken_as_it_is() -> None:
    reading = read_mail(mail("hello", headers="Content-Transfer-Encoding: rot13")).reading
    assert reading.text == "hello"
    assert "encoding_unknown:rot13" in reading.warnings


def test_a_uuencoded_file_in_the_text_is_a_file() -> None:
    read = read_mail(mail("Before\r\nbegin 644 cat.txt\r\n#0V%T\r\n`\r\nend\r\nAfter\r\n"))
    assert read.reading.text.split() == ["Before", "After"]
    assert read.files == (b"Cat",)
    assert read.reading.attachments[0].filename == "cat.txt"


def test_flowed_lines_flow() -> None:
    raw = mail(
        "A long \r\nline.\r\n> quoted \r\n> on\r\n-- \r\nAnna\r\n", headers="Content-Type: text/plain; format=flowed"
    )
    assert read_mail(raw).reading.text == "A long line.\n> quoted on\n-- \nAnna"


def test_a_multipart_without_end_is_read_to_the_end() -> None:
    raw = with_parts(TEXT, FILE).replace(b"--cut--\r\n", b"")
    reading = read_mail(raw).reading
    assert [one.filename for one in reading.attachments] == ["plan.pdf"]
    assert "boundary_unclosed" in reading.warnings


def test_a_boundary_that_is_not_named_is_guessed() -> None:
    raw = with_parts(TEXT, FILE).replace(b'; boundary="cut"', b"")
    reading = read_mail(raw).reading
    assert [one.filename for one in reading.attachments] == ["plan.pdf"]
    assert "boundary_guessed" in reading.warnings


def test_a_boundary_that_begins_another_is_another() -> None:
    part = 'Content-Type: multipart/alternative; boundary="cut-2"\r\n\r\n--cut-2\r\n\r\nInside\r\n--cut-2--\r\n'
    reading = read_mail(with_parts(part, FILE)).reading
    assert reading.text == "Inside"
    assert len(reading.attachments) == 1


def test_ten_thousand_parts_are_capped() -> None:
    reading = read_mail(with_parts(*["Content-Type: image/png\r\n\r\nx"] * 10_000)).reading
    assert "parts_capped" in reading.warnings
    assert len(reading.attachments) == 200
    assert "attachments_capped" in reading.warnings


def test_parts_in_parts_in_parts_are_capped() -> None:
    deep = TEXT
    for n in range(200):
        deep = f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n{deep}\r\n--b{n}--\r\n'
    reading = read_mail(b"From: a@x.test\r\nMIME-Version: 1.0\r\n" + deep.encode()).reading
    assert "depth_capped" in reading.warnings


def test_a_long_text_is_cut_and_kept_whole_as_a_file() -> None:
    long = "All work and no play.\n" * 10_000
    read = read_mail(mail(long))
    assert len(read.reading.text) == 64 * 1024
    assert read.reading.attachments[-1].filename == "message.txt"
    assert read.files[-1].decode().startswith("All work")
    assert len(read.files[-1]) > 200_000
    assert "text_capped" in read.reading.warnings


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\plan.doc", "plan.doc"),
        ("a\x00b\r\nc.txt", "ab c.txt"),
        ("cod\u202etxt.exe", "cod txt.exe"),
        (".htaccess", "htaccess"),
        ("x" * 300 + ".pdf", "x" * 146 + ".pdf"),
        ("..", ""),
    ],
)
def test_file_names_are_only_names(name: str, expected: str) -> None:
    assert cleaned(name) == expected


# ---------------------------------------------------------------------------------------------------------- html


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        '<p onclick="alert(1)">x</p>',
        '<a href="javascript:alert(1)">x</a>',
        '<a href="JaVa\tScript:alert(1)">x</a>',
        '<img src="x" onerror="alert(1)">',
        "<style>body{background:url(http://evil.test/x)}</style>",
        '<p style="background:url(http://evil.test/x)">x</p>',
        '<iframe src="http://evil.test"></iframe>',
        '<form action="http://evil.test"><input name="password"></form>',
        "<svg><script>alert(1)</script></svg>",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
        '<meta http-equiv="refresh" content="0;url=http://evil.test">',
        '<base href="http://evil.test/">',
        '<img src="http://evil.test/pixel.gif">',
        '<img src="data:image/svg+xml;base64,PHN2Zz4=">',
        '<a href="/logout">x</a>',
    ],
)
def test_html_of_strangers_is_harmless(html: str) -> None:
    shown = sanitised(html, []).lower()
    for word in (
        "script",
        "onerror",
        "onclick",
        "style",
        "evil.test",
        "<form",
        "<input",
        "<iframe",
        "data:",
        "/logout",
    ):
        assert word not in shown, shown


def test_harmless_html_stays() -> None:
    html = (
        '<p>Hello <a href="https://example.net/x">there</a></p><ul><li>one</li></ul><table><tr><td>1</td></tr></table>'
    )
    shown = sanitised(html, [])
    assert 'href="https://example.net/x"' in shown
    assert "<li>one</li>" in shown
    assert "<td>1</td>" in shown


def test_remote_images_go_with_a_warning() -> None:
    warnings: list[str] = []
    sanitised('<img src="http://tracker.test/a.gif"><img src="cid:a">', warnings)
    assert warnings == ["remote_images_removed"]


def test_html_becomes_text_to_read() -> None:
    html = (
        "<h1>Printer</h1><p>It is on fire.<br>Please <a href='https://example.net/help'>help</a>!</p>"
        "<ul><li>one</li><li>two</li></ul><blockquote>You wrote</blockquote><p>a &lt;b&gt; &amp; c</p>"
    )
    text = to_text(sanitised(html, []))
    assert text.startswith("Printer\n\nIt is on fire.\nPlease help <https://example.net/help>!")
    assert "- one\n- two" in text
    assert "> You wrote" in text
    assert text.endswith("a <b> & c")


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (
            "<blockquote>Which room?</blockquote>\n 204<br>\n<blockquote>Which floor?</blockquote>\n the second<br>",
            "> Which room?\n\n204\n\n> Which floor?\n\nthe second",
        ),
        ("Hi<blockquote>a<br>b</blockquote><span>below</span>", "Hi\n\n> a\n> b\n\nbelow"),
        (
            "<blockquote>new<blockquote>old</blockquote>new</blockquote><b>mine</b>",
            "> new\n>\n>> old\n>\n> new\n\nmine",
        ),
        ("<blockquote><p>a</p></blockquote></blockquote>b", "> a\n\nb"),
    ],
)
def test_what_is_written_under_a_quote_is_not_quoted(html: str, expected: str) -> None:
    text = to_text(sanitised(html, []))
    assert text.removeprefix(">\n") == expected


def test_html_that_is_too_much_is_kept_as_a_file() -> None:
    raw = mail("<div>" * 50_000 + "deep", headers="Content-Type: text/html")
    reading = read_mail(raw).reading
    assert reading.html is None
    assert "deep" in reading.text or "html_too_large" in reading.warnings
    assert reading.attachments[-1].filename == "message.html"


# ------------------------------------------------------------------------------------------------ forms, language


def test_the_form_of_rt_mailgate_is_taken_apart() -> None:
    body = (
        b'--f\r\nContent-Disposition: form-data; name="queue"\r\n\r\nsupport\r\n'
        b'--f\r\nContent-Disposition: form-data; name="message"; filename="mail"\r\n'
        b"Content-Type: text/plain\r\n\r\nSubject: x\r\n\r\n--not the end\r\n--f--\r\n"
    )
    fields = fields_of_form("multipart/form-data; boundary=f", body)
    assert fields == {"queue": b"support", "message": b"Subject: x\r\n\r\n--not the end"}


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Hello, please help me with the printer, it is not working and you are my last hope.", "en"),
        ("Hallo, bitte helfen Sie mir, der Drucker geht nicht und ich habe keine Zeit.", "de"),
        ("Bonjour, je ne peux pas me connecter avec mon mot de passe, merci pour votre aide.", "fr"),
        ("Здравствуйте, у меня не работает принтер, помогите пожалуйста.", "ru"),
        ("Добрий день, мій принтер не працює, допоможіть, будь ласка, її теж.", "uk"),
        ("プリンターが動きません。助けてください。", "ja"),
        ("打印机坏了，请帮忙。", "zh"),
        ("12345", None),
        ("", None),
    ],
)
def test_the_language_is_guessed(text: str, language: str | None) -> None:
    assert guess(text) == language


def test_a_mail_may_say_its_language() -> None:
    assert of("de-AT", "Hello and please help me with the printer that is on fire") == "de"
    assert of("not a language", "Hello and please help me with the printer that is on fire") == "en"


# ------------------------------------------------------------------------------------------------- never an error


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=3000), st.sampled_from([None, "", "a@x.test", "\udc80"]))
def test_any_octets_are_read(raw: bytes, sender: str | None) -> None:
    reading = read_mail(raw, sender).reading
    assert Reading.model_validate_json(reading.model_dump_json(by_alias=True)) == reading


PIECES = [
    b"\r\n", b"\n", b"\r", b"\r\n\r\n", b": ", b"From: ", b"To: ", b"Subject: ", b"Date: ", b"References: ",
    b"Content-Type: ", b"multipart/mixed; boundary=", b"text/html", b"text/plain; charset=", b"utf-8", b"utf-16",
    b"iso-2022-jp", b"Content-Transfer-Encoding: ", b"base64", b"quoted-printable", b"x-uuencode", b"--b", b"--b--",
    b"b", b"=?utf-8?q?", b"?=", b"=C3", b"<p>", b"<img src=", b"<", b">", b"(", b'"', b"\\", b"\x00", b"\xff\xfe",
    b"\x1b$B",    b"@", b"a@b.c", b";", b"*0*=", b"''", b"%", b"name", b"begin 644 x\n", b"\nend\n", b"message/rfc822",
    b"message/delivery-status", b"Action: failed", b"99999999999", b"-1",
]  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=60).map(b"".join))
def test_anything_made_of_the_pieces_of_mails_is_read(raw: bytes) -> None:
    read = read_mail(raw, "a@x.test")
    read.reading.model_dump_json().encode()
    assert len(read.files) == len(read.reading.attachments)
    assert message_id_of(raw) == read.reading.message_id


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_good_mail_with_a_piece_torn_out_is_read(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from([BOUNCE, with_parts(TEXT, FILE), mail("Grüße")]))
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, len(whole)))
    read = read_mail(whole[:start] + whole[end:])
    assert len(read.files) == len(read.reading.attachments)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=2000))
def test_what_nobody_can_read_is_said_with_its_octets(raw: bytes) -> None:
    read = unread_mail(raw, "a@x.test", "timeout")
    assert read.files == (raw,)
    assert read.reading.auto.is_auto
    assert read.reading.warnings == ["unread:timeout"]
