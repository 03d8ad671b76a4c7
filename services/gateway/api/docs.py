"""The API's documentation as one plain page, written from its own OpenAPI document, without scripts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

Document = dict[str, Any]

STYLE = Path(__file__).with_name("docs.css").read_bytes()
INTRODUCTION = """
<p>Log in with <code>POST /api/v1/sessions</code> and send the token as <code>Authorization: Bearer …</code>.
A list is <code>{"items": […], "next": cursor or null}</code>. An error is a problem of
<a href="https://www.rfc-editor.org/rfc/rfc9457">RFC 9457</a>. What you may not see does not exist for you (404).
<code>ETag</code> of a ticket is its version; send it as <code>If-Match</code> to refuse what has changed since (412).
With <code>Idempotency-Key</code> a request that is sent twice is done once.
The same as a document for programs: <a href="/api/openapi.json">openapi.json</a>.</p>
"""


def docs(document: Callable[[], Document]) -> list[BaseRoute]:
    """The page and its stylesheet."""
    page: list[str] = []

    async def show(_: Request) -> Response:
        if not page:
            page.append(render(document()))
        return HTMLResponse(page[0])

    async def style(_: Request) -> Response:
        return Response(STYLE, media_type="text/css")

    return [Route("/api/docs", show), Route("/api/docs.css", style)]


def render(document: Document) -> str:
    """The whole page."""
    by_tag: dict[str, list[tuple[str, str, Document]]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            by_tag.setdefault(operation.get("tags", ["Other"])[0], []).append((path, method, operation))
    contents = "".join(f'<li><a href="#{escape(tag)}">{escape(tag)}</a></li>' for tag in by_tag)
    sections = "".join(
        f'<section id="{escape(tag)}"><h2>{escape(tag)}</h2>'
        + "".join(_operation(document, *one) for one in members)
        + "</section>"
        for tag, members in by_tag.items()
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<title>Ticketwire API</title><link rel="stylesheet" href="/api/docs.css"></head><body>'
        f'<main><h1>Ticketwire API</h1>{INTRODUCTION}<nav aria-label="Contents"><ul>{contents}</ul></nav>'
        f"{sections}</main></body></html>"
    )


def _operation(document: Document, path: str, method: str, operation: Document) -> str:
    parts = [
        f'<h3><span class="method {method}">{method.upper()}</span> <code>{escape(path)}</code></h3>',
        f"<p>{_prose(operation.get('description') or operation.get('summary', ''))}</p>",
        _table("Parameters", list(_parameters(document, operation))),
        _table("Body", list(_body(document, operation))),
    ]
    answers = ", ".join(_answer(document, status, one) for status, one in operation["responses"].items())
    parts.append(f'<p class="answers">Answers {answers}</p>')
    return f"<article>{''.join(parts)}</article>"


def _parameters(document: Document, operation: Document) -> Iterator[tuple[str, str, str]]:
    for one in operation.get("parameters", ()):
        about = one.get("description") or one["schema"].get("description", "")
        yield one["name"], f"{one['in']}, {_type(document, one['schema'])}", about


def _body(document: Document, operation: Document) -> Iterator[tuple[str, str, str]]:
    content = operation.get("requestBody", {}).get("content", {})
    for media, one in content.items():
        schema = _resolved(document, one["schema"])
        if "properties" not in schema:
            yield "(the whole body)", media, ""
        for name, field in schema.get("properties", {}).items():
            must = "" if name in schema.get("required", ()) else ", optional"
            yield name, _type(document, field) + must, field.get("description", "")


def _answer(document: Document, status: str, response: Document) -> str:
    for one in response.get("content", {}).values():
        shape = one.get("schema", {})
        if shape:
            return f"<b>{status}</b> {escape(_type(document, shape))}"
    return f"<b>{status}</b>"


def _table(title: str, rows: list[tuple[str, str, str]]) -> str:
    if not rows:
        return ""
    lines = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{escape(kind)}</td><td>{_prose(about)}</td></tr>"
        for name, kind, about in rows
    )
    return f"<table><caption>{title}</caption><tbody>{lines}</tbody></table>"


def _type(document: Document, schema: Document) -> str:
    if "$ref" in schema:
        return _name(schema["$ref"])
    if "anyOf" in schema:
        return " or ".join(_type(document, one) for one in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        return f"list of {_type(document, schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type") or "anything")


def _resolved(document: Document, schema: Document) -> Document:
    if "$ref" in schema:
        found: Document = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return found
    return schema


def _name(reference: str) -> str:
    word = reference.rpartition("/")[2]
    page = re.fullmatch(r"Page_(\w+?)_?", word)
    return f"page of {page[1]}" if page else word


def _prose(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text.replace("``", "`")))
