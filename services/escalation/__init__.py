"""escalation: the promises of each queue, and when a ticket is about to break one.

Hears ``ticket.*`` and ``queue.*`` from tickets; obeys ``set_policy``. Keeps one row per ticket with the facts of its
clocks and the steps still to come (``domain.py``), sleeps until the soonest (``timers.py``) and says
``escalation.due``: tickets decides whether it still counts. Says ``timers.set`` for the views when deadlines moved,
and ``policy.set``. In this first cut there is one clock, *first response*, in plain minutes; working time comes
with calendars.
"""
