"""AsyncAPI 3.0 documents: one per service, and one of the public exchange for outside subscribers.

Made by plain code from the catalogue. FastStream can write such documents too, but it reads them from its
subscribers, and ours take whole batches: it would show one operation for thirty topics. What a reader sees
here comes from the docstrings of the classes; the payloads refer to the JSON Schemas beside them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from . import __version__
from .base import Command, Event
from .catalogue import COMMANDS, EVENTS, HEARS
from .examples import EXAMPLES, PUBLIC_EXAMPLES
from .tickets import TicketEvent

Document = dict[str, Any]

BINDING = "0.3.0"
TITLES = {
    "ingest": "takes mail in, keeps it and reads it",
    "tickets": "holds the truth about tickets, queues, persons, groups and rights",
    "escalation": "watches the promises",
    "notify": "tells people by mail",
    "gateway": "shows it all to browsers and programs",
}


def asyncapi_documents() -> dict[str, Document]:
    """Every document, by file name without its ending."""
    return {service: service_document(service) for service in HEARS} | {"public": public_document()}


def service_document(service: str) -> Document:
    """What a service says, hears and obeys on the internal exchange."""
    said = [event for event in EVENTS.values() if event.publisher == service]
    obeyed = [command for command in COMMANDS.values() if command.obeyed_by == service]
    channels: Document = {}
    operations: Document = {}
    if said:
        channels["said"] = batch_channel(service)
        operations["say"] = {
            "action": "send",
            "channel": {"$ref": "#/channels/said"},
            "summary": f"Whatever {service} has committed, in batches in the order of its log.",
            "messages": [{"$ref": "#/channels/said/messages/batch"}],
            "bindings": {"amqp": {"deliveryMode": 2, "mandatory": True, "bindingVersion": BINDING}},
        }
    for speaker in HEARS[service]:
        channels[f"heard_{speaker}"] = batch_channel(speaker)
        operations[f"hear_{speaker}"] = {
            "action": "receive",
            "channel": {"$ref": f"#/channels/heard_{speaker}"},
            "summary": f"Batches of {speaker}, through the quorum queue `{service}`; a type not known is passed over.",
            "messages": [{"$ref": f"#/channels/heard_{speaker}/messages/batch"}],
            "bindings": {"amqp": {"ack": True, "bindingVersion": BINDING}},
        }
    if obeyed:
        channels |= {"commands": commands_channel(service, obeyed), "answers": answers_channel()}
        operations |= {key(command.topic): obeying(command) for command in obeyed}
    about = f"Ticketwire {service}: {TITLES[service]}"
    document = frame(about, f"The service `{service}` on the broker, seen from itself.", channels, operations)
    if said:
        document["components"] = {"messages": {key(event.topic): event_message(event) for event in said}}
    return document


def public_document() -> Document:
    """What outside subscribers hear on the public exchange."""
    public = [event for event in EVENTS.values() if issubclass(event, TicketEvent) and event.public]
    channel = {
        "address": "{type}.{queue}",
        "title": "Public events",
        "description": "One message per public event. No notes, nothing decrypted, nothing about other tickets.",
        "parameters": {
            "type": {"description": "The topic.", "enum": [event.topic for event in public]},
            "queue": {"description": "Short name of the ticket's queue, e.g. `support`."},
        },
        "messages": {key(event.topic): public_message(event) for event in public},
        "bindings": exchange_binding("ticketwire.events"),
    }
    operation = {
        "action": "send",
        "channel": {"$ref": "#/channels/events"},
        "summary": "Every public event of every ticket; `public_version` counts them without holes.",
        "bindings": {"amqp": {"deliveryMode": 2, "mandatory": False, "bindingVersion": BINDING}},
    }
    return frame(
        "Ticketwire: public events",
        "What Ticketwire tells any other system. docs/events.md says how to get a queue.",
        {"events": channel},
        {"publish": operation},
    )


def frame(title: str, description: str, channels: Document, operations: Document) -> Document:
    """A document with its head."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": title,
            "version": __version__,
            "description": description,
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "broker": {
                "host": "{host}:{port}",
                "protocol": "amqp",
                "protocolVersion": "0.9.1",
                "description": "RabbitMQ.",
                "variables": {"host": {"default": "127.0.0.1"}, "port": {"default": "5672"}},
            }
        },
        "channels": channels,
        "operations": operations,
    }


def batch_channel(speaker: str) -> Document:
    """The channel on which a service's batches travel."""
    topics = [event.topic for event in EVENTS.values() if event.publisher == speaker]
    return {
        "address": speaker,
        "title": f"Batches of {speaker}",
        "description": "Up to 100 events or 256 kB a message, in the order of the log.",
        "messages": {"batch": batch_message(topics)},
        "bindings": exchange_binding("ticketwire.internal"),
    }


