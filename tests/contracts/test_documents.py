"""Schemas, examples and AsyncAPI documents, as an outside subscriber would take them up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from ticketwire_contracts.asyncapi import asyncapi_documents
from ticketwire_contracts.catalogue import COMMANDS, EVENTS
from ticketwire_contracts.examples import EXAMPLES, PUBLIC_EXAMPLES
from ticketwire_contracts.schemas import documents, schemas
from ticketwire_contracts.tickets import PublicEvent, TicketEvent

from .conftest import ROOT

ASYNCAPI = json.loads((Path(__file__).parent / "asyncapi" / "asyncapi-3.0.0.schema.json").read_text())
SCHEMAS = schemas()
# As seen from contracts/asyncapi/, where the documents lie.
REGISTRY: Registry[Any] = Registry().with_resources(
    (f"file:///schemas/{topic}.schema.json", Resource.from_contents(schema, DRAFT202012))
    for topic, schema in SCHEMAS.items()
)
PUBLIC = [topic for topic, event in EVENTS.items() if issubclass(event, TicketEvent) and event.public]


def references(node: Any) -> Iterator[str]:
    """Every ``$ref`` in a document, but for those inside examples."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for name, value in node.items():
            if name != "examples":
                yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def messages(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every message that a document describes."""
    for channel in document["channels"].values():
        yield from channel["messages"].values()
    yield from document.get("components", {}).get("messages", {}).values()


def test_what_is_committed_is_what_the_classes_give() -> None:
    for name, text in documents().items():
        assert (ROOT / "contracts" / name).read_text(encoding="utf-8") == text, name


@pytest.mark.parametrize("topic", sorted(SCHEMAS))
def test_a_schema_is_valid_and_takes_its_example(topic: str) -> None:
    schema = SCHEMAS[topic]
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(EXAMPLES[topic])
    assert schema["$id"].endswith(f"/{topic}.schema.json")
    assert schema["description"]


@pytest.mark.parametrize("topic", PUBLIC)
def test_a_public_example_is_valid_and_holds_nothing_internal(topic: str) -> None:
    example = PUBLIC_EXAMPLES[topic]
    Draft202012Validator(SCHEMAS["public_event.v1"]).validate(example)
    assert PublicEvent.model_validate(example).id == f"ticket/TW-1042:p{example['public_version']}"
    assert "anna@example.org" not in json.dumps(example)
    assert "spare drum" not in json.dumps(example), "the words of the note"


def test_public_versions_of_the_story_have_no_hole() -> None:
    versions = sorted(example["public_version"] for example in PUBLIC_EXAMPLES.values())
    assert versions == list(range(1, len(versions) + 1))


def test_an_event_of_another_type_is_refused_by_the_schema() -> None:
    wrong = EXAMPLES["ticket.noted.v1"]
    assert not Draft202012Validator(SCHEMAS["ticket.opened.v1"]).is_valid(wrong)


@pytest.mark.parametrize("name", sorted(asyncapi_documents()))
def test_a_document_is_valid_asyncapi(name: str) -> None:
    document = asyncapi_documents()[name]
    wrong = [f"{list(error.path)}: {error.message}" for error in Draft7Validator(ASYNCAPI).iter_errors(document)]
    assert wrong == []


def test_the_asyncapi_schema_refuses_what_is_wrong() -> None:
    document = asyncapi_documents()["public"]
    document["operations"]["publish"]["action"] = "shout"
    assert not Draft7Validator(ASYNCAPI).is_valid(document)


@pytest.mark.parametrize("name", sorted(asyncapi_documents()))
def test_every_reference_of_a_document_leads_somewhere(name: str) -> None:
    document = asyncapi_documents()[name]
    for reference in references(document):
        if reference.startswith("../schemas/"):
            assert (ROOT / "contracts" / "asyncapi" / reference).resolve().exists(), reference
        else:
            place = document
            for part in reference.removeprefix("#/").split("/"):
                place = place[part]


@pytest.mark.parametrize("name", sorted(asyncapi_documents()))
def test_every_example_in_a_document_fits_its_message(name: str) -> None:
    for message in messages(asyncapi_documents()[name]):
        payload = {"$id": "file:///asyncapi/it.json", **message["payload"]}
        for example in message["examples"]:
            Draft202012Validator(payload, registry=REGISTRY).validate(example["payload"])


def test_the_documents_name_every_topic() -> None:
    named = {message["name"] for document in asyncapi_documents().values() for message in messages(document)}
    assert named >= {*EVENTS, *COMMANDS}


def test_the_public_document_names_public_topics_only() -> None:
    channel = asyncapi_documents()["public"]["channels"]["events"]
    assert sorted(message["name"] for message in channel["messages"].values()) == sorted(PUBLIC)
    assert "ticket.noted.v1" not in PUBLIC
