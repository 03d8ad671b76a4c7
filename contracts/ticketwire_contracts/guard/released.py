"""A released shape may grow by optional properties and nothing else.

``contracts/released.json`` holds the schemas as they were when the contract was last released
(``python -m ticketwire_contracts.schemas --release``). Whoever wrote a reader against them must be able to
read what is written today, and whoever wrote against today's must be able to read what is still on its way.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .finding import Finding

WORDS_ONLY = frozenset({"title", "description", "examples", "deprecated", "$comment", "$defs"})
"""Keywords that say nothing about the shape; ``$defs`` is followed where it is referred to."""

NEW_VERSION = "Undo it, or make a V2 class with its own topic and keep this one beside it (CONTRIBUTING.md)."

Schema = Mapping[str, Any]


def broken_releases(released: Path, today: Mapping[str, Schema]) -> Iterator[Finding]:
    """Released topics whose shape broke or that went away."""
    if not released.exists():
        return
    for topic, old in json.loads(released.read_text(encoding="utf-8")).items():
        new = today.get(topic)
        if new is None:
            yield Finding(topic, "was released and is gone", NEW_VERSION)
            continue
        for wrong in breaks(old, new):
            yield Finding(topic, f"breaks its released shape: {wrong}", NEW_VERSION)


def breaks(old: Schema, new: Schema) -> Iterator[str]:
    """How ``new`` differs from ``old`` by more than added optional properties."""
    yield from _differences(old, new, old, new, "", set())


def _differences(
    old: Any, new: Any, old_root: Schema, new_root: Schema, place: str, seen: set[tuple[str, str]]
) -> Iterator[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        pair = (str(old.get("$ref")), str(new.get("$ref")))
        if pair != ("None", "None"):
            if pair in seen:
                return
            seen.add(pair)
        old, new = _resolved(old, old_root), _resolved(new, new_root)
        yield from _properties(old, new, old_root, new_root, place, seen)
        for keyword in sorted((old.keys() | new.keys()) - WORDS_ONLY - {"properties"}):
            if keyword not in old:
                yield f"{place or 'it'} has a new `{keyword}`"
            elif keyword not in new:
                yield f"{place or 'it'} lost its `{keyword}`"
            elif keyword == "required":
                yield from _required(old[keyword], new[keyword], place)
            elif keyword == "default":
                if not _same_default(old[keyword], new[keyword]):
                    yield f"{place or 'it'} defaulted to {json.dumps(old[keyword])}, now to {json.dumps(new[keyword])}"
            else:
                yield from _differences(old[keyword], new[keyword], old_root, new_root, place, seen)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for left, right in zip(old, new, strict=True):
            yield from _differences(left, right, old_root, new_root, place, seen)
    elif old != new:
        yield f"{place or 'it'} was {json.dumps(old)} and is {json.dumps(new)}"


def _properties(
    old: Schema, new: Schema, old_root: Schema, new_root: Schema, place: str, seen: set[tuple[str, str]]
) -> Iterator[str]:
    """Properties that went away or changed. One that came is harmless unless it is required."""
    before, after = old.get("properties", {}), new.get("properties", {})
    for name, shape in before.items():
        where = f"{place}.{name}" if place else name
        if name in after:
            yield from _differences(shape, after[name], old_root, new_root, where, seen)
        else:
            yield f"`{where}` is gone"


def _required(old: list[str], new: list[str], place: str) -> Iterator[str]:
    for name in sorted(set(new) - set(old)):
        yield f"`{f'{place}.{name}' if place else name}` is required now"
    for name in sorted(set(old) - set(new)):
        yield f"`{f'{place}.{name}' if place else name}` may be missing now"


def _same_default(old: Any, new: Any) -> bool:
    """A default that is a whole value grows when its class gets another optional field."""
    if isinstance(old, dict) and isinstance(new, dict):
        return old.keys() <= new.keys() and all(_same_default(old[name], new[name]) for name in old)
    return bool(old == new)


def _resolved(schema: Schema, root: Schema) -> Schema:
    """The definition a ``$ref`` points to, with what stands beside it."""
    reference = schema.get("$ref")
    if reference is None:
        return schema
    name = str(reference).removeprefix("#/$defs/")
    return {**root["$defs"][name], **{key: value for key, value in schema.items() if key != "$ref"}}
