"""What a fraud verdict does to sign-ins that come after it: that nobody objects speaks for what it named no longer.

A network or a browser that is told of says less from day to day as long as nobody objects (detectors.models.login_risk). Somebody did.
"""

from __future__ import annotations

from detectors.base import Sighting
from detectors.models.login_risk import path_of
from domain import condemned
from domain.clearing import KEPT
from domain.events import Login
from domain.habits.login import fingerprint, network_key
from domain.habits.traits import AGENT, Traits
from domain.profile import UserState


def refuse(seen: Sighting, traits: Traits, at: float) -> None:
    """What waits of an event of `at` begins to count as stood by for KEPT seconds later only; what is called genuine before is learned."""
    for level, key in enumerate(path_of(seen)):
        if traits.waits(level, key):
            traits.wait(level, key, int(at + KEPT))


def kept_back(seen: Sighting, state: UserState) -> bool:
    """Whether a sign-in that succeeded, odd or not, waits for a word: from a network that was condemned lately, and by no device of the
    user's, or, where none is told, by no agent of his. Else a thief who changes his browser, seen often enough, would become the usual."""
    event = seen.event
    if not state.condemned or not isinstance(event, Login) or event.outcome != "success":
        return False
    if not condemned.network_lately(state, network_key(seen.place, event.where.ip), event.at):
        return False
    login = state.habits.login
    if event.where.device_id:
        return login.device(fingerprint(event.where.device_id)) is None
    agent = path_of(seen)[AGENT]  # releases leave it as it is
    return not (agent and login.traits.counts and agent in login.traits.counts[AGENT])
