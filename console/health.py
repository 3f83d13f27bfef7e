"""Is it alive, and can it work."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get

from console.access import PUBLIC
from console.services import Services


@get("/healthz", may=PUBLIC)
async def healthz() -> dict[str, str]:
    """This process answers."""
    return {"status": "ok"}


@get("/readyz", may=PUBLIC)
async def readyz(request: Request[Any, Any, Any]) -> Response[Any]:
    """What it needs answers too: the database and Redis, by name."""
    services: Services = request.app.state.services
    parts = await services.ready()
    fine = all(parts.values())
    return Response(
        {"status": "ok" if fine else "waiting", **{name: "ok" if up else "down" for name, up in parts.items()}},
        status_code=200 if fine else 503,
    )


HANDLERS = [healthz, readyz]
