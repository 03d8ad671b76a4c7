"""A log walked in the order of its places, a page at a time, until the first place that is broken.

At each place: no gap before it; its commit is there and says what its hash says; the chain goes on from the
place before; every personal value is what its digest in the body says, or was taken by a commit that names it;
the commit before it on its stream is there and earlier; the state after it is what follows from the state
before it; and the chain value is the one that the gateway heard and that was anchored. The state before it was
itself compared when its own place was walked, so a page is all that is held in memory.

Someone may be erased meanwhile: values and states give way, and a commit says so, all at once. So what seems broken
after reads one by one is read again, all at one moment, before it is called so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any

from ..commits import Commit, chain_after, from_doc, hash_of
from ..failures import what_failed
from ..mongo import Database, Doc, Session
from ..private import REDACTION, canonical, digest, unseal
from .witness import Witness

PAGE = 200

Recompute = Callable[[str, Doc | None, Sequence[Doc], datetime], Doc]
Normal = Callable[[str, Doc], Doc]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class States:
    """How a service's states follow from its events; each service's ``cli.py`` offers its own."""

    recompute: Recompute
    normal: Normal


@dataclass(frozen=True, slots=True)
class Broken:
    """The first place that is not as it was written."""

    place: int
    what: str
    stream: str = ""
    seq: int = 0

    def __str__(self) -> str:
        where = f" ({self.stream} #{self.seq})" if self.stream else ""
        return f"place {self.place}{where}: {self.what}"


@dataclass(slots=True)
class Report:
    """What was walked."""

    service: str
    places: int = 0
    chain: str = ""
    pending: int = 0
    """Commits that wait for their place."""
    erased: int = 0
    """Personal values that a commit says were taken."""
    witnessed: int = 0
    """Places whose chain value the gateway has heard and kept."""
    anchored: int = 0
    """Places whose chain value was anchored."""
    recomputed: bool = True
    """Whether states could be recomputed: not where the service's code is not installed."""
    broken: Broken | None = None


class _Found(Exception):
    def __init__(self, broken: Broken) -> None:
        self.broken = broken


@dataclass(slots=True)
class _Page:
    """What is read for a page of places at once."""

    positions: list[Doc]
    commits: dict[tuple[str, int], Commit] = field(default_factory=dict)
    before: dict[tuple[str, int], Doc] = field(default_factory=dict)
    """States before, where the commit before is not on the page."""
    placed: dict[tuple[str, int], int] = field(default_factory=dict)
    """Places of those commits, and of the page's own."""
    heard: dict[int, str] = field(default_factory=dict)


