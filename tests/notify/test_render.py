"""Letters as octets: what stands in them is what was meant, however hostile the names."""

from __future__ import annotations

import re
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.domain import read_mail
from services.notify.domain.letter import Letter
from services.notify.domain.telling import Recipient, who_hears
from services.notify.handlers import reachable
from services.notify.render import QUOTED_CHARS, octets, with_files
from services.tickets.domain.context import SignedMark
from services.tickets.domain.decision import Refusal
from tests.tickets import world as tickets_world
from ticketwire_chassis.i18n.languages import LANGUAGES
from ticketwire_contracts.ingest import Address
from ticketwire_contracts.tickets import Grant, MailSettledV1, TicketEvent

from .world import (
    ANNA,
    MARA,
    NOON,
    OSKAR,
    SHOP,
    SIGNER,
    SUPPORT,
    dependency_reopened,
    directory,
    escalated,
    file,
    forwarded,
    message,
    noted,
    opened,
    outgoing,
    owner_changed,
    party,
    quoted,
    received,
    refused,
    replied,
    ticket,
    write,
)

HOSTILE = [
    "Anna\r\nBcc: all@example.net",
    "Anna\nBcc: all@example.net\n\nHello",
    "Anna\rX: y",
    "Anna\x00\x1b[31m",
    "Anna\u2028Bcc: x\u2029\x85y",
    'Berg, "Anna" \\ <boss@example.org>',
    "(comment) Anna; group: x@y;",
    "=?utf-8?q?Anna=0D=0ABcc:_x?=",
    "מרים לוי \u202ecod.exe",
    "Ünal Şükrü 山田太郎 🦊🦊🦊",
    "n" * 500,
    "Straße " * 70,
    "\ud800 broken",
    "",
    "   ",
]
BROKEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


def in_line(text: str) -> str:
    """What must be left of a text in a header."""
    return " ".join(BROKEN.sub(" ", text).split())


def parsed(mail: bytes) -> EmailMessage:
    """As the standard library reads it, after a look at the octets themselves."""
    mail.decode("ascii")
    assert b"\n" not in mail.replace(b"\r\n", b"")
    assert b"\r" not in mail.replace(b"\r\n", b"")
    assert max(len(line) for line in mail.split(b"\r\n")) <= 998
    return message_from_bytes(mail.replace(b"\r\n", b"\n"), policy=policy.default)


def people(mail: EmailMessage, name: str) -> list[tuple[str, str]]:
    """Names and addresses of a header."""
    return [(one.display_name, one.addr_spec) for one in mail[name].addresses] if name in mail else []


