"""notify: who hears what, and the mail that tells them.

Hears ``ticket.*`` and ``mail.settled``, and keeps a directory from ``queue.*``, ``person.*``, ``group.*`` and
``grant.*``; obeys ``resend``. Each event and recipient come to one outgoing row with a deterministic Message-ID
(``domain/telling.py`` decides who hears, ``render.py`` writes), which is sent at once and, if the next server will
not have it now, again over two days. Says ``notification.sent`` and ``notification.failed``. In one window (accepted
by the next server, its answer lost) a mail may arrive twice, with the same Message-ID.
"""
