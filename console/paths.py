"""Path segments as they were sent: a slash or a dot inside an id is part of the id, never of the path."""

from __future__ import annotations

from urllib.parse import unquote

from litestar.types import ASGIApp, Receive, Scope, Send

SLASH = "\x1f"
"""Stands for a slash inside a segment; ids can't hold control characters."""


def whole_segments(app: ASGIApp) -> ASGIApp:
    """Splits the path before decoding it, so that `%2F` in a user id reaches the handler."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        raw = scope.get("raw_path")
        if scope["type"] == "http" and raw and b"%" in raw:
            path = raw.partition(b"?")[0].decode("ascii", "replace")
            scope["path"] = "/".join(unquote(part, errors="replace").replace("/", SLASH) for part in path.split("/"))
        await app(scope, receive, send)

    return wrapped


def segment(value: str) -> str:
    """The id in a path parameter."""
    return value.replace(SLASH, "/")
