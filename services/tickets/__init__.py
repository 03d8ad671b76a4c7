"""tickets: the truth about tickets, queues, persons, groups and grants.

Hears ``mail.received`` from ingest and ``escalation.due`` from escalation; obeys all that people do to tickets,
queues, persons, groups and grants. Each accepted (or refused) command is one commit in its log; the relay says
what follows: ``ticket.*``, ``queue.*``, ``person.*``, ``group.*``, ``grant.*`` and ``mail.settled`` inside, and
the public part of ``ticket.*`` on the public exchange. Open ``domain/`` for the rules, ``publish.py`` for what is
said, ``handlers.py`` for how a command goes through.
"""
