"""When an event that raised findings counts as normal after all, and when it never will.

Pure rules. The four answers to a verdict about a pending event:

- `condemned`: fraud; never learned;
- `cleared`: it is learned;
- `recorded`: it came with proof of the mailbox alone, and the finding is at warning or critical: noted, nothing more;
- `ignored`: it came from the suspect session itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from domain.events import Verdict
from domain.profile import MAX_PENDING, Pending
from domain.severity import RANK

QUIET = 86_400.0
"""Seconds without fraud verdict and graver finding after which info and notice count as genuine."""
KEPT = 30 * 86_400.0
"""Seconds that an event waits at most."""
MAILBOX_CLEARS = RANK["notice"]

Answer = Literal["condemned", "cleared", "recorded", "ignored"]


class Standing(msgspec.Struct, frozen=True):
    """What the account knew of where a verdict came from."""

    session_known: bool = False
    network_known: bool = False


def answer(verdict: Verdict, pending: Pending, standing: Standing) -> Answer:
    """What the verdict does to the pending event."""
    if verdict.label == "fraud":
        return "condemned"
    if verdict.source != "user":
        return "cleared"
    if is_suspect(verdict, pending, standing):
        return "ignored"
    if standing.session_known or standing.network_known or pending.rank <= MAILBOX_CLEARS:
        return "cleared"
    return "recorded"


def is_suspect(verdict: Verdict, pending: Pending, standing: Standing) -> bool:
    """Said from the session in question, or from its device on a network that the account doesn't know."""
    client = verdict.where
    if client.session_id and client.session_id == pending.session_id:
        return True
    return bool(client.device_id) and client.device_id == pending.device and not standing.network_known


def concerned(about: str, pending: Iterable[Pending]) -> list[Pending]:
    """The pending events that an event, finding or notice id names; of a story all its events."""
    everything = list(pending)
    events: set[str] = set()
    for waiting in everything:
        if about == waiting.event_id:  # also where nothing was found, and it waits for what it came from
            events.add(waiting.event_id)
        for found in waiting.found:
            if about in (waiting.event_id, found.finding_id) or (about and about == found.notice_id):
                events.update((waiting.event_id, *found.events))
    return [waiting for waiting in everything if waiting.event_id in events]


def quiet(pending: Sequence[Pending], now: float) -> list[Pending]:
    """Those that a quiet day clears at event time `now`: at info or notice, with nothing graver within a day on the same event, session,
    device or story."""
    grave = [waiting for waiting in pending if waiting.rank > MAILBOX_CLEARS]
    return [
        waiting
        for waiting in pending
        if now - waiting.at >= QUIET and waiting.rank <= MAILBOX_CLEARS and not any(_holds_up(other, waiting) for other in grave)
    ]


def _holds_up(other: Pending, waiting: Pending) -> bool:
    if abs(other.at - waiting.at) > QUIET:
        return False
    same_session = bool(waiting.session_id) and other.session_id == waiting.session_id
    same_device = bool(waiting.device) and other.device == waiting.device
    return same_session or same_device or any(waiting.event_id in found.events for found in other.found)


def alike(one: Pending, pending: Iterable[Pending]) -> list[Pending]:
    """Those that say no more than `one`: from its device and network to its address, and found by no other detector."""
    kind = set(_kind(one))
    return [
        other
        for other in pending
        if other is not one
        and (other.device, other.network, other.address, other.topic) == (one.device, one.network, one.address, one.topic)
        and kind.issuperset(_kind(other))
        and bool(other.device)
    ]


def thin(pending: list[Pending], newest: Pending) -> None:
    """Of many that say the same the first, of which its owner was told, and the last two stay."""
    if not newest.device:  # nothing is alike without one
        return
    same = sorted((p for p in alike(newest, pending) if _kind(p) == _kind(newest)), key=lambda p: p.at)
    for waiting in same[1:-1]:
        pending.remove(waiting)


def expired(pending: Iterable[Pending], now: float) -> list[Pending]:
    """Those that nobody has spoken about for so long that nobody will; they are forgotten, unlearned."""
    return [waiting for waiting in pending if now - waiting.at > KEPT]


def make_room(pending: list[Pending], limit: int = MAX_PENDING) -> None:
    """Forgets down to `limit`, unlearned: the oldest of what there is most of (a burst of trades must not push out the login before it, nor
    unanswered warnings everything that comes after), else the oldest of the least grave."""
    while len(pending) > limit:
        kinds = Counter(_kind(waiting) for waiting in pending)
        kind, many = kinds.most_common(1)[0]
        if many > 2:
            pending.remove(min((p for p in pending if _kind(p) == kind), key=lambda p: p.at))
        else:
            pending.remove(min(pending, key=lambda p: (p.rank, p.at)))


def _kind(waiting: Pending) -> tuple[str, ...]:
    return tuple(sorted(found.detector for found in waiting.found))
