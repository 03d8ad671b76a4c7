"""The JSON Schemas of the contract, and the command that writes everything that is made from it.

    python -m ticketwire_contracts.schemas              write schemas/, examples/ and asyncapi/ anew
    python -m ticketwire_contracts.schemas --release    and take today's shapes down as released

What is written depends on the classes alone, so writing it twice gives the same octets. ``make check``
compares it with what is committed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from .asyncapi import asyncapi_documents
from .base import SCHEMA_BASE, Answer, Batch, Command, Event, Order, Value
from .catalogue import COMMANDS, EVENTS
from .examples import EXAMPLES, PUBLIC_EXAMPLES
from .guard.released import broken_releases
from .tickets import PublicEvent

CONTRACTS = Path(__file__).resolve().parents[1]
"""The folder that holds the package and everything made from it."""

RELEASED = CONTRACTS / "released.json"
"""The schemas as they were last released; see ``guard.released``."""

DIALECT = "https://json-schema.org/draft/2020-12/schema"

ENVELOPES: dict[str, type[Value]] = {
    "order.v1": Order,
    "answer.v1": Answer,
    "batch.v1": Batch,
    "public_event.v1": PublicEvent,
}
"""What travels around events and commands, and the form in which outsiders hear an event."""

Schema = dict[str, Any]


class PlainSchema(GenerateJsonSchema):
    """Pydantic's own, without a title for every field: the field's name and description say it better."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


@cache
def schema_of(topic: str, kind: type[BaseModel]) -> Schema:
    """The JSON Schema of one topic or envelope, as a reader needs it: what has a default may be missing."""
    made = kind.model_json_schema(by_alias=True, schema_generator=PlainSchema, mode="validation")
    head = {
        "$schema": DIALECT,
        "$id": f"{SCHEMA_BASE}/{topic}.schema.json",
        "title": made.pop("title"),
        "description": made.pop("description", ""),
    }
    if issubclass(kind, Event):
        made["properties"]["type"]["const"] = kind.topic
        made["properties"]["source"]["const"] = kind.publisher
        made["properties"]["dataschema"]["const"] = kind.schema_address()
    return head | made


def schemas(
    events: Mapping[str, type[Event]] = EVENTS, commands: Mapping[str, type[Command]] = COMMANDS
) -> dict[str, Schema]:
    """Every schema, by topic."""
    kinds: dict[str, type[BaseModel]] = {**ENVELOPES, **events, **commands}
    return {topic: schema_of(topic, kind) for topic, kind in sorted(kinds.items())}


def to_text(document: object) -> str:
    """JSON as it is committed: two spaces, the order of the classes, a line feed at the end."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def documents() -> dict[str, str]:
    """Every file that is made from the contract: path below ``contracts/`` and text."""
    made: dict[str, object] = {}
    made |= {f"schemas/{topic}.schema.json": schema for topic, schema in schemas().items()}
    made |= {f"examples/{topic}.json": example for topic, example in EXAMPLES.items()}
    made |= {f"examples/public/{topic}.json": example for topic, example in PUBLIC_EXAMPLES.items()}
    made |= {f"asyncapi/{name}.json": document for name, document in asyncapi_documents().items()}
    return {path: to_text(document) for path, document in sorted(made.items())}


def stale_files(folder: Path, texts: Mapping[str, str]) -> list[str]:
    """Files below ``folder`` that only generation writes and that it no longer does."""
    found = (path for name in ("schemas", "examples", "asyncapi") for path in (folder / name).rglob("*.json"))
    return sorted(name for name in (path.relative_to(folder).as_posix() for path in found) if name not in texts)


def write(folder: Path, texts: Mapping[str, str]) -> list[str]:
    """Brings the files below ``folder`` up to date; says what it did to which."""
    changed = []
    for name in stale_files(folder, texts):
        (folder / name).unlink()
        changed.append(f"removed {name}")
    for name, text in texts.items():
        path = folder / name
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        changed.append(f"wrote {name}")
    return changed


def main() -> None:
    """Writes the files and says how many changed."""
    parser = argparse.ArgumentParser(prog="python -m ticketwire_contracts.schemas", description=__doc__.split("\n")[0])
    parser.add_argument("--release", action="store_true", help="take today's shapes down as released")
    options = parser.parse_args()
    if options.release:
        for wrong in broken_releases(RELEASED, schemas()):
            sys.exit(str(wrong))
        RELEASED.write_text(to_text(schemas()), encoding="utf-8")
    changed = write(CONTRACTS, documents())
    for line in changed:
        print(line)
    print(f"{len(changed)} files changed")


if __name__ == "__main__":
    main()
