"""What programs asked for by REST, looked for in the log: each is there exactly once, as it was answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from ticketwire_chassis.commits import Commit

from .stack import Stack


async def causes_of(stack: Stack, persons: Mapping[str, str]) -> dict[str, str]:
    """By key: under which cause the gateway has a keyed request done, by whom it came and the digest that it keeps."""
    views = stack.database("gateway")
    try:
        requests = {row["_id"]: row["digest"] for row in await views["answers"].find({})}
    finally:
        await views.close()

    def cause(key: str, person: str) -> str:
        asked = f"{person} key {key} {requests[f'{person} {key}']}"
        return "gateway/" + sha256(asked.encode()).hexdigest()[:40]

    return {key: cause(key, person) for key, person in persons.items()}


def check_once(
    causes: Mapping[str, str], answers: Sequence[Mapping[str, Any]], logged: Sequence[Commit]
) -> dict[str, list[Commit]]:
    """Each command is in the log exactly once, as what it was answered with. Gives its commits, by cause.

    ``causes`` are the causes by key, an answer is ``{key, status, problem}``.
    """
    of_cause: dict[str, list[Commit]] = {}
    for commit in logged:
        of_cause.setdefault(commit.cause.rpartition(":")[0], []).append(commit)
    for answer in answers:
        commits = of_cause.get(causes[answer["key"]], [])
        assert commits, f"{answer} is not in the log"
        places = [commit.cause.rpartition(":")[2] for commit in commits]
        assert all(place == commit.stream for place, commit in zip(places, commits, strict=True) if "/" in place)
        ordinals = sorted(int(place) for place in places if "/" not in place)
        assert ordinals == list(range(len(ordinals))), f"{answer} is in the log more than once"
        kinds = {commit.refused for commit in commits}
        assert len(kinds) == 1, f"{answer} is both done and refused"
        if kinds == {False}:
            assert answer["status"] < 300, f"{answer} was done"
        else:
            said = commits[0].after["problem"]
            assert len(commits) == 1
            assert (answer["status"], answer["problem"]) == (said["status"], said["type"]) or (
                said["type"] == "no-change" and answer["status"] < 300
            ), f"{answer} was refused: {said}"
    assert len({of_cause[cause][0].cause for cause in causes.values()}) == len(causes)
    return {cause: of_cause[cause] for cause in causes.values()}
