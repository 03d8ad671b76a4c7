"""Readers take what a newer speaker says and what an older one said; writers are strict."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from ticketwire_contracts.catalogue import COMMANDS, EVENTS
from ticketwire_contracts.examples import EXAMPLES, as_sent
from ticketwire_contracts.schemas import ENVELOPES

from .conftest import ROOT

KINDS: dict[str, type[BaseModel]] = {**EVENTS, **COMMANDS, **ENVELOPES}
# Their keys are data of others, not fields of ours.
FREE = {"fields", "extra", "command", "result", "statuses", "maps", "since"}


def with_unknown_fields(node: Any) -> Any:
    """What a newer speaker might say: another field in every object."""
    if isinstance(node, dict):
        return {name: value if name in FREE else with_unknown_fields(value) for name, value in node.items()} | {
            "from_the_future": {"x": [1]}
        }
    return [with_unknown_fields(value) for value in node] if isinstance(node, list) else node


def without_defaults(value: BaseModel) -> dict[str, Any]:
    """What an older speaker said: every field that was added with a default is missing."""
    return value.model_dump(mode="json", by_alias=True, exclude_defaults=True)


@pytest.mark.parametrize("topic", sorted(KINDS))
def test_an_example_survives_the_journey(topic: str) -> None:
    assert as_sent(KINDS[topic].model_validate(EXAMPLES[topic])) == EXAMPLES[topic]


@pytest.mark.parametrize("topic", sorted(set(KINDS) - {"batch.v1", "answer.v1", "ticket.erased.v1"}))
def test_unknown_fields_are_passed_over(topic: str) -> None:
    assert as_sent(KINDS[topic].model_validate(with_unknown_fields(EXAMPLES[topic]))) == EXAMPLES[topic]


@pytest.mark.parametrize("topic", sorted(KINDS))
def test_missing_optional_fields_are_filled_in(topic: str) -> None:
    whole = KINDS[topic].model_validate(EXAMPLES[topic])
    assert KINDS[topic].model_validate(without_defaults(whole)) == whole


@pytest.mark.parametrize("topic", sorted(KINDS))
def test_a_message_is_frozen(topic: str) -> None:
    value = KINDS[topic].model_validate(EXAMPLES[topic])
    name = next(iter(type(value).model_fields))
    with pytest.raises(ValidationError, match="frozen"):
        setattr(value, name, "other")


def test_a_writer_may_not_invent_a_field(tmp_path: Path) -> None:
    """mypy, as ``make check`` runs it, refuses what a reader would pass over in silence."""
    (tmp_path / "planted.py").write_text(
        "from ticketwire_contracts.notify import ResendV1\n\nResendV1(notification='x', urgently=True)\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), str(tmp_path / "planted.py")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert 'Unexpected keyword argument "urgently"' in done.stdout, done.stdout + done.stderr


def test_contracts_need_pydantic_only() -> None:
    """Importing the whole contract, but for its guard, loads nothing that an outsider would have to install."""
    code = (
        "import sys; import ticketwire_contracts.catalogue, ticketwire_contracts.rights, ticketwire_contracts.examples;"
        "print([name for name in ('jsonschema', 'motor', 'aio_pika', 'faststream', 'orjson', 'ticketwire_chassis')"
        " if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def without_limit(schema: dict[str, Any]) -> list[str]:
    """The fields of a command in which a text may be as long as one likes."""

    def open_ended(node: dict[str, Any]) -> bool:
        if node.get("type") == "string":
            return not {"maxLength", "pattern", "enum", "const", "format"} & set(node)
        parts = [*node.get("anyOf", ()), *([node["items"]] if isinstance(node.get("items"), dict) else ())]
        return any(open_ended(part) for part in parts)

    return [name for name, node in schema.get("properties", {}).items() if open_ended(node)]


@pytest.mark.parametrize("topic", sorted(COMMANDS))
def test_every_text_of_a_command_has_a_limit(topic: str) -> None:
    assert without_limit(COMMANDS[topic].model_json_schema()) == []


@pytest.mark.parametrize("topic", ["mail.received.v1", "ticket.opened.v1", "reply_to_ticket.v1"])
def test_what_does_not_fit_is_not_told_to_the_log(topic: str) -> None:
    kind = KINDS[topic]
    spoiled = dict.fromkeys(EXAMPLES[topic], "a secret") | {"version": ["a secret"]}
    with pytest.raises(ValidationError) as failed:
        kind.model_validate(spoiled)
    assert "a secret" not in f"{failed.value} {failed.value!r}"