def batch_message(topics: Iterable[str]) -> Document:
    """A batch whose events are of these topics."""
    events = {"type": "array", "items": {"oneOf": [schema_ref(topic) for topic in topics]}}
    return {
        "name": "batch.v1",
        "title": "Batch",
        "summary": "Events that were committed together or soon after one another.",
        "contentType": "application/json",
        "payload": {"allOf": [schema_ref("batch.v1"), {"type": "object", "properties": {"events": events}}]},
        "examples": [{"name": "one_event", "payload": EXAMPLES["batch.v1"]}] if "ticket.opened.v1" in topics else [],
    }


def event_message(event: type[Event]) -> Document:
    """An event as it lies in a batch."""
    return described(event.topic, event) | {
        "payload": schema_ref(event.topic),
        "examples": shown(event.topic, EXAMPLES),
    }


def public_message(event: type[Event]) -> Document:
    """An event as outsiders hear it."""
    return described(event.topic, event) | {
        "correlationId": {"location": "$message.payload#/correlation"},
        "payload": {
            "allOf": [
                schema_ref("public_event.v1"),
                {"type": "object", "properties": {"type": {"const": event.topic}}},
            ]
        },
        "bindings": {"amqp": {"messageType": event.topic, "bindingVersion": BINDING}},
        "examples": shown(event.topic, PUBLIC_EXAMPLES),
    }


def commands_channel(service: str, obeyed: Iterable[type[Command]]) -> Document:
    """The queue from which a service takes orders."""
    return {
        "address": f"{service}.commands",
        "title": f"Orders to {service}",
        "description": "A classic durable queue; the asker repeats an order that was not answered in time.",
        "messages": {key(command.topic): order_message(command) for command in obeyed},
        "bindings": {
            "amqp": {
                "is": "queue",
                "queue": {
                    "name": f"{service}.commands",
                    "durable": True,
                    "exclusive": False,
                    "autoDelete": False,
                },
                "bindingVersion": BINDING,
            }
        },
    }


def answers_channel() -> Document:
    """The asker's own reply queue, named in each order."""
    answer = {
        "name": "answer.v1",
        "title": "Answer",
        "summary": "The events that came of the order, or the problem for which it was refused.",
        "contentType": "application/json",
        "payload": schema_ref("answer.v1"),
        "examples": shown("answer.v1", EXAMPLES),
    }
    return {"address": None, "title": "Answers", "messages": {"answer": answer}}


def order_message(command: type[Command]) -> Document:
    """A command in its envelope."""
    asked = {"type": {"const": command.topic}, "command": schema_ref(command.topic)}
    return described(command.topic, command) | {
        "payload": {"allOf": [schema_ref("order.v1"), {"type": "object", "properties": asked}]},
        "examples": [
            {
                "name": "order",
                "payload": EXAMPLES["order.v1"] | {"type": command.topic, "command": EXAMPLES[command.topic]},
            }
        ]
        if command.topic in EXAMPLES
        else [],
    }


def obeying(command: type[Command]) -> Document:
    """The operation of taking one command and answering it."""
    return {
        "action": "receive",
        "channel": {"$ref": "#/channels/commands"},
        "summary": docstring(command),
        "messages": [{"$ref": f"#/channels/commands/messages/{key(command.topic)}"}],
        "reply": {
            "address": {"location": "$message.header#/reply_to"},
            "channel": {"$ref": "#/channels/answers"},
            "messages": [{"$ref": "#/channels/answers/messages/answer"}],
        },
    }


def described(topic: str, kind: type[Event] | type[Command]) -> Document:
    """A message's name and what its docstring says."""
    return {
        "name": topic,
        "title": kind.__name__,
        "summary": docstring(kind),
        "contentType": "application/json",
    }


def shown(topic: str, examples: Mapping[str, Any]) -> list[Document]:
    """The topic's example, if it has one."""
    return [{"name": "example", "payload": examples[topic]}] if topic in examples else []


def schema_ref(topic: str) -> Document:
    """Where the schema lies, seen from ``contracts/asyncapi/``."""
    return {"$ref": f"../schemas/{topic}.schema.json"}


def exchange_binding(exchange: str) -> Document:
    """A routing key on one of the two topic exchanges."""
    return {
        "amqp": {
            "is": "routingKey",
            "exchange": {
                "name": exchange,
                "type": "topic",
                "durable": True,
                "autoDelete": False,
                "vhost": "/",
            },
            "bindingVersion": BINDING,
        }
    }


def key(topic: str) -> str:
    """A topic as the key of a map: AsyncAPI allows no dots there."""
    return topic.replace(".", "_")


def docstring(kind: type) -> str:
    """The first paragraph of a class's docstring, in one line."""
    return " ".join((kind.__doc__ or "").split("\n\n")[0].split())
