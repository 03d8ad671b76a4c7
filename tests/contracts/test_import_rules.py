"""Each of the four import rules holds on the tree and breaks on a planted violation."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from .conftest import ROOT, Tree

STANDS_ALONE = "Contracts stand alone: pydantic and nothing of ours"
PURE = "Domain is pure: it imports contracts and pure libraries only"
RANKS = "Inside a service: app, settings, edges, views and publish, domain"
INDEPENDENT = "Services know nothing of each other"


def broken_rules(tree: Tree) -> set[str]:
    """The names of the rules that import-linter finds broken."""
    done = tree.run("-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-cache")
    rules = (STANDS_ALONE, PURE, RANKS, INDEPENDENT)
    lines = done.stdout.splitlines()
    for rule in rules:
        assert any(line.startswith(rule) for line in lines), done.stdout + done.stderr
    broken = {rule for rule in rules if any(line.startswith(f"{rule} BROKEN") for line in lines)}
    assert done.returncode == (1 if broken else 0), done.stdout + done.stderr
    return broken


def small_service(tree: Tree, name: str) -> None:
    """A service that keeps every rule."""
    tree.write(f"services/{name}/__init__.py", '"""A service."""\n')
    tree.write(f"services/{name}/app.py", "from . import settings, store\n")
    tree.write(f"services/{name}/settings.py", "")
    tree.write(f"services/{name}/store.py", "from . import domain\n")
    tree.write(f"services/{name}/handlers.py", "from . import domain\n")
    tree.write(f"services/{name}/domain.py", "import ticketwire_contracts.base\n")


def test_the_tree_itself_is_clean(tree: Tree) -> None:
    assert broken_rules(tree) == set()


@pytest.mark.parametrize(
    ("file", "text", "broken"),
    [
        ("services/post/handlers.py", "import services.tea.domain\n", {INDEPENDENT}),
        ("services/post/handlers.py", "from ..tea import store\n", {INDEPENDENT}),
        ("services/post/domain.py", "from . import store\n", {RANKS}),
        ("services/post/handlers.py", "from . import store\n", {RANKS}),
        ("services/post/store.py", "from . import app\n", {RANKS}),
        ("services/post/utils.py", "", {RANKS}),
        ("services/post/domain.py", "import motor\n", {PURE}),
        ("services/post/domain.py", "import ticketwire_chassis.mongo\n", {PURE}),
        ("services/post/domain.py", "import structlog\n", {PURE}),
        ("contracts/ticketwire_contracts/base.py", "import ticketwire_chassis.events\n", {STANDS_ALONE}),
        ("contracts/ticketwire_contracts/base.py", "import services.post.domain\n", {STANDS_ALONE}),
        ("contracts/ticketwire_contracts/base.py", "import orjson\n", {STANDS_ALONE}),
    ],
    ids=[
        "a_neighbour",
        "a_neighbour_relatively",
        "domain_knows_the_store",
        "edges_know_each_other",
        "an_edge_knows_app",
        "a_module_outside_the_vocabulary",
        "domain_reads_mongo",
        "domain_knows_the_chassis",
        "domain_logs",
        "contracts_know_the_chassis",
        "contracts_know_a_service",
        "contracts_need_another_library",
    ],
)
def test_a_planted_import_breaks_its_rule(tree: Tree, file: str, text: str, broken: set[str]) -> None:
    small_service(tree, "post")
    small_service(tree, "tea")
    path = tree.root / file
    tree.write(file, (path.read_text(encoding="utf-8") if path.exists() else "") + text)
    assert broken_rules(tree) >= broken


def test_services_that_keep_the_rules_break_none(tree: Tree) -> None:
    small_service(tree, "post")
    small_service(tree, "tea")
    assert broken_rules(tree) == set()


def test_only_the_chassis_opens_the_doors_to_broker_and_database() -> None:
    """ADR 0007: everyone else would have to change with the driver."""
    doors = {"aio_pika", "bson", "faststream", "gridfs", "motor", "pymongo"}
    opened = [
        f"{path.relative_to(ROOT)} imports {name}"
        for folder in ("services", "contracts")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for name in imported(path)
        if name.split(".")[0] in doors
    ]
    assert opened == []


def imported(path: Path) -> list[str]:
    """Every module that a file imports, wherever in it."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    return names + [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level]
