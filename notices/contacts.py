"""Contacts that a change replaced. Whoever takes an account over changes them first: its owner is to be reached where he was before."""

from __future__ import annotations

from typing import Literal

from domain.events import AccountChange, Event
from domain.messages import Finding, OldContact
from domain.policy_state import PolicyState, Replaced

KEPT_FOR = 30 * 86_400.0
MAX_REPLACED = 4
MAX_LENGTH = 320
_KINDS: dict[str, Literal["email", "phone"]] = {"email_changed": "email", "phone_changed": "phone"}


def note_replaced(state: PolicyState, event: Event) -> None:
    """Keeps what a change of e-mail address or phone replaced: the latest four, for thirty days of event time."""
    kind, old = _change(event)
    if not isinstance(event, AccountChange) or kind is None or not old or len(old) > MAX_LENGTH:
        return
    at = event.occurred_at.timestamp()
    again = [one for one in state.replaced if (one.kind, one.value) == (kind, old)]
    latest = max([at, *(one.at for one in again)])
    kept = [one for one in state.replaced if one not in again and at - one.at < KEPT_FOR]
    state.replaced = sorted([*kept, Replaced(kind, old, latest)], key=lambda one: one.at)[-MAX_REPLACED:]


def contacts_of(event: Event, group: str, gravest: Finding, state: PolicyState) -> tuple[list[OldContact], list[OldContact]]:
    """Old and new contacts of a notice: what its own change replaced and what by; at critical also what was replaced lately."""
    old: list[OldContact] = []
    new: list[OldContact] = []
    kind, value = _change(event)
    if isinstance(event, AccountChange) and kind is not None and event.event_id == group:
        old = [OldContact(kind, value)] if 0 < len(value) <= MAX_LENGTH else []
        by = event.about.new or ""
        new = [OldContact(kind, by)] if 0 < len(by) <= MAX_LENGTH else []
    if gravest.severity == "critical":
        at = gravest.occurred_at.timestamp()
        lately = [one for one in reversed(state.replaced) if at - one.at < KEPT_FOR]
        old += [OldContact("email" if one.kind == "email" else "phone", one.value) for one in lately]
    return list(dict.fromkeys(old)), new


def _change(event: Event) -> tuple[Literal["email", "phone"] | None, str]:
    """Kind of contact that the event changes, if any, and what it was before."""
    if not isinstance(event, AccountChange):
        return None, ""
    return _KINDS.get(event.change), event.about.old or ""
