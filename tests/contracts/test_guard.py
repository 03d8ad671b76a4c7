"""Each guard of the contract holds on the tree and breaks on a planted violation."""

from __future__ import annotations

from .conftest import Tree

TICKETS = "contracts/ticketwire_contracts/tickets/events.py"
CATALOGUE = "contracts/ticketwire_contracts/catalogue.py"

TICKET_PAINTED = '''

class TicketPaintedV1(TicketEvent):
    """Sent when a ticket was painted."""

    topic: ClassVar[str] = "ticket.painted.v1"
    before: str = Field(description="Colour before.")
'''


def declare_ticket_painted(tree: Tree, text: str = TICKET_PAINTED) -> None:
    tree.append(TICKETS, text)
    tree.replace(CATALOGUE, "tickets.TicketEscalatedV1,", "tickets.TicketEscalatedV1, tickets.events.TicketPaintedV1,")


def of(topic: str, lines: list[str]) -> list[str]:
    return [line for line in lines if line.startswith(f"{topic}: ")]


def test_the_tree_itself_is_clean(tree: Tree) -> None:
    assert tree.guard() == []


def test_a_new_topic_needs_schema_example_publisher_and_a_line_in_the_changelog(tree: Tree) -> None:
    tree.write("services/tickets/app.py", "")
    declare_ticket_painted(tree)
    missing = " ".join(of("ticket.painted.v1", tree.guard()))
    assert "has no schema" in missing
    assert "has no example" in missing
    assert "services/tickets does not say it" in missing
    assert "has no line in contracts/CHANGELOG.md" in missing


def test_a_schema_alone_is_not_enough(tree: Tree) -> None:
    declare_ticket_painted(tree)
    tree.make_schemas()
    missing = " ".join(of("ticket.painted.v1", tree.guard()))
    assert "has no schema" not in missing
    assert "has no example" in missing


def test_importing_an_event_is_not_saying_it(tree: Tree) -> None:
    tree.write("services/tickets/app.py", "")
    declare_ticket_painted(tree)
    tree.write("services/tickets/publish_more.py", "from ticketwire_contracts.tickets import TicketPaintedV1\n")
    assert "services/tickets does not say it" in " ".join(tree.guard())
    tree.write("services/tickets/publish_more.py", "import x\nsaid = x.TicketPaintedV1(before='support')\n")
    assert "services/tickets does not say it" not in " ".join(tree.guard())


def test_a_command_that_nobody_obeys_is_found(tree: Tree) -> None:
    tree.write("services/escalation/app.py", "")
    tree.append(
        "contracts/ticketwire_contracts/escalation.py",
        '\n\nclass AskForTeaV1(Command):\n    """Asks for tea."""\n\n'
        '    topic: ClassVar[str] = "ask_for_tea.v1"\n    obeyed_by: ClassVar[str] = "escalation"\n',
    )
    tree.replace(CATALOGUE, "escalation.SetPolicyV1,", "escalation.SetPolicyV1, escalation.AskForTeaV1,")
    assert "services/escalation does not obey it" in " ".join(of("ask_for_tea.v1", tree.guard()))


def test_a_class_that_changed_without_make_schemas_is_found(tree: Tree) -> None:
    tree.replace(TICKETS, '"""Sent when the owner changed."""', '"""Sent when the owner changed, or left."""')
    found = tree.guard()
    assert any("ticket.owner_changed.v1.schema.json: is not what the classes say" in line for line in found)
    assert all("Run `make schemas`" in line for line in found[:-1])
    tree.make_schemas()
    assert tree.guard() == []


def test_writing_again_changes_nothing(tree: Tree) -> None:
    assert tree.make_schemas() == "0 files changed\n"


def test_a_hand_edited_example_is_found(tree: Tree) -> None:
    tree.replace("contracts/examples/ticket.opened.v1.json", '"status": "new"', '"status": "newish"')
    assert "contracts/examples/ticket.opened.v1.json: is not what the classes say" in " ".join(tree.guard())


def test_an_example_that_its_class_refuses_is_found(tree: Tree) -> None:
    tree.replace("contracts/examples/ticket.opened.v1.json", '"priority": 50', '"priority": 500')
    assert "its class refuses the example (ticket.priority" in " ".join(of("ticket.opened.v1", tree.guard()))


def test_an_example_that_its_schema_refuses_is_found(tree: Tree) -> None:
    tree.replace("contracts/schemas/resend.v1.schema.json", '"type": "string"', '"type": "integer"')
    assert "its schema refuses the example" in " ".join(of("resend.v1", tree.guard()))


def test_a_file_without_a_topic_is_found_and_taken_away(tree: Tree) -> None:
    tree.write("contracts/schemas/ticket.lost.v1.schema.json", "{}\n")
    assert "ticket.lost.v1.schema.json: belongs to no topic any more" in " ".join(tree.guard())
    assert "removed schemas/ticket.lost.v1.schema.json" in tree.make_schemas()


def test_a_class_left_out_of_the_catalogue_is_found(tree: Tree) -> None:
    tree.append(TICKETS, TICKET_PAINTED)
    assert "TicketPaintedV1: is not in the catalogue" in " ".join(tree.guard())


def test_a_topic_that_does_not_follow_from_its_class_is_found(tree: Tree) -> None:
    declare_ticket_painted(tree, TICKET_PAINTED.replace("ticket.painted.v1", "ticket.shifted.v1"))
    assert "TicketPaintedV1: its topic is `ticket.shifted.v1`" in " ".join(tree.guard())


def test_a_field_without_description_is_found(tree: Tree) -> None:
    declare_ticket_painted(tree, TICKET_PAINTED.replace('Field(description="Colour before.")', "Field()"))
    assert "TicketPaintedV1: field `before` has no description" in " ".join(tree.guard())


def test_an_event_that_does_not_say_when_it_is_sent_is_found(tree: Tree) -> None:
    declare_ticket_painted(tree, TICKET_PAINTED.replace("Sent when a ticket was painted", "A ticket was painted"))
    assert "TicketPaintedV1: its docstring does not begin with `Sent`" in " ".join(tree.guard())


def test_a_version_without_a_heading_is_found(tree: Tree) -> None:
    tree.replace("contracts/CHANGELOG.md", "## 0.1.0", "## 0.0.9")
    assert "contracts/CHANGELOG.md: has no heading for 0.1.0" in " ".join(tree.guard())


def test_a_released_shape_that_breaks_is_found_even_when_all_files_are_up_to_date(tree: Tree) -> None:
    assert tree.run("-m", "ticketwire_contracts.schemas", "--release").returncode == 0
    tree.replace(TICKETS, '    before: int = Field(description="Priority before.")\n', "")
    tree.replace("contracts/ticketwire_contracts/examples/tickets.py", "        before=50,\n", "")
    tree.make_schemas()
    found = of("ticket.priority_changed.v1", tree.guard())
    assert any("breaks its released shape: `before` is gone" in line for line in found)
    assert all("make a V2 class" in line for line in found)
    refused = tree.run("-m", "ticketwire_contracts.schemas", "--release")
    assert refused.returncode == 1
    assert "breaks its released shape" in refused.stderr


def test_a_released_shape_may_grow_by_an_optional_field(tree: Tree) -> None:
    assert tree.run("-m", "ticketwire_contracts.schemas", "--release").returncode == 0
    tree.replace(
        TICKETS,
        '    before: int = Field(description="Priority before.")\n',
        '    before: int = Field(description="Priority before.")\n'
        '    why: str | None = Field(default=None, description="Why.")\n',
    )
    tree.make_schemas()
    assert tree.guard() == []
