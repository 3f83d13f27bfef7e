"""A sign-in that hides where it comes from: Tor, a VPN, a proxy, a rented server.

Many honest people do so always, so the score is that of a kind of network new to the account: 0.9 for Tor, 0.7 for the others; less where
the device is the account's own (a VPN switched on, not a stranger), which leaves Tor alone to be told.
"""

from __future__ import annotations

from detectors.base import NORMAL, WARMING_UP, Detector, Score, Sighting, WarmingUp
from detectors.gates import SUCCEEDED
from detectors.login import sight
from domain.events import Login
from domain.habits import Habits
from domain.habits.login import remember
from domain.messages import Reason

MAX_KINDS = 4
_SCORES = {"tor": 0.9, "vpn": 0.7, "proxy": 0.7, "hosting": 0.7}


class AnonymousNetwork(Detector):
    """By what is published and registered of the address; a hint, never a proof."""

    events = (Login,)
    judges = teaches = SUCCEEDED
    minimum_logins: int
    own_device: float

    def score_one(self, seen: Sighting, habits: Habits) -> Score | WarmingUp:
        kind, login = seen.place.exit_kind, habits.login
        if not kind or seen.event.outcome != "success" or kind in login.exits:
            return NORMAL
        if kind != "tor" and login.count < self.minimum_logins:
            return WARMING_UP
        own = sight.device_known(seen, login)
        value = _SCORES.get(kind, 0.7) * (self.own_device if own else 1.0)
        reason = Reason("anonymity", kind, ", ".join(sorted(login.exits)) or None, value)
        return Score(value=value, reasons=[reason], subject=kind, facts=sight.facts(seen) | {"anonymity": kind})

    def learn_one(self, seen: Sighting, habits: Habits) -> None:
        if seen.event.outcome == "success" and seen.place.exit_kind:
            remember(habits.login.exits, seen.place.exit_kind, int(seen.event.at), MAX_KINDS)
