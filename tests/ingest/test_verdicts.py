"""Did a machine write it, and is it a delivery report?"""

from __future__ import annotations

import pytest

from services.ingest.domain import read_mail
from ticketwire_contracts.ingest import Bounce

from .mails import BOUNCE, mail


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ("Auto-Submitted: auto-replied", "Auto-Submitted: auto-replied"),
        ("Auto-Submitted: auto-generated; x=y", "Auto-Submitted: auto-generated"),
        ("Precedence: bulk", "Precedence: bulk"),
        ("Precedence: auto_reply", "Precedence: auto_reply"),
        ("List-Id: <l.example.net>", "List-Id"),
        ("X-Auto-Response-Suppress: DR, OOF, AutoReply", "X-Auto-Response-Suppress"),
        ("X-RT-Loop-Prevention: rt.example.net", "X-RT-Loop-Prevention"),
        ("X-OTRS-Loop: yes", "X-OTRS-Loop"),
        ("X-Ticketwire-Loop: yes", "X-Ticketwire-Loop"),
        ("Return-Path: <>", "Return-Path: <>"),
    ],
)
def test_a_machine_is_known_by_its_headers(headers: str, reason: str) -> None:
    verdict = read_mail(mail(headers=headers), "anna@example.net").reading.auto
    assert (verdict.is_auto, verdict.reason) == (True, reason)


@pytest.mark.parametrize(
    "sender", ["noreply@x.test", "no-reply@x.test", "MAILER-DAEMON@x.test", "bounces+1=a@x.test", "do_not_reply@x.test"]
)
def test_a_machine_is_known_by_its_address(sender: str) -> None:
    assert read_mail(mail(sender=sender)).reading.auto.is_auto


@pytest.mark.parametrize(
    "subject",
    ["Automatische Antwort: Drucker", "Out of Office: x", "Réponse automatique : x", "Abwesenheitsnotiz: weg"],
)
def test_a_machine_is_known_by_its_subject(subject: str) -> None:
    assert read_mail(mail(subject=subject)).reading.auto.is_auto


def test_the_empty_envelope_sender_is_a_machine() -> None:
    assert read_mail(mail(), "").reading.auto.reason == "Return-Path: <>"


@pytest.mark.parametrize(
    "raw",
    [
        mail(),
        mail(headers="Auto-Submitted: no"),
        mail(headers="Precedence: first-class"),
        mail(headers="X-Auto-Response-Suppress: DR"),
        mail(sender="Norbert Eply <norbert@x.test>"),
        mail(subject="How do I set up an automatic reply?"),
        mail(subject="Re: undeliverable parcel"),
        mail("the mail said: 550 5.1.1 user unknown, what is that?", subject="Undelivered Mail Returned to Sender"),
    ],
)
def test_people_are_people(raw: bytes) -> None:
    reading = read_mail(raw, "anna@example.net").reading
    assert not reading.auto.is_auto, reading.auto.reason
    assert reading.bounce is None


def test_a_delivery_report_is_read() -> None:
    reading = read_mail(BOUNCE, "").reading
    assert reading.auto.is_auto
    assert reading.bounce == Bounce(
        action="failed",
        status="5.1.1",
        recipient="nobody@example.net",
        original_message_id="ours@example.org",
        diagnostic="smtp; 550 5.1.1 no such user here",
    )


def test_a_delay_is_no_failure() -> None:
    reading = read_mail(BOUNCE.replace(b"Action: failed", b"Action: delayed").replace(b"5.1.1", b"4.4.1")).reading
    assert reading.bounce is not None
    assert (reading.bounce.action, reading.bounce.status) == ("delayed", "4.4.1")


def test_of_several_recipients_the_failed_one_counts() -> None:
    fine = b"Final-Recipient: rfc822; fine@example.net\r\nAction: delivered\r\nStatus: 2.0.0\r\n\r\nFinal-Recipient:"
    reading = read_mail(BOUNCE.replace(b"Final-Recipient:", fine)).reading
    assert reading.bounce is not None
    assert reading.bounce.recipient == "nobody@example.net"


def test_a_report_in_plain_words_is_a_report() -> None:
    raw = mail(
        "Hi. This is the qmail-send program.\r\n<nobody@example.net>:\r\n550 5.1.1 user unknown\r\n\r\n"
        "--- Below this line is a copy.\r\nMessage-ID: <ours@example.org>\r\n",
        subject="failure notice",
        sender="MAILER-DAEMON@mx.example.net",
    )
    bounce = read_mail(raw, "").reading.bounce
    assert bounce is not None
    assert (bounce.action, bounce.status, bounce.recipient) == ("failed", "5.1.1", "nobody@example.net")
    assert bounce.original_message_id == "ours@example.org"


def test_a_read_receipt_and_a_spam_report_are_no_bounces() -> None:
    for kind in (b"disposition-notification", b"feedback-report"):
        reading = read_mail(BOUNCE.replace(b"report-type=delivery-status", b"report-type=" + kind)).reading
        assert reading.bounce is None
        assert reading.auto.is_auto


def test_pgp_is_seen_and_not_opened() -> None:
    reading = read_mail(mail("-----BEGIN PGP MESSAGE-----\r\n\r\nxyz\r\n-----END PGP MESSAGE-----\r\n")).reading
    assert reading.pgp.encrypted
    assert "pgp_unopened" in reading.warnings
    signed = mail(headers='Content-Type: multipart/signed; protocol="application/pkcs7-signature"; boundary=x')
    assert "smime_unchecked" in read_mail(signed).reading.warnings
