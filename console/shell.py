"""What every staff page has around it: the rooms one may enter, the lamp, how many findings wait."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from litestar import Request, Response

from console.access import Staff
from console.html import page
from console.services import Services


@dataclass(frozen=True)
class Room:
    name: str
    title: str
    href: str
    key: str
    permission: str


ROOMS = (
    Room("overview", "Overview", "/", "o", "overview"),
    Room("findings", "Findings", "/findings", "f", "findings"),
    Room("cases", "Cases", "/cases", "", "findings"),
    Room("campaigns", "Campaigns", "/campaigns", "c", "findings"),
    Room("users", "Users", "/users", "u", "users"),
    Room("notices", "Notices", "/notices", "n", "notices"),
    Room("deliveries", "Deliveries", "/deliveries", "", "deliveries"),
    Room("feedback", "Feedback", "/feedback", "", "notices"),
    Room("announcements", "Announcements", "/announcements", "", "announcements"),
    Room("catalogue", "Catalogue", "/catalogue", "w", "words"),
    Room("detectors", "Detectors", "/detectors", "d", "detectors"),
    Room("models", "Models", "/models", "l", "detectors"),
    Room("mailbox", "Mailbox", "/mailbox", "m", "embedded"),
    Room("demo", "Demo inbox", "/demo", "i", "embedded"),
)


def rooms_of(staff: Staff, embedded: bool) -> list[Room]:
    """Doors that wouldn't open aren't shown."""
    return [room for room in ROOMS if staff.may(room.permission) and (embedded or room.permission != "embedded")]


def staff_of(request: Request[Any, Any, Any]) -> Staff:
    """Who is signed in; the guard let nobody else through."""
    staff: Staff = request.scope["staff"]  # type: ignore[typeddict-item]
    return staff


async def staff_page(request: Request[Any, Any, Any], template: str, here: str, *, status: int = 200, **values: Any) -> Response[str]:
    """A page of the console."""
    services: Services = request.app.state.services
    staff = staff_of(request)
    watch, waiting = await asyncio.gather(services.watch(), services.open_count())
    return page(
        template,
        status=status,
        staff=staff,
        here=here,
        rooms=rooms_of(staff, services.embedded),
        watch=watch,
        open_count=waiting if staff.may("findings") else 0,
        now=services.now(),
        brand=services.brand,
        **values,
    )
