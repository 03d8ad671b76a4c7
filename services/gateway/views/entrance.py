"""The entrance: passwords, sessions, and how often one may try."""

from __future__ import annotations

import asyncio
import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Literal, Protocol

from ticketwire_contracts.tickets import Person

from .asker import Asker, Refused, refuse
from .needs import People, Secrets, SessionRow
from .shapes import PersonRow, Session

COOKIE = "ticketwire_session"
"""Name of the session cookie. Pages set it, the API reads it too."""
DEVICE_COOKIE = "ticketwire_device"
"""Name of the cookie by which a browser is known again at the door. It opens nothing by itself."""
KNOWN_FOR = timedelta(days=30)
"""So long after signing in a browser, or an address, is known as one of that login's."""

IDLE = timedelta(hours=12)
"""A session ends after so long without a request."""
PROLONG_AFTER = timedelta(minutes=30)
"""It is prolonged when it was used so long after it was last prolonged: not a write for every request."""

WINDOW_SECONDS = 900
PER_LOGIN_AND_ADDRESS = 8
PER_ADDRESS = 60
PER_LOGIN = 100
"""Failed attempts within a quarter of an hour. The narrow limit is per login *and* address, the wide ones stop
whoever changes logins or addresses. So that nobody shuts someone else out by failing in their name, or beside them
at the same address, what has signed in with the login lately is counted apart (OWASP's device cookies): a browser
known by its cookie has a narrow limit of its own, and at a known address the wide one of the login does not count."""

IPV6_NETWORK = 64
"""Bits of an IPv6 address that count: whoever has one address of such a network has them all."""

MAX_TOKEN = 200
"""Characters; ours are shorter."""
MIN_PASSWORD = 8
MAX_PASSWORD = 1024
"""Characters; hashing a longer one would be work for nothing."""


class Hasher(Protocol):
    """Hashes passwords slowly."""

    def hash(self, password: str) -> str:
        """A hash with its salt and parameters."""
        ...

    def verify(self, hash: str, password: str) -> bool:
        """Whether it is the password; never raises."""
        ...


