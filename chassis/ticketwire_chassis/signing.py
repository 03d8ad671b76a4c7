"""Signed ids: what we put into a mail so that its answer finds back, and nobody else can make one up.

Message-ID   <t.TW-12.<c|i>.<hash of event and recipient>.<mac>@domain>     c customers, i internal
reply token  support+TW-12.<purpose>.<who>.<mac>@domain
claim        HMAC of an address or login, so that a stream's name holds no personal data (decision 5)
"""

from __future__ import annotations

import hmac
import re
import uuid
from dataclasses import dataclass
from hashlib import sha256

WHO = 10
"""Letters of a person's id in a reply address."""
NAMESPACE = uuid.UUID("6c0e7f8a-9a41-5d0c-8f5d-0f5e2d1b7a11")
_MESSAGE_ID = re.compile(r"t\.(TW-\d{1,18})\.([ci])\.([0-9a-f]{32})\.([0-9a-f]{20})@", re.IGNORECASE)
_TOKEN = re.compile(r"(TW-\d{1,18})\.([a-z]{1,10})\.([0-9a-f]{1,32})\.([0-9a-f]{20})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SignedId:
    """What one of our own Message-IDs says."""

    ticket: str
    internal: bool


@dataclass(frozen=True, slots=True)
class ReplyToken:
    """What a reply address says: for which ticket, what an answer to it is, and for whom it was made."""

    ticket: str
    purpose: str
    person: str
    """``person/`` and the first letters of the id."""


class Signer:
    """Makes and checks signed ids with the key that all services share."""

    def __init__(self, secret: str) -> None:
        self._key = secret.encode()

    def _mac(self, kind: str, text: str) -> str:
        return hmac.new(self._key, f"{kind}\0{text}".encode(), sha256).hexdigest()[:20]

    def seal(self, kind: str, text: str) -> str:
        """A whole signature, for what is kept rather than mailed."""
        return hmac.new(self._key, f"{kind}\0{text}".encode(), sha256).hexdigest()

    @staticmethod
    def same(one: str, other: str) -> bool:
        """Whether two signatures are the same, in a time that tells nothing."""
        return hmac.compare_digest(one.encode(), other.encode())

    def message_id(self, ticket: str, event_id: str, recipient: str, domain: str, *, internal: bool = False) -> str:
        """The Message-ID of the mail that tells ``recipient`` of ``event_id``: always the same, without brackets."""
        what = uuid.uuid5(NAMESPACE, f"{event_id}\0{recipient.lower()}").hex
        body = f"{ticket}.{'i' if internal else 'c'}.{what}"
        return f"t.{body}.{self._mac('message-id', body)}@{domain}"

    def ticket_of_message_id(self, message_id: str) -> SignedId | None:
        """The ticket that one of our own Message-IDs belongs to; nothing for any other id."""
        found = _MESSAGE_ID.match(message_id)
        if not found:
            return None
        number, kind, what, mac = found[1].upper(), found[2].lower(), found[3].lower(), found[4].lower()
        if not hmac.compare_digest(self._mac("message-id", f"{number}.{kind}.{what}"), mac):
            return None
        return SignedId(ticket=number, internal=kind == "i")

    def reply_token(self, ticket: str, purpose: str, person: str) -> str:
        """The part after ``+`` of a reply address. ``person`` is ``person/<hex id>``; its first letters stand in it.

        So the local part stays under the 64 octets that RFC 5321 promises.
        """
        who = person.removeprefix("person/")[:WHO] or "0"
        body = f"{ticket}.{purpose}.{who}"
        return f"{body}.{self._mac('reply', body)}"

    def read_reply_token(self, token: str) -> ReplyToken | None:
        """What a reply token says, if it is one of ours."""
        found = _TOKEN.fullmatch(token)
        if not found:
            return None
        number, purpose, who, mac = found[1].upper(), found[2].lower(), found[3].lower(), found[4].lower()
        if not hmac.compare_digest(self._mac("reply", f"{number}.{purpose}.{who}"), mac):
            return None
        return ReplyToken(ticket=number, purpose=purpose, person=f"person/{who}")

    def claim(self, kind: str, value: str) -> str:
        """The name of a claim on something unique: ``claim/<kind>/<HMAC of it>``; upper and lower case are the same."""
        mac = hmac.new(self._key, f"claim\0{kind}\0{value.strip().casefold()}".encode(), sha256).hexdigest()[:40]
        return f"claim/{kind}/{mac}"
