"""Stylesheet, scripts and icon: served by ourselves, under a name that changes with their content."""

from __future__ import annotations

import hashlib
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

FOLDER = Path(__file__).parent / "static"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
A_YEAR = 31_536_000


class Assets:
    """The files, read once; ``mark`` stands for all of them, so modules may import each other by plain names."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._files = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix in TYPES}
        self.mark = hashlib.sha256(b"".join(self._files.values())).hexdigest()[:12]

    def address(self, name: str) -> str:
        """Where a file is served. ``KeyError`` for one that does not exist."""
        if name not in self._files:
            raise KeyError(name)
        return f"/static/{self.mark}/{name}"

    async def serve(self, request: Request) -> Response:
        """One file; browsers may keep it for good when they asked for it by the present mark."""
        name = request.path_params["name"]
        content = self._files.get(name)
        if content is None:
            raise HTTPException(404)
        fresh = request.path_params["mark"] == self.mark
        keep = f"public, max-age={A_YEAR}, immutable" if fresh else "no-cache"
        kind = TYPES[Path(name).suffix]
        return Response(content, media_type=kind, headers={"Cache-Control": keep, "X-Content-Type-Options": "nosniff"})