class Walk:
    """One service's log."""

    def __init__(
        self,
        db: Database,
        service: str,
        states: States | None = None,
        witness: Witness | None = None,
        anchors: Mapping[int, str] | None = None,
    ) -> None:
        self._db = db
        self._commits = db["commits"]
        self._positions = db["positions"]
        self._states = states
        self._witness = witness
        self._anchors = dict(anchors or {})
        self._erased: dict[tuple[str, str], str] = {}
        self._report = Report(service, recomputed=states is not None)

    async def run(self, progress: Progress = lambda done, total: None) -> Report:
        """Walks to the end, or to the first place that is broken."""
        report = self._report
        try:
            await self._read_erasures()
            total = await self._head()
            while page := await self._page(report.places):
                for position in page.positions:
                    await self._step(page, position)
                progress(report.places, total)
            await self._look_beyond()
            await self._look_for_unplaced()
        except _Found as found:
            report.broken = found.broken
        report.pending = await self._commits.count({"pending": True})
        return report

    # ---------------------------------------------------------------------------------------------- reading

    async def _head(self) -> int:
        newest = await self._positions.find_one({}, {"_id": 1}, sort=[("_id", -1)])
        return int(newest["_id"]) if newest else 0

    async def _read_erasures(self, of: Doc | None = None, session: Session = None) -> None:
        """What was taken by which commit, the newest word on each value; few, so held."""
        where = {"keys": REDACTION, **(of or {})}
        found = await self._commits.find(where, {"body": 1}, sort=[("_id", 1)], session=session)
        for doc in found:
            for event in doc["body"]:
                if isinstance(event.get("takes"), dict):
                    self._erased |= {(doc["_id"]["stream"], key): made for key, made in event["takes"].items()}

    async def _page(self, place: int) -> _Page | None:
        positions = await self._positions.find({"_id": {"$gt": place}}, sort=[("_id", 1)], limit=PAGE)
        if not positions:
            return None
        page = _Page(positions)
        docs = await self._commits.find({"_id": {"$in": [position["commit"] for position in positions]}})
        page.commits = {_key(doc["_id"]): from_doc(doc) for doc in docs}
        page.placed = {_key(position["commit"]): position["_id"] for position in positions}
        earlier = {(stream, seq - 1) for stream, seq in page.commits if seq > 1} - page.placed.keys()
        if earlier:
            ids = [{"stream": stream, "seq": seq} for stream, seq in sorted(earlier)]
            for doc in await self._commits.find({"_id": {"$in": ids}}, {"after": 1}):
                page.before[_key(doc["_id"])] = doc["after"]
            for position in await self._positions.find({"commit": {"$in": ids}}):
                page.placed[_key(position["commit"])] = position["_id"]
        if self._witness is not None:
            page.heard = await self._witness.pairs(self._report.service, place, positions[-1]["_id"])
        return page

    async def _read_anew(self, page: _Page, stream: str, seq: int) -> Commit | None:
        """A commit, the state before it and what was taken from its stream, all as they were at one moment."""
        ids = [{"stream": stream, "seq": seq - 1}, {"stream": stream, "seq": seq}]
        self._erased = {key: made for key, made in self._erased.items() if key[0] != stream}
        async with self._db.snapshot() as session:
            await self._read_erasures({"_id.stream": stream}, session)
            docs = await self._commits.find({"_id": {"$in": ids}}, session=session)
        found = {_key(doc["_id"]): from_doc(doc) for doc in docs}
        page.before |= {key: commit.after for key, commit in found.items()}
        page.commits |= {key: commit for key, commit in found.items() if key in page.commits}
        return found.get((stream, seq))

    # ------------------------------------------------------------------------------------------ one place

    async def _step(self, page: _Page, position: Doc) -> None:
        place, (stream, seq) = position["_id"], _key(position["commit"])
        report = self._report
        if place != report.places + 1:
            raise _Found(Broken(report.places + 1, f"the place is missing; the next one is {place}"))

        def broken(what: str) -> _Found:
            return _Found(Broken(place, what, stream, seq))

        commit = page.commits.get((stream, seq))
        if commit is None:
            raise broken("its commit is gone")
        if hash_of(commit) != commit.hash:
            raise broken("its content is not what its hash says (body, actor, time, cause or keys)")
        value = chain_after(report.chain, commit.hash)
        if value != position["chain"]:
            raise broken("the chain does not go on from the place before: the commit or its place is another")
        if self._wrong(page, commit, place):
            commit = await self._read_anew(page, stream, seq)
            if commit is None:
                raise broken("its commit is gone")
            if what := self._wrong(page, commit, place):
                raise broken(what)
        report.erased += sum((stream, f"{seq}:{key}") in self._erased for key in commit.private)
        if place in page.heard:
            if page.heard[place] != value:
                raise broken("the chain is not the one that the gateway has heard: history was rewritten up to here")
            report.witnessed += 1
        if place in self._anchors:
            if self._anchors[place] != value:
                raise broken("the chain is not the one that was anchored: history was rewritten up to here")
            report.anchored += 1
        report.places, report.chain = place, value

    def _wrong(self, page: _Page, commit: Commit, place: int) -> str:
        """What is wrong first with a commit's values or its state, if anything is."""
        return next(chain(self._values(commit), self._state(page, commit, place)), "")

    def _values(self, commit: Commit) -> Iterator[str]:
        """What is wrong with the personal values."""
        named: set[str] = set()
        for event in commit.body:
            for name, value in event.items():
                if not (isinstance(value, dict) and value.keys() == {"private", "digest"}):
                    continue
                key = value["private"]
                named.add(key)
                left = self._erased.get((commit.stream, f"{commit.seq}:{key}"))
                kept = commit.private.get(key)
                if kept is None:
                    yield f"the value of {name} was taken, and no commit says so"
                elif digest(str(kept.get("salt")), kept.get("value")) != (left or value["digest"]):
                    yield f"the value of {name} is not what its digest says" + (" since it was erased" if left else "")
        if others := commit.private.keys() - named:
            yield f"there is a value that the body does not name: {min(others)}"

    def _state(self, page: _Page, commit: Commit, place: int) -> Iterator[str]:
        """What is wrong with its place on its stream, and with the state after it."""
        before: Doc | None = None
        if commit.seq > 1:
            previous = (commit.stream, commit.seq - 1)
            own = page.commits.get(previous)
            before = own.after if own else page.before.get(previous)
            if before is None:
                yield f"version {commit.seq - 1} of its stream is gone"
                return
            if page.placed.get(previous, place) >= place:
                yield f"version {commit.seq - 1} of its stream does not stand before it"
                return
        if commit.refused and before is not None:
            expected, stored = before, commit.after  # words were taken out; what was refused is refused
        elif commit.refused:
            said = unseal(commit.body, commit.private)[0]
            expected, stored = {k: v for k, v in said.items() if k not in ("type", "v")}, commit.after
        elif self._states is None:
            return
        else:
            try:
                events = unseal(commit.body, commit.private)
                expected = self._states.recompute(commit.stream, before, events, commit.at)
                stored = self._states.normal(commit.stream, commit.after)
            except Exception as error:
                yield f"the state after it cannot be recomputed: {what_failed(error)}"
                return
        if canonical(expected) != canonical(stored):
            names = sorted(
                str(name)
                for name in expected.keys() | stored.keys()
                if canonical(expected.get(name)) != canonical(stored.get(name))
            )
            yield f"the state after it does not follow from its events: {', '.join(names)}"

    # --------------------------------------------------------------------------------------- after the walk

    async def _look_beyond(self) -> None:
        """Places that were heard or anchored, and are not there any more: the end was cut off."""
        beyond = {place: chain for place, chain in self._anchors.items() if place > self._report.places}
        source = dict.fromkeys(beyond, "anchored")
        if self._witness is not None:
            heard = await self._witness.newest(self._report.service)
            if heard is not None and heard[0] > self._report.places:
                beyond[heard[0]] = heard[1]
                source[heard[0]] = "heard by the gateway"
            if contradiction := await self._witness.contradiction(self._report.service):
                raise _Found(Broken(contradiction, "the gateway has heard two different chains for this place"))
        for place in sorted(beyond):
            position = await self._positions.find_one({"_id": place})  # the log may have gone on meanwhile
            if position is None:
                first = self._report.places + 1
                raise _Found(Broken(first, f"the end was cut off: place {place} was {source[place]}"))
            if position["chain"] != beyond[place]:
                raise _Found(Broken(place, f"the chain is not the one that was {source[place]}"))

    async def _look_for_unplaced(self) -> None:
        """A commit that is not waiting and has no place was slipped in."""
        commits = await self._commits.count({"pending": {"$ne": True}})
        if commits <= await self._positions.count({}):
            return
        unplaced = await self._commits.aggregate(
            [
                {"$match": {"pending": {"$ne": True}}},
                {"$lookup": {"from": "positions", "localField": "_id", "foreignField": "commit", "as": "place"}},
                {"$match": {"place": []}},
                {"$limit": 1},
                {"$project": {"_id": 1}},
            ]
        )
        for doc in unplaced:
            stream, seq = _key(doc["_id"])
            raise _Found(
                Broken(self._report.places + 1, "a commit has no place and does not wait for one", stream, seq)
            )


def _key(id: Doc) -> tuple[str, int]:
    stream: Any = id["stream"]
    return stream, id["seq"]
