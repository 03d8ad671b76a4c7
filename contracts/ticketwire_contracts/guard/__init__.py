"""The guard of the contract: what must hold before anything of it is committed.

    python -m ticketwire_contracts.guard      part of ``make check``; silent and 0 when all holds

Each topic is named, described and in the catalogue (``classes``), has a schema and a valid example that
are up to date (``files``), a service that says or obeys it (``speakers``), a line in the change log
(``changelog``), and has not broken since it was released (``released``). A development tool: what a subscriber
installs does not need it.
"""
