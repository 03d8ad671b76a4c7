"""Schemas, examples and AsyncAPI documents: there, valid, and as the classes say."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from jsonschema import Draft202012Validator
from pydantic import BaseModel, ValidationError

from ..schemas import stale_files
from .finding import Finding

WRITE = "Run `make schemas` and commit what it writes."


def missing_files(contracts: Path, topics: Iterable[str]) -> Iterator[Finding]:
    """Topics without a schema or an example."""
    for topic in topics:
        if not (contracts / "schemas" / f"{topic}.schema.json").exists():
            yield Finding(topic, "has no schema", WRITE)
        if not (contracts / "examples" / f"{topic}.json").exists():
            yield Finding(topic, "has no example", f"Add one in contracts/ticketwire_contracts/examples/. {WRITE}")


def bad_examples(contracts: Path, kinds: Mapping[str, type[BaseModel]]) -> Iterator[Finding]:
    """Committed examples that their class or their committed schema does not take."""
    for topic, kind in kinds.items():
        example = contracts / "examples" / f"{topic}.json"
        schema = contracts / "schemas" / f"{topic}.schema.json"
        if not (example.exists() and schema.exists()):
            continue
        text = example.read_text(encoding="utf-8")
        try:
            kind.model_validate_json(text)
        except ValidationError as error:
            yield Finding(topic, f"its class refuses the example ({first_line(error)})", "Bring them together.")
            continue
        validator = Draft202012Validator(json.loads(schema.read_text(encoding="utf-8")))
        for wrong in validator.iter_errors(json.loads(text)):
            yield Finding(topic, f"its schema refuses the example ({wrong.message})", "Bring them together.")


def outdated_files(contracts: Path, texts: Mapping[str, str]) -> Iterator[Finding]:
    """Committed files that differ from what the classes give today."""
    for name, text in texts.items():
        path = contracts / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            yield Finding(f"contracts/{name}", "is not what the classes say", WRITE)
    for name in stale_files(contracts, texts):
        yield Finding(f"contracts/{name}", "belongs to no topic any more", WRITE)


def first_line(error: ValidationError) -> str:
    """Where and why, of the first error."""
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
