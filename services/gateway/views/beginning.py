"""The very beginning: a first user who may do everything, or nobody could ever log in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog

from ticketwire_chassis.commands import ServiceUnavailable
from ticketwire_chassis.failures import what_failed
from ticketwire_contracts.base import Actor, Command
from ticketwire_contracts.tickets import CreatePersonV1, GiveRightV1

from .entrance import Entrance
from .needs import Apply, Commands, People

log = structlog.get_logger()

LOGIN = "admin"
GATEWAY = Actor(kind="system", id="system/gateway")
PAUSE_SECONDS = 1.0


class Beginning:
    """Makes the first user, once, however many replicas begin at the same time."""

    def __init__(
        self,
        people: People,
        entrance: Entrance,
        commands: Commands,
        apply: Apply,
        password: str | None,
        clock: Callable[[], datetime],
    ) -> None:
        self._people = people
        self._entrance = entrance
        self._commands = commands
        self._apply = apply
        self._password = password
        self._clock = clock
        self.done = password is None
        """Whether the first user can log in, or none was asked for."""

    async def is_done(self) -> bool:
        """For readiness."""
        return self.done

    async def run(self) -> None:
        """Tries until it is done: at the first start nobody may be there yet to answer."""
        while not self.done:
            try:
                await self._begin()
                self.done = True
            except Exception as error:
                reason = "tickets does not answer yet" if isinstance(error, ServiceUnavailable) else what_failed(error)
                log.info("first_user_waits", reason=reason)
                await asyncio.sleep(PAUSE_SECONDS)

    async def _begin(self) -> None:
        person = await self._people.person_of_login(LOGIN)
        if person is not None and await self._entrance.has_password(person):
            return
        # the orders' ids are fixed: asked again, by another replica or after a loss, they are answered as then
        await self._order(CreatePersonV1(login=LOGIN, name="Administrator", agent=True, addresses=[]), "person")
        await self._order(GiveRightV1(right="superuser", grantee=f"person:{LOGIN}", scope="all"), "right")
        person = await self._people.person_of_login(LOGIN)
        if person is None:
            raise LookupError("the first user is not in the views yet")
        if not await self._entrance.has_password(person):
            await self._entrance.give_password(person, self._password or "", now=self._clock())
            log.info("first_user_made", login=LOGIN)

    async def _order(self, command: Command, name: str) -> None:
        answer = await self._commands.call(command, GATEWAY, "c-first-user", f"gateway/first-user/{name}")
        if answer.problem is not None:
            log.info("first_user_known", order=name, problem=answer.problem.type)
        await self._apply(answer)
