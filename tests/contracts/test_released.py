"""What may change in a released shape, and what may not."""

from __future__ import annotations

from typing import Any

import pytest

from ticketwire_contracts.guard.released import breaks

OLD: dict[str, Any] = {
    "title": "TicketMovedV1",
    "type": "object",
    "properties": {
        "queue": {"type": "string", "description": "Queue after."},
        "actor": {"$ref": "#/$defs/Actor"},
        "tags": {"type": "array", "items": {"$ref": "#/$defs/Tag"}, "default": []},
    },
    "required": ["queue", "actor"],
    "$defs": {
        "Actor": {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]},
        "Tag": {
            "type": "object",
            "properties": {
                "name": {"enum": ["red", "blue"]},
                "title": {"type": "string", "default": ""},
                "inner": {"$ref": "#/$defs/Tag"},
            },
            "required": ["name"],
        },
    },
}


def changed(*path: str, to: object = None) -> dict[str, Any]:
    """A copy with one place changed; ``None`` takes it away."""

    def copy(node: Any) -> Any:
        if isinstance(node, dict):
            return {name: copy(value) for name, value in node.items()}
        return list(node) if isinstance(node, list) else node

    whole = copy(OLD)
    place = whole
    for name in path[:-1]:
        place = place[name]
    if to is None:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    return dict(whole)


@pytest.mark.parametrize(
    "new",
    [
        OLD,
        changed("title", to="TicketWasMovedV1"),
        changed("properties", "queue", "description", to="The queue it lies in now."),
        changed("properties", "why", to={"type": "string", "default": ""}),
        changed("$defs", "Actor", "properties", "via", to={"type": "string", "default": ""}),
        changed("$defs", "Tag", "properties", "inner", to={"$ref": "#/$defs/Tag", "description": "A tag in a tag."}),
    ],
    ids=["same", "title", "description", "optional", "optional_inside", "words_beside_a_reference"],
)
def test_words_and_optional_properties_may_change(new: dict[str, Any]) -> None:
    assert list(breaks(OLD, new)) == []


@pytest.mark.parametrize(
    ("new", "wrong"),
    [
        (changed("properties", "queue"), "`queue` is gone"),
        (changed("properties", "queue", "type", to="integer"), 'queue was "string" and is "integer"'),
        (changed("required", to=["queue", "actor", "tags"]), "`tags` is required now"),
        (changed("required", to=["queue"]), "`actor` may be missing now"),
        (changed("required"), "it lost its `required`"),
        (changed("properties", "queue", "maxLength", to=10), "queue has a new `maxLength`"),
        (changed("properties", "tags", "default", to=["red"]), 'tags defaulted to [], now to ["red"]'),
        (changed("$defs", "Actor", "properties", "id"), "`actor.id` is gone"),
        (
            changed("$defs", "Tag", "properties", "name", "enum", to=["red"]),
            'tags.name was ["red", "blue"] and is ["red"]',
        ),
        (changed("$defs", "Tag", "properties", "title"), "`tags.title` is gone"),
        (changed("properties", "actor", to={"type": "string"}), "actor"),
    ],
)
def test_anything_else_breaks(new: dict[str, Any], wrong: str) -> None:
    assert any(found.startswith(wrong) for found in breaks(OLD, new)), list(breaks(OLD, new))


def test_a_default_that_is_a_whole_value_may_grow_with_its_class() -> None:
    old = {"properties": {"auto": {"default": {"is_auto": False}}}}
    grown = {"properties": {"auto": {"default": {"is_auto": False, "reason": ""}}}}
    turned = {"properties": {"auto": {"default": {"is_auto": True}}}}
    assert list(breaks(old, grown)) == []
    assert list(breaks(old, turned)) != []


def test_a_definition_that_changed_its_name_only_is_no_break() -> None:
    new = changed("properties", "actor", to={"$ref": "#/$defs/Doer"})
    new["$defs"]["Doer"] = new["$defs"].pop("Actor")
    assert list(breaks(OLD, new)) == []
