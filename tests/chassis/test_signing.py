"""Signed ids: what we made is recognised, what others made up is not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ticketwire_chassis.signing import ReplyToken, SignedId, Signer

ours = Signer("a" * 32)
theirs = Signer("b" * 32)


def test_the_same_event_and_recipient_give_the_same_id() -> None:
    one = ours.message_id("TW-1", "ticket/TW-1:2:0", "Anna@example.net", "example.org")
    assert one == ours.message_id("TW-1", "ticket/TW-1:2:0", "anna@example.net", "example.org")
    assert one != ours.message_id("TW-1", "ticket/TW-1:3:0", "anna@example.net", "example.org")
    assert ours.ticket_of_message_id(one) == SignedId("TW-1", internal=False)
    assert ours.ticket_of_message_id(one.upper()) == SignedId("TW-1", internal=False)


def test_an_id_cannot_be_turned_into_another() -> None:
    one = ours.message_id("TW-1", "e", "a@example.net", "example.org", internal=True)
    assert ours.ticket_of_message_id(one) == SignedId("TW-1", internal=True)
    assert ours.ticket_of_message_id(one.replace("TW-1", "TW-2")) is None
    assert ours.ticket_of_message_id(one.replace(".i.", ".c.")) is None
    assert theirs.ticket_of_message_id(one) is None


def test_reply_tokens_name_ticket_purpose_and_person() -> None:
    token = ours.reply_token("TW-7", "reply", "person/0abc")
    assert ours.read_reply_token(token) == ReplyToken("TW-7", "reply", "person/0abc")
    assert ours.read_reply_token(token.replace("reply", "note")) is None
    assert theirs.read_reply_token(token) is None


@given(st.text())
def test_anything_else_is_nothing(text: str) -> None:
    assert ours.ticket_of_message_id(text) is None
    assert ours.read_reply_token(text) is None


def test_claims_know_no_case_and_tell_nothing() -> None:
    assert ours.claim("address", "Anna@Example.net ") == ours.claim("address", "anna@example.net")
    assert ours.claim("address", "x") != ours.claim("login", "x")
    assert "anna" not in ours.claim("address", "anna@example.net")
