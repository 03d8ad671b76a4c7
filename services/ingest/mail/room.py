"""How much mail lies in memory at once: whole mails, and what has come so far of others."""

from __future__ import annotations

from types import TracebackType

STEP_OCTETS = 64 * 1024


class Room:
    """Room for so many octets, shared by all that comes in."""

    def __init__(self, octets: int) -> None:
        self.left = octets

    def place(self) -> Place:
        """A place in it for one mail, empty as yet."""
        return Place(self)


class Place:
    """What one mail takes of the room; left at the end of its ``with``, however that is reached."""

    __slots__ = ("_room", "octets")

    def __init__(self, room: Room) -> None:
        self._room = room
        self.octets = 0

    def reach(self, octets: int, *, coming: bool = False) -> bool:
        """Whether there is room for that many octets in all; while a mail is ``coming``, it takes room in steps."""
        more = octets - self.octets
        if more > self._room.left:
            return False
        if more > 0:
            more = min(max(more, STEP_OCTETS), self._room.left) if coming else more
            self._room.left -= more
            self.octets += more
        return True

    def leave(self) -> None:
        """Gives back what it takes."""
        self._room.left += self.octets
        self.octets = 0

    def __enter__(self) -> Place:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.leave()
