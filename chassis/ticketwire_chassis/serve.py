"""Runs one service: ``python -m ticketwire_chassis.serve tickets``.

Uvicorn on uvloop with two things of ours: long answers (SSE) are told of the stop before uvicorn waits for
them, and there is no access log, since a line per request says nothing that the metrics do not.
"""

from __future__ import annotations

import importlib
import sys
from types import FrameType

import uvicorn
from pydantic import ValidationError


class Server(uvicorn.Server):
    """Uvicorn that tells the service of the stop first."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """SIGTERM or SIGINT."""
        service = getattr(getattr(self.config.loaded_app, "state", None), "service", None) or _service
        if service is not None:
            service.stopping.set()
        super().handle_exit(sig, frame)


_service = None


def main() -> None:
    """The one argument is the service's name."""
    global _service
    if len(sys.argv) != 2:
        sys.exit("usage: python -m ticketwire_chassis.serve SERVICE")
    name = sys.argv[1]
    sys.path.insert(0, "")
    try:
        module = importlib.import_module(f"services.{name}.app")
    except ValidationError as error:
        lines = [f"  {name.upper()}_{'_'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors()]
        sys.exit(f"{name}: settings are missing or wrong (TICKETWIRE_… counts for all services):\n" + "\n".join(lines))
    app = module.app
    _service = app.state.service
    settings = _service.settings
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=4,
        server_header=False,
        # only a door for people stands behind proxies; elsewhere nobody's word is taken for another's address
        forwarded_allow_ips=getattr(settings, "trusted_proxies", ""),
    )
    Server(config).run()


if __name__ == "__main__":
    main()
