"""Ticketwire's contract: every event that is said and every command that is obeyed, versioned.

One module per speaking service (``ingest``, ``tickets``, ``escalation``, ``notify``, ``gateway``): first the
values it speaks about, then what you may ask of it (commands), then what it says (events). ``catalogue``
lists them all; ``audit`` is asked of several alike; ``rights`` says what a grant means. Depends on pydantic only,
so an outside subscriber can install it without anything else of ours.
"""

__version__ = "0.1.0"
