"""What people and things are called on these pages, instead of ``person:anna`` and ``queue:support``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ticketwire_chassis.i18n import N_

from ...views import Refused
from ..prose import clean_line
from ..visits import Visit
from .chapters import CHAPTERS
from .words import ROLES

EVERYWHERE = N_("everywhere")
EVERYONE = N_("everyone")
CUSTOMERS = N_("all customers")
SEVERAL = 20
"""So many customers are looked up by name for one page; more stand there by their ids."""


@dataclass(frozen=True)
class Named:
    """Something by its name: ``word`` for forms and addresses, ``text`` to read, ``href`` to its page if any."""

    word: str
    kind: str
    text: str
    href: str = ""


@dataclass(frozen=True)
class Option:
    """A choice of someone or something."""

    value: str
    text: str


def named(visit: Visit, word: str) -> Named:
    """Someone or something by its name; with the way to its page for those who may open that."""
    found = known(visit, word)
    needed = next((one.right for one in CHAPTERS if found.href.startswith(f"{one.path}/")), None)
    may = needed is None or visit.asker.directory.may(visit.asker.viewer, needed)
    return found if may else replace(found, href="")


def known(visit: Visit, word: str) -> Named:
    """A person, group, role, queue, lifecycle or ticket by its name, as far as the directory knows it."""
    directory, t = visit.asker.directory, visit.reader.t
    fixed = {"everyone": EVERYONE, "all": EVERYWHERE, "customers": CUSTOMERS}
    if word in fixed:
        return Named(word, word, t(fixed[word]))
    if word.startswith("person/"):
        return Named(word, "person", word.removeprefix("person/")[:12], f"/admin/people/{word.removeprefix('person/')}")
    kind, _, name = word.partition(":")
    if kind == "person" and (agent := directory.by_login.get(name)):
        return Named(word, kind, clean_line(agent.name or name), f"/admin/people/{agent.id.removeprefix('person/')}")
    if kind == "group" and (group := directory.groups.get(name)):
        return Named(word, kind, clean_line(group.title or name), f"/admin/groups/{name}")
    if kind == "queue" and (queue := directory.queues.get(name)):
        return Named(word, kind, clean_line(queue.title or name), f"/admin/queues/{name}")
    if kind == "lifecycle" and (lifecycle := directory.lifecycles.get(name)):
        return Named(word, kind, clean_line(lifecycle.title or name), f"/admin/lifecycles/{name}")
    if kind == "role" and name in ROLES:
        return Named(word, kind, t(ROLES[name]))
    return Named(word, kind, clean_line(name or word), f"/tickets/{name}" if kind == "ticket" else "")


async def named_all(visit: Visit, words: Iterable[str]) -> dict[str, Named]:
    """Many at once; the first customers among them by their names too, for those who may know them."""
    found = {word: named(visit, word) for word in words}
    customers = [word for word in found if word.startswith("person/")][:SEVERAL]
    if visit.asker.directory.may(visit.asker.viewer, "person.admin"):
        for word in customers:
            try:
                person = await visit.views.administration.person(visit.asker, word)
            except Refused:
                continue
            name = person.name or next(iter(person.addresses), "")
            found[word] = replace(found[word], text=clean_line(name) or found[word].text)
    return found


def agents(visit: Visit) -> list[Option]:
    """Agents who are not disabled, to choose from."""
    found = [agent for agent in visit.asker.directory.agents.values() if agent.login and not agent.disabled]
    return [Option(f"person:{agent.login}", f"{clean_line(agent.name)} ({agent.login})") for agent in found]


def groups(visit: Visit) -> list[Option]:
    """Groups to choose from."""
    found = visit.asker.directory.groups.values()
    return [Option(f"group:{group.name}", clean_line(group.title or group.name)) for group in found]


def roles(visit: Visit) -> list[Option]:
    """Roles to choose from, and everyone."""
    t = visit.reader.t
    return [*(Option(f"role:{name}", t(text)) for name, text in ROLES.items()), Option("everyone", t(EVERYONE))]


def queues(visit: Visit) -> list[Option]:
    """Queues to choose from."""
    found = visit.asker.directory.queues.values()
    return [Option(f"queue:{queue.name}", clean_line(queue.title or queue.name)) for queue in found]