def unspaced(people: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Without spaces in names: Python 3.11 leaves those between encoded words in (RFC 2047, 6.2, takes them out)."""
    return [("".join(name.split()), address) for name, address in people]


def basic(**change: object) -> Letter:
    """A letter."""
    begin = Letter(
        sender=Recipient("support@example.org", "Support"),
        to=(Recipient("anna@example.net", "Anna Berg"),),
        subject="[TW-12] Printer",
        text="Hello\n",
        message_id="ours@example.org",
        date=NOON,
    )
    return replace(begin, **change)  # type: ignore[arg-type]


def letter_to(event: TicketEvent | MailSettledV1, address: str) -> EmailMessage:
    """The letter that one recipient gets."""
    for telling in who_hears(event, directory()):
        if telling.to[0].address == address:
            return parsed(write(event, reachable(telling)[0], SUPPORT)[1])
    raise AssertionError(f"{address} gets nothing")


# -------------------------------------------------------------------------------------------------- octets


def test_a_letter_is_read_back_as_it_was_meant() -> None:
    mail = parsed(
        octets(
            basic(
                cc=(Recipient("tom@example.net"), Recipient("zoe@example.net", "Zoë")),
                reply_to="support+t@example.org",
                in_reply_to="first@example.net",
                references=("zero@example.net", "first@example.net"),
                headers=(("Auto-Submitted", "auto-replied"),),
                language="de",
            )
        )
    )
    assert mail["Date"].datetime == NOON
    assert people(mail, "From") == [("Support", "support@example.org")]
    assert people(mail, "To") == [("Anna Berg", "anna@example.net")]
    assert people(mail, "Cc") == [("", "tom@example.net"), ("Zoë", "zoe@example.net")]
    assert mail["Subject"] == "[TW-12] Printer"
    assert mail["Message-ID"] == "<ours@example.org>"
    assert people(mail, "Reply-To") == [("", "support+t@example.org")]
    assert mail["In-Reply-To"] == "<first@example.net>"
    assert mail["References"].split() == ["<zero@example.net>", "<first@example.net>"]
    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail["Content-Language"] == "de"
    assert mail.get_content() == "Hello\n"
    assert not mail.defects


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_name_or_subject_is_only_a_name_or_a_subject(text: str) -> None:
    who = Recipient("anna@example.net", text)
    mail = parsed(octets(basic(sender=replace(who, address="support@example.org"), to=(who, who), subject=text)))
    assert mail.keys() == [
        "Date", "From", "To", "Subject", "Message-ID", "Content-Language", "MIME-Version", "Content-Type",
        "Content-Transfer-Encoding",
    ]  # fmt: skip
    assert mail["Subject"] == in_line(text)
    assert unspaced(people(mail, "To")) == unspaced([(in_line(text), "anna@example.net")] * 2)
    assert unspaced(people(mail, "From")) == unspaced([(in_line(text), "support@example.org")])
    assert mail.get_content() == "Hello\n"


@given(st.text(max_size=120), st.text(max_size=120), st.text(max_size=20))
def test_no_text_whatsoever_gets_out_of_its_header(name: str, subject: str, language: str) -> None:
    raw = octets(basic(to=(Recipient("anna@example.net", name),), subject=subject, language=language))
    mail = parsed(raw)
    assert set(mail.keys()) <= {
        "Date", "From", "To", "Subject", "Message-ID", "Content-Language", "MIME-Version", "Content-Type",
        "Content-Transfer-Encoding",
    }  # fmt: skip
    assert len(mail.keys()) == len(set(mail.keys()))
    assert mail["Subject"] == in_line(subject)
    assert unspaced(people(mail, "To")) == unspaced([(in_line(name), "anna@example.net")])
    reading = read_mail(raw).reading
    assert [one.address for one in reading.to] == ["anna@example.net"]
    assert reading.from_.address == "support@example.org"


@pytest.mark.parametrize("name", ["Straße " * 20, "n" * 150, "山田太郎" * 30, "Berg, Anna (Zoë)"])
def test_a_long_name_keeps_its_spaces_and_gets_no_more(name: str) -> None:
    reading = read_mail(octets(basic(to=(Recipient("anna@example.net", name),)))).reading
    assert [(one.name, one.address) for one in reading.to] == [(name.strip(), "anna@example.net")]


@given(
    st.text(max_size=400)
    | st.text(alphabet="a \t.=-\n\r\x00é", max_size=400)
    | st.builds(lambda n, end: "x" * n + end, st.integers(900, 3000), st.text(max_size=5))
)
def test_any_text_comes_back_but_for_its_line_ends(text: str) -> None:
    mail = parsed(octets(basic(text=text)))
    expected = re.sub(r"\r\n|\r", "\n", text)
    got = mail.get_payload(decode=True)
    assert isinstance(got, bytes)
    assert got.decode("utf-8").replace("\r\n", "\n") == expected


def test_a_lone_dot_and_a_line_that_begins_with_from_stay() -> None:
    text = "One\n.\n..two\nFrom here\n>From\n--\n-- \n"
    assert parsed(octets(basic(text=text))).get_content() == text


# --------------------------------------------------------------------------------------------------- files


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("plan.pdf", "plan.pdf"),
        ('a"; filename="evil.exe', 'a"; filename="evil.exe'),
        ("a\r\nContent-Type: text/html\r\n\r\n<script>", "a Content-Type: text_html <script>"),
        ("../../etc/passwd", ".._.._etc_passwd"),
        ("C:\\evil", "C:_evil"),
        ("Übersicht März.pdf", "Übersicht März.pdf"),
        ("תוכנית.pdf", "תוכנית.pdf"),
        ("n" * 500 + ".pdf", "n" * 500 + ".pdf"),
        ("山" * 500 + ".pdf", "山" * 500 + ".pdf"),
        ("100%25.txt", "100%25.txt"),
        ("it's*.txt", "it's*.txt"),
        ("", "file"),
        ("\x00", "file"),
    ],
)
def test_a_file_goes_out_under_its_name_and_nothing_else(name: str, expected: str) -> None:
    data = bytes(range(256)) * 3
    mail = parsed(with_files(octets(basic(text="See ä\n")), [(file(name), data), (file("b.txt", "text/plain"), b"")]))
    text, first, second = mail.iter_parts()
    assert text.get_content() == "See ä\n"
    assert first.get_filename() == expected
    assert first.get_content_type() == "application/pdf"
    assert first.get_content_disposition() == "attachment"
    assert first.get_payload(decode=True) == data
    assert second.get_filename() == "b.txt"
    assert second.get_payload(decode=True) == b""


@given(st.text(max_size=90))
def test_no_name_of_a_file_gets_out_of_its_header(name: str) -> None:
    mail = parsed(with_files(octets(basic()), [(file(name), b"x")]))
    _, part = mail.iter_parts()
    assert part.keys() == ["Content-Type", "Content-Disposition", "Content-Transfer-Encoding"]
    assert part.get_filename() == (in_line(name).replace("/", "_").replace("\\", "_") or "file")


@pytest.mark.parametrize(
    ("claimed", "sent"),
    [
        ("IMAGE/PNG", "image/png"),
        ("text/plain\r\nBcc: x", "application/octet-stream"),
        ("multipart/mixed", "application/octet-stream"),
        ("message/rfc822", "application/octet-stream"),
        ("text/html; charset=x", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_a_file_keeps_its_type_where_that_is_one(claimed: str, sent: str) -> None:
    _, part = parsed(with_files(octets(basic()), [(file(kind=claimed), b"x")])).iter_parts()
    assert part.get_content_type() == sent


def test_a_text_that_guesses_the_boundary_of_another_letter_stays_a_text() -> None:
    digest = sha256(b"x").hexdigest()
    other = sha256(octets(basic())).hexdigest()[:32]
    text = f"--=_ticketwire_{digest[:32]}\n--=_ticketwire_{other}--\n"
    mail = parsed(with_files(octets(basic(text=text)), [(file(digest=digest), b"x")]))
    first, second = mail.iter_parts()
    assert first.get_content() == text
    assert second.get_filename() == "plan.pdf"


# ------------------------------------------------------------------------------------------------- letters


def test_a_reply_is_a_persons_mail_in_the_customers_thread() -> None:
    event = replied("Schöne Grüße\n\nMara", cc=[Address(name="Tom", address="tom@example.net")])
    mail = letter_to(event, "anna@example.net")
    assert people(mail, "From") == [("Mara (Support)", "support@example.org")]
    assert mail["Subject"] == "Re: [TW-12] Printer"
    assert mail["In-Reply-To"] == "<first@example.net>"
    assert mail["References"] == "<first@example.net>"
    assert people(mail, "Cc") == [("Tom", "tom@example.net")]
    assert "Auto-Submitted" not in mail
    assert "Reply-To" not in mail
    signed = SIGNER.ticket_of_message_id(mail["Message-ID"].strip("<>"))
    assert signed is not None
    assert (signed.ticket, signed.internal) == ("TW-12", False)
    assert mail.get_content() == "Schöne Grüße\n\nMara"


def test_foreign_ids_that_would_break_a_header_are_left_out() -> None:
    event = replied(in_reply_to="a\r\nBcc: x@example.net", reply_references=["ok@example.net", "b>\r\n<c"])
    mail = letter_to(event, "anna@example.net")
    assert "In-Reply-To" not in mail
    assert "Bcc" not in mail
    assert mail["References"] == "<ok@example.net>"
    hostile = opened(message=message(message_id="x>\r\nBcc: y", references=["z z", "ok@example.net"]))
    assert letter_to(hostile, "anna@example.net")["References"] == "<ok@example.net>"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_automatic_reply_is_in_the_customers_language(language: str) -> None:
    asker = ANNA.model_copy(update={"language": language})
    mail = letter_to(opened(ticket=ticket(requesters=[asker])), "anna@example.net")
    assert mail["Content-Language"] == language
    assert mail["Subject"] == "Re: [TW-12] Printer"
    text = mail.get_content()
    assert "[TW-12]" in text
    assert {"en": "thank you for your message", "de": "vielen Dank für Ihre Nachricht"}[language] in text


@pytest.mark.parametrize(("language", "words"), [("en", "is closed"), ("de", "ist geschlossen")])
def test_the_refusal_is_an_automatic_reply_to_the_mail_in_the_senders_language(language: str, words: str) -> None:
    mail = letter_to(refused(language=language), ANNA.address)
    assert mail["Subject"] == "Re: [TW-12] Printer"
    assert (mail["In-Reply-To"], mail["References"]) == (
        "<again@example.net>",
        "<first@example.net> <again@example.net>",
    )
    assert words in mail.get_content()
    assert "support@example.org" in mail.get_content()
    assert (mail["Auto-Submitted"], mail["X-Ticketwire-Loop"]) == ("auto-replied", "yes")
    assert mail["Reply-To"] is None


def test_a_forward_carries_what_was_said_oldest_first_below_what_is_written_above() -> None:
    second = quoted(2, author=Address(name="Mara", address=""), to=[], subject="")
    mail = letter_to(forwarded(quoted(1), second), SHOP)
    text = mail.get_content()
    assert text.startswith("Can you mend it?\n\n")
    assert text.index("It is on fire, 1.") < text.index("It is on fire, 2.")
    assert "From: Anna Berg <anna@example.net>\nTo: support@example.org\n" in text
    assert "From: Mara\nDate: " in text, "an agent's address is nobody's business"
    assert people(mail, "From") == [("Mara (Support)", "support@example.org")]
    assert mail["Subject"] == "[TW-12] Printer"
    for name in ("References", "In-Reply-To", "Auto-Submitted", "Precedence", "X-Ticketwire-Loop"):
        assert mail[name] is None


def test_names_cannot_make_lines_of_a_forward() -> None:
    name = "Anna\n\n----- Forwarded message -----\nFrom: the boss"
    text = letter_to(forwarded(quoted(1, author=Address(name=name, address=""), subject=name)), SHOP).get_content()
    assert text.count("\n----- Forwarded message -----\n") == 1
    assert "\nFrom: the boss" not in text


def test_the_ids_of_a_forward_are_signed_as_internal() -> None:
    mail = letter_to(forwarded(), SHOP)
    signed = SIGNER.ticket_of_message_id(mail["Message-ID"].strip("<>"))
    assert signed is not None
    assert (signed.ticket, signed.internal) == ("TW-12", True)
    found = mark(mail["Reply-To"].addresses[0].addr_spec)
    assert (found.ticket, found.internal, found.reply_of) == ("TW-12", True, None)


def test_an_answer_to_a_forward_becomes_a_note_whoever_sends_it() -> None:
    address = letter_to(forwarded(number="TW-1"), SHOP)["Reply-To"].addresses[0].addr_spec
    for sender in (SHOP, "mara@example.org", "anna@example.net"):
        world = tickets_world.World()
        world.mail()
        world.marks[address] = mark(address)
        assert tickets_world.kinds(world.mail(to=address, sender=sender)) == ["noted"]


def test_what_a_machine_writes_says_so_to_every_machine() -> None:
    for mail in (letter_to(opened(), "anna@example.net"), letter_to(opened(), "mara@example.org")):
        assert mail["Auto-Submitted"] in ("auto-replied", "auto-generated")
        assert mail["Precedence"] == "bulk"
        assert mail["X-Auto-Response-Suppress"] == "All"
        assert mail["X-Ticketwire-Loop"] == "yes"


@pytest.mark.parametrize(
    ("event", "first"),
    [
        (opened(), "Anna Berg hat Ticket TW-12 eröffnet."),
        (received(), "Anna Berg hat zu Ticket TW-12 geschrieben."),
        (replied(), "Mara hat auf Ticket TW-12 geantwortet."),
        (noted(), "Mara hat zu Ticket TW-12 eine interne Notiz geschrieben."),
        (owner_changed(party(OSKAR)), "Ticket TW-12 gehört jetzt Ihnen."),
        (
            escalated("tell_owner", ticket=ticket(owner=party(OSKAR))),
            "Ticket TW-12: Erste Reaktion bei 100 %, fällig 24. Nov. 2026, 12:00 UTC.",
        ),
    ],
    ids=lambda one: one.type if isinstance(one, TicketEvent) else "",
)
def test_a_notice_says_what_happened_in_the_colleagues_language(event: TicketEvent, first: str) -> None:
    mail = letter_to(event, "oskar@example.org")
    lines = mail.get_content().splitlines()
    assert lines[0] == first
    assert "Betreff: Printer" in lines
    assert "https://tickets.example.org/tickets/TW-12" in lines
    assert "Eine Antwort auf diese E-Mail wird eine interne Notiz." in lines
    assert mail["Content-Language"] == "de"


def test_a_notice_quotes_every_line_and_only_so_much() -> None:
    text = "One\n\x0bTo reply to the customer by mail, write to: evil@example.net\x85Two\u2028Three\n" + "x" * 30_000
    lines = letter_to(received(message=message(text=text)), "mara@example.org").get_content().splitlines()
    assert [line for line in lines if "evil" in line or "Two" in line or "Three" in line] == [
        "> To reply to the customer by mail, write to: evil@example.net",
        "> Two",
        "> Three",
    ]
    assert sum(len(line) for line in lines) < QUOTED_CHARS + 1000


def test_names_cannot_make_lines_of_a_notice() -> None:
    liar = ANNA.model_copy(update={"name": "Anna\n\nTo reply to the customer by mail, write to: evil@example.net"})
    event = received(
        ticket=ticket(requesters=[liar], subject="A\n-- \nB"),
        message=message(author=liar, attachments=[file("a\nb.pdf"), file("")]),
    )
    lines = letter_to(event, "mara@example.org").get_content().splitlines()
    assert not any(line.startswith("To reply") and "evil" in line for line in lines)
    assert "Attachments: a b.pdf, ?" in lines
    assert "Subject: A -- B" in lines


def test_notices_of_a_ticket_are_one_thread_for_each_colleague() -> None:
    first, second = letter_to(opened(), "oskar@example.org"), letter_to(received(), "oskar@example.org")
    assert first["References"] == second["References"]
    assert first["Message-ID"] != second["Message-ID"]
    assert letter_to(opened(), "mara@example.org")["References"] != first["References"]


def test_the_same_event_makes_the_same_octets() -> None:
    event = noted()
    (telling,) = [one for one in who_hears(event, directory()) if one.to[0].person == OSKAR.id]
    assert write(event, telling, SUPPORT)[1] == write(event, telling, SUPPORT)[1]


# ------------------------------------------------------------------------------- answers find their way back


def mark(address: str) -> SignedMark:
    """What services/tickets reads from a reply address of ours (its store does the same with the same key)."""
    found = SIGNER.read_reply_token(address.partition("+")[2].rpartition("@")[0])
    assert found is not None
    return SignedMark(found.ticket, internal=True, reply_of=found.person if found.purpose == "reply" else None)


def house() -> tuple[tickets_world.World, dict[str, str]]:
    """Anna's ticket in tickets' own domain, and the two addresses that its notice to Mara names."""
    world = tickets_world.World()
    world.mail()
    mail = letter_to(received(number="TW-1"), "mara@example.org")
    (line,) = [line for line in mail.get_content().splitlines() if line.startswith("To reply to the customer")]
    addresses = {"note": mail["Reply-To"].addresses[0].addr_spec, "reply": line.rpartition(" ")[2]}
    world.persons[MARA.id] = MARA  # under the id for which the addresses were signed
    world.claims["claim/address/mara@example.org"] = MARA.id
    may_reply = Grant(right="ticket.reply", grantee=MARA.id, scope="all")
    world.directory = replace(world.directory, grants=(*world.directory.grants, may_reply))
    world.marks |= {address: mark(address) for address in addresses.values()}
    return world, addresses


def test_an_answer_to_the_notice_becomes_a_note_whoever_sends_it() -> None:
    for sender in ("mara@example.org", "oskar@example.org", "anna@example.net", "stranger@example.net"):
        world, addresses = house()
        assert tickets_world.kinds(world.mail(to=addresses["note"], sender=sender)) == ["noted"]


def test_a_mail_of_the_agent_to_the_reply_address_becomes_the_reply() -> None:
    world, addresses = house()
    decision = world.mail(to=addresses["reply"], sender="mara@example.org")
    assert not isinstance(decision, Refusal)
    assert tickets_world.kinds(decision)[0] == "replied"


def test_the_reply_address_of_another_is_only_a_way_to_a_note() -> None:
    for sender in ("oskar@example.org", "anna@example.net"):
        world, addresses = house()
        assert tickets_world.kinds(world.mail(to=addresses["reply"], sender=sender)) == ["noted"]


def test_reply_addresses_are_short_enough_for_every_server() -> None:
    _, addresses = house()
    assert all(len(address.rpartition("@")[0]) <= 64 for address in addresses.values())


# ---------------------------------------------------------------------------------------------------- loops


def test_ingest_reads_every_letter_of_a_machine_as_one_of_a_machine() -> None:
    for event in (opened(), received(), noted(), escalated("tell_supervisors"), refused(), dependency_reopened()):
        for telling in who_hears(event, directory()):
            raw = write(event, telling, SUPPORT)[1]
            reading = read_mail(raw, "support@example.org").reading
            assert reading.auto.is_auto
    (reply, *_) = who_hears(replied(), directory())
    assert not read_mail(write(replied(), reply, SUPPORT)[1], "support@example.org").reading.auto.is_auto


def test_two_ticketwires_that_write_to_each_other_settle_at_one_mail_each() -> None:
    """Theirs writes to ours; ours answers by machine; theirs, which has a ticket of its own, answers that no more."""
    theirs = ANNA.model_copy(update={"address": "desk@example.net", "name": "Other desk"})
    sent = 0
    incoming = read_mail(octets(basic(sender=Recipient(theirs.address, "Other desk"))), theirs.address).reading
    for _ in range(10):
        event = opened(
            ticket=ticket(requesters=[theirs]),
            message=message(author=theirs, auto=incoming.auto, message_id=incoming.message_id),
        )
        answers = [told for told in who_hears(event, directory()) if told.kind == "auto_reply"]
        if not answers:
            break
        sent += len(answers)
        incoming = read_mail(write(event, answers[0], SUPPORT)[1], "").reading
    assert sent == 1


def test_the_row_of_a_test_is_a_mail() -> None:
    assert message_from_bytes(outgoing().mail)["Message-ID"] == "<ours@example.org>"
