"""A stand-in for a service: answers on ``/readyz`` and behaves as its argument says.

    fake_service.py PORT good|deaf|crash|stubborn|forking [FOLDER]

``crash`` ends with an error the first time it is started with FOLDER, and is good afterwards.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

PORT, WAY = int(sys.argv[1]), sys.argv[2]


class Ready(BaseHTTPRequestHandler):
    """200 for everything, or 503 for the deaf."""

    def do_GET(self) -> None:
        self.send_response(503 if WAY == "deaf" else 200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Not a word."""


if WAY == "crash":
    marker = Path(sys.argv[3]) / "crashed"
    if not marker.exists():
        marker.touch()
        raise RuntimeError("no luck today")
if WAY == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
else:
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
if WAY == "forking":
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)  # a worker left behind"])
print(f"listening on {PORT}", flush=True)
HTTPServer(("127.0.0.1", PORT), Ready).serve_forever()
