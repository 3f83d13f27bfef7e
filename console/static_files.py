"""Stylesheet, script and icon, from this folder alone."""

from __future__ import annotations

from functools import cache
from typing import Any

from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from console.access import PUBLIC
from console.html import STATIC

TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FOREVER = "public, max-age=31536000, immutable"


@cache
def _files() -> dict[str, bytes]:
    return {str(path.relative_to(STATIC)): path.read_bytes() for path in STATIC.rglob("*") if path.suffix in TYPES}


@get("/static/{name:path}", may=PUBLIC)
async def static_file(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
    """By exact name: nothing outside the list can be asked for."""
    name = name.lstrip("/")
    content = _files().get(name)
    if content is None:
        raise NotFoundException("There is no such file.")
    caching = FOREVER if "v" in request.query_params else "no-cache"
    return Response(
        content,
        media_type=TYPES[name[name.rindex(".") :]],
        headers={"Cache-Control": caching, "Cross-Origin-Resource-Policy": "same-origin"},
    )


HANDLERS = [static_file]
