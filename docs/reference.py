"""Writes what the documents repeat of the code: rights, settings, metrics.

    python docs/reference.py

Each stands between two marks in its page (``<!-- rights -->`` and ``<!-- /rights -->``); a test says when one is old.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import ModuleType

from prometheus_client import Counter, Histogram
from prometheus_client.metrics import MetricWrapperBase
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from ticketwire_chassis import metrics as common
from ticketwire_chassis.settings import ServiceSettings
from ticketwire_contracts.rights import AGENT_RIGHTS, RIGHTS

DOCS = Path(__file__).resolve().parent
SERVICES = ("ingest", "tickets", "escalation", "notify", "gateway")


def main() -> None:
    """Writes them all."""
    for path in sorted({DOCS / page for page, _ in PARTS}):
        path.write_text(renewed(path), encoding="utf-8")


def renewed(path: Path) -> str:
    """A page with its parts as they should be now."""
    text = path.read_text(encoding="utf-8")
    for (page, mark), write in PARTS.items():
        if path == DOCS / page:
            text, found = re.subn(
                rf"(<!-- {mark} -->\n).*?(<!-- /{mark} -->)", rf"\g<1>{_escaped(write())}\g<2>", text, flags=re.DOTALL
            )
            if found != 1:
                raise ValueError(f"{page}: the marks of {mark} stand there {found} times")
    return text


def rights() -> str:
    """What each right lets one do."""
    return _table(("right", "lets one"), ((f"`{right}`", meaning) for right, meaning in RIGHTS.items()))


def usual() -> str:
    """What an agent usually may in a queue."""
    return " ".join(f"`{right}`" for right in AGENT_RIGHTS) + "\n"


def settings() -> str:
    """The variables: those that all services have, then each service's own."""
    shared = ServiceSettings.model_fields
    rows = [_setting("TICKETWIRE", name, field) for name, field in shared.items() if name != "port"]
    for service in SERVICES:
        fields = importlib.import_module(f"services.{service}.settings").Settings.model_fields
        own = {name: field for name, field in fields.items() if name == "port" or name not in shared}
        rows += [_setting(service.upper(), name, field) for name, field in own.items()]
    return _table(("variable", "without it", "meaning"), rows)


def _setting(prefix: str, name: str, field: FieldInfo) -> tuple[str, str, str]:
    default = field.default.get_secret_value() if isinstance(field.default, SecretStr) else field.default
    shown = "–" if default in (None, "") else f"`{default}`"
    return f"`{prefix}_{name.upper()}`", "must be set" if field.is_required() else shown, field.description or ""


def metrics() -> str:
    """What each service counts: those of all services, then its own."""
    rows = [("all", *row) for row in _metrics_of(common)]
    for service in SERVICES:
        rows += [(service, *row) for module in _modules_of(service) for row in _metrics_of(module)]
    return _table(("service", "metric", "labels", "counts"), rows)


def _metrics_of(module: ModuleType) -> Iterator[tuple[str, str, str]]:
    for metric in vars(module).values():
        if isinstance(metric, MetricWrapperBase) and (module is common or metric not in vars(common).values()):
            end = "_total" if isinstance(metric, Counter) else "_bucket" if isinstance(metric, Histogram) else ""
            labels = " ".join(f"`{label}`" for label in metric._labelnames) or "–"
            yield f"`{metric._name}{end}`", labels, metric._documentation


def _modules_of(service: str) -> Iterator[ModuleType]:
    """All but its composition root, which begins to work when it is read."""
    package = importlib.import_module(f"services.{service}")
    for found in sorted(pkgutil.walk_packages(package.__path__, f"{package.__name__}."), key=lambda one: one.name):
        if not found.name.endswith((".app", ".__main__")):
            yield importlib.import_module(found.name)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n".replace("| --- ", "|---").replace("--- |", "---|") for cells in lines)


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\")


PARTS: dict[tuple[str, str], Callable[[], str]] = {
    ("administration.md", "rights"): rights,
    ("administration.md", "usual"): usual,
    ("operations.md", "settings"): settings,
    ("operations.md", "metrics"): metrics,
}
"""What stands where: page and mark."""

if __name__ == "__main__":
    sys.path.insert(0, str(DOCS.parent))
    main()
