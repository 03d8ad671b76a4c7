"""The native run: mongod, RabbitMQ, a local SMTP sink and the five services as processes of this machine.

``python -m deploy.local`` runs it in the foreground. As a library: ``Plan`` says what runs where, ``Stack`` starts
and stops it; tests and the benchmark start whole systems of their own with these two.
"""
