"""How long the tests that draw at random go on: ``TICKETWIRE_TEST_LONGER=20`` makes them twenty times as long."""

from __future__ import annotations

import os

LONGER = max(int(os.environ.get("TICKETWIRE_TEST_LONGER", "1")), 1)
