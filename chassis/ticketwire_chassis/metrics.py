"""Metrics for Prometheus. Names begin with ``ticketwire_``; labels are few and bounded."""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

MONGO_CALLS = Counter("ticketwire_mongo_calls", "Calls to MongoDB", ["operation"])
BROKER_SENT = Counter("ticketwire_broker_sent", "Messages published", ["exchange"])
BROKER_TAKEN = Counter("ticketwire_broker_taken", "Messages consumed", ["queue"])
EVENTS_SAID = Counter("ticketwire_events_said", "Events published inside")
EVENTS_HEARD = Counter("ticketwire_events_heard", "Events handled")
BATCH_SIZE = Histogram(
    "ticketwire_batch_events", "Events handled at once", buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500)
)
RETRIED = Counter("ticketwire_retried", "Events sent to a wait queue", ["delay"])
PARKED = Counter("ticketwire_parked", "Events parked")
PUBLIC_REFUSED = Counter("ticketwire_public_refused", "Public events that the broker refused")
PUBLIC_BEHIND = Gauge("ticketwire_public_behind", "Places of the log that outsiders have not heard yet")
COMMANDS = Counter("ticketwire_commands", "Commands obeyed", ["outcome"])
COMMITS = Counter("ticketwire_commits", "Commits written")
CONFLICTS = Counter("ticketwire_conflicts", "Commits decided again because someone was faster")
RELAY_SILENT = Gauge("ticketwire_relay_silent_seconds", "How long this replica's relay has failed to say anything")
LEADING = Gauge("ticketwire_relay_leading", "1 while this replica relays the log")


async def metrics(_: Request) -> Response:
    """What Prometheus scrapes."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


routes = [Route("/metrics", metrics)]