class Entrance:
    """Who comes in, and as whom."""

    def __init__(self, people: People, kept: Secrets, hasher: Hasher) -> None:
        self._people = people
        self._kept = kept
        self._hasher = hasher
        self._nobody: str | None = None
        # hashing takes 64 MiB each: so many at once, the rest waits in line
        self._at_once = asyncio.Semaphore(2)

    async def sign_in(
        self, login: str, password: str, *, address: str, now: datetime, device: str | None = None
    ) -> Session:
        """A session for login and password. 401 tells nothing of which was wrong; 429 when tried too often.

        ``device`` is what the browser is known by, or will be after this.
        """
        login = login.strip().casefold()[:100]
        source = network_of(address)
        limits = await self._limits(login, source, device, now)
        # counted before the password is looked at, so that many at once get no more tries than one by one
        for key, limit in limits.items():
            if await self._kept.attempt(key, now, WINDOW_SECONDS) > limit:
                raise _too_many()
        person = await self._people.person_of_login(login)
        if not await self._is_password(person, password) or person is None or not person.agent or person.disabled:
            raise refuse(
                "wrong-login",
                title="Login or password is wrong",
                status=401,
                detail="Check both and try again.",
            )
        # this was no failure; those before it still count, where they may have been someone else's
        narrow, *wide = limits
        await asyncio.gather(self._kept.forgive(narrow), *(self._kept.take_back(key) for key in wide))
        for place in filter(None, (source, device)):
            await self._kept.remember(_known(login, place), now + KNOWN_FOR)
        token = secrets.token_urlsafe(32)
        row = SessionRow(_digest(token), person.id, now + IDLE)
        await self._kept.keep_session(row)
        return Session(token=token, expires_at=row.expires_at, person=_shown(person))

    async def _limits(self, login: str, source: str, device: str | None, now: datetime) -> dict[str, int]:
        """What an attempt counts for, the narrow limit first."""
        if device and await self._kept.remembers(_known(login, device), now):
            return {f"both:{_digest(f'{login} {device}')}": PER_LOGIN_AND_ADDRESS}
        limits = {
            f"both:{_digest(f'{login} {source}')}": PER_LOGIN_AND_ADDRESS,
            f"address:{_digest(source)}": PER_ADDRESS,
        }
        if not await self._kept.remembers(_known(login, source), now):
            limits[f"login:{_digest(login)}"] = PER_LOGIN
        return limits

    async def _is_password(self, person: Person | None, password: str) -> bool:
        """Takes as long for a login that nobody has, so that time does not tell which logins there are."""
        hashed = await self._kept.credential(person.id) if person else None
        async with self._at_once:
            if self._nobody is None:
                self._nobody = await asyncio.to_thread(self._hasher.hash, secrets.token_hex(16))
            right = await asyncio.to_thread(self._hasher.verify, hashed or self._nobody, password[:MAX_PASSWORD])
        return right and hashed is not None

    async def asker(self, token: str | None, *, via: Literal["api", "page"] = "page", now: datetime) -> Asker | None:
        """Who holds this token; nobody when it is unknown, over, or its holder may no longer come in."""
        if not token or len(token) > MAX_TOKEN:
            return None
        session, directory = await self._people.come_in(_digest(token))
        if session is None or session.expires_at <= now:
            return None
        person = directory.agents.get(session.person)
        if person is None or person.disabled:
            return None
        if session.expires_at - now < IDLE - PROLONG_AFTER:
            await self._kept.prolong_session(SessionRow(session.id, session.person, now + IDLE))
        return Asker(directory.viewer(person), person, session.id, directory, via)

    async def still(self, asker: Asker, now: datetime) -> Asker | None:
        """The same asker with today's rights; nobody when the session has ended since."""
        session, directory = await self._people.come_in(asker.session)
        if session is None or session.expires_at <= now:
            return None
        person = directory.agents.get(session.person)
        if person is None or person.disabled:
            return None
        return Asker(directory.viewer(person), person, session.id, directory, asker.via)

    async def sign_out(self, asker: Asker) -> None:
        """Ends the session, at once and on every replica."""
        await self._kept.end_session(asker.session)

    async def set_password(
        self, asker: Asker, login: str, password: str, *, current: str | None = None, now: datetime
    ) -> None:
        """A new password for oneself, or, with ``person.admin``, for another agent; ends their other sessions.

        One's own needs the ``current`` one where a browser asks, since it may have been left open; a program that
        holds a token need not know it, but what it says must be right. Tries are counted as at signing in.
        """
        own = login == asker.login
        person = await self._people.person_of_login(login)
        if not own and not asker.directory.may(asker.viewer, "person.admin"):
            raise refuse(
                "forbidden",
                title="You may not",
                status=403,
                detail="It needs the right person.admin.",
                right="person.admin",
            )
        if person is None:
            raise refuse("not-found", title="There is no such thing", status=404, detail=f"There is no agent {login}.")
        highest = not own and asker.directory.may(asker.directory.viewer(person), "superuser")
        if highest and not asker.directory.may(asker.viewer, "superuser"):
            raise refuse(
                "forbidden",
                title="You may not",
                status=403,
                detail="It needs the right superuser.",
                right="superuser",
            )
        if own and (asker.via == "page" or current is not None):
            await self._prove(person, current or "", now)
        await self.give_password(person, password, now=now)
        await self._kept.end_sessions(person.id, but=asker.session if own else None)

    async def _prove(self, person: Person, current: str, now: datetime) -> None:
        key = f"own:{_digest(person.id)}"
        if await self._kept.attempt(key, now, WINDOW_SECONDS) > PER_LOGIN_AND_ADDRESS:
            raise _too_many()
        if not await self._is_password(person, current):
            raise refuse(
                "wrong-password",
                title="Your present password is another",
                status=403,
                detail="Type the one that you signed in with.",
            )
        await self._kept.forgive(key)

    async def give_password(self, person: Person, password: str, *, now: datetime) -> None:
        """Keeps a password's hash under the person's id. Customers have none."""
        if wrong := unfit(person, password):
            raise wrong
        async with self._at_once:
            hashed = await asyncio.to_thread(self._hasher.hash, password)
        await self._kept.keep_credential(person.id, hashed, now)

    async def has_password(self, person: Person) -> bool:
        """Whether they can log in."""
        return await self._kept.credential(person.id) is not None


def unfit(person: Person, password: str) -> Refused | None:
    """Why a password cannot be this person's."""
    if not person.agent:
        return refuse(
            "not-an-agent", title="Customers do not sign in", status=409, detail="Only agents have passwords."
        )
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        return refuse(
            "bad-password",
            title="This password will not do",
            status=422,
            detail="Choose one of 8 to 1024 characters.",
        )
    return None


def _too_many() -> Refused:
    return refuse(
        "too-many-attempts",
        title="Too many attempts",
        status=429,
        detail="Wait a quarter of an hour and try again.",
        retry_after=WINDOW_SECONDS,
    )


def network_of(address: str) -> str:
    """What counts of an address: a network where IPv6 gives one to everybody, else the address itself."""
    try:
        known = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(known, IPv6Address):
        if known.ipv4_mapped:
            return str(known.ipv4_mapped)
        return str(IPv6Network((known, IPV6_NETWORK), strict=False))
    return str(known)


def _known(login: str, place: str) -> str:
    return f"known:{_digest(f'{login} {place}')}"


def _digest(word: str) -> str:
    return sha256(word.encode()).hexdigest()


def _shown(person: Person) -> PersonRow:
    return PersonRow(
        id=person.id,
        login=person.login,
        name=person.name,
        addresses=person.addresses,
        agent=person.agent,
        language=person.language,
        disabled=person.disabled,
        version=person.version,
        joined_into=person.joined_into,
        aliases=person.aliases,
    )
