"""Who may do what: roles and permissions as data, and the guard that keeps every route closed unless it says what it needs."""

from __future__ import annotations

from dataclasses import dataclass
from hmac import compare_digest
from typing import Any

from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.handlers import BaseRouteHandler

PUBLIC = "public"
"""Open to anyone: the answer pages, health, sign-in, the stylesheet."""
BACKEND = "backend"
"""The exchange's backend with its bearer token: the inbox API."""

PERMISSIONS: dict[str, str] = {
    "overview": "see how the watch is going",
    "findings": "see findings with their reasons",
    "decide": "say fraud or genuine of a finding",
    "users": "see what is normal for an account, and its timeline",
    "notices": "search notices and see one as it was sent, contacts masked",
    "deliveries": "see what reached nobody, and what text messages cost",
    "redrive": "have messages that reached nobody sent again",
    "verify": "have the ledger verified",
    "words": "see every kind of notice with sample data, and its editions",
    "submit_words": "submit words of notices for approval",
    "approve_words": "approve words that someone else submitted, or take an earlier edition back",
    "announcements": "see announcements, whom they reach and how far they have gone out",
    "announce": "write announcements, submit them for approval, and end them",
    "approve_announcements": "approve announcements that someone else wrote",
    "reveal": "see a whole contact; needs a reason and leaves a trace in the ledger",
    "detectors": "see detectors, their configuration and cases",
    "embedded": "see the mailbox and the demo inbox of the one-machine stack",
}

ROLES: dict[str, frozenset[str]] = {
    "security": frozenset({"overview", "findings", "decide", "users", "notices", "detectors", "words", "submit_words"})
    | {"announcements", "announce", "deliveries", "redrive"},
    "compliance": frozenset(
        {"overview", "findings", "users", "notices", "verify", "reveal", "detectors", "words", "submit_words", "approve_words"}
    )
    | {"announcements", "announce", "approve_announcements", "deliveries"},
    "admin": frozenset({"overview", "detectors", "embedded", "words", "submit_words", "deliveries", "redrive"}),
}
"""An admin runs the console; reading people's notices and deciding on them are other people's work."""


@dataclass(frozen=True)
class Staff:
    """Someone signed in. `csrf` belongs to this session and is asked of each of its changes."""

    name: str
    roles: frozenset[str]
    csrf: str
    session: str

    def may(self, permission: str) -> bool:
        return any(permission in ROLES.get(role, ()) for role in self.roles)


async def guard(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Refuses what the route's `may` doesn't allow; a route without `may` is closed to all."""
    need = handler.opt.get("may")
    if need == PUBLIC:
        return
    if need == BACKEND:
        check_bearer(connection)
        return
    if need not in PERMISSIONS:
        raise PermissionDeniedException("This page declares no permission, so it is closed.")
    staff: Staff | None = connection.scope.get("staff")  # type: ignore[assignment]
    if staff is None or await connection.app.state.services.signed_out(staff):
        raise NotAuthorizedException("Sign in first.")
    if not staff.may(need):
        raise PermissionDeniedException(f"Your role does not allow to {PERMISSIONS[need]}.")


def check_bearer(connection: ASGIConnection[Any, Any, Any, Any]) -> None:
    """Raises NotAuthorizedException unless the request carries the configured token; always when none is configured."""
    expected = connection.app.state.services.api_token
    scheme, _, given = connection.headers.get("authorization", "").partition(" ")
    matches = compare_digest(given.strip().encode(), expected.encode())
    if not expected or scheme.lower() != "bearer" or not matches:
        raise NotAuthorizedException("bearer token missing or wrong", headers={"WWW-Authenticate": "Bearer"})
