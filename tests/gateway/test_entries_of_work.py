"""Who sees which entry: what outsiders do not hear, customers do not see; forwards are seen like notes."""

from __future__ import annotations

import pytest

from services.gateway.domain.changes import changes
from services.gateway.domain.entries import entry
from services.gateway.handlers import SHOWN
from ticketwire_chassis.events import read_event
from ticketwire_contracts.catalogue import EVENTS
from ticketwire_contracts.examples import EXAMPLES
from ticketwire_contracts.tickets import MessageEvent, TicketAdoptedV1, TicketEvent

TOPICS = [topic for topic, event in EVENTS.items() if issubclass(event, TicketEvent)]


@pytest.mark.parametrize("topic", TOPICS)
def test_every_event_of_a_ticket_is_shown_to_the_right_people(topic: str) -> None:
    event = read_event(EXAMPLES[topic])
    assert isinstance(event, TicketEvent)
    assert type(event) in SHOWN
    row = entry(event)
    assert row is not None
    if isinstance(event, MessageEvent):
        assert row["audience"] == ("notes" if event.message.internal else "all")
        if not isinstance(event, TicketAdoptedV1):  # said before, elsewhere: outsiders do not hear it a second time
            assert event.message.internal != type(event).public
    else:
        assert row["audience"] == ("all" if type(event).public else "agents")


def test_the_fields_of_a_queue_reach_its_row_and_an_older_state_does_not_replace_them() -> None:
    made, fields = read_event(EXAMPLES["queue.created.v1"]), read_event(EXAMPLES["queue.fields_set.v1"])
    assert made is not None
    assert fields is not None
    for story in ([made, fields], [fields, made]):
        (kept,) = changes(story).kept.values()
        assert [one["name"] for one in kept.fields["fields"]] == ["room", "cause"]
